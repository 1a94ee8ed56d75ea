"""The files of a Space: front matter, entry, requirements, sources; and the folder that really runs."""

import json
import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from shutil import copytree
from urllib.request import urlopen

import pytest
from color_network import COLORS, solid
from gradio_client import Client, handle_file
from huggingface_hub import SpaceCard
from running_app import free_port

from resnet_hub import ImageClassifier
from resnet_hub.card.parse import CardText
from resnet_hub.errors import CheckpointError, ConfigError
from resnet_hub.space import files as space
from resnet_hub.space.files import APP, PresentSpace, SpaceSettings, check_present, space_files, stale_paths
from resnet_hub.space.model import served_model
from resnet_hub.space.push import write_space

REPOSITORY = Path(__file__).resolve().parents[2]
SPACE = "alice/which-animal"
HOSTILE = "Who's \"this\": {a: b} # <b>&\\ 'x' 🪜 *!![]|>%@`"
PREVIEW = "https://huggingface.co/spaces/alice/which-animal/resolve/main/preview.jpg"
NOTHING, PLAIN = PresentSpace(), SpaceSettings()
# Ends the program when it opens any resnet_hub but the one in the current folder.
GUARD = """
import os, runpy, sys
here = os.getcwd() + os.sep
def refuse(event, arguments):
    path = str(arguments[0]) if event == "open" else ""
    if "/resnet_hub/" in path and not os.path.abspath(path).startswith(here):
        sys.stderr.write(f"opened {path}\\n")
        os._exit(3)
sys.addaudithook(refuse)
sys.path.insert(0, os.getcwd())
sys.argv = ["app.py"]
runpy.run_path("app.py", run_name="__main__")
"""


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """A small network of three classes, one with a hostile name, as a Space would serve it from a folder."""
    import torch

    from resnet_hub import create_model

    folder = tmp_path_factory.mktemp("served")
    with torch.random.fork_rng():
        torch.manual_seed(0)
        names = ("cat", "dog", "<img src=x>](a)\n---")
        create_model("cifar_resnet20", num_classes=3, label_names=names).save_pretrained(folder)
    return served_model(str(folder))


def card(files):
    return SpaceCard(files["README.md"].decode(), ignore_metadata_errors=False)


def present(readme, *paths, page=b"{}"):
    return PresentSpace(frozenset(paths) | {"README.md"}, CardText.parse(readme.encode(), "README.md"), page)


def test_the_front_matter_is_that_of_a_gradio_space(model):
    data = card(space_files(model, SPACE, NOTHING, PLAIN)).data.to_dict()
    pinned = dict(line.split("==") for line in (REPOSITORY / "constraints.txt").read_text().split() if "==" in line)
    assert (data["sdk"], data["app_file"], data["title"]) == ("gradio", "app.py", "Which animal")
    assert data["sdk_version"] == pinned["gradio"]
    assert data["python_version"] == f"{sys.version_info.major}.{sys.version_info.minor}"
    assert not {"suggested_hardware", "models", "preload_from_hub", "license"} & data.keys()


def test_a_license_that_the_hub_does_not_know_is_named_and_goes_with_the_next(model):
    named = card(space_files(replace(model, license="uber-nc"), SPACE, NOTHING, PLAIN))
    assert (named.data.license, named.data.license_name) == ("other", "uber-nc")
    known = card(space_files(replace(model, license="mit"), SPACE, present(str(named)), PLAIN))
    assert (known.data.license, known.data.get("license_name")) == ("mit", None)


@pytest.mark.parametrize("title", [HOSTILE, "true", "3.10", "- a", "x" * 100])
def test_any_title_is_text(model, title):
    files = space_files(model, SPACE, NOTHING, SpaceSettings(title))
    assert card(files).data.title == title
    assert json.loads(files["page.json"])["RESNET_HUB_TITLE"] == title


@pytest.mark.parametrize("title", ["", "  ", "x" * 101, "a\nb: c", "a\x1b[2J", "a\u202eb"])
def test_a_title_that_is_no_line_is_refused(title):
    with pytest.raises(ConfigError, match="one line"):
        SpaceSettings(title)


@pytest.mark.parametrize("hardware", ["t4", "zero", ""])
def test_hardware_that_the_hub_does_not_have_is_refused(hardware):
    with pytest.raises(ConfigError, match="cpu-basic, cpu-upgrade"):
        SpaceSettings(hardware=hardware)


def test_names_of_classes_are_no_markup(model):
    from markdown_it import MarkdownIt

    text = space_files(model, SPACE, NOTHING, SpaceSettings(HOSTILE))["README.md"].decode()
    html = MarkdownIt("commonmark").render(text.split("---\n", 2)[2])
    assert not re.search(r"<(img|b|hr|a)\b", html)
    assert "&lt;img src=x&gt;" in html


