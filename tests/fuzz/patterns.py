"""Every regular expression of the project, with the ways it is applied, and texts that are hard for it."""

from __future__ import annotations

import ast
import re
import warnings
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from growth import Growing

REPOSITORY = Path(__file__).resolve().parents[2]
APPLIED = frozenset({"search", "match", "fullmatch", "findall", "finditer", "split", "sub", "subn"})
ALWAYS = ("a", "0 ", "a.")
"""What is repeated for every pattern, besides what it has itself."""


@dataclass(frozen=True)
class Pattern:
    """One regular expression."""

    place: str
    """Module and line."""
    compiled: re.Pattern
    methods: tuple[str, ...]
    """How it is applied to texts."""

    def apply(self, text: str) -> None:
        """Applies it in each way it is applied."""
        given = text.encode("utf-8", "replace") if isinstance(self.compiled.pattern, bytes) else text
        for method in self.methods:
            if method in ("sub", "subn"):
                self.compiled.sub(given[:0], given)
            elif method == "finditer":
                for _ in self.compiled.finditer(given):
                    pass
            else:
                getattr(self.compiled, method)(given)

    def texts(self) -> Iterator[Growing]:
        """Texts that repeat what it looks for, and end as it does not want."""
        units = dict.fromkeys([*ALWAYS, *pieces(self.compiled)])
        for unit in units:
            yield Growing("", unit, "\0")
        joined = "".join(pieces(self.compiled))[:40]
        if joined:
            yield Growing(joined, joined, "\0")


def pieces(compiled: re.Pattern) -> list[str]:
    """The characters and words that stand in a pattern."""
    source = compiled.pattern
    source = source.decode("latin-1") if isinstance(source, bytes) else source
    plain = re.sub(r"\\[nrtsSdDwWbBAZ]|\\x[0-9a-f]{2}|\(\?[a-zA-Z<!=:>P]+|[\\^$*+?(){}|]", "\t", source)
    words = [word for word in re.split(r"[\t\[\]]", plain) if word]
    marks = [character for character in dict.fromkeys(plain) if not character.isalnum() and character not in "[]"]
    return [*words[:4], *marks[:5]]


def patterns() -> list[Pattern]:
    """All of them: those that modules keep, and those that stand where they are applied."""
    files = sorted(file for room in ("resnet_hub", "training") for file in (REPOSITORY / room).rglob("*.py"))
    trees = {file: ast.parse(file.read_text("utf-8")) for file in files}
    used: dict[str, set[str]] = defaultdict(set)
    for tree in trees.values():
        for call in ast.walk(tree):
            if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr in APPLIED:
                used[name_of(call.func.value)].add(call.func.attr)
    found = []
    for file, tree in trees.items():
        found += list(written_in_place(file, tree))
        found += list(kept_by(file, tree, used))
    return found


def name_of(node: ast.expr) -> str:
    """The last name of an expression: `_NAME` of `module._NAME`."""
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def written_in_place(file: Path, tree: ast.AST) -> Iterator[Pattern]:
    """Patterns that are an argument of `re.search` and its like."""
    for call in ast.walk(tree):
        if not (isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr in APPLIED):
            continue
        if name_of(call.func.value) == "re" and call.args and isinstance(call.args[0], ast.Constant):
            flags = re.DOTALL if any("DOTALL" in ast.dump(extra) for extra in call.args[2:]) else 0
            yield Pattern(place(file, call), re.compile(call.args[0].value, flags), (call.func.attr,))


def kept_by(file: Path, tree: ast.Module, used: dict[str, set[str]]) -> Iterator[Pattern]:
    """Patterns that a module has a name for, by themselves or in a table."""
    if "re.compile" not in file.read_text("utf-8"):
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        module = import_module(".".join(file.relative_to(REPOSITORY).with_suffix("").parts).removesuffix(".__init__"))
    called = [
        node.func for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    ]
    # Of a table in a loop; text has a `split` of its own.
    in_loops = {func.attr for func in called if name_of(func.value) != "re"} & (APPLIED - {"split"}) or {"match"}
    for statement in tree.body:
        for target in getattr(statement, "targets", None) or [getattr(statement, "target", None)]:
            if not isinstance(target, ast.Name) or "compile" not in ast.dump(statement):
                continue
            kept = getattr(module, target.id, None)
            methods = tuple(sorted(used[target.id] or in_loops))
            for compiled in compiled_in(kept):
                yield Pattern(place(file, statement), compiled, methods)


def compiled_in(value: object) -> Iterator[re.Pattern]:
    """The patterns in a value, as deep as it goes."""
    if isinstance(value, re.Pattern):
        yield value
    elif isinstance(value, dict):
        for inner in (*value, *value.values()):
            yield from compiled_in(inner)
    elif isinstance(value, (tuple, list, set, frozenset)):
        for inner in value:
            yield from compiled_in(inner)


def place(file: Path, node: ast.AST) -> str:
    """Where something stands, for a message."""
    return f"{file.relative_to(REPOSITORY)}:{getattr(node, 'lineno', 0)}"
