"""A push and the card on the Hub: what people wrote there stays, and nobody's commit is overwritten."""

import json

import pytest
from error_facts import Begins, code_and_fields
from huggingface_hub import HfApi, ModelCard

from resnet_hub.card.contents.sections import model_card
from resnet_hub.errors import CheckpointError, HubError
from resnet_hub.hub.upload import ATTEMPTS, push_checkpoint

REPO = "alice/net"
RUN = {"dataset": "alice/insects", "split": "test", "metrics": {"top1": 0.9}, "license": "cc-by-nc-4.0"}
BY_HAND = """---
language: no
license: apache-2.0
tags:
- ants
model-index:
- name: net
  results:
  - task: {type: image-classification}
    dataset: {name: birds, type: bob/birds}
    metrics: [{type: auroc, value: 0.7}]
---
# Ants and bees

Made by hand.

<!-- resnet_hub:begin results -->
here
<!-- resnet_hub:end results -->

The end.
"""


@pytest.fixture
def folder(plain_checkpoint):
    (plain_checkpoint / "README.md").unlink()
    describe(plain_checkpoint, **RUN)
    return plain_checkpoint


def describe(folder, architecture="resnet18", **run):
    values = {"architecture": architecture, "num_classes": 2, "label_names": ["ant", "bee"], "resnet_hub": run}
    (folder / "config.json").write_text(json.dumps(values))


def head(hub, branch="main"):
    return hub.repository(REPO).resolve(branch)


def card(hub, branch="main"):
    return head(hub, branch).files["README.md"].content.decode()


def write(hub, content, name="README.md", branch="main"):
    """Somebody else's commit, through the Hub's own pages."""
    HfApi().create_repo(REPO, exist_ok=True)
    hub.repository(REPO).commit(branch, "by hand", {name: hub.state.store(content.encode())}, (), None)


@pytest.fixture
def somebody_commits(fake_hub, monkeypatch):
    """Lets others commit between our look at a repository and our commit, and tells how often we tried."""
    real, tries = HfApi.create_commit, []

    def arrange(*commits):
        waiting = list(commits)

        def create_commit(api, *arguments, **options):
            if options.get("parent_commit"):
                tries.append(options["parent_commit"])
                if waiting:
                    write(fake_hub, *waiting.pop(0))
            return real(api, *arguments, **options)

        monkeypatch.setattr(HfApi, "create_commit", create_commit)
        return tries

    return arrange


def test_a_card_is_made_from_the_config_and_names_the_repository(fake_hub, folder):
    push_checkpoint(folder, REPO)
    assert 'from_pretrained("alice/net")' in card(fake_hub)
    assert ModelCard(card(fake_hub)).data.eval_results[0].metric_value == 0.9


def test_of_a_card_by_hand_only_the_metadata_and_our_sections_change(fake_hub, folder):
    write(fake_hub, BY_HAND)
    push_checkpoint(folder, REPO)
    now = card(fake_hub)
    before, after = BY_HAND.split("---\n", 2)[2].split("here\n")
    text = now.split("---\n", 2)[2]
    assert text.startswith(before)
    assert text.endswith(after)
    assert "| Top-1 accuracy | 0.9 |" in text


def test_the_metadata_by_hand_stay_and_ours_are_added(fake_hub, folder):
    write(fake_hub, BY_HAND)
    push_checkpoint(folder, REPO)
    data = ModelCard(card(fake_hub)).data
    assert "language: 'no'\n" in card(fake_hub)
    assert data.tags == ["ants", "image-classification", "resnet_hub", "resnet18"]
    assert data.license == "cc-by-nc-4.0"
    assert {result.dataset_type for result in data.eval_results} == {"bob/birds", "alice/insects"}


def test_a_card_without_our_sections_keeps_all_of_its_text(fake_hub, folder):
    write(fake_hub, "# Mine\n\nAll by hand.\n")
    push_checkpoint(folder, REPO)
    assert card(fake_hub).partition("\n---\n")[2] == "# Mine\n\nAll by hand.\n"


