"""Networks that timm lacks: plain ones, the controls without shortcuts, and blocks with a learned gain."""

import pytest
import torch
import torch.nn.functional as F
from error_facts import code_and_fields
from random_weights import assert_equal, lively

from resnet_hub import ResNet, create_model
from resnet_hub.errors import ConfigError
from resnet_hub.registry.architectures import GAIN, PLAIN, architecture, in_timm

IMAGES = torch.randn(2, 3, 64, 96, generator=torch.Generator().manual_seed(0))
GAINS = {"cifar_resnet20_gain": "cifar_resnet20", "resnet50_gain": "resnet50"}


def shapes(name):
    """Names and shapes of the tensors, of a network without storage."""
    with torch.device("meta"):
        return {key: tuple(tensor.shape) for key, tensor in create_model(name).state_dict().items()}


def bn(state, x, name):
    mean, var, weight, bias = (state[f"{name}.{k}"] for k in ("running_mean", "running_var", "weight", "bias"))
    return F.batch_norm(x, mean, var, weight, bias)


def plain_reference(state, x):
    """Two 3x3 convolutions for each block and nothing around them. Source: He et al. 2015, figure 3, middle."""
    large = state["conv1.weight"].shape[-1] == 7
    x = F.conv2d(x, state["conv1.weight"], stride=2 if large else 1, padding=3 if large else 1)
    x = F.relu(bn(state, x, "bn1"))
    x = F.max_pool2d(x, 3, 2, 1) if large else x
    for name in dict.fromkeys(key.rsplit(".", 2)[0] for key in state if key.startswith("layer")):
        stride = 2 if name.endswith(".0") and not name.startswith("layer1") else 1
        x = F.relu(bn(state, F.conv2d(x, state[f"{name}.conv1.weight"], stride=stride, padding=1), f"{name}.bn1"))
        x = F.relu(bn(state, F.conv2d(x, state[f"{name}.conv2.weight"], padding=1), f"{name}.bn2"))
    return F.linear(x.mean((2, 3)), state["fc.weight"], state["fc.bias"])


@pytest.mark.parametrize("name", PLAIN)
def test_a_plain_network_has_the_tensors_of_its_residual_twin_without_projections(name):
    twin = shapes(name.replace("plain", "resnet"))
    assert shapes(name) == {key: shape for key, shape in twin.items() if "downsample" not in key}


@pytest.mark.parametrize("name", ["plain18", "plain34", "cifar_plain20", "cifar_plain56"])
def test_a_plain_network_computes_what_the_paper_says(name):
    model = lively(name)
    assert_equal(model(IMAGES), plain_reference(model.state_dict(), IMAGES))


def test_no_block_of_a_new_plain_network_is_dead():
    model = create_model("cifar_plain20").train()
    F.cross_entropy(model(IMAGES), torch.tensor([1, 2])).backward()
    assert [name for name, parameter in model.named_parameters() if not parameter.grad.any()] == []


@pytest.mark.parametrize("name", ["plain18", "cifar_plain110"])
@pytest.mark.parametrize("options", [{"zero_init_last": True}, {"drop_path_rate": 0.1}], ids=str)
def test_a_plain_network_refuses_what_would_silence_its_blocks(name, options):
    with pytest.raises(ConfigError) as refused:
        create_model(name, **options)
    facts = {
        "zero_init_last": ("config.no_shortcut_zero_init", {}),
        "drop_path_rate": ("config.no_shortcut_drop_path", {"rate": 0.1}),
    }
    assert code_and_fields(refused.value) == facts[next(iter(options))]


@pytest.mark.parametrize(("name", "twin"), GAINS.items())
def test_a_gain_adds_one_number_to_each_block(name, twin):
    usual = shapes(twin)
    added = {key: shape for key, shape in shapes(name).items() if key not in usual}
    blocks = {key.rsplit(".", 2)[0] for key in usual if key.startswith("layer") and "downsample" not in key}
    assert added == {f"{block}.gain": (1,) for block in blocks}


@pytest.mark.parametrize(("name", "twin"), GAINS.items())
def test_a_gain_of_one_is_the_usual_network(name, twin):
    model, usual = lively(name), lively(twin)
    ones = {key: torch.ones(1) for key in model.state_dict() if key.endswith("gain")}
    model.load_state_dict({**usual.state_dict(), **ones})
    assert_equal(model(IMAGES), usual(IMAGES))


@pytest.mark.parametrize("name", GAIN)
def test_a_new_block_with_a_gain_is_its_shortcut(name):
    block = create_model(name).eval().layer1[1]
    x = torch.randn(2, block.out_channels, 8, 8)
    assert torch.equal(block(x), F.relu(x))


@pytest.mark.parametrize("name", GAIN)
def test_a_gain_scales_the_residual(name):
    block = lively(name).layer1[1]
    x = torch.randn(2, block.out_channels, 8, 8)
    with torch.no_grad():
        block.gain.fill_(1)
        whole = block.residual(x)
        block.gain.fill_(-0.5)
    torch.testing.assert_close(block(x), F.relu(x - 0.5 * whole))


@pytest.mark.parametrize("name", GAIN)
def test_every_gain_learns_from_the_first_step(name):
    model = create_model(name, num_classes=2).train()
    F.cross_entropy(model(IMAGES), torch.tensor([0, 1])).backward()
    gains = {key: parameter.grad for key, parameter in model.named_parameters() if key.endswith("gain")}
    assert all(gradient.any() for gradient in gains.values())


@pytest.mark.parametrize("name", GAIN)
def test_a_gain_refuses_a_last_norm_of_zero(name):
    with pytest.raises(ConfigError) as refused:
        create_model(name, zero_init_last=True)
    assert code_and_fields(refused.value) == (
        "nn.gain_without_gradient",
        {"option": "zero_init_last=True", "block": architecture(name).block},
    )


@pytest.mark.parametrize("name", GAIN)
def test_a_gain_needs_a_shortcut(name):
    with pytest.raises(ConfigError) as refused:
        create_model(name, shortcut="none")
    assert code_and_fields(refused.value) == (
        "nn.gain_without_gradient",
        {"option": "shortcut='none'", "block": architecture(name).block},
    )


@pytest.mark.parametrize("name", ["cifar_plain20", "cifar_resnet20_gain"])
def test_a_network_of_our_own_comes_back_from_its_folder(name, tmp_path):
    model = lively(name)
    model.save_pretrained(tmp_path)
    assert torch.equal(ResNet.from_pretrained(tmp_path)(IMAGES), model(IMAGES))


@pytest.mark.parametrize("name", [*PLAIN, *GAIN])
def test_timm_does_not_know_it(name):
    assert not in_timm(name)
