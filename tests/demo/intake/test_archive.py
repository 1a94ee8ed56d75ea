"""Images and zips from strangers: every image comes out, nothing hostile gets in, each failure has a reason."""

import io
import random
import tracemalloc
import zipfile

import pytest
from hostile_archives import changed, claiming, link, locked, overlapping, packed_by, special, unmarked, zipped
from PIL import Image

from resnet_hub.demo.intake.archive import ArchiveLimits, FailedImage, NamedImage, expected_count, images_in
from resnet_hub.errors import ConfigError

NOISE = random.Random(0).randbytes(5000)
DAMAGED = "the archive is damaged or cut short; pack it again"
BOMB = zipped(("bomb.png", bytes(5_000_000)))


def image(color="red"):
    file = io.BytesIO()
    Image.new("RGB", (8, 8), color).save(file, "PNG")
    return file.getvalue()


def failures(found):
    """The name of each file that failed, with the sentence about it."""
    return [(failed.name, str(failed.error)) for failed in found]


@pytest.fixture
def taken(tmp_path):
    """What comes out of files with these names and bytes."""

    def take(*files, **limits):
        named = []
        for number, (name, data) in enumerate(files):
            place = tmp_path / str(number)
            place.write_bytes(data)
            named.append((name, place))
        return list(images_in(named, ArchiveLimits(**limits)))

    return take


def test_images_and_those_of_a_zip_come_in_their_order(taken):
    red, blue = image("red"), image("blue")
    archive = zipped(("2.png", blue), ("cats/1.png", red))
    assert taken(("a.png", red), ("b.zip", archive), ("c.png", blue)) == [
        NamedImage("a.png", red),
        NamedImage("2.png", blue),
        NamedImage("cats/1.png", red),
        NamedImage("c.png", blue),
    ]


def test_a_zip_is_known_by_its_content(taken):
    assert taken(("holiday.jpg", zipped(("1.png", NOISE)))) == [NamedImage("1.png", NOISE)]
    assert taken(("text.zip", b"Dear diary")) == [NamedImage("text.zip", b"Dear diary")]


def test_both_of_two_entries_of_one_name_come_out(taken):
    with pytest.warns(UserWarning, match="Duplicate name"):
        archive = zipped(("a.png", b"one"), ("a.png", b"two"))
    assert [found.data for found in taken(("a.zip", archive))] == [b"one", b"two"]


def test_folders_and_litter_are_passed_over(taken):
    litter = ["cats/", "__MACOSX/._1.png", ".DS_Store", "cats/.hidden.png", "Thumbs.db", ".git/1.png", "a\\desktop.ini"]
    archive = zipped(*((name, b"") for name in litter), ("cats/1.png", NOISE))
    assert taken(("a.zip", archive)) == [NamedImage("cats/1.png", NOISE)]


@pytest.mark.parametrize("archive", [zipped(), zipped(("folder/", b""))], ids=["nothing", "a folder"])
def test_an_empty_zip_holds_no_images(archive, taken):
    assert failures(taken(("a.zip", archive))) == [("a.zip", "the archive holds no picture; pack some into it")]


def test_nothing_is_written_whatever_the_names_say(taken, tmp_path):
    archive = zipped(("../out.png", NOISE), (f"{tmp_path}/absolute.png", NOISE), ("..\\out2.png", NOISE))
    assert [found.data for found in taken(("a.zip", archive))] == [NOISE] * 3
    assert [path.name for path in tmp_path.rglob("*")] == ["0"]
    assert [path.name for path in tmp_path.parent.glob("out*")] == []


@pytest.mark.parametrize(
    ("name", "shown"),
    [("猫.png".encode(), "猫.png"), (b"caf\x82.png", "café.png"), (b"\xc3\x28.png", "├(.png")],
    ids=["UTF-8 that does not say so", "code page 437", "neither"],
)
def test_names_in_any_encoding_survive(name, shown, taken):
    assert taken(("a.zip", unmarked(name, NOISE))) == [NamedImage(shown, NOISE)]


def test_a_name_that_says_it_is_utf_8_and_is_not_is_damage(taken):
    archive = changed(unmarked(b"\xc3\x28.png", NOISE), 8, "<H", 0x800, local=6)
    assert failures(taken(("a.zip", archive))) == [("a.zip", DAMAGED)]


