"""What a Hub has to do for this project, tried one after another: `python checks.py OWNER`.

HF_ENDPOINT and HF_TOKEN say which Hub, and who asks. Prints a line for each; the exit status is 1 where one failed.
"""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
PATIENCE = 1_200
"""Seconds that a command may take; a fault that is tried again and again takes longer."""


def same_logits(owner: str) -> None:
    """A network is pushed as it is on a user's machine, Xet's package installed, and comes back the same."""
    import torch

    from resnet_hub import ResNet, create_model

    model = create_model("cifar_resnet20", num_classes=3).eval()
    url = model.push_to_hub(f"{owner}/net")
    assert url.startswith(os.environ["HF_ENDPOINT"]), url
    images = torch.rand(2, 3, 32, 32)
    with torch.inference_mode():
        assert torch.equal(ResNet.from_pretrained(f"{owner}/net@main").eval()(images), model(images))


def pushed_again(owner: str) -> None:
    """A second push, to a branch that is made, keeps the words that others wrote into the card."""
    from huggingface_hub import HfApi

    from resnet_hub import ResNet

    api, repo_id = HfApi(), f"{owner}/net"
    card = Path(api.hf_hub_download(repo_id, "README.md")).read_text("utf-8")
    api.upload_file(path_or_fileobj=f"{card}\nMine.\n".encode(), path_in_repo="README.md", repo_id=repo_id)
    model = ResNet.from_pretrained(repo_id)
    model.push_to_hub(repo_id)
    assert "Mine." in Path(api.hf_hub_download(repo_id, "README.md")).read_text("utf-8")
    model.push_to_hub(repo_id, revision="draft")
    assert ResNet.from_pretrained(f"{repo_id}@draft").num_classes == 3


def private(owner: str) -> None:
    """A private network is there for its owner and for nobody else."""
    from resnet_hub import ResNet, create_model
    from resnet_hub.errors import HubError

    create_model("cifar_resnet20", num_classes=3).push_to_hub(f"{owner}/secret", private=True)
    assert ResNet.from_pretrained(f"{owner}/secret").num_classes == 3
    with pytest.raises(HubError, match=r"private|log in"):
        ResNet.from_pretrained(f"{owner}/secret", token=False, cache_dir=tempfile.mkdtemp())


def refusals(owner: str) -> None:
    """What the Hub has not is said at once, in a sentence that names it."""
    from resnet_hub import ResNet, create_model

    said = {
        "another network": partial(ResNet.from_pretrained, f"{owner}/none"),
        "another revision": partial(ResNet.from_pretrained, f"{owner}/net@none"),
        "a pull request": partial(
            create_model("cifar_resnet20", num_classes=4).push_to_hub, f"{owner}/net", create_pr=True
        ),
    }
    for name, ask in said.items():
        told(name, ask)


def told(name: str, ask: Callable[[], object]) -> None:
    """Prints what is said where this is asked; a Hub may also do it."""
    from resnet_hub.errors import HubError, HubUnreachableError

    started = time.monotonic()
    try:
        ask()
        sentence = "is done"
    except HubError as refused:
        sentence = f"UNREACHABLE: {refused}" if isinstance(refused, HubUnreachableError) else str(refused)
    assert not sentence.startswith("UNREACHABLE"), sentence
    assert "None" not in sentence, sentence
    assert "later" not in sentence, sentence
    assert time.monotonic() - started < 30, name
    sys.stdout.write(f"      {name}: {sentence}\n")


