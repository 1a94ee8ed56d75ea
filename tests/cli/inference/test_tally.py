"""What is said after many files: counts and the first names, in bounded memory, and the exit status."""

import pytest

from resnet_hub.cli.inference.answers import Answer
from resnet_hub.cli.inference.tally import NAMED_PROBLEMS, Folder, Names, Tally
from resnet_hub.errors import ImageError


def folder(files=0, *, no_images=(), closed=()):
    """A folder "f" in which this was found."""
    made = Folder("f", files)
    for name in no_images:
        made.no_images.add(name)
    for sentence in closed:
        made.closed.add(sentence)
    return made


def test_names_are_counted_and_the_first_are_kept():
    names = Names(2)
    assert str(names) == ""
    for name in ("a", "b", "c"):
        names.add(name)
    assert (names.count, names.first, str(names)) == (3, ["a", "b"], "a, b, ...")


FOLDERS = [
    ("whole", folder(2), 0, []),
    ("with other files", folder(9, no_images="abcdefg"), 0, ["passed over: 7 (a, b, c, d, e, ...)"]),
    ("empty", folder(), 1, ["error: the folder 'f' holds no file"]),
    ("without images", folder(2, no_images="ab"), 1, ["error: there is no image in 'f', whose 2 files"]),
    ("partly closed", folder(2, closed=["x cannot be read"]), 1, ["error: x cannot be read"]),
    ("closed", folder(closed=["x"]), 1, ["error: x"]),
    ("mostly closed", folder(2, closed="uvwxyz"), 1, ["u", "v", "w", "x", "y", "6 folders below 'f' cannot be read"]),
]


@pytest.mark.parametrize(("seen", "status", "lines"), [row[1:] for row in FOLDERS], ids=[row[0] for row in FOLDERS])
def test_each_folder_s_account_is_said(capsys, seen, status, lines):
    assert Tally([seen]).conclude() == status
    said = capsys.readouterr().err.splitlines()
    assert len(said) == len(lines)
    assert all(part in line for part, line in zip(lines, said, strict=True))


def test_a_thousand_problems_are_named_and_all_are_counted(capsys):
    tally = Tally()
    problem = ImageError("preprocessing.no_file", label="'a'")
    count = 5 * NAMED_PROBLEMS
    assert sum(1 for _ in tally.counted(Answer("a", (), problem) for _ in range(count))) == count
    assert tally.conclude() == 1
    said = capsys.readouterr().err.splitlines()
    assert len(said) == NAMED_PROBLEMS + 1
    assert "5,000 of 5,000 images cannot be read" in said[-1]
