"""Names that strangers chose: the card stays whole, and a reader sees them as they are."""

import pytest
from markdown_it import MarkdownIt
from test_sections import CONFIG, RUN, loaded, metadata

from resnet_hub.card.contents.sections import model_card
from resnet_hub.hub.upload import push_checkpoint

HOSTILE = [
    "a|b",
    "`x`",
    "```",
    "<script>alert(1)</script>",
    "<!-- x",
    "</details>",
    "---",
    "1. x",
    "1) x",
    "- x",
    "+ x",
    "# x",
    "> x",
    "=== x",
    "![i](http://example.com/x.png)",
    "[l](javascript:alert)",
    "<http://example.com>",
    "**b** _i_ ~~s~~",
    "_x_",
    "snake__case_",
    "&lt;b&gt; &amp;",
    "back\\slash \\| \\",
    "{{ x }} {% x %} $x$",
    "| a | b |",
    "crow's nest, 3.5-inch low_light",
    "ümlaut 猫 🐱",
    "-->",
    "<!-- resnet_hub:end classes -->",
    "<!-- resnet_hub:begin results -->",
    "yes",
    "null",
    ": #",
    "- [ ] x",
    "| --- |",
    "[^1]: x",
    "@alice #1 :bug:",
    "alice@example.com",
    "$$x$$",
    "\\(x\\)",
    "&#124;",
]
# They are shown otherwise than they are: without what would turn, hide or flood the lines around them.
ALTERED = [
    "a\nb",
    "a\n\n# b",
    "\r\n---\r\n",
    "\u202eabc\u202c",
    "\u2067abc",
    "x" * 5000,
    "| " * 2500,
    " ",
    "\t",
    "\x00",
    "\u2028",
]


def markdown(card_text):
    """The kinds of all Markdown elements in order, and the texts between them."""
    kinds, texts = [], []
    for token in MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(card_text):
        for part in [token, *(token.children or [])]:
            if part.type == "text":
                texts.append(part.content)
            if part.type not in ("text", "inline"):
                kinds.append((part.type, part.tag))
    return kinds, texts


def everywhere(name):
    """A config in which a stranger chose every name."""
    return {
        "architecture": name,
        "num_classes": 2,
        "label_names": [name, "bee"],
        "resnet_hub": {
            **RUN,
            "base_model": name,
            "dataset": name,
            "split": name,
            "num_images": name,
            "dataset_revision": name,
            "metrics": {name: 1.0},
            "recipe": {name: name, "list": [name]},
            "versions": {name: name},
            "hardware": name,
        },
    }


@pytest.mark.parametrize("name", [*HOSTILE, *ALTERED], ids=lambda name: ascii(name[:40]))
def test_no_name_changes_the_structure_of_the_card(name, tmp_path):
    plain, _ = markdown(loaded(model_card(everywhere("x")), tmp_path).text)
    hostile, _ = markdown(loaded(model_card(everywhere(name)), tmp_path).text)
    assert hostile == plain


@pytest.mark.parametrize("name", HOSTILE)
def test_a_reader_sees_a_class_name_as_it_is(name, tmp_path):
    _, texts = markdown(loaded(model_card({**CONFIG, "label_names": [name, "bee"]}), tmp_path).text)
    assert name in texts


@pytest.mark.parametrize(
    "name", [*HOSTILE, *ALTERED, "a\n---\nb: c", "x\r\n...\r\n", "*anchor", "!!python/object:os.system"]
)
def test_no_name_adds_a_key_to_the_metadata(name, tmp_path):
    allowed = {
        "base_model",
        "library_name",
        "license",
        "license_name",
        "metrics",
        "model-index",
        "pipeline_tag",
        "tags",
    }
    config = everywhere(name)
    config["resnet_hub"]["license"] = name
    assert set(metadata(config, tmp_path)) <= {*allowed, "datasets"}


def test_the_fake_hub_accepts_the_card_of_a_hostile_run(fake_hub, plain_checkpoint):
    for name in HOSTILE:
        (plain_checkpoint / "README.md").write_text(model_card(everywhere(name)), "utf-8")
        push_checkpoint(plain_checkpoint, "alice/net")


def test_the_code_of_a_card_is_safe_from_its_names():
    for name in (*HOSTILE, *ALTERED):
        card = model_card(everywhere(name), repo_id="bob/ants", timm_compatible=True)
        assert card.count("```python") == card.count("\n```\n") == 3


def test_a_class_without_a_name_leaves_no_hole(tmp_path):
    plain, _ = markdown(loaded(model_card({**CONFIG, "label_names": ["x", "bee"]}), tmp_path).text)
    empty, texts = markdown(loaded(model_card({**CONFIG, "label_names": ["", "bee"]}), tmp_path).text)
    assert empty == plain
    assert "(empty)" in texts
