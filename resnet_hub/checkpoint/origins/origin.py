"""A row of the table of origins: what one writer calls the tensors of a network, and what else it means by them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor

from resnet_hub.config import Preprocessing, ResNetConfig


@dataclass(frozen=True)
class Contents:
    """One network of a file or folder, as its writer left it, and what lies around it."""

    tensors: Mapping[str, Tensor]
    """The tensors of the network under its writer's names, without what wrappers put in front of them."""
    around: Mapping[str, Tensor] = field(default_factory=dict)
    """The tensors of the same state dict that lie beside the network: projection heads, queues, losses."""
    place: str = ""
    """Where in the file the network lies, such as "state_dict.encoder_q"; empty where the file is its state dict."""
    config: Mapping[str, Any] | None = None
    """config.json as it is; None where there is none."""
    extras: Mapping[str, Any] = field(default_factory=dict)
    """What else the file holds, by name, such as "epoch" or "args"; whatever it was, nothing of it was run."""
    others: tuple[str, ...] = ()
    """Places of the networks that were not chosen."""
    modules: frozenset[str] = frozenset()
    """The names of the network's modules, those without tensors too; empty where the file does not keep them."""
    file: str = ""
    """The name of the file or folder, without the folder it lies in."""
    size: int = 0
    """Bytes of the file."""
    digest: Callable[[], str] = str
    """SHA-256 of the file in hexadecimal digits, computed when asked for; empty where there is no single file."""


def _nothing(_: Contents) -> dict[str, str]:
    return {}


def _no_options(_: Contents) -> dict[str, Any]:
    return {}


def _no(_: Contents) -> bool:
    return False


def _unknown(_: Contents) -> None:
    return None


def _unknown_input(_: Contents, __: ResNetConfig) -> None:
    return None


@dataclass(frozen=True)
class Origin:
    """How one writer's networks are recognized and read. Every function is given the whole `Contents`."""

    name: str
    """What a log line calls the writer, such as "torchvision"."""
    anchor: re.Pattern[str]
    """Matches the end of the name of one tensor that every network of this origin has exactly once.

    What stands in front of the match is the part of the file that holds the network, such as "module.encoder_q.".
    """
    recognize: Callable[[Contents], bool]
    """Whether the network is of this origin; the first row of the table that says so is asked for all the rest."""
    rename: Callable[[Contents], dict[str, Tensor]]
    """The tensors under the names of our networks, turned and reordered where the writer keeps them otherwise."""
    left_over: Callable[[Contents], Mapping[str, str]] = _nothing
    """Name, or beginning of names, of tensors that `rename` leaves out -> what they are, in a few words for a log line.

    What is left out of `around` and not named here is told by name alone.
    """
    network: Callable[[Contents], ResNetConfig | None] = _unknown
    """The whole network, where the file or its config says it; None leaves it to the shapes of the tensors."""
    architectures: tuple[str, ...] = ("*",)
    """Patterns of the networks that this writer has, to choose by among those whose tensors have the same shapes."""
    options: Callable[[Contents], Mapping[str, Any]] = _no_options
    """Options that this writer's networks have beyond the architecture that the shapes say, such as `num_classes=0`."""
    preprocessing: Callable[[Contents, ResNetConfig], Preprocessing | None] = _unknown_input
    """What this writer's networks take as input; None where nothing is known of it."""
    says_input: Callable[[Contents], bool] = _no
    """Whether the file itself says its input; where not, what `preprocessing` returns is said to be an assumption."""
    used: frozenset[str] = frozenset()
    """Names of `extras` that are read, so that no log line says that they are left out."""
    label_names: Callable[[Contents], tuple[str, ...] | None] = _unknown
    """Names of the classes in index order; None where the file has none."""
    folds_norms: bool = False
    """Whether norms without statistics may be batch norms that were folded, which only the caller can know."""
