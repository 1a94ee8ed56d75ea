"""Cached files: found by revision, compared with the hash that names them, and forgotten when they are damaged."""

import hashlib

import pytest

from resnet_hub.hub.cache_integrity import (
    cached_file,
    damaged_files,
    discard,
    is_intact,
    known_absent,
    note_absent,
    stored_file,
)

CONTENT = b"weights" * 1000
COMMIT = "a" * 40
HASHES = {
    "sha256 of large files": hashlib.sha256(CONTENT).hexdigest(),
    "git's of small ones": hashlib.sha1(b"blob 7000\0" + CONTENT).hexdigest(),
    "sha1 of a mirror": hashlib.sha1(CONTENT).hexdigest(),
}


@pytest.fixture
def snapshot(tmp_path):
    """A folder of a commit as the client makes it: links to blobs that are named by their hash."""
    repository = tmp_path / "models--alice--net"
    (repository / "snapshots" / COMMIT).mkdir(parents=True)
    (repository / "blobs").mkdir()
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text(COMMIT)
    for name, hash_name in zip(("a.bin", "b.json"), list(HASHES.values())[:2], strict=True):
        (repository / "blobs" / hash_name).write_bytes(CONTENT)
        (repository / "snapshots" / COMMIT / name).symlink_to(f"../../blobs/{hash_name}")
    return repository / "snapshots" / COMMIT


@pytest.mark.parametrize("hash_name", HASHES.values(), ids=HASHES)
def test_a_file_is_compared_with_the_hash_that_it_is_called_by(hash_name, tmp_path):
    file = tmp_path / "file"
    file.write_bytes(CONTENT)
    assert is_intact(file, hash_name)
    file.write_bytes(CONTENT[:-1] + b"x")
    assert is_intact(file, hash_name) is False


@pytest.mark.parametrize("hash_name", ["", "model.safetensors", "d41d8cd98f00b204e9800998ecf8427e", "W/5"])
def test_nothing_is_said_of_a_file_whose_hash_is_of_no_known_kind(hash_name, tmp_path):
    (tmp_path / "file").write_bytes(CONTENT)
    assert is_intact(tmp_path / "file", hash_name) is None


def test_what_has_changed_since_the_download_is_found(snapshot):
    assert not damaged_files(snapshot)
    stored_file(snapshot / "b.json").write_bytes(b"{}")
    assert damaged_files(snapshot) == [snapshot / "b.json"]


@pytest.mark.parametrize("revision", [None, "main", COMMIT])
def test_a_file_is_found_by_its_revision(snapshot, revision):
    assert cached_file("alice/net", "a.bin", revision, snapshot.parents[2]) == snapshot / "a.bin"


def test_a_discarded_file_is_gone_with_its_bytes(snapshot):
    blob = stored_file(snapshot / "a.bin")
    discard(snapshot / "a.bin")
    assert not blob.exists()
    assert cached_file("alice/net", "a.bin", "main", snapshot.parents[2]) is None


def test_an_absence_is_remembered_for_its_commit(snapshot):
    assert not known_absent(snapshot, "model.safetensors")
    note_absent(snapshot, "model.safetensors")
    assert known_absent(snapshot, "model.safetensors")
    assert not known_absent(snapshot.with_name("b" * 40), "model.safetensors")
