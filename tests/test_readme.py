"""The README's snippets, run word for word: a stranger's first three steps."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from dataclasses import replace
from pathlib import Path

import pytest
import zygote
from huggingface_hub import HfApi, SpaceCard
from images import class_folders
from PIL import Image
from sklearn.datasets import load_sample_image

from resnet_hub import create_model
from resnet_hub.demo.settings import PageSettings
from resnet_hub.space.present import HARDWARE

REPOSITORY = Path(__file__).resolve().parent.parent
README = (REPOSITORY / "README.md").read_text("utf-8")


def snippet(heading, number=0):
    """A block of code under a heading, and its language."""
    section = README.split(f"\n## {heading}\n", 1)[1].split("\n## ")[0]
    return re.findall(r"```(\w+)\n(.*?)```", section, re.DOTALL)[number]


@pytest.fixture
def shell(fake_hub, tmp_path):
    """Runs a snippet in an empty folder, with the fake Hub for the real one; returns what it printed."""

    def run(heading, number=0):
        language, code = snippet(heading, number)
        code = code.replace("your-name", fake_hub.account)
        environment = {
            **os.environ,
            "HF_ENDPOINT": fake_hub.url,
            "HF_HOME": str(tmp_path / "home"),
            "HF_TOKEN": fake_hub.token,
            "PYTHONPATH": str(REPOSITORY),
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        }
        options = {"cwd": tmp_path, "env": environment, "timeout": 400}
        if language == "python":
            done = zygote.run(["-c", code], needs=["resnet_hub", "resnet_hub.training.finetune"], **options)
        else:
            done = subprocess.run(["bash", "-ec", code], capture_output=True, text=True, **options)
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


def test_a_stranger_classifies_fine_tunes_and_shares(fake_hub, shell, tmp_path, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", fake_hub.state.add_account("timm"))
    network = create_model("test_resnet")  # what a repository holds is what its files say; this one is trained at once
    network.preprocessing = replace(network.preprocessing, input_size=(3, 32, 32))
    network.push_to_hub("timm/resnet18.a1_in1k")
    monkeypatch.setenv("HF_TOKEN", fake_hub.token)
    Image.fromarray(load_sample_image("flower.jpg")).save(tmp_path / "flower.jpg")
    class_folders(tmp_path / "data" / "insects", {"red": 6, "green": 6})

    ranked = shell("Classify").splitlines()
    assert len(ranked) == 3
    assert all(re.fullmatch(r"\d+\.\d%  \w.*", line) for line in ranked)

    shell("Fine-tune")
    assert {"config.json", "model.safetensors", "curves.png"} <= {
        file.name for file in (tmp_path / "runs" / "insects").iterdir()
    }

    assert "val_loss" in shell("Fine-tune", 1)

    pushed, page = shell("Share").splitlines()
    assert "/alice/insects/commit/" in pushed
    assert page == f"{fake_hub.url}/spaces/alice/which-insect"
    assert HfApi(endpoint=fake_hub.url).space_info("alice/which-insect").models == ["alice/insects"]
    assert "model.safetensors" in HfApi(endpoint=fake_hub.url).list_repo_files("alice/insects")


def test_the_readme_opens_with_a_image_that_is_there():
    body = README.split("---\n", 2)[2]
    image = re.search(r"!\[[^\]]+\]\((.+?)\)", body)
    assert body.index(image[0]) < body.index("## ")
    assert (REPOSITORY / image[1]).stat().st_size > 20_000


def test_every_local_link_of_the_documents_leads_somewhere():
    for document in (REPOSITORY / "README.md", *(REPOSITORY / "docs").glob("*.md"), REPOSITORY / "CONTRIBUTING.md"):
        for target in re.findall(r"\]\((?!https?:)([^)#]+)", document.read_text("utf-8")):
            assert (document.parent / target).exists(), f"{document.name}: {target}"


def test_the_project_is_a_space_as_it_stands(fake_hub):
    card = SpaceCard(README, ignore_metadata_errors=False)
    card.validate()
    data = card.data.to_dict()
    pinned = dict(
        line.split("==") for line in (REPOSITORY / "constraints.txt").read_text().splitlines() if "==" in line
    )
    assert (data["sdk"], data["sdk_version"]) == ("gradio", pinned["gradio"])
    oldest = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]["requires-python"]
    assert data["python_version"] == oldest.removeprefix(">=")
    assert (REPOSITORY / data["app_file"]).is_file()
    assert data["models"] == [f"timm/{PageSettings.model}"]
    assert data["preload_from_hub"] == [f"timm/{PageSettings.model} config.json,model.safetensors"]
    assert len(data["short_description"]) <= 60
    assert data["suggested_hardware"] in HARDWARE
    assert data["license"] == "apache-2.0"
    assert {"image-classification", "timm"} <= set(data["tags"])


@pytest.mark.parametrize("command", ["make demo", "make test"])
def test_the_commands_that_the_readme_shows_exist(command):
    assert command in README
    assert shutil.which("make")
    planned = subprocess.run([*command.split(), "-n"], cwd=REPOSITORY, capture_output=True, text=True)
    assert planned.returncode == 0
