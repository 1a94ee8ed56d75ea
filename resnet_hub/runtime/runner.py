"""A network and a backend -> the logits of the network as it is at each call, however it was changed meanwhile."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from threading import Lock
from typing import Any, Generic, TypeVar, cast

import numpy as np
import torch
from torch import Tensor, nn

from resnet_hub.errors import CheckpointError, ConfigError, Phrase
from resnet_hub.models import PretrainedNetwork
from resnet_hub.nn import ResidualNetwork
from resnet_hub.preprocessing import normalize
from resnet_hub.runtime.fused import FusedNetwork, chosen_backend, fused_network, head_alone
from resnet_hub.runtime.obstacles import obstacle
from resnet_hub.runtime.snapshot import Snapshot, parts, same

logger = logging.getLogger(__name__)

SIDE = 64
"""Height and width of the blank image that a network with replaced parts is tried on, in pixels."""
OWN = ("models.build_anew", "models.head_is_linear")
"""What is advised where a part is neither the network's nor what a tool made of it."""
Kind = TypeVar("Kind", bound=nn.Module)


def checked_network(model: Kind) -> Kind:
    """The network, or what wraps one and shows its settings. Raises: ConfigError where it cannot answer."""
    if not isinstance(model, nn.Module) or not hasattr(model, "preprocessing") or not hasattr(model, "head_is_new"):
        kind = f"{type(model).__module__}.{type(model).__qualname__}"
        wrapped = isinstance(getattr(model, "module", None), ResidualNetwork)
        raise ConfigError("runner.wrapped_network" if wrapped else "runner.no_network", kind=kind)
    if any(weight.is_meta for weight in model.parameters()):
        raise ConfigError("runner.no_weights")
    return model


class Runner(Generic[Kind]):
    """Normalized images -> logits, in evaluation mode whatever mode the network is in. Thread-safe.

    A fused copy is made of the weights at the first call. Each call looks whether the network is still the one that was
    copied. Where it is not, "auto" answers with the network itself, and copies it again once it has stayed the same
    from one call to the next: training goes on between two answers without a copy for each.
    """

    def __init__(self, model: Kind, backend: str, precision: str) -> None:
        """Takes the settings of `ImageClassifier`. Raises: ConfigError where this network has no such backend."""
        on_cuda = next(model.parameters()).is_cuda
        chosen = ("bf16" if on_cuda else "fp32") if precision == "auto" else precision
        self.model, self._asked, self._precision = model, backend, chosen
        self._said: set[str] = set()
        self._begin()
        self._look()
        if isinstance(model, PretrainedNetwork) and model.has_replaced_parts and obstacle(model) is None:
            _check_parts(model)

    def _begin(self) -> None:
        self._lock, self._process = Lock(), os.getpid()
        self._parts: list[Any] = []
        self._backend = ""
        self._snapshot: Snapshot | None = None
        self._copy: FusedNetwork | None = None
        self._was_copied = False
        self._answering, self._training = 0, list[nn.Module]()

    def __getstate__(self) -> Mapping[str, Any]:
        """Without the copy, whose packed weights cannot be written, and the lock: both are made anew."""
        return {key: vars(self)[key] for key in ("model", "_asked", "_precision", "_said")}

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        vars(self).update(state)
        self._begin()

    @property
    def backend(self) -> str:
        """How the network is run as it is now: "eager" or "fused". Raises: ConfigError where that is not available."""
        with self._alone():
            return self._look()

    @property
    def precision(self) -> str:
        """What answers are computed in."""
        return self._precision

    @property
    def device(self) -> torch.device:
        """Where the network is."""
        return next(self.model.parameters()).device

    @property
    def dtype(self) -> torch.dtype:
        """What the weights are."""
        return next((weight.dtype for weight in self.model.parameters() if weight.is_floating_point()), torch.float32)

    def __call__(self, images: Tensor, *, pre_logits: bool = False) -> Tensor:
        """The logits (N, num_classes) of normalized images, float32 (N, C, H, W), or the features they are made of.

        Raises:
            ConfigError: "fused" was asked for, and the network was changed so that it is not available.
                Or its head or its stem was replaced by one that no checkpoint can describe.
            CheckpointError: A weight is not finite.
        """
        if (copied := self._current_copy()) is not None:
            return copied.features(images) if pre_logits else copied(images)
        with self._evaluation(), torch.autocast(images.device.type, torch.bfloat16, enabled=self._precision == "bf16"):
            model, given = cast(Any, self.model), images.to(self.dtype)
            return model.forward_head(model.forward_features(given), pre_logits=True) if pre_logits else model(given)

    def answer(self, pixels: Tensor | np.ndarray, *, pre_logits: bool = False) -> Tensor:
        """As calling does, of uint8 pixels (N, C, H, W) as `to_pixels` makes them; float32 on the CPU."""
        given = torch.from_numpy(pixels) if isinstance(pixels, np.ndarray) else pixels
        with torch.inference_mode():
            images = normalize(given.to(self.device), cast(Any, self.model).preprocessing)
            return self(images, pre_logits=pre_logits).float().cpu()

    def _computed_in(self) -> torch.dtype:
        return torch.bfloat16 if self._precision == "bf16" else self.dtype

    def _alone(self) -> Lock:
        """The lock, to be held by one thread; a new one in a forked process, where the old may never be released."""
        if self._process != os.getpid():
            self._lock, self._process = Lock(), os.getpid()
        return self._lock

    def _look(self) -> str:
        """The backend, chosen again where the network is made of other modules, settings or tensors than before."""
        if same(self._parts, now := self._parts_now()):
            return self._backend
        if isinstance(self.model, PretrainedNetwork):
            self.model.sync_config()
            now = self._parts_now()
        backend, reason = chosen_backend(self._asked, self.model, self._computed_in()), obstacle(self.model)
        if isinstance(self.model, PretrainedNetwork):
            _check_logits(self.model)
            if reason is None:
                _check_head(self.model)
            if refusal := self.model.refusal_to_save():
                _refuse_replaced(self.model, refusal)
                self._say("%s; the answers here are those of the network as it is", refusal)
        if reason and self._asked == "auto":
            self._say("the network runs as PyTorch runs it, since a fused copy would not be the same: %s", reason)
        self._parts, self._backend = now, backend
        self._snapshot = self._copy = None
        return backend

    def _say(self, sentence: str, reason: object) -> None:
        """Logs a reason, once."""
        if str(reason) not in self._said:
            self._said.add(str(reason))
            logger.warning(sentence, reason)

    def _parts_now(self) -> list[Any]:
        return [self._computed_in(), next(self.model.parameters()).is_cpu, *parts(self.model)]

    def _current_copy(self) -> FusedNetwork | None:
        """The fused copy of the network as it is now; None where it answers itself."""
        with self._alone():  # the first requests of a page may be concurrent
            if self._look() == "eager":
                return None
            if self._snapshot is None or not self._snapshot.still_holds():
                # Taken before the copy is made, so that what changes meanwhile is seen at the next call.
                self._snapshot, self._copy = Snapshot(self.model), None
                if self._was_copied and self._asked == "auto":
                    return None
            if self._copy is None:
                assert isinstance(self.model, ResidualNetwork)
                self._copy, self._was_copied = fused_network(self.model, self._computed_in()), True
            return self._copy

    @contextmanager
    def _evaluation(self) -> Iterator[None]:
        """Evaluation mode, for as long as any thread answers; then every module is in the mode in which it was."""
        with self._alone():
            if not self._answering:
                self._training = [module for module in self.model.modules() if module.training]
                self._set_training(False)
            self._answering += 1
        try:
            yield
        finally:
            with self._alone():
                self._answering -= 1
                if not self._answering:
                    self._set_training(True)

    def _set_training(self, mode: bool) -> None:
        """Sets those modules' own mode: `train` would set that of the frozen modules inside them as well."""
        for module in self._training:
            module.training = mode


