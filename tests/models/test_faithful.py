"""No folder is written that does not come back as the same network: what no config can say is refused by its name."""

import pytest
import torch
from error_facts import Begins, code_and_fields
from random_weights import lively
from torch import nn
from torch.nn.utils import parametrizations, prune

from resnet_hub import ResNet
from resnet_hub.errors import CheckpointError

ANEW, HEAD = ("models.build_anew", {}), ("models.head_is_linear", {})
NOTHING = ("models.nothing", {})


def network(name="resnet18"):
    return lively(name, depths=(1, 1), widths=(64, 64), num_classes=5, label_names=tuple("abcde"))


def assign(name, part):
    def change(model):
        parent, _, last = name.rpartition(".")
        setattr(model.get_submodule(parent), last, part)

    return change


def module(name, found, expected, advice=ANEW):
    return "models.not_in_config", {"module": name, "found": found, "expected": expected, "advice": advice}


def extra(name, advice=ANEW):
    return "models.tensor_unknown", {"tensor": name, "advice": advice}


LINEAR = Begins("Linear(in_features=64, ")
REFUSED = {
    "two layers": (
        assign("fc", nn.Sequential(nn.Linear(64, 7), nn.ReLU(), nn.Linear(7, 5))),
        module("fc", "Sequential(Linear, ReLU, Linear)", LINEAR, HEAD),
    ),
    "probabilities": (
        assign("fc", nn.Sequential(nn.Linear(64, 5), nn.Softmax(1))),
        module("fc", "Sequential(Linear, Softmax)", LINEAR, HEAD),
    ),
    "a narrow head": (assign("fc", nn.Linear(32, 5)), module("fc", Begins("Linear(in_features=32,"), LINEAR)),
    "another kernel": (
        assign("conv1", nn.Conv2d(3, 64, 5, 2, 2, bias=False)),
        module("conv1", Begins("Conv2d(3, 64, kernel_size=(5, 5)"), Begins("Conv2d(3, 64, kernel_size=(7, 7)")),
    ),
    "a bias": (assign("conv1", nn.Conv2d(3, 64, 7, 2, 3)), extra("conv1.bias")),
    "another pooling": (
        assign("maxpool", nn.AvgPool2d(2)),
        module("maxpool", Begins("AvgPool2d("), Begins("MaxPool2d(")),
    ),
    "another epsilon": (
        assign("bn1", nn.BatchNorm2d(64, eps=1e-3)),
        module("bn1", Begins("BatchNorm2d(64, eps=0.001"), Begins("BatchNorm2d(64, eps=1e-05")),
    ),
    "another norm": (
        assign("bn1", nn.GroupNorm(2, 64)),
        module("bn1", Begins("GroupNorm(2, 64"), Begins("BatchNorm2d(64")),
    ),
    "another activation": (
        assign("layer1.0.act2", nn.GELU()),
        module("layer1.0.act2", Begins("GELU("), Begins("ReLU(")),
    ),
    "another setting": (
        assign("layer2.0.conv2.padding", (2, 2)),
        module("layer2.0.conv2", Begins("Conv2d(64, 64"), Begins("Conv2d(64, 64")),
    ),
    "a stage less": (assign("layer2", nn.Identity()), module("layer2", "Identity()", Begins("S"))),
    "no pooling of features": (
        lambda model: model.__delattr__("global_pool"),
        module("global_pool", NOTHING, "GlobalPool('avg')"),
    ),
    "a layer more": (lambda model: model.layer1.append(nn.ReLU6()), module("layer1.1", "ReLU6()", NOTHING)),
    "weights more": (assign("loss", nn.CrossEntropyLoss(torch.ones(5))), extra("loss.weight")),
    "an attribute more": (
        lambda model: model.register_parameter("scale", nn.Parameter(torch.ones(1))),
        extra("scale"),
    ),
    "pruned": (
        lambda model: prune.random_unstructured(model.layer1[0].conv1, "weight", 0.5),
        extra("layer1.0.conv1.weight_orig", ("models.remove_pruning", {})),
    ),
    "parametrized": (
        lambda model: parametrizations.weight_norm(model.layer1[0].conv1),
        extra("layer1.0.conv1.parametrizations.weight.original0", ("models.remove_parametrization", {})),
    ),
    "a parametrized head": (
        lambda model: parametrizations.spectral_norm(model.fc),
        module("fc", Begins("ParametrizedLinear("), LINEAR, ("models.remove_parametrization", {})),
    ),
    "weight norm": (
        lambda model: nn.utils.weight_norm(model.layer1[0].conv1),
        extra("layer1.0.conv1.weight_g", ("models.remove_weight_norm", {})),
    ),
    "fewer channels": (
        lambda model: setattr(model.layer1[0].conv1, "weight", nn.Parameter(torch.ones(32, 64, 3, 3))),
        (
            "models.tensor_of_another_shape",
            {"tensor": "layer1.0.conv1.weight", "found": [32, 64, 3, 3], "expected": [64, 64, 3, 3]},
        ),
    ),
    "complex": (
        lambda model: setattr(model.fc, "weight", nn.Parameter(torch.ones(5, 64, dtype=torch.complex64))),
        ("models.tensor_of_another_type", {"tensor": "fc.weight", "found": "complex64"}),
    ),
    "names of other classes": (
        lambda model: setattr(model, "label_names", ("a",)),
        (
            "models.config_not_read",
            {"error": ("checkpoint.label_names_for_each_class", {"names": 1, "classes": 5})},
        ),
    ),
    "no storage": (lambda model: model.to("meta"), ("checkpoint.tensor_without_storage", {"name": "conv1.weight"})),
}


