"""All overrides of gradio's internals, and nothing else; each module says at its top what it overrides and why.

`tests/demo/overrides/test_gradio_insides.py` has a row for each, which says what stops when gradio changes under it.
"""

from resnet_hub.demo.overrides.answer_parts import send_whole_parts
from resnet_hub.demo.overrides.api_schemas import describe_in_api
from resnet_hub.demo.overrides.browser import (
    FirstPaint,
    describe_link,
    lose_no_answer,
    mend_what_gradio_leaves_out,
    on_last,
    translate_gradio,
)
from resnet_hub.demo.overrides.file_cache import bring_addresses, keep_file
from resnet_hub.demo.overrides.mcp_server import set_up_tools, why_no_tools
from resnet_hub.demo.overrides.queue import use_page_queue
from resnet_hub.demo.overrides.quiet_launch import launch_quietly
from resnet_hub.demo.overrides.requests import refusals_of_requests, refuse_what_no_field_holds
from resnet_hub.demo.overrides.sessions import MOST_SESSIONS, remember_little
from resnet_hub.demo.overrides.stopping import Stops

__all__ = [
    "MOST_SESSIONS",
    "FirstPaint",
    "Stops",
    "bring_addresses",
    "describe_in_api",
    "describe_link",
    "keep_file",
    "launch_quietly",
    "lose_no_answer",
    "mend_what_gradio_leaves_out",
    "on_last",
    "refusals_of_requests",
    "refuse_what_no_field_holds",
    "remember_little",
    "send_whole_parts",
    "set_up_tools",
    "translate_gradio",
    "use_page_queue",
    "why_no_tools",
]
