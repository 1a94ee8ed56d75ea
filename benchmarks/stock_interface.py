"""The peer of `benchmarks.load`: a page as the documentation of Gradio and transformers writes it."""

from __future__ import annotations

import sys

import gradio as gr
from transformers import pipeline

classifier = pipeline("image-classification", model=sys.argv[1])


def predict(image):  # noqa: ANN001, ANN201, D103  # the plain example, which has no types
    return {found["label"]: found["score"] for found in classifier(image)}


if __name__ == "__main__":
    gr.Interface(predict, gr.Image(type="pil"), gr.Label()).launch(server_port=int(sys.argv[2]), quiet=True)
