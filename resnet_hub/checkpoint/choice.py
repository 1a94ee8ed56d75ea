"""Several networks in a file -> the one that is meant: what the caller chose, else what people agree on, else none."""

from __future__ import annotations

import re
from collections.abc import Sequence

from resnet_hub.checkpoint.containers import Candidate
from resnet_hub.errors import CheckpointError

AVERAGE = r"(?:.+_)?(?:ema|swa|avg|averaged?|shadow)(?:_.+)?"
PREFERRED: tuple[tuple[str, str], ...] = (
    (AVERAGE, rf"(?!{AVERAGE}$).*"),  # timm, YOLO, diffusers: the average is what is evaluated
    ("teacher", "student"),  # DINO's own evaluation takes the teacher
    ("encoder_q|backbone", "encoder_k"),  # MoCo, and mmselfsup's
    ("base_encoder", "momentum_encoder"),  # MoCo v3
    (r"(?:online|query)(?:_.+)?", r"(?:target|key)(?:_.+)?"),  # BYOL
    (r"(?!.*momentum).*", r".*momentum.*"),
)
"""Of two networks of the same shape whose places differ so, the first is the one that people fine-tune."""
_PREFERRED = [(re.compile(first), re.compile(other)) for first, other in PREFERRED]
_AVERAGE = re.compile(AVERAGE)


def chosen(found: Sequence[Candidate], choice: str | None, file: str, *, swapped: bool = False) -> Candidate:
    """The network that is meant.

    Args:
        found: The networks of the file; one at least.
        choice: The place of one of them, or any part of that place that only one has; "ema" for the only average.
        file: What an error calls the file.
        swapped: Whether the average lies where the plain network does elsewhere, and the other way round.

    Raises:
        CheckpointError: There is no network at that place, or several are left.
    """
    if swapped and any(one.place.startswith("ema_") for one in found) and choice in (None, "ema"):
        found = [one for one in found if not one.place.startswith("ema_")]
        choice = None
    left = list(found)
    if choice is None:
        left.sort(key=lambda one: len(one.place))
        left = [one for number, one in enumerate(left) if not any(_is_again(one, other) for other in left[:number])]
    if choice is not None and len(found) == 1 and choice not in left[0].place.split("."):
        raise CheckpointError("checkpoint.one_network", file=file, wanted=choice)
    if choice is not None:
        left = [one for one in found if one.place == choice]
        left = left or [one for one in found if choice in one.place.split(".")]
        left = left or [one for one in found if choice == "ema" and _is_average(one)]
        if not left:
            raise CheckpointError("checkpoint.no_such_weights", file=file, wanted=choice, places=_places(found))
    left = [one for one in left if not any(_yields(one, other) for other in left)]
    if len(left) != 1:
        raise CheckpointError("checkpoint.several_networks", file=file, places=_places(left or found))
    return left[0]


def _yields(one: Candidate, other: Candidate) -> bool:
    """Whether people take `other` where a file has both."""
    if one is other or not _alike(one, other):
        return False
    mine, theirs = _differing(one.place, other.place)
    return any(first.fullmatch(theirs) and second.fullmatch(mine) for first, second in _PREFERRED)


def _is_again(one: Candidate, other: Candidate) -> bool:
    """Whether a network is there twice, with its tensors in the same memory: a part of two modules."""
    return one.tensors.keys() == other.tensors.keys() and all(
        tensor.numel() and tensor.data_ptr() == twin.data_ptr() and tensor.shape == twin.shape
        for tensor, twin in ((tensor, other.tensors[name]) for name, tensor in one.tensors.items())
    )


def _differing(one: str, other: str) -> tuple[str, str]:
    """The first parts in which two places differ."""
    mine, theirs = one.split("."), other.split(".")
    while len(mine) > 1 and len(theirs) > 1 and mine[0] == theirs[0]:
        mine, theirs = mine[1:], theirs[1:]
    return mine[0], theirs[0]


def _alike(one: Candidate, other: Candidate) -> bool:
    """Whether two networks have the same convolutions; heads may differ."""
    mine, theirs = (
        {name: tensor.shape for name, tensor in network.tensors.items() if tensor.ndim == 4} for network in (one, other)
    )
    return mine == theirs


def _is_average(one: Candidate) -> bool:
    return any(_AVERAGE.fullmatch(part) for part in one.place.split("."))


def _places(found: Sequence[Candidate]) -> str:
    return ", ".join(repr(one.place) for one in found)
