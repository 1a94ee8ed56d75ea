"""How long a visitor waits: for the answer without a block, and for a head taught by 5 x 10 images.

python -m benchmarks.by_hand --model FOLDER --images FOLDER    seconds by the clock and of the processor, medians
"""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

from resnet_hub import ImageClassifier
from resnet_hub.explain import Switchboard, Wiring
from resnet_hub.few_shot import learn

ROUNDS = 5
CLASSES, EACH = 5, 10


def timed(work: Callable[[], object]) -> tuple[float, float]:
    """Seconds by the clock and of the processor."""
    clock, processor = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - clock, time.process_time() - processor


def shown(name: str, times: list[tuple[float, float]]) -> str:
    """A line with the medians and the longest."""
    clock, processor = zip(*times, strict=True)
    return f"{name}: {median(clock):.3f} s, at most {max(clock):.3f}; of the processor {median(processor):.3f} s"


def main() -> None:
    """Measures one network."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", required=True)
    parser.add_argument("--images", required=True, type=Path, help="a folder of photographs, at least fifty")
    given = parser.parse_args()
    classifier = ImageClassifier.from_pretrained(given.model, device="cpu")
    files = sorted(file for file in given.images.rglob("*") if file.is_file())
    board = Switchboard(classifier, classifier.prepare(files[0]))
    names = [block.name for block in board.blocks if block.can_be_passed] * ROUNDS
    random.Random(0).shuffle(names)  # as a visitor clicks: what stood before the block is kept from the click before
    clicks = [timed(lambda name=name: board.run(Wiring().without(name))) for name in names]
    print(shown(f"the answer without one of {len(board.blocks)} blocks", clicks))
    chosen = random.Random(0).sample(files, CLASSES * EACH)
    classes = {f"class {number}": chosen[number::CLASSES] for number in range(CLASSES)}
    learn(classifier, classes)
    print(
        shown(
            f"a head of {CLASSES} x {EACH} images", [timed(lambda: learn(classifier, classes)) for _ in range(ROUNDS)]
        )
    )


if __name__ == "__main__":
    main()
