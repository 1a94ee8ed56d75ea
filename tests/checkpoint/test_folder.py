"""Checkpoint folders: what is saved comes back equal, and whatever does not fit is refused and named."""

import json
import re

import pytest
import torch
from random_weights import lively
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from resnet_hub import Preprocessing, ResNet
from resnet_hub.checkpoint.folder import write_checkpoint
from resnet_hub.errors import CheckpointError
from resnet_hub.metadata import CheckpointMetadata

NAMES = ("cat", "dog", "bird")
IMAGES = torch.randn(2, 4, 64, 64, generator=torch.Generator().manual_seed(0))
NETWORKS = [
    ("test_resnet", {}),
    ("test_resnet", {"in_chans": 1}),
    ("test_resnet", {"in_chans": 4, "act_layer": "silu", "output_stride": 8}),
    ("test_resnet", {"global_pool": "catavgmax"}),
    ("cifar_resnet20", {}),
    ("cifar_resnet20", {"shortcut": "projection"}),
    ("resnet10t", {"aa_layer": "blur", "attn_layer": "eca"}),
]


def network(name="test_resnet", **options):
    return lively(name, **{"num_classes": 3, "label_names": NAMES, **options})


def outputs(model):
    with torch.inference_mode():
        return model(IMAGES[:, : model.config.in_chans])


@pytest.fixture
def folder(tmp_path):
    """A saved network of three classes."""
    network().save_pretrained(tmp_path / "saved")
    return tmp_path / "saved"


def rewrite(folder, change):
    """Saves the folder's tensors again after `change` was at them."""
    state = {name: tensor.clone() for name, tensor in load_file(folder / "model.safetensors").items()}
    save_file(change(state) or state, folder / "model.safetensors")


@pytest.mark.parametrize(("name", "options"), NETWORKS, ids=str)
def test_a_saved_network_comes_back_with_equal_logits(name, options, tmp_path):
    model = network(name, **options)
    model.save_pretrained(tmp_path)
    assert torch.equal(outputs(ResNet.from_pretrained(tmp_path)), outputs(model))


def test_a_channels_last_network_comes_back_with_equal_tensors(tmp_path):
    model = network().to(memory_format=torch.channels_last)
    model.save_pretrained(tmp_path)
    loaded = ResNet.from_pretrained(tmp_path).state_dict()
    assert all(torch.equal(loaded[name], tensor) for name, tensor in model.state_dict().items())


def test_all_that_is_known_comes_back(tmp_path):
    model = network()
    model.preprocessing = Preprocessing((3, 100, 90), "bilinear", 0.9, "squash", (0.1, 0.2, 0.3), (0.4, 0.5, 0.6))
    model.metadata = CheckpointMetadata(license="mit", metrics={"top1": 0.5})
    model.save_pretrained(tmp_path)
    loaded = ResNet.from_pretrained(tmp_path)
    assert (loaded.config, loaded.preprocessing) == (model.config, model.preprocessing)
    assert (loaded.label_names, loaded.metadata) == (NAMES, model.metadata)


def test_a_loaded_network_is_in_evaluation_mode_and_can_be_trained(folder):
    model = ResNet.from_pretrained(folder)
    assert not model.training
    assert all(parameter.requires_grad for parameter in model.parameters())


def test_a_half_precision_file_gives_a_float32_network(folder):
    rewrite(folder, lambda state: {name: value.half() for name, value in state.items() if value.ndim})
    assert {tensor.dtype for tensor in ResNet.from_pretrained(folder).state_dict().values()} == {
        torch.float32,
        torch.int64,
    }


@pytest.mark.parametrize("num_classes", [None, 5], ids=["saved head", "new head"])
def test_dtype_is_honored_in_every_layer(tmp_path, num_classes):
    network("resnet10t", aa_layer="blur").save_pretrained(tmp_path)
    model = ResNet.from_pretrained(tmp_path, num_classes=num_classes, dtype=torch.bfloat16)
    assert model(IMAGES[:, :3].bfloat16()).dtype == torch.bfloat16


def test_device_is_honored(folder):
    model = ResNet.from_pretrained(folder, device="meta")
    assert {tensor.device.type for tensor in model.state_dict().values()} == {"meta"}


def test_the_folder_holds_weights_that_any_reader_opens(folder):
    with safe_open(folder / "model.safetensors", "pt") as file:
        assert file.metadata() == {"format": "pt"}
        assert list(file.keys()) == sorted(network().state_dict())
    assert sorted(file.name for file in folder.iterdir()) == ["README.md", "config.json", "model.safetensors"]


@pytest.mark.parametrize("prefix", ["module.", "_orig_mod.", "module._orig_mod.", "_orig_mod.module."])
def test_names_of_wrappers_are_stripped_when_written_and_when_read(prefix, folder, tmp_path):
    wrapped = {prefix + name: tensor for name, tensor in network().state_dict().items()}
    write_checkpoint(tmp_path / "written", json.loads((folder / "config.json").read_text()), wrapped, card="")
    assert load_file(tmp_path / "written/model.safetensors").keys() == network().state_dict().keys()
    save_file(wrapped, folder / "model.safetensors")
    assert torch.equal(outputs(ResNet.from_pretrained(folder)), outputs(network()))


