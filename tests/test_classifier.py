"""Images -> ranked labels: right classes on real photographs, one answer however an image comes, choices refused."""

from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import numpy as np
import pytest
import torch
from error_facts import code_and_fields
from PIL import Image
from timm.data import ImageNetInfo, create_transform

from resnet_hub.classifier import ImageClassifier, Prediction
from resnet_hub.errors import CheckpointError, ConfigError, ImageError
from resnet_hub.models.factory import create_model
from resnet_hub.preprocessing.pixels import to_pixels

NOISE = np.random.default_rng(0).integers(0, 256, (40, 60, 3), dtype=np.uint8)


def tiny(num_classes=10, in_chans=3, **settings):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = create_model("cifar_resnet20", num_classes=num_classes, in_chans=in_chans)
    return ImageClassifier(model, device="cpu", **settings)


def photographs(data_folder, step=8):
    return sorted((data_folder / "imagenet_samples").iterdir())[::step]


@pytest.fixture(scope="module")
def resnet18(data_folder):
    return ImageClassifier.from_pretrained(data_folder / "weights/resnet18-imagenet", device="cpu")


@pytest.mark.parametrize("name", ["resnet18", "resnet50"])
def test_most_photographs_get_their_class_first(name, data_folder):
    classifier = ImageClassifier.from_pretrained(data_folder / f"weights/{name}-imagenet", device="cpu")
    synsets = ImageNetInfo().label_names()
    files = photographs(data_folder)
    first = [synsets[ranked[0].index] for ranked in classifier(files, top_k=1)]
    assert sum(file.name.startswith(synset) for file, synset in zip(files, first, strict=True)) > len(files) / 2


def test_a_photograph_gets_the_name_of_its_class(resnet18, data_folder):
    assert resnet18(next((data_folder / "imagenet_samples").glob("*_zebra.JPEG")))[0].label == "zebra"


def test_scores_are_the_softmax_of_the_network_after_timms_transform(data_folder):
    file = photographs(data_folder)[3]
    # As PyTorch computes it: what is fused adds up in another order.
    resnet18 = ImageClassifier.from_pretrained(data_folder / "weights/resnet18-imagenet", device="cpu", backend="eager")
    images = create_transform(**resnet18.preprocessing.to_json())(Image.open(file).convert("RGB"))[None]
    with torch.inference_mode():
        expected = resnet18.model(images).softmax(dim=1)[0]
    scores = {prediction.index: prediction.score for prediction in resnet18(file, top_k=1000)}
    assert [scores[index] for index in range(1000)] == expected.tolist()


def as_pil(path):
    with Image.open(path) as image:
        return image.copy()


@pytest.mark.parametrize("convert", [str, lambda path: path.read_bytes(), as_pil, lambda path: np.array(as_pil(path))])
def test_a_path_its_bytes_its_image_and_its_array_get_one_answer(convert, data_folder):
    path, classifier = photographs(data_folder)[0], tiny()
    assert classifier(convert(path)) == classifier(path)


def test_predictions_are_ranked_by_score():
    assert all(better.score >= worse.score for better, worse in pairwise(tiny()(NOISE, top_k=10)))


def test_the_scores_of_all_classes_add_up_to_one():
    assert sum(prediction.score for prediction in tiny()(NOISE, top_k=10)) == pytest.approx(1, abs=1e-6)


def test_equal_scores_keep_the_order_of_the_classes():
    classifier = tiny(num_classes=50)
    torch.nn.init.zeros_(classifier.model.fc.weight)
    torch.nn.init.zeros_(classifier.model.fc.bias)
    assert [prediction.index for prediction in classifier(NOISE, top_k=50)] == list(range(50))


@pytest.mark.parametrize(("top_k", "count"), [(1, 1), (3, 3), (10, 10), (99, 10)])
def test_top_k_predictions_come_or_as_many_as_there_are_classes(top_k, count):
    assert len(tiny()(NOISE, top_k=top_k)) == count


@pytest.mark.parametrize("images", [NOISE, [], [NOISE]], ids=["one", "no", "a list"])
@pytest.mark.parametrize("top_k", [0, -1, True, 2.5])
def test_top_k_below_one_is_refused(top_k, images):
    with pytest.raises(ConfigError) as refused:
        tiny()(images, top_k=top_k)
    assert code_and_fields(refused.value) == ("classifier.top_k", {"top_k": top_k})


