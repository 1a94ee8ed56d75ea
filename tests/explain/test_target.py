"""What an explanation is asked, and which questions have no answer."""

import pytest
import torch
from error_facts import code_and_fields
from explained import lively_classifier, noise

from resnet_hub.errors import CheckpointError, ConfigError, ImageError
from resnet_hub.explain.saliency.target import Target

pytestmark = pytest.mark.usefixtures("fixed_seed")


@pytest.mark.parametrize("index", [-1, 5, 2.0, True])
def test_a_class_that_is_not_there_is_refused(index):
    classifier = lively_classifier()
    with pytest.raises(ConfigError) as refused:
        Target(classifier, noise(classifier), index)
    assert code_and_fields(refused.value) == (
        "checks.no_whole_number",
        {"name": "class_index", "value": index, "low": 0, "high": 4},
    )


def test_several_images_are_refused():
    classifier = lively_classifier()
    with pytest.raises(ImageError, match=r"shape \(1, 3, 32, 32\); expected \(C, H, W\)"):
        Target(classifier, noise(classifier)[None], 0)


def test_pixels_of_other_channels_are_refused():
    classifier = lively_classifier()
    with pytest.raises(ImageError, match=r"expected torch\.uint8"):
        Target(classifier, noise(classifier)[:1], 0).images()


@pytest.mark.parametrize("task", ["single_label", "multi_label"])
def test_the_score_is_the_classifier_s(task):
    classifier = lively_classifier(task=task)
    pixels = noise(classifier)
    target = Target(classifier, pixels, 3)
    expected = {found.index: found.score for found in classifier(pixels.permute(1, 2, 0).numpy())}
    assert float(target.scores(classifier.model(target.images()))) == pytest.approx(expected[3], abs=1e-6)


def test_scores_that_are_no_numbers_are_refused():
    classifier = lively_classifier()
    with pytest.raises(CheckpointError, match="not finite"):
        Target(classifier, noise(classifier), 0).scores(torch.full((1, 5), torch.nan))
