"""The graphs of exported files: a network's, what is put before and behind it, and their numbers in fewer bits."""

from resnet_hub.export.graphs.half_precision import in_half
from resnet_hub.export.graphs.images import image_graph
from resnet_hub.export.graphs.network import exported_program, onnx_graph
from resnet_hub.export.graphs.pixels import pixels_graph
from resnet_hub.export.graphs.quantization import Quantized, quantized

__all__ = ["Quantized", "exported_program", "image_graph", "in_half", "onnx_graph", "pixels_graph", "quantized"]
