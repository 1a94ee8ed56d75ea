"""Blocks passed over and exchanged, against networks that were really rebuilt so."""

import copy
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
from explained import NETWORKS, RIGID, lively_classifier, noise
from torch import nn

from resnet_hub.classifier import ImageClassifier
from resnet_hub.errors import CheckpointError, ConfigError
from resnet_hub.explain.blocks import switchboard
from resnet_hub.explain.blocks.residuals import block_effects
from resnet_hub.explain.blocks.switchboard import Switchboard
from resnet_hub.explain.blocks.wiring import INTACT, Passes, Wiring, network_blocks
from resnet_hub.nn import ResidualBlock

pytestmark = pytest.mark.usefixtures("fixed_seed")
MORE = {
    "blur": ("resnetblur18", {}),
    "lightweight attention": ("ecaresnet26t", {}),
    "EvoNorm": ("resnetv2_18", {"norm_layer": "evonorms0"}),
    "GroupNorm": ("resnet18", {"norm_layer": "groupnorm"}),
    "no shortcuts": ("cifar_plain20", {}),
}


def rebuilt(classifier, wiring):
    """The scores of a copy of the network in which residual branches end with zeros and weights have been exchanged."""
    model = copy.deepcopy(classifier.model)
    for name in wiring.off:
        block = model.get_submodule(name)
        layer = block.last_norm() if isinstance(block, ResidualBlock) else block.last_convolution()
        with torch.no_grad():
            for parameter in layer.parameters():
                parameter.zero_()
    for one, other in wiring.swaps:
        states = [copy.deepcopy(model.get_submodule(name).state_dict()) for name in (one, other)]
        model.get_submodule(one).load_state_dict(states[1])
        model.get_submodule(other).load_state_dict(states[0])
    return ImageClassifier(model, device="cpu", backend="eager")


def scores(classifier, pixels):
    return classifier.scores_of(pixels[None])[0].double()


def without_layers(classifier, *names):
    """A copy of a plain network from which blocks are taken out."""
    model = copy.deepcopy(classifier.model)
    for name in names:
        stage, _, number = name.partition(".")
        model.get_submodule(stage)[int(number)] = nn.Identity()
    return model


def close(found, expected):
    torch.testing.assert_close(found, expected, atol=2e-5, rtol=1e-4)


@pytest.mark.parametrize(("name", "options"), (NETWORKS | MORE).values(), ids=NETWORKS | MORE)
def test_blocks_passed_over_are_blocks_of_zero_weights_in_every_family(name, options):
    classifier = lively_classifier(name, **options)
    pixels = noise(classifier)
    board = Switchboard(classifier, pixels)
    close(board.intact.scores, scores(classifier, pixels))
    can = [block.name for block in board.blocks if block.can_be_passed]
    for off in (can[:1], can[1::2], can):
        wiring = Wiring(frozenset(off))
        found = board.run(wiring)
        assert set(found.ratios) == {block.name for block in board.blocks} - wiring.off
        if classifier.model.config.shortcut == "none":
            model = without_layers(classifier, *off)
            with torch.inference_mode():
                expected = model(switchboard.Target(classifier, pixels, 0).images()).double().softmax(1)[0]
        else:
            expected = scores(rebuilt(classifier, wiring), pixels)
        close(found.scores, expected)
        close(board.scores([INTACT, wiring])[1], expected)
    # What was kept of other wirings is not taken for what is asked now.
    close(board.run().scores, board.intact.scores)


@pytest.mark.parametrize("name", ["resnetv2_18", "cifar_resnet20", "test_resnet"])
def test_two_blocks_that_change_places_have_each_others_weights(name):
    classifier = lively_classifier(name, **({"depths": (1, 1, 3, 1)} if name == "test_resnet" else {}))
    pixels = noise(classifier)
    board = Switchboard(classifier, pixels)
    one, other = next((a, b) for a in board.blocks for b in board.blocks if a.place < b.place and a.fits(b))
    wiring = Wiring(swaps=((one.name, other.name),))
    found = board.run(wiring)
    close(found.scores, scores(rebuilt(classifier, wiring), pixels))
    assert not torch.allclose(found.scores, board.intact.scores, atol=1e-6)
    assert found.order.index(one.name) == board.intact.order.index(other.name)
    # A block takes its state along, and two exchanges are none.
    close(board.run(Wiring(frozenset({one.name}), wiring.swaps)).scores, board.scores([INTACT.without(one.name)])[0])
    twice = Wiring(swaps=wiring.swaps * 2)
    close(board.run(twice).scores, board.intact.scores)


def test_many_wirings_at_once_are_those_one_by_one(monkeypatch):
    classifier = lively_classifier()
    board = Switchboard(classifier, noise(classifier))
    names = [block.name for block in board.blocks]
    wirings = [INTACT, INTACT.without(names[8]), INTACT.without(*names), INTACT.without(names[0], names[4])]
    wirings += [Wiring(swaps=((names[1], names[2]),)), Wiring(frozenset(names[3:5]), ((names[0], names[1]),))]
    alone = torch.stack([board.run(wiring).scores for wiring in wirings])
    close(board.scores(wirings), alone)
    monkeypatch.setattr(switchboard, "ROWS", 2)
    close(board.scores(wirings), alone)
    assert board.scores([]).shape == (0, 5)