@pytest.mark.filterwarnings("ignore:.*weight_norm.*:FutureWarning")
@pytest.mark.parametrize(("change", "expected"), REFUSED.values(), ids=REFUSED)
def test_what_would_come_back_otherwise_is_refused_and_nothing_is_written(change, expected, tmp_path):
    model = network()
    change(model)
    with pytest.raises(CheckpointError) as refused:
        model.save_pretrained(tmp_path / "saved")
    assert code_and_fields(refused.value) == expected
    assert not (tmp_path / "saved").exists()


def own_block(model):
    model.layer1[0].__class__ = type("OwnBlock", (type(model.layer1[0]),), {})


HARMLESS = {
    "a part without weights": assign("loss", nn.CrossEntropyLoss()),
    "a hook": lambda model: model.layer1.register_forward_hook(lambda *_: None),
    "statistics over processes": nn.SyncBatchNorm.convert_sync_batchnorm,
    "momentum and what is in place": lambda model: [
        assign("bn1.momentum", 0.01)(model),
        assign("act1.inplace", False)(model),
    ],
    "a subclass that computes the same": own_block,
    "shared weights": lambda model: setattr(model.layer1[0].conv1, "weight", model.layer1[0].conv2.weight),
    "a compiled part": lambda model: setattr(model, "bn1", torch.compile(model.bn1, backend="eager")),
    "pruned for good": lambda model: prune.remove(prune.l1_unstructured(model.fc, "weight", 0.5), "weight"),
    "half": lambda model: model.half(),
}


@pytest.mark.parametrize("change", HARMLESS.values(), ids=HARMLESS)
def test_what_changes_no_answer_of_the_saved_network_is_not_refused(change, tmp_path):
    model = network()
    change(model)
    model.save_pretrained(tmp_path)
    again = ResNet.from_pretrained(tmp_path)
    images = torch.randn(2, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        torch.testing.assert_close(again(images), model.float().eval()(images), rtol=1e-4, atol=1e-4)


def test_other_weights_to_write_are_compared_as_well(tmp_path):
    model = network()
    weights = model.state_dict()
    weights["fc.weight"] = torch.zeros(4, 64)
    with pytest.raises(CheckpointError) as refused:
        model.save_pretrained(tmp_path / "saved", weights=weights)
    assert code_and_fields(refused.value) == (
        "models.tensor_of_another_shape",
        {"tensor": "fc.weight", "found": [4, 64], "expected": [5, 64]},
    )


def test_a_network_of_a_class_with_a_constructor_of_its_own_is_saved(tmp_path):
    class Mine(ResNet):
        def __init__(self):
            super().__init__(network().config)

    Mine().save_pretrained(tmp_path)
    assert ResNet.from_pretrained(tmp_path).num_classes == 5
