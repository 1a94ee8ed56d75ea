"""Networks where a GPU is lent for single calls: with a stand-in for `spaces` that does as the real one does."""

import asyncio
import json
import os
import pickle
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar
from types import SimpleNamespace
from urllib.request import urlopen

import gradio as gr
import pytest
import torch
from color_network import COLORS, solid
from gradio_client import Client, handle_file
from running_app import REPOSITORY, free_port

from resnet_hub import ImageClassifier
from resnet_hub.demo.serving.batcher import Batcher
from resnet_hub.demo.serving.networks import zero_gpu
from resnet_hub.demo.serving.networks.model_pool import start_pool
from resnet_hub.demo.serving.networks.zero_gpu import network_run, prepare
from resnet_hub.demo.settings import PageSettings
from resnet_hub.demo.text.page_error import PageError
from resnet_hub.demo.text.user_errors import refusal_of
from resnet_hub.errors import CheckpointError, ConfigError

# Each function has a process of its own, copied at its first call and then kept; what goes in and out is pickled.
FORKING = """
import functools, multiprocessing, os, sys, threading, time

def end_with(parent):
    while os.getppid() == parent:
        time.sleep(0.1)
    os._exit(0)

def GPU(task=None, *, duration=None, size=None):
    if task is None:
        return functools.partial(GPU, duration=duration, size=size)
    context, worker = multiprocessing.get_context("fork"), []

    def work(parent, asked, answered):
        threading.Thread(target=end_with, args=(parent,), daemon=True).start()
        while True:
            arguments, result = asked.get(), []
            thread = threading.Thread(target=lambda: result.append(task(*arguments)))
            thread.start()
            thread.join()
            answered.put((os.getpid(), result[0]))

    @functools.wraps(task)
    def call(*arguments):
        if not worker:
            asked, answered = context.SimpleQueue(), context.SimpleQueue()
            context.Process(target=work, args=(os.getpid(), asked, answered), daemon=True).start()
            worker.extend((asked, answered))
        worker[0].put(arguments)
        process, result = worker[1].get()
        sys.stderr.write(f"lent to {process} of {os.getpid()} for {duration} seconds\\n")
        return result

    return call

def disable_gradio_auto_wrap():
    sys.stderr.write("events are left alone\\n")
"""


@pytest.fixture
def calls(monkeypatch):
    """A machine that lends its GPU, and what was called there: the functions' arguments."""
    made = []

    def lend(task, duration):
        def call(*arguments):
            made.append((duration, arguments))
            return pickle.loads(pickle.dumps(task(*pickle.loads(pickle.dumps(arguments)))))

        return call

    monkeypatch.setenv("SPACES_ZERO_GPU", "true")
    monkeypatch.setitem(sys.modules, "spaces", SimpleNamespace(GPU=lend, disable_gradio_auto_wrap=lambda: None))
    return made


@pytest.fixture
def classifier(tiny_checkpoint):
    return ImageClassifier.from_pretrained(tiny_checkpoint, device="cpu")


PIXELS = torch.arange(2 * 3 * 32 * 32, dtype=torch.int64).remainder(256).to(torch.uint8).reshape(2, 3, 32, 32)


def test_elsewhere_the_network_runs_as_it_is(classifier, monkeypatch):
    monkeypatch.delenv("SPACES_ZERO_GPU", raising=False)
    monkeypatch.setitem(sys.modules, "spaces", None)  # importing it would fail
    prepare()
    assert network_run(classifier) == classifier.scores_of


def test_on_a_lent_gpu_the_scores_are_the_same(calls, classifier):
    assert torch.equal(network_run(classifier)(PIXELS), classifier.scores_of(PIXELS))


def test_a_gpu_is_asked_for_shortly_and_gets_plain_arrays(calls, classifier):
    network_run(classifier)(PIXELS)
    ((duration, (pixels,)),) = calls
    assert duration <= 30
    assert (type(pixels).__name__, pixels.dtype, pixels.shape) == ("ndarray", "uint8", (2, 3, 32, 32))


def test_the_network_waits_on_the_cpu_though_cuda_seems_to_be_there(calls, tiny_checkpoint, monkeypatch):
    # As `spaces` makes it seem, before and after a call.
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    pool = start_pool(PageSettings(model=str(tiny_checkpoint), device="auto"))
    assert pool.own.classifier.device.type == "cpu"
    assert calls == []


