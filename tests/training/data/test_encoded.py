"""Tables of encoded images that do not say that they are: found by type and content, loaded and streamed."""

import io

import datasets
import pandas
import pytest
from images import image

from training.data.load_dataset import load_splits, open_streams


def encoded(shown):
    file = io.BytesIO()
    shown.save(file, "png")
    return file.getvalue()


KINDS = {
    "bytes": lambda content: content,
    "bytes beside a path": lambda content: {"bytes": content, "path": "1.png"},
    "bytes alone in a cell": lambda content: {"bytes": content},
}


@pytest.mark.parametrize("cell", KINDS.values(), ids=KINDS)
def test_images_in_a_table_that_pandas_wrote_are_found_whole_or_as_they_come(tmp_path, cell):
    contents = [encoded(image("red", number)) for number in range(3)]
    columns = {"photo": [None, *map(cell, [b"damaged", *contents])], "checksum": [b"\x00" * 4] * 5}
    columns |= {"name": ["1.png"] * 5, "label": list("aabba")}
    pandas.DataFrame(columns).to_parquet(tmp_path / "rows.parquet")
    rows = load_splits(str(tmp_path))["train"]
    assert [kind for kind in rows.features.values() if isinstance(kind, datasets.Image)] == [rows.features["photo"]]
    assert [shown.size for shown in rows.select(range(2, 5))["photo"]] == 3 * [(40, 32)]
    stream = open_streams(str(tmp_path))[0]["train"]
    assert [row["photo"]["bytes"] for row in stream.skip(2)] == contents