@pytest.mark.parametrize("kind", [list, tuple])
def test_a_list_gets_what_each_image_gets_alone(kind):
    classifier = tiny()
    images = kind([NOISE, NOISE[::-1], NOISE[:20, :20]])
    for together, image in zip(classifier(images, top_k=10), images, strict=True):
        alone = {prediction.index: prediction.score for prediction in classifier(image, top_k=10)}
        # Batches of another size may add in another order.
        assert {prediction.index: prediction.score for prediction in together} == pytest.approx(alone, abs=1e-6)


def test_a_list_runs_in_batches():
    classifier, sizes = tiny(batch_size=2, backend="eager"), []
    classifier.model.register_forward_pre_hook(lambda module, inputs: sizes.append(len(inputs[0])))
    classifier([NOISE] * 5)
    assert sizes == [2, 2, 1]


def test_no_images_get_no_answers():
    assert tiny()([]) == []


def test_a_bad_image_of_a_list_is_named_by_its_place():
    with pytest.raises(ImageError, match="'image 4 of the list' is empty"):
        tiny(batch_size=2)([NOISE, NOISE, NOISE, b""])


def test_a_bad_file_of_a_list_is_named_by_its_path():
    with pytest.raises(ImageError, match=r"there is no file 'nowhere\.jpg'"):
        tiny()([NOISE, "nowhere.jpg"])


def test_threads_get_the_answers_of_a_single_one(data_folder):
    classifier, files = tiny(), photographs(data_folder, step=12)
    serial = [classifier(file, top_k=10) for file in files]
    with ThreadPoolExecutor(4) as pool:
        threaded = list(pool.map(lambda file: classifier(file, top_k=10), files))
    for ours, theirs in zip(threaded, serial, strict=True):
        assert [p.score for p in ours] == pytest.approx([p.score for p in theirs], abs=1e-6)


def test_classify_answers_as_calling_does():
    classifier = tiny()
    assert classifier.classify(NOISE, 3).predictions == classifier(NOISE, 3)


def test_classify_shows_what_the_network_saw():
    classifier = tiny()
    seen = to_pixels(Image.fromarray(NOISE), classifier.preprocessing).permute(1, 2, 0)
    assert np.array_equal(classifier.classify(NOISE).seen, seen)


def test_a_server_gets_with_its_own_batches_what_calling_gives():
    classifier, images = tiny(), [NOISE, NOISE[::-1]]
    scores = classifier.scores_of(torch.stack([classifier.prepare(image) for image in images]))
    assert [classifier.ranked(row, 5) for row in scores] == classifier(images)


@pytest.mark.parametrize("task", ["single_label", "regression"])
def test_many_rows_are_ranked_as_each_alone_and_equal_scores_in_the_order_of_the_classes(task):
    classifier = ImageClassifier(create_model("cifar_resnet20", num_classes=3, task=task), device="cpu")
    scores = torch.tensor([[0.2, 0.5, 0.5], [0.1, 0.1, 0.1], [0.7, 0.1, 0.2]])
    indices, values = classifier.rank(scores, 2)
    for row, found, value in zip(scores, indices.tolist(), values.tolist(), strict=True):
        alone = classifier.ranked(row, 2)
        assert [one.index for one in alone] == found
        assert [one.score for one in alone] == value
    assert indices.tolist() == ([[1, 2], [0, 1], [0, 2]] if task == "single_label" else [[0, 1, 2]] * 3)


def test_prepare_names_a_bad_image_as_it_is_told():
    with pytest.raises(ImageError, match=r"'upload\.png' is empty"):
        tiny().prepare(b"", name="upload.png")


def test_a_network_of_one_channel_sees_gray():
    assert tiny(in_chans=1).classify(NOISE).seen.mode == "L"


def test_each_step_is_timed_in_milliseconds():
    timings = tiny().classify(Image.fromarray(NOISE).resize((2000, 2000))).timings
    assert all(0 < step < 60_000 for step in (timings.decode_ms, timings.preprocessing_ms, timings.network_ms))


