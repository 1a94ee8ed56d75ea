"""A stranger's pickle is counted before it is read: a sentence in tenths of a second, whatever it would make."""

import pickle
import time
import zipfile

import numpy as np
import pytest
import torch

from resnet_hub import ResNet, create_model
from resnet_hub.checkpoint.readers import check_operations, pickle_operations
from resnet_hub.errors import CheckpointError


def empty_lists(file):
    file.write_bytes(b"\x80\x02](" + b"]" * 30_000_000 + b"e.")


def behind_other_pickles(file):
    file.write_bytes(pickle.dumps(1, 2) * 3 + b"\x80\x02](" + b"]" * 30_000_000 + b"e.")


def without_an_end(file):
    file.write_bytes(b"\x80\x02" + b"(" * 30_000_000)


@pytest.mark.parametrize("write", [empty_lists, behind_other_pickles, without_an_end])
def test_a_pickle_of_more_objects_than_any_network_has_is_refused_unread(write, tmp_path):
    write(tmp_path / "a.pth")
    started = time.process_time()
    with pytest.raises(CheckpointError) as refused:
        ResNet.from_pretrained(tmp_path / "a.pth")
    assert refused.value.code == "checkpoint.too_many_operations"
    assert time.process_time() - started < 1


@pytest.mark.parametrize("zipped", [False, True])
def test_the_tensors_of_both_forms_of_torch_save_are_counted(zipped, tmp_path, monkeypatch):
    torch.save({f"t{n}": torch.zeros(0) for n in range(100)}, tmp_path / "a.pth", _use_new_zipfile_serialization=zipped)
    check_operations(tmp_path / "a.pth")
    monkeypatch.setattr(pickle_operations, "MAX_OPERATIONS", 1_000)
    with pytest.raises(CheckpointError) as refused:
        check_operations(tmp_path / "a.pth")
    assert refused.value.code == "checkpoint.too_many_operations"


def test_the_history_of_a_long_run_in_a_file_that_was_packed_anew_is_no_list_of_tensors(tmp_path):
    torch.save({"state_dict": {}, "message_hub": {"loss": [0.5, bytes(6_000_000)]}}, tmp_path / "a.pth")
    with (
        zipfile.ZipFile(tmp_path / "a.pth") as plain,
        zipfile.ZipFile(tmp_path / "b.pth", "w", zipfile.ZIP_DEFLATED) as packed,
    ):
        for entry in plain.infolist():
            packed.writestr(entry.filename, plain.read(entry))
    check_operations(tmp_path / "b.pth")


def test_a_compressed_pickle_does_not_grow_without_bound(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.pth", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("archive/data.pkl", b"\x80\x02" + bytes(20_000_000))
        archive.writestr("archive/version", b"3\n")
    with pytest.raises(CheckpointError) as refused:
        ResNet.from_pretrained(tmp_path / "a.pth")
    assert refused.value.code == "checkpoint.header_too_large"


@pytest.mark.parametrize("older", [False, True])
def test_long_notes_and_arrays_are_read(older, tmp_path):
    model = create_model("cifar_resnet20", num_classes=3)
    history = {"message_hub": {"loss": np.zeros(600_000)}, "epoch": 3}
    arrays = {name: tensor.numpy() for name, tensor in model.state_dict().items()}
    torch.save({"state_dict": arrays, **history}, tmp_path / "a.pth", _use_new_zipfile_serialization=not older)
    assert (tmp_path / "a.pth").stat().st_size > 5_000_000
    again = ResNet.from_pretrained(tmp_path / "a.pth", architecture="cifar_resnet20")
    assert torch.equal(again.fc.weight, model.fc.weight)


def test_a_file_that_was_packed_anew_is_read(tmp_path):
    model = create_model("cifar_resnet20", num_classes=3)
    torch.save(model.state_dict(), tmp_path / "a.pth")
    with zipfile.ZipFile(tmp_path / "a.pth") as there, zipfile.ZipFile(tmp_path / "b.pth", "w", 8) as packed:
        for entry in there.infolist():
            packed.writestr(entry.filename, there.read(entry))
    check_operations(tmp_path / "b.pth")
    again = ResNet.from_pretrained(tmp_path / "b.pth", architecture="cifar_resnet20")
    assert torch.equal(again.fc.weight, model.fc.weight)


def test_damage_is_left_to_the_reader(tmp_path):
    for content in (
        b"",
        b"\x80",
        b"\x80\x02X\xff\xff\xff\xff",
        b"\x80\x02cno end",
        b"\x80\x02B\xff\xff\xff\x7fab",
        bytes(9),
    ):
        (tmp_path / "a.pth").write_bytes(content)
        check_operations(tmp_path / "a.pth")
