"""The sources that `make contract` runs are unpacked into one folder and nowhere else."""

import importlib.util
import io
import tarfile
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent / "contract"


@pytest.fixture(scope="module")
def distribution():
    found = importlib.util.spec_from_file_location("contract_distribution", HERE / "distribution.py")
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


def archive(path, members):
    with tarfile.open(path, "w:gz") as tar:
        for name, options in members:
            member = tarfile.TarInfo(name)
            for option, value in options.items():
                setattr(member, option, value)
            tar.addfile(member, io.BytesIO(b"x" * member.size))
    return path


def test_an_archive_is_unpacked(distribution, tmp_path):
    path = archive(tmp_path / "a.tar.gz", [("a-1/tests/test_a.py", {"size": 1})])
    distribution.unpack(path, tmp_path / "a-1")
    assert (tmp_path / "a-1" / "tests" / "test_a.py").read_bytes() == b"x"


@pytest.mark.parametrize(
    "member",
    [
        ("../outside.py", {"size": 1}),
        ("other/a.py", {"size": 1}),
        ("a-1/../../outside.py", {"size": 1}),
        ("a-1/link", {"type": tarfile.SYMTYPE, "linkname": "/etc/passwd"}),
        ("a-1/pipe", {"type": tarfile.FIFOTYPE}),
    ],
    ids=["outside", "another folder", "outside, from within", "a link that leads out", "a pipe"],
)
def test_what_does_not_belong_into_sources_is_refused(distribution, tmp_path, member):
    path = archive(tmp_path / "a.tar.gz", [("a-1/tests/test_a.py", {"size": 1}), member])
    with pytest.raises(distribution.DistributionError, match=r"a\.tar\.gz"):
        distribution.unpack(path, tmp_path / "inner" / "a-1")
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["a.tar.gz"]


def test_an_archive_that_is_larger_than_sources_are_is_refused(distribution, tmp_path, monkeypatch):
    monkeypatch.setattr(distribution, "UNPACKED_BYTES", 10)
    path = archive(tmp_path / "a.tar.gz", [("a-1/a.py", {"size": 11})])
    with pytest.raises(distribution.DistributionError, match="larger than a source distribution"):
        distribution.unpack(path, tmp_path / "a-1")


def test_what_is_no_archive_is_named(distribution, tmp_path):
    (tmp_path / "a.tar.gz").write_bytes(b"no archive")
    with pytest.raises(distribution.DistributionError, match=r"a\.tar\.gz cannot be unpacked"):
        distribution.unpack(tmp_path / "a.tar.gz", tmp_path / "a-1")


@pytest.mark.parametrize("name", ["huggingface_hub", "datasets"])
def test_each_test_is_listed_once(name):
    listed = [line for line in (HERE / f"{name}.txt").read_text().splitlines() if line and line[0] != "#"]
    assert len(listed) == len(set(listed))
    assert all(line.startswith("tests/test_") and "::" in line for line in listed)
