"""A classifier that another runtime answers for: prepared and proven once, taken from the cache, never stale."""

import json
import logging
import pickle

import pytest
import torch
from error_facts import code_and_fields
from traced_networks import trace, use_traced

from resnet_hub import AutoResNet, ImageClassifier
from resnet_hub.checkpoint import BUNDLED
from resnet_hub.errors import CheckpointError, ConfigError
from resnet_hub.export import backends, prepared
from resnet_hub.export.proof_images import BUNDLED as PHOTOGRAPHS
from resnet_hub.export.runtime_files import export_file

FILES = sorted(PHOTOGRAPHS.glob("*.jpg"))


@pytest.fixture(scope="module")
def graph():
    return trace(AutoResNet.from_pretrained(BUNDLED))


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """A cache that tests share which do not change its entries."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def made(graph, kept, monkeypatch):
    """The exports that were made, as they are counted: the shared cache, and a graph that is there already."""

    found = []

    def counted(*given, **options):
        found.append(options["precision"])
        return export_file(*given, **options)

    monkeypatch.setenv("XDG_CACHE_HOME", str(kept))
    use_traced(monkeypatch, graph)
    monkeypatch.setattr(prepared, "export_file", counted)
    return found


@pytest.fixture
def empty_cache(made, monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "resnet_hub" / "prepared"


def classifier(**options):
    return ImageClassifier.from_pretrained(BUNDLED, device="cpu", **options)


def scores(one):
    return torch.tensor([[row.score for row in sorted(answer, key=lambda row: row.index)] for answer in one(FILES, 10)])


def test_int8_is_computed_by_the_quicker_runtime_that_is_installed_and_says_so_with_its_proof(made):
    whole, plain = classifier(precision="int8"), classifier()
    assert (whole.backend, whole.precision, plain.taken) == ("openvino", "int8", None)
    assert "OpenVINO" in str(whole.taken)
    assert "of 104 images answered alike" in str(whole.taken)
    assert [row[0].label for row in whole(FILES)] == [row[0].label for row in plain(FILES)]
    assert torch.allclose(scores(whole), scores(plain), atol=0.1)
    assert not torch.equal(scores(whole), scores(plain))


def test_without_openvino_int8_is_onnx_runtime_s(made, monkeypatch):
    monkeypatch.setattr(backends, "is_installed", lambda *names: "openvino" not in names)
    whole = classifier(precision="int8")
    assert (whole.backend, whole.precision) == ("onnx", "int8")


def test_without_any_runtime_the_packages_and_the_command_are_named(made, monkeypatch):
    monkeypatch.setattr(backends, "is_installed", lambda *names: False)
    monkeypatch.setattr("resnet_hub.imports.extras.find_spec", lambda name: None)
    with pytest.raises(ImportError, match=r"resnet_hub\[onnx\]"):
        classifier(precision="int8")


def test_float32_answers_and_features_are_the_network_s(made):
    there, here = classifier(backend="onnx"), classifier()
    assert (there.backend, there.precision) == ("onnx", "fp32")
    assert torch.allclose(scores(there), scores(here), atol=1e-5)
    assert there.embed(FILES[0]) == pytest.approx(here.embed(FILES[0]), rel=1e-3, abs=1e-4)


def test_the_next_start_takes_the_file_from_the_cache_and_answers_the_same(made):
    first = classifier(backend="onnx")
    before = len(made)
    second = classifier(backend="onnx")
    assert len(made) == before
    assert "earlier start" in str(second.taken)
    assert torch.equal(scores(first), scores(second))


def test_changed_weights_get_a_file_of_their_own(empty_cache, made):
    model = AutoResNet.from_pretrained(BUNDLED)
    with torch.no_grad():
        model.get_classifier().weight[0, 0] += 1e-3
    assert prepared._key(model, "onnx", "fp32", None, None) != prepared._key(
        AutoResNet.from_pretrained(BUNDLED), "onnx", "fp32", None, None
    )


def test_a_network_that_is_changed_afterwards_answers_itself_and_says_so(made, caplog):
    there = classifier(backend="onnx")
    with torch.no_grad():
        there.model.get_classifier().weight.mul_(0.5)
        there.model.get_classifier().bias.mul_(0.5)
    expected = scores(ImageClassifier(there.model, device="cpu"))
    assert torch.allclose(scores(there), expected, atol=1e-6)
    assert (there.backend, there.precision) == ("fused", "fp32")
    assert "changed after it was exported" in caplog.text


def test_where_too_many_answers_change_pytorch_answers_and_the_next_start_knows_it(empty_cache, made, caplog):
    caplog.set_level(logging.INFO, "resnet_hub")
    for _ in range(2):
        plain = classifier(precision="int8", allow_loss=0)
        assert (plain.backend, plain.precision) == ("fused", "fp32")
        assert "PyTorch" in str(plain.taken)
    assert made == ["int8"]
    assert caplog.text.count("answers are computed by PyTorch") == 2
    with pytest.raises(CheckpointError) as refused:
        classifier(precision="int8", backend="openvino", allow_loss=0)
    assert refused.value.code.startswith("export.")


def test_a_damaged_entry_is_made_again(empty_cache, made):
    classifier(backend="onnx")
    (file,) = empty_cache.glob("*/model.onnx")
    file.write_bytes(b"torn")
    assert torch.allclose(scores(classifier(backend="onnx")), scores(classifier()), atol=1e-5)
    assert made == ["fp32", "fp32"]


def test_the_entries_that_were_used_last_are_kept(empty_cache, made, monkeypatch):
    monkeypatch.setattr(prepared, "MOST", 2)
    for name in ("old", "older"):
        (empty_cache / name).mkdir(parents=True)
    classifier(backend="onnx")
    assert len(list(empty_cache.iterdir())) == 2


def test_a_cache_that_cannot_be_written_is_named(made, monkeypatch, tmp_path):
    (tmp_path / "resnet_hub").write_text("a file")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with pytest.raises(ConfigError) as refused:
        classifier(backend="onnx")
    code, fields = code_and_fields(refused.value)
    assert code == "export.cache_not_writable"
    assert fields["folder"] == str(tmp_path / "resnet_hub" / "prepared")


def test_a_prepared_classifier_can_be_sent_to_another_process(made):
    there = classifier(backend="onnx")
    again = pickle.loads(pickle.dumps(there))
    assert again.backend == "onnx"
    assert torch.equal(scores(again), scores(there))


def test_a_proof_lies_beside_what_is_kept(made, kept):
    classifier(backend="onnx")
    said = [json.loads(file.read_text()) for file in kept.glob("resnet_hub/prepared/*/model.onnx.proof.json")]
    assert any(one["agreement"] == 100 and one["largest_relative"] < 1e-4 for one in said)


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"precision": "int8", "backend": "fused"}, "classifier.int8_in_pytorch"),
        ({"precision": "bf16", "backend": "onnx"}, "classifier.bf16_elsewhere"),
        ({"precision": "int8", "device": "meta"}, "classifier.cpu_only"),
    ],
)
def test_choices_that_do_not_go_together_are_refused(options, code):
    with pytest.raises(ConfigError) as refused:
        ImageClassifier.from_pretrained(BUNDLED, **options)
    assert refused.value.code == code


def test_the_command_line_takes_the_runtime_and_says_so(made, capsys):
    from resnet_hub.cli.entry import main

    assert main(["predict", str(BUNDLED), str(FILES[1]), "--backend", "onnx", "--top-k", "1"]) == 0
    printed = capsys.readouterr()
    assert "cat" in printed.out
    assert "ONNX Runtime" in printed.err
