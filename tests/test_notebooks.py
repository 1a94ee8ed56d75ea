"""The notebooks of docs/notebooks, run cell by cell: they need no network and no GPU."""

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

REPOSITORY = Path(__file__).resolve().parent.parent
NOTEBOOKS = sorted((REPOSITORY / "docs" / "notebooks").glob("*.ipynb"))


@pytest.fixture(params=NOTEBOOKS, ids=[file.stem for file in NOTEBOOKS])
def notebook(request):
    return nbformat.read(request.param, as_version=4)


def shown(cells):
    """What stands below the code of these cells, by its types: texts, tables, images."""
    return [
        {"stream"} if output.output_type == "stream" else set(output.data)
        for cell in cells
        for output in cell.get("outputs", [])
        if output.output_type != "stream" or output.name == "stdout"
    ]


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_each_cell_runs_and_shows_what_stands_below_it(notebook, tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(REPOSITORY))
    committed = [cell for cell in notebook.cells if cell.cell_type == "code"]
    before = shown(committed)
    for cell in committed:
        cell.source = cell.source.replace("epochs=4", "epochs=1")  # the fourth is as the first
    NotebookClient(
        notebook, timeout=300, kernel_name="python3", resources={"metadata": {"path": str(tmp_path)}}
    ).execute()
    assert shown(committed) == before


def test_there_are_three_and_each_is_small_begins_with_its_installation_and_has_its_outputs():
    assert len(NOTEBOOKS) == 3
    for file in NOTEBOOKS:
        cells = nbformat.read(file, as_version=4).cells
        assert file.stat().st_size < 300_000, file.name
        assert "%pip install" in cells[0].source
        assert {"image/png", "text/plain"} <= set().union(*shown(cells))
