"""Which blocks are passed over, as the text of a link: anybody may write one."""

import pytest
from explained import lively_classifier

from resnet_hub.demo.tabs.switchboard.cut import MOST, Cut
from resnet_hub.demo.text import PageError
from resnet_hub.explain import Wiring, network_blocks


@pytest.fixture(scope="module")
def blocks():
    return network_blocks(lively_classifier().model)


TEXTS = {
    "": Wiring(),
    "1.2": Wiring(frozenset({"layer1.1"})),
    "2": Wiring(frozenset({"layer2.0", "layer2.1", "layer2.2"})),
    "1.1,3.3": Wiring(frozenset({"layer1.0", "layer3.2"})),
    "1.1,3.2-3.3": Wiring(frozenset({"layer1.0"}), (("layer3.1", "layer3.2"),)),
}


@pytest.mark.parametrize(("text", "wiring"), TEXTS.items(), ids=TEXTS)
def test_a_wiring_and_its_text_say_the_same(blocks, text, wiring):
    assert Cut.read(text).wiring(blocks) == wiring
    assert Cut.of(wiring, blocks).text == text


def test_a_stage_without_its_blocks_is_one_word_and_the_network_is_named_last(blocks):
    wiring = Wiring(frozenset({"layer2.2", "layer2.0", "layer2.1"}))
    assert Cut.of(wiring, blocks, "cifar_plain20").text == "2@cifar_plain20"
    assert Cut.read("2@cifar_plain20") == Cut(("2",), (), "cifar_plain20")


NONE = ["x", "1.", ".1", "1.2.3", "1-2", "1.1-", "-1", "1,,2", "\u0661.\u0661", None, 5, ",".join(["1"] * (MOST + 1))]


@pytest.mark.parametrize("text", NONE)
def test_what_is_no_wiring_is_none(text):
    assert Cut.read(text) is None


@pytest.mark.parametrize("text", ["0.1", "1.0", "1.4", "4", "1.1-1.9"])
def test_a_block_that_the_network_does_not_have_is_refused(blocks, text):
    with pytest.raises(PageError, match=r"no block .* numbered by stage and place, from 1.1 to 3.3"):
        Cut.read(text).wiring(blocks)


def test_a_plain_network_keeps_the_blocks_that_cannot_go():
    blocks = network_blocks(lively_classifier("cifar_plain20").model)
    assert Cut.read("2").wiring(blocks).off == {"layer2.1", "layer2.2"}
    assert Cut.of(Wiring(frozenset({"layer2.1", "layer2.2"})), blocks).text == "2"