def test_a_batch_of_the_page_runs_on_the_lent_gpu(calls, tiny_checkpoint):
    pool = start_pool(PageSettings(model=str(tiny_checkpoint)))

    async def ask():
        return await asyncio.gather(*(pool.own.batcher.scores(pixels) for pixels in PIXELS))

    scores = torch.stack(asyncio.run(ask()))
    assert torch.equal(scores, pool.own.classifier.scores_of(PIXELS))
    assert [len(arguments[0]) for _, arguments in calls] == [2]


def test_an_error_of_ours_comes_back_whole(calls, classifier):
    with torch.no_grad():
        classifier.model.get_classifier().weight.fill_(float("nan"))
    with pytest.raises(CheckpointError, match="not finite"):
        network_run(classifier)(PIXELS)


def test_a_quota_that_is_used_up_is_a_sentence_for_the_visitor(calls, classifier, monkeypatch):
    def refuse(_task, duration):
        def call(*_arguments):
            raise gr.Error("You have exceeded your <b>quota</b>", title="ZeroGPU quota exceeded")

        return call

    monkeypatch.setattr(sys.modules["spaces"], "GPU", refuse)
    with pytest.raises(PageError) as caught:
        network_run(classifier)(PIXELS)
    assert str(caught.value) == "ZeroGPU quota exceeded: You have exceeded your <b>quota</b>"
    assert "&lt;b&gt;" in refusal_of(caught.value).message


def test_a_network_that_was_put_away_is_not_kept_for_the_gpu(calls, tiny_checkpoint):
    run = network_run(ImageClassifier.from_pretrained(tiny_checkpoint, device="cpu"))
    with pytest.raises(ConfigError, match="put away"):
        run(PIXELS)


def test_without_the_package_that_asks_for_the_gpu_the_page_says_what_is_missing(calls, monkeypatch):
    monkeypatch.setitem(sys.modules, "spaces", None)
    with pytest.raises(ConfigError, match=r"SPACES_ZERO_GPU is set, but the package spaces is not installed; add it"):
        prepare()


def test_a_batch_runs_in_the_name_of_the_visitor_who_waited_longest():
    visitor = ContextVar("visitor")
    seen = []

    def run(pixels):
        seen.append((visitor.get(), len(pixels)))
        return pixels.flatten(1)

    async def ask(batcher, name):
        visitor.set(name)
        await batcher.scores(torch.zeros(3, 2, 2))

    async def visit():
        with ThreadPoolExecutor(1) as executor:
            batcher = Batcher(run, executor, most=2)
            await asyncio.gather(*(asyncio.create_task(ask(batcher, name)) for name in ("ann", "bob", "cy")))

    asyncio.run(visit())
    assert seen == [("ann", 2), ("cy", 1)]


def test_the_page_answers_from_a_process_that_has_the_gpu(tiny_checkpoint, tmp_path):
    (tmp_path / "path").mkdir()
    (tmp_path / "path" / "spaces.py").write_text(FORKING)
    solid(COLORS[0]).save(tmp_path / "image.png")
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "app.py", tiny_checkpoint],
        cwd=REPOSITORY,
        env={
            **{name: value for name, value in os.environ.items() if name != "HOST"},
            "PORT": str(port),
            "PYTHONPATH": str(tmp_path / "path"),
            zero_gpu.VARIABLE: "true",
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        address = process.stdout.readline().strip()
        assert address == f"http://127.0.0.1:{port}", process.communicate(timeout=300)[1]
        client = Client(address, verbose=False, download_files=str(tmp_path))
        answers = [client.predict(handle_file(tmp_path / "image.png"), api_name="/predict") for _ in range(2)]
        client.close()
        with urlopen(f"{address}/health", timeout=300) as answer:
            assert json.load(answer)["status"] == "ok"
    finally:
        process.terminate()
        told = process.communicate(timeout=300)[1]
    expected = ImageClassifier.from_pretrained(tiny_checkpoint)(tmp_path / "image.png", top_k=3)
    for answer in answers:
        assert [one["label"] for one in answer["predictions"]] == [one.label for one in expected]
        assert [one["score"] for one in answer["predictions"]] == pytest.approx([one.score for one in expected])
    lent = [line.split() for line in told.splitlines() if line.startswith("lent to")]
    assert len(lent) == 2
    assert lent[0] == lent[1]
    assert lent[0][2] != lent[0][4]
    assert "events are left alone" in told
