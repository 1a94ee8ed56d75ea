"""What is none of the classes, and how often an image of the classes is called so: as often as was said."""

import pytest
import torch

from resnet_hub.errors import ConfigError
from resnet_hub.few_shot import Examples, familiarity_of


def directions(count, generator, spread=0.5):
    return torch.tensor([3.0, 0, 0, 0, 0, 0]) + spread * torch.randn(count, 6, generator=generator)


def examples_of(features):
    half = len(features) // 2
    return Examples(("a", "b"), torch.tensor([0] * half + [1] * (len(features) - half)), features)


@pytest.mark.parametrize(
    ("count", "asked", "said"), [(6, 0.1, 1 / 7), (29, 0.1, 3 / 30), (50, 0.1, 5 / 51), (50, 0.5, 25 / 51)]
)
def test_the_rate_that_is_said_is_the_one_that_so_few_images_allow(count, asked, said):
    features = directions(count, torch.Generator().manual_seed(0))
    assert familiarity_of(examples_of(features), asked).false_alarms == said


@pytest.mark.parametrize("count", [6, 40])
def test_images_of_the_classes_are_called_none_as_often_as_is_said(count):
    generator, alarms, said = torch.Generator().manual_seed(0), [], 0.0
    for _ in range(200):
        found = familiarity_of(examples_of(directions(count, generator)), 0.1)
        similar = found.similarities(directions(20, generator)).max(dim=1).values
        alarms.append((similar < found.threshold).double().mean())
        said = found.false_alarms
    assert torch.stack(alarms).mean() == pytest.approx(said, rel=0.25)


def test_what_points_elsewhere_is_below_the_threshold():
    found = familiarity_of(examples_of(directions(20, torch.Generator().manual_seed(0))))
    assert found.similarities(torch.tensor([[0.0, 5, 0, 0, 0, 0]])).max() < found.threshold


def test_length_is_no_part_of_likeness():
    features = directions(10, torch.Generator().manual_seed(0))
    found = familiarity_of(examples_of(features))
    torch.testing.assert_close(found.similarities(features), found.similarities(7 * features))
    assert found.similarities(torch.zeros(1, 6)).abs().max() == 0


@pytest.mark.parametrize("rate", [0, 0.6, True, "0.1", float("nan")])
def test_a_rate_that_is_none_is_refused(rate):
    with pytest.raises(ConfigError, match="false_alarms"):
        familiarity_of(examples_of(directions(6, torch.Generator().manual_seed(0))), rate)
