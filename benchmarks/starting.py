"""Processor seconds from the start of a process to its first result, in turns, beside `import torch` alone.

python -m benchmarks.starting --model FOLDER --image FILE [--onnx FILE]    medians; the machine may be busy
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

LAUNCH = (
    *(sys.executable, "-m", "accelerate.commands.launch", "--quiet", "--num_processes", "1", "--num_machines", "1"),
    *("--mixed_precision", "no", "--dynamo_backend", "no", "-m", "training.finetune"),
)
ONE_THREAD = {"OMP_NUM_THREADS": "1"}
"""Threads that wait for each other count as busy."""


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", required=True, help="a checkpoint folder")
    parser.add_argument("--image", required=True, help="a photograph")
    parser.add_argument("--onnx", help="the same network, exported")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--digits", action="store_true", help="also `accelerate launch` to the plan of `digits`")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        commands = rows(given, Path(folder))
        for command in commands.values():  # as installed packages do, all modules are compiled before
            processor_seconds(command, folder)
        times: dict[str, list[float]] = {name: [] for name in commands}
        for number in range(given.rounds):
            for name, command in list(commands.items())[:: 1 if number % 2 else -1]:
                times[name].append(processor_seconds(command, folder))
    alone = statistics.median(times["import torch"])
    print("| what | processor seconds | spread | beyond import torch |\n| --- | --- | --- | --- |")
    for name, found in times.items():
        middle = statistics.median(found)
        print(f"| {name} | {middle:.2f} | {min(found):.2f} to {max(found):.2f} | {middle - alone:+.2f} |")


def rows(given: argparse.Namespace, folder: Path) -> dict[str, list[str]]:
    """The commands by what they do."""
    answer = "from resnet_hub import ImageClassifier; ImageClassifier.from_pretrained({!r})({!r})"
    timm = (
        "import timm, torch; from PIL import Image; from timm.data import create_transform, resolve_model_data_config;"
        f"m = timm.create_model('local-dir:' + {given.model!r}, pretrained=True).eval();"
        "t = create_transform(**resolve_model_data_config(m), is_training=False);"
        f"torch.no_grad().__enter__(); m(t(Image.open({given.image!r}).convert('RGB'))[None]).softmax(1).topk(5)"
    )
    found = {
        "import torch": "import torch",
        "import resnet_hub": "import resnet_hub",
        "from resnet_hub import ImageClassifier": "from resnet_hub import ImageClassifier",
        "first answer": answer.format(given.model, given.image),
        "first answer of timm": timm,
    }
    commands = {name: [sys.executable, "-c", code] for name, code in found.items()}
    commands["resnet-hub --version"] = [sys.executable, "-m", "resnet_hub", "--version"]
    if given.onnx:
        predict = [sys.executable, "-m", "resnet_hub", "predict"]
        commands["resnet-hub predict FILE.onnx"] = [*predict, given.onnx, given.image]
        commands["resnet-hub predict FOLDER"] = [*predict, given.model, given.image]
    if given.digits:
        first = ["--recipe", "digits", "--output", str(folder / "run"), "--overwrite"]
        commands["launch to the plan of digits"] = [*LAUNCH, *first, "--dry-run"]
    return commands


def processor_seconds(command: list[str], folder: str) -> float:
    """User and system time of a process and its children, whose compiled modules are kept in the folder."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    environment = {**os.environ, **ONE_THREAD, "PYTHONPYCACHEPREFIX": f"{folder}/compiled"}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    subprocess.run(command, check=True, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


if __name__ == "__main__":
    main()
