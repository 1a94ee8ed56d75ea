"""What a page can serve: folders that load, models of the Hub; all else is refused before a Space is touched."""

import json
import logging
from types import SimpleNamespace

import pytest
from checkpoints import cut_weights
from huggingface_hub import HfApi
from run_folders import save_run

from resnet_hub import ResNet, create_model
from resnet_hub.demo.run_report import read_run
from resnet_hub.demo.settings import PageSettings, page_variables
from resnet_hub.demo.tabs.run import shows_run
from resnet_hub.errors import CheckpointError, ConfigError, HubError, ResNetHubError
from resnet_hub.metadata import CheckpointMetadata
from resnet_hub.space.files import SpaceSettings
from resnet_hub.space.model import served_model
from resnet_hub.space.push import write_space


@pytest.fixture
def pushed(fake_hub, tiny_checkpoint):
    ResNet.from_pretrained(tiny_checkpoint).push_to_hub("alice/tiny")
    return "alice/tiny"


def head(hub, repo="alice/tiny", revision="main"):
    return hub.repository(repo).resolve(revision).sha


def test_a_folder_travels_with_the_space(tiny_checkpoint):
    model = served_model(str(tiny_checkpoint))
    assert (model.source, model.repo_id, model.preload) == ("checkpoint", None, None)
    assert {path: file.name for path, file in model.files.items()} == {
        "checkpoint/config.json": "config.json",
        "checkpoint/model.safetensors": "model.safetensors",
        "checkpoint/README.md": "README.md",
    }


def test_weights_in_several_files_travel_or_stay_together(fake_hub, tiny_checkpoint):
    names = cut_weights(tiny_checkpoint)
    files = served_model(str(tiny_checkpoint)).files
    assert {f"checkpoint/{name}" for name in names} < files.keys()
    HfApi().create_repo("alice/cut")
    HfApi().upload_folder(folder_path=tiny_checkpoint, repo_id="alice/cut")
    assert served_model("alice/cut").preload == f"alice/cut config.json,{','.join(names)}"
    asked = [path for _, path in fake_hub.state.requests]
    assert not [path for path in asked if path.endswith("-of-00002.safetensors")]


def test_example_images_travel_only_where_that_is_asked_for(tiny_checkpoint):
    (tiny_checkpoint / "examples").mkdir()
    (tiny_checkpoint / "examples" / "cat.png").write_bytes(b"image")
    (tiny_checkpoint / "examples" / "notes.txt").write_bytes(b"private")
    assert not [path for path in served_model(str(tiny_checkpoint)).files if "examples" in path]
    with_images = served_model(str(tiny_checkpoint), examples=True).files
    assert [path for path in with_images if "examples" in path] == ["checkpoint/examples/cat.png"]


def test_images_of_other_libraries_are_no_examples_of_a_folder(tiny_checkpoint):
    with pytest.raises(ConfigError, match="has no images in 'examples'"):
        served_model(str(tiny_checkpoint), examples=True)


FIGURES = ["checkpoint/confusion.csv", "checkpoint/metrics.jsonl", "checkpoint/results.json"]
KEPT = [f"checkpoint/held_out/{name}" for name in ("0.webp", "1.webp", "images.json")]


@pytest.fixture
def run(tiny_checkpoint):
    counts, images = [[3, 1, 0], [0, 4, 0], [0, 0, 4]], [("red", 0, 1, 0.9), ("blue", 1, 1, 0.8)]
    return save_run(tiny_checkpoint, ("cat", "dog", "bird"), counts, images)


def run_files(model):
    return sorted(
        set(model.files) - {f"checkpoint/{name}" for name in ("config.json", "model.safetensors", "README.md")}
    )


