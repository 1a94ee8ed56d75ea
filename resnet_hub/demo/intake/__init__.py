"""Untrusted input: URLs, zips, uploads; limits are checked before anything is read."""

from resnet_hub.demo.intake.archive import ArchiveLimits, FailedImage, NamedImage, expected_count, images_in
from resnet_hub.demo.intake.disk_space import RoomForUploads, check_disk
from resnet_hub.demo.intake.fetch import UrlLimits, fetch_image
from resnet_hub.demo.intake.uploads import uploaded_bytes, uploaded_files, uploaded_path

__all__ = [
    "ArchiveLimits",
    "FailedImage",
    "NamedImage",
    "RoomForUploads",
    "UrlLimits",
    "check_disk",
    "expected_count",
    "fetch_image",
    "images_in",
    "uploaded_bytes",
    "uploaded_files",
    "uploaded_path",
]
