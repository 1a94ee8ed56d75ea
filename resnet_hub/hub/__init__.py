"""The Hub: addresses, downloads, uploads, and its errors as sentences a person can act on."""

from resnet_hub.hub.address import DEFAULT_REVISION, RepoAddress, is_repo_id, push_address, repo_address
from resnet_hub.hub.download import download_beside, download_checkpoint, mend_checkpoint
from resnet_hub.hub.http_errors import HTTP_ERROR, Token, check_token, hub_errors, reason_given
from resnet_hub.hub.other_hubs import with_host, with_or_without_xet
from resnet_hub.hub.pushed_files import PUSHED_FILES, shareable
from resnet_hub.hub.repository import make_repository, refuse_public
from resnet_hub.hub.upload import look_at, push_checkpoint

__all__ = [
    "DEFAULT_REVISION",
    "HTTP_ERROR",
    "PUSHED_FILES",
    "RepoAddress",
    "Token",
    "check_token",
    "download_beside",
    "download_checkpoint",
    "hub_errors",
    "is_repo_id",
    "look_at",
    "make_repository",
    "mend_checkpoint",
    "push_address",
    "push_checkpoint",
    "reason_given",
    "refuse_public",
    "repo_address",
    "shareable",
    "with_host",
    "with_or_without_xet",
]