def test_what_its_owner_wrote_stays(model):
    readme = "---\ntitle: Mine # yes\nsdk: gradio\nsdk_version: 5.0.0\npinned: true\nemoji: 🐜\n---\n\n# My own words\n"
    text = space_files(model, SPACE, present(readme), SpaceSettings(hardware="t4-small"))["README.md"].decode()
    assert text.startswith("---\ntitle: Mine # yes\nsdk: gradio\nsdk_version: 6.")
    assert text.endswith("---\n\n# My own words\n")
    assert {"pinned": True, "emoji": "🐜", "suggested_hardware": "t4-small"}.items() <= CardText.parse(
        text.encode(), "it"
    ).metadata.items()


def test_the_sentence_that_the_hub_puts_into_a_new_space_gives_way_to_ours(model):
    readme = (
        "---\ntitle: Mine\nsdk: gradio\n---\n\nCheck out the configuration reference at"
        " https://huggingface.co/docs/hub/spaces-config-reference\n"
    )
    text = space_files(model, SPACE, present(readme), PLAIN)["README.md"].decode()
    assert "# Mine\n" in text
    assert "configuration reference" not in text


def test_our_own_text_is_brought_up_to_date(model):
    first = space_files(model, SPACE, NOTHING, SpaceSettings("First"))["README.md"].decode()
    text = space_files(model, SPACE, present(f"{first}\nMy words.\n"), SpaceSettings("Second"))["README.md"].decode()
    assert text == first.replace("First", "Second") + "\nMy words.\n"


def test_the_same_twice_is_the_same(model):
    first = space_files(model, SPACE, NOTHING, SpaceSettings(HOSTILE))
    again = space_files(model, SPACE, present(first["README.md"].decode(), page=first["page.json"]), PLAIN)
    assert again == first


def test_variables_in_page_json_stay_but_for_the_model(model):
    page = json.dumps({"RESNET_HUB_TITLE": "Old", "RESNET_HUB_MODEL": "a/b", "RESNET_HUB_MAX_QUEUE": "8"}).encode()
    assert json.loads(space_files(model, SPACE, present("", page=page), PLAIN)["page.json"]) == {
        "RESNET_HUB_TITLE": "Old",
        "RESNET_HUB_MODEL": "checkpoint",
        "RESNET_HUB_MAX_QUEUE": "8",
        "RESNET_HUB_PREVIEW": PREVIEW,
    }


def test_nothing_but_sources_is_sent(model):
    paths = set(space_files(model, SPACE, NOTHING, PLAIN))
    tracked = subprocess.run(["git", "ls-files", "resnet_hub"], cwd=REPOSITORY, capture_output=True, text=True)
    sent = {path for path in paths if path.startswith("resnet_hub/")}
    in_browsers = ("resnet_hub/space/static/page/", "resnet_hub/space/static/runtime/")
    assert sent == {path for path in tracked.stdout.split() if not path.startswith(in_browsers)}
    assert paths - sent == {
        *("README.md", "app.py", "page.json", "preview.jpg", "requirements.txt", "LICENSE"),
        *(f"checkpoint/{name}" for name in ("config.json", "model.safetensors", "README.md")),
    }


def test_what_merely_lies_beside_the_sources_is_not_sent(model, tmp_path, monkeypatch):
    package = tmp_path / "resnet_hub"
    for name in (
        "net.py",
        "demo/style.css",
        "token.txt",
        ".env.py",
        "__pycache__/net.cpython-311.pyc",
        "best.safetensors",
    ):
        (package / name).parent.mkdir(parents=True, exist_ok=True)
        (package / name).write_text("x")
    monkeypatch.setattr(space, "PACKAGE", package)
    files = space_files(model, SPACE, NOTHING, PLAIN)
    assert {path for path in files if path.startswith("resnet_hub/")} == {
        "resnet_hub/net.py",
        "resnet_hub/demo/style.css",
    }


def test_the_page_s_words_and_the_network_that_comes_with_it_are_sent(model, tmp_path, monkeypatch):
    package = tmp_path / "resnet_hub"
    sent = {"demo/words/page.toml", *(f"pretrained/small/{name}" for name in ("README.md", "model.safetensors"))}
    for name in (*sent, "pretrained/small/.cache", "pretrained/other.safetensors"):
        (package / name).parent.mkdir(parents=True, exist_ok=True)
        (package / name).write_text("x")
    monkeypatch.setattr(space, "PACKAGE", package)
    monkeypatch.setattr(space, "BUNDLED", package / "pretrained" / "small")
    files = space_files(model, SPACE, NOTHING, PLAIN)
    assert {path for path in files if path.startswith("resnet_hub/")} == {f"resnet_hub/{name}" for name in sent}


