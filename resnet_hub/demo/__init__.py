"""The Gradio page, one file per tab; with app.py the only place that imports gradio."""

import os

# Gradio reads this when it is imported: nothing about a visitor leaves the machine unless its owner asks for it.
os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
