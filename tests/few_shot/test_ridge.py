"""The head of a few images: what the closed form gives is what ridge regressions say that are made one by one."""

import pytest
import torch

from resnet_hub.few_shot import Examples, leave_one_out, ridge_head
from resnet_hub.few_shot.ridge import PENALTY, TEMPERATURES


def clouds(counts=(3, 5, 9), width=20, spread=1.0, seed=0):
    """Examples of classes with so many images each, around centers of their own."""
    generator = torch.Generator().manual_seed(seed)
    targets = torch.arange(len(counts)).repeat_interleave(torch.tensor(counts))
    centers = 3 * torch.randn(len(counts), width, generator=generator)
    features = centers[targets] + spread * torch.randn(len(targets), width, generator=generator)
    return Examples(tuple(f"class {index}" for index in range(len(counts))), targets, features)


def answers_of_others(examples, left_out):
    """What ridge regression with an intercept says of one image, by the normal equations of all others."""
    kept = torch.arange(len(examples.targets)) != left_out
    features, one_hot = examples.features.double(), examples.one_hot
    x, y = features[kept], one_hot[kept]
    weights = (y / y.sum(0)).sum(1) / y.shape[1]
    center = weights @ x
    scale = weights @ (x - center).square().sum(1)
    system = torch.cat([(x - center) / scale.sqrt(), torch.ones(len(x), 1)], dim=1)
    weighted = system.T * (weights * len(x))
    penalty = torch.full((system.shape[1],), PENALTY, dtype=torch.float64)
    penalty[-1] = 0  # the intercept
    solution = torch.linalg.solve(weighted @ system + penalty.diag(), weighted @ y)
    return torch.cat([(features[left_out] - center) / scale.sqrt(), torch.ones(1)]) @ solution


@pytest.mark.parametrize("counts", [(3, 5, 9), (3, 3), (40, 4)])
def test_each_image_is_judged_by_a_head_of_all_others(counts):
    examples = clouds(counts)
    expected = torch.stack([answers_of_others(examples, index) for index in range(len(examples.targets))])
    torch.testing.assert_close(leave_one_out(examples), expected, rtol=1e-9, atol=1e-12)


def test_what_is_solved_together_is_what_is_solved_alone(monkeypatch):
    examples = clouds()
    together = leave_one_out(examples)
    monkeypatch.setattr("resnet_hub.few_shot.ridge.FOLDS_AT_ONCE", 1)
    torch.testing.assert_close(leave_one_out(examples), together)


def test_the_head_of_all_images_is_the_regression_on_all_of_them():
    examples = clouds()
    # One image more of weight 0 would be left out: the head of all of them says what is said of it.
    further = torch.randn(20, generator=torch.Generator().manual_seed(1))
    targets = torch.cat([examples.targets, torch.tensor([0])])
    more = Examples(examples.label_names, targets, torch.cat([examples.features, further[None]]))
    head = ridge_head(examples, leave_one_out(examples))
    expected = answers_of_others(more, len(targets) - 1)
    logits = further @ head.weight.T + head.bias
    ratios = logits.double() / expected
    torch.testing.assert_close(ratios, ratios[:1].expand(3), rtol=1e-4, atol=0)
    assert TEMPERATURES.min() <= 1 / ratios[0] * 1.001 <= TEMPERATURES.max() * 1.01


def test_a_class_of_many_images_is_no_likelier_than_one_of_few():
    torch.manual_seed(0)
    same = torch.randn(44, 20)  # nothing tells the two classes apart
    examples = Examples(("many", "few"), torch.tensor([0] * 40 + [1] * 4), same)
    scores = ridge_head(examples, leave_one_out(examples))(torch.zeros(1, 20))
    assert scores[0, 0] == pytest.approx(0.5, abs=0.1)


def test_a_head_that_errs_on_none_of_six_images_is_not_sure_of_everything():
    examples = clouds((3, 3), spread=0.1)
    left_out = leave_one_out(examples)
    assert (left_out.argmax(1) == examples.targets).all()
    scores = ridge_head(examples, left_out)(examples.features)
    assert 0.75 < scores.max(dim=1).values.mean() < 0.97


def test_images_that_are_all_alike_teach_nothing_and_break_nothing():
    examples = Examples(("one", "other"), torch.arange(2).repeat_interleave(3), torch.ones(6, 4))
    scores = ridge_head(examples, leave_one_out(examples))(torch.ones(1, 4))
    torch.testing.assert_close(scores, torch.full((1, 2), 0.5))
