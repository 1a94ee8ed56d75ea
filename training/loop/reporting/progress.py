"""Progress on a terminal: one bar, a line of the log for each epoch, a summary at the end."""

from __future__ import annotations

import logging
import shlex
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tqdm import tqdm
from tqdm.contrib.logging import logging_redirect_tqdm

from resnet_hub.checkpoint import CARD_FILE
from resnet_hub.config import IMAGE_MODES

from ...metrics import format_qualities
from .live_curves import is_drawn_live

logger = logging.getLogger("training")


class Progress:
    """A bar over all images of all epochs, with the time left, the loss, the learning rate and the memory.

    Silent without a terminal or a notebook, and until it is opened.
    """

    def __init__(self) -> None:
        self._bar: tqdm[Any] | None = None

    @contextmanager
    def opened(self, total: int, done: int = 0, *, shown: bool = True) -> Iterator[None]:
        """Shows the bar for as long as the block lasts; lines of the log appear above it.

        Args:
            total: Images of all epochs.
            done: Those that an interrupted run has been through already.
            shown: Whether this process shows anything at all.
        """
        bar = tqdm(
            total=max(total, done),
            initial=done,
            unit=" images",
            leave=False,
            disable=True if not shown else False if is_drawn_live() else None,
            dynamic_ncols=True,
            smoothing=0.05,
        )
        with logging_redirect_tqdm([logging.getLogger()]), bar:
            self._bar = bar
            try:
                yield
            finally:
                self._bar = None

    def describe(self, text: str) -> None:
        """Says in front of the bar what is being done."""
        if self._bar is not None:
            self._bar.set_description_str(text)

    def advance(self, images: int) -> None:
        """Moves the bar on."""
        if self._bar is not None:
            self._bar.update(images)

    def show(self, loss: float, lr: float, memory: int) -> None:
        """Puts the mean loss, the learning rate and the memory in bytes behind the bar."""
        if self._bar is not None:
            self._bar.set_postfix_str(f"loss {loss:.3f}, lr {lr:.1e}, {memory / 2**30:.1f} GiB", refresh=False)


def log_epoch(row: Mapping[str, Any], timing: Mapping[str, Any], epochs: int, *, better: bool) -> None:
    """Logs one line with fixed keys."""
    logger.info(
        "epoch %*d/%d  train_loss %.4f  val_loss %.4f  %s  lr %.2e  %.0f images/s  %.1f s  %.1f GiB%s",
        len(str(epochs)),
        row["epoch"],
        epochs,
        row["train_loss"],
        row["val_loss"],
        "  ".join(format_qualities(row)),
        row["lr"],
        timing["images_per_second"],
        timing["seconds"],
        timing["memory_bytes"] / 2**30,
        "  (best so far, saved)" if better else "",
    )


def log_end(folder: Path, channels: int = 3) -> None:
    """Logs where the run is, and the commands that go on from there, for a network of so many input channels."""
    example = "image.jpg" if channels in IMAGE_MODES else "image.tif"
    logger.info("  checkpoint %s   card %s", folder, folder / CARD_FILE)
    logger.info("  classify:  resnet-hub predict %s %s", shlex.quote(str(folder)), example)
    logger.info("  serve it:  python app.py %s", shlex.quote(str(folder)))
