"""Run as a program: pushes small networks, opens each with timm and transformers, and writes what they answered.

One process for all of them: its clients talk to the fake Hub.
"""

import json
import sys
from dataclasses import replace
from pathlib import Path

NAMES = ("ant: #1", "no", "bee | <b>", "名前")
# name -> architecture, its options, and what differs in the preprocessing
ROWS = {
    "plain": ("resnet18", {}, {"interpolation": "bilinear", "crop_pct": 0.9}),
    "deep": ("resnet18d", {}, {"crop_mode": "squash"}),
    "se": ("seresnet18", {}, {"crop_pct": 1.0}),
    "eca": ("ecaresnet26t", {}, {}),
    "blur": ("resnetblur18", {}, {"crop_mode": "border"}),
    "rs": ("resnetrs50", {}, {}),
    "gn": ("resnet50_gn", {}, {}),
    "v2": ("resnetv2_18", {}, {"mean": (0.5, 0.5, 0.5), "std": (0.5, 0.5, 0.5)}),
    "one channel": ("test_resnet", {"in_chans": 1}, {}),
    "four channels": ("test_resnet", {"in_chans": 4}, {}),
    "activation": ("test_resnet", {"act_layer": "silu"}, {"interpolation": "lanczos"}),
    "pooling": ("test_resnet", {"global_pool": "catavgmax"}, {}),
    "stride": ("test_resnet", {"output_stride": 16}, {}),
    "several labels": ("test_resnet", {"task": "multi_label"}, {}),
    "numbers": ("test_resnet", {"task": "regression"}, {}),
}
SIDE = 64
MODES = {1: "L", 3: "RGB", 4: "RGBA"}


def network(row):
    """Our network of a row, in half precision, so that half as much is sent."""
    from random_weights import lively

    name, options, preprocessing = ROWS[row]
    model = lively(name, num_classes=len(NAMES), label_names=NAMES, **options).half()
    size = (model.config.in_chans, SIDE, SIDE)
    model.preprocessing = replace(model.preprocessing, input_size=size, **preprocessing)
    return model


def compare(row, folder, path):
    """What the others answer for a row, as largest differences from what we answer, and as names."""
    import timm
    import torch
    from PIL import Image
    from transformers import AutoImageProcessor, AutoModelForImageClassification, pipeline

    from resnet_hub import ImageClassifier
    from resnet_hub.preprocessing.pixels import normalize, open_image, to_pixels

    repo_id = f"alice/{row.replace(' ', '-')}"
    model = network(row)
    model.push_to_hub(repo_id)
    model.save_pretrained(folder)
    model.float()
    seen = normalize(to_pixels(open_image(path), model.preprocessing), model.preprocessing)
    image = Image.open(path).convert(MODES[model.config.in_chans])
    on_hub = timm.create_model(f"hf-hub:{repo_id}", pretrained=True).eval()
    local = timm.create_model(f"local-dir:{folder}", pretrained=True).eval()
    theirs = AutoModelForImageClassification.from_pretrained(repo_id, dtype=torch.float32).eval()
    processor = AutoImageProcessor.from_pretrained(repo_id)
    transform = timm.data.create_transform(**timm.data.resolve_model_data_config(on_hub))
    with torch.inference_mode():
        ours = model(seen)
        logits = {"timm": on_hub(seen), "folder": local(seen), "transformers": theirs(seen).logits}
    inputs = {"timm": transform(image), "transformers": processor(image, return_tensors="pt")["pixel_values"]}
    found = {
        "range": ours.abs().max().item(),
        "logits": {name: (value - ours).abs().max().item() for name, value in logits.items()},
        "inputs": {name: (value - seen).abs().max().item() for name, value in inputs.items()},
        "names": {"timm": on_hub.pretrained_cfg["label_names"], "transformers": list(theirs.config.id2label.values())},
    }
    if model.config.in_chans == 3:
        answer = pipeline("image-classification", model=repo_id, dtype=torch.float32)(str(path), top_k=len(NAMES))
        found["pipeline"] = sorted((entry["label"], entry["score"]) for entry in answer)
        ranked = ImageClassifier(model)(path, top_k=len(NAMES))
        found["ours"] = sorted((prediction.label, prediction.score) for prediction in ranked)
    return found


if __name__ == "__main__":
    place, photograph = map(Path, sys.argv[1:])
    answers = {row: compare(row, place / row, photograph) for row in ROWS}
    (place / "answers.json").write_text(json.dumps(answers))
