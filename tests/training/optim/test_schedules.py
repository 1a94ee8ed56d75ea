"""The learning rate over a run: by the update, after a warm-up."""

import pytest
import torch

from training.optim.schedules import make_schedule
from training.settings.groups.schedule import SCHEDULES
from training.settings.recipe import FinetuneRecipe


def rates(epochs=10, steps=5, losses=(), **settings):
    """The rates before each update, and after the last."""
    recipe = FinetuneRecipe(dataset="digits", lr=0.4, epochs=epochs, **{"warmup_epochs": 2, **settings})
    groups = [{"params": [torch.nn.Parameter(torch.zeros(1))], "lr_scale": scale} for scale in (1.0, 0.5)]
    optimizer = torch.optim.SGD(groups, lr=0.4)
    schedule = make_schedule(optimizer, recipe, steps)
    found = [optimizer.param_groups[0]["lr"]]
    for step in range(1, epochs * steps + 1):
        schedule.step_update(step)
        if step % steps == 0:
            schedule.step(step // steps, losses[step // steps - 1] if losses else 1.0)
        found.append(optimizer.param_groups[0]["lr"])
        assert optimizer.param_groups[1]["lr"] == pytest.approx(found[-1] / 2, abs=1e-12)
    return found


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"schedule": "cosine"}, {0: 0, 5: 0.2, 10: 0.4, 30: 0.2, 50: 0}),
        ({"schedule": "cosine", "min_lr": 0.1}, {10: 0.4, 30: 0.25, 50: 0.1}),
        ({"schedule": "poly"}, {5: 0.2, 10: 0.4, 30: 0.2, 50: 0}),
        ({"schedule": "poly", "power": 2.0}, {10: 0.4, 30: 0.1, 50: 0}),
        ({"schedule": "constant"}, {5: 0.2, 10: 0.4, 49: 0.4}),
        ({"schedule": "step", "decay_epochs": 4.0}, {5: 0.2, 10: 0.4, 19: 0.4, 20: 0.04, 39: 0.04, 40: 0.004}),
        ({"schedule": "step", "epochs": 9, "decay_rate": 0.5}, {14: 0.4, 15: 0.2, 29: 0.2, 30: 0.1}),
        ({"schedule": "multistep"}, {24: 0.4, 25: 0.04, 37: 0.04, 38: 0.004}),
        ({"schedule": "multistep", "milestones": "3,4"}, {14: 0.4, 15: 0.04, 19: 0.04, 20: 0.004}),
        ({"schedule": "one-cycle"}, {0: 0.016, 5: 0.208, 10: 0.4, 30: 0.2, 50: 0}),
        ({"schedule": "wsd"}, {10: 0.4, 40: 0.4, 50: 0}),
    ],
    ids=lambda value: " ".join(map(str, value.values())) if "schedule" in value else "",
)
def test_the_rate_follows_the_schedule(settings, expected):
    found = rates(**settings)
    assert {step: found[step] for step in expected} == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("schedule", sorted(set(SCHEDULES) - {"plateau"}))
def test_the_rate_follows_from_the_number_of_updates_alone(schedule):
    recipe = FinetuneRecipe(dataset="digits", lr=0.4, epochs=10, schedule=schedule)
    optimizer = torch.optim.SGD([{"params": [torch.nn.Parameter(torch.zeros(1))], "lr_scale": 1.0}], lr=0.4)
    make_schedule(optimizer, recipe, 5).step_update(31)
    assert optimizer.param_groups[0]["lr"] == pytest.approx(rates(schedule=schedule, warmup_epochs=1)[31])


@pytest.mark.parametrize(("epochs", "peak"), [(1, 10), (3, 30), (10, 100), (40, 100)])
def test_the_warm_up_is_a_tenth_of_a_short_run_and_one_epoch_of_a_long_one(epochs, peak):
    found = rates(epochs=epochs, steps=100, warmup_epochs=None)
    assert found.index(max(found)) == peak
    assert found[-1] == pytest.approx(0, abs=1e-5)


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_every_schedule_stands_a_run_of_one_update_without_warm_up(schedule):
    assert rates(epochs=1, steps=1, schedule=schedule, warmup_epochs=0)[0] > 0


def test_plateau_falls_when_the_validation_loss_has_not_fallen_for_long_enough():
    losses = (9.0, 9.0, 5.0, 4.0, 4.1, 4.2, 4.3, 4.4, 3.0, 3.1)
    found = rates(losses=losses, schedule="plateau", decay_epochs=2.0, min_lr=0.01)
    assert [round(found[5 * epoch], 6) for epoch in range(11)] == [
        0,
        0.2,
        0.4,
        0.4,
        0.4,
        0.4,
        0.4,
        0.04,
        0.04,
        0.04,
        0.04,
    ]


def test_plateau_goes_on_from_its_saved_state():
    def start():
        optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.4)
        recipe = FinetuneRecipe(dataset="digits", lr=0.4, schedule="plateau", decay_epochs=2.0, warmup_epochs=0)
        return optimizer, make_schedule(optimizer, recipe, 1)

    first, schedule = start()
    for epoch, loss in enumerate((1.0, 1.1, 1.2), start=1):
        schedule.step(epoch, loss)
    second, again = start()
    second.load_state_dict(first.state_dict())
    again.load_state_dict(schedule.state_dict())
    again.step(4, 1.3)
    assert first.param_groups[0]["lr"] == 0.4
    assert second.param_groups[0]["lr"] == pytest.approx(0.04)


def test_one_cycle_is_that_of_pytorch():
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.4)
    policy = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, 0.4, total_steps=51, pct_start=11 / 51, cycle_momentum=False
    )
    expected = [optimizer.param_groups[0]["lr"]]
    for _ in range(50):
        optimizer.step()
        policy.step()
        expected.append(optimizer.param_groups[0]["lr"])
    assert rates(schedule="one-cycle") == pytest.approx(expected)
