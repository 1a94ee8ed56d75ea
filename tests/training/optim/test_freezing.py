"""Frozen parts of the network: nothing of them moves, and what thaws when."""

import pytest
import torch
from launching import launch
from learners import make_data, start, state
from safetensors.torch import load_file

from resnet_hub import create_model
from resnet_hub.errors import ConfigError
from training.loop.epoch import train_one_epoch
from training.optim.freezing import Freezing, parts
from training.settings.recipe import FinetuneRecipe


def freezing(network, **settings):
    return Freezing.of(FinetuneRecipe(dataset="digits", **settings), network)


@pytest.mark.parametrize("architecture", ["test_resnet", "resnetv2_18", "resnet18d", "resnet50t", "cifar_resnet20"])
def test_every_tensor_of_a_network_is_in_exactly_one_part(architecture):
    network = create_model(architecture, num_classes=3)
    tensors = [id(each) for modules in parts(network).values() for module in modules for each in tensors_of(module)]
    assert sorted(tensors) == sorted(id(each) for each in tensors_of(network))


def tensors_of(module):
    return [*module.parameters(), *module.buffers()]


def names_in(network, part):
    own = {id(each) for module in parts(network)[part] for each in module.parameters()}
    return {name.split(".")[0] for name, each in network.named_parameters() if id(each) in own}


def test_parts_hold_what_their_names_say():
    network = create_model("test_resnet", num_classes=3)
    assert {part: names_in(network, part) for part in parts(network)} == {
        "stem": {"conv1", "bn1"},
        **{name: {name} for name in ("layer1", "layer2", "layer3", "layer4")},
        "head": {"fc"},
    }
    network = create_model("resnetv2_18", num_classes=3)
    assert names_in(network, "layer4") == {"stages", "norm"}
    assert names_in(network, "head") == {"head"}


@pytest.mark.parametrize(
    ("architecture", "freeze"),
    [
        ("cifar_resnet20", "stem,layer1,layer2"),
        ("cifar_resnet20", "backbone"),
        ("resnetv2_18", "stem, stages.0, layer2"),
        ("resnetv2_18", "backbone"),
    ],
)
def test_nothing_of_a_frozen_part_moves_in_an_epoch_and_the_others_do(tmp_path, architecture, freeze):
    make_data(tmp_path, 10)
    options = {"drop_path_rate": 0.1} if architecture == "cifar_resnet20" else None
    learner, loaders = start(tmp_path, architecture, options, size=32, freeze=freeze, lr=0.1)
    before = state(learner)
    train_one_epoch(learner, loaders["train"])
    frozen = {id(each) for modules in learner.freezing.parts.values() for each in modules for each in tensors_of(each)}
    live = {
        name
        for name, each in [*learner.network.named_parameters(), *learner.network.named_buffers()]
        if id(each) not in frozen
    }
    for name, tensor in state(learner).items():
        assert torch.equal(tensor, before[name]) == (name not in live), name


def test_what_is_frozen_for_good_takes_no_room_in_the_optimizer(tmp_path):
    make_data(tmp_path, 10)
    learner, _ = start(tmp_path, freeze="backbone")
    optimized = [each for group in learner.optimizer.param_groups for each in group["params"]]
    assert {id(each) for each in optimized} == {id(each) for each in learner.network.get_classifier().parameters()}


@pytest.mark.parametrize(
    ("settings", "frozen"),
    [
        ({"freeze": "stem,layer1"}, {1: ["stem", "layer1"], 9: ["stem", "layer1"]}),
        ({"freeze": "layer1,stem", "unfreeze_epoch": 3}, {2: ["stem", "layer1"], 3: []}),
        (
            {"freeze": "backbone", "unfreeze_every": 2},
            {2: ["stem", "layer1", "layer2", "layer3"], 3: ["stem", "layer1", "layer2"], 5: ["stem", "layer1"], 9: []},
        ),
        (
            {"freeze": "backbone", "unfreeze_epoch": 2, "unfreeze_every": 1},
            {1: ["stem", "layer1", "layer2", "layer3"], 2: ["stem", "layer1", "layer2"], 4: ["stem"], 5: []},
        ),
    ],
    ids=["for good", "until an epoch", "stage by stage", "stage by stage from an epoch"],
)
def test_parts_thaw_from_the_last_to_the_first(settings, frozen):
    found = freezing(create_model("cifar_resnet20"), **settings)
    assert {epoch: found.frozen(epoch) for epoch in frozen} == frozen


def test_a_thawed_part_trains_and_its_statistics_move(tmp_path):
    make_data(tmp_path, 10)
    learner, loaders = start(tmp_path, freeze="backbone", unfreeze_every=1, epochs=3)
    still = []
    for _ in range(3):
        before = state(learner)
        train_one_epoch(learner, loaders["train"])
        after, tensors = state(learner), ("conv1.weight", "bn1.running_mean")
        still.append(
            [
                n
                for n in (1, 2, 3)
                if all(torch.equal(before[f"layer{n}.0.{t}"], after[f"layer{n}.0.{t}"]) for t in tensors)
            ]
        )
        learner.position.next_epoch()
    assert still == [[1, 2, 3], [1, 2], [1]]


@pytest.mark.parametrize("freeze", ["layer9", "backbon", "head"])
def test_a_part_that_the_network_has_not_is_refused(freeze):
    with pytest.raises(ConfigError, match=f"--freeze '{freeze}' is no part of cifar_resnet20; choose from '"):
        freezing(create_model("cifar_resnet20"), freeze=freeze)


def test_two_processes_thaw_alike(tmp_path):
    make_data(tmp_path / "data", 15)
    flags = ["--dataset", tmp_path / "data", "--model", "cifar_resnet20", "--from-scratch", "--epochs", 2]
    flags += ["--freeze", "backbone", "--unfreeze-epoch", 2, "--batch-size", 4, "--lr", 0.1, "--ema-decay", 0.9]
    finished = launch("finetune", *flags, "--output", tmp_path / "run", processes=2)
    assert finished.returncode == 0, finished.stderr
    weights = load_file(tmp_path / "run" / "last.safetensors")
    assert weights["layer1.0.bn1.num_batches_tracked"] == 3  # 24 to train, 2 x 4 at a time, in the second epoch alone


def test_norms_that_keep_their_statistics_keep_them_bit_for_bit_while_all_weights_move(tmp_path):
    make_data(tmp_path, 10)
    learner, loaders = start(tmp_path, freeze_bn_stats=True, lr=0.1)
    before = state(learner)
    train_one_epoch(learner, loaders["train"])
    moved = {name for name, tensor in state(learner).items() if not torch.equal(tensor, before[name])}
    assert moved == {name for name, _ in learner.network.named_parameters()}