TORN = zipped(("1.png", NOISE), compression=zipfile.ZIP_STORED).replace(NOISE[:20], bytes(20))
FAILING = {
    "link": (zipped(link("1.png", b"/etc/passwd")), "is a link, which is never followed"),
    "device": (zipped(special("1.png")), "is no file; put pictures into the archive"),
    "locked": (locked(zipped(("1.png", NOISE))), "is locked with a password; pack the archive without one"),
    "bzip2": (zipped(("1.png", NOISE), compression=zipfile.ZIP_BZIP2), "is packed by method 12"),
    "LZMA": (zipped(("1.png", NOISE), compression=zipfile.ZIP_LZMA), "is packed by method 14"),
    "unheard of": (packed_by(zipped(("1.png", NOISE)), 99), "is packed by method 99, which is not unpacked"),
    "damaged": (TORN, "is damaged; pack the archive again"),
    "another name inside": (zipped(("1.png", NOISE)).replace(b"1.png", b"2.png", 1), "is damaged"),
    "claims less": (claiming(zipped(("1.png", NOISE)), 100), "is damaged; pack the archive again"),
    "claims much more": (
        claiming(zipped(("1.png", NOISE)), 21_000_000),
        "has 21,000,000 bytes, more than the 20,000,000",
    ),
    "nested": (zipped(("1.png", zipped(("2.png", NOISE)))), "is an archive inside an archive, which is not opened"),
    "bomb": (zipped(("1.png", bytes(5_000_000))), "is more than 100 times as large unpacked, as in a bomb"),
}


@pytest.mark.parametrize(("archive", "reason"), FAILING.values(), ids=FAILING)
def test_an_entry_that_is_not_read_fails_by_name_and_the_rest_goes_on(archive, reason, taken):
    (failed, good) = taken(("a.zip", archive), ("good.png", NOISE))
    assert failed.name == "1.png"
    assert reason in str(failed.error)
    assert good == NamedImage("good.png", NOISE)


def test_the_other_entries_of_the_same_zip_go_on(taken):
    archive = locked(zipped(("1.png", NOISE), ("2.png", NOISE)))
    assert [type(found) for found in taken(("a.zip", archive))] == [FailedImage, NamedImage]


LYING = changed(zipped(("1.png", bytes(300))), 20, "<L", 10**9)
WHOLE = {
    "cut short": (zipped(("1.png", NOISE))[:-30], DAMAGED),
    "only a start": (b"PK\x03\x04", DAMAGED),
    "noise": (b"PK\x03\x04" + NOISE, DAMAGED),
    "an end in the middle": (b"PK\x03\x04" + b"PK\x05\x06" + bytes(10), DAMAGED),
    "shared bytes": (overlapping(bytes(10_000), 40), "the entries of the archive lie over one another, as in a bomb"),
    "a packed size beyond the file": (LYING, "the entries of the archive lie over one another"),
    "too many entries": (zipped(*((str(n), b"") for n in range(2001))), "has 2,001 entries, more than the 2,000"),
    "10,000 entries": (zipped(*((str(n), b"") for n in range(10_000))), "has 10,000 entries, more than the 2,000"),
    "more entries than it says": (
        changed(zipped(*((str(n), b"") for n in range(2001))), 0, "<L", 0x02014B50)[:-22]
        + zipped(*((str(n), b"") for n in range(2001)))[-22:].replace(b"\xd1\x07\xd1\x07", b"\1\0\1\0"),
        "has 2,001 entries, more than the 2,000",
    ),
    "a list beyond the file": (zipped()[:12] + b"\xff\xff\xff\x7f" + zipped()[16:], DAMAGED),
}


@pytest.mark.parametrize(("archive", "reason"), WHOLE.values(), ids=WHOLE)
def test_a_zip_that_is_not_opened_gets_one_sentence_and_the_rest_goes_on(archive, reason, taken):
    (failed, good) = taken(("a.zip", archive), ("good.png", NOISE))
    assert failed.name == "a.zip"
    assert reason in str(failed.error)
    assert good == NamedImage("good.png", NOISE)


@pytest.mark.parametrize(
    ("first", "kind"),
    [
        (b"Rar!\x1a\x07\x01\0", "RAR"),
        (b"7z\xbc\xaf\x27\x1c", "7-Zip"),
        (b"\x1f\x8b\x08", "gzip"),
        (b"\xfd7zXZ\0", "xz"),
    ],
)
def test_other_archives_are_named(first, kind, taken):
    reason = f"the file is an archive in the format {kind}, which is not opened; send a zip"
    assert failures(taken(("a.rar", first))) == [("a.rar", reason)]


