"""Trains on two machines that are rehearsed on this one, and lets them come to grief: `python tests/nodes`, as root.

Each is a network namespace with a process table, a host name and a folder of its own; a virtual cable joins them. Only
the first one's run folder is written, and a run that was cut off goes on without a copy of it on the second.
"""

import argparse
import shutil
import sys
import tempfile
import time
from pathlib import Path

from node import REPOSITORY, Node, alone, lay_cable, set_cable
from PIL import Image

sys.path[:0] = [str(REPOSITORY), str(REPOSITORY / "tests")]

from images import class_folders  # noqa: E402

FLAGS = ("--model", "cifar_resnet20", "--from-scratch", "--image-size", "16", "--epochs", "3", "--batch-size", "4")
FLAGS += ("--workers", "0", "--threads", "1", "--save-every-steps", "1", "--precision", "no", "--drop-rate", "0.1")
BEGIN = ("--dataset", "colors", *FLAGS, "--output", "run")
RESUME = ("--resume", "run")
COUNTS = {"red": 40, "green": 40}
LATE_SECONDS = 30
LONGEST = 240
"""Seconds that a run which nothing happens to may take here."""
ENDING_SECONDS = 60
"""Seconds in which both must have ended after something has happened to one."""
AGREEING_SECONDS = 30
"""Seconds in which both must have ended, counted from when they read the data, where their copies differ."""
EXACT = ("model.safetensors", "last.safetensors", "metrics.jsonl")


class Pair:
    """Two nodes, each with its own copy of the data, and what went wrong in a rehearsal."""

    def __init__(self, place, processes):
        self.place, self.processes, self.wrong = place, processes, []
        self.nodes = [Node(number, place / f"node{number}") for number in (0, 1)]
        for node in self.nodes:
            class_folders(node.folder / "colors", COUNTS)

    def start(self, flags, *numbers):
        """Starts the trainer on these nodes, both where none is named."""
        for number in numbers or (0, 1):
            self.nodes[number].torchrun(*flags, processes=self.processes)

    def wait_for_state(self, number=4):
        """Waits until the first node has saved this state, or has ended."""
        while self.nodes[0].status is None and not (self.nodes[0].folder / "run" / "state" / f"{number:06d}").exists():
            time.sleep(0.02)

    def wait_for_data(self):
        """Waits until the first node tells what it reads the data as, or has ended."""
        while self.nodes[0].status is None and "layout " not in self.nodes[0].said:
            time.sleep(0.02)

    def expect(self, fact, words):
        """Notes what should be, where it is not."""
        if not fact:
            self.wrong.append(words)

    def ended(self, seconds, *statuses):
        """Expects that both end in time, each with its status; None is any but 0."""
        for node, status in zip(self.nodes, statuses, strict=True):
            in_time, took = node.wait(seconds)
            self.expect(in_time, f"node {node.number} had not ended after {seconds} s")
            if not in_time:
                node.kill()
            fits = node.status == 0 if status == 0 else node.status != 0
            self.expect(fits, f"node {node.number} ended with status {node.status}")
            sys.stdout.write(f"  node {node.number} ended {took:.0f} s later\n")

    def says(self, number, words):
        """Expects a sentence on the terminal of a node."""
        lines = [line for line in self.nodes[number].said.splitlines() if line.startswith("error: ")]
        self.expect(any(words in line for line in lines), f"node {number} says {lines or 'nothing'}, not {words!r}")

    def goes_on(self, whole):
        """Expects that `--resume` on both ends as the run that nothing happened to."""
        self.start(RESUME)
        self.ended(LONGEST, 0, 0)
        self.same(whole)

    def same(self, whole):
        """Expects the same bits as in another run, on the first node alone."""
        for name in EXACT:
            files = [folder / "run" / name for folder in (whole, self.nodes[0].folder)]
            self.expect(files[1].exists() and files[0].read_bytes() == files[1].read_bytes(), f"{name} differs")
        self.expect(not (self.nodes[1].folder / "run").exists(), "the second node has written a run folder")