def test_figures_of_a_run_travel_and_its_images_only_where_that_is_asked_for(run, caplog):
    with caplog.at_level(logging.INFO):
        assert run_files(model := served_model(str(run))) == FIGURES
        assert model.run == "figures"
        assert run_files(served_model(str(run), run="images")) == [*FIGURES[:1], *KEPT, *FIGURES[1:]]
        assert run_files(served_model(str(run), run="none")) == []
    assert [record.getMessage() for record in caplog.records] == [
        "the Space shows of the run: results.json, metrics.jsonl, confusion.csv; no images of it (--run images shows "
        "them to everybody)",
        "the Space shows of the run: results.json, metrics.jsonl, confusion.csv, and 2 held-out images, to everybody",
        "the Space shows nothing of the run",
    ]


def test_what_a_run_folder_links_to_elsewhere_does_not_travel(run, tmp_path):
    for name in ("results.json", "held_out/1.webp"):
        (run / name).rename(tmp_path / "elsewhere")
        (run / name).symlink_to(tmp_path / "elsewhere")
    travelling = run_files(served_model(str(run), run="images"))
    assert travelling == ["checkpoint/confusion.csv", KEPT[0], KEPT[2], "checkpoint/metrics.jsonl"]


def test_figures_travel_without_folders_of_this_machine_and_with_a_token_not_at_all(run):
    results = json.loads((run / "results.json").read_text())
    (run / "results.json").write_text(json.dumps(results | {"bad_images": ["/home/ann/private/cat.jpg"]}))
    assert b"private" not in served_model(str(run)).files["checkpoint/results.json"]
    (run / "metrics.jsonl").write_text('{"note": "hf_' + "a" * 40 + '"}')
    with pytest.raises(CheckpointError, match="token"):
        served_model(str(run))


def test_a_run_is_shown_of_run_folders_only(pushed, tiny_checkpoint):
    with pytest.raises(ConfigError, match="is not the folder of a run"):
        served_model(str(tiny_checkpoint), run="figures")
    with pytest.raises(ConfigError, match="drop --run"):
        served_model(pushed, run="figures")


def test_images_that_no_run_kept_cannot_be_shown(run):
    (run / "held_out" / "images.json").unlink()
    with pytest.raises(ConfigError, match="choose --run figures"):
        served_model(str(run), run="images")


@pytest.mark.parametrize(("shown", "images"), [(None, False), ("images", True), ("none", None)])
def test_a_space_of_a_run_shows_what_its_owner_allows(tmp_path, run, shown, images):
    write_space(tmp_path / "space", served_model(str(run), run=shown), "alice/page", SpaceSettings())
    settings = PageSettings.from_environment(page_variables(tmp_path / "space"))
    page = SimpleNamespace(settings=settings, pool=SimpleNamespace(missing=None))
    assert shows_run(page) == (images is not None)
    report = read_run(tmp_path / "space" / "checkpoint", 3, images=settings.run == "images")
    assert (report.held_out is not None) == bool(images)
    assert (report.results is not None) == (images is not None)


def test_a_model_of_the_hub_stays_there_and_its_main_branch_is_followed(pushed):
    model = served_model(pushed)
    assert (model.source, model.repo_id, model.preload) == (
        *("alice/tiny", "alice/tiny", "alice/tiny config.json,model.safetensors"),
    )
    assert not model.files


@pytest.mark.parametrize("source", ["alice/tiny@dev", "hf-hub:alice/tiny@dev"])
def test_a_revision_is_held_to_its_commit(fake_hub, tiny_checkpoint, source):
    ResNet.from_pretrained(tiny_checkpoint).push_to_hub("alice/tiny", revision="dev")
    model, commit = served_model(source), head(fake_hub, revision="dev")
    assert model.source == f"alice/tiny@{commit}"
    assert model.preload == f"alice/tiny config.json,model.safetensors {commit}"


