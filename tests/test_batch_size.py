"""The largest batch that fits: of memory as it is, of pictures as they are."""

import pytest
import torch
from accelerate import Accelerator
from launching import forget_accelerator

from resnet_hub import create_model
from resnet_hub.errors import ConfigError, TrainingError
from training import batch_size
from training.batch_size import LARGEST_ON_CPU, estimated, free_memory, tried, with_batch_size
from training.recipe import FinetuneRecipe, read_recipe


@pytest.fixture
def accelerator():
    forget_accelerator()
    return Accelerator(cpu=True)


@pytest.fixture(scope="module")
def network():
    return create_model("cifar_resnet20")


def recipe(size="auto"):
    return FinetuneRecipe(dataset="d", batch_size=size)


@pytest.mark.parametrize(
    ("pictures", "expected"), [(None, 32), (10**6, 32), (960, 32), (959, 16), (479, 8), (244, 8), (9, 8)]
)
def test_where_nobody_says_a_small_dataset_has_smaller_batches(network, accelerator, pictures, expected):
    assert with_batch_size(recipe(None), network, accelerator, pictures=pictures).batch_size == expected


def test_a_given_size_stays(network, accelerator):
    assert with_batch_size(recipe(48), network, accelerator, pictures=100).batch_size == 48


@pytest.mark.parametrize(
    ("pictures", "expected"), [(20, 1), (600, 32), (10**6, LARGEST_ON_CPU), (None, LARGEST_ON_CPU)]
)
def test_with_memory_to_spare_the_number_of_pictures_decides(network, accelerator, pictures, expected):
    assert with_batch_size(recipe(), network, accelerator, pictures=pictures).batch_size == expected


def test_less_memory_makes_smaller_batches(network, accelerator, monkeypatch):
    found = []
    for room in (160, 40, 10):
        monkeypatch.setattr(batch_size, "free_memory", lambda room=room: room * 2**20)
        found.append(estimated(network, accelerator, 64, train=True))
    assert found[0] == 4 * found[1] == 16 * found[2] > 0


def test_no_room_for_one_picture_is_told(network, accelerator, monkeypatch):
    monkeypatch.setattr(batch_size, "free_memory", lambda: 1000)
    with pytest.raises(TrainingError, match="not even one picture fits into memory; use a smaller --model or"):
        with_batch_size(recipe(), network, accelerator, pictures=1000)


@pytest.mark.parametrize(("fitting", "expected"), [(5, 4), (0, 0)])
def test_batches_are_halved_until_one_fits(network, accelerator, monkeypatch, fitting, expected):
    def attempt(copied, accelerator, size, *, train):
        if size > fitting:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")

    monkeypatch.setattr(batch_size, "_pass", attempt)
    assert tried(network, accelerator, 8, train=True) == expected


def test_another_fault_than_memory_is_not_hidden(network, accelerator, monkeypatch):
    def attempt(copied, accelerator, size, *, train):
        raise RuntimeError("sizes do not match")

    monkeypatch.setattr(batch_size, "_pass", attempt)
    with pytest.raises(RuntimeError, match="sizes do not match"):
        tried(network, accelerator, 64, train=True)


def test_the_network_and_the_random_numbers_are_as_before(network, accelerator):
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    torch.manual_seed(3)
    expected = torch.rand(1)
    torch.manual_seed(3)
    tried(network, accelerator, 4, train=True)
    estimated(network, accelerator, 4, train=True)
    assert torch.equal(torch.rand(1), expected)
    assert all(torch.equal(before[name], tensor) for name, tensor in network.state_dict().items())
    assert all(weight.grad is None for weight in network.parameters())


def test_free_memory_is_a_number_of_this_machine():
    assert 2**26 < free_memory() < 2**45


def test_the_word_may_stand_in_a_recipe_and_no_other(tmp_path):
    for word in ("auto", "large"):
        (tmp_path / f"{word}.toml").write_text(f'batch_size = "{word}"')
    assert read_recipe(str(tmp_path / "auto.toml")) == {"batch_size": "auto"}
    with pytest.raises(ConfigError, match="has batch_size = 'large'; expected a value of type int"):
        read_recipe(str(tmp_path / "large.toml"))


def test_a_stream_has_no_number_of_pictures_to_go_by():
    with pytest.raises(ConfigError, match="--batch-size auto goes by the number of pictures, which a stream lacks"):
        FinetuneRecipe(dataset="d", batch_size="auto", streaming=True, max_steps=5)
