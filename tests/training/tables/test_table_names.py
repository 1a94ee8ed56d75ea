"""What a cell names: a file of the dataset in the spelling of another system, or nothing that is ever opened."""

import unicodedata

import pyarrow as pa
import pytest
from error_facts import code_and_fields

from resnet_hub.errors import DataError
from training.layouts.ledger import Ledger
from training.tables.columns.names import read_names
from training.tables.names import Files, walk

FILES = ["img/a.png", "img/B b.png", "img/é.png", "deep/er/c.png", "a:b.png", "x%20y.png", "twice.png", "TWICE.png"]


@pytest.fixture
def files(tmp_path):
    return Files(tmp_path, [unicodedata.normalize("NFC", name) for name in FILES])


NAMED = {
    "as it is": ("img/a.png", "img/a.png"),
    "with a dot in front": ("./img/a.png", "img/a.png"),
    "with two slashes": ("img//a.png", "img/a.png"),
    "with a folder and back": ("deep/../img/a.png", "img/a.png"),
    "with backslashes": ("img\\a.png", "img/a.png"),
    "with a dot and backslashes": (".\\deep\\er\\c.png", "deep/er/c.png"),
    "with spaces around": (" img/a.png ", "img/a.png"),
    "with other capitals": ("IMG/A.PNG", "img/a.png"),
    "as a web address has it": ("img/B%20b.png", "img/B b.png"),
    "with a percent sign of its own": ("x%20y.png", "x%20y.png"),
    "in another Unicode form": (unicodedata.normalize("NFD", "img/é.png"), "img/é.png"),
    "with a colon": ("a:b.png", "a:b.png"),
    "the one of two that has these capitals": ("TWICE.png", "TWICE.png"),
}


@pytest.mark.parametrize(("name", "file"), NAMED.values(), ids=NAMED)
def test_a_name_means_the_file_that_is_there(files, name, file):
    found = files.locate(name)
    assert (found.file, found.there) == (file, True)
    assert (found.how is None) == (name.replace("./", "").replace("//", "/") == file or "/../" in name)


def test_a_name_from_the_root_is_read_where_it_lies_in_the_dataset(files, tmp_path):
    assert files.locate(str(tmp_path / "img" / "a.png")).file == "img/a.png"
    assert files.locate(str(tmp_path / "img" / "lost.png")) == files.locate(str(tmp_path / "img" / "lost.png"))
    assert files.locate(str(tmp_path) + "x/img/a.png").file is None
    assert files.locate(str(tmp_path / "img" / ".." / ".." / "a.png")).file is None


@pytest.mark.parametrize("name", ["img/lost.png", "twice.PNG", "img", "."])
def test_a_name_without_a_file_stays_inside(files, name):
    assert files.locate(name).there is False
    assert files.locate(name).file is not None


@pytest.mark.parametrize(
    "name",
    ["", " ", "..", "../a.png", "/etc/passwd", "img/../../a.png", "..\\a.png", "C:\\a.png", "C:a.png",
     "\\\\host\\a.png", "http://x/a.png", "zip://a::b", "a::b", "x\0y", "a" * 5000, "a/" * 50_000, "../" * 50_000],
)  # fmt: skip
def test_a_name_that_leads_out_is_none(files, name):
    assert files.locate(name).file is None


def test_names_start_from_the_folder_of_their_table(files):
    assert files.locate("c.png", "deep/er").file == "deep/er/c.png"
    assert files.locate("../../img/a.png", "deep/er").file == "img/a.png"
    assert files.locate("../../../a.png", "deep/er").file is None


def read(tmp_path, files, names, hints=("train",), base=""):
    ledger = Ledger()
    inventory = Files(tmp_path, files)
    reading = read_names(pa.array(names), "image", inventory, base, hints, ledger)
    return [file if (file := reading.file(name)) in inventory.index else None for name in names], [
        (decision.code, decision.fields.get("start")) for decision in ledger.decisions
    ]


ELSEWHERE = {
    "a folder": (["images/a.png", "images/b.png"], ["a.png", "b.png"], "images/*"),
    "a suffix": (["a.png", "b.png"], ["a", "b"], "*.png"),
    "both": (["images/a.jpg", "images/b.jpg", "notes.txt"], ["a", "b"], "images/*.jpg"),
    "a name with a dot and no suffix": (["v1.0.png", "v1.1.png"], ["v1.0", "v1.1"], "*.png"),
    "a folder above those that are named": (["data/x/a.png", "data/y/b.png"], ["x/a.png", "y/b.png"], "data/*"),
    "the folder that is called like the split": (["train/a.png", "test/a.png"], ["a.png"], "train/*"),
}  # fmt: skip


@pytest.mark.parametrize(("files", "names", "start"), ELSEWHERE.values(), ids=ELSEWHERE)
def test_names_without_their_folder_or_suffix_are_read_and_said(tmp_path, files, names, start):
    found, said = read(tmp_path, files, names)
    assert None not in found
    assert said == [("tables.start", start)]


