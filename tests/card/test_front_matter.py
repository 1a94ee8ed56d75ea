"""The block that opens a README: our keys change, all that somebody typed stays."""

import pytest
import yaml

from resnet_hub.card import front_matter
from resnet_hub.card.parse import CardText

TYPED = """---
# how the page looks
title: "My page"   # mine
emoji: 🪜
tags: [a,   b]
models:
  - alice/old
  - alice/older

# the version matters
sdk_version: '6.30.0'
pinned: no
---

# Hello

---
not a block
"""


def parsed(readme):
    return CardText.parse(readme.encode(), "README.md")


def read_front_matter(readme):
    return parsed(readme).metadata


def body(readme):
    return parsed(readme).body


def update_front_matter(readme, values, **options):
    return front_matter.update_front_matter(parsed(readme), values, **options)


def test_only_the_changed_keys_are_written_anew():
    updated = update_front_matter(TYPED, {"models": ["alice/new"], "sdk_version": "6.31.0"})
    assert updated == TYPED.replace("  - alice/old\n  - alice/older\n", "- alice/new\n").replace("'6.30.0'", "6.31.0")


def test_a_value_that_is_right_already_keeps_its_style():
    assert update_front_matter(TYPED, {"title": "My page", "tags": ["a", "b"]}) == TYPED


def test_a_dropped_key_goes_and_its_neighbours_stay():
    updated = update_front_matter(TYPED, {}, drop=("models", "absent"))
    assert "alice" not in updated
    assert read_front_matter(updated) == {k: v for k, v in read_front_matter(TYPED).items() if k != "models"}
    assert "# the version matters" in updated


def test_new_keys_come_last():
    updated = update_front_matter(TYPED, {"license": "mit"})
    assert updated == TYPED.replace("pinned: no\n---", "pinned: no\nlicense: mit\n---")


@pytest.mark.parametrize(
    "readme", ["", "# Hello\n", "---\n---\n# Hello\n", "---\n# nothing\n---\n"], ids=["empty", "none", "blank", "note"]
)
def test_a_readme_without_values_gets_a_block(readme):
    updated = update_front_matter(readme, {"sdk": "gradio"})
    assert read_front_matter(updated) == {"sdk": "gradio"}
    assert body(updated) == body(readme)


@pytest.mark.parametrize(
    "block",
    ["{title: a, sdk: static}", "title: &t a\nsdk: static\nalso: *t", "sdk: static\nsdk: docker", "? sdk\n: static"],
    ids=["flow", "alias", "twice", "explicit"],
)
def test_unusual_yaml_keeps_its_meaning(block):
    readme = f"---\n{block}\n---\ntext\n"
    updated = update_front_matter(readme, {"title": "b", "sdk": "gradio"})
    assert read_front_matter(updated) == {**yaml.safe_load(block), "title": "b", "sdk": "gradio"}
    assert body(updated) == "text\n"


def test_the_ends_of_lines_stay_those_of_windows():
    readme = "---\r\ntitle: a\r\nsdk: static\r\n---\r\nHello\r\n"
    assert update_front_matter(readme, {"sdk": "gradio"}) == readme.replace("static", "gradio")


@pytest.mark.parametrize(
    "value",
    ['a: "b" # c', "---", "- x", "yes", "3.10", "{}", "*a", "!!python/object:os.system", "é\u202e🪜", "x" * 300, " a "],
)
def test_any_text_comes_back_as_it_was(value):
    updated = update_front_matter(TYPED, {"title": value})
    assert read_front_matter(updated)["title"] == value
    assert body(updated) == body(TYPED)
