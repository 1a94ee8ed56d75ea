"""Images of some classes and a loaded network -> a classifier of these classes, which is saved as a checkpoint."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from resnet_hub.classifier import ImageClassifier
from resnet_hub.errors import ConfigError
from resnet_hub.few_shot.accuracy import Accuracy, accuracy_of
from resnet_hub.few_shot.examples import Examples, check_counts, digest_of
from resnet_hub.few_shot.familiarity import FALSE_ALARMS, Familiarity, familiarity_of
from resnet_hub.few_shot.ridge import LinearHead, leave_one_out, ridge_head
from resnet_hub.metadata import CheckpointMetadata
from resnet_hub.models import PretrainedNetwork
from resnet_hub.predictions import Prediction
from resnet_hub.preprocessing import ImageSource, image_rows

logger = logging.getLogger(__name__)
NEAREST = 3
"""Examples that are named beside an answer."""


@dataclass(frozen=True)
class FewShotAnswer:
    """What is said of one image."""

    predictions: list[Prediction]
    """All classes, best first, with scores from 0 to 1."""
    is_none: bool
    """Whether it is none of the classes, by what `FewShotClassifier.familiarity` says."""
    nearest: tuple[tuple[int, float], ...]
    """The examples most like it, most like it first: index and cosine similarity, -1 to 1."""


@dataclass(frozen=True, eq=False)
class FewShotHead:
    """What a few images of each class have made of a network's features; it holds no network."""

    examples: Examples
    linear: LinearHead
    accuracy: Accuracy
    """By leaving each image out once."""
    familiarity: Familiarity

    def answers(self, features: Tensor) -> list[FewShotAnswer]:
        """The answers to images of these features (N, features)."""
        scores, similar = self.linear(features), self.familiarity.similarities(features)
        return [self._answer(*rows) for rows in zip(scores, similar, strict=True)]

    def _answer(self, scores: Tensor, similar: Tensor) -> FewShotAnswer:
        order = scores.sort(descending=True, stable=True)
        names = self.examples.label_names
        pairs = zip(order.indices.tolist(), order.values.tolist(), strict=True)
        predictions = [Prediction(names[index], index, score) for index, score in pairs]
        best = similar.topk(min(NEAREST, len(similar)))
        nearest = tuple(zip(best.indices.tolist(), best.values.tolist(), strict=True))
        return FewShotAnswer(predictions, nearest[0][1] < self.familiarity.threshold, nearest)

    def network(self, model: PretrainedNetwork, base_model: str | None = None) -> PretrainedNetwork:
        """A copy of the network that gave the features, with this head in it, which answers with the same scores.

        What is none of the classes it does not know: that takes the examples, which no checkpoint holds.

        Args:
            model: The network, which is not changed.
            base_model: What the checkpoint of the copy calls it.
        """
        copy, old = deepcopy(model), model.metadata
        copy.config = copy.config.with_options(task="single_label")
        copy.metadata = old.lineage()  # the results of the old head are not this one's
        copy.reset_classifier(len(self.examples.label_names), label_names=self.examples.label_names)
        layer = copy.get_classifier()
        with torch.no_grad():
            layer.weight.copy_(self.linear.weight.view_as(layer.weight))
            layer.bias.copy_(self.linear.bias)
        copy.head_is_new = False
        copy.metadata = CheckpointMetadata(
            base_model=base_model or old.base_model,
            license=old.license,
            recipe={"head": "ridge regression on the features of the frozen network"},
            split="each image left out once",
            metrics={"top1": self.accuracy.value},
            num_images=self.accuracy.count,
        )
        return copy.eval()


@dataclass(frozen=True, eq=False)
class FewShotClassifier:
    """A network with such a head."""

    classifier: ImageClassifier
    """What gives the features; it is not changed."""
    head: FewShotHead

    def __call__(self, images: ImageSource | Iterable[ImageSource]) -> list[FewShotAnswer]:
        """The answer to each image; one is a list of one. Raises: ImageError, CheckpointError, as `embed` does."""
        return self.head.answers(torch.from_numpy(self.classifier.embed(images)))

    def save_pretrained(self, folder: str | Path, base_model: str | None = None) -> None:
        """Writes `FewShotHead.network` as a checkpoint folder. Raises: CheckpointError, as networks do."""
        self.head.network(self.classifier.model, base_model).save_pretrained(folder)


def fit_head(examples: Examples, *, false_alarms: float = FALSE_ALARMS) -> FewShotHead:
    """The head of examples whose features are known.

    Args:
        examples: The images of the classes.
        false_alarms: The part of images of the classes that may be called none of them, from 0.001 to 0.5.

    Raises: ConfigError.
    """
    said = leave_one_out(examples)
    accuracy, familiar = accuracy_of(said, examples.targets), familiarity_of(examples, false_alarms)
    return FewShotHead(examples, ridge_head(examples, said), accuracy, familiar)


def learn(
    classifier: ImageClassifier,
    images: Mapping[str, Iterable[ImageSource]],
    *,
    false_alarms: float = FALSE_ALARMS,
    progress: bool = False,
) -> FewShotClassifier:
    """A classifier of these classes; an image that is there twice counts once, and the log says so.

    Args:
        classifier: The network whose features are taken.
        images: The images of each class, by its name.
        false_alarms: The part of images of the classes that may be called none of them, from 0.001 to 0.5.
        progress: Whether to show a bar on the standard error.

    Raises:
        ConfigError: There are fewer than two classes, three images of one, or more than 500 in all; or an image is in
            two classes.
        ImageError: An image cannot be read.
        CheckpointError: A feature is not finite.
    """
    given = [(str(name), image) for name, many in images.items() for image in many]
    names = tuple(map(str, images))
    check_counts(names, [sum(one == name for one, _ in given) for name in names])

    def compute(arrays: np.ndarray) -> list[tuple[bytes, Tensor]]:
        pixels = torch.from_numpy(arrays)
        return list(zip(map(digest_of, pixels), classifier.features_of(pixels), strict=True))

    found: Any = image_rows(
        [image for _, image in given],
        classifier.pixels_of,
        compute,
        classifier.batch_size,
        skip=False,
        named=True,
        bar=progress,
    )
    seen, rows, targets = dict[bytes, str](), list[Tensor](), list[int]()
    for (name, _), (digest, row) in zip(given, found, strict=True):
        known = seen.setdefault(digest, name)
        if known != name:
            raise ConfigError("few_shot.in_two_classes", one=known, other=name)
        if len(seen) > len(rows):
            rows.append(row)
            targets.append(names.index(name))
    if len(rows) < len(given):
        logger.warning("%d images are there twice and count once", len(given) - len(rows))
    examples = Examples(names, torch.tensor(targets, dtype=torch.int64), torch.stack(rows))
    return FewShotClassifier(classifier, fit_head(examples, false_alarms=false_alarms))
