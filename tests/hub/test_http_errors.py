"""Downloads and pushes when the Hub refuses or is away: one sentence to act on for each failure, and no token in it."""

import errno
import socket
import time
import traceback
from dataclasses import replace
from unittest.mock import ANY

import pytest
from error_facts import Begins, code_and_fields
from fake_hub.state import Fault
from huggingface_hub import HfApi, constants

from resnet_hub.errors import CheckpointError, HubError, HubUnreachableError
from resnet_hub.hub import download as hub
from resnet_hub.hub.download import download_checkpoint
from resnet_hub.hub.upload import push_checkpoint

REPO = "alice/net"
DISABLED = "Access to this resource is disabled."
TOLD = "injected"


def head(status=0, **options):
    return Fault("HEAD", f"/{REPO}/*", status, **options)


def make(repo_id, plain_checkpoint):
    """Lets alice have the repository of this name, of a kind that its name says."""
    api = HfApi()
    match repo_id.partition("/")[2]:
        case "none":
            pass
        case "empty":
            api.create_repo(repo_id)
        case "pets":
            api.create_repo(repo_id, repo_type="dataset")
        case "page":
            api.create_repo(repo_id, repo_type="space", space_sdk="static")
        case "large":
            api.create_repo(repo_id)
            api.upload_file(path_or_fileobj=bytes(17 * 2**20), path_in_repo="config.json", repo_id=repo_id)
        case name:
            push_checkpoint(plain_checkpoint, repo_id, private=name == "secret")
            if name == "net":
                api.create_branch(repo_id, branch="dev")
            if name == "bare":
                api.delete_file("model.safetensors", repo_id)
            if name == "gated":
                api.update_repo_settings(repo_id, gated="manual")


WEIGHTS = "/cdn/*"
# What is asked for, as whom, what goes wrong, and the sentence.
ROWS = {
    "no such repository": ("alice/none", "alice", [], r"model 'alice/none' was not found, or it is private; check the"),
    "not logged in": ("alice/none", None, [], r"model 'alice/none' was not found, or .* log in with `hf auth login`"),
    "private": ("alice/secret", "bob", [], r"model 'alice/secret' was not found, or it is private"),
    "private, not logged in": ("alice/secret", None, [], r"'alice/secret' was not found, or .*`hf auth login`"),
    "data set": ("alice/pets", "alice", [], r"'alice/pets' is a dataset, not a model; give it as the dataset"),
    "page": ("alice/page", None, [], r"'alice/page' is a space, not a model; open it in a browser, or name a model"),
    "gated": ("alice/gated", "bob", [], r"'alice/gated' is gated \(.*ask for access at http://127\S+/alice/gated and"),
    "gated, not logged in": ("alice/gated", None, [], r"'alice/gated' is gated .*log in with `hf auth login`"),
    "disabled": (REPO, "alice", [head(403, message=DISABLED)], r"'alice/net' was disabled by the Hub; see http"),
    "revision": (f"{REPO}@v9", "alice", [], r"model 'alice/net' has no revision 'v9'; it has 'main', 'dev'$"),
    "no config": ("alice/empty", "alice", [], r"'alice/empty' has no config.json, so it holds no network"),
    "no weights": ("alice/bare", "alice", [], r"'alice/bare' has no model.safetensors and no pytorch_model.bin"),
    "large config": ("alice/large", "alice", [], r"'alice/large' has a config.json of 17,825,792 bytes, .* at most 16"),
    "forbidden": (REPO, "bob", [head(403, message="fine-grained")], r"'bob' may not read model 'alice/net' \(fine-g"),
    "nobody's token": (REPO, "nobody", [], r"model 'alice/net': the Hub at http\S+ refused the token .*pass token="),
    "down": (
        REPO,
        "alice",
        [head(503)],
        r"could not read model 'alice/net': the Hub at http://127\S+ answered 503; try",
    ),
    "too many": (REPO, "alice", [head(429, retry_after=300)], r"'alice/net'.* answered 429, .*; wait 300 seconds and"),
    "weights down": (REPO, "alice", [Fault("HEAD", "*/model.safetensors", 503)], r"'alice/net': .* answered 503; try"),
    "storage down": (REPO, "alice", [Fault("GET", WEIGHTS, 500)], r"'alice/net': the Hub at \S+ answered 500; try"),
    "no hub": (REPO, "alice", [head(200)], r"'alice/net': http\S+ does not answer as a Hub does; check HF_ENDPOINT"),
    "hangs up": (
        REPO,
        "alice",
        [head(drop=True)],
        r"'alice/net': the Hub at \S+ could not be reached \(Rem.* check th",
    ),
    "damaged": (
        REPO,
        "alice",
        [Fault("GET", WEIGHTS, corrupt=True)],
        r"arrived for model 'alice/net' is not what the Hub",
    ),
}