def trained(owner: str) -> None:
    """A dataset that `datasets` pushed is trained on by its id, and the network is pushed while it trains."""
    import datasets
    from PIL import Image

    from resnet_hub import ImageClassifier
    from resnet_hub.hub import with_or_without_xet

    colors = [(220, shade, 0) if number % 2 else (0, shade, 220) for number, shade in enumerate(range(60, 220, 4))]
    images = [Image.new("RGB", (32, 32), color) for color in colors]
    features = datasets.Features({"image": datasets.Image(), "label": datasets.ClassLabel(names=["blue", "red"])})
    rows = {"image": images, "label": [number % 2 for number in range(len(images))]}
    dataset = datasets.Dataset.from_dict(rows, features=features)
    with_or_without_xet(lambda: dataset.push_to_hub(f"{owner}/colors"))
    run = Path(tempfile.mkdtemp(), "run")
    flags = ["--dataset", f"{owner}/colors", "--model", "cifar_resnet20", "--from-scratch", "--epochs", "4"]
    flags += ["--batch-size", "8", "--workers", "0", "--threads", "1"]
    command("training.finetune", *flags, "--output", str(run), "--push-to-hub", f"{owner}/trained")
    classifier = ImageClassifier.from_pretrained(f"{owner}/trained")
    assert set(classifier.model.label_names) == {"blue", "red"}


def predicted(owner: str) -> None:
    """A table of answers becomes a dataset there."""
    from datasets import load_dataset

    flags = ["--dataset", f"{owner}/colors", "--model", f"{owner}/trained", "--split", "train", "--workers", "0"]
    output = Path(tempfile.mkdtemp(), "answers.parquet")
    command("training.predict", *flags, "--output", str(output), "--push-to-hub", f"{owner}/answers")
    assert load_dataset(f"{owner}/answers", split="train").num_rows == 40


def measured(owner: str) -> None:
    """A network there is measured on a dataset there."""
    flags = ["--dataset", f"{owner}/colors", "--model", f"{owner}/trained", "--split", "train", "--workers", "0"]
    assert "top1" in command("training.evaluate", *flags, "--json")  # its lines for people go to standard error


def space(owner: str) -> None:
    """A page on a network there is made, and brought up to date by a second call."""
    for _ in range(2):
        printed = command("resnet_hub", "space", f"{owner}/net", f"{owner}/page")
        assert f"{os.environ['HF_ENDPOINT']}/spaces/{owner}/page" in printed, printed


def other_libraries(owner: str) -> None:
    """timm opens what was pushed."""
    import timm

    assert timm.create_model(f"hf-hub:{owner}/resnet", pretrained=True).num_classes == 3


def pushed_for_timm(owner: str) -> None:
    """A network that timm knows is pushed."""
    from resnet_hub import create_model

    create_model("resnet18", num_classes=3).push_to_hub(f"{owner}/resnet")


def command(*line: str) -> str:
    """Runs a module as a user would and returns what it printed; raises: AssertionError where it failed or hung."""
    ran = subprocess.run(
        [sys.executable, "-m", *line], cwd=REPOSITORY, capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    assert ran.returncode == 0, ran.stderr[-2_000:]
    assert os.environ["HF_TOKEN"] not in ran.stdout + ran.stderr
    assert "was not pushed" not in ran.stderr, ran.stderr[-2_000:]
    return ran.stdout


CHECKS = (
    *(same_logits, pushed_again, private, refusals, pushed_for_timm, other_libraries),
    *(trained, measured, predicted, space),
)


def main(owner: str, names: Sequence[str]) -> int:
    """Runs the checks of these names, all where there are none."""
    logging.getLogger("resnet_hub").addHandler(logging.StreamHandler(sys.stdout))
    failed = 0
    chosen = [check for check in CHECKS if not names or check.__name__ in names]
    for check in chosen:
        started = time.monotonic()
        try:
            check(owner)
            verdict = "works"
        except Exception:
            failed += 1
            verdict = f"FAILS\n{traceback.format_exc()}"
        sys.stdout.write(f"{check.__name__} ({time.monotonic() - started:.0f} s): {verdict}\n")
        sys.stdout.flush()
    sys.stdout.write(f"{len(chosen) - failed} of {len(chosen)} work\n")
    return min(1, failed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
