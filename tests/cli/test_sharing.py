"""`resnet-hub push` and `space`: addresses printed, one commit each, mistakes as sentences."""

import json

import pytest
from huggingface_hub import HfApi

from resnet_hub import ImageClassifier
from resnet_hub.cli.commands.sharing import COMMANDS


@pytest.fixture
def logged_out(fake_hub, monkeypatch):
    monkeypatch.delenv("HF_TOKEN")


def test_a_push_prints_the_address_of_its_one_commit(run, fake_hub, tiny_checkpoint):
    status, text, _ = run("push", tiny_checkpoint, "alice/tiny", "--message", "First weights")
    head = fake_hub.repository("alice/tiny").resolve("main")
    assert (status, text) == (0, f"{fake_hub.url}/alice/tiny/commit/{head.sha}\n")
    assert head.title == "First weights"
    assert ImageClassifier.from_pretrained("alice/tiny").label_names == ("cat", "dog", "bird")


def test_a_push_goes_to_a_branch_of_a_private_repository(run, fake_hub, tiny_checkpoint):
    assert run("push", tiny_checkpoint, "alice/tiny", "--private", "--revision", "dev")[0] == 0
    repository = fake_hub.repository("alice/tiny")
    assert repository.private
    assert "model.safetensors" in repository.resolve("dev").files
    assert "model.safetensors" not in repository.resolve("main").files


def test_a_push_opens_a_pull_request(run, fake_hub, tiny_checkpoint):
    run("push", tiny_checkpoint, "alice/tiny")
    (tiny_checkpoint / "metrics.jsonl").write_text("{}\n")
    assert run("push", tiny_checkpoint, "alice/tiny", "--create-pr")[1] == f"{fake_hub.url}/alice/tiny/discussions/1\n"


def test_a_space_prints_its_address(run, fake_hub, tiny_checkpoint):
    run("push", tiny_checkpoint, "alice/tiny")
    status, text, _ = run(
        "space", "alice/tiny", "alice/page", "--title", "Which?", "--hardware", "t4-small", "--private"
    )
    assert (status, text) == (0, f"{fake_hub.url}/spaces/alice/page\n")
    info = HfApi().space_info("alice/page")
    assert (info.private, info.models, info.card_data.title) == (True, ["alice/tiny"], "Which?")
    assert fake_hub.state.spaces["alice/page"].hardware == "t4-small"


def test_a_dry_run_asks_for_no_login_and_sends_nothing(run, fake_hub, logged_out, tiny_checkpoint, tmp_path):
    status, text, _ = run("space", tiny_checkpoint, "alice/page", "--dry-run", tmp_path / "page")
    assert (status, text) == (0, f"{tmp_path / 'page'}\n")
    assert json.loads((tmp_path / "page" / "page.json").read_text()) == {
        "RESNET_HUB_MODEL": "checkpoint",
        "RESNET_HUB_PREVIEW": f"{fake_hub.url}/spaces/alice/page/resolve/main/preview.jpg",
    }
    assert not fake_hub.state.requests


@pytest.mark.parametrize("command", ["push", "space"])
def test_without_a_token_nothing_is_tried(run, fake_hub, logged_out, tiny_checkpoint, command):
    status, text, complaints = run(command, tiny_checkpoint, "alice/net")
    assert (status, text) == (2, "")
    assert complaints == "error: there is no token to write with; log in with `hf auth login`, or set HF_TOKEN\n"
    assert not fake_hub.state.requests


@pytest.mark.parametrize("command", ["push", "space"])
def test_no_flag_takes_a_token(run, tiny_checkpoint, command):
    status, _, complaints = run(command, tiny_checkpoint, "alice/net", "--token", "hf_x")
    assert status == 2
    assert "there is no flag '--token'" in complaints
    assert "hf_x" not in complaints


@pytest.mark.parametrize("command", ["push", "space"])
@pytest.mark.parametrize(
    ("target", "says"),
    [
        ("net", "'net' does not say whose repository it is"),
        ("alice/a/b", "'alice/a/b' is no Hub id"),
        ("bob/net", "'alice' may not write to"),
    ],
)
def test_a_bad_target_is_a_sentence(run, fake_hub, tiny_checkpoint, command, target, says):
    status, text, complaints = run(command, tiny_checkpoint, target)
    assert (status, text) == (2, "")
    assert says in complaints
    assert len(complaints.splitlines()) == 1


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("push", "absent", "alice/net"), "there is no folder 'absent'; give a checkpoint or run folder"),
        (("push", ".", "alice/net"), "there is no config.json in '.'"),
        (("push", ".", "alice/net", "--create-pr", "--revision", "dev"), "exclude each other"),
        (("space", ".", "alice/net"), "'.' has no config.json"),
        (("space", "./absent", "alice/net"), "there is no folder or file './absent'"),
        (("space", "alice/net", "alice/page", "--title", ""), "title='' cannot be"),
        (("space", "alice/net", "alice/page", "--hardware", "gpu"), "hardware='gpu' is not known"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_a_mistake_is_found_before_the_hub_is_asked(run, fake_hub, tmp_path, monkeypatch, arguments, says):
    monkeypatch.chdir(tmp_path)
    status, text, complaints = run(*arguments)
    assert (status, text) == (2, "")
    assert says in complaints
    assert not fake_hub.state.requests


def test_every_command_says_where_the_token_comes_from(run, capsys):
    for name in COMMANDS:
        with pytest.raises(SystemExit):
            run(name, "--help")
        assert "HF_TOKEN" in capsys.readouterr().out
