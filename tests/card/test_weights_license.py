"""license.py: one answer to the question under which license weights stand."""

import pytest

from resnet_hub.card.license import license_keys, recorded_license, weights_license


@pytest.mark.parametrize(
    ("recorded", "card", "license"),
    [
        ("mit", {"license": "apache-2.0"}, "mit"),
        (None, {"license": "apache-2.0"}, "apache-2.0"),
        ("CC-BY-NC-4.0", None, "cc-by-nc-4.0"),
        ("Uber Non-Commercial", None, "Uber Non-Commercial"),
        (None, {"license": "other", "license_name": "uber-nc"}, "uber-nc"),
        (None, {"license": "other"}, "other"),
        (None, {"license": ["mit", "apache-2.0"]}, None),
        (5, {"license": {"name": "mit"}}, None),
        ("a\nb\u202e hf_" + "a" * 30, None, "a b (hidden)"),
        ("", None, None),
    ],
)
def test_the_checkpoint_s_word_goes_before_the_card_s(recorded, card, license):
    assert weights_license(recorded, card) == license


def test_of_a_config_the_run_goes_before_the_weights_that_it_started_from():
    parent = {"pretrained_cfg": {"license": "mit"}}
    assert recorded_license(parent | {"resnet_hub": {"license": "cc-by-4.0"}}) == "cc-by-4.0"
    assert recorded_license(parent | {"resnet_hub": {"license": None}}) == "mit"
    assert recorded_license({"resnet_hub": []}) is None


@pytest.mark.parametrize(
    ("license", "keys"),
    [
        ("mit", {"license": "mit"}),
        ("Uber (Non-Commercial)", {"license": "other", "license_name": "uber-non-commercial"}),
        ("只供研究", {"license": "other"}),
        (None, {}),
    ],
)
def test_the_hub_gets_an_identifier_that_it_knows(license, keys):
    assert license_keys(license) == keys
