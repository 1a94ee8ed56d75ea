"""The example pictures of a page: held-out ones of the checkpoint, else free ones of installed libraries."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp")
MOST = 6
"""Pictures shown at most."""

# Source: datasets/images/README.txt of scikit-learn, mpl-data/sample_data/README.txt of matplotlib.
FREE_PICTURES = (
    ("sklearn", "datasets/images/flower.jpg", "flower by vultilion (CC BY 2.0)"),
    ("sklearn", "datasets/images/china.jpg", "temple by danielbuechele (CC BY 2.0)"),
    ("matplotlib", "mpl-data/sample_data/grace_hopper.jpg", "Grace Hopper (public domain)"),
)


@dataclass(frozen=True)
class ExamplePictures:
    """Picture files and the line of credit they ask for."""

    paths: tuple[Path, ...]
    credit: str = ""


def find_examples(source: str) -> ExamplePictures:
    """Up to six pictures of the subfolder `examples` of the folder `source`, else the free ones that are installed."""
    folder = Path(source) / "examples"
    if folder.is_dir():
        own = sorted(path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES and path.is_file())
        if own:
            return ExamplePictures(tuple(own[:MOST]), "Pictures that came with the network.")
    found = [(path, credit) for library, name, credit in FREE_PICTURES if (path := _installed(library, name))]
    credits = ", ".join(credit for _, credit in found)
    return ExamplePictures(tuple(path for path, _ in found), f"Pictures: {credits}." if found else "")


def _installed(library: str, name: str) -> Path | None:
    """A data file of an installed library; the library itself is not imported, which would take a second."""
    spec = find_spec(library)
    if spec is None or spec.origin is None:
        return None
    path = Path(spec.origin).parent / name
    return path if path.is_file() else None
