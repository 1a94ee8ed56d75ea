"""The answers are those of the network as it is at each call, whatever was done to it since the one before."""

import copy
import io
import logging
import multiprocessing
import pickle
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
from error_facts import code_and_fields
from random_weights import assert_equal, lively, random_state
from torch import nn
from torch.nn.utils import parametrizations, prune

from resnet_hub import ImageClassifier
from resnet_hub.errors import ConfigError
from resnet_hub.runtime.runner import Runner

IMAGES = torch.randn(2, 3, 32, 32, generator=torch.Generator().manual_seed(0))


def network(name="resnet18"):
    return lively(name, depths=(1, 2), widths=(64, 64), num_classes=5)


@torch.no_grad()
def own_logits(model):
    """What the network itself answers in evaluation mode; it stays in the mode that it was in."""
    training = [module for module in model.modules() if module.training]
    logits = model.eval()(IMAGES.to(next(model.parameters()).dtype)).float()
    for module in training:
        module.training = True
    return logits


def a_step(model):
    model.train()
    model(IMAGES).square().mean().backward()
    torch.optim.AdamW(model.parameters(), 0.01).step()


def first_block(model):
    return next(module for name, module in model.named_modules() if name.endswith(".0") and hasattr(module, "conv1"))


def new_first_convolution(model):
    block = first_block(model)
    block.conv1 = copy.deepcopy(block.conv1)
    nn.init.ones_(block.conv1.weight)


def longer_block(model):
    block = first_block(model)
    block.conv2 = nn.Sequential(block.conv2, nn.Tanh())


def hook_in_front(model):
    first_block(model).conv2.register_forward_pre_hook(lambda conv, given: (given[0] + 1,))


def pruned(model):
    return prune.random_unstructured(first_block(model).conv1, "weight", 0.5)


def without_statistics(model):
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean = module.running_var = None


CHANGES = {
    "a step of training": a_step,
    "training mode": lambda model: model.train(),
    "other weights": lambda model: model.load_state_dict({k: 0.9 * v for k, v in random_state(model).items()}),
    "assigned weights": lambda model: model.load_state_dict(
        {k: 0.9 * v for k, v in random_state(model).items()}, assign=True
    ),
    "a new head": lambda model: model.reset_classifier(7),
    "in place": lambda model: nn.init.zeros_(model.get_classifier().weight),
    "data": lambda model: [parameter.data.mul_(0.5) for parameter in model.parameters()],
    "a new layer": new_first_convolution,
    "a longer block": longer_block,
    "another setting": lambda model: setattr(model.maxpool, "stride", 1),
    "double": lambda model: model.double(),
    "half": lambda model: model.half(),
    "channels last": lambda model: model.to(memory_format=torch.channels_last),
    "a hook": lambda model: first_block(model).register_forward_hook(lambda block, given, result: 2 * result),
    "a hook in front": hook_in_front,
    "a function": lambda model: setattr(first_block(model), "forward", lambda x: x.repeat(1, 1, 1, 1) * 3),
    "pruning": pruned,
    "pruning for good": lambda model: prune.remove(pruned(model), "weight"),
    "a parametrization": lambda model: parametrizations.weight_norm(model.get_classifier()),
    "norms without statistics": without_statistics,
    "frozen weights": lambda model: model.requires_grad_(False),
}


@pytest.mark.parametrize("name", ["resnet18", "resnetv2_18"])
@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_the_next_answers_are_those_of_the_changed_network(change, name):
    model = network(name)
    run = Runner(model.eval(), "auto", "fp32")
    assert_equal(run(IMAGES), own_logits(model))
    change(model)
    modes = [module.training for module in model.modules()]
    for _ in range(3):  # of the network, of a new copy, of the copy again
        assert_equal(run(IMAGES).float(), own_logits(model))
    assert [module.training for module in model.modules()] == modes


def test_the_classifier_s_names_numbers_and_input_are_those_of_the_changed_network():
    model = network()
    model.label_names, model.head_is_new = tuple("abcde"), False
    classifier = ImageClassifier(model, device="cpu")
    pixels = torch.zeros(1, 3, 32, 32, dtype=torch.uint8)
    classifier.scores_of(pixels)
    model.reset_classifier(2, label_names=["left", "right"])
    model.double()
    assert classifier.label_names == ("left", "right")
    assert {best.label for best in classifier.ranked(classifier.scores_of(pixels)[0], 5)} == {"left", "right"}
    assert (classifier.backend, classifier.temperature) == ("eager", None)