OUTAGES = {"down", "too many", "weights down", "storage down", "no hub", "hangs up"}


@pytest.mark.parametrize(("source", "account", "faults", "message"), ROWS.values(), ids=ROWS)
def test_what_cannot_be_read_is_said_at_once_in_one_sentence_without_a_token(
    fake_hub, plain_checkpoint, monkeypatch, caplog, request, source, account, faults, message
):
    hub, tokens = fake_hub, list(fake_hub.state.accounts)
    make(source.partition("@")[0], plain_checkpoint)
    token = {None: None, "alice": hub.token, "nobody": "hf_unknown"}.get(account) or hub.state.add_account("bob")
    monkeypatch.delenv("HF_TOKEN")
    if account is not None:
        monkeypatch.setenv("HF_TOKEN", token)
    # Some servers repeat what they were sent.
    hub.state.faults += [
        replace(one, message=f"{one.message} {token}") if one.message == TOLD else one for one in faults
    ]
    start = time.monotonic()
    with caplog.at_level("INFO"), pytest.raises(HubError, match=message) as caught:
        download_checkpoint(source)
    assert time.monotonic() - start < 10  # to ask a Hub that is down again and again takes longer
    assert isinstance(caught.value, HubUnreachableError) == (request.node.callspec.id in OUTAGES)
    assert "\n" not in str(caught.value)
    shown = "".join(traceback.format_exception(caught.value)) + caplog.text + repr(chain(caught.value))
    assert not [secret for secret in {*tokens, token} - {None} if secret in shown]
    if not source.endswith("large") and not any(one.corrupt for one in faults):
        assert caught.value.__cause__ is not None


def chain(error):
    """All that an error says of itself and of its causes."""
    parts = []
    while error is not None:
        parts.append((repr(error), str(error), error.args, getattr(error, "server_message", None)))
        error = error.__cause__ or error.__context__
    return parts


def test_a_file_that_breaks_off_is_taken_up_again(fake_hub, plain_checkpoint, no_waiting):
    (plain_checkpoint / "model.safetensors").write_bytes(bytes(100_000))
    push_checkpoint(plain_checkpoint, REPO)
    fake_hub.state.faults.append(Fault("GET", WEIGHTS, cut=50_000, times=1))
    assert (download_checkpoint(REPO) / "model.safetensors").read_bytes() == bytes(100_000)


def test_a_wait_that_the_storage_asks_for_is_said_before_it(fake_hub, plain_checkpoint, no_waiting, caplog):
    push_checkpoint(plain_checkpoint, REPO)
    fake_hub.state.faults.append(Fault("GET", WEIGHTS, 429, retry_after=30, times=1))
    download_checkpoint(REPO)
    assert "Rate limited. Waiting 31.0s before retry [Retry 1/5]." in caplog.messages


def test_a_transfer_by_xet_that_fails_says_how_to_do_without(fake_hub, plain_checkpoint, monkeypatch):
    push_checkpoint(plain_checkpoint, REPO)

    def fail(*_arguments, **_options):
        raise ConnectionError("Network error: 404 Not Found, /xet-read-token")

    monkeypatch.setattr(hub, "hf_hub_download", fail)
    with pytest.raises(HubError) as refused:
        download_checkpoint(REPO)
    facts = refused.value.fields
    assert (refused.value.code, facts["named"].fields) == ("hub.xet", {"repo_id": REPO})
    assert facts["reason"] == "Network error: 404 Not Found, /xet-read-token"


