"""A head or a stem that was replaced is refused at once where it cannot answer, or where no checkpoint describes it."""

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
    "a head of two layers": (two_layers, "models.not_in_config", "fc"),
    "a head of two layers with a norm": (
        lambda: with_part("fc", nn.Sequential(nn.Linear(64, 16), nn.BatchNorm1d(16), nn.Linear(16, 9))),
        "models.not_in_config",
        "fc",
    ),
    "an activation behind the old head": (
        lambda: with_part("fc", nn.Sequential(network().fc, nn.Tanh())),
        "models.not_in_config",
        "fc",
    ),
    "a stem of another kernel": (
        lambda: with_part("conv1", nn.Conv2d(3, 64, 5, 2, 2, bias=False)),
        "models.not_in_config",
        "conv1",
    ),
    "a stem with a bias": (
        lambda: with_part("conv1", nn.Conv2d(3, 64, 7, 2, 3)),
        "models.tensor_unknown",
        "conv1.bias",
    ),
    "another pooling": (lambda: with_part("maxpool", nn.AvgPool2d(2)), "models.not_in_config", "maxpool"),
}


@pytest.mark.parametrize(("make", "code", "name"), UNSAVEABLE.values(), ids=UNSAVEABLE)
@pytest.mark.parametrize("backend", ["eager", "auto"])
def test_a_head_or_stem_that_no_checkpoint_can_describe_is_refused_by_the_classifier_and_by_saving(
    make, code, name, backend, tmp_path
):
    model = make()
    with pytest.raises(ConfigError) as refused:
        ImageClassifier(model, device="cpu", backend=backend)
    reason = refused.value.fields["reason"]
    assert (refused.value.code, reason.code) == ("runner.replaced", code)
    assert name in (reason.fields.get("module"), reason.fields.get("tensor"))
    with pytest.raises(CheckpointError) as unsaved:
        model.save_pretrained(tmp_path)
    assert str(unsaved.value) == str(reason)
    assert not list(tmp_path.iterdir())


def test_a_head_that_no_checkpoint_can_describe_is_refused_at_the_next_answer_and_a_linear_one_answers_again():
    model = network()
    classifier = ImageClassifier(model, device="cpu")
    model.fc = two_layers().fc
    for _ in range(2):
        with pytest.raises(ConfigError) as refused:
            classifier._run(IMAGES)
        assert refused.value.code == "runner.replaced"
    model.fc = nn.Linear(64, 9)
    assert_equal(classifier._run(IMAGES), own_logits(model))


def test_a_replaced_part_between_stem_and_head_answers_exactly_and_is_told_once(caplog):
    model = network()
    model.layer1 = nn.Sequential(*model.layer1)
    classifier = ImageClassifier(model, device="cpu")
    for _ in range(2):
        assert_equal(classifier._run(IMAGES), own_logits(model))
    (told,) = [message for message in caplog.messages if "cannot be saved" in message]
    assert "layer1 is Sequential" in told
