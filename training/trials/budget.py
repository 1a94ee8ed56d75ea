"""`--budget`: how much of the network is trained and for how many epochs, by what this machine does in a few steps."""

from __future__ import annotations

import copy
import logging
import math
import time
from dataclasses import dataclass, replace
from itertools import islice

from accelerate import Accelerator
from accelerate.utils import set_seed

from resnet_hub.models import PretrainedNetwork

from ..data import Data
from ..hardware import from_main_process
from ..loading import make_loaders
from ..loop import grouped, make_learner, update
from ..processes import process_age
from ..settings import FinetuneRecipe
from .defaults import with_defaults
from .dry_run import format_time, time_answers

logger = logging.getLogger("training")

RESERVE_SHARE, RESERVE_SECONDS = 0.1, 10.0
"""Of the budget, for what is measured roughly, and for the report, the card and the images of the end."""
FEWEST_EPOCHS, MOST_EPOCHS = 3, 30
"""Of training everything: with fewer a linear probe is as good on small sets, and with more little is won."""
STEPS = 4
"""Updates that are timed, after one that is not."""


@dataclass(frozen=True)
class Costs:
    """Seconds, over all processes, of what a run is made of."""

    epoch: float
    """Training everything once, and validating."""
    probe: float
    """The features of every image once, and validating."""
    once: float
    """What a run of epochs takes beside them: a head that is fitted first, and the test split at the end."""


@dataclass(frozen=True)
class Plan:
    """What fits a budget."""

    features_once: bool
    epochs: int
    seconds: float
    """About how long it takes."""


def with_budget(
    recipe: FinetuneRecipe, data: Data, model: PretrainedNetwork, accelerator: Accelerator
) -> FinetuneRecipe:
    """The recipe with what fits its budget in place of the budget; one without a budget as it is.

    Args:
        recipe: Names the budget, counted from the start of this process.
        data: The dataset.
        model: The network to train, which stays as it is.
        accelerator: Of this process.
    """
    if recipe.seconds_planned is None:
        return recipe
    budget, text = recipe.seconds_planned, recipe.budget
    recipe = replace(recipe, budget=None)
    costs = measure_costs(recipe, data, model, accelerator)
    left = from_main_process(lambda: (1 - RESERVE_SHARE) * budget - process_age() - RESERVE_SECONDS)
    probed = not recipe.from_scratch
    plan = plan_of(costs, left, probed=probed)
    logger.info(
        "budget %s, of which %s are left after the start and a reserve: an epoch of everything takes about %s here%s",
        text,
        format_time(max(0.0, left)),
        format_time(costs.epoch),
        f", a linear probe {format_time(costs.probe)}" if probed else "",
    )
    what = "a linear probe" if plan.features_once else f"{plan.epochs} epochs of everything"
    logger.info(
        "budget %s, about %s; %s",
        what,
        format_time(plan.seconds),
        more_time(costs, plan, (1 - RESERVE_SHARE) * budget - left),
    )
    if plan.seconds > left:
        logger.warning("budget that is more than there is; a smaller --model or --image-size is quicker")
    return replace(recipe, features_once=True) if plan.features_once else replace(recipe, epochs=plan.epochs)


def plan_of(costs: Costs, left: float, *, probed: bool) -> Plan:
    """What fits the seconds that are left: epochs of everything, else a linear probe, where features are learned."""
    epochs = math.floor((left - costs.once) / costs.epoch)
    if probed and epochs < FEWEST_EPOCHS:
        return Plan(True, 1, costs.probe)
    epochs = min(MOST_EPOCHS, max(1, epochs))
    return Plan(False, epochs, costs.once + epochs * costs.epoch)


def more_time(costs: Costs, plan: Plan, gone: float) -> str:
    """What more time would give. `gone` are the seconds that are not for training."""
    if plan.features_once:
        needed = (gone + costs.once + FEWEST_EPOCHS * costs.epoch) / (1 - RESERVE_SHARE)
        return f"everything is trained, for {FEWEST_EPOCHS} epochs, from --budget {math.ceil(needed / 60)}m on"
    if plan.epochs < MOST_EPOCHS:
        return f"another epoch takes {format_time(costs.epoch)} more"
    return f"more than {MOST_EPOCHS} epochs are not planned; --epochs in place of --budget gives more"


def measure_costs(recipe: FinetuneRecipe, data: Data, model: PretrainedNetwork, accelerator: Accelerator) -> Costs:
    """The costs, as the main process measures them in a few steps that all take together, on a copy of the network."""
    images, validation = len(data.train), len(data.validation)
    trial = with_defaults(recipe, model, accelerator, images)
    loaders = make_loaders(trial, data, model, accelerator)
    learner, loaders = make_learner(trial, copy.deepcopy(model), loaders, accelerator)
    learner.start_epoch()
    groups = grouped(loaders["train"], trial.grad_accum_steps)
    update(learner, next(groups))
    started, seen, steps = time.perf_counter(), 0, 0
    for group in islice(groups, STEPS):
        update(learner, group)
        seen, steps = seen + sum(len(labels) for _, labels, _ in group), steps + 1
    spent = time.perf_counter() - started
    answer = time_answers(learner, loaders["validation"])
    each = spent / (seen * accelerator.num_processes) if steps else 3 * answer  # a set of one update: as of arithmetic
    accelerator.free_memory()  # forgets what was prepared for the trial
    set_seed(recipe.seed)
    probe = (1 + recipe.flip) * images * answer + validation * answer
    once = images * answer * bool(trial.linear_probe_first) + len(data.test or ()) * answer
    return from_main_process(lambda: Costs(images * each + validation * answer, probe, once))
