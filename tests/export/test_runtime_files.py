"""Files for other runtimes: each answers as its network does, alone in its runtime and through a classifier."""

import json
import pickle
import re
import zipfile
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from error_facts import code_and_fields
from PIL import Image
from traced_networks import trace, use_traced

from resnet_hub import AutoResNet, ImageClassifier
from resnet_hub.checkpoint import BUNDLED
from resnet_hub.errors import CheckpointError, ConfigError, ResNetHubError
from resnet_hub.export import export_file, proof, runtime_files, usual_name
from resnet_hub.export.proof_images import BUNDLED as PHOTOGRAPHS
from resnet_hub.preprocessing.pixels import normalize

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "export.md"
FILES = sorted(PHOTOGRAPHS.glob("*.jpg"))


@pytest.fixture(scope="module")
def network():
    return AutoResNet.from_pretrained(BUNDLED)


@pytest.fixture(scope="module")
def classifier():
    return ImageClassifier.from_pretrained(BUNDLED, device="cpu")


@pytest.fixture(scope="module", autouse=True)
def traced_once(network):
    """The network's graph, which each export needs and which takes longest, is made once."""
    with pytest.MonkeyPatch.context() as patch:
        use_traced(patch, trace(network))
        yield


@pytest.fixture(scope="module")
def exported(network, tmp_path_factory):
    """Exports with these options, once each."""
    folder, made = tmp_path_factory.mktemp("exported"), {}

    def export(to="onnx", precision="fp32", input="tensor"):
        key = to, precision, input
        if key not in made:
            file = folder / usual_name(*key)
            made[key] = export_file(network, file, to, precision=precision, input=input, source="bundled")
        return made[key]

    return export


def assert_alike(found, expected, tolerance):
    for one, other in zip(found, expected, strict=True):
        assert one[0].label == other[0].label
        assert {row.label: row.score for row in one} == pytest.approx(
            {row.label: row.score for row in other}, abs=tolerance
        )


@pytest.mark.parametrize("backend", ["onnx", "openvino"])
def test_a_classifier_of_a_file_answers_as_that_of_its_checkpoint(exported, classifier, backend):
    from_file = ImageClassifier.from_pretrained(exported().file, backend=backend)
    assert (from_file.backend, from_file.precision, from_file.device) == (backend, "fp32", torch.device("cpu"))
    assert_alike(from_file(FILES, top_k=10), classifier(FILES, top_k=10), 1e-5)
    np.testing.assert_allclose(from_file.embed(FILES), classifier.embed(FILES), rtol=1e-3, atol=1e-4)


def test_a_folder_that_holds_nothing_but_a_file_is_opened_by_it(exported, classifier):
    folder = exported().file.parent.parent
    assert_alike(ImageClassifier.from_pretrained(folder)(FILES), classifier(FILES), 1e-5)


def test_openvino_s_own_form_answers_alike(exported, classifier):
    from_file = ImageClassifier.from_pretrained(exported("openvino").file)
    assert from_file.backend == "openvino"
    assert_alike(from_file(FILES, top_k=10), classifier(FILES, top_k=10), 1e-5)


def test_onnx_runtime_alone_answers_from_an_image_of_any_size(exported, classifier):
    session = onnxruntime.InferenceSession(exported(input="image").file, providers=["CPUExecutionProvider"])
    labels = json.loads(session.get_modelmeta().custom_metadata_map["labels"])
    for file in FILES:
        image = np.asarray(Image.open(file).convert("RGB"))
        scores = session.run(["scores"], {"image": image})[0][0]
        expected = {row.label: row.score for row in classifier(image, top_k=10)}
        assert dict(zip(labels, scores.tolist(), strict=True)) == pytest.approx(expected, abs=0.01)


def test_the_file_says_all_that_its_reader_needs(exported, network):
    texts = onnxruntime.InferenceSession(exported().file).get_modelmeta().custom_metadata_map
    said = {key: json.loads(texts[key]) for key in ("labels", "preprocessing", "metrics")}
    assert said["labels"] == list(network.label_names)
    assert said["preprocessing"] == network.preprocessing.to_json()
    assert said["metrics"] == network.metadata.metrics
    assert texts["license"] == network.metadata.license
    assert [texts[key] for key in ("task", "source", "precision")] == ["single_label", "bundled", "fp32"]


