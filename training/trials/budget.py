"""`--budget`: what is trained, at which size and for how many epochs, by what this machine does in a few steps."""

from __future__ import annotations

import copy
import logging
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from operator import gt
from typing import Any

from accelerate import Accelerator
from accelerate.utils import set_seed

from resnet_hub.errors import ResNetHubError, counted
from resnet_hub.models import PretrainedNetwork
from resnet_hub.registry import OWNER

from ..data import Data
from ..hardware import from_main_process
from ..loading import make_loaders
from ..loop import grouped, make_learner, update
from ..processes import process_age
from ..settings import FinetuneRecipe
from .defaults import VERY_FEW_IMAGES, with_defaults
from .dry_run import format_time, time_answers
from .ways import Way, ways_of

logger = logging.getLogger("training")

RESERVE_SHARE, RESERVE_SECONDS = 0.1, 10.0
"""Of the budget, for what is measured roughly, and for the report, the card and the images of the end."""
FEWEST_EPOCHS, MOST_EPOCHS = 3, 30
"""Of training: with fewer a linear probe is as good on small sets, and with more little is won."""
STEPS, SHARE_OF_STEPS = 4, 0.03
"""Updates that are timed, after one that is not: so many, or what fits into this share of the budget."""

Start = Callable[[FinetuneRecipe], PretrainedNetwork]


@dataclass(frozen=True)
class Costs:
    """Seconds, over all processes, of what a run that trains everything is made of."""

    training: float
    """The updates of an epoch."""
    validation: float
    """The answers on the validation split."""
    features: float
    """The features of every training image, and of its mirror image where those are trained on."""
    once: float
    """What a run of epochs takes beside them: a head that is fitted first, and the test split at the end."""

    def epoch(self, way: Way) -> float:
        """An epoch of it, with its validation."""
        return self.training * way.training + self.validation * way.answers

    def run(self, way: Way, epochs: int) -> float:
        """A run of so many epochs."""
        return self.once * way.answers + epochs * self.epoch(way)

    def probe(self, way: Way) -> float:
        """A linear probe, with its validation."""
        return (self.features + self.validation) * way.answers


@dataclass(frozen=True)
class Plan:
    """What fits a budget."""

    way: Way
    epochs: int | None
    """None for a linear probe."""
    seconds: float
    """About how long it takes."""

    @property
    def words(self) -> str:
        """What is done, as a log says it."""
        return (
            f"a linear probe{self.way.where}"
            if self.epochs is None
            else f"{counted(self.epochs, 'epoch', 'epochs')} of {self.way.words}"
        )

    @property
    def changes(self) -> dict[str, Any]:
        """What it makes of a recipe."""
        return self.way.changes | ({"features_once": True} if self.epochs is None else {"epochs": self.epochs})


def within_budget(
    recipe: FinetuneRecipe, data: Data, accelerator: Accelerator, start: Start
) -> tuple[FinetuneRecipe, PretrainedNetwork]:
    """The recipe with what fits its budget in place of the budget, and the network that it starts from.

    Args:
        recipe: May name a budget, counted from the start of this process; one without stays as it is.
        data: The dataset.
        accelerator: Of this process.
        start: Gives the network that a recipe names, ready for the classes of the data.
    """
    model = start(recipe)
    if recipe.seconds_planned is None:
        return recipe, model
    budget, text, recipe = recipe.seconds_planned, recipe.budget, replace(recipe, budget=None)
    costs = measure_costs(recipe, data, model, accelerator, SHARE_OF_STEPS * budget)
    left = from_main_process(lambda: (1 - RESERVE_SHARE) * budget - process_age() - RESERVE_SECONDS)
    probed = not recipe.from_scratch
    logger.info(
        "budget %s, of which %s are left after the start and a reserve: an epoch of everything takes about %s here%s",
        text,
        format_time(max(0.0, left)),
        format_time(costs.epoch(Way())),
        f", a linear probe {format_time(costs.probe(Way()))}" if probed else "",
    )
    ways = ways_of(recipe, model)
    plan = plan_of(costs, left, ladder(ways, len(data.train), probed=probed))
    if "model" in plan.way.changes and (fault := _fault_of(replace(recipe, **plan.way.changes), start)):
        logger.warning("budget %s stays, as %s cannot be had: %s", recipe.model, plan.way.changes["model"], fault)
        ways = [way for way in ways if "model" not in way.changes]
        plan = plan_of(costs, left, ladder(ways, len(data.train), probed=probed))
    better = more_time(costs, plan, (1 - RESERVE_SHARE) * budget - left)
    logger.info("budget %s, about %s; %s", plan.words, format_time(plan.seconds), better)
    if kept := _flags_that_keep(recipe, plan.way, model):
        logger.info("budget %s", kept)
    if plan.seconds > left:
        logger.warning("budget that is more than there is; a smaller --model or --image-size is quicker")
    planned = replace(recipe, output=str(recipe.folder), **plan.changes)
    return planned, start(planned) if kept else model


