"""A head or a stem that was replaced: refused at once where it cannot answer, told where no checkpoint describes it."""

import pytest
import torch
from random_weights import assert_equal, lively
from torch import nn

from resnet_hub import ImageClassifier
from resnet_hub.errors import CheckpointError, ConfigError

IMAGES = torch.randn(2, 3, 32, 32, generator=torch.Generator().manual_seed(0))


def network():
    return lively("resnet18", depths=(1, 2), widths=(64, 64), num_classes=5)


@torch.no_grad()
def own_logits(model):
    return model.eval()(IMAGES)


def with_part(name, part):
    model = network()
    setattr(model, name, part)
    return model


class OwnScores(nn.Sequential):
    def __init__(self, features, classes):
        super().__init__(nn.Linear(features, classes), nn.Softmax(1))


HEADS = {
    "too narrow": (lambda: with_part("fc", nn.Linear(32, 9)), "runner.head", "fc"),
    "probabilities": (
        lambda: with_part("fc", nn.Sequential(nn.Linear(64, 9), nn.Softmax(1))),
        "runner.head_makes_scores",
        "fc",
    ),
    "probabilities of a head of one's own": (
        lambda: with_part("fc", OwnScores(64, 9)),
        "runner.head_makes_scores",
        "fc",
    ),
    "halved": (lambda: with_part("fc", nn.Sequential(nn.Linear(64, 8), nn.GLU())), "runner.head", "fc"),
    "a stem of other channels": (lambda: with_part("conv1", nn.Conv2d(3, 32, 7, 2, 3)), "runner.parts", None),
}


@pytest.mark.parametrize(("make", "code", "name"), HEADS.values(), ids=HEADS)
def test_a_part_that_does_not_fit_is_refused_at_once(make, code, name):
    with pytest.raises(ConfigError) as refused:
        ImageClassifier(make(), device="cpu")
    assert (refused.value.code, refused.value.fields.get("name")) == (code, name)


def two_layers():
    return with_part("fc", nn.Sequential(nn.Linear(64, 16), nn.ReLU(), nn.Linear(16, 9)))


UNSAVEABLE = {
    "a head of two layers": (two_layers, "fc"),
    "a head of two layers with a norm": (
        lambda: with_part("fc", nn.Sequential(nn.Linear(64, 16), nn.BatchNorm1d(16), nn.Linear(16, 9))),
        "fc",
    ),
    "a stem of another kernel": (lambda: with_part("conv1", nn.Conv2d(3, 64, 5, 2, 2, bias=False)), "conv1"),
}


@pytest.mark.parametrize(("make", "name"), UNSAVEABLE.values(), ids=UNSAVEABLE)
@pytest.mark.parametrize("backend", ["eager", "fused"])
def test_a_part_that_no_checkpoint_can_describe_answers_exactly_and_is_told_at_once(
    make, name, backend, caplog, tmp_path
):
    model = make()
    classifier = ImageClassifier(model, device="cpu", backend=backend)
    with pytest.raises(CheckpointError) as refused:
        model.save_pretrained(tmp_path)
    assert (refused.value.code, refused.value.fields["module"]) == ("models.not_in_config", name)
    assert not list(tmp_path.iterdir())
    assert caplog.messages == [f"{refused.value}; the answers here are those of the network as it is"]
    for _ in range(2):
        assert_equal(classifier._run(IMAGES), own_logits(model))
    assert len(caplog.messages) == 1


def test_a_head_that_no_checkpoint_can_describe_is_told_when_it_is_put_in_later(caplog):
    model = network()
    classifier = ImageClassifier(model, device="cpu")
    assert not caplog.messages
    model.fc = two_layers().fc
    assert_equal(classifier._run(IMAGES), own_logits(model))
    assert [message.partition(",")[0] for message in caplog.messages] == [
        "the network cannot be saved: fc is Sequential(Linear"
    ]