def test_only_what_follows_the_first_change_is_computed():
    classifier = lively_classifier()
    board = Switchboard(classifier, noise(classifier))
    called = []
    for name, module in classifier.model.named_modules():
        if isinstance(module, nn.Conv2d) and name.endswith("conv1"):
            module.register_forward_hook(lambda *_, name=name: called.append(name))
    board.run(Wiring(frozenset({"layer3.1"})))
    assert called == ["conv1", "layer3.2.conv1"]


def test_what_goes_on_is_said_of_every_block():
    passes = {block.name: block.passes for block in network_blocks(lively_classifier("cifar_resnet20").model)}
    assert passes["layer1.0"] is Passes.UNTOUCHED
    assert passes["layer2.0"] is Passes.FITTED
    bottlenecks = network_blocks(lively_classifier("test_resnet").model)
    assert {block.passes for block in bottlenecks if block.number == 1} >= {Passes.PROJECTED}
    plain = network_blocks(lively_classifier("cifar_plain20").model)
    assert [block.place for block in plain if not block.can_be_passed] == ["2.1", "3.1"]


def test_the_ratios_are_those_of_the_blocks_effects():
    classifier = lively_classifier("resnetv2_18")
    pixels = noise(classifier)
    board = Switchboard(classifier, pixels)
    for effect in block_effects(classifier, pixels, 1):
        assert board.intact.ratios[effect.name] == pytest.approx(effect.relative_size, rel=1e-4)
        without = board.run(INTACT.without(effect.name))
        assert float(without.scores[1]) == pytest.approx(effect.score_without, abs=1e-5)


REFUSED = {
    "unknown": (Wiring(frozenset({"layer1.9"})), "no block 'layer1.9'; of its 9 blocks the nearest are 'layer"),
    "unknown in a pair": (Wiring(swaps=(("layer1.0", "x"),)), "no block 'x'"),
    "shapes": (
        Wiring(swaps=(("layer1.0", "layer3.1"),)),
        r"layer1.0 takes \(16, .* layer3.1 takes \(64, ",
    ),
}


@pytest.mark.parametrize(("wiring", "words"), REFUSED.values(), ids=REFUSED)
def test_a_wiring_that_cannot_be_is_refused_in_a_sentence(wiring, words):
    board = Switchboard(lively_classifier(), noise(lively_classifier()))
    with pytest.raises(ConfigError, match=words):
        board.run(wiring)


def test_a_block_without_shortcut_that_changes_the_shape_cannot_go():
    classifier = lively_classifier("cifar_plain20")
    with pytest.raises(ConfigError, match=r"layer2.0 cannot be passed over: it takes \(16, "):
        Switchboard(classifier, noise(classifier)).run(INTACT.without("layer2.0"))


def test_a_network_without_blocks_to_pass_over_says_so():
    classifier = lively_classifier("cifar_plain20", depths=(1, 1, 1), strides=(2, 2, 2))
    with pytest.raises(ConfigError, match="no shortcuts and each of its 3 blocks changes the shape"):
        Switchboard(classifier, noise(classifier))


def test_a_network_that_overflows_says_so():
    classifier = lively_classifier()
    with torch.no_grad():
        classifier.model.fc.bias.fill_(float("inf"))
    with pytest.raises(CheckpointError, match="not finite"):
        Switchboard(classifier, noise(classifier))


def test_the_network_is_as_it_was_and_visitors_do_not_meet():
    classifier = lively_classifier("test_resnet")
    images = [noise(classifier, seed=seed) for seed in range(4)]
    before = {name: tensor.clone() for name, tensor in classifier.model.state_dict().items()}
    answer = scores(classifier, images[0])
    names = [block.name for block in network_blocks(classifier.model)]
    shared = Switchboard(classifier, images[0])

    def visit(seed):
        board = Switchboard(classifier, images[seed])
        found = [board.run(INTACT.without(*names[:seed], name)).scores for name in names]
        return torch.stack([*found, shared.run(INTACT.without(names[seed])).scores])

    alone = [visit(seed) for seed in range(4)]
    with ThreadPoolExecutor(4) as pool:
        for one, other in zip(pool.map(visit, range(4)), alone, strict=True):
            close(one, other)
    after = classifier.model.state_dict()
    assert all(torch.equal(tensor, after[name]) for name, tensor in before.items())
    assert torch.equal(scores(classifier, images[0]), answer)
    assert not any(module._forward_hooks for module in classifier.model.modules())


def test_a_network_none_of_whose_blocks_can_go_says_so():
    name, options = RIGID
    classifier = lively_classifier(name, **options)
    with pytest.raises(ConfigError) as caught:
        Switchboard(classifier, noise(classifier))
    assert (caught.value.code, caught.value.fields["count"]) == ("explain.nothing_to_pass", 4)
