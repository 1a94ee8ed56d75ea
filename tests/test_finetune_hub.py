"""Training between two repositories: a dataset comes from the Hub, checkpoints go to it, and refusals are sentences."""

import io
import json
import time

import pytest
from fake_hub_repository import Blob
from fake_hub_state import Fault
from launching import FROM_SCRATCH, launch
from pictures import hash_free, picture

from resnet_hub import ImageClassifier, ResNet

FRENCH = {"red": "rouge", "green": "vert", "blue": "bleu"}


def encoded(colour, number):
    file = io.BytesIO()
    picture(colour, hash_free(colour, number)).save(file, "png")
    return file.getvalue()


def publish(fake_hub, repo_id, files, **settings):
    """Puts files into a new dataset of the fake Hub; returns the commit."""
    state = fake_hub.state
    owner = state.account(state.add_account(repo_id.partition("/")[0]))
    repository = state.create("datasets", repo_id, owner, **settings)
    blobs = {path: Blob(text if isinstance(text, bytes) else text.encode()) for path, text in files.items()}
    repository.commit("main", "files", blobs, (), None)
    return repository


def folders(count):
    return {f"train/{colour}/{number}.png": encoded(colour, number) for colour in FRENCH for number in range(count)}


def with_names(count):
    """Pictures in one folder, and a CSV that says in words what they show."""
    rows = [(f"{colour}-{number}.png", colour, number) for colour in FRENCH for number in range(count)]
    table = "".join(f"{file},{FRENCH[colour]}\n" for file, colour, _ in rows)
    return {
        "train/metadata.csv": f"file_name,label\n{table}",
        **{f"train/{file}": encoded(colour, number) for file, colour, number in rows},
    }


@pytest.fixture
def environment(fake_hub, tmp_path):
    return {"HF_ENDPOINT": fake_hub.url, "HF_HOME": str(tmp_path / "home"), "HF_TOKEN": fake_hub.token}


def test_from_a_dataset_on_the_hub_to_a_network_on_the_hub_that_answers(fake_hub, environment, tmp_path):
    dataset = publish(fake_hub, "alice/colours", with_names(16))
    fake_hub.state.faults = [Fault("POST", "/api/models/*/commit/*", 500, times=1)]
    flags = ("--dataset", "alice/colours", *FROM_SCRATCH, "--epochs", 6, "--batch-size", 8, "--lr", 0.1, "--workers", 0)
    push = ("--push-to-hub", "alice/net", "--hub-private", "--output", tmp_path / "run")
    finished = launch("finetune", *flags, *push, **environment)
    assert finished.returncode == 0, finished.stderr
    assert fake_hub.token not in finished.stderr + finished.stdout

    classifier = ImageClassifier.from_pretrained("alice/net")
    for colour, name in FRENCH.items():
        assert classifier(picture(colour, 500), top_k=1)[0].label == name
    details = ResNet.from_pretrained("alice/net").details
    assert (details["dataset"], details["dataset_revision"]) == ("alice/colours", dataset.resolve("main").sha)
    repository = fake_hub.repository("alice/net")
    assert repository.private
    assert {"README.md", "results.json", "curves.png", "confusion.png"} <= set(repository.resolve("main").files)
    titles = [commit.title for commit in repository.commits.values()]
    assert titles[-1] == "The finished run"
    assert "Epoch" in titles[1]  # the first checkpoint came while the run went on, after the commit that failed
    assert not any(fake_hub.token.encode() in blob.content for blob in repository.resolve("main").files.values())


def test_who_may_not_push_stops_two_processes_before_anything_is_read(fake_hub, environment, tmp_path):
    environment["HF_TOKEN"] = fake_hub.state.add_account("alice", "read")
    flags = ("--dataset", "alice/nothing", *FROM_SCRATCH, "--push-to-hub", "alice/net", "--output", tmp_path / "run")
    started = time.monotonic()
    finished = launch("finetune", *flags, processes=2, **environment)
    assert finished.returncode != 0
    assert finished.stderr.count("error: the token of the account 'alice' may only read") == 1
    assert time.monotonic() - started < 120  # not the half hour that processes wait for each other
    assert [path for _, path in fake_hub.state.requests if "whoami" not in path and "agent" not in path] == []
    assert not (tmp_path / "run").exists()


