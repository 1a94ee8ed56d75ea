"""An ONNX model in float32 -> one in 8-bit whole numbers, calibrated on images, but for what it hurts."""

from resnet_hub.export.quantization.search import Quantized, quantized

__all__ = ["Quantized", "quantized"]
