"""Image files are named from their dataset, whatever this machine's folders are called, in linear time."""

import time

import pytest

from training.data.file_names import shown_files

COMMIT = "0123456789" * 4
SNAPSHOT = f"/snapshots/{COMMIT}"


@pytest.mark.parametrize(
    ("path", "dataset", "shown"),
    [
        ("/home/me/data/cats/1.jpg", "/home/me/data", "cats/1.jpg"),
        (f"/cache/hub/datasets--a--b/snapshots/{COMMIT}/train/cats/1.jpg", "a/b", "train/cats/1.jpg"),
        ("/somewhere/else/1.jpg", "/home/me/data", "1.jpg"),
        (f"/a{SNAPSHOT}/cats{SNAPSHOT}/1.jpg", "a/b", "1.jpg"),
        (f"/a{SNAPSHOT}/snapshots/1.jpg", "a/b", "snapshots/1.jpg"),
        ("1.jpg", "a/b", "1.jpg"),
        (None, "a/b", None),
    ],
    ids=["folder", "Hub", "elsewhere", "twice", "called so", "name", "unknown"],
)
def test_a_file_is_shown_without_the_folders_of_this_machine(path, dataset, shown):
    assert shown_files([path], dataset) == [shown]


@pytest.mark.parametrize("part", ["/snapshots", SNAPSHOT[:-1], SNAPSHOT, "a/", "/"], ids=len)
def test_a_path_of_any_length_is_shown_at_once(part):
    started = time.process_time()
    shown_files([part * (1_000_000 // len(part))], "data")
    assert time.process_time() - started < 2


@pytest.mark.parametrize("folder", ["real", "link"])
def test_a_dataset_that_is_a_link_names_its_files_from_there(tmp_path, monkeypatch, folder):
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    monkeypatch.chdir(tmp_path)
    assert shown_files([str(tmp_path / folder / "cats" / "1.jpg")], "link") == ["cats/1.jpg"]
