"""A Space on the fake Hub: one commit, and nothing of its owner's is touched."""

import logging
from unittest.mock import ANY

import pytest
from error_facts import code_and_fields
from fake_hub.faults import Fault
from huggingface_hub import CommitOperationAdd, HfApi
from huggingface_hub.errors import HfHubHTTPError

from resnet_hub import ResNet
from resnet_hub.errors import ConfigError, HubError
from resnet_hub.space.files import SpaceSettings
from resnet_hub.space.model import served_model
from resnet_hub.space.push import push_space, space_address

SPACE = "alice/page"
PLAIN = SpaceSettings()


@pytest.fixture
def model(tiny_checkpoint):
    return served_model(str(tiny_checkpoint))


def commits(hub):
    return list(hub.repository(SPACE, "spaces").commits.values())


def head(hub):
    return hub.repository(SPACE, "spaces").resolve("main")


def add(files, **options):
    HfApi().create_repo(SPACE, repo_type="space", space_sdk=options.pop("sdk", "gradio"), **options)
    operations = [CommitOperationAdd(name, text.encode()) for name, text in files.items()]
    if operations:
        HfApi().create_commit(SPACE, operations, commit_message="mine", repo_type="space")


def test_a_new_space_is_made_in_one_commit_and_runs(fake_hub, model):
    assert push_space(model, SPACE, SpaceSettings("Which?")) == f"{fake_hub.url}/spaces/{SPACE}"
    assert [commit.title for commit in commits(fake_hub)] == ["initial commit", "Serve cifar_resnet20"]
    assert HfApi().space_info(SPACE).card_data.title == "Which?"
    assert [HfApi().get_space_runtime(SPACE).stage for _ in range(2)] == ["BUILDING", "RUNNING"]


def test_a_second_push_of_the_same_changes_nothing(fake_hub, model):
    push_space(model, SPACE, SpaceSettings("Which?"))
    push_space(model, SPACE, PLAIN)
    assert len(commits(fake_hub)) == 2


def test_another_model_takes_the_place_of_the_first_in_one_commit(fake_hub, model, tiny_checkpoint):
    push_space(model, SPACE, PLAIN)
    ResNet.from_pretrained(tiny_checkpoint).push_to_hub("alice/tiny")
    push_space(served_model("alice/tiny"), SPACE, PLAIN)
    assert len(commits(fake_hub)) == 3
    files = head(fake_hub).files
    assert not [path for path in files if path.startswith("checkpoint/")]
    assert b'"RESNET_HUB_MODEL": "alice/tiny"' in files["page.json"].content
    info = HfApi().space_info(SPACE)
    assert (info.models, info.card_data["preload_from_hub"]) == (
        *(["alice/tiny"], ["alice/tiny config.json,model.safetensors"]),
    )


def test_a_checkpoint_takes_the_place_of_a_model_of_the_hub(fake_hub, model, tiny_checkpoint):
    ResNet.from_pretrained(tiny_checkpoint).push_to_hub("alice/tiny")
    push_space(served_model("alice/tiny"), SPACE, PLAIN)
    push_space(model, SPACE, PLAIN)
    assert not {"models", "preload_from_hub"} & HfApi().space_info(SPACE).card_data.to_dict().keys()
    assert "checkpoint/model.safetensors" in head(fake_hub).files


def test_secrets_variables_and_hardware_stay(fake_hub, model):
    add({}, space_hardware="t4-small")
    HfApi().add_space_secret(SPACE, "HF_TOKEN", "hf_secret")
    HfApi().add_space_variable(SPACE, "RESNET_HUB_MAX_QUEUE", "8")
    space = fake_hub.state.spaces[SPACE]
    before = (space.hardware, dict(space.secrets), dict(space.variables), space.restarts)
    push_space(model, SPACE, PLAIN)
    assert (space.hardware, space.secrets, space.variables, space.restarts) == before


@pytest.mark.parametrize("there", [False, True], ids=["new", "there"])
def test_hardware_is_what_was_asked_for(fake_hub, model, there):
    if there:
        add({})
    push_space(model, SPACE, SpaceSettings(hardware="t4-small"))
    assert fake_hub.state.spaces[SPACE].hardware == "t4-small"
    assert HfApi().space_info(SPACE).card_data["suggested_hardware"] == "t4-small"


def test_a_hand_written_readme_keeps_its_words(fake_hub, model):
    add({"README.md": "---\ntitle: Mine\nsdk: gradio\npinned: true\n---\n\n# My words\n", "notes.md": "mine"})
    push_space(model, SPACE, PLAIN)
    files = head(fake_hub).files
    text = files["README.md"].content.decode()
    assert text.startswith("---\ntitle: Mine\nsdk: gradio\npinned: true\n")
    assert text.endswith("---\n\n# My words\n")
    assert files["notes.md"].content == b"mine"


def test_somebody_else_s_commit_meanwhile_is_not_overwritten(fake_hub, model, monkeypatch):
    push_space(model, SPACE, PLAIN)
    ask = HfApi.space_info

    def ask_and_be_overtaken(self, repo_id, **options):
        info = ask(self, repo_id, **options)
        change = CommitOperationAdd("README.md", b"---\nsdk: gradio\n---\ntheirs")
        HfApi().create_commit(repo_id, [change], commit_message="theirs", repo_type="space")
        return info

    monkeypatch.setattr(HfApi, "space_info", ask_and_be_overtaken)
    with pytest.raises(HubError, match="Space 'alice/page' was changed by someone else"):
        push_space(model, SPACE, SpaceSettings("Mine"))
    assert head(fake_hub).files["README.md"].content.endswith(b"theirs")


