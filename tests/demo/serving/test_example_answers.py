"""What is kept of the examples: the answer of the page's own network and its evidence, and nothing of visitors."""

import pytest
from broken_images import cut_jpeg
from browsing import awaited
from color_network import COLORS, LABELS, save_color_network, solid

from resnet_hub.demo.serving import ExampleAnswers, Inference, example_answers, start_pool
from resnet_hub.demo.settings import PageSettings


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("kept")
    for name in ("colors", "same"):
        save_color_network(place / name)
    return place


@pytest.fixture
def inference(folder):
    settings = PageSettings(model=str(folder / "colors"), models=str(folder / "same"), device="cpu", precision="fp32")
    return Inference(settings, start_pool(settings))


@pytest.fixture
def paths(folder):
    return sorted((folder / "colors" / "examples").iterdir())


@pytest.fixture
def asked(inference, monkeypatch):
    """The names of the networks that were asked, one for each time."""
    names, answer = [], inference.answer

    async def noted(model, *rest):
        names.append(model.name)
        return await answer(model, *rest)

    monkeypatch.setattr(inference, "answer", noted)
    return names


def best(answer):
    return answer.classification.predictions[0].label


def test_the_page_opens_with_the_first_example_and_the_answer_of_its_own_network(inference, paths):
    answers = ExampleAnswers(inference, paths)
    assert answers.first == paths[0]
    answer = answers.opening(paths[0], 2)
    assert answer.classification.timings.network_ms > 0
    assert best(answer) == LABELS[2]
    assert len(answer.classification.predictions) == 2
    assert answers.opening_evidence(paths[0], answer).label == LABELS[2]


def test_an_example_is_answered_once_and_not_once_a_visitor(inference, paths, asked):
    answers = ExampleAnswers(inference, paths)
    answers.opening(paths[0], 5)
    for path, label in zip(paths[:2], (LABELS[2], LABELS[0]), strict=True):
        for top_k in (3, 1):
            answer = awaited(answers.classify(path.read_bytes(), "", top_k))
            assert best(answer) == label
            assert len(answer.classification.predictions) == top_k
    assert asked == ["colors"]  # the second example, the first time


def test_the_evidence_of_an_example_is_found_once(inference, paths, monkeypatch):
    found, heat_map = [], example_answers.heat_map
    monkeypatch.setattr(example_answers, "heat_map", lambda *given: (found.append(1), heat_map(*given))[1])
    answers, image = ExampleAnswers(inference, paths), paths[1].read_bytes()
    for _ in range(2):
        answer = awaited(answers.classify(image, "", 1))
        assert awaited(answers.evidence(image, answer)).label == LABELS[0]
    assert found == [1]


def test_nothing_is_kept_of_an_image_of_a_visitor_or_of_another_network(inference, paths, asked, tmp_path):
    answers = ExampleAnswers(inference, paths)
    solid(COLORS[1]).resize((70, 70)).save(tmp_path / "own.png")
    for _ in range(2):
        awaited(answers.classify((tmp_path / "own.png").read_bytes(), "", 1))
        awaited(answers.classify(paths[0].read_bytes(), "same", 1))
    assert asked == ["colors", "same"] * 2


def test_a_network_that_takes_the_place_of_the_page_s_own_answers_anew(inference, paths, asked):
    answers = ExampleAnswers(inference, paths)
    answers.opening(paths[0], 1)
    own = inference.pool.own
    new = inference.pool.put(own.classifier, own.facts)
    assert new is not own
    assert awaited(answers.classify(paths[0].read_bytes(), "", 1)).model is new
    assert asked == ["colors"]


def test_an_example_is_known_by_what_is_in_the_file(inference, paths, tmp_path, monkeypatch):
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    answers = ExampleAnswers(inference, paths)
    (tmp_path / "renamed.png").write_bytes(paths[1].read_bytes())
    same_size = bytearray(paths[1].read_bytes())
    same_size[-1] ^= 1
    (tmp_path / "other.png").write_bytes(same_size)
    assert answers.example({"path": str(tmp_path / "renamed.png")}) == paths[1]
    assert answers.example({"path": str(tmp_path / "other.png")}) is None
    assert answers.example({"path": str(paths[1])}) is None  # it was not sent to this page
    assert answers.example(None) is None


def test_a_broken_example_opens_no_page_and_is_told_in_the_log(inference, tmp_path, caplog):
    (tmp_path / "a.jpg").write_bytes(cut_jpeg())
    answers = ExampleAnswers(inference, [tmp_path / "a.jpg"])
    assert answers.opening(tmp_path / "a.jpg", 5) is None
    assert "the page opens without an example" in caplog.text
