"""What a run asks of PyTorch and accelerate for a GPU, told on any machine; no test here computes on one."""

import pickle
from types import SimpleNamespace

import pytest
import torch
from accelerate import Accelerator, data_loader
from images import class_folders
from launching import forget_accelerator

from resnet_hub import Preprocessing
from resnet_hub.errors import DataError, TrainingError
from resnet_hub.runtime import native_bf16
from training import hardware
from training.data.load import load_data
from training.hardware import (
    describe_hardware,
    main_process_first,
    make_accelerator,
    refuse_differences,
    used_memory,
)
from training.loading.augment import EvalTransform
from training.loading.image_dataset import make_loader
from training.loading.stream_batches import make_stream_loader
from training.settings.recipe import FinetuneRecipe

SMALL = EvalTransform(Preprocessing(input_size=(3, 16, 16)))
PIN = "torch.utils.data._utils.pin_memory.pin_memory"


@pytest.fixture(autouse=True)
def nothing_told(monkeypatch):
    """A process that the launcher told nothing, with the threads that it had."""
    for name in ("ACCELERATE_USE_CPU", "ACCELERATE_MIXED_PRECISION", "LOCAL_WORLD_SIZE"):
        monkeypatch.delenv(name, raising=False)
    forget_accelerator()
    threads = torch.get_num_threads()
    yield
    torch.set_num_threads(threads)
    forget_accelerator()


def pretend(monkeypatch, *, gpu, bf16=True):
    """Lets PyTorch say that there is a GPU or none; bfloat16 is computed by the GPU alone, or by nothing."""
    monkeypatch.setattr(torch.accelerator, "is_available", lambda: gpu)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: gpu)
    monkeypatch.setattr(hardware, "native_bf16", lambda device: bf16 and device.type == "cuda")


def asked(monkeypatch, precision="auto"):
    """What accelerate is asked for: whether the CPU, which precision, whether copies do not wait."""
    given = {}
    monkeypatch.setattr(hardware, "Accelerator", lambda **settings: given.update(settings))
    make_accelerator(precision, 1)
    return given["cpu"], given["mixed_precision"], given["dataloader_config"].non_blocking


@pytest.mark.parametrize(
    ("gpu", "bf16", "environment", "precision", "expected"),
    [
        (True, True, {}, "auto", (False, "bf16", True)),
        (True, False, {}, "auto", (False, "no", True)),
        (True, True, {}, "fp16", (False, "fp16", True)),
        (True, True, {}, "no", (False, "no", True)),
        (True, True, {"ACCELERATE_MIXED_PRECISION": "fp16"}, "auto", (False, "fp16", True)),
        (True, True, {"ACCELERATE_USE_CPU": "true"}, "auto", (True, "no", False)),
        (False, True, {}, "auto", (True, "no", False)),
    ],
    ids=["GPU", "GPU without bfloat16", "as asked", "float32", "as launched", "GPU left alone", "no GPU"],
)
def test_a_gpu_computes_in_bfloat16_and_is_copied_to_without_waiting(
    monkeypatch, gpu, bf16, environment, precision, expected
):
    pretend(monkeypatch, gpu=gpu, bf16=bf16)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert asked(monkeypatch, precision) == expected


@pytest.mark.parametrize(
    ("there", "computes", "expected"), [(True, True, True), (True, False, False), (False, True, 0)]
)
def test_bfloat16_that_a_gpu_only_emulates_does_not_count(monkeypatch, there, computes, expected):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: there)
    monkeypatch.setattr(
        torch.cuda, "is_bf16_supported", lambda including_emulation=True: including_emulation or computes
    )
    assert native_bf16(torch.device("cuda")) == expected


