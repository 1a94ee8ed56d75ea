"""What a file holds -> the networks in it, without what wrappers and training scripts put around them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from os.path import commonprefix
from typing import Any

from torch import Tensor

from resnet_hub.checkpoint.origins import ORIGINS, unmasked

WRAPPERS = re.compile(r"(?<![^.])(?:module|_orig_mod|_fsdp_wrapped_module|_checkpoint_wrapped_module)\.")
"""What DataParallel, torch.compile, FSDP and activation checkpointing put into names, in front or between."""
STATE_DICTS = ("state_dict", "model_state_dict", "model_state", "model", "net", "network", "weights", "params")
"""Where training scripts keep a network; any other place is one where it holds a convolution."""
DEPTH = 4
"""How deep networks lie inside dictionaries."""
NO_NETWORKS = re.compile(r"optim|sched|scaler|loops|callbacks|rng|hyper|args|config", re.IGNORECASE)
"""Places whose tensors are no network's."""
COUNTERS = ("n_averaged", "initted", "step", "queue_ptr")
"""What averages count beside the network that they wrap."""


@dataclass(frozen=True)
class Candidate:
    """A network in a file."""

    place: str
    """Where it lies, such as "state_dict.model"; empty where the file is that network's state dict."""
    tensors: Mapping[str, Tensor]
    """Its tensors, without prefix."""
    around: Mapping[str, Tensor]
    """The tensors of the same state dict that are no network's."""
    modules: frozenset[str]
    """Names of its modules, where the state dict keeps them."""
    known: bool
    """Whether its tensors bear the names of an origin."""


def candidates(content: object) -> list[Candidate]:
    """Every network that a file holds; those whose names no origin knows only where there is no other."""
    found = [candidate for place, state in _state_dicts(content) for candidate in _networks(place, state)]
    return [one for one in found if one.known] or found


def extras_of(content: object) -> dict[str, Any]:
    """What a file holds beside networks, by name."""
    if not isinstance(content, Mapping):
        return {}
    places = [place for place, _ in _state_dicts(content)]
    networks = {place[0] for place in places if place}
    return {
        str(name): value
        for name, value in content.items()
        if name not in networks and not (isinstance(value, Tensor) and () in places)
    }


def plain_names(names: Sequence[str]) -> list[str]:
    """The names of a file's tensors without what wrappers put in front of every one of them."""
    plain = [plain_name(name) for name in names]
    shared = commonprefix(plain)  # noqa: RUF071  # these are no paths
    prefix = shared[: shared.rfind(".") + 1]
    return [name.removeprefix(prefix) for name in plain]


def plain_name(name: str) -> str:
    """The name of a tensor without what wrappers put into it."""
    return WRAPPERS.sub("", name)


def _state_dicts(content: object, place: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Mapping[str, Any]]]:
    """The state dicts inside dictionaries of dictionaries, with the keys that lead to each."""
    if not isinstance(content, Mapping) or not content or len(place) > DEPTH:
        return
    tensors = {key: value for key, value in content.items() if isinstance(key, str) and isinstance(value, Tensor)}
    known = (place and place[-1] in STATE_DICTS) or (not place and len(tensors) == len(content))
    if tensors and (known or any(tensor.ndim == 4 for tensor in tensors.values())):
        yield place, content
    for key, value in content.items():
        if isinstance(key, str) and not isinstance(value, Tensor) and not NO_NETWORKS.search(key):
            yield from _state_dicts(value, (*place, key))


def _networks(place: tuple[str, ...], state: Mapping[str, Any]) -> Iterator[Candidate]:
    """The networks of one state dict: one for each tensor that begins the first stage of a known kind."""
    plain = {
        plain_name(name): tensor
        for name, tensor in state.items()
        if isinstance(name, str) and isinstance(tensor, Tensor) and name not in COUNTERS
    }
    plain = unmasked(plain)
    roots = sorted({root for name in plain if (root := _root(name)) is not None})
    if not roots:
        tensors = dict(zip(plain_names(list(plain)), plain.values(), strict=True))
        yield Candidate(".".join(place), tensors, {}, frozenset(), known=False)
    modules = _module_names(state)
    for root in roots:
        yield Candidate(
            ".".join((*place, *filter(None, [root[:-1]]))),
            {name[len(root) :]: tensor for name, tensor in plain.items() if name.startswith(root)},
            {name: tensor for name, tensor in plain.items() if not name.startswith(tuple(roots))},
            frozenset(name[len(root) :] for name in modules if name.startswith(root)),
            known=True,
        )


def _module_names(state: Mapping[str, Any]) -> list[str]:
    """The names of modules that torch keeps beside a state dict for the versions of their layers."""
    kept = getattr(state, "_metadata", None)
    return [plain_name(f"{name}.")[:-1] for name in kept if isinstance(name, str)] if isinstance(kept, Mapping) else []


def _root(name: str) -> str | None:
    """What stands in front of the tensor that a network of a known origin has once; None for any other tensor."""
    for origin in ORIGINS:
        found = origin.anchor.search(name)
        if found and (found.start() == 0 or name[found.start() - 1] in "./"):
            return name[: found.start()]
    return None