def test_a_full_disk_is_named(fake_hub, plain_checkpoint, monkeypatch):
    push_checkpoint(plain_checkpoint, REPO)

    def fail(*_arguments, **_options):
        raise OSError(errno.ENOSPC, "No space left on device", "/cache/blobs/x")

    monkeypatch.setattr(hub, "hf_hub_download", fail)
    with pytest.raises(HubError) as refused:
        download_checkpoint(REPO)
    facts = refused.value.fields
    assert (refused.value.code, facts["named"].fields) == ("hub.disk_at", {"repo_id": REPO})
    assert (facts["reason"], facts["file"]) == ("No space left on device", "'/cache/blobs/x'")


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
    with pytest.raises(HubUnreachableError, match="not in the cache"):
        download_checkpoint(REPO, local_files_only=switch == "argument")


def test_a_push_while_offline_says_what_to_unset(fake_hub, plain_checkpoint, monkeypatch):
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(HubError, match="HF_HUB_OFFLINE is set"):
        push_checkpoint(plain_checkpoint, REPO)


@pytest.mark.parametrize(
    ("faults", "message"),
    [
        ([Fault("POST", "*/commit/main", 500)], "answered 500; try again later"),
        ([Fault("POST", "*/commit/main", 412)], "changed by someone else"),
        ([Fault("PUT", "/lfs/upload/*", 503)], "answered 503"),
        ([Fault("POST", "*/commit/main", 501, "no commits")], r"does not offer what that needs \(no commits\)"),
        ([Fault("POST", "*/commit/main", 413, "too large")], "status 413: too large"),
    ],
    ids=["server", "conflict", "storage", "never", "other"],
)
def test_a_failed_push_is_said_in_one_sentence(fake_hub, plain_checkpoint, no_waiting, faults, message):
    fake_hub.state.faults += faults
    with pytest.raises(HubError, match=message):
        push_checkpoint(plain_checkpoint, REPO)


def test_a_token_without_the_right_to_write_names_the_account(fake_hub, plain_checkpoint):
    push_checkpoint(plain_checkpoint, REPO)
    with pytest.raises(HubError) as refused:
        push_checkpoint(plain_checkpoint, REPO, token=fake_hub.state.add_account("bob"))
    facts = refused.value.fields
    assert (refused.value.code, facts["named"].fields) == ("hub.no_permission", {"repo_id": REPO})
    assert code_and_fields(facts["account"]) == ("hub.this_account", {"name": "bob"})


def test_a_card_that_cannot_be_read_is_named(fake_hub, plain_checkpoint):
    (plain_checkpoint / "README.md").write_text("---\ntags: [a\n---\n")
    with pytest.raises(CheckpointError) as refused:
        push_checkpoint(plain_checkpoint, REPO)
    assert code_and_fields(refused.value) == (
        "card.invalid_yaml",
        {
            "where": ("card.card_in_folder", {"file": str(plain_checkpoint / "README.md")}),
            "fault": ("card.fault_in_line", {"line": 2, "problem": ANY}),
        },
    )


def test_a_card_the_hub_refuses_is_named(fake_hub, plain_checkpoint):
    (plain_checkpoint / "README.md").write_text("---\nbase_model: no id at all\n---\n")
    with pytest.raises(HubError) as refused:
        push_checkpoint(plain_checkpoint, REPO)
    assert code_and_fields(refused.value) == (
        "hub.card_refused",
        {
            "repo_id": "alice/net",
            "said": Begins('"base_model" with value "no id at all"'),
        },
    )


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
    fake_hub.state.faults.append(head(403, message=f"token {token} lacks the right"))
    with pytest.raises(HubError, match="lacks the right") as caught:
        download_checkpoint(REPO, token=token if place == "argument" else None)
    assert token not in repr(chain(caught.value)) + "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize("token", ["hf_secret\n", "hf_ secret", "hf_sécret"])
def test_a_token_of_the_environment_that_cannot_be_one_is_refused_without_showing_it(fake_hub, monkeypatch, token):
    monkeypatch.setenv("HF_TOKEN", token)
    with pytest.raises(HubError) as caught:
        download_checkpoint("alice/none")
    assert "cret" not in repr(chain(caught.value))


def test_what_an_endpoint_holds_before_its_host_is_not_shown(fake_hub, monkeypatch):
    monkeypatch.setattr(constants, "ENDPOINT", fake_hub.url.replace("//", "//me:hidden@"))
    fake_hub.state.faults.append(Fault("HEAD", "/alice/none/*", 503))
    with pytest.raises(HubError, match=r"the Hub at http://127\S+ answered 503") as caught:
        download_checkpoint("alice/none")
    assert "hidden" not in repr(chain(caught.value))
