"""Images -> batches on the device: decoding, augmentation, mixing, caching."""

from training.loading.augment import EvalTransform, prepare_batch
from training.loading.image_dataset import UNREADABLE, EpochSampler, make_loader
from training.loading.loaders import make_loaders
from training.loading.mixup import Views
from training.loading.stream_batches import StreamLoader

__all__ = [
    "UNREADABLE",
    "EpochSampler",
    "EvalTransform",
    "StreamLoader",
    "Views",
    "make_loader",
    "make_loaders",
    "prepare_batch",
]