def copies(monkeypatch, make):
    """Of each batch that a prepared loader gives: whether it was pinned before its copy, and whether that waits."""
    pinned, found = [], []

    def pin(data, device=None):
        pinned.append(data)
        return data

    def send(data, device, non_blocking=False, **options):
        found.append((any(data is batch for batch in pinned), not non_blocking))
        return data

    # The CPU stands in for the GPU: the settings are those for a GPU, and the copies are only written down.
    monkeypatch.setattr(hardware, "Accelerator", lambda **settings: Accelerator(**{**settings, "cpu": True}))
    loader = make(make_accelerator("no", 1))
    monkeypatch.setattr(torch.accelerator, "current_accelerator", lambda: torch.device("cuda"))
    monkeypatch.setattr(PIN, pin)
    monkeypatch.setattr(data_loader, "send_to_device", send)
    assert len(list(loader)) == len(found) > 1
    return set(found)


@pytest.fixture(params=["rows", "stream"])
def make(request, tmp_path):
    """Makes a prepared loader of ten training images or more."""
    class_folders(tmp_path, {"red": 10, "green": 10})
    settings = {"streaming": True, "max_steps": 3} if request.param == "stream" else {}
    recipe = FinetuneRecipe(dataset=str(tmp_path), batch_size=4, workers=0, **settings)
    train = load_data(recipe).train

    def prepared(accelerator):
        if request.param == "stream":
            return make_stream_loader(train, SMALL, recipe, accelerator)
        loader = make_loader(train, SMALL, batch_size=4, seed=0, workers=0, train=True, processes=1)
        return accelerator.prepare(loader)

    return prepared


@pytest.mark.parametrize(("gpu", "expected"), [(True, {(True, False)}), (False, {(False, True)})], ids=["GPU", "CPU"])
def test_batches_for_a_gpu_are_copied_from_pinned_memory_without_waiting(monkeypatch, make, gpu, expected):
    pretend(monkeypatch, gpu=gpu)
    assert copies(monkeypatch, make) == expected


def test_the_report_names_the_gpus_and_the_most_that_tensors_took(monkeypatch):
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda device: "A GPU")
    monkeypatch.setattr(torch.cuda, "max_memory_allocated", lambda device: 123)
    one, four = (SimpleNamespace(device=torch.device("cuda"), num_processes=count) for count in (1, 4))
    assert (describe_hardware(one), describe_hardware(four), used_memory(one)) == ("A GPU", "4 x A GPU", 123)


def test_an_error_of_the_main_process_is_raised_on_the_others_as_it_was(monkeypatch):
    sent = []

    def main_fails():
        raise DataError("data.unknown_split", split="val", splits="train")

    def broadcast(objects):
        sent[:] = sent or [pickle.dumps(objects)]
        return pickle.loads(sent[0])

    monkeypatch.setattr(hardware, "broadcast_object_list", broadcast)
    for main in (True, False):
        monkeypatch.setattr(hardware, "PartialState", lambda main=main: SimpleNamespace(is_main_process=main))
        with pytest.raises(DataError) as told:
            main_process_first(main_fails if main else lambda: "never asked")
        assert told.value.code == "data.unknown_split"
        assert str(told.value) == "there is no split 'val'; the dataset has train"


def test_processes_that_find_different_things_are_refused_with_who_found_what(monkeypatch):
    found = [{"torch": "2.15", "the classes": "cat"}, {"torch": "2.15", "the classes": "dog"}, {"torch": "2.15"}]
    found[2]["the classes"] = "cat"
    monkeypatch.setattr(hardware, "gather_object", lambda mine: found)
    with pytest.raises(TrainingError, match=r"do not agree on the classes .* 0, 2: cat; 1: dog"):
        refuse_differences(found[0])
    found[1]["the classes"] = "cat"
    refuse_differences(found[0])


def test_a_precision_of_the_launcher_that_a_flag_contradicts_is_said(monkeypatch, caplog):
    monkeypatch.setenv("ACCELERATE_MIXED_PRECISION", "bf16")
    assert asked(monkeypatch, "no")[1] == "no"
    assert "precision no, as --precision says; the launcher's bf16 is passed over" in caplog.text
    caplog.clear()
    asked(monkeypatch, "auto")
    assert "passed over" not in caplog.text
