"""license.py: what becomes of weights stands under their license, wherever it is written down."""

import pytest
from huggingface_hub import HfApi
from random_weights import lively

from resnet_hub import ResNet
from resnet_hub.card.contents.sections import model_card
from resnet_hub.hub.address import repo_address
from resnet_hub.metadata import CheckpointMetadata
from training.run.reports.license import parent_license


@pytest.fixture
def on_hub(fake_hub):
    """Puts a network without a license on the Hub, with this front matter above its card."""

    def put(front, repo_id="alice/parent"):
        if repo_id.startswith("timm/"):
            fake_hub.state.add_account("timm", token="hf_timm")
        lively(num_classes=2).push_to_hub(repo_id, token="hf_timm" if repo_id.startswith("timm/") else None)
        card = fake_hub.state.store(f"---\n{front}\n---\n# parent\n".encode())
        fake_hub.repository(repo_id).commit("main", "card", {"README.md": card}, (), None)
        return repo_address(repo_id)

    return put


@pytest.mark.parametrize(
    ("front", "license"),
    [
        ("license: cc-by-nc-4.0", "cc-by-nc-4.0"),
        ("license: other\nlicense_name: uber-nc", "uber-nc"),
        ("license: other", "other"),
        ("license: [mit, apache-2.0]", None),
        ("language: en", None),
    ],
)
def test_a_license_that_only_the_card_tells_is_carried_over(on_hub, front, license):
    address = on_hub(front)
    assert parent_license(ResNet.from_pretrained(str(address)), address) == license


def test_the_license_in_the_checkpoint_comes_first(fake_hub):
    model = lively(num_classes=2)
    model.metadata = CheckpointMetadata(license="mit")
    assert parent_license(model, repo_address("alice/parent")) == "mit"
    assert not fake_hub.state.requests


@pytest.mark.parametrize(
    ("name", "license"), [("resnet18.fb_swsl_ig1b_ft_in1k", "cc-by-nc-4.0"), ("resnet18.a1_in1k", "apache-2.0")]
)
def test_the_license_of_published_weights_is_known_without_asking(fake_hub, name, license):
    assert parent_license(lively(num_classes=2), repo_address(name)) == license
    assert not fake_hub.state.requests


def test_a_hub_that_does_not_answer_is_no_reason_to_stop(fake_hub, caplog):
    assert parent_license(lively(num_classes=2), repo_address("alice/none")) is None
    assert "the license of alice/none could not be asked for" in caplog.text


def test_a_folder_without_a_license_has_none():
    assert parent_license(lively(num_classes=2), None) is None


def test_a_non_commercial_parent_gives_a_non_commercial_card(on_hub, fake_hub):
    address = on_hub("license: cc-by-nc-4.0")
    model = ResNet.from_pretrained(str(address), num_classes=3)
    model.metadata = CheckpointMetadata(license=parent_license(model, address))
    model.push_to_hub("alice/child")
    assert HfApi().model_info("alice/child").card_data.license == "cc-by-nc-4.0"
    assert "cc-by-nc-4.0" in model_card({"pretrained_cfg": {"license": "cc-by-nc-4.0"}})
