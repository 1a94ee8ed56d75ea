"""A network and the page -> the files of a Space."""

from resnet_hub.space.files import HARDWARE, SpaceSettings
from resnet_hub.space.model import RUN_SHOWN, served_model
from resnet_hub.space.push import push_space, space_address, write_space

__all__ = ["HARDWARE", "RUN_SHOWN", "SpaceSettings", "push_space", "served_model", "space_address", "write_space"]
