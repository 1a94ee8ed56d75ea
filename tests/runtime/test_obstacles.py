"""What somebody changed in a network so that a fused copy of its layers would compute something else."""

import pytest
import torch
from error_facts import code_and_fields

from resnet_hub import ResNet, create_model
from resnet_hub.errors import ConfigError
from resnet_hub.nn import BasicBlock
from resnet_hub.runtime.fused import can_fuse, chosen_backend
from resnet_hub.runtime.obstacles import obstacle


class Doubled(ResNet):
    """A network that somebody computes otherwise."""

    def forward_head(self, x, pre_logits=False):
        return 2 * super().forward_head(x, pre_logits)


class Named(ResNet):
    """A network that computes as ours does."""

    def title(self):
        return "named"


def changed(change):
    model = create_model("cifar_resnet20")
    change(model)
    return model


class Scaled(torch.Tensor):
    """A tensor that some library gives another meaning."""


OBSTACLES = {
    "a method": (
        lambda: Doubled(create_model("cifar_resnet20").config),
        "own_method",
        {"kind": "Doubled", "method": "forward_head"},
    ),
    "a function": (
        lambda: changed(lambda model: setattr(model, "forward_features", torch.relu)),
        "own_method",
        {"kind": "ResNet", "method": "forward_features"},
    ),
    "a hook": (
        lambda: changed(lambda model: model.layer1[0].bn1.register_forward_pre_hook(print)),
        "hook",
        {"name": "layer1.0.bn1"},
    ),
    "a layer of somebody's": (
        lambda: changed(
            lambda model: setattr(model, "bn1", type("Own", (torch.nn.Identity,), {"__module__": "own"})())
        ),
        "unknown_layer",
        {"name": "bn1", "kind": "own.Own"},
    ),
    "a tensor of somebody's": (
        lambda: changed(lambda model: model.fc.register_buffer("scale", torch.ones(1).as_subclass(Scaled))),
        "unknown_tensor",
        {"name": "fc", "kind": "Scaled"},
    ),
    "an expanded tensor": (
        lambda: changed(lambda model: model.bn1.register_buffer("running_mean", torch.zeros(1).expand(16))),
        "unknown_tensor",
        {"name": "bn1", "kind": "Tensor"},
    ),
    "no block": (
        lambda: changed(lambda model: model.layer1.append(torch.nn.Tanh())),
        "no_block",
        {"name": "layer1.3", "kind": "Tanh"},
    ),
    "no stage": (
        lambda: changed(lambda model: setattr(model, "layer2", torch.nn.Identity())),
        "no_block",
        {"name": "layer2", "kind": "Identity"},
    ),
}


@pytest.mark.parametrize(("make", "code", "fields"), OBSTACLES.values(), ids=OBSTACLES)
def test_a_network_that_a_copy_would_not_be_is_not_fused(make, code, fields):
    model = make()
    assert not can_fuse(model, torch.float32)
    assert code_and_fields(obstacle(model)) == (f"runtime.{code}", fields)
    with pytest.raises(ConfigError) as refused:
        chosen_backend("fused", model, torch.float32)
    assert code_and_fields(refused.value) == ("runtime.changed_network", {"reason": (f"runtime.{code}", fields)})


def test_a_subclass_that_changes_nothing_is_fused():
    assert can_fuse(Named(create_model("cifar_resnet20").config), torch.float32)


def test_what_is_written_into_a_class_or_hooks_all_modules_is_no_longer_fused(monkeypatch):
    model = create_model("cifar_resnet20")
    with monkeypatch.context() as patched:
        patched.setattr(BasicBlock, "forward", lambda self, x: x)
        assert obstacle(model).code == "runtime.own_method"
    handle = torch.nn.modules.module.register_module_forward_hook(lambda *_: None)
    assert obstacle(model).code == "runtime.hook_of_all_modules"
    handle.remove()
    assert obstacle(model) is None
