"""What each block adds, against networks whose block was really taken out."""

import copy
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
from explained import NETWORKS, lively_classifier, noise

from resnet_hub.classifier import ImageClassifier
from resnet_hub.errors import ConfigError
from resnet_hub.explain.blocks import residuals as block_effects_module
from resnet_hub.explain.blocks.residuals import block_effects, branches, join, place_in_network
from resnet_hub.explain.saliency.target import Target
from resnet_hub.nn.blocks.residual import ResidualBlock

pytestmark = pytest.mark.usefixtures("fixed_seed")


def score(classifier, pixels, index, model=None):
    target = Target(classifier, pixels, index)
    with torch.no_grad():
        return float(target.scores((model or classifier.model)(target.images()))[0])


def without(model, name):
    """A copy of the network in which the residual branch of one block ends with weights of zero."""
    changed = copy.deepcopy(model)
    block = changed.get_submodule(name)
    layer = block.last_norm() if isinstance(block, ResidualBlock) else block.last_convolution()
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter.zero_()
    return changed


@pytest.mark.parametrize(("name", "options"), NETWORKS.values(), ids=NETWORKS)
def test_a_block_left_out_is_a_block_of_zero_weights(name, options):
    classifier = lively_classifier(name, **options)
    pixels = noise(classifier)
    effects = block_effects(classifier, pixels, 2)
    assert len(effects) == sum(classifier.model.config.depths)
    whole = score(classifier, pixels, 2)
    for effect in effects:
        expected = score(classifier, pixels, 2, without(classifier.model, effect.name))
        assert effect.score == pytest.approx(whole, abs=1e-5)
        assert effect.score_without == pytest.approx(expected, abs=1e-5)
    assert any(abs(effect.score_without - whole) > 1e-3 for effect in effects)


def test_a_network_of_more_blocks_than_fit_one_pass_has_them_all(monkeypatch):
    classifier = lively_classifier()
    at_once = block_effects_module.block_effects(classifier, noise(classifier), 1)
    monkeypatch.setattr(block_effects_module, "ROWS", 4)
    in_parts = block_effects_module.block_effects(classifier, noise(classifier), 1)
    assert [effect.name for effect in in_parts] == [effect.name for effect in at_once]
    for one, other in zip(in_parts, at_once, strict=True):
        assert one.score_without == pytest.approx(other.score_without, abs=1e-6)
        assert one.relative_size == pytest.approx(other.relative_size, rel=1e-4)


def test_a_block_of_zero_weights_has_no_size_and_no_effect():
    classifier = ImageClassifier(without(lively_classifier("test_resnet").model, "layer2.0"))
    by_name = {effect.name: effect for effect in block_effects(classifier, noise(classifier), 0)}
    assert by_name["layer2.0"].relative_size == 0
    assert by_name["layer2.0"].score_without == pytest.approx(by_name["layer2.0"].score, abs=1e-6)
    assert by_name["layer1.0"].relative_size > 0


@pytest.mark.parametrize(("name", "options"), NETWORKS.values(), ids=NETWORKS)
def test_the_branches_of_a_block_are_all_it_does(name, options):
    model = lively_classifier(name, **options).model

    def step(block_name, block, x):
        residual, shortcut = branches(block, x)
        ours, theirs = join(block, residual + shortcut), block(x)
        assert torch.equal(ours, theirs), block_name
        return theirs

    with torch.no_grad():
        model.walk(torch.randn(1, model.config.in_chans, 32, 32), step)


def test_the_relative_size_is_the_norm_of_the_correction_beside_that_of_the_shortcut():
    classifier = lively_classifier()
    pixels = noise(classifier)
    model = classifier.model
    with torch.no_grad():
        x = model.act1(model.bn1(model.conv1(Target(classifier, pixels, 0).images())))
        expected = model.layer1[0].residual(x).norm() / x.norm()
    assert block_effects(classifier, pixels, 0)[0].relative_size == pytest.approx(float(expected), rel=1e-5)


def test_a_network_without_shortcuts_is_refused():
    classifier = lively_classifier("cifar_plain20")
    with pytest.raises(ConfigError, match="cifar_plain20 has no shortcuts"):
        block_effects(classifier, noise(classifier), 0)


def test_the_network_is_as_it_was_and_threads_do_not_meet():
    classifier = lively_classifier("test_resnet")
    pixels = noise(classifier)
    before = score(classifier, pixels, 0)
    alone = [block_effects(classifier, pixels, index) for index in range(5)]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda index: block_effects(classifier, pixels, index), range(5)))
    assert together == alone
    assert score(classifier, pixels, 0) == before
    assert all(parameter.grad is None for parameter in classifier.model.parameters())


PLACES = {
    "layer3.0": (3, 1),
    "layer1": (1, None),
    "stages.2.blocks.0": (3, 1),
    "stages.0": (1, None),
    "stem": (None, None),
    "layer1.x": (None, None),
}


@pytest.mark.parametrize(("name", "place"), PLACES.items(), ids=PLACES)
def test_stages_and_blocks_are_counted_from_1_whatever_the_weights_call_them(name, place):
    assert place_in_network(name) == place


@pytest.mark.parametrize("name", ["cifar_resnet20", "resnetv2_18"])
def test_every_block_of_a_network_has_its_place(name):
    classifier = lively_classifier(name)
    depths = classifier.model.config.depths
    found = [place_in_network(effect.name) for effect in block_effects(classifier, noise(classifier), 0)]
    assert found == [(stage, block) for stage, depth in enumerate(depths, 1) for block in range(1, depth + 1)]
