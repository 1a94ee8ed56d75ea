"""Snapshots: values come back as they were, and one that is not whole is never taken for one that is."""

import math

import numpy as np
import pytest
import torch
from error_facts import code_and_fields

from resnet_hub.errors import TrainingError
from training.run import serialization
from training.run.serialization import CHECKSUMS, UNFINISHED, newest_snapshot, remove_snapshots, write_snapshot


def there_and_back(folder, value):
    write_snapshot(folder, {"part": value})
    return newest_snapshot(folder).read("part")


@pytest.mark.parametrize(
    "value",
    [
        {"a": [1, 2.5, None, True, "text"], "b": {"c": (1, (2, 3))}},
        {0: "numbers as keys", 1: {"$tensor": "a name of ours"}},
        {"third": 1 / 3, "small": 5e-324, "large": math.inf},
        {"dtype": torch.bfloat16},
        [],
    ],
    ids=["nested", "keys", "floats", "dtype", "empty"],
)
def test_plain_values_come_back_as_they_were(tmp_path, value):
    assert there_and_back(tmp_path, value) == value


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.int64, torch.bool, torch.uint8])
def test_tensors_come_back_with_type_shape_and_bits(tmp_path, dtype):
    tensor = torch.arange(6).reshape(2, 3).to(dtype)
    found = there_and_back(tmp_path, {"tensors": [tensor, torch.tensor(3, dtype=dtype)]})["tensors"]
    assert found[0].dtype == dtype
    assert torch.equal(found[0], tensor)
    assert found[1].shape == ()


def test_tensors_keep_their_memory_layout(tmp_path):
    tensor = torch.rand(2, 3, 4, 5).contiguous(memory_format=torch.channels_last)
    assert there_and_back(tmp_path, tensor).stride() == tensor.stride()


def test_tensors_that_share_their_memory_are_saved(tmp_path):
    tensor = torch.rand(4)
    found = there_and_back(tmp_path, [tensor, tensor[:2], tensor.expand(3, 4)])
    assert torch.equal(found[1], tensor[:2])
    assert torch.equal(found[2], tensor.expand(3, 4))


def test_arrays_come_back_as_arrays(tmp_path):
    found = there_and_back(tmp_path, {"right": np.array([True, False]), "mean": np.float64(0.1)})
    assert found["right"].tolist() == [True, False]
    assert found["mean"] == 0.1


def test_what_has_no_form_in_a_file_is_refused_by_name(tmp_path):
    with pytest.raises(TrainingError, match=r"holds 'rule', a function, which cannot be saved"):
        write_snapshot(tmp_path, {"part": {"rule": there_and_back}})


def test_a_part_that_did_not_change_takes_no_room(tmp_path):
    first = write_snapshot(tmp_path, {"best": torch.ones(3), "now": 1})
    second = write_snapshot(tmp_path, {"now": 2}, unchanged=["best"])
    assert (first / "best.safetensors").stat().st_ino == (second / "best.safetensors").stat().st_ino
    assert newest_snapshot(tmp_path).read("best").tolist() == [1, 1, 1]


def test_the_last_two_stay(tmp_path):
    for number in range(5):
        write_snapshot(tmp_path, {"part": number})
    assert sorted(path.name for path in tmp_path.iterdir()) == ["000004", "000005"]


def cut(snapshot):
    file = snapshot / "part.safetensors"
    file.write_bytes(file.read_bytes()[:-1])


def flip(snapshot):
    file = snapshot / "part.safetensors"
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(content)


@pytest.mark.parametrize(
    "damage",
    [
        cut,
        flip,
        lambda snapshot: (snapshot / "part.json").write_text("2"),
        lambda snapshot: (snapshot / "part.json").unlink(),
        lambda snapshot: (snapshot / CHECKSUMS).unlink(),
        lambda snapshot: (snapshot / CHECKSUMS).write_text(""),
        lambda snapshot: (snapshot / "other.json").write_text("{}"),
    ],
    ids=["cut", "a bit", "other values", "no file", "no checksums", "empty checksums", "a file of somebody else"],
)
def test_a_damaged_snapshot_is_named_and_the_one_before_it_taken(tmp_path, caplog, damage):
    write_snapshot(tmp_path, {"part": torch.ones(2)})
    damage(write_snapshot(tmp_path, {"part": torch.zeros(2)}))
    found = newest_snapshot(tmp_path)
    assert found.read("part").tolist() == [1, 1]
    assert "000002 is damaged" in caplog.text
    assert "the one before it is taken" in caplog.text


def test_a_snapshot_after_a_damaged_one_links_to_what_was_whole(tmp_path):
    write_snapshot(tmp_path, {"best": torch.ones(2)})
    cut_one = write_snapshot(tmp_path, {"best": torch.zeros(2)})
    (cut_one / "best.json").unlink()
    newest_snapshot(tmp_path).make_newest()
    write_snapshot(tmp_path, {}, unchanged=["best"])
    assert newest_snapshot(tmp_path).read("best").tolist() == [1, 1]


def test_a_half_written_snapshot_is_none(tmp_path):
    (tmp_path / UNFINISHED).mkdir()
    (tmp_path / UNFINISHED / "part.json").write_text("1")
    assert newest_snapshot(tmp_path) is None
    write_snapshot(tmp_path, {"part": 2})
    assert newest_snapshot(tmp_path).read("part") == 2


def test_nothing_but_damaged_snapshots_is_an_error(tmp_path):
    (write_snapshot(tmp_path, {"part": 1}) / CHECKSUMS).unlink()
    with pytest.raises(TrainingError) as refused:
        newest_snapshot(tmp_path)
    assert code_and_fields(refused.value) == ("run.damaged_states", {"folder": str(tmp_path)})


def test_a_folder_that_cannot_be_written_is_a_sentence(tmp_path):
    (tmp_path / "state").write_text("a file")
    with pytest.raises(TrainingError) as refused:
        write_snapshot(tmp_path / "state", {"part": 1})
    assert code_and_fields(refused.value) == (
        "run.unwritable_state",
        {"folder": str(tmp_path / "state"), "reason": "Not a directory"},
    )


def test_a_removal_that_is_cut_short_leaves_a_whole_snapshot_or_none(tmp_path, monkeypatch):
    for number in (1, 2):
        write_snapshot(tmp_path / "state", {"part": number})
    remove, removed = serialization.shutil.rmtree, []

    def watched(folder, **options):
        remove(folder, **options)
        found = newest_snapshot(tmp_path / "state")
        removed.append(found.read("part") if found else None)

    monkeypatch.setattr(serialization.shutil, "rmtree", watched)
    remove_snapshots(tmp_path / "state")
    assert removed == [2, 2, None]
    assert not (tmp_path / "state").exists()
    remove_snapshots(tmp_path / "state")
