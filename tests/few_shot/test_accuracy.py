"""How good a head is: right answers, wrong ones by name, and the interval that so few images leave."""

import torch

from resnet_hub.few_shot import Accuracy
from resnet_hub.few_shot.accuracy import accuracy_of


def test_all_right_is_not_surely_perfect():
    assert Accuracy(6, 6).value == 1
    low, high = Accuracy(6, 6).interval
    assert (round(low, 2), high) == (0.61, 1)


def test_wrong_answers_are_named():
    logits = torch.eye(3)[[0, 1, 2, 0]]
    assert accuracy_of(logits, torch.tensor([0, 2, 2, 1])) == Accuracy(2, 4, ((1, 1), (3, 0)))
