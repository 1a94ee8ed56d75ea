"""A checkpoint -> what answers in a browser: a file of ONNX that takes images, proven, and what is known of it."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from resnet_hub.checkpoint import local_path
from resnet_hub.config import IMAGE_MODES
from resnet_hub.errors import ConfigError
from resnet_hub.export import Proof, export_file
from resnet_hub.label_names import label_names_of
from resnet_hub.models import AutoResNet, PretrainedNetwork
from resnet_hub.runtime import ExportedNetwork
from resnet_hub.space.model import ServedModel

PRECISION = "fp16"
"""Half the size of float32, and the same answers; whole numbers change scores by more than what is shown."""
logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class BrowserModel:
    """A network as a browser runs it."""

    served: ServedModel
    """Where it comes from."""
    network: PretrainedNetwork
    label_names: tuple[str, ...]
    """One name for each output."""
    file: bytes
    """The .onnx file: `image`, uint8 (H, W, C) -> `scores`, and `evidence` where it has a heat map."""
    has_heat_map: bool
    """Whether the file says what each place of the last feature map adds to a class."""
    proof: Proof
    """How the file was found to answer."""


def model_for_browsers(source: str, served: ServedModel, images: str | Path | None = None) -> BrowserModel:
    """Exports a network for browsers, and keeps it only if it answers alike.

    Args:
        source: What `served` was made of.
        served: Its license, its origin and its examples.
        images: At least 100 images to compare with; crops of bundled photographs where absent.

    Raises:
        CheckpointError: It cannot be exported, or would answer too differently.
        ConfigError: A browser has no images for it.
        HubError: The Hub refused or could not be reached.
        MissingExtraError: What writes ONNX is not installed.
    """
    channels = served.config.preprocessing.input_size[0]
    if channels not in IMAGE_MODES:
        raise ConfigError("space.other_bands", channels=channels)
    given = served.classifier.model if served.classifier is not None else None
    network = given if isinstance(given, PretrainedNetwork) else AutoResNet.from_pretrained(source)
    logger.info("the network is written for browsers and compared with PyTorch on at least 100 images")
    named = Path(source).name if local_path(source) is not None else source
    with TemporaryDirectory() as folder:
        file = Path(folder, "model.onnx")
        written = export_file(network, file, precision=PRECISION, input="image", images=images, source=named)
        assert written.proof is not None
        logger.info("%s", written.proof.in_words())
        content, has_heat_map = file.read_bytes(), "evidence" in ExportedNetwork(file).outputs
    if not has_heat_map:
        logger.info("the page shows no heat map: the head of this network is no average of places times weights")
    return BrowserModel(served, network, label_names_of(network), content, has_heat_map, written.proof)
