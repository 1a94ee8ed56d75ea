"""Pushing beside a run: rights are found out first, the loop never waits, and what did not arrive is said."""

import os
import signal
import subprocess
import sys
import time
from unittest.mock import ANY

import pytest
import zygote
from error_facts import Begins, code_and_fields
from fake_hub.repository import Blob
from fake_hub.state import Fault
from huggingface_hub import constants
from launching import REPOSITORY

from resnet_hub.errors import CheckpointError, HubError
from training.push import publish
from training.push.publish import SNAPSHOTS, Publisher, PushTarget, check_target

REPO = "alice/net"


@pytest.fixture
def folder(plain_checkpoint):
    """A run folder after its first epoch."""
    (plain_checkpoint / "metrics.jsonl").write_text('{"epoch": 1}\n')
    return plain_checkpoint


@pytest.fixture
def publisher(folder, fake_hub):
    made = Publisher(PushTarget(REPO), folder)
    yield made
    made.close()


@pytest.mark.parametrize(
    ("role", "scopes", "repo_id", "code", "expected"),
    [
        (
            "read",
            (),
            "alice/net",
            "push.read_only_token",
            {"account": "alice", "repo_id": "alice/net", "hub": ANY},
        ),
        (
            "write",
            (),
            "bob/new",
            "hub.no_permission",
            {
                "account": ("hub.this_account", {"name": "alice"}),
                "said": 'You don\'t have the rights to create a model under the namespace "bob"',
                "action": ("hub.write_to", {}),
                "named": ("hub.model", {"repo_id": "bob/new"}),
                "endpoint": ANY,
                "repo_id": "bob/new",
            },
        ),
        (
            "write",
            (),
            "bob/net",
            "hub.no_permission",
            {
                "account": ("hub.this_account", {"name": "alice"}),
                "said": 'You don\'t have the rights to write under the namespace "bob"',
                "action": ("hub.write_to", {}),
                "named": ("hub.model", {"repo_id": "bob/net"}),
                "endpoint": ANY,
                "repo_id": "bob/net",
            },
        ),
        (
            "fineGrained",
            (),
            "alice/net",
            "hub.no_permission",
            {
                "account": ("hub.this_account", {"name": "alice"}),
                "said": Begins("You don't have the rights to write under"),
                "action": ("hub.write_to", {}),
                "named": ("hub.model", {"repo_id": "alice/net"}),
                "endpoint": ANY,
                "repo_id": "alice/net",
            },
        ),
    ],
    ids=["read token", "no repository of another account", "repository of another account", "fine-grained, no scope"],
)
def test_who_may_not_push_is_told_so_in_a_sentence(fake_hub, monkeypatch, role, scopes, repo_id, code, expected):
    state = fake_hub.state
    for owner in ("alice", "bob"):
        state.create("models", f"{owner}/net", state.account(state.add_account(owner)))
    monkeypatch.setenv("HF_TOKEN", state.add_account("alice", role, scopes=scopes))
    with pytest.raises(HubError) as refused:
        check_target(PushTarget(repo_id))
    assert code_and_fields(refused.value) == (code, expected)


def test_a_token_for_this_repository_alone_may_push(fake_hub, monkeypatch):
    fake_hub.state.create("models", REPO, fake_hub.state.account(fake_hub.token))
    monkeypatch.setenv("HF_TOKEN", fake_hub.state.add_account("alice", "fineGrained", scopes=(REPO,)))
    check_target(PushTarget(REPO))


def test_without_a_token_the_login_is_asked_for_and_the_hub_is_not(fake_hub, monkeypatch):
    monkeypatch.delenv("HF_TOKEN")
    with pytest.raises(HubError) as refused:
        check_target(PushTarget(REPO))
    assert code_and_fields(refused.value) == ("push.no_token", {"repo_id": "alice/net"})
    assert not fake_hub.state.requests


def test_the_repository_and_the_branch_are_made(fake_hub):
    check_target(PushTarget(REPO, private=True, revision="dev"))
    assert fake_hub.repository(REPO).private
    assert "refs/heads/dev" in fake_hub.repository(REPO).refs


def test_checking_twice_changes_nothing(fake_hub):
    check_target(PushTarget(REPO, revision="dev"))
    before = dict(fake_hub.repository(REPO).refs)
    check_target(PushTarget(REPO, revision="dev"))
    assert fake_hub.repository(REPO).refs == before


def test_a_public_repository_is_not_taken_for_a_private_one(fake_hub):
    check_target(PushTarget(REPO))
    with pytest.raises(HubError) as refused:
        check_target(PushTarget(REPO, private=True))
    assert code_and_fields(refused.value) == ("hub.public", {"named": ("hub.model", {"repo_id": "alice/net"})})


def test_a_card_that_could_not_be_kept_is_found_before_training(fake_hub):
    check_target(PushTarget(REPO))
    broken = {"README.md": Blob(b"---\na: [\n---\n")}
    fake_hub.repository(REPO).commit("main", "a card", broken, (), None)
    with pytest.raises(CheckpointError, match=r"README\.md\) of model 'alice/net' on the Hub"):
        check_target(PushTarget(REPO))


def test_a_hub_that_does_not_answer_is_not_waited_for_without_end(fake_hub, monkeypatch):
    monkeypatch.setattr(publish, "ANSWER_SECONDS", 0.3)
    fake_hub.state.faults = [Fault("GET", "/api/whoami-v2", delay=2, times=1)]
    with pytest.raises(HubError, match=f"the Hub at {constants.ENDPOINT} did not answer within 0 s; check the connec"):
        check_target(PushTarget(REPO))


