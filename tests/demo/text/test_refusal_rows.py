"""Every sentence of refusal that a visitor can meet has a translation of its own, found by reading the sources."""

import ast
import itertools
import re
from pathlib import Path

import pytest

from resnet_hub.demo.serving.open_model import told_to_visitors
from resnet_hub.demo.text.user_errors import refusal_of, translated
from resnet_hub.errors import CheckpointError, ConfigError, HubError

PACKAGE = Path(__file__).resolve().parents[3] / "resnet_hub"
ERRORS = {"Refusal", "ConfigError", "HubError", "ImageError", "CheckpointError", "FailedImage"}
# What runs for a visitor. All that is wrong with a network itself is told by `told_to_visitors`, in one form.
RAISING = [
    *(
        "hub/address.py",
        "explain/residuals.py",
        "classifier.py",
        "nn/folding.py",
        "hub/download.py",
        "explain/target.py",
    ),
    *("demo/intake/archive.py", "demo/intake/fetch.py", "preprocessing.py", "registry/published.py"),
    *("demo/intake/zip_entries.py", "demo/model_facts.py"),
    *(str(file.relative_to(PACKAGE)) for file in sorted((PACKAGE / "demo").rglob("*.py"))),
]
# Sentences that are put together before anybody raises them.
RETURNING = ["hub/http_errors.py", "demo/intake/archive.py"]
# What only the owner of a page, a program of ours or somebody at a shell can meet.
OTHERS = (
    "pixels have the shape",
    "pixels are ",
    "a {} is no picture; give a path",
    "{} is a folder; give the path",
    "there is no file {}",
    "{} cannot be read ({})",
    "{} is an array of",
    "top_k={}",
    "device={}",
    "{} does not say whose repository it is",
    "create_pr=",
    "revision={} is a commit",
    "{} is empty; give it a value or unset it",
    "{} cannot be read; expected a short JSON object",
    "there is no setting",
    "{} has two folders",
    "{} names {}, but there is no such folder",
    "{} is set, but the package spaces",
    "{} has no {}; give a folder",
    "{}: {}",  # the Hub's own words, when it lends no GPU
)
VALUES = ("'alice/net'", "7", "word", "4 x 4", "The address 'http://a/'", "The picture")
ON_THE_HUB = (
    "model 'alice/net'",
    "7",
    "dataset",
    "this token",
    "could not read model 'alice/net': the Hub at a",
    "'alice/net'",
)


def shape(node):
    """The text of an expression with {} where a value goes; None where it is no text."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(part.value if isinstance(part, ast.Constant) else "{}" for part in node.values)
    if isinstance(node, ast.BinOp):
        return "".join(shape(part) or "" for part in (node.left, node.right))
    return None


def shapes(file, returned):
    """The sentences that a module raises, or also those that its functions return."""
    for node in ast.walk(ast.parse((PACKAGE / file).read_text("utf-8"))):
        if isinstance(node, ast.Call) and node.args and not returned:
            name = getattr(node.func, "id", getattr(node.func, "attr", ""))
            argument = node.args[-1] if name == "FailedImage" else node.args[0]
            yield from [shape(argument)] if name in ERRORS else []
        elif isinstance(node, ast.Return) and returned:
            parts = [node.value.body, node.value.orelse] if isinstance(node.value, ast.IfExp) else [node.value]
            yield from map(shape, parts)


def sentences(files, returned=False):
    found = {text for file in files for text in shapes(file, returned) if text and " " in text}
    return sorted(text for text in found if len(re.findall(r"\w+", text)) > 4 or text in OTHERS)


RAISED = sentences(RAISING)
RETURNED = [text for text in sentences(RETURNING, returned=True) if ";" in text]


def is_for_others(text):
    return any(text.startswith(start) for start in OTHERS if start != "{}: {}") or text == "{}: {}"


def has_row(text):
    """Whether some values make it a sentence with a translation of its own."""
    count = text.count("{}")
    for values in itertools.product(ON_THE_HUB if text in RETURNED else VALUES, repeat=min(count, 4)):
        filled = text
        for value in (*values, *["1"] * (count - 4)):
            filled = filled.replace("{}", value, 1)
        sentence = refusal_of(ConfigError(filled), "zh-CN").sentence
        if not sentence.startswith("无法完成"):
            assert sentence.endswith("。")
            assert ".。" not in sentence
            assert "。." not in sentence
            return True
    return False


@pytest.mark.parametrize("text", [text for text in RAISED + RETURNED if not is_for_others(text)])
def test_a_sentence_that_a_visitor_can_meet_is_there_in_chinese(text):
    assert has_row(text)


def test_the_sources_are_read():
    assert len(RAISED) > 60
    assert len(RETURNED) > 15
    assert "there is no address yet; write one that begins with https://" in RAISED
    assert not has_row("something new went wrong; do something")


@pytest.mark.parametrize("start", [start for start in OTHERS if start != "{}: {}"])
def test_what_is_left_out_is_still_said_somewhere(start):
    assert any(text.startswith(start) for text in RAISED + RETURNED)


def test_what_is_wrong_with_a_network_names_it_and_no_folder_of_the_server():
    with pytest.raises(CheckpointError) as caught, told_to_visitors("two", "/srv/secret/two"):
        raise ConfigError("/srv/secret/two has no weights")
    assert str(caught.value) == "model 'two' cannot be opened: two has no weights"
    assert translated("Model 'two' cannot be opened: block 'x' is not known.", "zh-CN").startswith("无法打开模型 'two'")


def test_what_the_hub_says_stays_as_it_is():
    with pytest.raises(HubError) as caught, told_to_visitors("two", "/srv/two"):
        raise HubError("model 'a/b' is gated")
    assert str(caught.value) == "model 'a/b' is gated"