def one_is_late(pair, whole):
    pair.start(BEGIN, 0)
    time.sleep(LATE_SECONDS)
    pair.start(BEGIN, 1)
    pair.ended(LONGEST, 0, 0)
    pair.same(whole)


def the_cable_is_cut(pair, whole):
    pair.start(BEGIN)
    pair.wait_for_state()
    set_cable("down")
    pair.ended(ENDING_SECONDS, 2, 2)
    set_cable("up")
    pair.says(0, "was not heard of for 40 s: its machine, or the way to it, is gone; go on with:")
    pair.says(1, "cannot be reached for 40 s")
    pair.goes_on(whole)


def the_second_is_killed(pair, whole):
    pair.start(BEGIN)
    pair.wait_for_state()
    pair.nodes[1].kill()
    pair.ended(ENDING_SECONDS, 2, 2)
    pair.says(0, "(on node1) was not heard of for 40 s")
    pair.goes_on(whole)


def the_first_is_killed(pair, whole):
    pair.start(BEGIN)
    pair.wait_for_state()
    pair.nodes[0].kill()
    pair.ended(ENDING_SECONDS, 2, 2)
    pair.says(1, "cannot be reached for 40 s")
    pair.goes_on(whole)


def the_second_has_other_images(pair, whole):
    (pair.nodes[1].folder / "colors" / "red" / "0.png").unlink()
    pair.start(BEGIN)
    pair.wait_for_data()
    pair.ended(AGREEING_SECONDS, 2, 2)
    for number in (0, 1):
        pair.says(number, "do not agree on the number of images of ")


def the_second_has_another_image(pair, whole):
    Image.new("RGB", (16, 16), "blue").save(pair.nodes[1].folder / "colors" / "red" / "0.png")
    pair.start(BEGIN)
    pair.wait_for_data()
    pair.ended(AGREEING_SECONDS, 2, 2)
    pair.says(0, "do not agree on the names and sizes of the images of ")


def the_second_has_no_images(pair, whole):
    shutil.rmtree(pair.nodes[1].folder / "colors")
    pair.start(BEGIN)
    pair.wait_for_data()
    pair.ended(AGREEING_SECONDS, 2, 2)
    pair.says(0, "(on node1) failed: --dataset 'colors'")
    pair.says(1, "process 1 of 2: --dataset 'colors'")


REHEARSALS = (
    one_is_late,
    the_cable_is_cut,
    the_second_is_killed,
    the_first_is_killed,
    the_second_has_other_images,
    the_second_has_another_image,
    the_second_has_no_images,
)


def rehearse(processes, names, place):
    """Does each rehearsal; how many did not end as they should."""
    first, failed = Pair(place / "whole", processes), 0
    first.start(BEGIN)
    first.ended(LONGEST, 0, 0)
    whole = first.nodes[0].folder
    first.same(whole)
    for rehearsal in REHEARSALS:
        name = rehearsal.__name__.replace("_", " ")
        if names and not any(word in name for word in names):
            continue
        pair = Pair(place / rehearsal.__name__, processes)
        sys.stdout.write(f"{name}\n")
        rehearsal(pair, whole)
        failed += bool(pair.wrong)
        sys.stdout.write(f"  {'; '.join(pair.wrong) or 'as it should be'}\n")
        if pair.wrong:
            sys.stdout.writelines(f"--- node {node.number}\n{node.said[-3000:]}\n" for node in pair.nodes)
        sys.stdout.flush()
    return failed


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help="words of the rehearsals that are meant; all where there are none")
    parser.add_argument("--processes", type=int, default=1, help="on each machine")
    settings = parser.parse_args()
    alone(sys.argv)
    lay_cable()
    with tempfile.TemporaryDirectory() as place:
        failed = rehearse(settings.processes, settings.names, Path(place))
    sys.stdout.write(f"{failed} rehearsals did not end as they should\n")
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main())
