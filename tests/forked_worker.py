"""What xdist starts in place of an interpreter: `forked_worker.py FOLDER -u -c SOURCE` has the zygote fork one.

Each process of tests imports every file of tests, and with them torch, timm, transformers, datasets and gradio: that
takes longer than a thousand tests, and once is enough.
"""

import os
import shutil
import sys
import tempfile
from pathlib import Path

import zygote

NEEDS = (
    "accelerate.commands.launch",
    "gradio_client",
    "hypothesis",
    "playwright.sync_api",
    "resnet_hub.cli.entry",
    "resnet_hub.demo.page",
    "resnet_hub.explain",
    "resnet_hub.space",
    "sklearn.datasets",
    "timm",
    "training.check",
    "training.evaluate",
    "training.finetune",
    "training.predict",
    "transformers.pipelines",
)
"""What files of tests import and what takes long; of what is missing here, each process imports its own."""


def main() -> int:
    """Lends this process's streams to a fork that runs the source; returns its exit status."""
    folder, source = sys.argv[1], sys.argv[-1]
    zygote.share(Path(folder))
    home = tempfile.mkdtemp(prefix="resnet-hub-tests-")
    try:
        environment = {**os.environ, "HF_HOME": home, zygote.FORKED: home}
        return zygote.lend(["-c", source], needs=NEEDS, env=environment)
    finally:
        zygote.stop()
        shutil.rmtree(home, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
