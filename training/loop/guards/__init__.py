"""What watches over the steps of a run: losses that are no number, images that cannot be decoded, a request to stop."""

from .interruption import TIME_LIMIT, Agreement, Interruption
from .late_check import LateCheck
from .nan_guard import CHECK_EVERY, NaNGuard

__all__ = ["CHECK_EVERY", "TIME_LIMIT", "Agreement", "Interruption", "LateCheck", "NaNGuard"]
