"""Answers in order, those of the classifier, and never more images in memory than two batches and one."""

import itertools
import threading
import time

import pytest
import torch
from color_network import COLORS, solid

from resnet_hub import ImageClassifier, create_model
from resnet_hub.cli.inference.answers import answers
from resnet_hub.cli.inference.image_files import ImageFile
from resnet_hub.cli.inference.tally import Folder


@pytest.fixture(scope="module")
def classifier():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return ImageClassifier(create_model("cifar_resnet20", num_classes=3), batch_size=4)


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    """Three images and a text, by the names "0" to "3"."""
    folder = tmp_path_factory.mktemp("photos")
    for number, color in enumerate(COLORS):
        solid(color).save(folder / str(number), "PNG")
    (folder / "3").write_text("no image")
    return folder


def nothing():
    """What is called for each file, where nobody counts."""


def test_answers_are_the_classifier_s_in_the_order_of_the_files(classifier, photos):
    order = [0, 1, 2, 2, 1, 0, 0, 2, 1]
    found = list(answers(classifier, (ImageFile(str(photos / str(number))) for number in order), 2, nothing))
    assert [answer.file for answer in found] == [str(photos / str(number)) for number in order]
    for answer, number in zip(found, order, strict=True):
        expected = classifier(photos / str(number), top_k=2)
        assert [(one.label, one.index) for one in answer.predictions] == [(one.label, one.index) for one in expected]
        assert [one.score for one in answer.predictions] == pytest.approx([one.score for one in expected], abs=1e-6)


def test_files_that_are_no_images_are_counted_in_a_folder_and_a_problem_where_they_were_named(classifier, photos):
    folder, done = Folder(str(photos)), []
    files = [ImageFile(str(photos / "3"), folder), ImageFile(str(photos / "3")), ImageFile(str(photos / "0"), folder)]
    named, found = answers(classifier, files, 1, lambda: done.append(1))
    assert (folder.no_images.count, folder.no_images.first) == (1, [str(photos / "3")])
    assert named.problem.code == "preprocessing.unknown_format"
    assert len(found.predictions) == 1
    assert len(done) == 3


def test_no_more_images_are_open_than_two_batches_however_slowly_they_are_taken(classifier, photos, monkeypatch):
    taken, decoded, lock, most = itertools.count(1), [0], threading.Lock(), []
    pixels_of = classifier.pixels_of

    def counted(path):
        with lock:
            decoded[0] += 1
        return pixels_of(path)

    monkeypatch.setattr(classifier, "pixels_of", counted)
    listed = (ImageFile(str(photos / str(next(taken) % 3))) for _ in range(200))
    for answered, _ in enumerate(answers(classifier, listed, 1, nothing)):
        if answered % 50 == 0:
            time.sleep(0.05)  # threads that ran ahead without bound would be far by now
        most.append(decoded[0] - answered)
    assert len(most) == 200
    assert max(most) <= 3 * classifier.batch_size + 1


def test_whoever_stops_early_leaves_no_thread_behind(classifier, photos):
    found = answers(classifier, (ImageFile(str(photos / "0")) for _ in itertools.count()), 1, nothing)
    next(found)
    found.close()
    assert not [one for one in threading.enumerate() if one.name.startswith("decode ahead")]
