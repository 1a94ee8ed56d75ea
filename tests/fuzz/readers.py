"""Every reader of strangers' text, each with texts of its own kind."""

from __future__ import annotations

import csv
import io
import json
import re
import tempfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
from growth import Growing
from hypothesis import strategies as st
from listed_images import LINES, read_as_list
from run_folders import read_as_run

from resnet_hub.card import CardText, license_keys, text, update_front_matter, without_paths
from resnet_hub.checkpoint import CheckpointConfig, read_json
from resnet_hub.checkpoint.containers import plain_names
from resnet_hub.checks import nearest
from resnet_hub.csv_table import csv_text
from resnet_hub.demo.intake import UrlLimits, fetch_image
from resnet_hub.errors import ResNetHubError
from resnet_hub.hub import is_repo_id
from resnet_hub.preprocessing.pixels import open_image
from resnet_hub.terminal import printable, printable_lines
from training.data.errors import dataset_errors
from training.data.file_names import shown_files
from training.data.load_dataset import HUB_ID
from training.layouts import Ledger
from training.settings.recipe import read_recipe
from training.tables.csv_text import read_csv
from training.targets.class_names import class_names, like_empty_cells, look_alikes, made_of_others
from training.targets.list_cells import holds_written_lists, written_lists

FOLDER = Path(tempfile.gettempdir())
FULL = 32_000
"""Characters of the longest texts; a quadratic reader takes seconds for them."""
# Written out, because to know all of Unicode costs hypothesis seconds.
LETTERS = "aZ09 .,:;-_/\\\"'[]{}<>&*!?#@=|"
LETTERS += "\t\n\r\0\x1b\x7f\x85\xa0\xe9\u0301\u0130\u200b\u202e\u2028\u6771\ufb03\ufeff\ufffd\U0001f431"
FORMULAS = tuple("=+-@\uff1d\uff0b\uff0d\uff20")


@dataclass(frozen=True)
class Reader:
    """One reader: what it does with a text, and texts to try."""

    read: Callable[[str], object]
    """Returns, or raises an error with a sentence; anything else is a fault."""
    texts: st.SearchStrategy[str]
    """Texts of its kind, mostly with something wrong."""
    growing: st.SearchStrategy[Growing]
    """Texts of any length."""
    characters: int = FULL
    known: tuple[str, ...] = ()
    """Texts that were once answered by a traceback."""
    slow: tuple[Growing, ...] = ()
    """Texts that were once read in quadratic time."""


def growing(
    words: list[str], heads: list[str] | None = None, tails: list[str] | None = None
) -> st.SearchStrategy[Growing]:
    """Texts that repeat up to three of these words."""
    units = st.lists(st.sampled_from(words), min_size=1, max_size=3).map("".join)
    return st.builds(Growing, st.sampled_from(heads or [""]), units, st.sampled_from(tails or ["", "\0", "x"]))


def of(words: list[str]) -> st.SearchStrategy[str]:
    """Texts that are made of these words, and of any characters."""
    return st.lists(st.sampled_from(words) | st.text(LETTERS, max_size=4), max_size=30).map("".join)


def _in_file(read: Callable[[Path], object], name: str) -> Callable[[str], object]:
    def reading(content: str) -> object:
        with tempfile.TemporaryDirectory(dir=FOLDER) as folder:
            file = Path(folder, name)
            file.write_bytes(content.encode("utf-8", "surrogatepass"))
            return read(file)

    return reading


def _config(file: Path) -> None:
    config = CheckpointConfig.from_json(read_json(file))
    config.to_json(512)


def _card(content: str) -> None:
    card = CardText.parse(content.encode("utf-8", "surrogatepass"), "README.md")
    newer = CardText({"license": "mit"}, "<!-- resnet_hub:begin a -->\nnew\n<!-- resnet_hub:end a -->")
    edited = update_front_matter(card, {"license": "mit"})
    assert CardText.parse(edited.encode(), "README.md").metadata["license"] == "mit"
    card.with_sections_of(newer)
    assert isinstance(card.own_words, str)


def _table(content: str) -> None:
    """A spreadsheet finds no formula, and neither does a program that divides the text by other marks or line ends."""
    table = csv_text([content], [[content, 0.5]])
    rows = list(csv.reader(io.StringIO(table, newline="")))
    assert [len(row) for row in rows] == [1, 2]
    pieces = re.split("[;\t\r\n]", table.replace('"', ""))
    assert not any(piece.lstrip().startswith(FORMULAS) for piece in [*pieces, *(row[0] for row in rows)]), table


def _shown(content: str) -> None:
    assert printable(content).isprintable()
    assert printable_lines(content).replace("\n", "").isprintable()
    assert len(printable(content)) >= len(content)


