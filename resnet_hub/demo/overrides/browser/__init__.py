"""Overrides of gradio's part in the browser: its first paint, its words, its stream of answers, what it leaves out."""

from resnet_hub.demo.overrides.browser.accessibility import mend_what_gradio_leaves_out
from resnet_hub.demo.overrides.browser.answer_stream import lose_no_answer
from resnet_hub.demo.overrides.browser.first_paint import FirstPaint
from resnet_hub.demo.overrides.browser.gradio_words import translate_gradio
from resnet_hub.demo.overrides.browser.last_event import on_last
from resnet_hub.demo.overrides.browser.link_preview import describe_link

__all__ = [
    "FirstPaint",
    "describe_link",
    "lose_no_answer",
    "mend_what_gradio_leaves_out",
    "on_last",
    "translate_gradio",
]
