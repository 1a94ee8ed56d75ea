"""Folders as arguments: every file once, in order, images told by their bytes, links, pipes and circles."""

import os
from pathlib import Path

import pytest
from color_network import COLORS, solid

from resnet_hub.cli.inference.image_files import ImageFile, files_below, folders_among, image_files
from resnet_hub.cli.inference.tally import Folder


@pytest.fixture
def tree(tmp_path, monkeypatch):
    """Makes files of these names below the folder "tree", which the working folder holds."""
    monkeypatch.chdir(tmp_path)
    Path("tree").mkdir()

    def grow(*names):
        for name in names:
            file = Path("tree", name)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.touch()

    return grow


def test_files_come_in_the_order_of_their_names_and_a_folder_s_in_its_place(tree):
    tree("b.png", "a/2.png", "a/10.png", ".hidden/x.png", "c", "a.png", "_x/d/e.png")
    expected = [str(path) for path in sorted(Path("tree").rglob("*")) if path.is_file()]
    assert list(files_below(Folder("tree"))) == expected
    assert len(expected) == 7


@pytest.mark.parametrize("written", ["tree", "tree/", "./tree", "../{}/tree"])
def test_a_folder_is_called_as_the_user_wrote_it(tree, written):
    tree("a/1.png")
    written = written.format(Path.cwd().name)
    assert list(files_below(Folder(written))) == [f"{written.rstrip('/')}/a/1.png"]


@pytest.mark.parametrize("name", ["=1.png", "a\nb.png", "\x1b[2J.png", os.fsdecode(b"caf\xe9"), "\U0001f431", "a*[b]?"])
def test_a_name_stays_as_it_is(tree, name):
    tree(name)
    assert list(files_below(Folder("tree"))) == [f"tree/{name}"]


def test_a_link_to_a_folder_elsewhere_is_followed_once(tree, tmp_path):
    tree("a/1.png")
    (tmp_path / "elsewhere/deeper").mkdir(parents=True)
    (tmp_path / "elsewhere/deeper/2.png").touch()
    for name in ("link", "second"):
        Path("tree", name).symlink_to(tmp_path / "elsewhere")
    folder = Folder("tree")
    assert list(files_below(folder)) == ["tree/a/1.png", "tree/link/deeper/2.png"]
    assert (folder.followed.first, folder.met_again.first) == (["tree/link"], ["tree/second"])


def test_a_link_into_the_folder_is_not_followed_and_no_circle_is_endless(tree, tmp_path):
    tree("z/1.png")
    Path("tree/again").symlink_to("z")
    Path("tree/z/up").symlink_to("..")
    Path("tree/above").symlink_to(tmp_path)
    Path("tree/itself").symlink_to("itself")
    folder = Folder("tree")
    assert list(files_below(folder)) == ["tree/itself", "tree/z/1.png"]
    assert folder.followed.first == ["tree/above"]
    assert folder.met_again.first == ["tree/above/tree", "tree/again", "tree/z/up"]


def test_a_folder_that_cannot_be_read_is_noted_and_the_others_are_read(tree, monkeypatch):
    tree("a/1.png", "b/2.png")
    scan = os.scandir

    def refuse(path):
        if path == "tree/a":
            raise PermissionError(13, "Permission denied")
        return scan(path)

    monkeypatch.setattr(os, "scandir", refuse)
    folder = Folder("tree")
    assert list(files_below(folder)) == ["tree/b/2.png"]
    assert folder.closed.count == 1
    assert "'tree/a'" in folder.closed.first[0]


def test_files_and_folders_come_as_they_were_named(tree):
    tree("a/1.png", "b/2.png", ".t.parquet.x1")
    places = ["tree/b", "tree/a/1.png", "missing", "x" * 5000, "tree"]
    folders = folders_among(places)
    found = list(image_files(places, folders, but=".t.parquet."))
    assert list(folders) == ["tree/b", "tree"]
    assert [(file.path, file.folder and file.folder.path) for file in found] == [
        ("tree/b/2.png", "tree/b"),
        ("tree/a/1.png", None),
        ("missing", None),
        ("x" * 5000, None),
        ("tree/a/1.png", "tree"),
        ("tree/b/2.png", "tree"),
    ]
    assert folders["tree"].files == 2


SEEMS = [
    ("image", "photo", None, True),
    ("image under another name", "notes.txt", None, True),
    ("text", "notes.txt", b"notes", False),
    ("empty", "empty", b"", False),
    ("empty, called an image", "empty.JPG", b"", True),
    ("web page, called an image", "photo.jpg", b"<!doctype html>", True),
    ("web page", "index.html", b"<!doctype html>", False),
    ("drawing", "a.svg", b"<svg/>", False),
    ("image of another format", "photo.jxl", b"\xff\x0a...", True),
    ("file of macOS beside an image", "._photo.jpg", b"\x00\x05\x16\x07\x00\x02", False),
]


@pytest.mark.parametrize(("name", "content", "expected"), [row[1:] for row in SEEMS], ids=[row[0] for row in SEEMS])
def test_the_bytes_of_a_file_in_a_folder_tell_whether_it_is_an_image(tmp_path, name, content, expected):
    file = tmp_path / name
    if content is None:
        solid(COLORS[0]).save(file, "PNG")
    else:
        file.write_bytes(content)
    assert ImageFile(str(file), Folder(str(tmp_path))).seems_an_image() is expected
    assert ImageFile(str(file)).seems_an_image()  # named: it is answered, or said why not


@pytest.mark.parametrize(("name", "expected"), [("pipe", False), ("pipe.png", True)])
def test_a_pipe_is_not_waited_for(tmp_path, name, expected):
    os.mkfifo(tmp_path / name)
    assert ImageFile(str(tmp_path / name), Folder(str(tmp_path))).seems_an_image() is expected


@pytest.mark.parametrize(("name", "expected"), [("gone", False), ("gone.png", True)])
def test_a_link_to_nowhere_is_missed_where_it_is_called_an_image(tmp_path, name, expected):
    (tmp_path / name).symlink_to("nowhere")
    assert ImageFile(str(tmp_path / name), Folder(str(tmp_path))).seems_an_image() is expected
