"""Downloads and pushes when the Hub refuses or is away: one sentence to act on for each failure, and no token in it."""

import socket

import pytest
from fake_hub_state import Fault
from huggingface_hub import HfApi, constants

from resnet_hub.errors import HubError
from resnet_hub.hub import download_checkpoint
from resnet_hub.upload import push_checkpoint

REPO = "alice/net"


def fault(status, **options):
    return Fault("HEAD", f"/{REPO}/*", status, **options)


def test_a_private_repository_needs_a_login(fake_hub, plain_checkpoint, monkeypatch):
    push_checkpoint(plain_checkpoint, REPO, private=True)
    monkeypatch.delenv("HF_TOKEN")
    with pytest.raises(HubError, match=r"not found, or it is private.*hf auth login"):
        download_checkpoint(REPO)


@pytest.mark.parametrize(
    ("source", "faults", "message"),
    [
        ("alice/none", [], r"model 'alice/none' was not found, or it is private; check the name"),
        (f"{REPO}@v9", [], r"no revision 'v9'; it has 'main', 'dev'$"),
        ("alice/empty", [], r"'alice/empty' has no config.json"),
        ("alice/bare", [], r"'alice/bare' has no model.safetensors and no pytorch_model.bin"),
        (REPO, [fault(403, code="GatedRepo")], r"is gated; ask for access at http.*/alice/net"),
        (REPO, [fault(403, message="fine-grained")], r"'alice' may not read model 'alice/net' \(fine-grained\)"),
        (REPO, [fault(503)], r"the Hub at http://127\S+ answered 503"),
        (REPO, [fault(429)], r"answered 429, too many requests"),
        (REPO, [fault(200)], r"does not answer as a Hub does; check HF_ENDPOINT"),
    ],
    ids=["repository", "revision", "config", "weights", "gated", "forbidden", "down", "limited", "no hub"],
)
def test_what_cannot_be_read_is_said_in_one_sentence(fake_hub, plain_checkpoint, no_waiting, source, faults, message):
    push_checkpoint(plain_checkpoint, REPO, revision="dev")
    push_checkpoint(plain_checkpoint, "alice/bare")
    HfApi().delete_file("model.safetensors", "alice/bare")
    HfApi().create_repo("alice/empty")
    fake_hub.state.faults += faults
    with pytest.raises(HubError, match=message) as caught:
        download_checkpoint(source)
    assert "\n" not in str(caught.value)
    assert caught.value.__cause__ is not None


def test_a_token_that_nobody_has_is_refused(fake_hub, plain_checkpoint):
    push_checkpoint(plain_checkpoint, REPO)
    with pytest.raises(HubError, match="refused the token"):
        download_checkpoint(REPO, token="hf_unknown")


def test_an_unreachable_hub_is_named(fake_hub, plain_checkpoint, no_waiting, monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as closed:
        address = f"http://127.0.0.1:{closed.getsockname()[1]}"
    monkeypatch.setattr(constants, "ENDPOINT", address)
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", address + "/{repo_id}/resolve/{revision}/{filename}")
    for attempt in (lambda: download_checkpoint(REPO), lambda: push_checkpoint(plain_checkpoint, REPO)):
        with pytest.raises(HubError, match=f"the Hub at {address} could not be reached"):
            attempt()


@pytest.mark.parametrize("switch", ["argument", "setting"])
def test_a_cached_checkpoint_loads_offline_without_any_request(fake_hub, plain_checkpoint, monkeypatch, switch):
    push_checkpoint(plain_checkpoint, REPO)
    online = download_checkpoint(REPO)
    fake_hub.state.requests.clear()
    if switch == "setting":
        monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    assert download_checkpoint(REPO, local_files_only=switch == "argument") == online
    assert not fake_hub.state.requests


@pytest.mark.parametrize("switch", ["argument", "setting"])
def test_offline_and_not_cached_says_so(fake_hub, plain_checkpoint, monkeypatch, switch):
    push_checkpoint(plain_checkpoint, REPO)
    if switch == "setting":
        monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(HubError, match="not in the cache"):
        download_checkpoint(REPO, local_files_only=switch == "argument")


def test_a_push_while_offline_says_what_to_unset(fake_hub, plain_checkpoint, monkeypatch):
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(HubError, match="HF_HUB_OFFLINE is set"):
        push_checkpoint(plain_checkpoint, REPO)


def test_an_interrupted_download_names_the_outage_and_not_the_file(fake_hub, plain_checkpoint, no_waiting):
    push_checkpoint(plain_checkpoint, REPO)
    fake_hub.state.faults.append(Fault("HEAD", "*/model.safetensors", 503))
    with pytest.raises(HubError, match="answered 503"):
        download_checkpoint(REPO)
    assert not any("pytorch_model.bin" in path for _, path in fake_hub.state.requests)


@pytest.mark.parametrize(
    ("faults", "message"),
    [
        ([Fault("POST", "*/commit/main", 500)], "answered 500; try again later"),
        ([Fault("POST", "*/commit/main", 412)], "changed by someone else"),
        ([Fault("PUT", "/lfs/upload/*", 503)], "answered 503"),
        ([Fault("POST", "*/commit/main", 413, "too large")], "status 413: too large"),
    ],
    ids=["server", "conflict", "storage", "other"],
)
def test_a_failed_push_is_said_in_one_sentence(fake_hub, plain_checkpoint, no_waiting, faults, message):
    fake_hub.state.faults += faults
    with pytest.raises(HubError, match=message):
        push_checkpoint(plain_checkpoint, REPO)


def test_a_token_without_the_right_to_write_names_the_account(fake_hub, plain_checkpoint):
    push_checkpoint(plain_checkpoint, REPO)
    with pytest.raises(HubError, match="the account 'bob' may not write to model 'alice/net'"):
        push_checkpoint(plain_checkpoint, REPO, token=fake_hub.state.add_account("bob"))


def test_a_card_the_hub_refuses_is_named(fake_hub, plain_checkpoint):
    (plain_checkpoint / "README.md").write_text("---\nbase_model: no id at all\n---\n")
    with pytest.raises(HubError, match=r"refuses the metadata of the card of model .* \(\"base_model\" with value"):
        push_checkpoint(plain_checkpoint, REPO)


@pytest.mark.parametrize("token", ["", "hf_secret\n", "hf_ secret", "hf_sécret"])
def test_a_token_that_cannot_be_one_is_refused_without_showing_it(fake_hub, token):
    with pytest.raises(HubError, match="copy it again") as caught:
        download_checkpoint(REPO, token=token)
    assert "cret" not in str(caught.value)


@pytest.mark.parametrize("place", ["argument", "environment"])
def test_a_token_that_the_server_repeats_is_hidden(fake_hub, plain_checkpoint, monkeypatch, place):
    push_checkpoint(plain_checkpoint, REPO)
    token = fake_hub.state.add_account("bob")
    monkeypatch.setenv("HF_TOKEN", token)
    fake_hub.state.faults.append(fault(403, message=f"token {token} lacks the right"))
    with pytest.raises(HubError, match="lacks the right") as caught:
        download_checkpoint(REPO, token=token if place == "argument" else None)
    assert token not in str(caught.value)