def test_a_card_of_which_only_the_license_was_chosen_gets_our_text(fake_hub, folder):
    write(fake_hub, "---\nlicense: mit\nlanguage: en\n---\n")
    push_checkpoint(folder, REPO)
    assert "## What it is not for" in card(fake_hub)
    assert ModelCard(card(fake_hub)).data.language == "en"


def test_words_around_our_sections_survive_the_next_push(fake_hub, folder):
    push_checkpoint(folder, REPO)
    write(fake_hub, card(fake_hub).replace("\n# net", "\n# changed within") + "\nMy own words.\n")
    describe(folder, **RUN | {"metrics": {"top1": 0.95}})
    push_checkpoint(folder, REPO)
    now = card(fake_hub)
    assert now.endswith("\nMy own words.\n")
    assert "| Top-1 accuracy | 0.95 |" in now
    assert "changed within" not in now


def test_what_is_no_longer_so_leaves_the_metadata(fake_hub, folder):
    push_checkpoint(folder, REPO)
    describe(folder, architecture="resnet34", dataset="bob/flowers", metrics={"top1": 0.5})
    push_checkpoint(folder, REPO)
    data = ModelCard(card(fake_hub)).data
    assert (data.datasets, data.license) == (["bob/flowers"], None)
    assert data.tags == ["image-classification", "resnet_hub", "resnet34"]
    assert [result.metric_value for result in data.eval_results] == [0.5]


def test_words_written_here_reach_a_card_of_ours(fake_hub, folder):
    push_checkpoint(folder, REPO)
    (folder / "README.md").write_text(card(fake_hub) + "\nWritten here.\n")
    push_checkpoint(folder, REPO)
    assert card(fake_hub).endswith("\nWritten here.\n")


def test_words_written_here_do_not_replace_those_on_the_hub(fake_hub, folder, caplog):
    write(fake_hub, "# Mine\n")
    (folder / "README.md").write_text("---\nlanguage: de\n---\n# Here\n")
    push_checkpoint(folder, REPO)
    assert card(fake_hub).endswith("---\n# Mine\n")
    assert "README.md was written by hand here and in model 'alice/net' on the Hub" in caplog.text


def test_metadata_written_here_are_added_and_do_not_replace_those_on_the_hub(fake_hub, folder):
    write(fake_hub, "---\nlanguage: en\n---\n# Mine\n")
    (folder / "README.md").write_text("---\nlanguage: de\ncollection: insects\n---\n")
    push_checkpoint(folder, REPO)
    data = ModelCard(card(fake_hub)).data
    assert (data.language, data.collection) == ("en", "insects")


def test_the_card_of_the_branch_that_is_pushed_to_is_kept(fake_hub, folder):
    write(fake_hub, "# Main\n")
    HfApi().create_branch(REPO, branch="dev")
    write(fake_hub, "# Dev\n", branch="dev")
    push_checkpoint(folder, REPO, revision="dev")
    assert card(fake_hub, "dev").endswith("# Dev\n")
    assert card(fake_hub) == "# Main\n"


def test_a_pull_request_keeps_the_card_of_main(fake_hub, folder):
    write(fake_hub, "# Mine\n")
    bob = fake_hub.state.add_account("bob")
    push_checkpoint(folder, REPO, create_pr=True, token=bob)
    assert card(fake_hub, "refs/pr/1").endswith("---\n# Mine\n")


def test_the_hub_checks_the_card_once(fake_hub, folder):
    push_checkpoint(folder, REPO)
    checks = [path for _, path in fake_hub.state.requests if path == "/api/validate-yaml"]
    assert len(checks) == 1


BROKEN = "---\ntags: [a\nlicense: mit\n---\n# Mine\n"


