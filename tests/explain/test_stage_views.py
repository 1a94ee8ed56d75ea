"""The image as each stage sees it: colors that tell places apart, and mean the same however the network is wired."""

import numpy as np
import pytest
import torch
from explained import COLORS, lively_classifier, noise, square, square_classifier

from resnet_hub.explain.blocks.gradients import gradient_norms
from resnet_hub.explain.blocks.stage_views import StageViews
from resnet_hub.explain.blocks.switchboard import Switchboard
from resnet_hub.explain.blocks.wiring import INTACT
from resnet_hub.explain.saliency.target import Target


def test_a_square_is_seen_where_it_is():
    classifier = square_classifier()
    board = Switchboard(classifier, classifier.prepare(square(COLORS[0], 2, 2)))
    views = StageViews(board).of(board.intact)
    assert [(view.stage, view.channels, view.height) for view in views] == [
        (0, 16, 32),
        (1, 16, 32),
        (2, 32, 16),
        (3, 64, 8),
    ]
    for view in views[:3]:
        pixels, part = np.asarray(view.image).astype(float), view.height // 4
        inside, outside = pixels[part : 2 * part - 1, part : 2 * part - 1], pixels[2 * part + 2 :, 2 * part + 2 :]
        assert np.abs(inside.mean((0, 1)) - outside.mean((0, 1))).max() > 30


def test_stages_before_a_change_look_as_before_and_those_behind_it_do_not():
    classifier = square_classifier()
    board = Switchboard(classifier, classifier.prepare(square(COLORS[0], 2, 2)))
    views = StageViews(board)
    before, after = (views.of(wired) for wired in (board.intact, board.run(INTACT.without("layer2.1"))))
    same = [one.image.tobytes() == other.image.tobytes() for one, other in zip(before, after, strict=True)]
    assert same == [True, True, False, False]


def test_gradients_are_those_of_the_loss_at_each_block():
    torch.manual_seed(0)
    classifier = lively_classifier("resnetv2_18")
    pixels = noise(classifier)
    norms = gradient_norms(classifier, pixels, 3)
    model, seen = classifier.model, []
    hook = model.get_submodule("stages.2.blocks.1").register_forward_pre_hook(
        lambda _module, given: (seen.append(given[0].requires_grad_()), None)[1]
    )
    loss = torch.nn.functional.cross_entropy(model(Target(classifier, pixels, 3).images()), torch.tensor([3]))
    (expected,) = torch.autograd.grad(loss, seen)
    hook.remove()
    assert norms["stages.2.blocks.1"] == pytest.approx(float(expected.norm()), rel=1e-4)
    assert len(norms) == sum(model.config.depths)
    assert all(parameter.grad is None for parameter in model.parameters())
