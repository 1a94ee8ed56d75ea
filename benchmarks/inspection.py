"""How long it takes to look at every image of a set, the first time and from the findings of the first."""

from __future__ import annotations

import argparse
import resource
import time

import numpy as np

from training.data.load_dataset import load_splits
from training.data.read_splits import encoded
from training.inspection import find_near_duplicates, inspect, known_near_duplicates
from training.splits import Split


def main() -> None:
    """Prints seconds of the processors for both times, and the most memory that the process took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dataset", required=True, help="as for training.finetune")
    parser.add_argument("--image-column", default="image", help="column with the images")
    parser.add_argument("--images", type=int, default=None, help="rows, by repetition; all of train where absent")
    given = parser.parse_args()
    rows = load_splits(given.dataset)["train"]
    if given.images is not None:
        rows = rows.select(np.arange(given.images) % len(rows))
    split = Split("train", encoded(rows, given.image_column), np.zeros(len(rows), np.int64))
    for name, again in (("first", True), ("second", False)):
        started = seconds()
        findings = inspect(split, again=again).findings
        looked = seconds()
        if again:  # pairs have no flag to look for them again
            pairs = len(find_near_duplicates(findings.descriptors))
        else:
            pairs = len(known_near_duplicates(findings.known, findings.descriptors))
        compared = seconds()
        known_near_duplicates(findings.known, findings.descriptors)
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(
            f"{name:7} {len(split):,} images looked at in {looked - started:.2f} s of processors "
            f"({len(split) / (looked - started):,.0f} per second), {pairs} pairs of {len(findings.known):,} different "
            f"ones in {compared - looked:.2f} s; {memory:,.0f} MB at most"
        )


def seconds() -> float:
    """Of all processors, by this process and those that it began and that have ended."""
    return time.process_time() + sum(resource.getrusage(resource.RUSAGE_CHILDREN)[:2])


if __name__ == "__main__":
    main()
