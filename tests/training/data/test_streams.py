"""Streams: what is held out follows from the images, class names are declared or given, each process has its part."""

from collections import Counter
from itertools import takewhile

import datasets
import numpy as np
import pytest
from datasets import Value
from error_facts import code_and_fields
from images import class_folders
from streamed_sets import parquet, recipe

from resnet_hub.errors import ConfigError, DataError
from training.data.load import load_data
from training.data.streams import Holdout, part_of
from training.run import Seen
from training.settings.recipe import FinetuneRecipe


@pytest.fixture(autouse=True)
def no_waiting_for_threads(monkeypatch):
    """Whoever breaks off a shuffled stream waits five seconds for the threads of arrow."""
    monkeypatch.setattr(datasets.config, "SLEEP_TIME_ON_THREADS_SHUTDOWN", 0.1)


def contents(split):
    return {split.image(index)[0] for index in range(len(split))}


def one_pass(stream):
    rows = []
    for number, (content, _, target) in stream.passes():
        if number:
            return rows
        rows.append((content, int(target)))


def test_what_is_held_out_of_a_stream_is_never_trained_on(tmp_path):
    data = load_data(recipe(parquet(tmp_path, {"train": 80})))
    trained = {content for content, _ in one_pass(data.train)}
    held_out = contents(data.validation)
    assert not trained & held_out
    assert len(trained) + len(held_out) == 80
    assert 8 <= len(held_out) <= 24
    assert data.validation.name == "20% of train"
    assert sorted(set(data.validation.labels)) == [0, 1]


def test_equal_images_are_held_out_alike_and_a_seed_decides_which():
    first, again, other = Holdout(0.5, 1), Holdout(0.5, 1), Holdout(0.5, 2)
    images = [bytes([number]) for number in range(200)]
    taken = [first.takes(content) for content in images]
    assert taken == [again.takes(content) for content in images]
    assert taken != [other.takes(content) for content in images]
    assert 70 < sum(taken) < 130


def test_splits_of_its_own_are_used_up_to_the_bound(tmp_path):
    folder = parquet(tmp_path, {"train": 40, "validation": 20, "test": 8})
    data = load_data(recipe(folder, stream_images=10))
    assert (len(data.validation), len(data.test), len(data.train.sample)) == (10, 8, 10)
    recorded, whole = data.recorded, load_data(FinetuneRecipe(dataset=str(folder))).validation
    assert (recorded.knows_trained, recorded.names) == (False, ["train", "validation", "test"])
    assert Seen.of(whole, recorded).counts() == {"train": 0, "validation": 10, "test": 0, "new": 10}
    assert len(one_pass(data.train)) == 40
    assert len(data.train) == 8  # two batches of four
    assert data.split_hash == load_data(recipe(folder, stream_images=10)).split_hash


def test_class_folders_are_streamed_too(tmp_path):
    class_folders(tmp_path, {"red": 20, "green": 20})
    data = load_data(recipe(tmp_path))
    assert data.label_names == ("green", "red")
    assert len(one_pass(data.train)) + len(data.validation) == 40


@pytest.mark.parametrize(("files", "processes"), [(2, 2), (5, 2), (5, 3), (2, 3)])
def test_the_processes_of_a_run_share_the_images_out_and_each_file_is_read_by_one(
    tmp_path, monkeypatch, files, processes
):
    folder = parquet(tmp_path, {"train": 60, "validation": 8}, files=files)
    parts, opened = [], []
    for process in range(processes):
        state = State(process, processes)
        monkeypatch.setattr("training.data.streams.PartialState", lambda state=state: state)
        stream = load_data(recipe(folder)).train
        for number in (0, 1):
            opened.append((number, part_of(stream.rows, process, processes, number).num_shards))
        parts.append([content for content, _ in one_pass(stream)])
    assert len({content for part in parts for content in part}) == sum(len(part) for part in parts) == 60
    whole_files = files >= processes
    assert [sum(count for pass_, count in opened if pass_ == number) for number in (0, 1)] == (
        [files if whole_files else files * processes] * 2
    )


def test_files_change_hands_from_pass_to_pass(tmp_path, monkeypatch):
    folder = parquet(tmp_path, {"train": 60, "validation": 8}, files=3)
    seen = Counter()
    for process in range(2):
        monkeypatch.setattr("training.data.streams.PartialState", lambda process=process: State(process, 2))
        stream = load_data(recipe(folder)).train
        passes = takewhile(lambda found: found[0] < 2, stream.passes())
        seen.update((process, content) for _, (content, *_) in passes)
    assert set(seen.values()) == {1}
    assert len(seen) == 120


class State:
    def __init__(self, process, processes):
        self.process_index, self.num_processes = process, processes


def test_classes_that_are_not_declared_are_asked_for(tmp_path):
    folder = parquet(tmp_path, {"train": 40}, label=Value("string"))
    with pytest.raises(DataError) as refused:
        load_data(recipe(folder))
    assert code_and_fields(refused.value) == ("data.undeclared_classes", {"column": "label", "names": "green, red"})
    data = load_data(recipe(folder, label_names="red, green"))
    assert data.label_names == ("red", "green")
    content, target = one_pass(data.train)[0]
    assert target == (0 if image_is_red(content) else 1)


def image_is_red(content):
    from resnet_hub.preprocessing.pixels import open_image

    return np.asarray(open_image(content)).mean((0, 1)).argmax() == 0


def test_a_class_that_is_not_among_those_given_is_named(tmp_path):
    folder = parquet(tmp_path, {"train": 40}, label=Value("string"))
    with pytest.raises(DataError) as refused:
        load_data(recipe(folder, label_names="red,blue"))
    assert code_and_fields(refused.value) == (
        "targets.unknown_classes",
        {"split": "train", "count": 2, "unknown": "'green'", "known": "'red', 'blue'"},
    )


@pytest.mark.parametrize(
    ("settings", "code", "expected"),
    [
        ({"streaming": True}, "settings.no_max_steps", {}),
        ({"max_steps": 3}, "settings.not_streaming", {"flag": "--max-steps"}),
        ({"label_names": "a,b"}, "settings.not_streaming", {"flag": "--label-names"}),
    ],
    ids=["no length", "steps alone", "names alone"],
)
def test_flags_that_do_not_go_together_are_both_named(settings, code, expected):
    with pytest.raises(ConfigError) as refused:
        FinetuneRecipe(dataset="x", **settings)
    assert code_and_fields(refused.value) == (code, expected)


def test_files_sorted_by_class_are_noticed(tmp_path, caplog):
    class_folders(tmp_path, {"red": 2, "green": 40})
    load_data(recipe(tmp_path, stream_images=4, shuffle_buffer=1))
    assert "hold 1 of 2 classes; where files are sorted by class, raise --shuffle-buffer" in caplog.text
