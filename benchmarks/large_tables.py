"""Memory and time to read tables of very many rows: `python -m benchmarks.large_tables --rows 1000000`.

A CSV that names as many different files, all of them there and empty; one that names a thousand files again and again;
and a parquet file that holds one small image again and again; read up to the targets, without looking at an image. Of
memory that counts which the process holds beside files it has mapped, above what it held before; of time that of the
processors.
"""

from __future__ import annotations

import argparse
import io
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import datasets
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

from training.data.load_dataset import load_splits
from training.data.read_splits import encoded
from training.splits import Split, stratified_split
from training.targets import find_columns, find_target, read_targets

CLASSES = 1000
REPEATED = 1000
"""Files of the CSV that names them again and again."""
GROUP = 10_000
"""Rows of parquet that are written at once."""


def main() -> None:
    """Prints a line for each kind of table and number of rows, a tenth of them first."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    rows = parser.parse_args().rows
    datasets.disable_progress_bars()
    with tempfile.TemporaryDirectory() as folder:
        datasets.config.HF_DATASETS_CACHE = Path(folder, "cache")
        measure("warm", write_csv(Path(folder, "warm"), 10_000))  # what is imported on the way is not the table's
        for count in (rows // 10, rows):
            measure("repeated", write_csv(Path(folder, f"repeated-{count}"), count, files=REPEATED))
            measure("CSV", write_csv(Path(folder, f"csv-{count}"), count))
            measure("parquet", write_parquet(Path(folder, f"parquet-{count}"), count))


def measure(name: str, folder: Path) -> None:
    """Reads a dataset and prints what it took."""
    started, before = time.process_time(), held()
    with watched() as most:
        tables = load_splits(str(folder), "tables")
        rows = tables["train"]
        image_column, columns = find_columns(rows, None, None)
        target = find_target(rows, columns)
        split = Split("train", encoded(rows, image_column), read_targets(rows, "train", target))
        stratified_split(split.labels, 0.2, 0)
        split.identity()
    print(
        f"{name:8} {len(split):>9,} rows: {max(most) - before:>6,.0f} MB at most, {held() - before:>6,.0f} MB kept, "
        f"{time.process_time() - started:6.1f} s of processors",
        flush=True,
    )


@contextmanager
def watched() -> Iterator[list[float]]:
    """What the process holds, in MB, again and again until the end."""
    seen, over = [held()], threading.Event()

    def watch() -> None:
        while not over.wait(0.02):
            seen.append(held())

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield seen
    finally:
        over.set()
        thread.join()


def held() -> float:
    """Memory of this process that is no file's, in MB."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("RssAnon")) / 1024


def write_csv(folder: Path, rows: int, files: int | None = None) -> Path:
    """A CSV and its images, which are empty files: as many as rows, or fewer."""
    folder.mkdir()
    with (folder / "train.csv").open("w") as table:
        table.write("image,label,source\n")
        for row in range(rows):
            number = row % (files or rows)
            below = f"images/{number % CLASSES:03d}"
            if row < CLASSES:
                (folder / below).mkdir(parents=True)
            name = f"{below}/photo_{number:08d}.jpg"
            if row == number:
                (folder / name).touch()
            table.write(f"{name},class_{number % CLASSES},web\n")
    return folder


def write_parquet(folder: Path, rows: int) -> Path:
    """A parquet file of one image in all rows."""
    folder.mkdir()
    content = io.BytesIO()
    Image.new("RGB", (8, 8)).save(content, "png")
    cell = {"bytes": content.getvalue(), "path": None}
    kind = pa.schema({"image": pa.struct({"bytes": pa.binary(), "path": pa.string()}), "label": pa.string()})
    with pq.ParquetWriter(folder / "train.parquet", kind) as file:
        for start in range(0, rows, GROUP):
            labels = [f"class_{number % CLASSES}" for number in range(start, min(rows, start + GROUP))]
            file.write_table(pa.table({"image": [cell] * len(labels), "label": labels}, kind))
    return folder


if __name__ == "__main__":
    main()
