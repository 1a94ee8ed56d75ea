"""What can be said of images before anything is learned: damaged, equal, nearly equal, blurred, dark, blank or tiny."""

from .descriptor import describe, gray_view
from .near_duplicates import NearPair, find_near_duplicates, group_pairs
from .quality import FLAGS, measure_quality, quality_flags

__all__ = [
    "FLAGS",
    "NearPair",
    "describe",
    "find_near_duplicates",
    "gray_view",
    "group_pairs",
    "measure_quality",
    "quality_flags",
]
