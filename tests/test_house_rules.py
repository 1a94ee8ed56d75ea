"""The house rules that no linter knows: lengths, slow imports, a test for each module, no machine's paths."""

import ast
import re
import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
MAX_LINES = 300
# Tables, whose rows are data.
TABLES = {"resnet_hub/registry/architectures.py"}
SOURCES = sorted(file for folder in ("resnet_hub", "training") for file in (REPOSITORY / folder).rglob("*.py"))
PYTHON = [*SOURCES, REPOSITORY / "app.py", *sorted((REPOSITORY / "tests").rglob("*.py"))]


def name(file):
    return str(file.relative_to(REPOSITORY))


def imported_at_the_top(file):
    """The first parts of the modules that importing `file` imports."""
    found = set()
    for node in ast.parse(file.read_text("utf-8")).body:
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add((node.module or "").split(".")[0])
    return found


def test_imports_go_only_downwards():
    linter = Path(sys.executable).with_name("lint-imports")
    finished = subprocess.run([linter], cwd=REPOSITORY, capture_output=True, text=True)
    assert finished.returncode == 0, finished.stdout


def test_no_file_but_a_table_is_longer_than_a_reader_s_patience():
    lines = {name(file): len(file.read_text("utf-8").splitlines()) for file in PYTHON}
    assert [file for file, count in lines.items() if count > MAX_LINES and file not in TABLES] == []


def test_timm_is_imported_inside_functions_only_and_gradio_by_the_page_only():
    imported = {name(file): imported_at_the_top(file) for file in SOURCES}
    assert [file for file, found in imported.items() if "timm" in found] == []
    assert [file for file, found in imported.items() if "gradio" in found and "/demo/" not in file] == []


def test_the_entry_of_the_page_is_short_and_knows_no_torch():
    file = REPOSITORY / "app.py"
    assert len(file.read_text("utf-8").splitlines()) <= 60
    assert "torch" not in file.read_text("utf-8").replace("wait for torch and gradio", "")


def test_no_tracked_file_holds_a_path_of_a_machine():
    tracked = subprocess.run(["git", "ls-files", "-z"], cwd=REPOSITORY, capture_output=True, text=True).stdout
    for file in filter(None, tracked.split("\0")):
        if (REPOSITORY / file).suffix in {".png", ".webp", ".gz", ""}:
            continue
        # Headers of weights and photographs are text; any byte is a letter of latin-1.
        text = (REPOSITORY / file).read_text("latin-1" if file.endswith((".safetensors", ".jpg")) else "utf-8")
        assert not re.search(r"(?<![\w.])/(work|root)/\w", text), file