def test_a_snapshot_keeps_what_the_folder_held_whatever_is_written_later(folder, publisher):
    snapshot = publisher._take_snapshot()
    new = folder / "new"
    new.write_bytes(b"later")
    new.replace(folder / "model.safetensors")
    with (folder / "metrics.jsonl").open("a") as file:
        file.write('{"epoch": 2}\n')
    assert (snapshot / "model.safetensors").read_bytes() == b"weights"
    assert (snapshot / "metrics.jsonl").read_text() == '{"epoch": 1}\n'


@pytest.mark.parametrize(
    ("every", "better", "handed_over"),
    [
        ("best", True, True),
        ("best", False, False),
        ("epoch", False, True),
        ("end", True, False),
    ],
)
def test_the_flag_says_when_a_checkpoint_is_handed_over(folder, monkeypatch, every, better, handed_over):
    given = []
    monkeypatch.setattr(Publisher, "_hand_over", lambda _, name: given.append(name))
    Publisher(PushTarget(REPO), folder, every).offer("epoch 1", better=better)
    assert bool(given) is handed_over


def test_handing_over_does_not_wait_and_the_finished_run_arrives(folder, fake_hub, publisher):
    fake_hub.state.faults = [Fault("POST", "/api/models/*/commit/*", delay=1)]
    publisher.offer("epoch 1 of 1", better=True)
    assert ("POST", f"/api/models/{REPO}/commit/main") not in fake_hub.state.requests
    (folder / "results.json").write_text("{}")
    assert publisher.finish("the finished run")
    repository = fake_hub.repository(REPO)
    assert "results.json" in repository.resolve("main").files
    assert [commit.title for commit in repository.commits.values()][-1] == "The finished run"
    publisher.close()
    assert not (folder / SNAPSHOTS).exists()


def test_what_the_hub_does_not_take_is_named_with_the_command_that_pushes_it(folder, fake_hub, caplog):
    fake_hub.state.faults = [Fault("POST", "/api/models/*/commit/*", 403, message="no more room")]
    publisher = Publisher(PushTarget(REPO, private=True, revision="dev"), folder)
    assert not publisher.finish("the finished run")
    publisher.close()
    assert (
        "not pushed to alice/net: the account 'alice' may not write to model 'alice/net' (no more room)" in caplog.text
    )
    assert f"push it with:  resnet-hub push {folder} alice/net --private --revision dev" in caplog.text
    assert caplog.text.count("not pushed to") == 1
    assert (folder / "model.safetensors").read_bytes() == b"weights"
    assert fake_hub.token not in caplog.text


def test_an_upload_that_hangs_is_left_after_the_stated_wait(folder, monkeypatch, caplog):
    def hangs(_):
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        return subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], **pipes)

    monkeypatch.setattr(Publisher, "_start", hangs)
    publisher = Publisher(PushTarget(REPO), folder, limit=0.5)
    started = time.perf_counter()
    assert not publisher.finish("the finished run")
    publisher.close()
    assert time.perf_counter() - started < 60
    assert "the Hub has not taken it within 0 s" in caplog.text


def test_a_full_disk_stops_no_run(folder, publisher, monkeypatch, caplog):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(publish.shutil, "copyfile", full)
    publisher.offer("epoch 1", better=True)
    assert "epoch 1 was not handed over (No space left on device); training goes on" in caplog.text


def test_ctrl_c_while_pushing_ends_at_once_and_says_how_to_push(folder, fake_hub):
    fake_hub.state.faults = [Fault("POST", "/api/models/*/commit/*", delay=60)]
    source = f"""
import sys
from pathlib import Path
from huggingface_hub import constants
from training.entry import run_command
from training.push.publish import Publisher, PushTarget

def wait(_):
    publisher = Publisher(PushTarget({REPO!r}), Path({str(folder)!r}))
    try:
        publisher.finish("the finished run")
    finally:
        publisher.close()

sys.exit(run_command(wait, []))
"""
    process = zygote.start(
        ["-c", source],
        needs=["training.entry", "training.push.publish"],
        env={**os.environ, "HF_ENDPOINT": fake_hub.url},
        new_session=True,
    )
    commit = ("POST", f"/api/models/{REPO}/commit/main")
    deadline = time.monotonic() + 60
    while commit not in fake_hub.state.requests and time.monotonic() < deadline:
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to all that belong to the run
    started = time.monotonic()
    _, log = process.communicate(timeout=300)
    assert time.monotonic() - started < 50
    assert process.returncode == 130, log
    assert "Traceback" not in log
    assert f"not pushed to alice/net: the run was stopped before; the checkpoint is safe in {folder}, push it" in log


@pytest.mark.parametrize(
    ("package", "first"), [("training.push", str(REPOSITORY)), ("resnet_hub.training.push", "elsewhere")]
)
def test_the_process_that_pushes_finds_the_sources_of_a_checkout_and_no_other(monkeypatch, publisher, package, first):
    monkeypatch.setenv("PYTHONPATH", "elsewhere")
    monkeypatch.setattr(publish, "__package__", package)
    monkeypatch.setattr(publish.subprocess, "Popen", lambda command, env, **_: (command, env["PYTHONPATH"]))
    command, path = publisher._start()
    assert f"from {package}.pusher import main" in command[2]
    assert path.split(os.pathsep)[0] == first
