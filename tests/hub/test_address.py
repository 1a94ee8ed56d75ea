"""Ids, revisions and published names as a person writes them, and what is refused before anything is asked."""

import pytest

from resnet_hub.errors import ConfigError
from resnet_hub.hub.address import RepoAddress, is_repo_id, repo_address


@pytest.mark.parametrize(
    ("source", "address"),
    [
        ("alice/net", RepoAddress("alice/net")),
        ("alice/net@v1", RepoAddress("alice/net", "v1")),
        ("alice/net@refs/pr/1", RepoAddress("alice/net", "refs/pr/1")),
        ("hf-hub:alice/net", RepoAddress("alice/net")),
        ("hf_hub:alice/net@dev", RepoAddress("alice/net", "dev")),
        ("resnet50.a1_in1k", RepoAddress("timm/resnet50.a1_in1k")),
        ("resnet50", RepoAddress("timm/resnet50.a1_in1k")),
        ("resnet50.a1_in1k@main", RepoAddress("timm/resnet50.a1_in1k", "main")),
        ("Org-1/resnet50.my_tag", RepoAddress("Org-1/resnet50.my_tag")),
    ],
)
def test_a_source_names_an_address(source, address):
    assert repo_address(source) == address
    assert is_repo_id(source)


@pytest.mark.parametrize(
    "source",
    [
        "",
        "resnet51",
        "a/b/c",
        "alice/",
        "/net",
        "alice/ne t",
        "alice/../net",
        "alice/net.git",
        "alice--x/net",
        "https://huggingface.co/alice/net",
        "alice/nét",
        "model.safetensors",
        "alice/net\n",
    ],
)
def test_a_malformed_id_is_quoted(source):
    with pytest.raises(ConfigError) as caught:
        repo_address(source)
    assert repr(source) in str(caught.value)
    assert not is_repo_id(source)


@pytest.mark.parametrize("revision", ["", "../../x", "/etc/x", "a..b", "a b", "a\n", "-x", ".hidden", "a\\b"])
def test_a_revision_cannot_leave_the_cache(revision):
    with pytest.raises(ConfigError, match="cannot be a revision"):
        repo_address(f"alice/net@{revision}")


def test_two_different_revisions_are_refused_naming_both():
    with pytest.raises(ConfigError, match=r"'v1'.*'v2'"):
        repo_address("alice/net@v1", "v2")


def test_the_same_revision_twice_is_fine():
    assert repo_address("alice/net@v1", "v1").revision == "v1"