def test_a_published_name_is_the_repository_it_stands_for(fake_hub, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", fake_hub.state.add_account("timm"))
    create_model("test_resnet").push_to_hub("timm/test_resnet.r160_in1k")
    assert served_model("test_resnet.r160_in1k").source == "timm/test_resnet.r160_in1k"


def test_no_weights_are_downloaded(fake_hub, pushed):
    fake_hub.state.requests.clear()
    served_model(pushed)
    assert not [path for _, path in fake_hub.state.requests if path.endswith("model.safetensors")]


def test_a_private_model_is_not_preloaded_for_its_space_is_built_without_a_token(fake_hub, pushed):
    fake_hub.repository(pushed).visibility = "private"
    model = served_model(pushed)
    assert model.needs_token
    assert model.preload is None


def test_license_and_data_sets_are_those_of_the_card(pushed):
    card = "---\nlicense: cc-by-nc-4.0\ndatasets: [alice/ants, '../x', 3]\n---\n"
    HfApi().upload_file(path_or_fileobj=card.encode(), path_in_repo="README.md", repo_id=pushed)
    model = served_model(pushed)
    assert (model.license, model.datasets) == ("cc-by-nc-4.0", ["alice/ants"])


def test_what_came_with_the_weights_goes_before_a_card_that_was_edited(fake_hub):
    model = create_model("cifar_resnet20", num_classes=2)
    model.metadata = CheckpointMetadata(license="cc-by-nc-4.0")
    model.push_to_hub("alice/net")
    HfApi().upload_file(path_or_fileobj=b"---\nlicense: mit\n---\n", path_in_repo="README.md", repo_id="alice/net")
    assert served_model("alice/net").license == "cc-by-nc-4.0"


def test_a_folder_without_a_card_has_the_license_of_its_config(tiny_checkpoint):
    config = json.loads((tiny_checkpoint / "config.json").read_text())
    config["pretrained_cfg"]["license"] = "CC-BY-NC-4.0"
    (tiny_checkpoint / "config.json").write_text(json.dumps(config))
    (tiny_checkpoint / "README.md").unlink()
    assert served_model(str(tiny_checkpoint)).license == "cc-by-nc-4.0"


@pytest.mark.parametrize(
    ("options", "says"),
    [({"task": "regression"}, "gives plain numbers"), ({"num_classes": 0}, "has no head")],
    ids=["regression", "no head"],
)
def test_a_network_that_a_page_cannot_show_is_refused(tmp_path, options, says):
    create_model("cifar_resnet20", **options).save_pretrained(tmp_path)
    with pytest.raises(ConfigError, match=says):
        served_model(str(tmp_path))


@pytest.mark.parametrize(
    ("damage", "error", "says"),
    [
        (lambda folder: (folder / "model.safetensors").unlink(), CheckpointError, "has no model.safetensors"),
        (lambda folder: (folder / "config.json").unlink(), CheckpointError, "has no config.json"),
        (lambda folder: (folder / "model.safetensors").write_bytes(b"x"), CheckpointError, "cannot be read as weights"),
        (lambda folder: (folder / "README.md").write_text("---\n[\n---\n"), CheckpointError, "no valid YAML"),
    ],
    ids=["no weights", "no config", "damaged weights", "damaged card"],
)
def test_a_folder_that_would_not_start_is_refused(tiny_checkpoint, damage, error, says):
    damage(tiny_checkpoint)
    with pytest.raises(error, match=says):
        served_model(str(tiny_checkpoint))


@pytest.mark.parametrize("kind", ["dataset", "space"])
def test_a_repository_of_another_type_is_named_as_what_it_is(fake_hub, kind):
    HfApi().create_repo("alice/other", repo_type=kind, space_sdk="gradio" if kind == "space" else None)
    with pytest.raises(HubError, match=f"'alice/other' is a {kind}, not a model"):
        served_model("alice/other")


def test_a_model_without_weights_is_refused(fake_hub):
    HfApi().create_repo("alice/empty")
    with pytest.raises(HubError, match=r"'alice/empty' has no model\.safetensors"):
        served_model("alice/empty")


@pytest.mark.parametrize("source", ["alice/absent", "./absent", "not a name", "resnet5O"])
def test_what_is_not_there_is_a_sentence(fake_hub, source):
    with pytest.raises(ResNetHubError):
        served_model(source)


def test_examples_of_a_model_on_the_hub_are_a_mistake(pushed):
    with pytest.raises(ConfigError, match="drop --examples"):
        served_model(pushed, examples=True)
