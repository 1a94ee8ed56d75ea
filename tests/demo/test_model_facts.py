"""What is known of a model before it is loaded."""

import pytest
from checkpoints import cut_weights
from huggingface_hub import HfApi

from resnet_hub import create_model
from resnet_hub.demo.model_facts import model_facts
from resnet_hub.errors import CheckpointError, ConfigError, HubError


def test_a_published_name_is_told_from_the_catalog_without_a_request(fake_hub):
    facts = model_facts("resnet50.a1_in1k")
    assert (facts.name, facts.classes, facts.license, facts.top1) == (
        "timm/resnet50.a1_in1k",
        1000,
        "apache-2.0",
        80.382,
    )
    assert facts.parameters == 25_557_032
    assert facts.weights_bytes == pytest.approx(102e6, rel=0.01)
    assert fake_hub.state.requests == []


def test_a_folder_is_told_by_its_name_and_its_files(tiny_checkpoint):
    facts = model_facts(str(tiny_checkpoint))
    assert (facts.name, facts.classes) == ("tiny", 3)
    assert facts.weights_bytes == (tiny_checkpoint / "model.safetensors").stat().st_size


def test_the_hub_tells_size_and_license_before_anything_is_downloaded(fake_hub, tiny_checkpoint):
    card = "---\nlicense: mit\n---\n# colours"
    create_model("cifar_resnet20", num_classes=3).push_to_hub("alice/colors")
    HfApi().upload_file(path_or_fileobj=card.encode(), path_in_repo="README.md", repo_id="alice/colors")
    facts = model_facts("alice/colors")
    assert (facts.name, facts.license) == ("alice/colors", "mit")
    assert facts.weights_bytes > 1_000_000


def test_weights_in_several_files_are_added_up(fake_hub, tiny_checkpoint):
    whole = model_facts(str(tiny_checkpoint)).weights_bytes
    shards = cut_weights(tiny_checkpoint)[1:]
    assert model_facts(str(tiny_checkpoint)).weights_bytes == pytest.approx(whole, rel=0.05)
    HfApi().create_repo("alice/cut")
    HfApi().upload_folder(folder_path=tiny_checkpoint, repo_id="alice/cut")
    assert model_facts("alice/cut").weights_bytes == pytest.approx(whole, rel=0.1)
    (tiny_checkpoint / shards[0]).unlink()
    with pytest.raises(CheckpointError, match=shards[0]):
        model_facts(str(tiny_checkpoint))


def test_a_repository_with_nothing_but_a_pickle_is_refused(fake_hub):
    HfApi().create_repo("alice/pickled")
    HfApi().upload_file(path_or_fileobj=b"x", path_in_repo="pytorch_model.bin", repo_id="alice/pickled")
    with pytest.raises(HubError, match="only a pickle, which is never opened here"):
        model_facts("alice/pickled")


@pytest.mark.parametrize(
    ("source", "error", "sentence"),
    [
        ("alice/nowhere", HubError, "alice/nowhere"),
        ("no name at all", ConfigError, "is no Hub id"),
        ("../shadow/x", CheckpointError, "no folder or file"),
    ],
    ids=["missing", "no name", "a path"],
)
def test_what_is_no_model_is_refused_in_a_sentence(fake_hub, source, error, sentence):
    with pytest.raises(error, match=sentence):
        model_facts(source)