def test_a_file_that_is_gone_fails_by_name(tmp_path):
    found = images_in([("a.png", tmp_path / "nowhere")])
    assert failures(found) == [("a.png", "the file is not, or no longer, there; send it again")]


def test_no_image_is_larger_than_the_bound(taken):
    files = ("a.png", bytes(1001)), ("b.zip", zipped(("b.png", NOISE), ("c.png", b"fine")))
    first, second, third = taken(*files, image_bytes=1000)
    assert "has 1,001 bytes, more than the 1,000 that are read; make it smaller" in str(first.error)
    assert "has 5,000 bytes, more than the 1,000" in str(second.error)
    assert third == NamedImage("c.png", b"fine")


BOUNDS = {
    "images": "at most 3 pictures are taken at a time",
    "entries": "at most 3 files and entries are taken at a time",
}


@pytest.mark.parametrize("bound", BOUNDS)
@pytest.mark.parametrize("packed", [False, True])
def test_what_is_beyond_a_bound_is_left_out_with_one_sentence(bound, packed, taken):
    files = [(f"{number}.png", NOISE) for number in range(6)]
    found = taken(*([("a.zip", zipped(*files))] if packed else files), **{bound: 3})
    good = 2 if packed and bound == "entries" else 3  # the archive itself is one
    if packed and bound == "entries":
        assert "has 6 entries, more than the 3" in str(found[0].error)
        return
    assert found[:good] == [NamedImage(name, data) for name, data in files[:good]]
    (last,) = found[good:]
    assert last.name == "3.png"
    assert str(last.error) == f"this one and all after it were left out, for {BOUNDS[bound]}; send them separately"


def test_entries_of_several_zips_are_counted_together(taken):
    archives = [(f"{n}.zip", zipped(("1.png", NOISE), ("2.png", NOISE))) for n in range(3)]
    found = taken(*archives, entries=5)
    assert [type(one) for one in found] == [NamedImage] * 3 + [FailedImage]


@pytest.mark.parametrize("packed", [False, True])
def test_all_bytes_together_are_bounded(packed, taken):
    files = [(f"{number}.png", NOISE) for number in range(4)]
    found = taken(*([("a.zip", zipped(*files))] if packed else files), total_bytes=10_000)
    assert [type(one) for one in found] == [NamedImage, NamedImage, FailedImage]
    assert "at most 10,000 bytes are taken at a time" in str(found[2].error)


def test_a_blank_image_may_expand_as_it_likes(taken):
    assert taken(("a.zip", zipped(("a.bmp", bytes(999_000))))) == [NamedImage("a.bmp", bytes(999_000))]


@pytest.mark.parametrize(
    ("limits", "reason"),
    [
        ({}, "more than 100 times as large unpacked"),
        ({"image_bytes": 500_000}, "more than the 500,000 that are read"),
    ],
)
def test_bytes_are_counted_whatever_the_archive_says_of_them(limits, reason, taken, monkeypatch):
    archive = zipped(("1.png", NOISE[:400]))
    monkeypatch.setattr(zipfile.ZipFile, "open", lambda *_: io.BytesIO(bytes(3_000_000)))
    (failed,) = taken(("a.zip", archive), **limits)
    assert reason in str(failed.error)


def test_no_more_than_a_image_is_in_memory(taken, tmp_path):
    (tmp_path / "many").write_bytes(zipped(*((f"{n}", random.Random(n).randbytes(900_000)) for n in range(12))))
    tracemalloc.start()
    for found in images_in([("many.zip", tmp_path / "many")]):
        assert len(found.data) == 900_000
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 5_000_000


def test_how_many_there_will_be_is_known_before(tmp_path):
    (tmp_path / "a.png").write_bytes(NOISE)
    (tmp_path / "b.zip").write_bytes(
        zipped(("cats/", b""), ("__MACOSX/1.png", b""), ("cats/1.png", b""), ("2.png", b""))
    )
    (tmp_path / "c.zip").write_bytes(zipped())
    (tmp_path / "d.zip").write_bytes(b"PK\x03\x04")
    files = [(path.name, path) for path in sorted(tmp_path.iterdir())] + [("gone", tmp_path / "gone")]
    assert expected_count(files) == len(list(images_in(files))) == 6
    few = ArchiveLimits(images=2)
    assert expected_count(files, few) == len(list(images_in(files, few))) == 3


def test_bounds_that_cannot_be_are_refused():
    with pytest.raises(ConfigError, match="images=0 is out of range"):
        ArchiveLimits(images=0)
