"""What is wrong with a network, as visitors read it."""

import pickle

import pytest

from resnet_hub.demo.serving.networks.open_model import OpeningError, errors_for_visitors
from resnet_hub.errors import CheckpointError, ConfigError, HubError

PLACE = "/srv/secret/two"


def told(error, name="two", place=PLACE):
    """What comes out in place of an error."""
    with pytest.raises((CheckpointError, HubError)) as caught, errors_for_visitors(name, place):
        raise error
    return caught.value


def test_what_is_wrong_with_a_network_names_it_and_no_folder_of_the_server():
    error = told(ConfigError("serving.no_such_folder", variable="MODEL", name=f"{PLACE}/a"))
    assert error.code == "serving.cannot_be_opened"
    assert error.fields["reason"].code == "serving.no_such_folder"
    assert str(error) == ("model 'two' cannot be opened: MODEL names 'two/a', but there is no such folder; correct it")
    assert error.sentence("zh-CN").startswith("无法打开模型 'two'\uff1aMODEL 里写了 'two/a'")


def test_a_place_within_the_name_leaves_the_name_whole():
    error = told(ConfigError("serving.other_task", task="regression"), "timm/net", "net")
    assert str(error).startswith("model 'timm/net' cannot be opened: the page shows classes")


def test_it_is_said_once_that_a_network_cannot_be_opened():
    within = CheckpointError(
        "serving.cannot_be_opened", name=PLACE, reason=ConfigError("serving.other_task", task="regression")
    )
    assert str(told(within)).startswith("model 'two' cannot be opened: the page shows classes")
    assert told(within).sentence("zh-CN").startswith("无法打开模型 'two'\uff1a本页显示类别")


def test_what_the_hub_says_stays_as_it_is():
    error = HubError("model_facts.gated", name="a/b")
    assert told(error) is error


def test_it_travels_between_processes():
    error = told(ConfigError("serving.not_offered", name=PLACE))
    copy = pickle.loads(pickle.dumps(error))
    assert isinstance(copy, OpeningError)
    assert (
        str(copy)
        == str(error)
        == ("model 'two' cannot be opened: this page does not offer the model 'two'; choose one of the list")
    )