def _names(content: str) -> None:
    names = content.split("\n")
    CheckpointConfig.from_json({"architecture": "resnet18", "num_classes": len(names), "label_names": names})
    cells = pa.array(names, pa.large_string())
    found = class_names(None, cells, "label")
    look_alikes(found)
    like_empty_cells(tuple(found))
    made_of_others(tuple(found))
    for name in names[:3]:
        assert "\n" not in text(name)


def _lists(content: str) -> None:
    cells = pa.array(content.split("\n"), pa.large_string())
    for task in ("auto", "multi_label"):
        if holds_written_lists(cells, task):
            assert len(written_lists(cells, "label")) == len(cells)


def _dataset_error(content: str) -> None:
    with dataset_errors("--dataset 'a/b'", "a/b"):
        raise ValueError(f"BuilderConfig {content} not found. Available: {content}")


def _ids(content: str) -> None:
    HUB_ID.fullmatch(content)
    is_repo_id(content)
    license_keys(content)
    nearest(content, ["resnet18", "resnet50"])


JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.floats() | st.text(LETTERS, max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(LETTERS, max_size=3), inner, max_size=3),
    max_leaves=5,
)
KEYS = [
    *(
        "architecture",
        "num_classes",
        "num_features",
        "global_pool",
        "label_names",
        "label_descriptions",
        "problem_type",
    ),
    *("model_args", "pretrained_cfg", "resnet_hub", "model_type", "architectures", "labels", "id2label", "in_chans"),
    *("input_size", "mean", "std", "interpolation", "crop_pct", "crop_mode", "tag", "license", "classifier", "layers"),
    *("channels", "block", "stem_type", "block_args", "norm_layer", "act_layer", "output_stride", "options", "format"),
    *("version", "metrics", "temperature", "dataset", "recipe", "task"),
]
INNER = st.dictionaries(st.sampled_from(KEYS), JSON, max_size=4)
CONFIGS = st.builds(
    lambda known, rest: json.dumps({"architecture": "resnet18", **rest, **known}),
    st.dictionaries(st.sampled_from(["model_args", "pretrained_cfg", "resnet_hub"]), INNER, max_size=2),
    st.dictionaries(st.sampled_from(KEYS[1:]), JSON, max_size=4)
    | st.dictionaries(st.just("architecture"), JSON, max_size=1),
)
YAML = ["a: 1\n", "b: &x [1, 2]\n", "c: *x\n", "- a\n", "[", "]", "{", "}", "? ", ": ", "!!bool ", "!!int ", "maybe"]
YAML += [
    "!!timestamp ",
    "!!binary ",
    "!!omap ",
    "<<: *x\n",
    "# c\n",
    '"',
    "'",
    "|\n  ",
    "\n",
    "  ",
    "\t",
    "license: mit\n",
]
SECTION = ["<!-- resnet_hub:begin a -->\n", "<!-- resnet_hub:end a -->\n", "text\n", "---\n", "\r", "\n", " "]
PATHS = ["/", "\\", "'", '"', "~", "C:", "file:", "a", " ", ".", "=", "\n", "hf_abcdefghijk", "://", "@"]
FILES = ["/snapshots/", "0123456789" * 4, "/", "..", ".", "a", "/data/", "http://h/"]
CELLS = ["=", "+", "-", "@", "\t", "\r", "\n", " ", ";", ",", '"', "'", "x", "\uff1d", "\ufeff", "\x85", "\u2028", "|"]
IMAGES = ["data:", "image/png", ";base64", ",", "%", "41", "QUI=", "~", "/", "..", "http://", "\0", "\xe9", "\ud800"]
RECIPE = ["epochs = ", "1", "lr = 1e-3\n", "[", "]", "{", "}", '"', "'''", ".", "a", "=", "\n", "#", "1979-05-27", ","]
RUN = ['{"validation": {"top1": 1}}', "true,a,b\na,1,2\nb,0,3\n", '{"train_loss": NaN}\n', '"images": [{}],', ",", "\n"]
LISTS = ["[", "]", "(", ")", ",", " ", "0", "1", "2.5", "'", '"', "a", "True", "\n", "e5", ";"]

