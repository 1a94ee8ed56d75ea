"""Our page with a loader that takes its time, as a slow download does."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from resnet_hub.classifier import ImageClassifier
from resnet_hub.demo import launch as serving
from resnet_hub.demo.serving.networks import model_pool
from resnet_hub.demo.settings import PageSettings

open_at_once = model_pool.open_classifier


def open_slowly(source: str, settings: PageSettings) -> ImageClassifier:
    """As the page opens a network, but later; its own comes at once."""
    if source != settings.model:
        time.sleep(float(sys.argv[1]))
    return open_at_once(source, settings)


if __name__ == "__main__":
    model_pool.open_classifier = open_slowly
    sys.exit(serving.main(sys.argv[2:], Path(__file__).parent))
