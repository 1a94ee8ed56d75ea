"""docs/architecture.md says what the linter enforces: rooms in their order, with the sentence each says of itself."""

import ast
import re
import tomllib
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent
DOCUMENT = (REPOSITORY / "docs" / "architecture.md").read_text("utf-8")
CONTRACTS = tomllib.loads((REPOSITORY / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]["contracts"]
LAYERS = {contract["containers"][0]: contract["layers"] for contract in CONTRACTS if contract["type"] == "layers"}


def source(package, name):
    """The file of a module, or the door of a room, and how the document writes it."""
    path = Path(package.replace(".", "/"), name)
    if (REPOSITORY / path).is_dir():
        return REPOSITORY / path / "__init__.py", f"`{name}/`"
    return (REPOSITORY / path).with_suffix(".py"), f"`{name}.py`"


def first_line(file):
    return ast.get_docstring(ast.parse(file.read_text("utf-8"))).splitlines()[0]


def rows(package):
    """The table of a package as the linter's layers and the modules themselves say it, top first."""
    for height, layer in zip(range(len(LAYERS[package]), 0, -1), LAYERS[package], strict=True):
        for name in layer.split(" | "):
            file, written = source(package, name)
            yield f"| {height} | {written} | {first_line(file)} |"


@pytest.mark.parametrize("package", LAYERS)
def test_the_table_of_a_package_is_the_linter_s_contract(package):
    heading = f"`{package.replace('.', '/')}/`"
    section = next(part for part in re.split(r"^## ", DOCUMENT, flags=re.M) if heading in part.splitlines()[0])
    told = [line for line in section.splitlines() if re.match(r"\| \d", line)]
    assert told == list(rows(package))


def test_the_picture_shows_every_room_above_what_it_imports():
    drawn = DOCUMENT.split("```text\n")[1].split("```")[0]
    for package in ("resnet_hub", "training"):
        heights = []
        for layer in LAYERS[package]:
            for name in layer.split(" | "):
                if source(package, name)[1].endswith("/`"):
                    place = re.search(rf"(?:^|  ){name}(?:  |/)", drawn, flags=re.M)
                    assert place, f"{package}/{name} is not in the picture"
                    heights.append(drawn[: place.start()].count("\n"))
        assert heights == sorted(heights), f"the rooms of {package} are drawn in another order than the linter's"


def test_every_step_of_a_walk_is_there():
    steps = re.findall(r"^\d+\. `([\w/]+\.\w+)(?:: ([\w.]+))?`", DOCUMENT, flags=re.M)
    assert len(steps) > 20
    for path, name in steps:
        file = REPOSITORY / path
        assert file.is_file(), path
        if name:
            defined = {node.name for node in ast.walk(ast.parse(file.read_text("utf-8"))) if hasattr(node, "name")}
            assert name.rpartition(".")[2] in defined, f"{path} defines no {name}"
