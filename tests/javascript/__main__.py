"""Compares what transformers.js answers, under Node, with ImageClassifier: `python tests/javascript [SOURCE]`.

The folder of `resnet-hub export --to transformers.js` is opened on this machine, and by way of the tests' own Hub.
Node and npm are needed; the npm package is installed into .javascript/ without any script of its own.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
REPOSITORY = HERE.parents[1]
PLACE = REPOSITORY / ".javascript"
PACKAGE = "@huggingface/transformers@4.3.2"
"""What was tried last."""
LIBRARY = PLACE / "node_modules" / "@huggingface" / "transformers" / "dist" / "transformers.node.mjs"
COUNT = 20
"""Photographs that are compared at most."""
NAME = "alice/in-javascript"
os.environ["HF_HUB_DISABLE_XET"] = "1"  # which that Hub has not, and the client reads once
sys.path[:0] = [str(REPOSITORY), str(REPOSITORY / "tests")]


def installed(library: Path | None) -> Path:
    """transformers.js, which is installed where no file of it is named."""
    if library is not None:
        return library.resolve()
    if not LIBRARY.exists():
        PLACE.mkdir(exist_ok=True)
        options = ("--prefix", str(PLACE), "--ignore-scripts", "--no-audit", "--no-fund", "--silent")
        subprocess.run(["npm", "install", *options, PACKAGE], check=True)
    return LIBRARY


def answers(library: Path, model: str, host: str, images: list[Path]) -> list[dict[str, float]]:
    """Class name -> score, of each image, by transformers.js."""
    command = ["node", str(HERE / "classify.mjs"), str(library), model, host, *map(str, images)]
    told = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return [{row["label"]: row["score"] for row in reversed(rows)} for rows in told]


def compared(library: Path, source: str, images: list[Path]) -> bool:
    """Prints how far apart the scores are, and says whether all best classes are the same."""
    from fake_hub import FakeHub
    from huggingface_hub import HfApi

    from resnet_hub import AutoResNet, ImageClassifier
    from resnet_hub.export import export_for_javascript

    classifier = ImageClassifier.from_pretrained(source, device="cpu")
    expected = classifier(images, top_k=20)
    alike = True
    with tempfile.TemporaryDirectory() as place, FakeHub() as hub:
        folder = Path(place, "model")
        export_for_javascript(AutoResNet.from_pretrained(source), folder, source=source, told=print)
        api = HfApi(endpoint=hub.url, token=hub.token)
        api.create_repo(NAME)
        api.upload_folder(repo_id=NAME, folder_path=folder)
        for where, model, host in (("folder", str(folder), "-"), ("Hub", NAME, hub.url)):
            found = answers(library, model, host, images)
            same = sum(max(one, key=one.get) == rows[0].label for one, rows in zip(found, expected, strict=True))
            pairs = zip(found, expected, strict=True)
            apart = max(abs(one[row.label] - row.score) for one, rows in pairs for row in rows)
            print(f"{where}: {same} of {len(images)} best classes are the same, scores at most {apart:.1e} apart")
            alike &= same == len(images)
    return alike


def main() -> int:
    """0 where every best class is the same."""
    from resnet_hub.checkpoint import BUNDLED
    from resnet_hub.demo.examples import FREE_IMAGES

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", nargs="?", default=str(BUNDLED), help="a network; the bundled one where absent")
    parser.add_argument("--images", type=Path, default=FREE_IMAGES, help="a folder; the bundled photographs if absent")
    parser.add_argument("--library", type=Path, help="transformers.node.mjs, where it is installed elsewhere")
    given = parser.parse_args()
    suffixes = (".jpg", ".jpeg", ".png")
    images = [path for path in sorted(given.images.iterdir()) if path.suffix.lower() in suffixes][:COUNT]
    return 0 if compared(installed(given.library), given.source, images) else 1


if __name__ == "__main__":
    sys.exit(main())
