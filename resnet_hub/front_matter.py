"""The YAML block that opens a README: it is read, and some of its keys are changed while the rest stays as typed."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any

import yaml

from resnet_hub.errors import ConfigError

MAX_CHARACTERS = 1_000_000
"""Length of a README that is read."""
# The block as the Hub finds it: between two lines of three dashes, before anything else.
_BLOCK = re.compile(r"\A\ufeff?\s*---[ \t]*\r?\n(.*?)(?:\r?\n)?^---[ \t]*(?:\r?\n|\Z)", re.DOTALL | re.MULTILINE)


def read_front_matter(readme: str, name: str = "README.md") -> dict[str, Any]:
    """The values of the block, none where there is no block; plain values only, never Python objects.

    Args:
        readme: A whole README.
        name: What errors call it.

    Raises:
        ConfigError: The block is no YAML with named values.
    """
    return _values(_parts(readme)[0], name)


def body(readme: str) -> str:
    """What follows the block."""
    return _parts(readme)[1]


def update_front_matter(readme: str, values: Mapping[str, Any], *, drop: Collection[str] = ()) -> str:
    """The README with these values in its block; other keys, comments and the text below stay as they were typed.

    Args:
        readme: A whole README; it gets a block where it has none.
        values: Keys that are set, new ones at the end.
        drop: Keys that are taken out, unless `values` sets them.

    Raises:
        ConfigError: The block is no YAML with named values.
    """
    block, text = _parts(readme)
    old = _values(block)
    wanted = {**{key: value for key, value in old.items() if key not in drop or key in values}, **values}
    if wanted == old:
        return readme
    new = _edited(block, old, wanted)
    line_break = "\r\n" if "\r\n" in readme else "\n"
    return line_break.join(["---", *new.splitlines(), "---", text])


def _parts(readme: str) -> tuple[str, str]:
    """The inside of the block and the text below it."""
    if len(readme) > MAX_CHARACTERS:
        raise ConfigError(f"README.md has {len(readme):,} characters; at most {MAX_CHARACTERS:,} are read: shorten it")
    found = _BLOCK.match(readme)
    return (found[1], readme[found.end() :]) if found else ("", readme)


def _values(block: str, name: str = "README.md") -> dict[str, Any]:
    try:
        values = yaml.safe_load(block)
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        reason = " ".join(str(error).split())[:200]
        raise ConfigError(f"the front matter of {name} is no valid YAML ({reason}); mend it first") from error
    if values is None:
        return {}
    if not isinstance(values, dict):
        raise ConfigError(f"the front matter of {name} has no named values; write it as lines of `name: value`")
    return values


def _edited(block: str, old: Mapping[str, Any], wanted: Mapping[str, Any]) -> str:
    """The block with the changed keys put in place of the old ones; written anew where that is not possible."""
    if not block.strip():
        return _dumped(wanted)
    root = yaml.compose(block, Loader=yaml.SafeLoader)
    if isinstance(root, yaml.MappingNode) and not root.flow_style:
        pieces, at = [], 0
        for key, value in root.value:
            name = key.value
            if name in wanted and wanted[name] == old.get(name):
                continue
            start, end = key.start_mark.index, _end_of_value(block, key.start_mark.index, value.end_mark.index)
            pieces += [block[at:start], _dumped({name: wanted[name]}) if name in wanted else ""]
            at = end
        kept = "".join([*pieces, block[at:]]).rstrip()
        added = {name: value for name, value in wanted.items() if name not in old}
        new = "\n".join(filter(str.strip, [kept, _dumped(added) if added else ""]))
        try:
            # An alias may point at what was replaced, and unusual YAML may be cut at a wrong place.
            if yaml.safe_load(new) == dict(wanted):
                return new
        except yaml.YAMLError:
            pass
    return _dumped(wanted)


def _end_of_value(block: str, start: int, end: int) -> int:
    """Where the value ends, without the blank lines and comments after it, which belong to the next key."""
    lines = block[start:end].splitlines(keepends=True)
    while len(lines) > 1 and (not lines[-1].strip() or lines[-1].lstrip().startswith("#")):
        lines.pop()
    return start + len("".join(lines).rstrip())


def _dumped(values: Mapping[str, Any]) -> str:
    return yaml.safe_dump(dict(values), sort_keys=False, allow_unicode=True, width=10**6).rstrip("\n")
