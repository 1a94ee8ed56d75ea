"""All that bends gradio's insides, and nothing else; docs/architecture.md says why for each."""

from resnet_hub.demo.overrides.endpoints import AT_ONCE, endpoint, refusals_of_requests, refuse_what_no_field_holds
from resnet_hub.demo.overrides.mcp_server import set_up_tools, why_no_tools
from resnet_hub.demo.overrides.queue import PageQueue
from resnet_hub.demo.overrides.sessions import MOST_SESSIONS, remember_little
from resnet_hub.demo.overrides.stopping import Stops

__all__ = [
    "AT_ONCE",
    "MOST_SESSIONS",
    "PageQueue",
    "Stops",
    "endpoint",
    "refusals_of_requests",
    "refuse_what_no_field_holds",
    "remember_little",
    "set_up_tools",
    "why_no_tools",
]
