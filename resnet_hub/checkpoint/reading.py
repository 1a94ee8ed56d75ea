"""The network of a file -> tensors under our names, and one line of log that says what was chosen and left out."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor

from resnet_hub.checkpoint.origins import Contents, Origin, noted_classes, noted_normalization, origin_of
from resnet_hub.terminal import shown_name

logger = logging.getLogger(__name__)

HEAD = re.compile(r"((?:.*\.)?(?:fc|classifier|head|linear|cls_head|logits)\.)(?:(?:fc|linear|\d)\.)?weight")
"""Names of a linear layer that stands beside a backbone and answers for it; the group is its part of the file."""
SWAPPED = re.compile(r"ema_\w+")
"""What OpenMMLab leaves beside averaged weights: the others, each with its whole name in one word."""
CONVOLUTION = re.compile(r"(?:layer\d+|stages\.\d+\.blocks)\.\d+\.conv\d+\.weight")
"""Names of a block's convolutions, of which the last gives the network's features."""
TRUNK = re.compile(r"conv1\.|bn1\.|layer\d+\.|stem\.|stages\.|norm\.|head\.fc\.")
"""What names of a network begin with, but for its head."""
SHOWN = 8
"""How many parts of a file the line names."""


@dataclass(frozen=True)
class Reading:
    """A network that was read."""

    contents: Contents
    origin: Origin
    state: dict[str, Tensor]
    """The tensors under our names."""
    head: str | None
    """The layer beside the network that was taken as its head; None where there is none."""

    def log(self) -> None:
        """Says in one line what was chosen, and what else the file holds; nothing where it holds the network alone."""
        contents, parts = self.contents, []
        if contents.others:
            others = " or ".join(f"weights={place!r}" for place in contents.others)
            parts.append(f"took {contents.place!r} of several networks; {others} takes another")
        if self.head is not None:
            parts.append(f"{self.head!r} is taken as its head")
        tensors = self._left_tensors()
        noted = noted_classes(contents)
        used = {*self.origin.used, *([noted[0]] if noted else [])}
        left = [*tensors, *(name for name in contents.extras if name not in used)]
        if left:
            more = f" + {len(left) - SHOWN}" if len(left) > SHOWN else ""
            parts.append(f"left out: {', '.join(map(shown_name, left[:SHOWN]))}{more}")
        level = logging.WARNING if contents.others or tensors else logging.INFO
        if parts:
            logger.log(level, "%s: read by the names of %s; %s", contents.file, self.origin.name, "; ".join(parts))

    def _left_tensors(self) -> list[str]:
        """Parts of the file with tensors that are not used, with what they are where that is known."""
        known = self.origin.left_over(self.contents)
        taken = {id(tensor) for tensor in self.state.values()}
        used, _ = noted_normalization(self.contents)
        beside = (name for name, tensor in self.contents.around.items() if id(tensor) not in taken and name not in used)
        declared = (name for name in self.contents.tensors if _part_of(name, known) is not None)
        parts = {}
        for name in (*declared, *beside):
            part = _part_of(name, known)
            parts[part or SWAPPED.sub("ema_*", name.partition(".")[0])] = known.get(part or "", "")
        return [f"{part} ({what})" if what else part for part, what in parts.items()]


def read(contents: Contents) -> Reading:
    """The network under our names, with a linear layer beside a backbone as its head where only one can be."""
    origin = origin_of(contents)
    state = origin.rename(contents)
    ours = "head.fc" if any(name.startswith("stages.") for name in state) else "fc"
    if origin.options(contents).get("num_classes") == 0 or f"{ours}.weight" in state:
        return Reading(contents, origin, state, None)
    within = {name: tensor for name, tensor in state.items() if not TRUNK.match(name)}
    beside = within or contents.around
    head = _head_among(beside, state, {**contents.around, **within})
    if head is None:
        return Reading(contents, origin, state, None)
    found = {f"{head}.{leaf}": beside.get(f"{head}.{leaf}") for leaf in ("weight", "bias")}
    state = {name: tensor for name, tensor in state.items() if name not in found}
    state |= {f"{ours}.{name.rpartition('.')[2]}": tensor for name, tensor in found.items() if tensor is not None}
    return Reading(contents, origin, state, head)


def _head_among(
    tensors: Mapping[str, Tensor], state: Mapping[str, Tensor], everything: Mapping[str, Tensor]
) -> str | None:
    """The name of the one linear layer that takes what the network gives, and that nothing stands before or behind.

    Args:
        tensors: Where the layer is looked for.
        state: The network.
        everything: All that lies beside the network: a norm or a layer that gives as many features may stand between.
    """
    convolutions = sorted((name for name in state if CONVOLUTION.fullmatch(name)), key=_numbers)
    features = state[convolutions[-1]].shape[0] if convolutions else 0
    found = []
    for name, tensor in tensors.items():
        part = HEAD.fullmatch(name)
        if part and tensor.ndim == 2 and tensor.shape[1] == features:
            layer = name.removesuffix("weight")
            if all(other.startswith(layer) for other in tensors if other.startswith(part[1])):
                found.append(layer[:-1])
    if len(found) != 1 or any(
        tensor.shape[:1] == (features,) and tensor.ndim in (1, 2) and not name.startswith(f"{found[0]}.")
        for name, tensor in everything.items()
    ):
        return None
    return found[0]


def _numbers(name: str) -> list[int]:
    """The numbers in a name: those of the stage, of the block and of the convolution."""
    return [int(number) for number in re.findall(r"\d+", name)]


def _part_of(name: str, known: Mapping[str, str]) -> str | None:
    """The part of the file, among those that an origin leaves out, that a tensor is of."""
    return next((part for part in known if name == part or name.startswith(f"{part}.")), None)
