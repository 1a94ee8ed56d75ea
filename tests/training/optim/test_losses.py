"""The loss of each task, by hand and against PyTorch; the scale of a regression, there and back."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from error_facts import code_and_fields
from torch import nn

from resnet_hub.errors import ConfigError
from training.optim.losses import Criterion, as_shares, class_weights
from training.settings.recipe import FinetuneRecipe

LOGITS = torch.tensor([[2.0, 0.0, -1.0], [0.5, 0.5, 3.0]])
LABELS = torch.tensor([0, 1])
MANY = np.array([[1.0, 0.0, 0.0], [1.0, 1.0, 0.0]], np.float32)


def criterion(task="single_label", targets=(0, 1), classes=3, **settings):
    return Criterion.of(FinetuneRecipe(dataset="d", **settings), task, np.asarray(targets), classes)


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("loss", ["cross_entropy", "bce"])
def test_shares_of_one_class_are_met_as_its_number_is(loss, smoothing):
    minimised = criterion(loss=loss, label_smoothing=smoothing, class_weights="auto")
    losses = minimised.losses(LOGITS, LABELS)
    assert torch.allclose(losses, minimised.losses(LOGITS, as_shares(LABELS, 3)))
    assert minimised(LOGITS, LABELS) == losses.mean()


def test_cross_entropy_is_pytorch_s():
    expected = F.cross_entropy(LOGITS, LABELS, label_smoothing=0.1)
    assert criterion(label_smoothing=0.1)(LOGITS, LABELS) == pytest.approx(expected.item())


def test_bce_sums_over_the_classes_and_is_smoothed_towards_their_share():
    expected = F.binary_cross_entropy_with_logits(LOGITS, 0.9 * as_shares(LABELS, 3) + 0.1 / 3) * 3
    assert criterion(loss="bce", label_smoothing=0.1)(LOGITS, LABELS).item() == pytest.approx(expected.item())


def test_several_classes_are_smoothed_towards_a_half():
    expected = F.binary_cross_entropy_with_logits(LOGITS, torch.from_numpy(0.9 * MANY + 0.05)) * 3
    found = criterion("multi_label", MANY, label_smoothing=0.1)(LOGITS, torch.from_numpy(MANY))
    assert found.item() == pytest.approx(expected.item())


@pytest.mark.parametrize("loss", ["cross_entropy", "bce"])
def test_with_auto_weights_all_classes_count_alike(loss):
    labels = torch.tensor([0] * 9 + [1])
    minimised = criterion(targets=labels.numpy(), classes=2, loss=loss, class_weights="auto", label_smoothing=0)
    losses = minimised.losses(torch.zeros(10, 2), labels)
    assert losses[:9].sum().item() == pytest.approx(losses[9].item())
    assert minimised.weights @ torch.tensor([9.0, 1.0]) == 10  # 1 on average, so that the learning rate stays right


def test_of_several_classes_a_rare_one_counts_as_much_as_its_absence():
    assert class_weights(np.array([[1, 0]] * 3 + [[0, 0]]), 2) == pytest.approx([1 / 3, 1])


def test_a_class_without_images_has_the_weight_one():
    assert class_weights(np.array([0, 0, 2]), 4) == pytest.approx([0.75, 1, 1.5, 1])


@pytest.mark.parametrize("loss", ["mse", "smooth_l1"])
def test_numbers_are_met_in_deviations_of_the_training_targets(loss):
    targets = np.array([[0.0, 1000.0], [2.0, 3000.0]], np.float32)
    minimised = criterion("regression", targets, 2, loss=loss)
    losses = minimised.losses(torch.zeros(2, 2), torch.from_numpy(targets))  # both are one deviation off
    assert losses.tolist() == pytest.approx([1, 1] if loss == "mse" else [0.5, 0.5])


def test_an_output_that_never_changes_has_a_loss():
    targets = np.full((3, 1), 5, np.float32)
    assert criterion("regression", targets, 1)(torch.zeros(3, 1), torch.from_numpy(targets)) == 0


@pytest.mark.parametrize("head", [nn.Linear(4, 2), nn.Conv2d(4, 2, 1)], ids=["linear", "convolution"])
def test_a_head_answers_in_units_within_and_trains_on_as_it_was(head):
    targets = np.array([[0.0, 1000.0], [2.0, 3000.0]], np.float32)
    minimised = criterion("regression", targets, 2)
    features = torch.randn(3, 4, *((1, 1) if isinstance(head, nn.Conv2d) else ()))
    plain = head(features).flatten(1)
    before = [parameter.detach().clone() for parameter in head.parameters()]
    with minimised.in_units(head):
        assert torch.allclose(head(features).flatten(1), plain * torch.tensor([1, 1000]) + torch.tensor([1, 2000]))
    assert all(torch.equal(*pair) for pair in zip(before, head.parameters(), strict=True))


def test_a_saved_regression_goes_on_where_it_was():
    head, minimised = nn.Linear(4, 1), criterion("regression", [[10.0], [30.0]], 1)
    features = torch.randn(3, 4)
    plain = head(features)
    with minimised.in_units(head):
        saved = {name: tensor.clone() for name, tensor in head.state_dict().items()}
    head.load_state_dict(saved)
    minimised.start(head, new_head=False)
    assert torch.allclose(head(features), plain, atol=1e-5)


@pytest.mark.parametrize(
    ("task", "settings", "code", "expected"),
    [
        (
            "single_label",
            {"loss": "mse"},
            "optim.other_loss",
            {"loss": "mse", "task": "single_label", "others": "cross_entropy", "last": "bce"},
        ),
        (
            "multi_label",
            {"loss": "cross_entropy"},
            "optim.only_loss",
            {"loss": "cross_entropy", "task": "multi_label", "only": "bce"},
        ),
        ("regression", {"class_weights": "auto"}, "optim.weights_of_numbers", {}),
    ],
    ids=["numbers", "one class", "weights"],
)
def test_what_does_not_go_with_the_task_is_refused(task, settings, code, expected):
    with pytest.raises(ConfigError) as refused:
        criterion(task, **settings)
    assert code_and_fields(refused.value) == (code, expected)


def test_two_cures_for_rare_classes_are_one_too_many():
    with pytest.raises(ConfigError) as refused:
        FinetuneRecipe(dataset="d", balanced_sampling=True, class_weights="auto")
    assert code_and_fields(refused.value) == ("settings.balanced_twice", {})
