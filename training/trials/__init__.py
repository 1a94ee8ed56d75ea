"""Short measurements before the epochs: defaults, batch size, lr finder, linear probe, dry run."""

from .batch_size import with_batch_size
from .defaults import with_defaults
from .dry_run import rehearse
from .linear_probe import fit_head
from .lr_finder import search_rate

__all__ = ["fit_head", "rehearse", "search_rate", "with_batch_size", "with_defaults"]
