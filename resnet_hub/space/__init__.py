"""A network and the page -> the files of a Space, which answers there or in the visitor's browser."""

from resnet_hub.space.model import RUN_SHOWN, served_model
from resnet_hub.space.present import HARDWARE, SpaceSettings
from resnet_hub.space.push import push_space, space_address, write_space
from resnet_hub.space.static import model_for_browsers

__all__ = [
    "HARDWARE",
    "RUN_SHOWN",
    "SpaceSettings",
    "model_for_browsers",
    "push_space",
    "served_model",
    "space_address",
    "write_space",
]
