"""Names and lists of contents of zips from strangers."""

import gc
import zipfile
from contextlib import suppress

import pytest
from hostile_archives import listing_twice, overlapping, zipped

from resnet_hub.demo.intake.zip_entries import is_litter, open_zip, shown_name
from resnet_hub.errors import ImageError

NAMES = {
    "../../etc/passwd": "etc/passwd",
    "/etc/shadow": "etc/shadow",
    "C:\\Windows\\a.png": "Windows/a.png",
    "\\\\server\\share\\a.png": "share/a.png",
    "..": "no name",
    "": "no name",
    "a/./b.png": "a/b.png",
    "<img src=x onerror=alert(1)>.png": "<img src=x onerror=alert(1)>.png",
    "bell\a\x1b[31m\n.png": "bell\ufffd\ufffd[31m\ufffd.png",
    "evil\u202egnp.exe": "evil\ufffdgnp.exe",
    "猫 🐈.png": "猫 🐈.png",
    "x" * 500 + ".png": "..." + "x" * 113 + ".png",
}


@pytest.mark.parametrize(("path", "name"), NAMES.items(), ids=[repr(path)[:30] for path in NAMES])
def test_a_name_is_shown_by_its_last_parts_and_without_tricks(path, name):
    assert shown_name(path) == name


@pytest.mark.parametrize("names", [2, 40])
def test_entries_that_share_bytes_are_refused(names, tmp_path):
    (tmp_path / "a.zip").write_bytes(overlapping(bytes(10_000), names))
    with pytest.raises(ImageError, match="lie over one another, as in a bomb"):
        open_zip(tmp_path / "a.zip", 100)


def test_one_entry_more_than_the_bound_is_refused(tmp_path):
    (tmp_path / "a.zip").write_bytes(zipped(("1", b""), ("2", b""), ("3", b"")))
    with open_zip(tmp_path / "a.zip", 3) as archive:
        assert len(archive.infolist()) == 3
    with pytest.raises(ImageError, match="has 3 entries, more than the 2 that are looked at"):
        open_zip(tmp_path / "a.zip", 2)


def test_a_long_list_is_not_read_wherever_the_archive_says_how_long_it_is(tmp_path, monkeypatch):
    (tmp_path / "a.zip").write_bytes(listing_twice(50_000))
    monkeypatch.setattr(zipfile, "ZipInfo", lambda *_: pytest.fail("an entry was read"))
    with pytest.raises(ImageError, match="the list of contents of the archive is too long; send a part of it"):
        open_zip(tmp_path / "a.zip", 2000)


def test_a_list_in_the_form_of_large_archives_is_read(tmp_path):
    (tmp_path / "a.zip").write_bytes(listing_twice(3))
    with pytest.raises(ImageError, match="has 3 entries, more than the 2 that are looked at"):
        open_zip(tmp_path / "a.zip", 2)


@pytest.mark.filterwarnings("error::ResourceWarning")
@pytest.mark.parametrize("content", [zipped(("1", b"")), b"PK", listing_twice(3)], ids=["good", "damaged", "refused"])
def test_the_file_of_an_archive_is_closed_with_it(content, tmp_path):
    (tmp_path / "a.zip").write_bytes(content)
    with suppress(ImageError), open_zip(tmp_path / "a.zip", 2) as archive:
        assert not archive.fp.closed
    gc.collect()


def test_hidden_files_are_litter_and_dotted_ways_are_not(tmp_path):
    names = ["a/", ".b/c", "__MACOSX/c", "d/.e", "../f", "./g", "h.i"]
    (tmp_path / "a.zip").write_bytes(zipped(*((name, b"") for name in names)))
    with open_zip(tmp_path / "a.zip", 100) as archive:
        assert [is_litter(entry) for entry in archive.infolist()] == [True] * 4 + [False] * 3
