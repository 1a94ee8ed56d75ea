"""The environment of a fork: variables that libraries read once, when they are imported, are read for them again."""

import os
import sys
from pathlib import Path

LIBRARIES = ("huggingface_hub", "datasets", "timm", "transformers")
# What the zygote's own values became is found in these libraries and replaced; the defaults are huggingface_hub's.
ADOPTED = {"HF_ENDPOINT": "https://huggingface.co", "HF_HOME": str(Path.home() / ".cache" / "huggingface")}
# Read when a library or the interpreter starts, and used for good.
FIXED = ("HF_HUB_", "HF_DATASETS_", "TRANSFORMERS_", "HUGGINGFACE_", "OMP_", "MPLBACKEND", "PYTHONHASHSEED")


class TooLateError(RuntimeError):
    """A program was given a setting that comes too late for a fork."""


def adopt(environment: dict[str, str]) -> None:
    """Makes `environment` that of this process and of the libraries it has imported.

    Raises:
        TooLateError: It differs in a variable that has been read for good; such a program needs an interpreter.
    """
    for name in {*environment, *os.environ}:
        if name.startswith(FIXED) and environment.get(name) != os.environ.get(name):
            raise TooLateError(f"{name} has been read already; start a real interpreter for this program")
    replaced = {}
    for name, default in ADOPTED.items():
        replaced[os.environ[name]] = environment.get(name, default).rstrip("/")
    os.environ.clear()
    os.environ.update(environment)
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] in LIBRARIES:
            for attribute, value in list(vars(module).items()):
                setting = moved(value, replaced)
                if setting is not value:
                    setattr(module, attribute, setting)
    client = sys.modules.get("huggingface_hub.hf_api")
    if client:
        client.api.endpoint = moved(client.api.endpoint, replaced)


def moved(value: object, replaced: dict[str, str]) -> object:
    """A text or path that begins as a replaced one does, with the new beginning; anything else as it is."""
    if isinstance(value, str | Path):
        for old, new in replaced.items():
            if str(value).startswith(old):
                return type(value)(new + str(value)[len(old) :])
    return value
