"""Runs other projects' own tests of timm's networks on ours: `python tests/peers --timm FOLDER`.

The folder is a checkout of https://github.com/huggingface/pytorch-image-models; nothing of it is kept here.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
TESTS = "tests/test_models.py"
LEFT_OUT = "test_model_load_pretrained or test_model_features_pretrained or naflex or gemma4 or with_features_fx"
"""Those that fetch weights, and those of other networks."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--timm", type=Path, required=True, metavar="FOLDER", help="a checkout of timm")
    parser.add_argument("--networks", metavar="NAME,NAME", help="instead of the smallest of each kind")
    parser.add_argument("pytest", nargs="*", help="further arguments of pytest, behind --")
    options = parser.parse_args()
    file = options.timm.resolve() / TESTS
    if not file.is_file():
        parser.error(f"{options.timm} is no checkout of timm: it has no {TESTS}")
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join((str(HERE), str(HERE.parent.parent), os.environ.get("PYTHONPATH", ""))),
        "HF_HUB_OFFLINE": "1",
        **({"PEERS_NETWORKS": options.networks} if options.networks else {}),
    }
    command = [sys.executable, "-m", "pytest", "-c", str(HERE / "pytest.ini"), f"--rootdir={HERE}"]
    command += ["-p", "substitution", "-k", f"not ({LEFT_OUT})", str(file), *options.pytest]
    # From elsewhere: in the checkout, its own timm would be imported in place of the installed one.
    return subprocess.run(command, env=environment, cwd=HERE).returncode


if __name__ == "__main__":
    sys.exit(main())
