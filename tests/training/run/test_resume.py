"""`--resume`: the run that is meant, its settings, and flags that contradict them."""

from contextlib import nullcontext
from dataclasses import fields
from types import SimpleNamespace

import pytest
from error_facts import code_and_fields

from resnet_hub.errors import ConfigError, TrainingError
from training import hardware
from training.run.resuming.resume import _refuse_contradictions, _same_updates, _shared_out, parse_run
from training.run.serialization import newest_snapshot, write_snapshot
from training.settings.recipe import FinetuneRecipe


@pytest.fixture
def interrupted(tmp_path, monkeypatch):
    """The folder of a run that was interrupted before its first step, as seen from where it was started."""
    monkeypatch.chdir(tmp_path)
    recipe = FinetuneRecipe(dataset="digits", model="resnet18", lr=0.02, workers=3)
    write_snapshot(recipe.folder / "state", {"run": {"recipe": recipe.to_json()}})
    return recipe.folder


def test_without_the_flag_a_run_begins(tmp_path):
    recipe, snapshot = parse_run(["--dataset", "digits", "--output", str(tmp_path)])
    assert recipe.dataset == "digits"
    assert snapshot is None


@pytest.mark.parametrize(
    "flags",
    [
        ["--resume", "runs/digits-resnet18"],
        ["--resume", "--output", "runs/digits-resnet18"],
        ["--resume", "--dataset", "digits", "--model", "resnet18"],
        ["--resume", "runs/digits-resnet18", "--lr", "0.02", "--output", "./runs/digits-resnet18"],
        ["--resume", "runs/digits-resnet18", "--batch-size", "auto"],
    ],
    ids=["folder", "output", "the same flags", "flags that agree", "a size that was found"],
)
def test_the_run_is_found_with_its_settings(interrupted, flags):
    recipe, snapshot = parse_run(flags)
    assert (recipe.dataset, recipe.model, recipe.lr, recipe.workers) == ("digits", "resnet18", 0.02, 3)
    assert snapshot.folder.parent.parent == recipe.folder == interrupted


def test_what_does_not_change_the_result_may_be_another(interrupted):
    recipe, _ = parse_run(["--resume", str(interrupted), "--workers", "1", "--save-every-steps", "5"])
    assert (recipe.workers, recipe.save_every_steps, recipe.lr) == (1, 5, 0.02)


@pytest.mark.parametrize(
    ("flags", "code", "facts"),
    [
        (["--lr", "0.1"], "run.other_setting", {"flag": "--lr", "value": 0.1, "before": 0.02}),
        (["--ema-decay", "0.9"], "run.other_setting", {"flag": "--ema-decay", "value": 0.9, "before": None}),
        (["--no-flip"], "run.other_setting", {"flag": "--flip", "value": False, "before": True}),
        (["--recipe", "digits"], "run.other_setting", {}),
        (["--output", "elsewhere"], "run.two_folders", {"output": "elsewhere"}),
        (["--overwrite"], "run.resumed_and_replaced", {}),
    ],
    ids=["another value", "absent before", "switch", "recipe", "output", "overwrite"],
)
def test_a_contradiction_is_refused_naming_both(interrupted, flags, code, facts):
    with pytest.raises(ConfigError) as refused:
        parse_run(["--resume", str(interrupted), *flags])
    where = {"resumed" if code == "run.two_folders" else "folder": str(interrupted)}
    assert refused.value.code == code
    assert refused.value.fields.items() >= (facts | where).items()


def test_a_folder_without_a_run_is_refused(tmp_path):
    with pytest.raises(TrainingError) as refused:
        parse_run(["--resume", str(tmp_path)])
    assert code_and_fields(refused.value) == ("run.not_interrupted", {"folder": str(tmp_path)})


def test_no_folder_at_all_is_asked_for():
    with pytest.raises(ConfigError) as refused:
        parse_run(["--resume"])
    assert code_and_fields(refused.value) == ("run.unnamed", {})


def test_settings_of_another_version_are_named(interrupted):
    write_snapshot(interrupted / "state", {"run": {"recipe": {"dataset": "digits", "warp": 9}}})
    with pytest.raises(ConfigError) as refused:
        parse_run(["--resume", str(interrupted)])
    assert code_and_fields(refused.value) == ("run.other_version", {"folder": str(interrupted), "settings": "warp"})


def test_a_run_of_an_earlier_version_is_told_what_to_do_before_its_settings_are_compared(interrupted):
    saved = {"dataset": "digits", "max_bad_pictures": 0, "accumulate": 2, "lr": 0.1}
    write_snapshot(interrupted / "state", {"run": {"recipe": saved}})
    with pytest.raises(ConfigError) as refused:
        parse_run(["--resume", str(interrupted), "--grad-accum-steps", "2"])
    renamed = "accumulate -> grad_accum_steps, max_bad_pictures -> max_bad_images"
    assert code_and_fields(refused.value) == ("run.renamed_settings", {"folder": str(interrupted), "renamed": renamed})


