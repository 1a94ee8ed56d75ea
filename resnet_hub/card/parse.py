"""README.md <-> metadata and sections: what is ours in a card changes, what others wrote in it stays.

Our sections stand between markers: HTML comments, which are not rendered.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import yaml
from yaml.composer import Composer
from yaml.constructor import SafeConstructor
from yaml.parser import Parser
from yaml.reader import Reader
from yaml.resolver import Resolver
from yaml.scanner import Scanner

from resnet_hub.errors import CheckpointError, Phrase

MAX_CARD_BYTES = 4 * 2**20
MAX_DEPTH = 30
"""Lists and tables in each other in a card's YAML; the deepest that the Hub reads, `model-index`, has nine."""
MAX_DIGITS = 400
"""Characters of a number in a card's YAML, as many as the longest float needs; some forms take quadratic time."""
NUMBERS = ("tag:yaml.org,2002:int", "tag:yaml.org,2002:float")
MAX_VALUES = 20_000
"""Values in a card's YAML; the largest `model-index` on the Hub have some ten thousand."""

# Source: huggingface_hub.repocard.REGEX_YAML_BLOCK, the Hub's own; it does not look for a byte order mark (BOM).
_FRONT = re.compile(r"(\ufeff?\s*---(?:\r\n|\r|\n))([\S\s]*?)((?:\r\n|\r|\n)---[ \t]*(?:\r\n|\n|$))")
# A section ends before another one begins, so that a lost mark cannot swallow what stands between two of them.
_SECTION = re.compile(
    r"^<!-- resnet_hub:begin (?P<name>[a-z-]+) -->[ \t]*\r?\n"
    r"(?P<content>(?:(?!<!-- resnet_hub:begin ).)*?)"
    r"^<!-- resnet_hub:end (?P=name) -->[ \t]*(?=\r?$)",
    re.MULTILINE | re.DOTALL,
)


_PLAIN = {
    "tag:yaml.org,2002:bool": r"true|True|TRUE|false|False|FALSE",
    "tag:yaml.org,2002:int": r"[-+]?(?:0|[1-9][0-9]*)",
    "tag:yaml.org,2002:float": r"[-+]?(?:[0-9]+\.[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?|[-+]?\.inf|\.nan",
}


class _PythonEvents(Reader, Scanner, Parser):  # type: ignore[misc]  # yaml has no types
    """What PyYAML reads with where it was built without libyaml: a hundred times as slow."""

    def __init__(self, stream: str) -> None:
        Reader.__init__(self, stream)
        Scanner.__init__(self)
        Parser.__init__(self)


_Events: Any = yaml.cyaml.CParser if yaml.__with_libyaml__ else _PythonEvents


