"""What several processes share: their gradients' buckets, a network that is sharded, the rows of a split."""

from .buckets import settle_buckets
from .gathering import gather, unique_rows
from .sharding import compute_by_autocast, keep_whole_precision, save_whole

__all__ = ["compute_by_autocast", "gather", "keep_whole_precision", "save_whole", "settle_buckets", "unique_rows"]
