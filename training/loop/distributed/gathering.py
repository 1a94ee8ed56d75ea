"""What the processes found about a split -> one column for each kind of it, with every row of the split once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from accelerate import Accelerator
from torch import Tensor


def gather(accelerator: Accelerator, rows: Tensor, *columns: Tensor) -> list[Tensor]:
    """The row numbers (N,) and the columns (N, ...) of a batch, of all processes, on the CPU."""
    return [column.cpu() for column in accelerator.gather_for_metrics((rows, *columns))]


def unique_rows(batches: Sequence[Sequence[Tensor]]) -> tuple[np.ndarray, ...]:
    """The columns of gathered batches behind their first, which numbers the rows; each row once, in ascending order.

    Images that only pad the last batch come twice, and the same image is answered alike each time.
    """
    rows, *columns = (torch.cat(parts).numpy() for parts in zip(*batches, strict=True))
    _, first = np.unique(rows, return_index=True)
    return tuple(column[first] for column in columns)
