"""Checkpoint folders: one with a small network, and one that only looks like it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest


@pytest.fixture
def tiny_checkpoint(tmp_path: Path) -> Path:
    """A folder with a small network for 32 x 32 images of three classes, with random weights from a fixed seed."""
    import torch

    from resnet_hub import ResNet
    from resnet_hub.registry.architectures import architecture

    config = architecture("cifar_resnet20").with_options(num_classes=3)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        ResNet(config, label_names=("cat", "dog", "bird")).save_pretrained(tmp_path / "tiny")
    return tmp_path / "tiny"


@pytest.fixture
def plain_checkpoint(tmp_path: Path) -> Path:
    """A checkpoint folder as hub.py sees one: the names matter, the content does not."""
    folder = tmp_path / "checkpoint"
    folder.mkdir()
    (folder / "config.json").write_text('{"architecture": "resnet18"}')
    (folder / "model.safetensors").write_bytes(b"weights")
    (folder / "README.md").write_text("---\ntags:\n- resnet_hub\n---\n\n# net\n")
    return folder


def cut_weights(folder: Path, parts: int = 2) -> list[str]:
    """Cuts the folder's model.safetensors into several files and an index, as large networks are kept; their names."""
    from safetensors.torch import load_file, save_file

    state = load_file(folder / "model.safetensors")
    (folder / "model.safetensors").unlink()
    names = [f"model-{part + 1:05}-of-{parts:05}.safetensors" for part in range(parts)]
    owners = {name: names[number % parts] for number, name in enumerate(state)}
    for shard in names:
        save_file({name: state[name] for name, owner in owners.items() if owner == shard}, folder / shard)
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": owners}))
    return ["model.safetensors.index.json", *names]
