"""Programs that send many images: an answer for each in order, problems by name, and others served in between."""

import io
import threading
import zipfile
from asyncio import sleep
from concurrent.futures import ThreadPoolExecutor

import pytest
from broken_images import saved
from browsing import served_page
from color_network import COLORS, save_color_network, solid
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from hostile_archives import link, overlapping, zipped

from resnet_hub import ImageClassifier
from resnet_hub.demo.intake.uploads import uploaded_files
from resnet_hub.demo.serving.batcher import Batcher
from resnet_hub.demo.text.page_error import PageError

pytestmark = pytest.mark.filterwarnings("ignore::pandas.errors.Pandas4Warning")


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    folder = tmp_path_factory.mktemp("colors")
    save_color_network(folder)
    return folder


@pytest.fixture(scope="module")
def address(checkpoint):
    with served_page(checkpoint, max_images=30, max_file_mb=1) as settings:
        yield settings.address


@pytest.fixture
def client(address):
    client = Client(address, verbose=False)
    yield client
    client.close()


@pytest.fixture
def files(tmp_path):
    """An image, a text, a zip of an image and of half an image, another image."""
    for name, color in (("red.png", COLORS[0]), ("blue.png", COLORS[1]), ("green.png", COLORS[2])):
        solid(color).save(tmp_path / name)
    (tmp_path / "notes.png").write_text("no picture")
    with zipfile.ZipFile(tmp_path / "more.zip", "w") as archive:
        archive.writestr("trip/blue.png", (tmp_path / "blue.png").read_bytes())
        archive.writestr("cut.png", (tmp_path / "red.png").read_bytes()[:60])
    return [tmp_path / name for name in ("red.png", "notes.png", "more.zip", "green.png")]


def sent(files):
    return [handle_file(file) for file in files]


def test_each_image_gets_its_answer_in_the_order_of_the_files(client, files, checkpoint):
    answers = client.predict(sent(files), 2, api_name="/classify_batch")
    assert [one["name"] for one in answers] == ["red.png", "notes.png", "trip/blue.png", "cut.png", "green.png"]
    assert [len(one["predictions"]) for one in answers] == [2, 0, 2, 0, 2]
    expected = ImageClassifier.from_pretrained(checkpoint, device="cpu")(files[0], top_k=2)
    assert [row["label"] for row in answers[0]["predictions"]] == [found.label for found in expected]
    assert [row["score"] for row in answers[0]["predictions"]] == pytest.approx([found.score for found in expected])


def test_what_fails_has_a_problem_in_a_sentence_and_the_rest_has_none(client, files):
    problems = [one["problem"] for one in client.predict(sent(files), api_name="/classify_batch")]
    assert [problem is None for problem in problems] == [True, False, True, False, True]
    assert "is in no image format that can be read" in problems[1]
    assert "is damaged or cut short" in problems[3]


def test_an_answer_has_the_types_that_the_documentation_names(client):
    (returned,) = client.view_api(return_format="dict")["named_endpoints"]["/classify_batch"]["returns"]
    assert returned["type"]["type"] == "array"
    assert set(returned["type"]["items"]["properties"]) == {"name", "predictions", "problem"}


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ((0, ""), "The number of classes to show must be 1 or more"),
        ((5, "../../etc"), "etc"),
    ],
    ids=["no classes", "no network"],
)
def test_settings_that_cannot_be_are_refused_before_any_work(client, files, arguments, sentence):
    with pytest.raises(AppError, match=sentence):
        client.predict(sent(files[:1]), *arguments, api_name="/classify_batch")


def test_programs_that_send_nothing_get_a_sentence(client):
    with pytest.raises(AppError, match="There are no pictures yet"):
        client.predict([], api_name="/classify_batch")


@pytest.mark.parametrize(
    ("files", "sentence"),
    [
        ([{"path": __file__}], "not, or no longer, on the server"),
        ([{"path": "/etc/passwd", "meta": {"_type": "gradio.FileData"}}], "not, or no longer, on the server"),
        ("all", "came as something else than files"),
        ([None], "came as something else than files"),
        ([{}] * 1001, "1,001 files, and at most 1,000"),
    ],
    ids=["a file of the server", "another", "no list", "no file", "too many"],
)
def test_only_uploaded_files_are_read(files, sentence):
    with pytest.raises(PageError, match=sentence):
        uploaded_files(files)


