"""Datasets by id: every layout is read, and whatever is wrong with one is a sentence of its own."""

import json

from fake_hub.repository import Blob
from fake_hub.state import Fault
from hub_datasets import FRENCH, encoded, folders, publish, with_names


def test_datasets_are_read_by_id_config_and_revision_and_what_is_wrong_is_a_sentence(fake_hub, run_with_hub):
    first = publish(fake_hub, "alice/folders", folders(2)).resolve("main").sha
    fake_hub.repository("alice/folders", "datasets").commit("main", "more", {"train/red/9.png": Blob(b"x")}, (), None)
    publish(fake_hub, "alice/names", with_names(2))
    paths = {f"images/{color}.png": encoded(color, 0) for color in FRENCH}
    table = "".join(f"images/{color}.png,{name}\n" for color, name in FRENCH.items())
    publish(fake_hub, "alice/table", {"train.csv": f"image,label\n{table}", **paths})
    two = "configs:\n- config_name: small\n  data_files: a/**\n- config_name: large\n  data_files: b/**\n"
    parts = {f"{part}/train/{color}/0.png": encoded(color, 0) for part in "ab" for color in FRENCH}
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
        from training.data.load_dataset import dataset_commit, load_splits

        found = {{}}
        for name in {list(expected)!r}:
            try:
                splits = load_splits(name)
                found[name] = f"{{len(splits['train'])}} {{list(splits['train'].features)}} {{dataset_commit(splits)}}"
            except ResNetHubError as error:
                found[name] = str(error)
        print(json.dumps(found))
        """,
        "training.data.load_dataset",
    )
    found = json.loads(printed.splitlines()[-1])
    for name, says in expected.items():
        answer = found[name]
        assert answer.startswith(says if says[0].isdigit() else f"--dataset {name!r}: {says}"), (name, answer)
