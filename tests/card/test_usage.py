"""card_usage.py: every block of code on a card runs, and where a library cannot open a network, the card says why."""

import json
import re

import numpy as np
import pytest
from encoded_images import banded
from PIL import Image
from random_weights import lively

from resnet_hub.card.contents.usage import in_chans, task, usage

NETWORKS = {
    "color": ("test_resnet", {}),
    "gray": ("test_resnet", {"in_chans": 1}),
    "transparent": ("test_resnet", {"in_chans": 4, "task": "multi_label"}),
    "numbers": ("test_resnet", {"task": "regression"}),
    "bands": ("test_resnet", {"in_chans": 13}),
    "own": ("cifar_resnet20", {}),
    "option": ("test_resnet", {"shortcut": "identity"}),
}
LIBRARIES = {
    "color": ["resnet_hub", "timm", "transformers"],
    "gray": ["resnet_hub", "timm", "transformers"],
    "transparent": ["resnet_hub", "timm", "transformers"],
    "numbers": ["resnet_hub", "timm", "transformers"],
    "bands": ["resnet_hub"],
    "own": ["resnet_hub"],
    "option": ["resnet_hub"],
}


def blocks(card):
    return re.findall(r"^```python\n(.*?)^```$", card, re.MULTILINE | re.DOTALL)


def model(name):
    architecture, options = NETWORKS[name]
    return lively(architecture, num_classes=2, label_names=("ant", "bee"), **options)


@pytest.mark.parametrize("name", NETWORKS)
def test_a_card_has_a_block_for_each_library_that_opens_the_network(name):
    found = blocks(model(name).card())
    assert [next(library for library in LIBRARIES["color"] if library in block) for block in found] == LIBRARIES[name]


def test_every_block_of_every_card_runs(fake_hub, run_with_hub, tmp_path):
    Image.effect_mandelbrot((80, 60), (-2, -1, 1, 1), 50).convert("RGB").save(tmp_path / "image.jpg")
    (tmp_path / "image.tif").write_bytes(banded(np.zeros((80, 60, 13), np.uint8)))
    for name in NETWORKS:
        model(name).push_to_hub(f"alice/{name}")
    cards = {
        name: fake_hub.repository(f"alice/{name}").resolve("main").files["README.md"].content.decode()
        for name in NETWORKS
    }
    code = {name: blocks(card) for name, card in cards.items()}
    (tmp_path / "code.json").write_text(json.dumps(code))
    printed = run_with_hub(
        """
        import json
        from pathlib import Path

        for name, blocks in json.loads(Path("code.json").read_text()).items():
            for block in blocks:
                space = {}
                exec(compile(block, name, "exec"), space)
                scores = space.get("scores", space.get("logits"))
                print(name, "ran", *([] if scores is None else [tuple(scores.shape), space.get("names")]))
        """,
        "timm",
        "resnet_hub",
        "transformers.pipelines",
    )
    ran = [line for line in printed.splitlines() if " ran" in line]
    assert len(ran) == sum(map(len, LIBRARIES.values()))
    assert "color ran (1, 2) ['ant', 'bee']" in ran
    assert "gray ran (1, 2) {0: 'ant', 1: 'bee'}" in ran


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("own", "cannot build this network: they have no architecture cifar_resnet20."),
        ("option", "cannot build this network: they lack what it sets: shortcut."),
        ("gray", "takes 1 channel. transformers' `pipeline` turns every image into RGB"),
        ("bands", "takes 13 channels: a TIFF of as many bands"),
    ],
)
def test_a_card_says_why_a_library_does_not_do(name, reason):
    assert reason in model(name).card()


def test_a_training_option_is_no_reason_to_open_here_only():
    card = lively(num_classes=2, drop_path_rate=0.1).card()
    assert "cannot build" not in card
    assert "import timm" in card


@pytest.mark.parametrize(
    ("problem", "found"), [("regression", "regression"), ("x", "single_label"), (None, "single_label")]
)
def test_the_task_is_read_from_the_config(problem, found):
    assert task({"problem_type": problem}) == found


@pytest.mark.parametrize(
    ("config", "channels"),
    [
        ({}, 3),
        ({"model_args": {"in_chans": 4}, "pretrained_cfg": {"input_size": [3, 8, 8]}}, 4),
        ({"pretrained_cfg": {"input_size": [1, 8, 8]}}, 1),
        ({"model_args": {"in_chans": "x\n"}, "pretrained_cfg": {"input_size": "y"}}, 3),
    ],
)
def test_the_channels_are_read_from_the_config(config, channels):
    assert in_chans(config) == channels


@pytest.mark.parametrize("repo_id", ['bob/ants")\nimport os', "../x", "a/b/c", "bob"])
def test_an_id_that_is_none_does_not_reach_the_code(repo_id):
    assert 'from_pretrained("owner/name")' in usage({}, repo_id, timm=True)
