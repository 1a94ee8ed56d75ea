"""Kills whole runs at random moments and has them go on: `python tests/crash --kills 100 --processes 1,2,4`.

A run pushes to a Hub of tests, and is killed once, with its launcher, workers and uploads, at a moment between its
first import and its last line: anywhere, or while it saves, evaluates, pushes, reports or ends. It is then resumed, or
begun again where it had saved nothing, and must leave the same files with the same bits as a run that nobody touched,
the same weights on the Hub, and no process.
"""

import argparse
import json
import random
import shutil
import sys
import tempfile
from pathlib import Path

from ends import LAUNCHED, WHOLE, asked_to_stop, untouched
from marked import ACCELERATE, REPOSITORY, TORCHRUN, Run, command, killed_at
from moments import EPOCHS, EVERY, KINDS, UPDATES, Watch, drawn, measured

sys.path[:0] = [str(REPOSITORY), str(REPOSITORY / "tests")]

from fake_hub import FakeHub  # noqa: E402
from images import class_folders  # noqa: E402

EXACT = ("model.safetensors", "last.safetensors", "ema.safetensors", "metrics.jsonl", "split.parquet")
"""Files that must be equal to the last bit."""
COUNTS = {"red": 40, "green": 40}
"""80 images, of which 64 are trained on: 8 in each update."""
FLAGS = ("--model", "cifar_resnet20", "--from-scratch", "--image-size", "16", "--epochs", str(EPOCHS))
FLAGS += ("--workers", "1", "--threads", "1", "--optimizer", "adamw", "--lr", "0.004", "--ema-decay", "0.9")
FLAGS += ("--save-every-steps", str(EVERY), "--drop-rate", "0.1", "--precision", "no")


class Trial:
    """Runs on so many processes, and the one that nobody touched."""

    def __init__(self, place, processes, launcher, colors, hub):
        self.place, self.processes, self.launcher, self.hub = place, processes, launcher, hub
        self.log, self.whole = place / f"{processes}.log", place / f"whole-{processes}"
        self.told = {"HF_ENDPOINT": hub.url, "HF_TOKEN": hub.token, "HF_HOME": str(place / "home")}
        self.told |= {"HF_HUB_DISABLE_XET": "1", "NO_PROXY": "127.0.0.1"}
        self.colors, self.seconds = colors, {}

    def train_whole(self):
        """The run that nobody touches; notes the times of its points."""
        run = self.start(self.first(self.whole))
        self.seconds = measured(Watch(self.whole, self.log), lambda: run.status is not None)
        if run.status:
            sys.exit(self.log.read_text())

    def plain_flags(self, processes):
        """The flags of any run on so many processes."""
        batch = sum(COUNTS.values()) * 4 // 5 // UPDATES // processes
        return ["--dataset", str(self.colors), *FLAGS, "--batch-size", str(batch)]

    def first(self, folder):
        """The flags that begin a run."""
        return [*self.plain_flags(self.processes), "--output", str(folder), "--push-to-hub", f"alice/{folder.name}"]

    def start(self, flags):
        """Starts a run by the launcher."""
        launcher = self.launcher if self.processes > 1 else None
        return Run(command(self.processes, launcher, *flags), self.log, **self.told)

    def crashed(self, folder, moment):
        """What a run that is killed at the moment and goes on leaves otherwise than one that nobody touched."""
        run = self.start(self.first(folder))
        ended = killed_at(run, Watch(folder, self.log), moment)
        if ended and run.status:
            return [f"status {run.status} before it was killed"]
        state, finished = folder / "state", (folder / "results.json").exists()
        status = 2 if finished and not any(state.glob("[0-9]*")) else 0  # "is finished" is all that it says then
        again = ["--resume", str(folder)]
        if not status and not any(state.glob("[0-9]*")):
            again = [*self.first(folder), "--overwrite"]
        run = self.start(again)
        run.started.wait()
        if run.status not in (status, status and 1):  # torchrun has a status of its own
            return [f"status {run.status}"]
        return [*self.differences(folder), *(f"process {process} is left" for process in run.left())]

    def differences(self, folder):
        """Files that are not as they are in the run that nobody touched, here and on the Hub."""
        names = [{str(file.relative_to(one)) for file in one.rglob("*")} for one in (self.whole, folder)]
        found = [f"{name} is missing or too much" for name in sorted(names[0] ^ names[1])]
        found += [name for name in EXACT if (self.whole / name).read_bytes() != (folder / name).read_bytes()]
        results = [json.loads((one / "results.json").read_text()) for one in (self.whole, folder)]
        found += [
            f"{part} of results.json" for part in ("validation", "per_class") if results[0][part] != results[1][part]
        ]
        pushed = self.hub.repository(f"alice/{folder.name}").resolve("main")
        if pushed.files["model.safetensors"].content != (folder / "model.safetensors").read_bytes():
            found.append("the weights on the Hub")
        return found + ([] if "results.json" in pushed.files else ["no report on the Hub"])


