"""Short measurements before the epochs: defaults, batch size, lr finder, linear probe, dry run."""

from training.trials.batch_size import with_batch_size
from training.trials.defaults import with_defaults
from training.trials.dry_run import rehearse
from training.trials.linear_probe import fit_head
from training.trials.lr_finder import search_rate

__all__ = ["fit_head", "rehearse", "search_rate", "with_batch_size", "with_defaults"]
