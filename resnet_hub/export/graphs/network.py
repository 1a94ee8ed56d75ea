"""A network -> its graph: normalized images -> logits and features, as an ONNX model or a program of torch.export."""

from __future__ import annotations

import logging
import warnings
from copy import deepcopy
from typing import Any

import torch
from torch import Tensor, nn

from resnet_hub.errors import CheckpointError
from resnet_hub.imports import require_extra
from resnet_hub.models import PretrainedNetwork

OPSET = 18
"""The first in which a resize smooths what it shrinks, as Pillow does."""
logger = logging.getLogger(__name__)


class LogitsAndFeatures(nn.Module):
    """Normalized images (N, C, H, W) -> logits (N, num_classes) and pooled features (N, features)."""

    def __init__(self, model: PretrainedNetwork) -> None:
        super().__init__()
        self.network = model

    def forward(self, pixel_values: Tensor) -> tuple[Tensor, Tensor]:
        """Both of the same pass."""
        features = self.network.forward_head(self.network.forward_features(pixel_values), pre_logits=True)
        return self.network._classify(features), features


def exported_program(model: PretrainedNetwork) -> tuple[torch.export.ExportedProgram, str]:
    """The network as a program, in float32 and evaluation mode, and which of its sizes are free.

    Args:
        model: A network with a head; it stays as it is.

    Returns:
        The program, and "batch, height and width", or "batch" where the network computes at one size only.

    Raises:
        CheckpointError: The network cannot be traced; the sentence names the reason.
    """
    whole = LogitsAndFeatures(deepcopy(model).cpu().float()).eval().requires_grad_(False)
    example = (torch.zeros(2, *model.preprocessing.input_size),)
    reason = ""
    for free, sizes in (("batch, height and width", (0, 2, 3)), ("batch", (0,))):
        shapes = {"pixel_values": dict.fromkeys(sizes, torch.export.Dim.DYNAMIC)}
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                return torch.export.export(whole, example, dynamic_shapes=shapes), free
        except Exception as error:  # whatever a changed part raises while it is traced
            reason = _first_line(error)
    raise CheckpointError("export.cannot_be_traced", architecture=model.config.architecture, reason=reason)


def onnx_graph(program: torch.export.ExportedProgram) -> Any:
    """The ONNX model of a program: `pixel_values` -> `logits`, `features`, with norms folded into convolutions.

    Raises:
        CheckpointError: It has an operation that ONNX lacks, which is named.
        MissingExtraError: What writes ONNX is not installed.
    """
    require_extra("onnx")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            written = torch.onnx.export(
                program,
                dynamo=True,
                opset_version=OPSET,
                input_names=["pixel_values"],
                output_names=["logits", "features"],
                external_data=False,
                verbose=False,
            )
    except Exception as error:  # of the exporter's own kinds, which differ by their versions
        raise CheckpointError("export.cannot_be_written", form="ONNX", reason=_first_line(error)) from error
    assert written is not None
    proto = written.model_proto
    _name_free_sizes(proto)
    return proto


def _name_free_sizes(proto: Any) -> None:
    """Gives the sizes that are free the names that readers of ONNX files know them by."""
    names = dict(zip((0, 2, 3), ("batch", "height", "width"), strict=True))
    shape = proto.graph.input[0].type.tensor_type.shape.dim
    renamed = {shape[place].dim_param: name for place, name in names.items() if shape[place].dim_param}
    for value in [*proto.graph.input, *proto.graph.output, *proto.graph.value_info]:
        for size in value.type.tensor_type.shape.dim:
            if size.dim_param in renamed:
                size.dim_param = renamed[size.dim_param]


def _first_line(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return (lines[0] if lines else type(error).__name__)[:300]