def test_a_given_card_is_written_and_a_card_that_is_there_is_kept(folder):
    network().save_pretrained(folder, card="# Mine\n")
    network().save_pretrained(folder)
    assert (folder / "README.md").read_text() == "# Mine\n"


@pytest.mark.parametrize(
    ("wanted", "names"),
    [
        ({"num_classes": 5}, None),
        ({"label_names": ["x", "y"]}, ("x", "y")),
        ({"label_names": NAMES[::-1]}, NAMES[::-1]),
    ],
    ids=str,
)
def test_a_new_head_is_made_and_named_in_the_log(wanted, names, folder, caplog):
    model = ResNet.from_pretrained(folder, **wanted)
    assert model.head_is_new
    assert (model.label_names, outputs(model).shape[1]) == (names, len(names or range(5)))
    assert caplog.messages == [f"new head of {model.num_classes} classes, random until trained: fc.weight, fc.bias"]


def test_everything_but_a_new_head_is_the_saved_network(folder):
    images = IMAGES[:, :3]
    assert torch.equal(
        ResNet.from_pretrained(folder, num_classes=5).forward_features(images), network().forward_features(images)
    )


@pytest.mark.parametrize("wanted", [{}, {"num_classes": 3}, {"label_names": NAMES}, {"drop_rate": 0.1}], ids=str)
def test_a_head_that_fits_is_kept_in_silence(wanted, folder, caplog):
    model = ResNet.from_pretrained(folder, **wanted)
    assert not model.head_is_new
    assert torch.equal(outputs(model), outputs(network()))
    assert not caplog.messages


def test_no_classes_give_pooled_features(folder, caplog):
    assert outputs(ResNet.from_pretrained(folder, num_classes=0)).shape == (2, 96)
    assert not caplog.messages


def without(*names):
    return lambda state: {name: tensor for name, tensor in state.items() if name not in names}


MISFITS = [
    (without("bn1.weight"), {}, "tensors 1 missing (bn1.weight)."),
    (without("fc.weight", "fc.bias"), {}, "tensors 2 missing (fc.weight, fc.bias)."),
    (without("bn1.weight"), {"num_classes": 5}, "tensors 1 missing (bn1.weight)."),
    (lambda state: state.update(extra=torch.ones(1)), {}, "tensors 1 unknown (extra)."),
    (lambda state: state.update({"extra": torch.ones(1)}), {"num_classes": 5}, "tensors 1 unknown (extra)."),
    (
        lambda state: state.update({"fc.bias": torch.ones(4)}),
        {},
        "tensors 1 of another shape (fc.bias is [4] instead of [3]).",
    ),
    (
        lambda state: state.update({"fc.bias": torch.ones(3, dtype=torch.int8)}),
        {},
        "tensors 1 not floating-point (fc.bias).",
    ),
    (
        lambda state: state.update({"conv1.0.weight": state["conv1.0.weight"][:, :1].contiguous()}),
        {},
        "tensors 1 of another shape (conv1.0.weight is [16, 1, 3, 3] instead of [16, 3, 3, 3]).",
    ),
    (
        lambda state: {"a": torch.ones(1), "b": torch.ones(1)},
        {},
        "missing (conv1.0.weight, conv1.1.weight, conv1.1.bias, conv1.1.running_mean, conv1.1.running_var, ...); "
        "2 unknown (a, b).",
    ),
    (lambda state: None, {"attn_layer": "se"}, "missing (layer1.0.se.fc1.weight, "),
    (lambda state: None, {"stem": "7x7"}, " missing (conv1.weight, "),
]


@pytest.mark.parametrize(("change", "options", "sentence"), MISFITS, ids=[sentence for *_, sentence in MISFITS])
def test_a_tensor_that_does_not_fit_is_named(change, options, sentence, folder):
    rewrite(folder, change)
    with pytest.raises(CheckpointError, match=re.escape(sentence)):
        ResNet.from_pretrained(folder, **options)


def test_the_weights_of_another_architecture_are_refused(folder):
    values = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**values, "architecture": "resnet18"}))
    with pytest.raises(CheckpointError) as refused:
        ResNet.from_pretrained(folder)
    faults = refused.value.fields["faults"]
    assert (refused.value.code, faults.code) == ("checkpoint.misfits", "checkpoint.then_fault")
    assert (faults.fields["first"].fields["first"].code, faults.fields["first"].fields["then"].code) == (
        "checkpoint.missing",
        "checkpoint.unknown",
    )


def test_counters_that_old_files_lack_are_not_missed(folder):
    rewrite(folder, lambda state: {name: value for name, value in state.items() if "num_batches" not in name})
    assert torch.equal(outputs(ResNet.from_pretrained(folder)), outputs(network()))
