"""Tables of very many rows or columns cost what their cells do: nothing of all of them is copied again and again."""

import datasets
import pytest
from datasets import Dataset
from folder_trees import make_tree

from resnet_hub.errors import DataError
from training.data.load import load_data
from training.data.load_dataset import load_splits
from training.settings.recipe import FinetuneRecipe


def test_a_table_with_a_column_for_each_pixel_is_refused_as_soon_as_any_other(tmp_path, monkeypatch):
    """Choosing one of its columns copies what is known of all, so that doing so for each took minutes."""
    chosen = []
    monkeypatch.setattr(Dataset, "select_columns", lambda rows, names: chosen.append(names))
    header = ",".join(["label", *(f"pixel{number}" for number in range(300))])
    (tmp_path / "train.csv").write_text(f"{header}\n" + f"1{',0' * 300}\n" * 4)
    with pytest.raises(DataError) as refused:
        load_data(FinetuneRecipe(str(tmp_path)))
    assert (refused.value.code, chosen) == ("columns.no_images", [])


def test_no_copy_of_a_csv_is_made_for_its_fingerprint(tmp_path, monkeypatch):
    """`datasets` takes one of all cells, written out in memory, where it is given none."""
    made = []
    monkeypatch.setattr(datasets.arrow_dataset, "generate_fingerprint", lambda rows: made.append(rows) or "f" * 16)
    root = make_tree(tmp_path / "data", {"imgs": 2, "labels.csv": "file,breed\nimgs/0.png,cat\nimgs/1.png,dog\n"})
    assert len(load_splits(str(root), "tables")["train"]) == 2
    assert not made
