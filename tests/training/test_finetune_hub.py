"""Training between two repositories: a dataset comes from the Hub, checkpoints go to it; who may not push is told."""

import time

import pytest
from fake_hub.state import Fault
from hub_datasets import FRENCH, publish, with_names
from images import image
from launching import FROM_SCRATCH, launch

from resnet_hub import ImageClassifier, ResNet


@pytest.fixture
def environment(fake_hub, tmp_path):
    return {"HF_ENDPOINT": fake_hub.url, "HF_HOME": str(tmp_path / "home"), "HF_TOKEN": fake_hub.token}


def test_from_a_dataset_on_the_hub_to_a_network_on_the_hub_that_answers(fake_hub, environment, tmp_path):
    dataset = publish(fake_hub, "alice/colors", with_names(16))
    fake_hub.state.faults = [Fault("POST", "/api/models/*/commit/*", 500, times=1)]
    flags = (
        "--dataset",
        "alice/colors",
        *FROM_SCRATCH,
        "--epochs",
        6,
        "--batch-size",
        8,
        "--lr",
        0.02,
        "--workers",
        0,
    )
    push = ("--push-to-hub", "alice/net", "--hub-private", "--output", tmp_path / "run")
    finished = launch("finetune", *flags, *push, **environment)
    assert finished.returncode == 0, finished.stderr
    assert fake_hub.token not in finished.stderr + finished.stdout

    classifier = ImageClassifier.from_pretrained("alice/net")
    for color, name in FRENCH.items():
        assert classifier(image(color, 500), top_k=1)[0].label == name
    known = ResNet.from_pretrained("alice/net").metadata
    assert (known.dataset, known.dataset_revision) == ("alice/colors", dataset.resolve("main").sha)
    repository = fake_hub.repository("alice/net")
    assert repository.private
    assert {"README.md", "results.json", "curves.png", "confusion.png"} <= set(repository.resolve("main").files)
    titles = [commit.title for commit in repository.commits.values()]
    assert titles[-1] == "The finished run"
    assert not any(fake_hub.token.encode() in blob.content for blob in repository.resolve("main").files.values())


def test_who_may_not_push_stops_two_processes_before_anything_is_read(fake_hub, environment, tmp_path):
    environment["HF_TOKEN"] = fake_hub.state.add_account("alice", "read")
    flags = ("--dataset", "alice/nothing", *FROM_SCRATCH, "--push-to-hub", "alice/net", "--output", tmp_path / "run")
    started = time.monotonic()
    finished = launch("finetune", *flags, processes=2, **environment)
    assert finished.returncode != 0
    assert finished.stderr.count("error: the token of the account 'alice' may only read") == 1
    assert time.monotonic() - started < 600  # not the half hour that processes wait for each other
    assert [path for _, path in fake_hub.state.requests if "whoami" not in path and "agent" not in path] == []
    assert not (tmp_path / "run").exists()