def say(words):
    sys.stdout.write(f"{words}\n")
    sys.stdout.flush()


def attempts(kills, kinds):
    """How many kills fall to each number of processes."""
    return {processes: kills // len(kinds) + (place < kills % len(kinds)) for place, processes in enumerate(kinds)}


def rehearse(settings, place, hub):
    """All kills; how many runs differ."""
    draw, failed = random.Random(settings.seed), 0
    colors = class_folders(place / "colors", COUNTS) if settings.kills else None
    for processes, count in attempts(settings.kills, [int(number) for number in settings.processes.split(",")]).items():
        if not count:
            continue
        trial = Trial(place, processes, TORCHRUN, colors, hub)
        trial.train_whole()
        for number in range(count):
            trial.launcher = (TORCHRUN, ACCELERATE)[number // len(KINDS) % 2]
            moment = drawn(draw, KINDS[number % len(KINDS)], trial.seconds)
            folder = place / f"killed-{processes}-{number}"
            found = trial.crashed(folder, moment)
            failed += bool(found)
            how = launched_as(processes, trial.launcher if processes > 1 else None)
            say(f"{how}, killed at {moment}: {found or 'same bits'}")
            if found:
                say(trial.log.read_text(errors="replace")[-3000:])
            else:
                shutil.rmtree(folder)
    return failed


def launched_as(processes, launcher):
    """How a run was started, in words."""
    return f"{processes} process(es), {launcher[0] if launcher else 'no launcher'}"


def rehearse_ends(settings, place, hub):
    """Signals to each launcher, and runs that nobody touches; how many did not end as they should."""
    trial, failed = Trial(place, 1, None, class_folders(place / "colors", COUNTS), hub), 0
    asked = [(how, name) for name in settings.signals.split(",") if name for how in LAUNCHED]
    whole = [(how, "") for how in WHOLE for _ in range(settings.whole)]
    for number, ((processes, launcher), name) in enumerate([*asked, *whole]):
        folder = place / f"run-{number}"
        if name:
            found = asked_to_stop(trial, folder, processes, launcher, name)
        else:
            found = untouched(trial, folder, processes, launcher)
        failed += bool(found)
        say(f"{launched_as(processes, launcher)}, {name or 'untouched'}: {found or 'as it should be'}")
        if found:
            say(trial.log.read_text(errors="replace")[-3000:])
        shutil.rmtree(folder, ignore_errors=True)
    return failed


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=100, help="runs that are killed, shared out over the processes")
    parser.add_argument("--processes", default="1,2,4", help="numbers of processes")
    parser.add_argument("--signals", default="", help="send these to launchers, as SIGTERM,SIGINT,SIGHUP")
    parser.add_argument("--whole", type=int, default=0, help="so many runs of four processes by each launcher")
    parser.add_argument("--seed", type=int, default=0, help="of the moments")
    settings = parser.parse_args()
    with tempfile.TemporaryDirectory() as place, FakeHub() as hub:
        failed = rehearse_ends(settings, Path(place), hub) if settings.signals or settings.whole else 0
        failed += rehearse(settings, Path(place), hub)
    say(f"{failed} runs did not end as they should")
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main())
