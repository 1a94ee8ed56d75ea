"""The tab that shows why: heat maps, what the stages see, and the endpoint for programs."""

from resnet_hub.demo.tabs.explaining.endpoint import explain_endpoint
from resnet_hub.demo.tabs.explaining.why import why_tab

__all__ = ["explain_endpoint", "why_tab"]
