"""/predict and /compare as programs call them: by gradio's client, and by plain HTTP with mistakes of every kind."""

import json
import math

import httpx
import pytest
from browsing import served_page
from color_network import COLORS, LABELS, save_color_network, solid
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError

from resnet_hub import create_model
from resnet_hub.classifier import ImageClassifier

pytestmark = pytest.mark.filterwarnings("ignore::pandas.errors.Pandas4Warning")
FILE = {"_type": "gradio.FileData"}
IMAGE = "a picture that was uploaded"
NOT_THERE = "This picture is not, or no longer, on the server"
UPLOAD_FIRST = "A picture must be uploaded to /gradio_api/upload first"
TOO_FEW = "The number of classes to show must be 1 or more."


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Three networks: of colors, of two classes, and one that does not load; and an image."""
    place = tmp_path_factory.mktemp("api")
    save_color_network(place / "colors")
    create_model("cifar_resnet20", num_classes=2, label_names=("<b>warm</b>", "cold")).save_pretrained(place / "two")
    (place / "broken").mkdir()
    (place / "broken" / "config.json").write_text("{}")
    solid(COLORS[0]).save(place / "crimson.png")
    return place


@pytest.fixture(scope="module")
def address(folder):
    with served_page(folder / "colors", models=f"{folder / 'two'}, {folder / 'broken'}") as settings:
        yield settings.address


@pytest.fixture(scope="module")
def client(address):
    client = Client(address, verbose=False)
    yield client
    client.close()


@pytest.fixture(scope="module")
def web(address):
    with httpx.Client(base_url=f"{address}/gradio_api", timeout=300) as web:
        yield web


@pytest.fixture(scope="module")
def upload(web, folder):
    """Uploads the image anew; returns what stands for it."""

    def send():
        with (folder / "crimson.png").open("rb") as file:
            (path,) = web.post("/upload", files={"files": file}).json()
        return {"path": path, "meta": FILE}

    return send


@pytest.fixture(scope="module")
def post(web, upload):
    """Sends values, or a body, to a name; returns the event and its data."""

    def send(name, values):
        values = [upload() if value is IMAGE else value for value in values]
        sent = web.post(
            f"/call/{name}", content=json.dumps({"data": values}), headers={"Content-Type": "application/json"}
        )
        lines = web.get(f"/call/{name}/{sent.json()['event_id']}").text.splitlines()
        return lines[0].removeprefix("event: "), json.loads(lines[1].removeprefix("data: "))

    return send


def test_predict_answers_as_the_classifier_does(client, folder):
    answer = client.predict(image=handle_file(folder / "crimson.png"), top_k=2, api_name="/predict")
    expected = ImageClassifier.from_pretrained(folder / "colors", device="cpu")(folder / "crimson.png", top_k=2)
    assert answer["predictions"] == [
        {"label": one.label, "index": one.index, "score": pytest.approx(one.score, abs=1e-6)} for one in expected
    ]
    assert answer["model"] == "colors"
    assert answer["sentence"].startswith("Most likely crimson, ")
    assert set(answer["milliseconds"]) == {"decode", "preprocessing", "network"}


def test_plain_http_gets_the_same_answer(client, post, folder):
    event, (answer,) = post("predict", [IMAGE, 2, "two"])
    asked = client.predict(handle_file(folder / "crimson.png"), 2, "two", api_name="/predict")
    assert event == "complete"
    assert answer | {"milliseconds": 0} == asked | {"milliseconds": 0}
    assert answer["model"] == "two"


def test_values_may_be_sent_by_name(web, upload):
    sent = web.post("/call/v2/predict", json={"image": upload(), "model": "two"}).json()
    assert '"model": "two"' in web.get(f"/call/v2/predict/{sent['event_id']}").text


def test_compare_answers_for_each_network_and_says_that_they_differ(client, folder):
    answer = client.predict(handle_file(folder / "crimson.png"), ["two", "colors"], top_k=1, api_name="/compare")
    first, second = answer["models"]
    assert (first["name"], second["name"]) == ("two", "colors")
    assert second["predictions"][0]["label"] == "crimson"
    assert second["parameters"] == sum(
        parameter.numel() for parameter in ImageClassifier.from_pretrained(folder / "colors").model.parameters()
    )
    assert first["milliseconds"]["network"] > 0
    assert answer["agree"] is False
    assert answer["sentence"].startswith("They do not agree: two says ")
    assert answer["sentence"].endswith("; colors says crimson.")


def test_a_network_that_fails_is_a_sentence_and_the_others_answer(client, folder):
    answer = client.predict(handle_file(folder / "crimson.png"), ["colors", "broken", "no/where"], api_name="/compare")
    fine, broken, missing = answer["models"]
    assert fine["problem"] is None
    assert fine["sentence"].startswith("Most likely crimson, ")
    assert "config.json names no architecture" in broken["problem"].lower()
    assert missing["problem"] == "This page does not offer the model 'no/where'; choose one of the list."
    assert (broken["predictions"], broken["parameters"], broken["milliseconds"]) == ([], None, None)
    assert (answer["agree"], answer["sentence"]) == (
        None,
        "Only one network has answered, so there is nothing to compare.",
    )


MISTAKES = {
    "no picture": ("predict", [None, 3, ""], "There is no picture yet"),
    "a file of the server": ("predict", [{"path": "/etc/passwd", "meta": FILE}, 3, ""], NOT_THERE),
    "the same in disguise": ("predict", [{"path": "/etc/passwd"}, 3, ""], NOT_THERE),
    "an unclean path": ("predict", [{"path": "a\0b", "meta": FILE}, 3, ""], UPLOAD_FIRST),
    "an address": ("predict", [{"path": "http://127.0.0.1/a.png", "meta": FILE}, 3, ""], "not public"),
    "a list for a picture": ("predict", [[1], 3, ""], UPLOAD_FIRST),
    "a text for a picture": ("predict", ["flower.jpg", 3, ""], UPLOAD_FIRST),
    "an object for a picture": ("predict", [{"a": 1}, 3, ""], NOT_THERE),
    "no class": ("predict", [IMAGE, 0, ""], TOO_FEW),
    "a text for a number": ("predict", [IMAGE, "3", ""], TOO_FEW),
    "null for a number": ("predict", [IMAGE, None, ""], TOO_FEW),
    "no number": ("predict", [IMAGE, math.nan, ""], TOO_FEW),
    "true for a number": ("predict", [IMAGE, True, ""], TOO_FEW),
    "an unknown model": ("predict", [IMAGE, 3, "alice/nowhere"], "does not offer the model 'alice/nowhere'"),
    "markup for a model": ("predict", [IMAGE, 3, "<b>"], "'<b>' is no Hub id"),
    "a number for a model": ("predict", [IMAGE, 3, 5], "A model is chosen by its name, a text, not int."),
    "a long name": ("predict", [IMAGE, 3, "x" * 100_000], "at most 200 characters"),
    "too few values": (
        "predict",
        [IMAGE],
        "/predict takes 3 values, in this order: image, top_k, model; there came 1",
    ),
    "too many values": ("predict", [IMAGE, 3, "", 1], "there came 4"),
    "one network": ("compare", [IMAGE, ["colors", "colors "], 3], "Choose 2 to 4 different models"),
    "five networks": ("compare", [IMAGE, list("abcde"), 3], "Choose 2 to 4 different models to compare, not 5"),
    "a text for a list": ("compare", [IMAGE, "colors", 3], "must be a list of 2 to 4 names"),
    "numbers for names": ("compare", [IMAGE, [1, 2], 3], "must be a list of 2 to 4 names"),
    "an address among many": (
        "classify_batch",
        [[{"path": "http://127.0.0.1:9/a.png", "meta": FILE}], 3, ""],
        "Only a single",
    ),
    "a file of the server among many": ("classify_batch", [[{"path": "/etc/passwd", "meta": FILE}], 3, ""], NOT_THERE),
    "no files": ("classify_batch", [[], 3, ""], "There are no pictures yet"),
    "a text for files": ("classify_batch", ["flower.jpg", 3, ""], UPLOAD_FIRST),
    "no picture to compare": ("compare", [None, ["colors", "two"], 3], "There is no picture yet"),
}


@pytest.mark.parametrize(("name", "values", "sentence"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_one_sentence_over_http(post, caplog, name, values, sentence):
    event, data = post(name, values)
    assert event == "error"
    assert sentence in data["error"]
    assert "\n" not in data["error"]
    assert "Traceback" not in caplog.text


@pytest.mark.parametrize("number", [1e300, math.inf, 2.9])
def test_a_number_that_is_large_or_no_integer_gets_what_there_is(post, number):
    event, (answer,) = post("predict", [IMAGE, number, ""])
    assert event == "complete"
    assert [one["label"] for one in answer["predictions"]] == list(LABELS)[: int(min(number, 3))]


@pytest.mark.parametrize(
    ("path", "body", "status", "sentence"),
    [
        ("/call/nothing", {"data": []}, 404, "There is no such endpoint; there are /predict, "),
        ("/call/v2/nothing", {}, 404, "There is no such endpoint; there are /predict, "),
        ("/call/v2/predict", {}, 400, "/predict takes these values by name: image, top_k, model."),
        ("/call/v2/predict", {"photo": 1}, 400, "/predict takes these values by name: image, top_k, model."),
    ],
    ids=["no such name", "none by name", "nothing sent", "another name"],
)
def test_a_request_for_nothing_is_told_what_there_is(web, path, body, status, sentence):
    answer = web.post(path, json=body)
    assert answer.status_code == status
    assert answer.json()["detail"].startswith(sentence)


@pytest.mark.parametrize("body", ["", "nonsense", "[]", "{}"])
def test_a_body_that_is_none_is_refused_without_a_path_of_the_server(web, body):
    answer = web.post("/call/predict", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 422
    assert ".py" not in answer.text


def test_python_reads_the_sentence_as_it_was_meant(client, folder):
    with pytest.raises(AppError, match=r"^'<b>' is no Hub id"):
        client.predict(handle_file(folder / "crimson.png"), 3, "<b>", api_name="/predict")


def test_each_value_is_described_where_the_page_shows_its_api(client):
    endpoints = client.view_api(return_format="dict")["named_endpoints"]
    assert {
        name: [one["parameter_name"] for one in endpoints[name]["parameters"]] for name in ("/predict", "/compare")
    } == {
        "/predict": ["image", "top_k", "model"],
        "/compare": ["image", "models", "top_k"],
    }
    for described in endpoints.values():
        assert described["description"].endswith(".")
        assert [one["label"] for one in described["parameters"]] == [
            one["parameter_name"] for one in described["parameters"]
        ]
    assert endpoints["/compare"]["parameters"][1]["type"]["items"] == {"type": "string"}
