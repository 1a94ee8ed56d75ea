"""What an exported file says of itself: the network, its input, its classes and figures, as texts in the file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from resnet_hub.checkpoint import MAX_CONFIG_BYTES, CheckpointConfig
from resnet_hub.errors import CheckpointError, ResNetHubError

KEY = "resnet_hub"
"""The text that this project reads back; the others say the same to whoever has no reader for it."""
INPUTS = ("tensor", "image", "pixels")
PRECISIONS = ("fp32", "fp16", "int8")
OWN = ("num_features", "source", "input", "precision", "weights", "head_hidden_size", "feature_map_bytes")
"""The facts that the text for this project holds as they are."""


@dataclass(frozen=True)
class FileFacts:
    """All that an exported file says besides its graph."""

    config: CheckpointConfig
    """The network, its preprocessing, class names and metadata."""
    num_features: int
    """Channels of the last feature map."""
    label_names: tuple[str, ...]
    """One name for each output."""
    source: str
    """What it was exported from, as it was named."""
    input: str = "tensor"
    """One of `INPUTS`: the normalized tensor (N, C, H, W); an image, uint8 (H, W, C), of any size; or the same as
    transformers.js gives it, float32 (1, C, H, W) from 0 to 255."""
    precision: str = "fp32"
    """One of `PRECISIONS`: what its weights are."""
    versions: Mapping[str, str] = field(default_factory=dict)
    """Package -> version, of those that made it."""
    weights: str = ""
    """The digest of the weights that it was made of, as `checkpoint.digest` computes it; empty in older files."""
    head_hidden_size: int = 0
    """Length of the features that the head takes; 0 in older files."""
    feature_map_bytes: int = 0
    """As `models.feature_map_bytes` of the network; 0 in older files."""

    def to_texts(self) -> dict[str, str]:
        """Key -> text, as the file keeps them."""
        config = self.config.to_json(self.num_features)
        own = {name: getattr(self, name) for name in OWN}
        metadata = self.config.metadata
        said = {
            KEY: {**own, "versions": dict(self.versions), "config": config},
            "labels": list(self.label_names),
            "task": self.config.network.task,
            "preprocessing": self.config.preprocessing.to_json(),
            "license": metadata.license,
            "source": self.source,
            "metrics": metadata.metrics,
            "precision": self.precision,
        }
        return {
            key: value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
            for key, value in said.items()
            if value is not None
        }

    @classmethod
    def from_texts(cls, texts: Mapping[str, str], file: str) -> Self:
        """The inverse of `to_texts`. Raises: CheckpointError where the file does not say it."""
        text = texts.get(KEY)
        if text is None:
            raise CheckpointError("exported.says_nothing", file=file)
        if len(text) > MAX_CONFIG_BYTES:
            raise CheckpointError("exported.facts_not_read", file=file, reason=f"{len(text):,} characters")
        try:
            values = json.loads(text)
            return cls._from_values(values, json.loads(texts["labels"]))
        except (ResNetHubError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            reason = str(error) or type(error).__name__
            raise CheckpointError("exported.facts_not_read", file=file, reason=reason) from error

    @classmethod
    def _from_values(cls, values: Any, labels: Any) -> Self:
        config = CheckpointConfig.from_json(values["config"])
        if not isinstance(labels, list) or len(labels) != config.network.num_classes:
            raise ValueError("class names that are not one for each output")
        if values["input"] not in INPUTS or values["precision"] not in PRECISIONS:
            raise ValueError(f"input {values['input']!r} of precision {values['precision']!r}")
        return cls(
            config=config,
            num_features=int(values["num_features"]),
            label_names=tuple(map(str, labels)),
            source=str(values["source"]),
            input=values["input"],
            precision=values["precision"],
            versions={str(name): str(version) for name, version in values["versions"].items()},
            weights=str(values.get("weights", "")),
            head_hidden_size=int(values.get("head_hidden_size", 0)),
            feature_map_bytes=int(values.get("feature_map_bytes", 0)),
        )
