"""Short measurements before the epochs: budget, defaults, batch size, lr finder, linear probe, dry run."""

from .batch_size import with_batch_size
from .budget import within_budget
from .defaults import with_defaults
from .dry_run import report_dry_run
from .feature_head import learn_head
from .linear_probe import answering, fit_linear, fit_linear_probe
from .lr_finder import sweep_lr

__all__ = [
    "answering",
    "fit_linear",
    "fit_linear_probe",
    "learn_head",
    "report_dry_run",
    "sweep_lr",
    "with_batch_size",
    "with_defaults",
    "within_budget",
]