def test_what_a_resumed_run_may_change_stands_on_the_field(tmp_path):
    for item in fields(FinetuneRecipe):
        contradiction = pytest.raises(ConfigError, match=f"--{item.name.replace('_', '-')} b contradicts --resume")
        with nullcontext() if item.metadata["may_change"] or item.name == "output" else contradiction:
            _refuse_contradictions({item.name: "b"}, {item.name: "a"}, tmp_path)


@pytest.mark.parametrize(
    ("before", "now", "expected"),
    [
        ((8, 1, 4), 4, {}),
        ((8, 1, 4), 2, {"batch_size": 8, "grad_accum_steps": 2}),
        ((8, 1, 4), 1, {"batch_size": 8, "grad_accum_steps": 4}),
        ((8, 4, 1), 2, {"batch_size": 8, "grad_accum_steps": 2}),
        ((8, 1, 1), 4, {"batch_size": 2, "grad_accum_steps": 1}),
        ((9, 1, 4), 3, {"batch_size": 12, "grad_accum_steps": 1}),
    ],
)
def test_another_number_of_processes_shares_the_images_of_an_update_out(tmp_path, before, now, expected):
    size, steps, processes = before
    saved = {"batch_size": size, "grad_accum_steps": steps}
    shared = _shared_out(saved, processes, now, tmp_path)
    assert shared == expected
    found = saved | shared
    assert found["batch_size"] * found["grad_accum_steps"] * now == size * steps * processes


@pytest.mark.parametrize("saved", [{"batch_size": 8}, {"batch_size": 9, "streaming": True}])
def test_images_that_cannot_be_shared_out_evenly_or_come_as_a_stream_are_refused(tmp_path, saved):
    with pytest.raises(TrainingError) as refused:
        _shared_out(saved, 1, 3, tmp_path)
    assert refused.value.code == "run.other_processes"
    assert refused.value.fields.items() >= {"before": 1, "processes": 3}.items()


def test_fewer_epochs_than_are_done_are_refused(interrupted):
    recipe = FinetuneRecipe(dataset="digits", model="resnet18", epochs=9)
    write_snapshot(recipe.folder / "state", {"run": {"recipe": recipe.to_json(), "rows": [{}] * 5}})
    with pytest.raises(ConfigError) as refused:
        parse_run(["--resume", str(interrupted), "--epochs", "5"])
    assert refused.value.fields.items() >= {"epochs": 5, "done": 5}.items()
    assert parse_run(["--resume", str(interrupted), "--epochs", "6"])[0].epochs == 6


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"batch_size": 16, "grad_accum_steps": 2}, {"batch_size": 16, "grad_accum_steps": 2}),
        ({"batch_size": 32}, {"batch_size": 32, "grad_accum_steps": 1}),
        ({"batch_size": 16}, {}),
        ({"grad_accum_steps": 2}, {}),
        ({"lr": 1.0}, {}),
    ],
)
def test_smaller_batches_are_taken_where_each_update_keeps_its_images(given, expected):
    assert _same_updates(given, {"batch_size": 32, "grad_accum_steps": 1}) == expected
    assert _same_updates(given, {"batch_size": 32, "streaming": True}) == {}


def test_what_a_finished_run_was_killed_before_removing_is_removed_when_it_is_resumed(interrupted):
    (interrupted / "state" / "000001").rename(interrupted / "state" / ".unfinished")
    (interrupted / "results.json").write_text("{}")
    with pytest.raises(TrainingError) as told:
        parse_run(["--resume", str(interrupted)])
    assert told.value.code == "run.finished"
    assert not (interrupted / "state").exists()


def test_only_the_machine_of_the_main_process_needs_the_folder_of_the_run(interrupted, monkeypatch, tmp_path):
    state = newest_snapshot(interrupted / "state").read("run")
    write_snapshot(interrupted / "state", {"run": {**state, "processes": 2}})
    told = []

    def broadcast(objects, from_process=0):
        if main:
            told.append(objects[0])
        else:
            objects[0] = told.pop(0)
        return objects

    monkeypatch.setattr(hardware, "broadcast_object_list", broadcast)
    monkeypatch.setattr(hardware, "PartialState", lambda **_: SimpleNamespace(is_main_process=main))
    monkeypatch.setenv("WORLD_SIZE", "2")
    flags = ["--resume", "runs/digits-resnet18", "--batch-size", "auto"]
    main = True
    first, _ = parse_run(flags)
    main = False
    monkeypatch.chdir(tmp_path.parent)
    second, snapshot = parse_run(flags)
    assert second == first
    assert (second.lr, second.workers) == (0.02, 3)
    assert not snapshot.folder.exists()