def _flags_that_keep(recipe: FinetuneRecipe, way: Way, model: PretrainedNetwork) -> str:
    """How to have the network and the size that a way replaces; empty where it replaces neither."""
    keeping = {
        "model": f"--model {OWNER}/{recipe.model} keeps that network",
        "image_size": f"--image-size {model.preprocessing.input_size[1]} keeps that size",
    }
    return ", ".join(words for name, words in keeping.items() if name in way.changes)


def ladder(ways: Sequence[Way], images: int, *, probed: bool) -> list[tuple[Way, bool]]:
    """What is tried in turn: ways of training, and where features are learned linear probes, which are marked.

    Of very few images a probe of the larger network knows as much as epochs of a smaller one do.
    """
    own = [(way, False) for way in ways if "model" not in way.changes]
    smaller = [(way, False) for way in ways if "model" in way.changes]
    if not probed:
        return own
    probes = [(way, True) for way in ways if "freeze" not in way.changes]
    full = [rung for rung in probes if not rung[0].changes]
    middle = [*full, *smaller] if images < VERY_FEW_IMAGES else [*smaller, *full]
    return own + middle + [rung for rung in probes if rung not in full]


def plan_of(costs: Costs, left: float, rungs: Sequence[tuple[Way, bool]]) -> Plan:
    """What fits the seconds that are left, the first of the ladder that does; its last where nothing does."""
    plans = []
    for way, probe in rungs:
        epochs = min(MOST_EPOCHS, math.floor((left - costs.once * way.answers) / costs.epoch(way)))
        plan = Plan(way, None, costs.probe(way)) if probe else Plan(way, max(1, epochs), costs.run(way, max(1, epochs)))
        if plan.seconds <= left and (probe or epochs >= FEWEST_EPOCHS):
            return plan
        plans.append(plan)
    return plans[-1]


def more_time(costs: Costs, plan: Plan, gone: float) -> str:
    """What more time would give. `gone` are the seconds that are not for training."""
    if plan.way.changes or plan.epochs is None:
        needed = (gone + costs.run(Way(), FEWEST_EPOCHS)) / (1 - RESERVE_SHARE)
        return f"everything is trained, for {FEWEST_EPOCHS} epochs, from --budget {math.ceil(needed / 60)}m on"
    if plan.epochs < MOST_EPOCHS:
        return f"another epoch takes {format_time(costs.epoch(plan.way))} more"
    return f"more than {MOST_EPOCHS} epochs are not planned; --epochs in place of --budget gives more"


def _fault_of(recipe: FinetuneRecipe, start: Start) -> str | None:
    """Why the main process cannot start from a network, told to all; None where it can."""

    def fault() -> str | None:
        try:
            start(recipe)
        except ResNetHubError as error:
            return str(error)
        return None

    return from_main_process(fault)


def measure_costs(
    recipe: FinetuneRecipe, data: Data, model: PretrainedNetwork, accelerator: Accelerator, seconds: float
) -> Costs:
    """The costs, as the main process measures them in a few steps that all take together, on a copy of the network.

    Args:
        recipe: Without a budget.
        data: The dataset.
        model: The network to train, which stays as it is.
        accelerator: Of this process.
        seconds: After which no further update is timed, once one is.
    """
    images, validation = len(data.train), len(data.validation)
    trial = with_defaults(recipe, model, accelerator, images)
    loaders = make_loaders(trial, data, model, accelerator)
    learner, loaders = make_learner(trial, copy.deepcopy(model), loaders, accelerator)
    learner.start_epoch()
    groups = grouped(loaders["train"], trial.grad_accum_steps)
    update(learner, next(groups))
    started, spent, seen = time.perf_counter(), 0.0, 0
    for group in islice(groups, STEPS):
        update(learner, group)
        seen, spent = seen + sum(len(labels) for _, labels, _ in group), time.perf_counter() - started
        if from_main_process(partial(gt, spent, seconds)):
            break
    answer = time_answers(learner, loaders["validation"])
    each = spent / (seen * accelerator.num_processes) if seen else 3 * answer  # a set of one update: as of arithmetic
    accelerator.free_memory()  # forgets what was prepared for the trial
    set_seed(recipe.seed)
    features = (1 + recipe.flip) * images * answer
    once = images * answer * bool(trial.linear_probe_first) + len(data.test or ()) * answer
    return from_main_process(lambda: Costs(images * each, validation * answer, features, once))
