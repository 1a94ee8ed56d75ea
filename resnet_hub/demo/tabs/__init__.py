"""One file for each tab of the page, with its endpoint for programs."""

from resnet_hub.demo.tabs.batch import batch_tab, classify_batch_endpoint
from resnet_hub.demo.tabs.classify import ESCAPED, answer_tab, predict_endpoint
from resnet_hub.demo.tabs.compare import compare_endpoint, compare_tab
from resnet_hub.demo.tabs.comparison import checked_names
from resnet_hub.demo.tabs.depth import depth_tab
from resnet_hub.demo.tabs.why import METHODS, WhyFields, class_in_link, explain_endpoint, key_of_link, why_tab

__all__ = [
    "ESCAPED",
    "METHODS",
    "WhyFields",
    "answer_tab",
    "batch_tab",
    "checked_names",
    "class_in_link",
    "classify_batch_endpoint",
    "compare_endpoint",
    "compare_tab",
    "depth_tab",
    "explain_endpoint",
    "key_of_link",
    "predict_endpoint",
    "why_tab",
]
