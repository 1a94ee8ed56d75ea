"""Images -> batches on the device: decoding, augmentation, mixing, caching."""

from .augment import EvalTransform, prepare_batch
from .image_dataset import UNREADABLE, Batch, EpochSampler, Loader, make_loader
from .loaders import make_loaders
from .mixup import Views
from .stream_batches import StreamLoader

__all__ = [
    "UNREADABLE",
    "Batch",
    "EpochSampler",
    "EvalTransform",
    "Loader",
    "StreamLoader",
    "Views",
    "make_loader",
    "make_loaders",
    "prepare_batch",
]
