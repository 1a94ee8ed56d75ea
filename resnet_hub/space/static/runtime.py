"""ONNX Runtime Web as it comes with this package: the files that a page needs, as their makers published them.

They are files of the npm package onnxruntime-web, whose smallest build runs ours, and the notices of the Python package
onnxruntime, which the npm package lacks; the binary and the notices are packed with gzip. They lie here, 3.8 MB, rather
than being fetched when a Space is made: a page so is made without a network, and a test has the very files that a
visitor gets.
"""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).with_name("runtime")
SOURCES = FOLDER / "sources.toml"
WASM = "ort-wasm-simd-threaded.wasm.gz"


@cache
def sources() -> dict[str, dict[str, str]]:
    """Where each file is from: the package with its version, and the sha256 of what was published, unpacked."""
    return tomllib.loads(SOURCES.read_text("utf-8"))


def runtime_version() -> str:
    """The version of the runtime."""
    return sources()["package"]["version"]


def runtime_files() -> dict[str, Path]:
    """Path in the page's folder -> file.

    The binary is called .bin there: some servers take a name ending with .gz for a wish to be unpacked on the way.
    """
    return {f"runtime/{_name(name)}": FOLDER / name for name in sources()["sha256"]}


def wasm_file() -> str:
    """The binary's path in the page's folder."""
    return f"runtime/{_name(WASM)}"


def wasm_size() -> tuple[int, int]:
    """Bytes of the binary, unpacked and packed. A file of gzip ends with the number of bytes that it unpacks to."""
    packed = (FOLDER / WASM).read_bytes()
    return int.from_bytes(packed[-4:], "little"), len(packed)


def _name(name: str) -> str:
    return f"{name.removesuffix('.gz')}.bin" if name.endswith(".gz") else name