def test_a_broken_card_on_the_hub_is_a_sentence_before_anything_is_sent(fake_hub, folder):
    write(fake_hub, BROKEN)
    fake_hub.state.requests.clear()
    sentence = r"the card \(README.md\) of model 'alice/net' on the Hub has metadata that is no valid YAML \(line 3: "
    with pytest.raises(CheckpointError, match=sentence):
        push_checkpoint(folder, REPO)
    assert not [path for method, path in fake_hub.state.requests if "upload" in path or "/commit/" in path]


def test_a_broken_card_here_is_a_sentence_before_the_hub_is_asked(fake_hub, folder):
    (folder / "README.md").write_text(BROKEN)
    with pytest.raises(CheckpointError, match=r"README.md' has metadata that is no valid YAML"):
        push_checkpoint(folder, REPO)
    assert not fake_hub.state.requests


def test_metadata_that_the_hub_refuses_are_a_sentence_before_anything_is_sent(fake_hub, folder):
    (folder / "README.md").write_text("---\nbase_model: no good/id at all\n---\n# Mine\n")
    with pytest.raises(HubError) as refused:
        push_checkpoint(folder, REPO)
    assert code_and_fields(refused.value) == (
        "hub.card_refused",
        {
            "repo_id": "alice/net",
            "said": Begins('"base_model" with value "no good/id at all"'),
        },
    )
    assert not [path for _, path in fake_hub.state.requests if "lfs" in path or "/commit/" in path]


def test_a_card_of_many_megabytes_is_not_read(fake_hub, folder):
    write(fake_hub, "x" * 5_000_000)
    with pytest.raises(CheckpointError, match=r"has 5,000,000 bytes; at most 4,194,304 are read"):
        push_checkpoint(folder, REPO)


def test_words_written_while_we_push_are_merged_again(fake_hub, folder, somebody_commits):
    tries = somebody_commits(("# Mine\n",), ("notes", "notes.txt"), ("# Mine, better\n",))
    push_checkpoint(folder, REPO)
    assert len(tries) == 4
    assert card(fake_hub).endswith("---\n# Mine, better\n")
    assert [commit.title for commit in fake_hub.repository(REPO).history(head(fake_hub))][:2] == [
        "Upload checkpoint",
        "by hand",
    ]


@pytest.mark.parametrize("name", ["config.json", "model.safetensors"])
def test_a_checkpoint_pushed_by_somebody_else_meanwhile_is_not_overwritten(fake_hub, folder, somebody_commits, name):
    somebody_commits(("theirs", name))
    with pytest.raises(
        HubError, match=rf"somebody else pushed {name} to model 'alice/net' meanwhile \(commit \w{{7}}\)"
    ):
        push_checkpoint(folder, REPO)
    assert head(fake_hub).files[name].content == b"theirs"


def test_a_repository_that_never_rests_is_given_up(fake_hub, folder, somebody_commits):
    tries = somebody_commits(*((str(number),) for number in range(9)))
    with pytest.raises(HubError, match=r"'alice/net' was changed by someone else meanwhile"):
        push_checkpoint(folder, REPO)
    assert len(tries) == ATTEMPTS


@pytest.mark.parametrize("name", ["config.json", "README.md", "recipe.toml", "metrics.jsonl"])
def test_a_token_in_a_file_stops_the_push_and_is_not_repeated(fake_hub, folder, name):
    if name == "config.json":
        describe(folder, **RUN, recipe={"note": fake_hub.token})
    else:
        (folder / name).write_text(f"one\ntoken = {fake_hub.token}\n")
    with pytest.raises(CheckpointError, match=rf"{name} in '.*' has what looks like a Hub token in line") as caught:
        push_checkpoint(folder, REPO)
    assert fake_hub.token not in str(caught.value)
    assert not fake_hub.state.requests


def test_a_card_of_a_config_with_a_token_does_not_tell_it(fake_hub, folder):
    described = {"recipe": {"hub_token": fake_hub.token, "note": fake_hub.token}, "hardware": fake_hub.token}
    assert fake_hub.token not in model_card({"resnet_hub": described})
