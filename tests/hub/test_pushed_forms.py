"""Files for other runtimes in a repository: sent with the weights they were made of, told in the card, kept in step."""

import json
import shutil

import pytest
import torch

from resnet_hub import AutoResNet, ImageClassifier
from resnet_hub.checkpoint import BUNDLED, file_digest, forms_in, weights_digest
from resnet_hub.cli import main
from resnet_hub.hub import push_checkpoint

REPO = "alice/net"
FORM = ("onnx/model.onnx", "onnx/model.onnx.proof.json")


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """A checkpoint's folder with the network in ONNX."""
    folder = tmp_path_factory.mktemp("exported")
    AutoResNet.from_pretrained(BUNDLED).save_pretrained(folder)
    assert main(["export", str(folder)]) == 0
    return folder


@pytest.fixture
def folder(exported, tmp_path):
    return shutil.copytree(exported, tmp_path / "net")


def changed(folder):
    """Writes other weights into a folder."""
    network = AutoResNet.from_pretrained(folder)
    with torch.no_grad():
        network.fc.bias += 1
    network.save_pretrained(folder)


def sent(hub):
    return hub.repository(REPO).resolve("main").files


def test_a_digest_is_of_the_values_whatever_their_type(folder, tmp_path):
    network = AutoResNet.from_pretrained(folder)
    assert file_digest(folder / "model.safetensors") == weights_digest(network.state_dict())
    for dtype in (torch.float16, torch.bfloat16):
        rounded = network.to(dtype)
        rounded.save_pretrained(tmp_path / "rounded")
        assert file_digest(tmp_path / "rounded" / "model.safetensors") == weights_digest(rounded.float().state_dict())


def test_a_form_goes_with_its_weights_and_the_card_tells_its_proof(fake_hub, folder):
    push_checkpoint(folder, REPO)
    assert set(FORM) <= set(sent(fake_hub))
    card = (folder / "README.md").read_text("utf-8")
    proof = json.loads((folder / FORM[1]).read_text())
    assert f"| onnx/model.onnx | {proof['megabytes']:.1f} | 100.0 &#37; of 104 images |" in card
    assert 'hf_hub_download("owner/name", "onnx/model.onnx")' in card


def test_a_form_of_other_weights_is_said_and_not_sent_nor_told_of(fake_hub, folder, caplog):
    push_checkpoint(folder, REPO)
    changed(folder)
    assert "onnx/model.onnx" not in (folder / "README.md").read_text("utf-8")
    push_checkpoint(folder, REPO)
    assert not set(FORM) & set(sent(fake_hub))
    assert "onnx/model.onnx is not sent: it was exported from other weights" in caplog.text
    assert "onnx/model.onnx on the Hub answered for the weights before these; taken away" in caplog.text


def test_a_form_on_the_hub_stays_while_its_weights_do(fake_hub, folder):
    push_checkpoint(folder, REPO)
    shutil.rmtree(folder / "onnx")
    (folder / "results.json").write_text("{}")
    push_checkpoint(folder, REPO)
    assert set(FORM) <= set(sent(fake_hub))


def test_a_file_beside_other_weights_says_so_when_it_is_opened(folder, caplog):
    ImageClassifier.from_pretrained(folder / "onnx/model.onnx")
    assert "other weights" not in caplog.text
    changed(folder)
    ImageClassifier.from_pretrained(folder / "onnx/model.onnx")
    assert "onnx/model.onnx was exported from other weights than" in caplog.text


def test_a_form_without_a_proof_counts_as_stale(folder):
    (folder / FORM[1]).write_text("[]")
    assert [form.is_stale for form in forms_in(folder)] == [True]
