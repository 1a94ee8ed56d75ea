"""Fine-tuning and evaluation, run by `accelerate launch`; nothing in the library imports it."""

import os
from pathlib import Path

# Read once, when torch loads OpenMP. A thread that waits for another sleeps instead of spinning: on a busy machine that
# is several times quicker, because the other one gets the core, and on an idle one it costs nothing that was measured.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

from resnet_hub.errors import FOLDERS

FOLDERS.append(Path(__file__).with_name("texts"))