READERS = {
    "config.json": Reader(
        _in_file(_config, "config.json"),
        CONFIGS,
        growing(
            ['"k": 1,', '"k#": 1,', '"k#": [],', "[", "{", '"a":', "9", " "],
            ['{"architecture": "resnet18",'],
            ['"k": 1}', "}"],
        ),
        known=(
            '{"architecture": "resnet18", "problem_type": []}',
            '{"architecture": "resnet18", "model_type": "timm_wrapper", "architectures": 5}',
        ),
        slow=(Growing("{", '"k#": 1, ', '"k0": 1}'),),
    ),
    "tensor names": Reader(
        lambda names: plain_names(names.split("\n")),
        of(["module.", "_orig_mod.", "a.", "linear.", ".shortcut.", "\n", "conv1.weight"]),
        growing(["module.", "_orig_mod.", "a.", "layer#.", ".shortcut.", "\n", "linear.", "."]),
        200_000,
        slow=(Growing("", "module.", ""), Growing("", "a.", "")),
    ),
    "card": Reader(
        _card,
        st.tuples(of(YAML), of(SECTION)).map(lambda parts: f"---\n{parts[0]}\n---\n{parts[1]}") | of([*SECTION, *YAML]),
        growing([*YAML, *SECTION, "k#: 1\n"], ["---\n", "---\r", "", "\ufeff"], ["\n---\n", "\r---\n", ""]),
        4_000,
        known=tuple(f"---\na: {value}\n---\n" for value in ("!!bool maybe", "!!timestamp x", "!!int ''", "&a [*a]")),
    ),
    "card without YAML": Reader(_card, of(SECTION), growing(SECTION), FULL),
    "class names": Reader(
        _names,
        st.lists(
            st.text(LETTERS, max_size=8) | st.sampled_from(["Cat", "cat", "cat ", "\ud800"]), min_size=2, max_size=9
        ).map("\n".join),
        growing(["a", "A", " ", "\n", "n#\n", "\u0301", "\ufb03", "*", "_", "."]),
        slow=(Growing("a\n", "\t", "b\n"),),
    ),
    "CSV": Reader(_table, of(CELLS), growing(CELLS)),
    "CSV file": Reader(
        _in_file(lambda file: read_csv([file], Ledger()), "rows.csv"),
        of(["a,b\n", "1,2\n", ",", ";", "\t", "|", '"', "\n", "\r", "0.5", "NaN", "sep=;\n", "\ufeff", "\0", "1e999"]),
        growing(['"', ",", ";", "\n", "1\n", "a,b\n", '"x\n', "\r", " ", "9", "\0"], ["a,b\n", '"', ""], ["", '"']),
        8_000,
    ),
    "list of images": Reader(
        _in_file(read_as_list, "train.txt"), of(LINES), growing(LINES, ["0.png 1\n0.png 1\n", ""]), 8_000
    ),
    "file names": Reader(
        lambda path: shown_files([path], "/data"),
        of(FILES),
        growing(FILES),
        slow=(Growing("", "/snapshots/", ""),),
    ),
    "run": Reader(read_as_run, of(RUN), growing([*RUN, "[", '{"a":', "1,", "9"])),
    "ids": Reader(_ids, of(["a", "/", "-", ".", ":", "@", "_", "main"]), growing(["a", "/", "-", ".", ":", "@", "_"])),
    "URLs": Reader(
        lambda url: fetch_image(url, UrlLimits(ports=(), max_characters=65_536)),
        of(["http://", "https://", "a", ".", "@", ":", "[", "]", "%", "/", "?", "#", "1", "\u3002", "\xe9", "0x7f"]),
        growing(["a", ".", "@", ":", "[", "]", "%", "/", "\xe9", "1", "\u3002"], ["http://", "http://[", ""]),
    ),
    "images": Reader(
        open_image,
        of(IMAGES),
        growing(IMAGES, ["", "data:", "data:;base64,", "~"]),
        known=("~\0", "~\ud800/a", "data:\ud800,\ud800", "data:;base64,\ud800"),
    ),
    "recipe": Reader(
        _in_file(lambda file: read_recipe(str(file)), "recipe.toml"),
        of(RECIPE),
        growing(
            ["a.", "[", "{a=", "a#=1\n", "[a#]\n", "[[a]]\n", "#", '"', "'", "1", "\n", "a=[", "],"], ["", "a=", "a."]
        ),
        8_000,
        slow=(Growing("", "a.", "b = 1"),),
    ),
    "lists as text": Reader(
        _lists, of(LISTS), growing([*LISTS, "[1, 0]\n", "['a']\n"], ["", "[", "['"], ["", "]", "']"])
    ),
    "paths in texts": Reader(without_paths, of(PATHS), growing(PATHS)),
    "datasets' errors": Reader(
        _dataset_error,
        of(["[", "]", "'a'", ",", "\n", " "]),
        growing(["[", "]", "a", " ", "\n"]),
        slow=(Growing("", "[", ""),),
    ),
    "terminal": Reader(
        _shown, of(["\x1b[31m", "\u202e", "\n", "\r", "a", "\x9b"]), growing(["\x1b[31m", "\u202e", "\n", "a"]), 16_000
    ),
}


def answered(reader: Reader, content: str) -> None:
    """Lets the reader read; an error that is a sentence is an answer."""
    with suppress(ResNetHubError):
        reader.read(content)