def test_the_proof_lies_beside_the_file(exported):
    written = exported()
    found = json.loads(written.file.with_name("model.onnx.proof.json").read_text())
    assert found["images"] >= 100
    assert found["agreement"] == 100
    assert found["largest_relative"] < 1e-4
    assert found["megabytes"] == pytest.approx(written.file.stat().st_size / 1e6)
    assert written.free_sizes == "batch, height and width"


def test_whole_numbers_halve_a_small_file_at_least_and_keep_its_answers(exported):
    whole, plain = exported(precision="int8"), exported()
    assert whole.file.name == "model_quantized.onnx"
    assert whole.file.stat().st_size < 0.5 * plain.file.stat().st_size
    assert whole.proof.agreement >= 99
    kinds = {node.op_type for node in onnx.load(whole.file).graph.node}
    assert {"QuantizeLinear", "DequantizeLinear"} <= kinds
    assert ImageClassifier.from_pretrained(whole.file).precision == "int8"


def test_half_precision_halves_a_file(exported):
    half, plain = exported(precision="fp16"), exported()
    assert half.file.stat().st_size < 0.6 * plain.file.stat().st_size
    assert half.proof.agreement >= 99


def test_a_file_of_whole_numbers_takes_images_too(exported):
    assert exported(precision="int8", input="image").proof.agreement >= 99


def test_a_program_of_torch_export_keeps_nothing_in_a_pickle_and_gives_the_same_logits(exported, network):
    file = exported("torch-export").file
    archive = zipfile.ZipFile(file)
    pickles = [name for name in archive.namelist() if name.endswith((".pt", ".pkl"))]
    assert [name.rpartition("/")[2] for name in pickles] == ["model.pt"]  # for examples
    assert archive.getinfo(pickles[0]).file_size == 0 or torch.load(archive.open(pickles[0]), weights_only=True) is None
    images = torch.randn(3, *network.preprocessing.input_size, generator=torch.Generator().manual_seed(0))
    texts = {"labels": ""}
    program = torch.export.load(file, extra_files=texts)
    with torch.inference_mode():
        torch.testing.assert_close(program.module()(images)[0], network(images))
    assert json.loads(texts["labels"]) == list(network.label_names)


def test_a_classifier_of_a_file_survives_a_pickle(exported, classifier):
    again = pickle.loads(pickle.dumps(ImageClassifier.from_pretrained(exported().file)))
    assert_alike(again(FILES[:1]), classifier(FILES[:1]), 1e-5)


@pytest.mark.parametrize(("precision", "code"), [("fp32", "not_exact"), ("int8", "loses_too_much")])
def test_a_file_that_answers_otherwise_is_not_kept(network, tmp_path, monkeypatch, precision, code):
    monkeypatch.setattr(proof, "AGREE", {"single_label": lambda wanted, found: np.zeros(len(wanted), bool)})
    monkeypatch.setattr(runtime_files, "_quantized", lambda graph, *_: Kept(graph))
    with pytest.raises(CheckpointError) as refused:
        export_file(network, tmp_path / "new" / "model.onnx", precision=precision)
    assert code_and_fields(refused.value)[0] == f"export.{code}"
    assert list(tmp_path.iterdir()) == []


class Kept:
    """Stands for a model of whole numbers."""

    left_in_float = ()

    def __init__(self, model):
        self.model = model


@pytest.mark.parametrize(
    ("name", "options", "code"),
    [
        ("model.pb", {}, "export.other_suffix"),
        ("model.onnx", {"to": "coreml"}, "checks.unknown_choice"),
        ("model.onnx", {"precision": "int4"}, "checks.unknown_choice"),
        ("model.onnx", {"images": "nowhere"}, "export.no_image_folder"),
        ("model.onnx", {"images": PHOTOGRAPHS}, "export.few_images"),
        ("model.onnx", {"allow_loss": -1}, "checks.out_of_range"),
        ("model.pt2", {"to": "torch-export", "precision": "int8"}, "export.torch_export_plain"),
    ],
)
def test_what_cannot_be_exported_so_is_refused_before_the_work(network, tmp_path, name, options, code):
    with pytest.raises(ConfigError) as refused:
        export_file(network, tmp_path / name, **options)
    assert refused.value.code == code
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_there_stays_unless_it_may_be_replaced(network, tmp_path):
    file = tmp_path / "model.onnx"
    file.write_bytes(b"mine")
    with pytest.raises(ConfigError) as refused:
        export_file(network, file)
    assert (refused.value.code, file.read_bytes()) == ("export.file_exists", b"mine")


