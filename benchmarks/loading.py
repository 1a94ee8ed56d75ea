"""Images that a core gets ready for training each second: ours, decoding and cached, timm's and torchvision's.

python -m benchmarks.loading --dataset FOLDER    of class folders; by the time of the processor, one thread, no worker
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
import warnings
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import timm.data
import torch
from torch.utils.data import DataLoader
from torchvision.datasets import ImageFolder
from torchvision.io import ImageReadMode, decode_image
from torchvision.transforms import v2

from resnet_hub.config import IMAGENET_MEAN, IMAGENET_STD, Preprocessing
from training.data.load import load_data
from training.loading.augment import Pixels, TrainTransform, prepare_batch, to_views
from training.loading.cache import ImageCache, open_caches
from training.loading.image_dataset import make_loader
from training.settings.recipe import FinetuneRecipe
from training.splits.split import Split

BATCH, ROUNDS = 32, 5
Batches = Callable[[int], Iterable[tuple[Any, Any]]]
"""Number of an epoch -> its batches of (pixels, labels)."""


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--dataset", required=True, type=Path, help="as for training.finetune; peers read folders alone"
    )
    parser.add_argument("--image-size", type=int, default=224, help="side of the network's input in pixels")
    parser.add_argument("--shift", type=int, default=0, help="random shifts by so many pixels in place of crops")
    parser.add_argument("--auto-augment", default="none", help="a policy, for all")
    given = parser.parse_args()
    torch.set_num_threads(1)
    warnings.simplefilter("ignore", DeprecationWarning)  # torchvision's decoder is to move to a package of its own
    folder = next((one for one in (given.dataset / "train", given.dataset) if one.is_dir()), None)
    with tempfile.TemporaryDirectory() as cached:
        rows = ours(given, Path(cached))
        classes = folder is not None and any(one.is_dir() for one in folder.iterdir())
        if classes and not given.shift:
            rows |= peers(folder, given.image_size, given.auto_augment)
        times: dict[str, list[float]] = {name: [] for name in rows}
        for number in range(1 + ROUNDS):
            for name, batches in list(rows.items())[:: 1 if number % 2 else -1]:
                speed = images_per_second(batches, number + 1)
                if number:  # the first round fills caches
                    times[name].append(speed)
    print("| what | images a core-second | spread |\n| --- | --- | --- |")
    for name, found in times.items():
        print(f"| {name} | {statistics.median(found):,.0f} | {min(found):,.0f} to {max(found):,.0f} |")


def ours(given: argparse.Namespace, folder: Path) -> dict[str, Batches]:
    """What our loaders give, by what is done until when."""
    recipe = FinetuneRecipe(dataset=str(given.dataset), shift=given.shift, auto_augment=given.auto_augment)
    side = given.image_size
    preprocessing = Preprocessing(input_size=(3, side, side), crop_pct=1.0)
    split = load_data(recipe).train
    plain, on_device = (TrainTransform.of(recipe, preprocessing, resampled_on_device=there) for there in (False, True))
    (cache,) = open_caches([(split, plain)], None, folder)
    stored = sum(file.stat().st_size for file in folder.rglob("*.pixels")) / 1e6
    print(f"{len(split):,} images, {stored:,.0f} MB cached; batches of {BATCH}, {ROUNDS} alternating rounds\n")

    def loader(transform: TrainTransform, kept: ImageCache | None, finish: Callable[[Pixels], Any]) -> Batches:
        return lambda epoch: of_epoch(split, transform, kept, epoch, finish)

    def whole(pixels: Pixels) -> torch.Tensor:
        return prepare_batch(pixels, preprocessing)

    rows = {
        "ours, decoding each time, to uint8": loader(plain, None, to_views),
        "ours, cached, to uint8": loader(plain, cache, to_views),
        "ours, cached, to the network's input": loader(plain, cache, whole),
    }
    if on_device.resampled_on_device:
        rows["ours, cached, crops handed to a GPU, which does the rest"] = loader(on_device, cache, lambda crops: crops)
    return rows


def of_epoch(
    split: Split, transform: TrainTransform, cache: ImageCache | None, epoch: int, finish: Callable[[Pixels], Any]
) -> Iterator[tuple[Any, Any]]:
    """The batches of an epoch."""
    loader = make_loader(split, transform, batch_size=BATCH, seed=0, workers=0, train=True, processes=1, cache=cache)
    loader.sampler.epoch = epoch
    return ((finish(pixels), labels) for pixels, labels, _ in loader)


def peers(folder: Path, side: int, policy: str) -> dict[str, Batches]:
    """The loaders of timm and torchvision over the same files, as fast as they can be set; color jitter is off."""
    augment = None if policy in ("none", "trivialaugment") else policy
    timm_loader = timm.data.create_loader(
        timm.data.create_dataset("", root=str(folder)),
        input_size=(3, side, side),
        batch_size=BATCH,
        is_training=True,
        scale=(0.35, 1.0),
        color_jitter=0.0,
        auto_augment=augment,
        interpolation="bicubic",
        num_workers=0,
        persistent_workers=False,
        device=torch.device("cpu"),
        pin_memory=False,
    )
    steps: list[Any] = [
        v2.RandomResizedCrop(side, (0.35, 1.0), interpolation=v2.InterpolationMode.BICUBIC, antialias=True),
        v2.RandomHorizontalFlip(),
    ]
    if policy == "trivialaugment":
        steps.append(v2.TrivialAugmentWide())
    if augment:
        steps.append(v2.RandAugment())
    normalized = [v2.ToDtype(torch.float32, scale=True), v2.Normalize(IMAGENET_MEAN, IMAGENET_STD)]

    def decode(file: str) -> torch.Tensor:
        return decode_image(file, ImageReadMode.RGB)

    def torchvision_loader(transform: Any) -> DataLoader[Any]:
        return DataLoader(ImageFolder(folder, transform, loader=decode), BATCH, shuffle=True, drop_last=True)

    return {
        "timm, to uint8": lambda epoch: timm_loader.loader,
        "timm, to the network's input": lambda epoch: timm_loader,
        "torchvision v2 on tensors, to uint8": lambda epoch: torchvision_loader(v2.Compose(steps)),
        "torchvision v2 on tensors, to the network's input": lambda epoch: torchvision_loader(
            v2.Compose([*steps, *normalized])
        ),
    }


def images_per_second(batches: Batches, epoch: int) -> float:
    """How fast an epoch comes, without a network, by the time of the processor: others may be at work."""
    started = time.process_time()
    count = sum(len(labels) for _, labels in batches(epoch))
    return count / (time.process_time() - started)


if __name__ == "__main__":
    main()
