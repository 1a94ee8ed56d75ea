"""pushed_files.py: what of a run folder goes to the Hub, and what of it is nobody's business."""

import json
import tomllib

import pytest

from resnet_hub.errors import CheckpointError
from resnet_hub.hub.pushed_files import pushed_files
from training.settings.recipe import FinetuneRecipe


def test_the_card_is_left_to_those_who_merge_it(plain_checkpoint):
    assert set(pushed_files(plain_checkpoint)) == {"config.json", "model.safetensors"}


def test_a_recipe_is_sent_without_the_folders_of_this_machine(plain_checkpoint):
    recipe = FinetuneRecipe(
        dataset="/home/alice/my insects", output="C:\\users\\alice\\run", model="timm/resnet18.a1_in1k"
    )
    (plain_checkpoint / "recipe.toml").write_text(recipe.to_toml())
    sent = tomllib.loads(pushed_files(plain_checkpoint)["recipe.toml"].decode())
    assert (sent["dataset"], sent["output"], sent["model"]) == ("my insects", "run", "timm/resnet18.a1_in1k")
    assert sent | {"dataset": "", "output": ""} == tomllib.loads(recipe.to_toml()) | {"dataset": "", "output": ""}


def test_bad_images_are_sent_by_name_and_classes_as_they_are(plain_checkpoint):
    results = {"per_class": [{"label": "/a/b"}], "bad_images": ["'/home/a]b/x y.jpg' is empty", "row 7 of train"]}
    (plain_checkpoint / "results.json").write_text(json.dumps(results, indent=2))
    sent = json.loads(pushed_files(plain_checkpoint)["results.json"])
    assert sent["per_class"] == results["per_class"]
    assert sent["bad_images"] == ["'x y.jpg' is empty", "row 7 of train"]


def test_what_tells_nothing_is_sent_as_it_is(plain_checkpoint):
    for name in ("recipe.toml", "results.json", "metrics.jsonl"):
        (plain_checkpoint / name).write_text('dataset = "alice/insects@v1"\n')
    (plain_checkpoint / "curves.png").write_bytes(b"\x89PNG hf_" + b"a" * 40)
    sent = pushed_files(plain_checkpoint)
    assert {name for name, content in sent.items() if content != plain_checkpoint / name} == set()


@pytest.mark.parametrize("content", [b"\xff\xfe", b'x = "\\q /home/alice"'], ids=["no text", "no JSON"])
def test_a_file_that_is_no_recipe_is_sent_as_it_is(plain_checkpoint, content):
    (plain_checkpoint / "recipe.toml").write_bytes(content)
    assert pushed_files(plain_checkpoint)["recipe.toml"] == plain_checkpoint / "recipe.toml"


@pytest.mark.parametrize("name", ["config.json", "model.safetensors"])
def test_a_folder_without_a_checkpoint_is_refused(plain_checkpoint, name):
    (plain_checkpoint / name).unlink()
    with pytest.raises(CheckpointError, match=f"there is no {name} in"):
        pushed_files(plain_checkpoint)
