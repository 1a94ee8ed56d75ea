"""What was measured of depth once: it is whole, it says what it is, and it shows what the docs say of it."""

from statistics import mean

import pytest
import torch

from resnet_hub import ResNet
from resnet_hub.errors import ConfigError
from resnet_hub.explain import laboratory, laboratory_network
from resnet_hub.explain.depth_laboratory import NETWORK_DEPTHS


def train_error(row, depth):
    return mean(run.train.error for run in laboratory().of(row, depth))


def test_every_training_of_the_plan_is_there_or_named_as_missing():
    from benchmarks.lab.plan import read_plan

    found = laboratory()
    names = {f"{run.row}-{run.depth}-{run.seed}" for run in found.runs}
    assert names | set(found.missing) == {run.name for run in read_plan()}
    assert not names & set(found.missing)


def test_plain_networks_get_worse_in_training_with_depth_and_residual_ones_hardly():
    plain, residual = ([train_error(row, depth) for depth in (20, 32, 56)] for row in ("plain", "residual"))
    assert plain == sorted(plain)
    assert plain[-1] - plain[0] > 0.1
    assert abs(residual[-1] - residual[0]) < 0.05


def test_a_deep_plain_network_is_not_only_slower():
    assert train_error("plain-long", 56) > train_error("plain", 20) + 0.05
    assert train_error("residual-long", 56) < train_error("residual", 56) - 0.05


@pytest.mark.parametrize("depth", NETWORK_DEPTHS)
def test_without_shortcuts_the_loss_of_one_block_is_the_loss_of_most_answers(depth):
    plain, residual = (
        next(one for one in laboratory().removals if (one.row.split("-")[0], one.depth) == (row, depth))
        for row in ("plain", "residual")
    )
    assert plain.right_after_one < 0.25 < 0.65 < residual.right_after_one
    assert plain.random < 1 < residual.random < residual.greedy
    assert (plain.can_go, residual.can_go) == (plain.blocks - 2, residual.blocks)
    for one in (plain, residual):
        assert one.images == 100
        assert one.random_middle[0] <= one.random_middle[1]


def test_curves_are_as_long_as_the_training_was():
    for run in laboratory().runs:
        if run.diverged is None:
            assert len(run.losses) == run.steps // run.every
        assert all(len(norms) <= run.steps // run.every + 1 for norms in run.gradients.values())
        assert (run.train is None) == (run.diverged is not None)


def test_a_loss_surface_is_lowest_around_its_middle():
    for surface in laboratory().surfaces:
        middle = len(surface.losses) // 2
        lowest = min(loss for row in surface.losses for loss in row if loss is not None)
        assert surface.losses[middle][middle] <= 1.1 * lowest


@pytest.mark.parametrize("depth", NETWORK_DEPTHS)
@pytest.mark.parametrize("shortcuts", [False, True])
def test_the_small_networks_open_as_what_they_are_called(depth, shortcuts):
    model = ResNet.from_pretrained(laboratory_network(depth, shortcuts)).eval()
    assert sum(model.config.depths) * 2 + 2 == depth
    assert (model.config.shortcut != "none") == shortcuts
    with torch.no_grad():
        assert model(torch.zeros(1, 3, 16, 16)).isfinite().all()


def test_another_depth_is_refused():
    with pytest.raises(ConfigError, match="depth=32 is not known; choose one of 20, 56"):
        laboratory_network(32, shortcuts=True)
