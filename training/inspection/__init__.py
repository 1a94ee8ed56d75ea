"""What can be said of images before anything is learned: damaged, equal, nearly equal, blurred, dark, blank or tiny."""

from .descriptor import describe, gray_view
from .findings import Findings, joined
from .images import EncodedImages, Identity
from .inspection import Inspection, digest, inspect, same_images
from .near_duplicates import NearPair, find_near_duplicates, group_pairs, known_near_duplicates
from .quality import FLAGS, measure_quality, quality_flags

__all__ = [
    "FLAGS",
    "EncodedImages",
    "Findings",
    "Identity",
    "Inspection",
    "NearPair",
    "describe",
    "digest",
    "find_near_duplicates",
    "gray_view",
    "group_pairs",
    "inspect",
    "joined",
    "known_near_duplicates",
    "measure_quality",
    "quality_flags",
    "same_images",
]