def test_classify_names_a_bad_image_as_it_is_told():
    with pytest.raises(ImageError, match=r"'upload\.png' is empty"):
        tiny().classify(b"", name="upload.png")


def test_the_checkpoints_names_are_used(tiny_checkpoint):
    classifier = ImageClassifier.from_pretrained(tiny_checkpoint)
    assert {prediction.label for prediction in classifier(NOISE)} == {"cat", "dog", "bird"}


def test_a_prediction_carries_the_name_of_its_index(tiny_checkpoint):
    classifier = ImageClassifier.from_pretrained(tiny_checkpoint)
    best = classifier(NOISE)[0]
    assert best == Prediction(classifier.label_names[best.index], best.index, best.score)


def test_classes_without_names_are_numbered():
    assert tiny().label_names == tuple(f"class {index}" for index in range(10))


def test_a_thousand_classes_without_names_are_imagenets():
    assert tiny(num_classes=1000).label_names[340] == "zebra"


def test_names_for_another_number_of_classes_are_refused():
    model = create_model("cifar_resnet20", num_classes=3)
    model.label_names = ("cat", "dog")
    with pytest.raises(CheckpointError) as refused:
        ImageClassifier(model)
    assert code_and_fields(refused.value) == ("classifier.label_names", {"names": 2, "classes": 3})


def test_a_network_without_a_head_is_refused():
    with pytest.raises(ConfigError) as refused:
        tiny(num_classes=0)
    assert code_and_fields(refused.value) == ("classifier.no_head", {})


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_an_answer_that_is_not_finite_is_refused(value):
    classifier = tiny()
    torch.nn.init.constant_(classifier.model.fc.bias, value)
    with pytest.raises(CheckpointError) as refused:
        classifier(NOISE)
    assert code_and_fields(refused.value) == ("classifier.not_finite", {"precision": "fp32"})


def test_the_network_is_put_in_evaluation_mode():
    assert not tiny().model.training


def test_bf16_answers_nearly_as_fp32():
    exact = [p.score for p in sorted(tiny(precision="fp32")(NOISE, top_k=10), key=lambda p: p.index)]
    coarse = [p.score for p in sorted(tiny(precision="bf16")(NOISE, top_k=10), key=lambda p: p.index)]
    assert coarse == pytest.approx(exact, abs=0.02)


def test_bf16_is_not_fp32_by_another_name():
    assert tiny(precision="bf16")(NOISE) != tiny(precision="fp32")(NOISE)


def test_the_cpu_computes_in_fp32_unless_told():
    assert tiny().precision == "fp32"


def test_weights_of_another_type_are_fed_their_own(tiny_checkpoint):
    classifier = ImageClassifier.from_pretrained(tiny_checkpoint, device="cpu", dtype=torch.float64)
    assert len(classifier(NOISE)) == 3


@pytest.mark.parametrize(
    ("setting", "code", "expected"),
    [
        (
            {"precision": "fp16"},
            "checks.unknown_choice",
            {"name": "precision", "value": "fp16", "choices": "'auto', 'fp32', 'bf16', 'int8'"},
        ),
        (
            {"backend": "tensorrt"},
            "checks.unknown_choice",
            {"name": "backend", "value": "tensorrt", "choices": "'auto', 'eager', 'fused', 'onnx', 'openvino'"},
        ),
        ({"device": "gpu"}, "classifier.unknown_device", {"device": "gpu"}),
        ({"device": "cuda"}, "classifier.no_such_device", {"device": "cuda", "count": 0}),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_an_unknown_choice_is_refused_before_anything_is_loaded(setting, code, expected, monkeypatch):
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)
    with pytest.raises(ConfigError) as caught:
        ImageClassifier.from_pretrained("nobody/nothing", **setting)
    assert code_and_fields(caught.value) == (code, expected)


def test_a_batch_size_of_zero_is_refused():
    with pytest.raises(ConfigError, match="batch_size=0 is out of range"):
        tiny(batch_size=0)


def test_warming_up_changes_no_answer():
    classifier = ImageClassifier(create_model("cifar_resnet20", num_classes=3))
    image = np.full((40, 50, 3), 90, np.uint8)
    before = classifier(image)
    classifier.warm_up()
    assert classifier(image) == before
