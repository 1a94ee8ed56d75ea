"""The mistakes of visitors and programs that only a page knows."""

from __future__ import annotations

from resnet_hub.errors import ResNetHubError


class PageError(ResNetHubError):
    """Something that was sent to the page, or asked of it, that it cannot take or not answer now."""
