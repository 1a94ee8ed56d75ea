"""When modules are loaded, and which packages of an extra they need."""

from resnet_hub.imports.doors import lazy_door
from resnet_hub.imports.extras import EXTRAS, MissingExtraError, is_installed, require_extra

__all__ = ["EXTRAS", "MissingExtraError", "is_installed", "lazy_door", "require_extra"]