def test_training_between_answers_needs_no_copy_for_each(monkeypatch):
    made = []
    fused = Runner._current_copy.__globals__["fused_network"]
    monkeypatch.setattr("resnet_hub.runtime.runner.fused_network", lambda *given: made.append(given) or fused(*given))
    model = network()
    run = Runner(model.eval(), "auto", "fp32")
    run(IMAGES)
    for _ in range(3):
        a_step(model)
        assert_equal(run(IMAGES), own_logits(model))
    assert len(made) == 1
    assert_equal(run(IMAGES), own_logits(model))
    assert_equal(run(IMAGES), own_logits(model))
    assert len(made) == 2


def test_what_cannot_be_copied_is_said_once_and_refused_where_fused_was_asked_for(caplog):
    model = network()
    runs = {backend: Runner(model.eval(), backend, "fp32") for backend in ("auto", "fused")}
    model.layer1.register_forward_hook(lambda *_: None)
    with caplog.at_level(logging.WARNING):
        runs["auto"](IMAGES), runs["auto"](IMAGES)
    assert [record.getMessage().partition(": ")[2] for record in caplog.records] == ["layer1 has a forward hook"]
    with pytest.raises(ConfigError) as refused:
        runs["fused"](IMAGES)
    assert code_and_fields(refused.value) == (
        "runtime.changed_network",
        {"reason": ("runtime.hook", {"name": "layer1"})},
    )


def test_a_hook_that_is_gone_leaves_the_fast_copy(caplog):
    model = network()
    handle = model.register_forward_hook(lambda *_: None)
    run = Runner(model.eval(), "auto", "fp32")
    assert run.backend == "eager"
    handle.remove()
    assert run.backend == "fused"


def saved_and_loaded(value):
    file = io.BytesIO()
    torch.save(value, file)
    file.seek(0)
    return torch.load(file, weights_only=False)


@pytest.mark.parametrize(
    "again",
    [copy.deepcopy, lambda value: pickle.loads(pickle.dumps(value)), saved_and_loaded],
    ids=["copy", "pickle", "file"],
)
@pytest.mark.parametrize("backend", ["auto", "eager"])
def test_a_classifier_can_be_copied_and_sent(again, backend):
    classifier = ImageClassifier(network(), device="cpu", backend=backend)
    pixels = torch.zeros(1, 3, 32, 32, dtype=torch.uint8)
    expected = classifier.scores_of(pixels)
    other = again(classifier)
    assert torch.equal(other.scores_of(pixels), expected)
    assert other.backend == classifier.backend
    nn.init.zeros_(classifier.model.fc.weight)
    assert torch.equal(other.scores_of(pixels), expected)
    assert not torch.equal(classifier.scores_of(pixels), expected)


def test_a_forked_process_answers_although_another_thread_held_the_lock():
    run = Runner(network().eval(), "auto", "fp32")
    expected = run(IMAGES)
    context = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe()

    def answer():
        torch.set_num_threads(1)
        theirs.send(run(IMAGES).tolist())

    with run._lock:
        process = context.Process(target=answer, daemon=True)
        process.start()
    assert ours.poll(60)
    assert torch.allclose(torch.tensor(ours.recv()), expected, atol=1e-5)
    process.join()


@pytest.mark.parametrize("backend", ["auto", "eager"])
def test_threads_get_the_same_answers_and_leave_the_mode(backend):
    model = network()
    run = Runner(model.eval(), backend, "fp32")
    expected = run(IMAGES)
    model.train()
    model.layer1.eval()
    modes = [module.training for module in model.modules()]
    with ThreadPoolExecutor(4) as pool:
        for found in pool.map(run, [IMAGES] * 12):
            assert_equal(found, expected)
    assert [module.training for module in model.modules()] == modes


REFUSED = {
    "another network": (lambda: nn.Linear(2, 2), "runner.no_network", {"kind": "torch.nn.modules.linear.Linear"}),
    "no network": (lambda: "resnet18", "runner.no_network", {"kind": "builtins.str"}),
    "wrapped": (
        lambda: nn.DataParallel(network()),
        "runner.wrapped_network",
        {"kind": "torch.nn.parallel.data_parallel.DataParallel"},
    ),
    "no weights": (lambda: network().to("meta"), "runner.no_weights", {}),
}


@pytest.mark.parametrize(("make", "code", "fields"), REFUSED.values(), ids=REFUSED)
def test_what_is_no_network_with_weights_is_refused(make, code, fields):
    with pytest.raises(ConfigError) as refused:
        ImageClassifier(make(), device="cpu")
    assert code_and_fields(refused.value) == (code, fields)
