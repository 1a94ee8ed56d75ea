"""Settings of every entry: the dataset, its columns, batches, processes and precision."""

from __future__ import annotations

from dataclasses import dataclass

from resnet_hub.checks import check_choice, check_integer
from resnet_hub.errors import ConfigError

from ..base import Settings, setting

AUTO = "auto"
"""In place of a number: what fits."""
LAYOUTS = ("auto", "split-folders", "splits-in-classes", "class-folders", "leaf-folders", "flat", "tables", "lists")
"""How the folders of a dataset can be read."""
PRECISIONS = ("auto", "no", "bf16", "fp16")
USUAL_BATCH, SMALLEST_BATCH = 32, 8
"""Images per process and step where nobody says; the smaller for a small dataset."""


@dataclass(frozen=True)
class RunSettings(Settings):
    """The dataset and how it is computed with."""

    dataset: str = setting(
        "", "Hub id (owner/name[:config][@revision]), folder of class folders or parquet, CSV, or digits"
    )
    layout: str = setting(
        AUTO,
        "how the folders of the dataset are read: auto (said in a line), split-folders (train/cats), splits-in-classes "
        "(cats/train), class-folders (cats), leaf-folders (the folder right above an image), flat (no classes), "
        "tables, lists (train.txt and the like)",
        choices=LAYOUTS,
    )
    image_column: str | None = setting(None, "column with the images; found by its type where absent")
    label_column: str | None = setting(
        None, "column with the classes or numbers, or several as a,b,c; found by type, then name"
    )
    split_column: str | None = setting(
        None,
        "column that says the split of each row, found by name and values where absent; name=value validates on the "
        "rows of one value, none divides by no column",
    )
    labels: str | None = setting(
        None, "CSV of corrected labels, as resnet-hub check writes it; the dataset's own files stay", public=False
    )
    max_bad_images: int = setting(0, "images that may be undecodable, and are left out, before the run is refused")
    batch_size: int | str | None = setting(
        None,
        "images per process and step; 32 where absent, down to 8 where an epoch would have fewer than 30 steps; "
        "auto: the largest that fits and leaves an epoch 16 steps",
        words=(AUTO,),
    )
    workers: int | None = setting(
        None, "DataLoader workers for each process; by the number of cores where absent", may_change=True
    )
    threads: int | None = setting(
        None, "CPU threads of each process; the cores shared out where absent", may_change=True
    )
    precision: str = setting(
        "auto", "auto, no (float32), bf16 or fp16; auto takes bf16 where the device computes in it", choices=PRECISIONS
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.dataset:
            raise ConfigError("settings.no_dataset")
        if self.batch_size not in (None, AUTO):
            check_integer("--batch-size", self.batch_size, 1, 65_536)
        check_choice("--layout", self.layout, LAYOUTS)
        check_integer("--max-bad-images", self.max_bad_images, 0, 10**9)
        if self.workers is not None:
            check_integer("--workers", self.workers, 0, 256)
        if self.threads is not None:
            check_integer("--threads", self.threads, 1, 1024)
        check_choice("--precision", self.precision, PRECISIONS)

    @property
    def images_per_batch(self) -> int:
        """The batch size of each process, once it is a number. Raises: ValueError where nothing has chosen it yet."""
        if not isinstance(self.batch_size, int):
            raise ValueError(f"batch_size={self.batch_size!r} is not resolved yet")
        return self.batch_size
