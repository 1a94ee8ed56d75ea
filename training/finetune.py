"""`accelerate launch -m training.finetune`: a dataset and a network -> a checkpoint folder, step by step."""

from __future__ import annotations

import logging
import sys
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

if not __package__:  # `accelerate launch training/finetune.py` puts this folder on the path instead of the project's
    sys.path[0] = str(Path(__file__).resolve().parent.parent)
    __package__ = "training"
    import training  # noqa: F401

from accelerate import Accelerator
from accelerate.utils import set_seed

from resnet_hub.card import without_paths
from resnet_hub.errors import ConfigError, counted
from resnet_hub.models import PretrainedNetwork
from resnet_hub.scores import temperature_of

from .api import CallableEntry
from .data import Data, load_data
from .doctor import report_doubts
from .entry import run_command
from .fit import fit
from .hardware import (
    describe_hardware,
    how_computed,
    leaving_together,
    main_process_decides,
    make_accelerator,
    refuse_differences,
)
from .loading import Loader, make_loaders
from .loop import (
    Learner,
    calibrate,
    evaluate,
    log_end,
    make_learner,
    repeatable,
    saving,
    start_trackers,
    tracker_names,
)
from .metrics import Evaluation, format_interval, images_to_show
from .push import from_hub, publishing
from .run import (
    RATES_FILE,
    TRACKER_FOLDER,
    Best,
    History,
    Snapshot,
    begin_run,
    claimed,
    describe_run,
    draw_rates,
    draw_report,
    draw_samples,
    parse_run,
    remove_state,
    reporting,
    versions,
    write_examples,
    write_held_out,
    write_results,
    write_tables,
)
from .settings import FinetuneRecipe
from .start import describe, start_model
from .trials import fit_linear_probe, report_dry_run, sweep_lr, with_defaults, within_budget

logger = logging.getLogger("training")


def finetune(recipe: FinetuneRecipe, snapshot: Snapshot | None = None, command: Sequence[str] | None = None) -> Path:
    """Fine-tunes, evaluates and saves; returns the run folder, which is a checkpoint folder with its report.

    Args:
        recipe: Every setting.
        snapshot: The state of the run to go on with; None begins one.
        command: The flags as they were given, for the record.
    """
    if recipe.find_lr:
        return find_lr(recipe)
    if recipe.dry_run:
        return dry_run(recipe)
    history = History()
    trackers = tracker_names(recipe.report_to)
    accelerator = make_accelerator(
        recipe.precision,
        recipe.threads,
        unused_parameters=recipe.unfreezes,
        trackers=trackers,
        folder=recipe.folder / TRACKER_FOLDER,
    )
    refuse_differences({**versions(), **recipe.public()})
    set_seed(recipe.seed)
    claim = claimed(recipe, accelerator, resumed=snapshot is not None)
    together = leaving_together(accelerator)
    with together, publishing(recipe, accelerator) as publisher, claim, repeatable(recipe.deterministic):
        data = load_data(recipe)
        refuse_differences(data.facts)
        asked, model = within_budget(recipe, data, accelerator, partial(start_model, data=data))
        recipe = with_defaults(asked, model, accelerator, len(data.train))
        model.metadata = describe(recipe, data, model, accelerator)
        log_plan(recipe, data, model, accelerator)
        model.metadata = replace(model.metadata, split=data.validation.name)

        refuse_calibration(recipe, data.task)
        learner, loaders = make_learner(recipe, model, make_loaders(recipe, data, model, accelerator), accelerator)
        record = describe_run(recipe, asked, data, accelerator, command)
        begin_run(asked, data.recorded, resumed=snapshot is not None)
        told = record["dataset"]["name"], record["recipe"]
        start_trackers(accelerator, *told, run=recipe.folder.name, resumed=snapshot is not None)
        with saving(learner, history, record, snapshot, len(data.train)) as saver:
            best = fit(learner, loaders, publisher, saver)

        if learner.late_check:
            data = replace(data, bad_images=(*data.bad_images, *learner.late_check.faults.values()))
        model.load_state_dict(best.weights)
        if recipe.calibrate:
            best = replace(best, evaluation=calibrate(accelerator, learner.model, model, loaders["validation"]))
        tested = test(learner, loaders["test"]) if data.test else None
        if accelerator.is_main_process:
            model.metadata = replace(model.metadata, seconds=round(history.seconds, 1))
            with reporting(recipe.folder):
                finish(recipe, data, model, best, tested, history, saver.record)
        if publisher:
            publisher.finish("the finished run")
    if accelerator.is_main_process:
        remove_state(recipe.folder)  # last of all: with it, a run that is killed before goes on from its last epoch
    accelerator.end_training()
    return recipe.folder


