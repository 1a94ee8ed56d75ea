"""The trainer as `resnet_hub.training` in a checkout, where its source is the folder `training/` beside the package.

An installed package has that folder in the place of this file; a Space has the page alone, and no trainer.
"""

from __future__ import annotations

import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

from resnet_hub.imports import MissingExtraError

PROJECT = Path(__file__).resolve().parent.parent
SOURCE = PROJECT / "training"

_spec = spec_from_file_location(__name__, SOURCE / "__init__.py", submodule_search_locations=[str(SOURCE)])
if _spec is None or _spec.loader is None or not (SOURCE / "finetune.py").is_file():
    raise MissingExtraError("install.no_trainer", folder=str(PROJECT))
# What is imported is what stands here when this file has been run.
sys.modules[__name__] = module_from_spec(_spec)
_spec.loader.exec_module(sys.modules[__name__])
