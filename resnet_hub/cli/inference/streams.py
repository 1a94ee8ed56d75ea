"""The standard output and the bar beside it, where many files are worked through one by one."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any


@contextmanager
def any_name(stream: Any) -> Iterator[None]:
    """Lets a stream write names of files byte for byte, whatever they are encoded in, and all other text as UTF-8."""
    if not hasattr(stream, "reconfigure"):
        yield
        return
    before = stream.encoding, stream.errors
    stream.reconfigure(encoding="utf-8", errors="surrogateescape")
    try:
        yield
    finally:
        stream.flush()
        stream.reconfigure(encoding=before[0], errors=before[1])


@contextmanager
def bar_over(places: Sequence[str]) -> Iterator[Callable[[], object]]:
    """A bar over all files, on a terminal; calling what it gives moves it by one."""
    from tqdm import tqdm

    from resnet_hub.cli.inference.image_files import folders_among, image_files

    folders = folders_among(places)
    shown = sys.stderr.isatty() and bool(folders)
    total = sum(1 for _ in image_files(places, folders)) if shown else None
    with tqdm(total=total, unit=" files", disable=not shown, leave=False, dynamic_ncols=True) as bar:
        yield bar.update


def above_the_bar(text: str) -> None:
    """Writes to the standard output; where the bar is on the same terminal, it makes room."""
    if not sys.stdout.isatty():
        sys.stdout.write(text)
        return
    from tqdm import tqdm

    with tqdm.external_write_mode():
        sys.stdout.write(text)