# YAML as the Hub reads it, where `no` is Norwegian and 12:30 no number of seconds. Source: YAML 1.2, section 10.3.
# A safe loader: it makes names, numbers, lists and tables only.
class BoundedLoader(Composer, _Events, SafeConstructor, Resolver):  # type: ignore[misc]  # yaml has no types
    """Reads a card's YAML in time and memory that its length bounds."""

    def __init__(self, stream: str) -> None:
        _Events.__init__(self, stream)
        Composer.__init__(self)
        SafeConstructor.__init__(self)
        Resolver.__init__(self)
        self.depth = 0
        self.size = 0
        self.sizes: dict[int, int] = {}
        """Values below each node that is complete, those behind its aliases with them."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        """The node. Raises: YAMLError where it is nested too deep, or aliases make too many values, or a loop."""
        before = self.size
        self.size += 1
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise yaml.YAMLError(f"nested more than {MAX_DEPTH} deep")
        alias = self.check_event(yaml.AliasEvent)
        node = super().compose_node(parent, index)
        if isinstance(node, yaml.ScalarNode) and node.tag in NUMBERS and len(node.value) > MAX_DIGITS:
            raise yaml.YAMLError(f"a number of more than {MAX_DIGITS} digits")
        if alias:
            if id(node) not in self.sizes:
                raise yaml.YAMLError("an alias stands for what it is a part of")
            self.size += self.sizes[id(node)]
        else:
            self.sizes[id(node)] = self.size - before
        if self.size > MAX_VALUES:
            raise yaml.YAMLError(f"more than {MAX_VALUES:,} values")
        self.depth -= 1
        return node


BoundedLoader.yaml_implicit_resolvers = {
    first: [(tag, re.compile(f"(?:{_PLAIN[tag]})$") if tag in _PLAIN else found) for tag, found in resolvers]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


# What yaml's constructors of explicit tags raise besides, as in `!!bool maybe` and `!!timestamp today`.
FAULTS = (yaml.YAMLError, ValueError, RecursionError, LookupError, AttributeError, TypeError, ArithmeticError)


@dataclass(frozen=True)
class CardText:
    """A card in its two parts."""

    metadata: Mapping[str, Any]
    """The YAML above the text, by key."""
    body: str
    """All below it."""
    front: str = ""
    """The YAML as it was written, with the dashes around it; empty to have it written from `metadata`."""

    def __str__(self) -> str:
        if self.front or not self.metadata:
            return self.front + self.body
        end = "\r\n" if "\r\n" in self.body else "\n"
        written = yaml.safe_dump(dict(self.metadata), sort_keys=False, allow_unicode=True, width=MAX_CARD_BYTES)
        lines = written.strip().replace("\n", end)
        return f"---{end}{lines}{end}---{end}{self.body}"

    @classmethod
    def parse(cls, content: bytes, where: str | Phrase) -> Self:
        """The card in the file `where` (a name for errors). Raises: CheckpointError for a card that cannot be read."""
        try:
            card = content.decode()
        except UnicodeDecodeError as error:
            raise CheckpointError("card.no_utf8", where=where, byte=error.start) from error
        block = _FRONT.match(card)
        if block is None:
            return cls({}, card)
        try:
            metadata = yaml.load(block[2], BoundedLoader) or {}
        except FAULTS as error:
            fault = _fault(error, block[1].count("\n"), block[2].count("\n"))
            raise CheckpointError("card.invalid_yaml", where=where, fault=fault) from error
        if not isinstance(metadata, dict):
            raise CheckpointError("card.no_mapping", where=where, kind=type(metadata).__name__)
        return cls(metadata, card[block.end() :], block[0])

    @property
    def fenced(self) -> tuple[str, str, str] | None:
        """The YAML as it was written: the dashes above it, what stands between, and the dashes below it."""
        block = _FRONT.fullmatch(self.front)
        return None if block is None else (block[1], block[2], block[3])

    @property
    def has_sections(self) -> bool:
        """Whether any section of ours is in it."""
        return _SECTION.search(self.body) is not None

    @property
    def own_words(self) -> str:
        """The text outside all sections of ours: what was written by hand."""
        return _SECTION.sub("", self.body).strip()

    def with_sections_of(self, newer: CardText) -> str:
        """The body with the sections that both have as `newer` has them; all of the newer body where this is blank."""
        if not self.body.strip():
            return newer.body
        sections = {match["name"]: match["content"] for match in _SECTION.finditer(newer.body)}
        end = "\r\n" if "\r\n" in self.body else "\n"

        def replaced(match: re.Match[str]) -> str:
            found = sections.get(match["name"])
            return match[0] if found is None else marked(match["name"], found.strip("\n")).replace("\n", end)

        return _SECTION.sub(replaced, self.body)


def marked(name: str, content: str) -> str:
    """A section between its marks; an empty one can be filled later."""
    inside = f"\n{content}\n\n" if content else ""
    return f"<!-- resnet_hub:begin {name} -->\n{inside}<!-- resnet_hub:end {name} -->"


def _fault(error: BaseException, lines_above: int, last: int) -> str | Phrase:
    """Where in the file and why the YAML parser failed, on one line."""
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark is not None:
        line = min(error.problem_mark.line, last) + lines_above + 1
        return Phrase("card.fault_in_line", line=line, problem=str(error.problem))
    if not isinstance(error, yaml.YAMLError | ValueError | RecursionError):
        return Phrase("card.fault_of_tag")
    return (str(error).splitlines() or [type(error).__name__])[0][:200]