def test_what_an_earlier_version_left_is_removed_and_the_owner_s_files_are_not(model):
    there = present(
        "", "resnet_hub/gone.py", "checkpoint/examples/a.png", "resnet_hub/cli/entry.py", "notes.md", "data/x"
    )
    assert stale_paths(there, space_files(model, SPACE, there, PLAIN)) == [
        "checkpoint/examples/a.png",
        "resnet_hub/gone.py",
    ]


@pytest.mark.parametrize(
    ("readme", "paths"),
    [("", ["app.py"]), ("---\napp_file: main.py\n---\n", ["main.py"])],
    ids=["app.py", "another entry"],
)
def test_a_stranger_s_program_is_not_overwritten(readme, paths):
    with pytest.raises(ConfigError, match=f"{paths[0]}.*would be overwritten"):
        check_present(present(readme, *paths), "it")
    check_present(present(readme, *paths, "page.json"), "it")
    check_present(present(readme, "notes.md"), "it")


def test_a_broken_card_is_named_and_left_alone(model, tmp_path):
    (tmp_path / "page.json").write_text("{}")
    (tmp_path / "README.md").write_text("---\n[\n---\nmine")
    with pytest.raises(CheckpointError) as refused:
        write_space(tmp_path, model, SPACE, PLAIN)
    facts = refused.value.fields
    assert (refused.value.code, facts["where"]) == ("card.invalid_yaml", str(tmp_path / "README.md"))
    assert facts["fault"].fields["line"] == 2
    assert sorted(path.name for path in tmp_path.iterdir()) == ["README.md", "page.json"]


def test_the_entry_of_a_space_is_the_project_s_own():
    assert (REPOSITORY / "app.py").read_text("utf-8") == APP


@pytest.fixture(scope="module")
def folder(model, tmp_path_factory):
    folder = tmp_path_factory.mktemp("space") / "which-animal"
    write_space(folder, model, SPACE, SpaceSettings(HOSTILE))
    return folder


def test_the_folder_runs_by_itself_and_answers_as_the_classifier_does(model, folder, tmp_path):
    image = tmp_path / "image.png"
    solid(COLORS[0]).save(image)
    clean = {name: os.environ[name] for name in ("PATH", "OMP_NUM_THREADS", "HF_HOME") if name in os.environ}
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-s", "-P", "-c", GUARD],
        cwd=folder,
        env={**clean, "PORT": str(port), "HF_HUB_OFFLINE": "1", "RESNET_HUB_PRECISION": "fp32"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        printed = process.stdout.readline().strip()
        assert printed == f"http://127.0.0.1:{port}", process.communicate(timeout=300)[1]
        client = Client(printed, verbose=False, download_files=str(tmp_path))
        assert client.config["title"] == HOSTILE
        found = client.predict(handle_file(image), api_name="/predict")["predictions"]
        client.close()
        with urlopen(f"{printed}/health", timeout=300) as answer:
            assert json.load(answer) == {"status": "ok", "model": "checkpoint", "missing": None}
    finally:
        process.terminate()
        process.communicate(timeout=300)
    expected = ImageClassifier.from_pretrained(model.files["checkpoint/config.json"].parent)(image)
    assert [one["label"] for one in found] == [one.label for one in expected]
    assert [one["score"] for one in found] == pytest.approx([one.score for one in expected])


def test_a_folder_is_brought_up_to_date(model, folder, tmp_path):
    folder = copytree(folder, tmp_path / "space")
    (folder / "resnet_hub" / "gone.py").write_text("")
    (folder / "notes.md").write_text("mine")
    write_space(folder, model, SPACE, SpaceSettings("New"))
    assert SpaceCard.load(folder / "README.md").data.title == "New"
    assert not (folder / "resnet_hub" / "gone.py").exists()
    assert (folder / "notes.md").read_text() == "mine"


def test_a_folder_that_holds_something_else_is_left_alone(model, tmp_path):
    (tmp_path / "thesis.tex").write_text("mine")
    with pytest.raises(ConfigError, match="holds something else"):
        write_space(tmp_path, model, SPACE, PLAIN)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def test_the_trainer_of_an_installed_package_stays_out(monkeypatch, tmp_path):
    for name in ("runtime.py", "training/fit.py", "training/recipes/digits.toml"):
        file = tmp_path / "resnet_hub" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    monkeypatch.setattr(space, "PACKAGE", tmp_path / "resnet_hub")
    assert list(space._package_files()) == ["resnet_hub/runtime.py"]
