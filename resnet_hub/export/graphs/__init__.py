"""The graphs of exported files: a network's, what is put before and behind it, and their weights in half precision."""

from resnet_hub.export.graphs.half_precision import in_half
from resnet_hub.export.graphs.images import image_graph, pixels_before_network
from resnet_hub.export.graphs.network import exported_program, onnx_graph
from resnet_hub.export.graphs.pixels import pixels_graph

__all__ = ["exported_program", "image_graph", "in_half", "onnx_graph", "pixels_before_network", "pixels_graph"]
