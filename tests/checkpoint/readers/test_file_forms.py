"""A file is what its first bytes say: weights under a wrong name are read, and what is no weights is named."""

import io
import pickle
import zipfile

import numpy as np
import pytest
import torch
from error_facts import code_and_fields
from random_weights import lively
from safetensors.torch import save, save_file

from resnet_hub import ResNet
from resnet_hub.checkpoint.readers import file_forms
from resnet_hub.checkpoint.weights import read_weights
from resnet_hub.errors import LANGUAGES, CheckpointError


def scripted(file):
    torch.jit.save(torch.jit.trace(torch.nn.Conv2d(1, 1, 1), torch.ones(1, 1, 1, 1)), file)


def zipped(**entries):
    def write(file):
        with zipfile.ZipFile(file, "w") as archive:
            for name, content in entries.items():
                archive.writestr(name.replace("__", "/"), content)

    return write


def saved(content):
    return lambda file: file.write_bytes(content)


# What an ONNX file begins with: its version, and the name of its producer.
ONNX = b"\x08\x0a\x12\x07pytorch\x1a\x052.9.0:\xc4\x0b\n\x2a"
STRANGERS = {
    "is_empty": saved(b""),
    "is_zeros": saved(bytes(5000)),
    "is_lfs_pointer": saved(b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n"),
    "is_html": saved(b"\n<!DOCTYPE html>\n<html><title>401</title></html>"),
    "is_json": saved(b'{"error": "Repository not found"}'),
    "is_onnx": saved(ONNX),
    "is_program": saved(b"\x08\x01\x12\xbe\xb9\x0a\n\x12rest"),
    "is_mxnet": saved((0x112).to_bytes(8, "little") + bytes(40)),
    "is_flax": saved(b"\x82\xa6params\x81\xa5conv1\x81\xa6kernel"),
    "is_tensorflow": saved(bytes([0, 0, 1, 2]) + bytes(40) + file_forms.TABLE_END),
    "is_bit": zipped(**{"resnet__root_block__standardized_conv2d__kernel.npy": ""}),
    "is_tflite": saved(b"\x1c\x00\x00\x00TFL3\x14\x00"),
    "is_gguf": saved(b"GGUF\x03\x00\x00\x00"),
    "is_numpy": lambda file: file.write_bytes(np.lib.format.magic(1, 0) + b"rest"),
    "is_archive": saved(b"\x1f\x8b\x08\x00rest"),
    "is_image": saved(b"\x89PNG\r\n\x1a\n"),
    "is_document": saved(b"%PDF-1.7"),
    "is_empty_zip": zipped(),
    "is_torchscript": scripted,
    "is_exported_program": zipped(net__archive_format="pt2", net__models__model="{}"),
    "is_torch_package": zipped(**{"net__.data__extern_modules": "", "net__model__model.pkl": ""}),
    "is_saved_model": zipped(**{"net__saved_model.pb": "", "net__variables__variables.index": ""}),
    "is_coreml": zipped(**{"Manifest.json": "{}"}),
}


@pytest.mark.parametrize("name", ["model.safetensors", "net.pth"])
@pytest.mark.parametrize(("code", "write"), STRANGERS.items(), ids=STRANGERS)
@pytest.mark.filterwarnings("ignore:`torch.jit:FutureWarning", "ignore:`torch.jit:DeprecationWarning")
def test_what_is_no_weights_is_named_with_what_to_do(code, write, name, tmp_path):
    write(tmp_path / name)
    with pytest.raises(CheckpointError) as refused:
        read_weights(tmp_path / name)
    found = code_and_fields(refused.value)
    assert found == (
        "checkpoint.no_weights_file",
        {"file": str(tmp_path / name), "what": (f"checkpoint.{code}", {})},
    )
    assert all("\n" not in refused.value.sentence(language) for language in LANGUAGES)


TEXTS = {
    "an answer of the Hub": ("Entry not found", "Entry not found"),
    "a table": ("\ufefflabel,count\nchick,3\n", "label,count"),
    "code": ("\n# coding: utf-8\nimport torch\n", "# coding: utf-8"),
    "a letter cut in two": ("a" + "\u00e9" * 600, "a" + "\u00e9" * 20),
}


@pytest.mark.parametrize("name", ["model.safetensors", "net.pth"])
@pytest.mark.parametrize(("content", "start"), TEXTS.values(), ids=TEXTS)
def test_text_is_told_by_how_it_begins(content, start, name, tmp_path):
    (tmp_path / name).write_text(content, encoding="utf-8")
    with pytest.raises(CheckpointError) as refused:
        read_weights(tmp_path / name)
    what = refused.value.fields["what"]
    assert (what.code, what.fields["start"][: len(start)]) == ("checkpoint.is_text", start)
    assert len(refused.value.sentence("en").removeprefix(repr(str(tmp_path / name)))) < 300


@pytest.mark.parametrize("protocol", range(6))
def test_a_pickle_in_letters_is_no_text(protocol, tmp_path):
    (tmp_path / "net.pkl").write_bytes(pickle.dumps({"res2_0_branch2a_w": np.ones((2, 1, 1, 1), np.float32)}, protocol))
    assert file_forms.form_of(tmp_path / "net.pkl") == "pickle"


STATE = {"fc.weight": torch.ones(2, 3), "layer1.0.conv1.weight": torch.ones(1, 1, 1, 1)}


def pickled(**options):
    buffer = io.BytesIO()
    torch.save(STATE, buffer, **options)
    return buffer.getvalue()


MISNAMED = {
    "safetensors as .bin": ("net.bin", save(STATE), "safetensors"),
    "safetensors as .pth": ("net.pth", save(STATE), "safetensors"),
    "pickle as .safetensors": ("net.safetensors", pickled(), "pickle"),
    "old pickle as .safetensors": ("net.safetensors", pickled(_use_new_zipfile_serialization=False), "pickle"),
}


@pytest.mark.parametrize(("name", "content", "form"), MISNAMED.values(), ids=MISNAMED)
def test_weights_under_a_wrong_name_are_read_by_their_bytes_and_said_so(name, content, form, tmp_path, caplog):
    file = tmp_path / name
    file.write_bytes(content)
    found = read_weights(file)
    assert all(torch.equal(found[name], tensor) for name, tensor in STATE.items())
    assert f"{file} holds {form}, whatever its name says; it is read as that" in caplog.messages


@pytest.mark.parametrize("name", ["net.safetensors", "net.pth", "net"])
def test_weights_under_their_own_name_are_read_without_a_word(name, tmp_path, caplog):
    (tmp_path / name).write_bytes(save(STATE) if "safe" in name else pickled())
    assert read_weights(tmp_path / name)
    assert not [message for message in caplog.messages if "whatever" in message]


def test_a_large_file_is_told_by_its_first_bytes_alone(tmp_path):
    with (tmp_path / "net.safetensors").open("wb") as file:
        file.truncate(10**9)  # a hole: nothing is on the disk
    with pytest.raises(CheckpointError) as refused:
        read_weights(tmp_path / "net.safetensors")
    assert refused.value.code in ("checkpoint.no_weights_file", "checkpoint.unreadable_weights")


@pytest.fixture
def network(tmp_path):
    model = lively(num_classes=3)
    save_file(dict(model.state_dict()), tmp_path / "weights.safetensors")
    torch.save(model.state_dict(), tmp_path / "weights.pth")
    return model


def pack(file, *names, extra=(), compression=zipfile.ZIP_DEFLATED):
    with zipfile.ZipFile(file, "w", compression) as archive:
        for name in names:
            archive.write(file.parent / name, f"folder/{name}")
        for name in extra:
            archive.writestr(name, "text")
    return file


@pytest.mark.parametrize("name", ["weights.safetensors", "weights.pth"])
def test_one_weights_file_in_a_zip_is_read(name, network, tmp_path, caplog):
    hidden = ("__MACOSX/folder/._weights.pth", "folder/.DS_Store")
    file = pack(tmp_path / "net.zip", name, extra=(*hidden, "folder/notes.txt"))
    model = ResNet.from_pretrained(file, architecture="test_resnet")
    assert torch.equal(model.fc.weight, network.fc.weight)
    assert f"folder/{name} is read and 1 other files are left out (folder/notes.txt); unpack it" in caplog.text


def test_a_zip_of_several_or_of_none_is_refused_with_the_names(network, tmp_path):
    both = pack(tmp_path / "both.zip", "weights.safetensors", "weights.pth")
    none = pack(tmp_path / "none.zip", extra=("readme.txt",))
    with pytest.raises(CheckpointError) as refused:
        read_weights(both)
    names = "'folder/weights.safetensors', 'folder/weights.pth'"
    assert code_and_fields(refused.value) == ("checkpoint.zip_several", {"file": str(both), "count": 2, "names": names})
    with pytest.raises(CheckpointError) as refused:
        read_weights(none)
    assert code_and_fields(refused.value) == ("checkpoint.zip_none", {"file": str(none), "names": "'readme.txt'"})


def test_a_zip_in_a_zip_is_refused(network, tmp_path):
    pack(tmp_path / "inner.zip", "weights.safetensors")
    with pytest.raises(CheckpointError) as refused:
        read_weights(pack(tmp_path / "outer.zip", "inner.zip"))
    assert refused.value.code == "checkpoint.zip_none"


def test_a_small_zip_that_grows_without_end_is_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "net.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("net.safetensors", bytes(10**7))
    with pytest.raises(CheckpointError) as refused:
        read_weights(tmp_path / "net.zip")
    assert refused.value.code == "checkpoint.weights_too_large"


def test_an_encrypted_zip_is_refused(network, tmp_path):
    file = pack(tmp_path / "net.zip", "weights.safetensors")
    content = bytearray(file.read_bytes())
    for signature, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(signature) + place] |= 1
    file.write_bytes(content)
    with pytest.raises(CheckpointError) as refused:
        read_weights(file)
    assert code_and_fields(refused.value) == ("checkpoint.zip_encrypted", {"file": str(file)})


def test_names_in_a_zip_lead_nowhere(network, tmp_path):
    with zipfile.ZipFile(tmp_path / "net.zip", "w") as archive:
        archive.write(tmp_path / "weights.safetensors", "../../escaped.safetensors")
    assert read_weights(tmp_path / "net.zip")
    assert not (tmp_path.parent.parent / "escaped.safetensors").exists()


def test_the_largest_header_is_that_of_the_format():
    assert file_forms.MAX_SAFETENSORS_HEADER == 100_000_000
