"""A page that answers in the visitor's browser, for a static Space or any web server's folder."""

from resnet_hub.space.static.browser_model import BrowserModel, model_for_browsers
from resnet_hub.space.static.facts import FACTS_FILE
from resnet_hub.space.static.files import check_static_present, stale_static_paths, static_files

__all__ = [
    "FACTS_FILE",
    "BrowserModel",
    "check_static_present",
    "model_for_browsers",
    "stale_static_paths",
    "static_files",
]