def _refuse_replaced(model: PretrainedNetwork, refusal: CheckpointError) -> None:
    """Raises: ConfigError where somebody put a head or a stem of their own in, which no checkpoint can describe.

    What a tool made of the old one (pruned, quantized, with adapters) answers: it can be undone, and saved then.
    """
    module = refusal.fields.get("module") or str(refusal.fields.get("tensor", "")).rpartition(".")[0]
    advice = refusal.fields.get("advice")
    by_tool = isinstance(advice, Phrase) and advice.code not in OWN
    if model.is_head_or_stem(module) and not by_tool:
        _check_parts(model)  # one that computes nothing is told so
        raise ConfigError("runner.replaced", reason=refusal) from refusal


def _check_logits(model: PretrainedNetwork) -> None:
    """Raises: ConfigError where the head makes scores of its logits itself."""
    last = list(model.get_classifier().modules())[-1]
    if isinstance(last, nn.Softmax | nn.Sigmoid):
        raise ConfigError("runner.head_makes_scores", name=model.classifier, kind=type(last).__name__)


def _check_head(model: PretrainedNetwork) -> None:
    """Raises: ConfigError where the head cannot classify."""
    if not model.num_classes:
        return  # which `output_names` refuses
    features = torch.zeros(1, model.num_features, 1, 1)
    try:
        found: Any = list(head_alone(model).forward_head(features).shape)
    except (AttributeError, NotImplementedError, RuntimeError) as error:
        found = str(error).partition("\n")[0]
    if found != [1, model.num_classes]:
        raise ConfigError("runner.head", name=model.classifier, features=model.head_hidden_size, found=found)


def _check_parts(model: PretrainedNetwork) -> None:
    """Raises: ConfigError where the parts of a network in evaluation mode do not fit each other."""
    weight = next(model.parameters())
    try:
        with torch.no_grad():
            model(torch.zeros(1, model.config.in_chans, SIDE, SIDE, dtype=weight.dtype, device=weight.device))
    except RuntimeError as error:
        raise ConfigError("runner.parts", error=str(error).partition("\n")[0]) from error
