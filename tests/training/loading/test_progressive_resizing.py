"""Early epochs see smaller images, and the last ones the size of the input."""

import pytest
import torch
from error_facts import code_and_fields

from resnet_hub import Preprocessing
from resnet_hub.errors import ConfigError
from training.loading.progressive_resizing import ProgressiveResizing, epoch_sides
from training.settings.recipe import FinetuneRecipe

IMAGES = torch.zeros(6, 3, 32, 32)


def resizing(**settings):
    return ProgressiveResizing.of(FinetuneRecipe(dataset="d", **settings), Preprocessing(input_size=(3, 32, 32)))


@pytest.mark.parametrize(
    ("start", "end", "epochs", "sides"),
    [
        (128, 224, 8, (128, 144, 160, 176, 192, 208, 224, 224)),
        (16, 32, 4, (16, 20, 28, 32)),
        (128, 224, 1, (224,)),
        (None, 224, 2, (224, 224)),
    ],
    ids=["224", "small", "one epoch", "off"],
)
def test_images_grow_and_end_at_the_input_s_size(start, end, epochs, sides):
    assert epoch_sides(start, end, epochs) == sides


def test_early_batches_are_smaller_and_late_ones_not():
    growing = resizing(start_size=16, epochs=4)
    assert growing(IMAGES, 1).shape == (6, 3, 16, 16)
    assert growing(IMAGES, 4).shape == (6, 3, 32, 32)


def test_without_a_size_to_start_with_a_batch_is_what_it_was():
    assert resizing()(IMAGES, 1) is IMAGES


def test_a_start_beyond_the_input_is_refused():
    with pytest.raises(ConfigError) as refused:
        resizing(start_size=64)
    assert code_and_fields(refused.value) == ("loading.start_above_end", {"start": 64, "end": 32})
