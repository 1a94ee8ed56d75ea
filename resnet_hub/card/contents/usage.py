"""How a card tells people to use a checkpoint: a block of code for each library that opens it, and why one does not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from resnet_hub.card.markdown import text
from resnet_hub.card.metadata import mapping, repo_id_in
from resnet_hub.checkpoint import PROBLEM_TYPES, TRAINING_OPTIONS
from resnet_hub.config import IMAGE_MODES
from resnet_hub.registry import in_timm

TASKS = {problem: task for task, problem in PROBLEM_TYPES.items()}
_SCORES = {"single_label": ".softmax(dim=1)", "multi_label": ".sigmoid()", "regression": ""}


def task(config: Mapping[str, Any]) -> str:
    """What the outputs are: single_label, multi_label or regression."""
    return TASKS.get(str(config.get("problem_type")), "single_label")


def in_chans(config: Mapping[str, Any]) -> int:
    """Input channels that the config gives; 3 where it gives none."""
    size = mapping(config.get("pretrained_cfg")).get("input_size")
    told = mapping(config.get("model_args")).get("in_chans") or (size[0] if isinstance(size, list) and size else 3)
    return told if isinstance(told, int) else 3


def usage(config: Mapping[str, Any], repo_id: str | None, *, timm: bool) -> str:
    """The section with a block of code for each library that opens the checkpoint."""
    source = (repo_id_in(repo_id) if repo_id else None) or "owner/name"
    channels = in_chans(config)
    if channels not in IMAGE_MODES:
        return f"## How to use it\n\n{_bands(source, channels)}"
    blocks = [_one_line_each(source, timm=timm and channels == 3), f"```python\n{_ours(source)}```"]
    if timm:
        blocks += [f"In timm:\n\n```python\n{_timm(source, config, channels)}```"]
        blocks += [f"In transformers:\n\n```python\n{_transformers(source, config, channels)}```"]
        if channels != 3:
            blocks += [
                f"The network takes {channels} channel{'s' if channels > 1 else ''}. transformers' `pipeline` turns"
                " every image into RGB, so it cannot run this network; the processor can, as above."
            ]
    else:
        blocks += [_not_elsewhere(config)]
    return "## How to use it\n\n" + "\n\n".join(blocks)


def _one_line_each(source: str, *, timm: bool) -> str:
    """A line for the shell and for each library that opens the network with its own preprocessing."""
    lines = [
        f"shell: `resnet-hub predict {source} image.jpg`",
        f'resnet_hub: `ImageClassifier.from_pretrained("{source}")("image.jpg")`',
    ]
    if timm:
        lines += [
            f'transformers: `pipeline("image-classification", model="{source}")("image.jpg")`',
            f'timm: `timm.create_model("hf-hub:{source}", pretrained=True)`',
        ]
    return "\n".join(f"- {line}" for line in lines)


def _ours(source: str) -> str:
    return f"""\
from resnet_hub import ImageClassifier

classifier = ImageClassifier.from_pretrained("{source}")
for prediction in classifier("image.jpg", top_k=3):
    print(prediction.label, prediction.score)
"""


def _bands(source: str, channels: int) -> str:
    return f"""The network takes {channels} channels: a TIFF of as many bands, or a .npy of (height, width, {channels}).

```python
from resnet_hub import ImageClassifier

classifier = ImageClassifier.from_pretrained("{source}")
for prediction in classifier("image.tif", top_k=3):
    print(prediction.label, f"{{prediction.score:.1%}}")
```"""


def _timm(source: str, config: Mapping[str, Any], channels: int) -> str:
    return f"""\
import timm
import torch
from PIL import Image

model = timm.create_model("hf-hub:{source}", pretrained=True).eval()
transform = timm.data.create_transform(**timm.data.resolve_model_data_config(model))
image = transform(Image.open("image.jpg").convert("{IMAGE_MODES[channels]}"))
with torch.inference_mode():
    scores = model(image[None]){_SCORES[task(config)]}
names = model.pretrained_cfg.get("label_names")
"""


def _transformers(source: str, config: Mapping[str, Any], channels: int) -> str:
    if channels == 3:
        return f"""\
from transformers import pipeline

classifier = pipeline("image-classification", model="{source}")
print(classifier("image.jpg", top_k=3))
"""
    return f"""\
import torch
from PIL import Image
from transformers import AutoImageProcessor, AutoModelForImageClassification

processor = AutoImageProcessor.from_pretrained("{source}")
model = AutoModelForImageClassification.from_pretrained("{source}").eval()
inputs = processor(Image.open("image.jpg").convert("{IMAGE_MODES[channels]}"), return_tensors="pt")
with torch.inference_mode():
    scores = model(**inputs).logits{_SCORES[task(config)]}
names = model.config.id2label
"""


def _not_elsewhere(config: Mapping[str, Any]) -> str:
    """Why timm and transformers do not open it."""
    name = str(config.get("architecture", ""))
    if in_timm(name):
        own = mapping(mapping(config.get("resnet_hub")).get("options"))
        options = ", ".join(text(option) for option in own if option not in TRAINING_OPTIONS)
        reason = f"they lack what it sets: {options}" if options else "they lack some of its options"
    else:
        reason = f"they have no architecture {text(name)}" if name else "its architecture is not recorded"
    return f"It opens in resnet_hub only. timm and transformers cannot build this network: {reason}."
