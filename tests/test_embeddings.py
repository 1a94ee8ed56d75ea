"""Features of images: those of `forward_head`, whatever runs the network, and what the document does with them."""

import re
from pathlib import Path

import numpy as np
import pytest
import torch
from color_network import COLORS, solid
from error_facts import code_and_fields

from resnet_hub import ImageClassifier, create_model
from resnet_hub.errors import CheckpointError, ConfigError, ImageError
from resnet_hub.preprocessing.pixels import normalize

DOCUMENT = Path(__file__).resolve().parent.parent / "docs" / "embeddings.md"
NOISE = np.random.default_rng(0).integers(0, 256, (40, 60, 3), dtype=np.uint8)


def classifier_of(name="cifar_resnet20", *, backend="auto", batch_size="auto", **options):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = create_model(name, num_classes=3, **options)
    return ImageClassifier(model, device="cpu", backend=backend, batch_size=batch_size)


@pytest.mark.parametrize("backend", ["eager", "fused"])
@pytest.mark.parametrize("options", [{}, {"global_pool": "catavgmax"}, {"name": "resnetv2_18"}], ids=str)
def test_features_are_what_the_head_gets(backend, options):
    classifier = classifier_of(backend=backend, batch_size=2, **options)
    images = [NOISE, NOISE[::-1], NOISE[:20]]
    pixels = torch.stack([classifier.prepare(image) for image in images])
    with torch.inference_mode():
        maps = classifier.model.forward_features(normalize(pixels, classifier.preprocessing))
        expected = classifier.model.forward_head(maps, pre_logits=True).numpy()
    found = classifier.embed(images)
    assert (found.dtype, found.shape) == (np.float32, (3, classifier.model.head_hidden_size))
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4)


def test_bfloat16_gives_nearly_the_same_in_float32():
    exact = classifier_of().embed(NOISE)
    classifier = classifier_of()
    classifier = ImageClassifier(classifier.model, device="cpu", precision="bf16")
    coarse = classifier.embed(NOISE)
    assert coarse.dtype == np.float32
    assert np.abs(coarse - exact).max() < 0.05 * np.abs(exact).max()


@pytest.mark.parametrize(("images", "count"), [(NOISE, 1), ([], 0), ([NOISE] * 3, 3), (iter([NOISE, NOISE]), 2)])
def test_there_is_a_row_for_each_image(images, count):
    assert classifier_of().embed(images).shape == (count, 64)


def test_a_batch_of_pixels_is_as_many_images():
    classifier, rows = classifier_of(), np.stack([NOISE, NOISE[::-1]])
    pixels = torch.from_numpy(rows).permute(0, 3, 1, 2)
    expected = classifier.embed(list(rows))
    assert np.array_equal(classifier.embed(rows), expected)
    assert np.array_equal(classifier.embed(pixels), expected)
    assert np.array_equal(classifier.embed(pixels / 255), expected)
    assert [len(one) for one in classifier(pixels, top_k=np.int64(2))] == [2, 2]


def test_a_bad_image_costs_its_own_row_where_errors_are_returned(caplog):
    classifier = classifier_of(batch_size=2)
    images = [NOISE, "none.png", b"", "none.png", NOISE]
    rows = classifier.embed(images, on_error="return")
    assert np.isnan(rows).all(axis=1).tolist() == [False, True, True, True, False]
    assert np.array_equal(rows[0], rows[4])
    assert [record.message.endswith("its features are NaN") for record in caplog.records] == [True] * 3
    answers = classifier(images, on_error="return")
    assert [getattr(one, "code", None) for one in answers[1:4]] == [
        *("preprocessing.no_file", "preprocessing.empty", "preprocessing.no_file")
    ]
    assert answers[0] == answers[4] == classifier(NOISE)
    assert isinstance(classifier("none.png", on_error="return"), ImageError)


@pytest.mark.parametrize("ask", [ImageClassifier.__call__, ImageClassifier.embed])
def test_errors_are_raised_unless_told_and_other_words_are_refused(ask):
    with pytest.raises(ImageError, match=r"'none\.png'"):
        ask(classifier_of(), ["none.png"])
    with pytest.raises(ConfigError) as refused:
        ask(classifier_of(), [NOISE], on_error="skip")
    fields = {"name": "on_error", "value": "skip", "choices": "'raise', 'return'"}
    assert code_and_fields(refused.value) == ("checks.unknown_choice", fields)


def test_features_that_are_not_finite_are_refused():
    classifier = classifier_of(backend="eager")
    torch.nn.init.constant_(classifier.model.layer3[-1].bn2.bias, float("inf"))
    with pytest.raises(CheckpointError) as refused:
        classifier.embed(NOISE)
    assert code_and_fields(refused.value) == ("classifier.not_finite", {"precision": "fp32"})


def test_what_the_document_does_with_features_runs(tiny_checkpoint, tmp_path, monkeypatch, capsys):
    for name, color in zip(("ants", "bees"), COLORS, strict=False):
        (tmp_path / "photos" / name).mkdir(parents=True)
        for number in range(3):
            solid(tuple(part + number for part in color)).save(tmp_path / "photos" / name / f"{number}.jpg")
    monkeypatch.chdir(tmp_path)
    snippets = re.findall(r"```python\n(.*?)```", DOCUMENT.read_text("utf-8"), re.DOTALL)
    assert len(snippets) == 4
    names = {}
    for snippet in snippets:
        exec(snippet.replace("resnet18.a1_in1k", tiny_checkpoint.name), names)
    shape, *rest = capsys.readouterr().out.splitlines()
    assert shape == "(6, 64) float32"
    neighbors, groups, accuracy = rest[:3], rest[3:9], rest[9]
    assert sum("ants" in line for line in neighbors) == 2
    assert [line[0] for line in groups] in (["0"] * 3 + ["1"] * 3, ["1"] * 3 + ["0"] * 3)
    assert float(accuracy) == 1.0
