"""Fine-tuning and evaluation, run by `accelerate launch` or `resnet-hub`; nothing in the library imports it."""

import os
import sys
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from resnet_hub.errors import FOLDERS
from resnet_hub.imports import MissingExtraError, require_extra

if TYPE_CHECKING:
    from .api import CallableEntry, Run

    finetune: CallableEntry

__all__ = ["Run", "finetune"]

# Read once, when torch loads OpenMP. A thread that waits for another sleeps instead of spinning: on a busy machine that
# is several times quicker, because the other one gets the core, and on an idle one it costs nothing that was measured.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

FOLDERS.append(Path(__file__).with_name("texts"))

try:
    require_extra("train")
except MissingExtraError as error:
    # Run as a program, by `-m` or by an entry's file, it is answered like any mistake.
    if sys.argv[0] != "-m" and Path(sys.argv[0]).resolve().parent != Path(__file__).resolve().parent:
        raise
    sys.stderr.write(f"error: {error}\n")
    sys.exit(2)


def __getattr__(name: str) -> Any:
    """What `from resnet_hub.training import ...` offers beside its modules, imported when it is asked for (PEP 562)."""
    if name == "Run":
        return import_module(f"{__name__}.api.finished_run").Run
    if name == "finetune":
        return import_module(f"{__name__}.finetune")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