def test_a_network_with_a_random_head_or_none_is_not_exported(tmp_path):
    for options, code in (({"num_classes": 0}, "classifier.no_head"), ({"num_classes": 3}, "export.random_head")):
        model = AutoResNet.from_pretrained(BUNDLED, **options)
        with pytest.raises(ConfigError) as refused:
            export_file(model, tmp_path / "model.onnx")
        assert refused.value.code == code


def test_satellites_bands_need_images_of_their_own(tmp_path):
    with pytest.raises(ConfigError) as refused:
        export_file(AutoResNet.from_pretrained(BUNDLED, in_chans=5), tmp_path / "model.onnx")
    assert code_and_fields(refused.value) == ("export.other_bands", {"channels": 5})


@pytest.mark.parametrize(
    ("name", "change", "code"),
    [
        ("absent.onnx", None, "exported.no_file"),
        ("torn.onnx", lambda data: data[: len(data) // 2], "exported.not_opened"),
        ("empty.onnx", lambda data: b"", "exported.not_opened"),
        ("text.xml", lambda data: b"<net/>", "exported.not_opened"),
        ("bare.onnx", "no texts", "exported.says_nothing"),
        ("changed.onnx", "other labels", "exported.facts_not_read"),
    ],
)
def test_a_file_that_is_none_is_one_sentence(exported, tmp_path, name, change, code):
    file = tmp_path / name
    if callable(change):
        file.write_bytes(change(exported().file.read_bytes()))
    elif change is not None:
        model = onnx.load(exported().file)
        kept = {one.key: one.value for one in model.metadata_props} | {"labels": '["one"]'}
        del model.metadata_props[:]
        if change == "other labels":
            onnx.helper.set_model_props(model, kept)
        onnx.save(model, file)
    with pytest.raises(ResNetHubError) as refused:
        ImageClassifier.from_pretrained(file)
    assert refused.value.code == code
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"num_classes": 3}, "exported.option"),
        ({"backend": "fused"}, "checks.unknown_choice"),
        ({"device": "cuda"}, "checks.unknown_choice"),
        ({"precision": "bf16"}, "checks.unknown_choice"),
    ],
)
def test_a_file_stays_what_it_is(exported, options, code):
    with pytest.raises(ConfigError) as refused:
        ImageClassifier.from_pretrained(exported().file, **options)
    assert refused.value.code == code


def test_a_classifier_takes_no_file_that_prepares_images_itself(exported):
    with pytest.raises(ConfigError) as refused:
        ImageClassifier.from_pretrained(exported(input="image").file)
    assert refused.value.code == "exported.takes_images"


def test_what_the_document_shows_of_python_runs(exported, classifier, tmp_path, monkeypatch, capsys):
    for form in ({}, {"input": "image"}, {"to": "openvino"}):
        folder = exported(**form).file.parent
        if not (tmp_path / folder.name).exists():
            (tmp_path / folder.name).symlink_to(folder)
    (tmp_path / "flower.jpg").symlink_to(FILES[1])
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    opened = ImageClassifier.from_pretrained
    place = {"resnet50": BUNDLED}
    monkeypatch.setattr(ImageClassifier, "from_pretrained", lambda name, **more: opened(place.get(name, name), **more))
    snippets = re.findall(r"```python\n(.*?)```", DOCUMENT.read_text("utf-8"), re.DOTALL)
    pixels = normalize(classifier.prepare(FILES[1]), classifier.preprocessing).numpy()
    for snippet in snippets:
        exec(snippet, {"pixel_values": pixels})
    printed, expected = capsys.readouterr().out.splitlines(), classifier(FILES[1])[0].label
    assert len(snippets) == 4
    assert all(expected in line for line in printed)


def test_the_command_writes_a_file_that_the_next_one_asks(run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    status, printed, said = run("export", BUNDLED, "--output", "small.onnx")
    assert (status, printed) == (0, "small.onnx\n")
    assert "100.0 % of" in said
    status, printed, _ = run("predict", "small.onnx", FILES[0], "--csv", "--top-k", 1)
    status_of_folder, expected, _ = run("predict", BUNDLED, FILES[0], "--csv", "--top-k", 1)
    assert (status, status_of_folder) == (0, 0)
    assert printed.splitlines()[1].rpartition(",")[0] == expected.splitlines()[1].rpartition(",")[0]
    assert run("export", BUNDLED, "--output", "small.onnx")[0] == 2
