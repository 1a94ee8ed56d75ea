"""What visitors teach: images of their classes as features, in memory until they leave or are silent for a while."""

from __future__ import annotations

import asyncio
import secrets
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from time import monotonic

import torch
from torch import Tensor

from resnet_hub.demo.text import PageError
from resnet_hub.errors import ConfigError, ImageError
from resnet_hub.few_shot import MOST, Examples, FewShotHead, check_counts, fit_head

MOST_CLASSES_TAUGHT = 10
LONGEST_LABEL = 100
"""Characters of the name of a class."""
MOST_LESSONS = 100
"""Visitors who teach at the same time; the one who was silent for longest is forgotten."""
IDLE_SECONDS = 1800.0
"""How long what was taught is kept without a word of its visitor, whose leaving may go unnoticed."""


@dataclass(frozen=True, eq=False)
class LearnedImage:
    """One image of a class; of the image itself only a thumbnail is kept."""

    name: str
    """Its name for display: untrusted text."""
    label: str
    """The name of its class: untrusted text."""
    features: Tensor
    """float32 (features,)."""
    digest: bytes
    """What tells it from others."""
    thumbnail: bytes
    """A small JPEG."""


@dataclass
class Lesson:
    """What one visitor teaches."""

    network: str
    """The network that is taught."""
    images: list[LearnedImage] = field(default_factory=list)
    head: FewShotHead | None = None
    """What was learned; None while there is not enough."""
    problem: ConfigError | None = None
    """Why nothing was learned yet."""
    used: float = 0.0
    """When the visitor asked last, in seconds of the clock."""
    is_over: bool = False
    """Whether it was forgotten, while images of it may still be under way."""
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Held while images come, of which several lots may be under way."""

    @property
    def labels(self) -> list[str]:
        """The classes, in the order in which they came."""
        return list(dict.fromkeys(image.label for image in self.images))

    def check_label(self, label: str) -> None:
        """Raises: ImageError where no image of this class can come."""
        if len(label) > LONGEST_LABEL:
            raise ImageError("tabs.class_name_long", count=len(label), most=LONGEST_LABEL)
        if label not in self.labels and len(self.labels) == MOST_CLASSES_TAUGHT:
            raise ImageError("tabs.many_classes", name=label, most=MOST_CLASSES_TAUGHT)

    def add(self, image: LearnedImage) -> None:
        """Takes an image. Raises: ImageError where it is there already, or is one too many."""
        self.check_label(image.label)
        known = next((one.label for one in self.images if one.digest == image.digest), None)
        if known == image.label:
            raise ImageError("tabs.image_twice", name=known)
        if known is not None:
            raise ImageError("tabs.image_in_two_classes", one=known, other=image.label)
        if len(self.images) == MOST:
            raise ImageError("tabs.enough_images", most=MOST)
        self.images.append(image)

    def learn(self) -> None:
        """Makes the head of the images, or says why there is none."""
        labels, self.head, self.problem = self.labels, None, None
        targets = torch.tensor([labels.index(image.label) for image in self.images], dtype=torch.int64)
        try:
            check_counts(labels, [sum(image.label == label for image in self.images) for label in labels])
            features = torch.stack([image.features for image in self.images])
            self.head = fit_head(Examples(tuple(labels), targets, features))
        except ConfigError as error:
            self.problem = error


class Lessons:
    """The lessons of a page, by keys that nobody can guess. All calls come from one event loop."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        """None yet; `clock` gives seconds."""
        self._clock = clock
        self._lessons: OrderedDict[str, Lesson] = OrderedDict()

    def __len__(self) -> int:
        return len(self._lessons)

    def begin(self, network: str) -> tuple[str, Lesson]:
        """A new lesson, and its key."""
        self._forget_old()
        while len(self._lessons) >= MOST_LESSONS:
            self.forget(next(iter(self._lessons)))
        key = secrets.token_urlsafe(16)
        self._lessons[key] = Lesson(network, used=self._clock())
        return key, self._lessons[key]

    def find(self, key: str) -> Lesson:
        """The lesson with this key. Raises: PageError where it is forgotten, or there was none."""
        self._forget_old()
        if key not in self._lessons:
            raise PageError("tabs.lesson_gone")
        self._lessons.move_to_end(key)
        self._lessons[key].used = self._clock()
        return self._lessons[key]

    def forget(self, key: str) -> None:
        """Forgets a lesson, if there is one with this key; what is under way for it ends."""
        lesson = self._lessons.pop(key, None)
        if lesson is not None:
            lesson.is_over, lesson.images, lesson.head = True, [], None

    def _forget_old(self) -> None:
        while self._lessons:
            key, lesson = next(iter(self._lessons.items()))
            if self._clock() - lesson.used < IDLE_SECONDS:
                return
            self.forget(key)
