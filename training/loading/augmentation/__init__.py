"""Everything random about an image: drawn by (seed, epoch, index), done to whole batches on the device."""

from .boxes import crop_box, erased_box
from .draws import CROP, ERASING, FLIP, IMAGE_POLICY, JITTER, POLICY, draw
from .image_policies import NONE, make_policy, with_policy
from .policies import batch_policy, jittered
from .resampling import resampled, resampled_together
from .shifts import shifted

__all__ = [
    "CROP",
    "ERASING",
    "FLIP",
    "IMAGE_POLICY",
    "JITTER",
    "NONE",
    "POLICY",
    "batch_policy",
    "crop_box",
    "draw",
    "erased_box",
    "jittered",
    "make_policy",
    "resampled",
    "resampled_together",
    "shifted",
    "with_policy",
]
