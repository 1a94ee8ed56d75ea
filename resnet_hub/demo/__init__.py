"""The Gradio page, one file per tab; with app.py the only place that imports gradio."""

import os
from pathlib import Path

from resnet_hub import errors

# Gradio reads this at import: no telemetry about visitors unless the page's owner turns it on.
os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")

# Here, because this is imported before any module of the page can raise one of its errors.
errors.FOLDERS.append(Path(__file__).parent / "text" / "errors")
