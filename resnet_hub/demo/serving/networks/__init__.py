"""The networks that answer visitors: which are offered, how they are opened and held, what they take of the disk."""

from resnet_hub.demo.serving.networks.model_pool import ModelPool, start_pool
from resnet_hub.demo.serving.networks.open_model import BATCH, OpenModel
from resnet_hub.demo.serving.networks.zero_gpu import prepare

__all__ = ["BATCH", "ModelPool", "OpenModel", "prepare", "start_pool"]
