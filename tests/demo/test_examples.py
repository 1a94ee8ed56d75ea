"""The example images of a page: whose they are, and that a network is right about those that it is given."""

import pytest
from PIL import Image

from resnet_hub.checkpoint import BUNDLED
from resnet_hub.classifier import ImageClassifier
from resnet_hub.demo.examples import FREE_IMAGES, MOST, all_examples, find_examples, free_sources
from resnet_hub.demo.text.words import say
from resnet_hub.registry import imagenet_label_names

CIFAR10 = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")


def test_images_beside_the_checkpoint_are_the_examples(tmp_path):
    (tmp_path / "examples").mkdir()
    for name in ("b.png", "a.JPG"):
        Image.new("RGB", (4, 4)).save(tmp_path / "examples" / name)
    (tmp_path / "examples" / "notes.txt").write_text("no picture")
    assert [path.name for path in find_examples(str(tmp_path)).paths] == ["a.JPG", "b.png"]


def test_no_more_examples_than_fit_a_row(tmp_path):
    (tmp_path / "examples").mkdir()
    for number in range(MOST + 3):
        Image.new("RGB", (4, 4)).save(tmp_path / "examples" / f"{number}.png")
    assert len(find_examples(str(tmp_path)).paths) == MOST


def test_free_images_stand_in_where_a_network_brings_none():
    paths = find_examples("owner/name").paths
    assert len(paths) == MOST
    for path in paths:
        with Image.open(path) as image:
            assert image.format == "JPEG"
            assert max(image.size) >= 300


@pytest.mark.parametrize(
    ("label_names", "names", "known"),
    [
        (CIFAR10, ["2-cat", "4-airplane", "5-taxi", "6-dog", "7-horse", "8-eagle"], True),
        (imagenet_label_names(), ["1-espresso", "2-cat", "3-photographer", "4-airplane", "5-taxi", "6-dog"], True),
        (("horse", "unicorn"), ["7-horse"], True),
        ((), ["1-espresso", "2-cat", "3-photographer", "4-airplane", "5-taxi", "6-dog"], True),
        (("ants", "bees"), ["1-espresso", "2-cat", "3-photographer", "4-airplane", "5-taxi", "6-dog"], False),
    ],
    ids=["CIFAR-10", "ImageNet", "one class of all", "no names", "none"],
)
def test_free_images_are_those_of_classes_that_the_network_knows(label_names, names, known):
    examples = find_examples("owner/name", label_names)
    assert [path.stem for path in examples.paths] == names
    assert examples.known is known


def true_classes(classifier, path):
    """The classes of a free image among those of a network."""
    return set(free_sources()[path.name]["shows"]) & set(classifier.label_names)


def test_the_bundled_network_is_right_about_each_of_its_examples():
    bundled = ImageClassifier.from_pretrained(BUNDLED, device="cpu")
    paths = find_examples(BUNDLED, bundled.label_names).paths
    assert len(paths) == MOST
    for path in paths:
        (best,) = bundled(path, top_k=1)
        assert best.label in true_classes(bundled, path)
        assert best.score > 0.9


def test_an_imagenet_network_is_right_about_each_of_its_examples(data_folder):
    network = ImageClassifier.from_pretrained(data_folder / "weights" / "resnet50-imagenet", device="cpu")
    for path in find_examples("owner/name", network.label_names).paths:
        assert network(path, top_k=1)[0].label in true_classes(network, path)


def test_the_credit_names_whom_each_free_image_is_from():
    examples, sources = find_examples("owner/name"), free_sources()
    assert sorted(sources) == sorted(path.name for path in FREE_IMAGES.iterdir() if path.suffix == ".jpg")
    for source in sources.values():
        assert source["license"] == "CC0-1.0"
        assert source["credit"] in say(examples.credit, "en")
        assert source["credit"] in say(examples.credit, "zh-CN")


def test_those_of_the_first_network_go_before_all_others(tmp_path):
    (tmp_path / "examples").mkdir()
    Image.new("RGB", (4, 4)).save(tmp_path / "examples" / "a.png")
    first = find_examples("owner/name", ["horse"])
    names = [path.name for path in all_examples(first, [tmp_path, tmp_path / "absent"])]
    assert names[:3] == ["7-horse.jpg", "a.png", "1-espresso.jpg"]
    assert sorted(names) == sorted({*names, *free_sources()})