def test_an_image_that_unpacks_beyond_the_limit_fails_alone(client, files, tmp_path):
    noise = io.BytesIO()
    solid(COLORS[0]).resize((700, 700)).save(noise, "BMP")
    with zipfile.ZipFile(tmp_path / "large.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("large.bmp", noise.getvalue())
        archive.writestr("red.png", files[0].read_bytes())
    large, red = client.predict([handle_file(tmp_path / "large.zip")], api_name="/classify_batch")
    assert "more than the 1,000,000 that are read" in large["problem"]
    assert red["predictions"][0]["label"] == "crimson"


RED = saved(solid(COLORS[0]))
MARKUP = "<img src=x onerror=alert(1)>.png"
# What is packed, and for each answer its name with the words of its problem, None where it is answered.
ZIPS = {
    "ways out of the folder": (
        zipped(("../../a.png", RED), ("/etc/b.png", RED), ("..\\..\\c.png", RED), ("C:\\d.png", RED)),
        [("a.png", None), ("etc/b.png", None), ("c.png", None), ("d.png", None)],
    ),
    "a zip inside": (
        zipped(("a.png", RED), ("b.zip", zipped(("c.png", RED)))),
        [("a.png", None), ("b.zip", "archive inside an archive, which is not opened")],
    ),
    "a zip inside, named as a picture": (
        zipped(("a.png", zipped(("b.png", RED)))),
        [("a.png", "archive inside an archive, which is not opened")],
    ),
    "10,000 entries": (
        zipped(*((f"{number}", b"") for number in range(10_000))),
        [("all.zip", "has 10,000 entries, more than the 2,000 that are looked at; send a part")],
    ),
    "a name that is markup": (zipped((MARKUP, RED)), [(MARKUP, None)]),
    "zeros only": (zipped(("a.png", bytes(900_000))), [("a.png", "is in no image format")]),
    "a bomb": (zipped(("a.png", bytes(50_000_000))), [("a.png", "more than the 1,000,000 that are read")]),
    "entries that share their bytes": (overlapping(bytes(10_000), 50), [("all.zip", "as in a bomb")]),
    "a link": (zipped(link("a.png", b"/etc/passwd")), [("a.png", "is a link, which is never followed")]),
}


@pytest.mark.parametrize(("data", "expected"), ZIPS.values(), ids=ZIPS)
def test_a_zip_of_a_stranger_gets_its_answers_and_so_does_the_file_after_it(client, files, tmp_path, data, expected):
    (tmp_path / "all.zip").write_bytes(data)
    *answers, last = client.predict(sent([tmp_path / "all.zip", files[0]]), 1, api_name="/classify_batch")
    assert [one["name"] for one in answers] == [name for name, _ in expected]
    for answer, (_, words) in zip(answers, expected, strict=True):
        assert [one["label"] for one in answer["predictions"]] == ([] if words else ["crimson"])
        assert words in answer["problem"] if words else answer["problem"] is None
    assert last["predictions"][0]["label"] == "crimson"


def test_a_single_image_is_answered_while_many_are_under_way(client, address, files, tmp_path, monkeypatch):
    with zipfile.ZipFile(tmp_path / "many.zip", "w") as archive:
        for index in range(30):
            archive.writestr(f"{index}.png", (tmp_path / "blue.png").read_bytes())
    gate, scores = threading.Event(), Batcher.scores

    async def blue_ones_wait(batcher, pixels):
        while pixels[2, 0, 0] > pixels[0, 0, 0] and not gate.is_set():
            await sleep(0.02)
        return await scores(batcher, pixels)

    monkeypatch.setattr(Batcher, "scores", blue_ones_wait)
    with ThreadPoolExecutor(1) as pool:
        many = pool.submit(client.predict, sent([tmp_path / "many.zip"]), api_name="/classify_batch")
        other = Client(address, verbose=False)
        try:
            single = other.predict(handle_file(files[0]), api_name="/predict")
            assert single["predictions"][0]["label"] == "crimson"
            assert not many.done()
        finally:
            gate.set()
            other.close()
        assert len(many.result()) == 30