MOVED = {
    "of a notebook on the web": (
        ["/content/drive/My Drive/d/img/a.png", "/content/drive/My Drive/d/img/b.png"],
        "img/",
    ),
    "of Windows": (["C:\\Users\\ann\\img\\a.png", "C:\\Users\\ann\\img\\b.png"], "img/"),
    "of a share": (["\\\\host\\img\\a.png", "\\\\host\\img\\b.png"], "img/"),
    "from the root of the dataset": (["/img/a.png", "/img/b.png"], "img/"),
    "of another folder": (["/data/upload/1/a.png", "/data/upload/1/b.png"], "img/"),
    "with a folder in front": (["data/img/a.png", "data/img/b.png"], "img/"),
    "in several folders": (["/d/img/a.png", "/d/img/deep/b.png"], "img/deep/"),
}


@pytest.mark.parametrize(("names", "folder"), MOVED.values(), ids=MOVED)
def test_paths_of_another_machine_are_read_by_what_is_here_of_them(tmp_path, names, folder):
    found, said = read(tmp_path, ["img/a.png", f"{folder}b.png", "train.csv"], names)
    assert found == ["img/a.png", f"{folder}b.png"]
    assert said[0] == ("tables.moved", None)


@pytest.mark.parametrize("name", ["/d/../../etc/a.png", "/etc/passwd", "C:\\a\\..\\..\\a.png"])
def test_of_paths_of_another_machine_one_that_is_not_here_stays_out(tmp_path, name):
    names = [*(f"/d/img/{number}.png" for number in range(19)), name]
    files = [f"img/{number}.png" for number in range(19)]
    found, _ = read(tmp_path, ["img/a.png", *files], names)
    assert found == [*files, None]


@pytest.mark.parametrize("name", ["old/{}.png", "/d/test/{}.png"])
def test_names_of_another_folder_are_not_taken_for_those_here(tmp_path, name):
    found, said = read(tmp_path, ["train/0.png", "train/1.png"], [name.format(0), name.format(1)])
    assert found == [None, None]
    assert said == []


def test_names_with_the_suffix_that_images_had_before_are_read_and_said(tmp_path):
    found, said = read(tmp_path, ["img/a.png", "img/b.png"], ["img/a.jpg", "img/b.jpg"])
    assert found == ["img/a.png", "img/b.png"]
    assert said == [("tables.other_suffix", None)]
    assert read(tmp_path, ["a.png", "b.png", "b.gif"], ["a.jpg", "b.jpg"])[1] == []


def test_names_that_are_in_several_folders_are_read_each_where_it_is(tmp_path):
    found, said = read(tmp_path, ["part_1/a.jpg", "part_2/b.jpg"], ["a", "b"])
    assert found == ["part_1/a.jpg", "part_2/b.jpg"]
    assert said == [("tables.several_starts", None)]


def test_a_folder_that_has_nearly_all_names_hides_no_other_folder(tmp_path):
    files = [*(f"images/{number}.png" for number in range(19)), "more/19.png"]
    found, said = read(tmp_path, files, [f"{number}.png" for number in range(20)])
    assert found == files
    assert said == [("tables.several_starts", None)]
    found, said = read(tmp_path, files[:-1], [f"{number}.png" for number in range(20)])
    assert found == [*files[:-1], None]
    assert said == [("tables.start", "images/*")]


def test_names_with_backslashes_in_another_folder_start_there(tmp_path):
    found, said = read(tmp_path, ["images/x/a.png", "images/y/b.png"], ["x\\a.png", "y\\b.png"])
    assert found == ["images/x/a.png", "images/y/b.png"]
    assert said == [("tables.start", "images/*")]


def test_two_folders_that_have_all_names_are_two_readings(tmp_path):
    with pytest.raises(DataError) as refused:
        read(tmp_path, ["small/a.png", "large/a.png", "small/b.png", "large/b.png"], ["a.png", "b.png"])
    expected = {"column": "image", "first": "large/*", "second": "small/*"}
    assert code_and_fields(refused.value) == ("tables.two_folders", expected)


def test_one_name_in_two_folders_is_two_readings(tmp_path):
    with pytest.raises(DataError) as refused:
        read(tmp_path, ["x/a.png", "y/a.png", "y/b.png", "z/c.png"], ["a.png", "b.png", "c.png"])
    assert refused.value.code == "tables.two_files"


def test_a_folder_above_many_folders_with_files_of_equal_names_is_found(tmp_path):
    names = [f"{number:03}/{file}.png" for number in range(300) for file in "ab"]
    found, said = read(tmp_path, [f"data/{name}" for name in names], names)
    assert found == [f"data/{name}" for name in names]
    assert said == [("tables.start", "data/*")]


def test_names_that_are_nowhere_stay_missing(tmp_path):
    assert read(tmp_path, ["images/a.png"], ["x.png", "y.png", "z.png"]) == ([None, None, None], [])
    half = ["images/a.png", "images/b.png"]
    assert read(tmp_path, half, ["a.png", "b.png", "c.png", "d.png"]) == ([None, None, None, None], [])


def test_many_files_of_one_name_cost_no_more_than_a_look_each(tmp_path):
    files = [f"{number}/a.png" for number in range(5_000)]
    names = [f"x{number}/a.png" for number in range(5_000)]
    assert not any(read(tmp_path, files, names)[0])


def test_walking_follows_links_once_and_not_in_circles(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "1.png").touch()
    (tmp_path / "a" / "loop").symlink_to(tmp_path)
    assert sorted(walk(tmp_path)) == ["a/1.png"]