def test_datasets_are_read_by_id_config_and_revision_and_what_is_wrong_is_a_sentence(fake_hub, run_with_hub):
    first = publish(fake_hub, "alice/folders", folders(2)).resolve("main").sha
    fake_hub.repository("alice/folders", "datasets").commit("main", "more", {"train/red/9.png": Blob(b"x")}, (), None)
    publish(fake_hub, "alice/names", with_names(2))
    paths = {f"images/{colour}.png": encoded(colour, 0) for colour in FRENCH}
    table = "".join(f"images/{colour}.png,{name}\n" for colour, name in FRENCH.items())
    publish(fake_hub, "alice/table", {"train.csv": f"image,label\n{table}", **paths})
    two = "configs:\n- config_name: small\n  data_files: a/**\n- config_name: large\n  data_files: b/**\n"
    parts = {f"{part}/train/{colour}/0.png": encoded(colour, 0) for part in "ab" for colour in FRENCH}
    publish(fake_hub, "alice/two", {"README.md": f"---\n{two}---\n", **parts})
    publish(fake_hub, "alice/script", {"script.py": "import os"})
    publish(fake_hub, "alice/yaml", {"README.md": "---\na: [\n---\n", **folders(1)})
    publish(fake_hub, "bob/private", folders(1), private=True)
    publish(fake_hub, "bob/gated", folders(1)).gated = "manual"
    for name in ("broken", "busy", "lost"):
        publish(fake_hub, f"alice/{name}", folders(1))
    fake_hub.state.faults = [
        Fault("GET", "/api/datasets/alice/broken*", 503),
        Fault("GET", "/api/datasets/alice/busy*", 429),
        Fault("HEAD", "/datasets/alice/lost/*", drop=True),
    ]
    revision = f"alice/folders@{first}"
    expected = {
        revision: f"6 ['image', 'label'] {first}",
        "alice/folders": f"7 ['image', 'label'] {fake_hub.repository('alice/folders', 'datasets').resolve('main').sha}",
        "alice/names": "6 ['image', 'label']",
        "alice/table": "3 ['image', 'label']",
        "alice/two:small": "3 ['image', 'label']",
        "alice/two": "it has several configs ('small', 'large'); say which, as alice/two:config",
        "alice/two:medium": "it has no such config; it has 'small', 'large'",
        "alice/folders@v2": "it has no such revision; it has 'main'",
        "alice/nothing": "there is no such folder here, and on the Hub it is missing or private; check the name",
        "bob/private": "there is no such folder here, and on the Hub it is missing or private; check the name",
        "bob/gated": f"it is gated; ask for access at {fake_hub.url}/datasets/bob/gated and log in",
        "alice/script": "it is a loading script, which nothing runs any more",
        "alice/yaml": "its card (README.md) holds YAML that cannot be read",
        "alice/broken": f"the Hub at {fake_hub.url} answered 503; try again later",
        "alice/busy": f"the Hub at {fake_hub.url} answered 429, too many requests; wait some minutes and try again",
        "alice/lost": f"the Hub at {fake_hub.url} could not be reached; check the connection and try again",
    }
    printed = run_with_hub(
        f"""
        import json
        from resnet_hub.errors import ResNetHubError
        from training.sources import dataset_commit, load_splits

        found = {{}}
        for name in {list(expected)!r}:
            try:
                splits = load_splits(name)
                found[name] = f"{{len(splits['train'])}} {{list(splits['train'].features)}} {{dataset_commit(splits)}}"
            except ResNetHubError as error:
                found[name] = str(error)
        print(json.dumps(found))
        """
    )
    found = json.loads(printed.splitlines()[-1])
    for name, says in expected.items():
        answer = found[name]
        assert answer.startswith(says if says[0].isdigit() else f"--dataset {name!r}: {says}"), (name, answer)
