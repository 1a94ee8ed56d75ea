"""The tab in which a network is taken apart, block by block."""

from resnet_hub.demo.tabs.switchboard.switch import switch_tab

__all__ = ["switch_tab"]
