"""The CSV of labels as spreadsheets of all countries save it, and as nobody should."""

import csv

import pytest

from resnet_hub.errors import DataError
from training.splits.label_rows import LabelRow, label_text, read_label_rows

ROW = LabelRow("cat/a, b.png", "train", "cat", "dog", "0.9", "dog", 0x0123456789012345)


def text(divider=",", row=ROW):
    cells = list(csv.reader(label_text([row]).splitlines()))
    return "".join(divider.join(f'"{cell}"' for cell in line) + "\r\n" for line in cells)


@pytest.mark.parametrize(
    "content",
    [
        text().encode("utf-8-sig"),
        text().encode(),
        text(";").encode("utf-8-sig"),
        text("\t").encode("utf-16"),
        b"sep=;\r\n" + text(";").encode(),
        text().replace("\r\n", "\n").encode(),
        text().replace("correction", "Correction ").encode(),
        (text() + ',,,,,,\r\n"x",,"cat",,,,,\r\n').encode(),
    ],
    ids=["as written", "no mark", "semicolons", "Excel's Unicode text", "sep=", "line feeds", "header", "empty rows"],
)
def test_what_a_spreadsheet_saves_is_read(tmp_path, content):
    (tmp_path / "labels.csv").write_bytes(content)
    (row,) = read_label_rows(str(tmp_path / "labels.csv"))
    assert (row.file, row.label, row.correction, row.digest) == (ROW.file, "cat", "dog", ROW.digest)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "no_table"),
        (b"file,label\r\na,b", "no_table"),
        (text().replace("px-0123456789012345", "1.23E+15").encode(), "no_digest"),
        (text().replace("px-0123456789012345", "px-0123456789012345678").encode(), "no_digest"),
        (text().replace("px-", "px--").encode(), "no_digest"),
        (text().replace("dog", "hält").encode("cp1252"), "encoding"),
        (b'label,correction,digest\r\n"a,b,c', "ragged"),
        (b"PK\x03\x04" + bytes(100), "no_table"),
        (b"label,correction,digest\r\n" + b"a" * 2_000_000 + b",b,c", "no_csv"),
    ],
)
def test_what_is_no_table_of_labels_is_refused(tmp_path, content, code):
    (tmp_path / "labels.csv").write_bytes(content)
    with pytest.raises(DataError) as error:
        read_label_rows(str(tmp_path / "labels.csv"))
    assert error.value.code in (f"corrections.{code}", f"tables.{code}")


def test_a_file_that_is_not_there_or_too_large_is_refused(tmp_path, monkeypatch):
    for path in (tmp_path / "none.csv", tmp_path):
        with pytest.raises(DataError) as error:
            read_label_rows(str(path))
        assert error.value.code == "corrections.unreadable"
    monkeypatch.setattr("training.splits.label_rows.MOST_BYTES", 10)
    (tmp_path / "labels.csv").write_text(text())
    with pytest.raises(DataError) as error:
        read_label_rows(str(tmp_path / "labels.csv"))
    assert error.value.code == "corrections.too_large"


def test_names_that_a_spreadsheet_would_compute_come_back_as_they_are(tmp_path):
    row = LabelRow("=cmd|x.png", "train", "-1", "+a", "0.9", "-1", 7)
    text = label_text([row])
    assert "\n=" not in text
    (tmp_path / "labels.csv").write_text(text)
    (read,) = read_label_rows(str(tmp_path / "labels.csv"))
    assert (read.file, read.label, read.suggested, read.correction) == (row.file, "-1", "+a", "-1")
