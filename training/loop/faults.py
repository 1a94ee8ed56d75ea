"""What can happen to a run on its machine, as a sentence that says how to go on: no memory, a lost loader worker."""

from __future__ import annotations

import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import torch

from resnet_hub.errors import TrainingError

from .learner import Learner

NO_MEMORY = ("out of memory", "can't allocate memory", "not enough memory", "cannot allocate memory")
LOST_WORKER = ("dataloader worker", "unable to open shared memory", "unexpected bus error")
SIGNAL_SECONDS = 1.0


@contextmanager
def faults_explained(learner: Learner) -> Iterator[None]:
    """A block of training or evaluation in which faults of the machine are told by their way out.

    Raises:
        TrainingError: There is not enough memory, or a DataLoader worker was killed.
    """
    try:
        yield
    except (torch.OutOfMemoryError, MemoryError) as error:
        raise _no_memory(learner) from error
    except (ConnectionError, EOFError, FileNotFoundError) as error:
        if not _of_loader(error):
            raise
        with suppress(RuntimeError):  # by a signal PyTorch says a moment later that the worker was killed
            time.sleep(SIGNAL_SECONDS)
        raise TrainingError("loop.lost_worker", reason=str(error) or type(error).__name__) from error
    except RuntimeError as error:
        text = str(error).lower()
        if any(words in text for words in NO_MEMORY):
            raise _no_memory(learner) from error
        if any(words in text for words in LOST_WORKER):
            raise TrainingError("loop.lost_worker", reason=str(error).splitlines()[0][:200]) from error
        raise


def _of_loader(error: BaseException) -> bool:
    """Whether an error was met while a batch was taken from a worker."""
    try:
        return any(Path(frame.filename).name == "dataloader.py" for frame in traceback.extract_tb(error.__traceback__))
    except RuntimeError:  # by a signal, which comes wherever we are, PyTorch says that the worker was killed
        return True


def _no_memory(learner: Learner) -> TrainingError:
    """Names a batch of half the size: the images of an update and so the run stay what they are."""
    recipe = learner.recipe
    size, steps = recipe.images_per_batch, recipe.grad_accum_steps
    if size % 2:
        return TrainingError("loop.no_memory", size=size)
    return TrainingError("loop.no_memory_for_batch", size=size, half=size // 2, steps=2 * steps)