def find_lr(recipe: FinetuneRecipe) -> Path:
    """Runs the learning-rate finder; draws its sweep, logs the suggestion, and returns the figure's path."""
    _, learner, loaders = try_out(recipe)
    if recipe.linear_probe_first:
        fit_linear_probe(learner, loaders["features"])
    found = sweep_lr(learner, loaders["train"])
    file = recipe.folder / RATES_FILE
    main_process_decides(lambda: draw_rates(file, found.rates, found.losses, found.suggestion))
    logger.info("sweep  the loss was least at a learning rate of %.1e: %s", found.lowest, file)
    logger.info("try    --lr %.1e", found.suggestion)
    learner.accelerator.end_training()
    return file


def dry_run(recipe: FinetuneRecipe) -> Path:
    """Reports what the run would do, from a few updates that are discarded; returns a sheet of training images."""
    data, learner, loaders = try_out(recipe)
    report_doubts(data, learner)
    sheet = report_dry_run(data, learner, loaders)
    learner.accelerator.end_training()
    return sheet


def try_out(recipe: FinetuneRecipe) -> tuple[Data, Learner, dict[str, Loader]]:
    """All that takes part in training, for trials that keep nothing: no folder is claimed, no image cached."""
    recipe = replace(recipe, cache_gb=0)
    accelerator = make_accelerator(recipe.precision, recipe.threads, unused_parameters=recipe.unfreezes)
    set_seed(recipe.seed)
    data = load_data(recipe)
    recipe, model = within_budget(recipe, data, accelerator, partial(start_model, data=data))
    recipe = with_defaults(recipe, model, accelerator, len(data.train))
    log_plan(recipe, data, model, accelerator)
    return data, *make_learner(recipe, model, make_loaders(recipe, data, model, accelerator), accelerator)


def log_plan(recipe: FinetuneRecipe, data: Data, model: PretrainedNetwork, accelerator: Accelerator) -> None:
    """Logs what is about to happen, in three lines."""
    parameters = sum(parameter.numel() for parameter in model.parameters())
    splits = [f"{len(data.train):,} to train", f"{len(data.validation):,} to validate ({data.validation.name})"]
    splits += [f"{len(data.test):,} to test"] if data.test else []
    logger.info(
        "data   %s: %s, images %s",
        recipe.dataset,
        counted(len(data.label_names), "class", "classes"),
        ", ".join(splits),
    )
    start = "random weights" if recipe.from_scratch else recipe.model
    size = "x".join(str(side) for side in model.preprocessing.input_size)
    logger.info(
        "model  %s from %s: %.2f M parameters, input %s", model.config.architecture, start, parameters / 1e6, size
    )
    way = f"{counted(recipe.epochs, 'epoch', 'epochs')}, batch {format_batch(recipe, accelerator.num_processes)}"
    way += f", {recipe.optimizer} at lr {recipe.lr:g}"
    if recipe.features_once:
        views = "each image and its mirror image" if recipe.flip else "each image"
        way = (
            f"features of {views} once, and the head fitted by L-BFGS "
            "(epochs, rates and random crops are for --no-features-once)"
        )
    logger.info(
        "run    %s: %s, precision %s%s, on %s",
        recipe.folder,
        way,
        accelerator.mixed_precision,
        how_computed(accelerator),
        describe_hardware(accelerator),
    )


