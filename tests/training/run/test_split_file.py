"""split.parquet: written small, read back the same, and refused where it is not what a run writes."""

import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from resnet_hub.errors import DataError
from resnet_hub.metadata import CheckpointMetadata
from training.run.images import split_file
from training.run.images.split_file import KEY, read_split, write_split
from training.splits.recorded_split import RecordedPart, RecordedSplit

HERE = CheckpointMetadata()


def record(images, seed=0):
    rng = np.random.default_rng(seed)
    counts = {"train": images - 2 * (images // 5), "validation": images // 5, "test": images // 5}
    names = {"train": "train", "validation": "20% of train", "test": "test"}
    return RecordedSplit(
        {
            role: RecordedPart(names[role], rng.integers(0, 2**64, count, np.uint64), rng.integers(0, 1000, count))
            for role, count in counts.items()
        }
    )


@pytest.mark.parametrize("images", [5, 100_000])
def test_a_record_is_read_as_it_was_written(tmp_path, images):
    write_split(tmp_path, record(images))
    found = read_split(str(tmp_path), HERE)
    for role, part in record(images).parts.items():
        assert found.parts[role].name == part.name
        assert np.array_equal(found.parts[role].digests, part.digests)
        assert np.array_equal(found.parts[role].targets, part.targets)


def test_that_nobody_looked_at_what_was_trained_on_is_read_as_it_was_written(tmp_path):
    whole = record(20)
    nothing = RecordedPart("train", np.zeros(0, np.uint64), np.zeros(0, np.int64))
    write_split(tmp_path, RecordedSplit({**whole.parts, "train": nothing}, knows_trained=False))
    found = read_split(str(tmp_path), HERE)
    assert (found.knows_trained, found.parts["train"].name, len(found.parts["train"].digests)) == (False, "train", 0)
    write_split(tmp_path, whole)
    assert read_split(str(tmp_path), HERE).knows_trained


def test_a_hundred_thousand_images_take_a_megabyte_without_names(tmp_path):
    write_split(tmp_path, record(100_000))
    assert (tmp_path / "split.parquet").stat().st_size < 1.2e6
    assert pq.read_schema(tmp_path / "split.parquet").names == ["split", "digest", "target"]


def test_a_folder_or_file_without_a_record_has_none(tmp_path):
    assert read_split(str(tmp_path), HERE) is None
    (tmp_path / "model.safetensors").write_bytes(b"")
    assert read_split(str(tmp_path / "model.safetensors"), HERE) is None


def table(**columns):
    whole = {"split": pa.array(["train"]).dictionary_encode(), "digest": pa.array([1], pa.uint64()), "target": [0]}
    return pa.table({**whole, **columns}).replace_schema_metadata({KEY: json.dumps({"names": {"train": "train"}})})


BROKEN = {
    "no parquet": b"nothing",
    "others columns": table(more=[1]),
    "other types": table(digest=["1"]),
    "lists": table(target=[[0]]),
    "empty cells": table(target=pa.array([None], pa.int64())),
    "nothing trained on": table().replace_schema_metadata({KEY: json.dumps({"names": {"test": "test"}})}),
    "no names": table().replace_schema_metadata({}),
    "strange names": table().replace_schema_metadata({KEY: "[]"}),
    "compressed": None,
}


@pytest.mark.parametrize("kind", BROKEN)
def test_what_no_run_wrote_is_refused(tmp_path, kind):
    file, content = tmp_path / "split.parquet", BROKEN[kind]
    if isinstance(content, bytes):
        file.write_bytes(content)
    else:
        compression = "zstd" if content is None else "none"
        pq.write_table(table() if content is None else content, file, compression=compression)
    with pytest.raises(DataError) as refused:
        read_split(str(tmp_path), HERE)
    assert refused.value.code == "run.unreadable_split"
    assert (refused.value.fields["file"], refused.value.fields["model"]) == ("split.parquet", str(tmp_path))


@pytest.mark.parametrize("name", ["\x1b[2J", "a" * 1000, 7, None])
def test_a_split_that_a_stranger_named_is_called_by_its_role(tmp_path, name):
    told = {KEY: json.dumps({"names": {"train": name}})}
    pq.write_table(table().replace_schema_metadata(told), tmp_path / "split.parquet", compression="none")
    assert read_split(str(tmp_path), HERE).parts["train"].name == "train"


@pytest.mark.parametrize(("limit", "value"), [("MAX_IMAGES", 4), ("MAX_SPLIT_BYTES", 100)])
def test_one_above_the_limits_is_refused(tmp_path, monkeypatch, limit, value):
    write_split(tmp_path, record(5))
    monkeypatch.setattr(split_file, limit, value)
    with pytest.raises(DataError, match="more than"):
        read_split(str(tmp_path), HERE)
