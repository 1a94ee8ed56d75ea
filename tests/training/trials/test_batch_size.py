"""The largest batch that fits: of memory as it is, of images as they are."""

from dataclasses import replace

import pytest
import torch
from accelerate import Accelerator
from error_facts import code_and_fields
from launching import forget_accelerator

from resnet_hub import create_model
from resnet_hub.errors import ConfigError, TrainingError
from training.settings.groups.evaluation import EvaluationSettings
from training.settings.recipe import FinetuneRecipe, read_recipe
from training.trials import batch_size
from training.trials.batch_size import LARGEST_ON_CPU, LiveBytes, Trial, estimated, free_memory, tried, with_batch_size


@pytest.fixture
def accelerator():
    forget_accelerator()
    return Accelerator(cpu=True)


@pytest.fixture(scope="module")
def network():
    return create_model("cifar_resnet20")


def recipe(size="auto", **settings):
    return FinetuneRecipe(dataset="d", batch_size=size, **settings)


def trial(network, **settings):
    return Trial.of(recipe(**settings), network)


@pytest.mark.parametrize(
    ("images", "expected"), [(None, 32), (10**6, 32), (960, 32), (959, 16), (479, 8), (244, 8), (9, 8)]
)
def test_where_nobody_says_a_small_dataset_has_smaller_batches(network, accelerator, images, expected):
    assert with_batch_size(recipe(None), network, accelerator, images=images).batch_size == expected


def test_a_given_size_stays(network, accelerator):
    assert with_batch_size(recipe(48), network, accelerator, images=100).batch_size == 48


@pytest.mark.parametrize(("images", "expected"), [(20, 1), (600, 32), (10**6, LARGEST_ON_CPU), (None, LARGEST_ON_CPU)])
def test_with_memory_to_spare_the_number_of_images_decides(network, accelerator, images, expected):
    assert with_batch_size(recipe(), network, accelerator, images=images).batch_size == expected


def test_less_memory_makes_smaller_batches(network, accelerator, monkeypatch):
    found = []
    for room in (1600, 400, 100):
        monkeypatch.setattr(batch_size, "free_memory", lambda room=room: room * 2**20)
        found.append(estimated(trial(network), accelerator, 1024))
    assert found[0] == 4 * found[1] == 16 * found[2] > 0


def test_no_room_for_one_image_is_told(network, accelerator, monkeypatch):
    monkeypatch.setattr(batch_size, "free_memory", lambda: 1000)
    with pytest.raises(TrainingError) as refused:
        with_batch_size(recipe(), network, accelerator, images=1000)
    assert code_and_fields(refused.value) == ("trials.nothing_fits", {})


@pytest.mark.parametrize(("fitting", "expected"), [(5, 4), (0, 0)])
def test_batches_are_halved_until_one_fits(network, accelerator, monkeypatch, fitting, expected):
    def attempt(self, accelerator, size):
        if size > fitting:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")

    monkeypatch.setattr(Trial, "run", attempt)
    assert tried(trial(network), accelerator, 8) == expected


def test_another_fault_than_memory_is_not_hidden(network, accelerator, monkeypatch):
    def attempt(self, accelerator, size):
        raise RuntimeError("sizes do not match")

    monkeypatch.setattr(Trial, "run", attempt)
    with pytest.raises(RuntimeError, match="sizes do not match"):
        tried(trial(network), accelerator, 64)


@pytest.mark.parametrize(
    "settings",
    [{"grad_checkpointing": True}, {"freeze": "backbone"}, {"freeze": "stem,layer1"}],
    ids=["activations computed again", "head alone", "lower parts frozen"],
)
def test_what_saves_memory_makes_room_for_larger_batches(network, accelerator, monkeypatch, settings):
    monkeypatch.setattr(batch_size, "free_memory", lambda: 200 * 2**20)
    usual, sparing = (estimated(trial(network, **given), accelerator, 4096) for given in ({}, settings))
    assert sparing >= 2 * usual > 0


def test_what_is_thawed_later_counts_from_the_start(network, accelerator, monkeypatch):
    monkeypatch.setattr(batch_size, "free_memory", lambda: 200 * 2**20)
    later = {"freeze": "backbone", "unfreeze_epoch": 5}
    assert estimated(trial(network, **later), accelerator, 4096) == estimated(trial(network), accelerator, 4096)


def test_room_is_left_for_the_optimizer_s_state_of_what_is_trained_and_for_the_average(network):
    weights = 4 * sum(weight.numel() for weight in network.parameters())
    head = 4 * sum(weight.numel() for weight in network.get_classifier().parameters())
    assert trial(network).aside == 3 * weights
    assert trial(network, freeze="backbone").aside == 3 * head
    assert trial(network, ema_decay=0.99).aside == 4 * weights
    assert Trial.of(EvaluationSettings(dataset="d", model="m"), network).aside == 0


def test_what_the_run_holds_besides_leaves_less_room_for_images(network, accelerator, monkeypatch):
    monkeypatch.setattr(batch_size, "free_memory", lambda: 100 * 2**20)
    usual, held = trial(network), replace(trial(network), aside=90 * 2**20)
    assert estimated(usual, accelerator, 1024) >= 8 * estimated(held, accelerator, 1024) > 0


def test_memory_is_counted_while_it_is_held():
    with LiveBytes() as live:
        first = torch.zeros(1000)
        second = (first + 1).view(10, 100)
        assert live.now == 8000
        del second
        assert live.now == 4000
    assert (live.most, len(first)) == (8000, 1000)


def test_the_network_and_the_random_numbers_are_as_before(network, accelerator):
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    torch.manual_seed(3)
    expected = torch.rand(1)
    torch.manual_seed(3)
    tried(trial(network), accelerator, 4)
    estimated(trial(network), accelerator, 4)
    assert torch.equal(torch.rand(1), expected)
    assert all(torch.equal(before[name], tensor) for name, tensor in network.state_dict().items())
    assert all(weight.grad is None for weight in network.parameters())


def test_free_memory_is_a_number_of_this_machine():
    assert 2**26 < free_memory() < 2**45


def test_the_word_may_stand_in_a_recipe_and_no_other(tmp_path):
    for word in ("auto", "large"):
        (tmp_path / f"{word}.toml").write_text(f'batch_size = "{word}"')
    assert read_recipe(str(tmp_path / "auto.toml")) == {"batch_size": "auto"}
    with pytest.raises(ConfigError) as refused:
        read_recipe(str(tmp_path / "large.toml"))
    assert code_and_fields(refused.value) == (
        "settings.wrong_type",
        {"file": str(tmp_path / "large.toml"), "key": "batch_size", "value": "large", "type": "int"},
    )


def test_a_stream_has_no_number_of_images_to_go_by():
    with pytest.raises(ConfigError) as refused:
        FinetuneRecipe(dataset="d", batch_size="auto", streaming=True, max_steps=5)
    assert code_and_fields(refused.value) == ("settings.batch_size_of_stream", {})