def format_batch(recipe: FinetuneRecipe, processes: int) -> str:
    """How many images an update has, and where it is of more than one batch, what makes them up."""
    images, accumulated = recipe.images_per_batch, recipe.grad_accum_steps
    parts = [f"{processes} processes"] if processes > 1 else []
    parts += [f"{images} images"]
    parts += [f"{accumulated} batches accumulated"] if accumulated > 1 else []
    total = str(images * processes * accumulated)
    return f"{total} ({' x '.join(parts)})" if len(parts) > 1 else total


def test(learner: Learner, loader: Loader) -> Evaluation:
    """The figures of the best weights on the test split, which nothing was tuned on."""
    network = learner.network
    return evaluate(
        learner.accelerator,
        learner.model,
        loader,
        network.preprocessing,
        task=network.config.task,
        temperature=temperature_of(network.metadata),
    )


def refuse_calibration(recipe: FinetuneRecipe, task: str) -> None:
    """Raises: ConfigError where there are no scores that a temperature could change."""
    if recipe.calibrate and task == "regression":
        raise ConfigError("finetune.calibrated_numbers")


def finish(
    recipe: FinetuneRecipe,
    data: Data,
    model: PretrainedNetwork,
    best: Best,
    tested: Evaluation | None,
    history: History,
    record: dict[str, Any],
) -> None:
    """Writes the best checkpoint with its final figures, the images, the card and the summary."""
    folder, reported = recipe.folder, tested or best.evaluation
    split = data.test if tested and data.test else data.validation
    intervals = reported.intervals(recipe.seed)
    model.metadata = replace(model.metadata, **reported.record(), split=split.name, intervals=intervals)
    drawn = (reported, split, data.label_names, model.config.in_chans)
    images = [*draw_report(folder, history, *drawn), *draw_samples(folder, *drawn, shared=recipe.share_samples)]
    card = model.card(recipe.push_to_hub, [image.name for image in images])
    model.save_pretrained(folder, card=card, weights=best.weights)  # a sharded network's own are with all processes
    results = {
        "best_epoch": best.epoch,
        **({"best_weights": best.kind} if recipe.ema_decay is not None else {}),
        "validation": best.evaluation.summary(),
        **({"test": tested.summary()} if tested else {}),
        "intervals": intervals,
        "per_class": reported.by_class(data.label_names),
        **reported.details(),
        "split_hash": data.split_hash,
        "bad_images": without_paths(list(data.bad_images)),
        "ledger": without_paths(data.ledger.record()),
        "same_images": _shared(data, near=False),
        "near_duplicates": _shared(data, near=True),
        "seconds": model.metadata.seconds,
        "run": record,
    }
    write_results(folder, results)
    write_tables(folder, reported, split, data.label_names, recipe.dataset)
    write_examples(folder, split, data.label_names, data.task, model.preprocessing)
    write_held_out(folder, images_to_show(reported, recipe.held_out_images), split, model.preprocessing)
    logger.info("done in %.0f s: best epoch %d of %d", model.metadata.seconds, best.epoch, recipe.epochs)
    logger.info("  %s %s, %s", "test" if tested else "validation", reported.headline, format_interval(intervals))
    logger.info("  %s", "   ".join(f"{image.stem} {image}" for image in images))
    log_end(folder, model.config.in_chans)


def _shared(data: Data, *, near: bool) -> dict[str, int]:
    """How many images any two splits have in common."""
    return {f"{pair.split}, {pair.other}": len(pair.images) for pair in data.overlaps if pair.near == near}


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; returns the exit status."""
    given = sys.argv[1:] if arguments is None else arguments
    return run_command(lambda flags: finetune(*parse_run(from_hub(flags)), flags), given)


sys.modules[__name__].__class__ = CallableEntry  # `from resnet_hub.training import finetune` gives what can be called

if __name__ == "__main__":
    sys.exit(main())
