"""metadata.py: what is known of weights is typed, frozen, and comes out of a checkpoint as it went in."""

import copy
import json
from dataclasses import FrozenInstanceError, fields, replace

import pytest
from random_weights import lively

from resnet_hub import ResNet
from resnet_hub.checkpoint import BUNDLED
from resnet_hub.metadata import CHECKS, CheckpointMetadata

WRITTEN = {
    "by_hand": [1, {"a": None}],
    "license": "mit",
    "dataset": "alice/ants",
    "metrics": {"top1": 0.5},
    "seconds": 3,
    "temperature": 2,
    "split": None,
    "hardware": 7,
}
"""Keys in no order of ours, one that is unknown, and two whose values no field takes."""


def test_every_field_says_what_it_takes():
    assert list(CHECKS) == [item.name for item in fields(CheckpointMetadata)][:-2]


def test_known_keys_are_fields_and_all_else_is_extra():
    known = CheckpointMetadata.from_json(WRITTEN)
    assert (known.license, known.dataset, known.metrics, known.seconds) == ("mit", "alice/ants", {"top1": 0.5}, 3)
    assert (known.split, known.hardware) == (None, None)
    assert known.extra == {"by_hand": [1, {"a": None}], "split": None, "hardware": 7}


def test_what_was_read_is_written_in_its_order():
    known = CheckpointMetadata.from_json(WRITTEN)
    assert list(known.to_json().items()) == list(WRITTEN.items())
    changed = replace(known, license="cc0-1.0", tag="mine", temperature=None).to_json()
    assert list(changed) == ["by_hand", "license", "dataset", "metrics", "seconds", "split", "hardware", "tag"]
    assert changed["license"] == "cc0-1.0"


def test_nothing_of_it_changes_by_itself():
    model = lively(num_classes=2)
    model.metadata = CheckpointMetadata(license="mit")
    with pytest.raises(FrozenInstanceError):
        model.metadata.license = "cc0-1.0"
    with pytest.raises(TypeError, match="does not support item assignment"):
        model.details["license"] = "cc0-1.0"
    assert model.details == {"license": "mit"}
    assert copy.deepcopy(model).metadata == model.metadata


def test_the_bundled_network_is_written_again_byte_for_byte(tmp_path):
    written = (BUNDLED / "config.json").read_text("utf-8")
    ResNet.from_pretrained(BUNDLED).save_pretrained(tmp_path)
    ours, again = json.loads(written)["resnet_hub"], (tmp_path / "config.json").read_text("utf-8")
    assert again == written.replace(f'"version": "{ours["version"]}"', again_version(again))


def again_version(text):
    return f'"version": "{json.loads(text)["resnet_hub"]["version"]}"'


def test_a_config_that_others_added_to_is_written_again_byte_for_byte(tmp_path):
    lively(num_classes=2).save_pretrained(tmp_path / "first")
    file = tmp_path / "first" / "config.json"
    values = json.loads(file.read_text("utf-8"))
    values["pretrained_cfg"] = {"license": "mit", **values["pretrained_cfg"]}
    values["resnet_hub"] = WRITTEN | values["resnet_hub"]
    file.write_text(json.dumps(values, indent=2) + "\n", "utf-8")
    ResNet.from_pretrained(tmp_path / "first").save_pretrained(tmp_path / "again")
    assert (tmp_path / "again" / "config.json").read_bytes() == file.read_bytes()
