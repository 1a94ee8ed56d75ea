"""How many blocks a network can lose: the curves, against wirings that are tried one by one."""

from itertools import pairwise

import pytest
import torch
from explained import lively_classifier, noise

from resnet_hub.errors import ConfigError
from resnet_hub.explain.blocks.removal import Removal, removals, survivals, survived
from resnet_hub.explain.blocks.switchboard import Switchboard
from resnet_hub.explain.blocks.wiring import INTACT


@pytest.fixture(scope="module")
def board():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        classifier = lively_classifier()
    return Switchboard(classifier, noise(classifier))


def test_greedy_takes_the_block_that_is_missed_least_each_time(board):
    curve = list(removals(board, 2))
    names = {block.name for block in board.blocks}
    assert [one.count for one in curve] == list(range(len(names) + 1))
    assert set(curve[-1].lost[0]) == names
    for one, after in pairwise(curve):
        lost = one.lost[0]
        tried = {name: float(board.scores([INTACT.without(*lost, name)])[0, 2]) for name in names - set(lost)}
        assert after.lost[0][:-1] == lost
        assert after.score == pytest.approx(max(tried.values()), abs=1e-6)


def test_random_orders_follow_the_seed_and_end_with_all_blocks_lost(board):
    curve, again, other = (list(removals(board, 0, "random", orders=3, seed=seed)) for seed in (1, 1, 2))
    assert [one.scores for one in curve] == [one.scores for one in again]
    assert curve[-1].lost != other[-1].lost
    assert len(curve[0].lost) == 3
    every = INTACT.without(*(block.name for block in board.blocks))
    assert curve[-1].score == pytest.approx(float(board.scores([every])[0, 0]), abs=1e-6)
    assert curve[0].score == pytest.approx(float(board.intact.scores[0]), abs=1e-6)


def test_a_plain_network_loses_only_blocks_that_can_go():
    classifier = lively_classifier("cifar_plain20")
    curve = list(removals(Switchboard(classifier, noise(classifier)), 0, "random", orders=1))
    assert curve[-1].count == 7


def test_what_survives_is_counted_until_the_class_is_no_longer_the_best():
    kept = [(True, True, True), (True, True, False), (False, True, False), (True, True, False)]
    lost = [(("a", "b", "c")[:count],) * 3 for count in range(4)]
    curve = [Removal(names, (0.5,) * 3, still) for names, still in zip(lost, kept, strict=True)]
    assert survivals(curve) == [1, 3, 0]
    assert survived(curve) == pytest.approx(4 / 3)


@pytest.mark.parametrize("asked", [(9, "greedy"), (0, "clever")])
def test_an_unknown_class_or_kind_is_refused(board, asked):
    with pytest.raises(ConfigError):
        removals(board, *asked)
