"""Images -> batches on the device: decoding, augmentation, mixing, caching."""

from .augment import EvalTransform, Pixels, prepare_batch, to_views
from .image_dataset import UNREADABLE, Batch, EpochSampler, Loader, fault_of, make_loader
from .loaders import make_loaders
from .mixup import BatchMixing
from .progressive_resizing import ProgressiveResizing
from .stream_batches import StreamLoader

__all__ = [
    "UNREADABLE",
    "Batch",
    "BatchMixing",
    "EpochSampler",
    "EvalTransform",
    "Loader",
    "Pixels",
    "ProgressiveResizing",
    "StreamLoader",
    "fault_of",
    "make_loader",
    "make_loaders",
    "prepare_batch",
    "to_views",
]
