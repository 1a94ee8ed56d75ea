"""Class activation maps: what must hold exactly, and an oracle that knows the network's last layer only."""

import pytest
import torch
from explained import NETWORKS, lively_classifier, noise

from resnet_hub.explain.saliency.class_activation import class_activation
from resnet_hub.explain.saliency.target import Target

pytestmark = pytest.mark.usefixtures("fixed_seed")


def last_layer(model):
    """Weight (classes, features) and bias (classes) of the head."""
    head = model.get_classifier()
    return head.weight.flatten(1), head.bias


@pytest.mark.parametrize(("name", "options"), NETWORKS.values(), ids=NETWORKS)
def test_the_map_adds_up_to_the_logit_without_its_bias(name, options):
    classifier = lively_classifier(name, **options)
    target = Target(classifier, noise(classifier), 3)
    found, score = class_activation(target, "hires-cam")
    with torch.no_grad():
        logits = classifier.model(target.images())
        expected = float(logits[0, 3] - last_layer(classifier.model)[1][3])
    assert float(found.sum()) == pytest.approx(expected, rel=1e-4, abs=1e-5)
    assert score == pytest.approx(float(target.scores(logits)))


@pytest.mark.parametrize(("name", "options"), NETWORKS.values(), ids=NETWORKS)
def test_where_the_head_averages_the_map_is_the_weighted_sum_of_features(name, options):
    # Zhou et al. 2016, "Learning Deep Features for Discriminative Localization": no gradient is needed here.
    classifier = lively_classifier(name, **options)
    target = Target(classifier, noise(classifier), 1)
    with torch.no_grad():
        features = classifier.model.forward_features(target.images())[0]
        expected = torch.einsum("c,chw->hw", last_layer(classifier.model)[0][1], features) / features[0].numel()
    for method in ("hires-cam", "grad-cam"):
        torch.testing.assert_close(class_activation(target, method)[0], expected, rtol=1e-4, atol=1e-6)


def test_where_the_head_takes_the_maximum_the_methods_differ_as_they_say():
    classifier = lively_classifier(global_pool="max")
    target = Target(classifier, noise(classifier), 2)
    with torch.no_grad():
        features = classifier.model.forward_features(target.images())[0]
    weight = last_layer(classifier.model)[0][2].detach()
    # The gradient of a maximum is 1 at its place and 0 elsewhere.
    peaks = features == features.amax((1, 2), keepdim=True)
    gradient = weight[:, None, None] * peaks / peaks.sum((1, 2), keepdim=True)
    hires, _ = class_activation(target, "hires-cam")
    torch.testing.assert_close(hires, (gradient * features).sum(0))
    averaged, _ = class_activation(target, "grad-cam")
    torch.testing.assert_close(averaged, (gradient.mean((1, 2), keepdim=True) * features).sum(0))
    assert not torch.allclose(hires, averaged)


def test_no_parameter_gets_a_gradient_and_none_is_needed():
    classifier = lively_classifier()
    target = Target(classifier, noise(classifier), 0)
    before = class_activation(target, "hires-cam")[0]
    assert all(parameter.grad is None for parameter in classifier.model.parameters())
    classifier.model.requires_grad_(False)
    with torch.inference_mode():
        assert torch.equal(class_activation(target, "hires-cam")[0], before)