def test_a_private_space_is_seen_by_its_owner_only(fake_hub, model):
    push_space(model, SPACE, PLAIN, private=True)
    assert fake_hub.repository(SPACE, "spaces").private


def test_a_public_space_is_no_place_for_what_shall_be_private(fake_hub, model):
    push_space(model, SPACE, PLAIN)
    with pytest.raises(HubError, match="Space 'alice/page' exists and is public"):
        push_space(model, SPACE, PLAIN, private=True)


@pytest.mark.parametrize("sdk", ["static", "docker"])
def test_a_space_of_another_sdk_is_refused(fake_hub, model, sdk):
    add({}, sdk=sdk)
    with pytest.raises(HubError, match=f"runs on the SDK '{sdk}', the page on gradio"):
        push_space(model, SPACE, PLAIN)
    assert len(commits(fake_hub)) == 1


def test_a_stranger_s_program_is_left_alone(fake_hub, model):
    add({"app.py": "print('mine')"})
    with pytest.raises(ConfigError) as refused:
        push_space(model, SPACE, SpaceSettings(hardware="t4-small"))
    assert code_and_fields(refused.value) == (
        "space.other_program",
        {"where": ("hub.space", {"repo_id": "alice/page"}), "file": "app.py"},
    )
    assert fake_hub.state.spaces[SPACE].hardware == "cpu-basic"


@pytest.mark.parametrize(
    ("fault", "code", "expected"),
    [
        (
            Fault("POST", "/api/repos/create", 402, "Subscribe to PRO"),
            "space.paid_plan",
            {"named": ("hub.space", {"repo_id": "alice/page"}), "said": "Subscribe to PRO"},
        ),
        (
            Fault("POST", "/api/spaces/alice/page/commit/*", 403, "No."),
            "hub.no_permission",
            {
                "account": ("hub.this_account", {"name": "alice"}),
                "said": "No.",
                "action": ("hub.write_to", {}),
                "named": ("hub.space", {"repo_id": "alice/page"}),
                "endpoint": ANY,
                "repo_id": "alice/page",
            },
        ),
        (
            Fault("POST", "/api/spaces/alice/page/commit/*", 500),
            "hub.server_error",
            {
                "status": 500,
                "action": ("hub.write_to", {}),
                "named": ("hub.space", {"repo_id": "alice/page"}),
                "endpoint": ANY,
                "repo_id": "alice/page",
            },
        ),
        (
            Fault("GET", "/api/spaces/alice/page", 401, "Expired"),
            "hub.token_refused",
            {
                "said": "Expired",
                "action": ("hub.write_to", {}),
                "named": ("hub.space", {"repo_id": "alice/page"}),
                "endpoint": ANY,
                "repo_id": "alice/page",
            },
        ),
    ],
    ids=["402", "403", "500", "401"],
)
def test_a_refusal_is_a_sentence_with_its_cause(fake_hub, model, fault, code, expected):
    fake_hub.state.faults.append(fault)
    with pytest.raises(HubError) as refused:
        push_space(model, SPACE, PLAIN)
    assert code_and_fields(refused.value) == (code, expected)
    assert isinstance(refused.value.__cause__, HfHubHTTPError)
    assert fake_hub.token not in str(refused.value)


def test_a_space_of_somebody_else_is_refused(fake_hub, model):
    with pytest.raises(HubError, match="'alice' may not write to Space 'bob/page'"):
        push_space(model, "bob/page", PLAIN)


@pytest.mark.parametrize(
    ("repo_id", "says"),
    [
        ("page", "whose repository"),
        ("datasets/alice/page", "one of the datasets, not a Space"),
        ("models/alice/page", "one of the models, not a Space"),
        ("alice/page@dev", "built from main"),
        ("alice/a b", "is no Hub id"),
    ],
)
def test_an_address_that_is_no_space_s_is_refused(repo_id, says):
    with pytest.raises(ConfigError, match=says):
        space_address(repo_id)


def test_the_prefix_of_a_space_may_be_written():
    assert space_address("spaces/alice/page").repo_id == SPACE


def test_a_model_that_needs_a_token_is_told(fake_hub, tiny_checkpoint, caplog):
    ResNet.from_pretrained(tiny_checkpoint).push_to_hub("alice/tiny", private=True)
    with caplog.at_level(logging.WARNING):
        push_space(served_model("alice/tiny"), SPACE, PLAIN)
    assert "give the Space a secret HF_TOKEN that may read it" in caplog.text
    assert "preload_from_hub" not in HfApi().space_info(SPACE).card_data.to_dict()


def test_a_variable_of_the_space_that_goes_before_the_model_is_told(fake_hub, model, caplog):
    add({})
    HfApi().add_space_variable(SPACE, "RESNET_HUB_MODEL", "alice/older")
    with caplog.at_level(logging.WARNING):
        push_space(model, SPACE, PLAIN)
    assert "RESNET_HUB_MODEL=alice/older goes before page.json" in caplog.text


def test_files_that_the_package_has_no_more_are_removed(fake_hub, model):
    push_space(model, SPACE, PLAIN)
    HfApi().create_commit(
        SPACE, [CommitOperationAdd("resnet_hub/gone.py", b"x")], commit_message="older", repo_type="space"
    )
    push_space(model, SPACE, PLAIN)
    assert "resnet_hub/gone.py" not in head(fake_hub).files
