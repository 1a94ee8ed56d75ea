"""How many of its blocks a network of the package can lose before it gives another answer, on test images."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from resnet_hub import ImageClassifier
from resnet_hub.explain import Switchboard, removals, survived

from .images import Images
from .plan import LabRun
from .train import rounded

REMOVALS = "removals.json"
IMAGES = 100
"""Of the test images that the network gets right, the first ones."""
ORDERS = 10
"""Random orders for each image."""


def removals_of(run: LabRun, network: Path, test: Images, folder: Path) -> dict[str, Any]:
    """What the network of a run can lose; from `folder` where it was measured for the very same weights.

    Args:
        run: Which training the network is from.
        network: Its checkpoint folder.
        test: The test images.
        folder: Of the run.
    """
    weights = hashlib.sha256((network / "model.safetensors").read_bytes()).hexdigest()[:16]
    known = folder / REMOVALS
    if known.exists() and (found := json.loads(known.read_text("utf-8"))).pop("weights") == weights:
        return dict(found)
    found = rounded(_measured(run, ImageClassifier.from_pretrained(network, device="cpu", precision="fp32"), test))
    folder.mkdir(parents=True, exist_ok=True)
    known.write_text(json.dumps({"weights": weights, **found}) + "\n", "utf-8")
    return found


def _measured(run: LabRun, classifier: ImageClassifier, test: Images) -> dict[str, Any]:
    """Each number is a mean over the images; of each order it is counted until the right answer is lost."""
    after_one, random, greedy = [], [], []
    board = None
    for seed, (pixels, label) in enumerate(zip(test.pixels, test.labels.tolist(), strict=True)):
        image = Image.fromarray(pixels.permute(1, 2, 0).numpy())
        board = Switchboard(classifier, classifier.prepare(image), board.blocks if board else None)
        if int(board.intact.scores.argmax()) != label:
            continue
        curve = list(removals(board, label, "random", orders=ORDERS, seed=seed))
        after_one.append(float(np.mean(curve[1].still_best)))
        random.append(survived(curve))
        greedy.append(survived(list(removals(board, label, "greedy"))))
        if len(random) == IMAGES:
            break
    assert board is not None
    low, high = np.percentile(random, [25, 75]).tolist()
    return {
        "row": run.row,
        "depth": run.depth,
        "seed": run.seed,
        "blocks": len(board.blocks),
        "can_go": sum(block.can_be_passed for block in board.blocks),
        "images": len(random),
        "orders": ORDERS,
        "right_after_one": float(np.mean(after_one)),
        "random": float(np.mean(random)),
        "random_middle": [low, high],
        "greedy": float(np.mean(greedy)),
    }
