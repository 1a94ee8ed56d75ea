"""The tab in which a visitor teaches classes of their own, and what may be taken home."""

from resnet_hub.demo.tabs.teaching.teach import teach_tab

__all__ = ["teach_tab"]
