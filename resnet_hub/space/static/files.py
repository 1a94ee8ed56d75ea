"""A network and the page that answers in the browser -> the files of a static Space, or of any web server's folder."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from huggingface_hub import constants

from resnet_hub.card import text
from resnet_hub.checkpoint import CARD_FILE
from resnet_hub.demo.examples import find_examples
from resnet_hub.errors import ConfigError, Phrase
from resnet_hub.space.model import EXAMPLES_FOLDER
from resnet_hub.space.present import PresentSpace, SpaceSettings
from resnet_hub.space.readme import keys_of_model, readme, title_of
from resnet_hub.space.static.browser_model import BrowserModel
from resnet_hub.space.static.facts import FACTS_FILE, MODEL_FILE, as_json, facts
from resnet_hub.space.static.icon import icon
from resnet_hub.space.static.packing import packed_weights
from resnet_hub.space.static.runtime import runtime_files, wasm_file
from resnet_hub.space.static.words import page_words

PAGE = Path(__file__).with_name("page")
PAGE_SUFFIXES = (".html", ".css", ".js")
ENTRY = "index.html"
SERVICE_WORKER = "service_worker.js"
OWN = ("runtime/", f"{EXAMPLES_FOLDER}/")
"""Folders whose files are ours alone."""
THREADS = {
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-embedder-policy": "require-corp",
    "cross-origin-resource-policy": "cross-origin",
}
"""What the Hub is asked to send with each file, so that the network may compute in several threads."""


def static_files(
    model: BrowserModel, repo_id: str, present: PresentSpace, settings: SpaceSettings
) -> dict[str, bytes | Path]:
    """Every file of the static Space "owner/name", by its path: its content, or the file that holds it."""
    own = [path for name, path in model.served.files.items() if f"/{EXAMPLES_FOLDER}/" in name]
    shown = [path for path in own if isinstance(path, Path)] or find_examples("", model.label_names).paths
    examples = {f"{EXAMPLES_FOLDER}/{index}{path.suffix.lower()}": path for index, path in enumerate(shown, 1)}
    title, weights = settings.title or _title_before(present), packed_weights(model.file)
    files: dict[str, bytes | Path] = {
        **{path.name: path for path in sorted(PAGE.iterdir()) if path.suffix in PAGE_SUFFIXES},
        **runtime_files(),
        **examples,
        MODEL_FILE: weights,
        "words.json": as_json(page_words()),
        "icon.png": icon(),
        "manifest.webmanifest": as_json(_manifest(title or title_of(repo_id))),
    }
    known = facts(model, len(weights), examples, title, "credit_own" if own else "credit")
    files[FACTS_FILE] = as_json(known | {"kept": [name for name in files if name != SERVICE_WORKER]})
    files[SERVICE_WORKER] = _service_worker(files, repo_id)
    said = _text(model, repo_id, title or title_of(repo_id))
    values = {"sdk": "static", "app_file": ENTRY, "custom_headers": THREADS, **keys_of_model(model.served)}
    files[CARD_FILE] = readme(repo_id, present.card, settings, values, said, drop=("thumbnail",)).encode()
    return files


def stale_static_paths(present: PresentSpace, files: Mapping[str, object]) -> list[str]:
    """What an earlier version of us left and the new one has no more."""
    return sorted(path for path in present.paths if path.startswith(OWN) and path not in files)


def check_static_present(present: PresentSpace, where: str | Phrase) -> None:
    """Raises: ConfigError when a page is there that we did not write."""
    if FACTS_FILE not in present.paths and SERVICE_WORKER in present.paths:
        raise ConfigError("space.other_program", where=where, file=SERVICE_WORKER)


def _title_before(present: PresentSpace) -> str | None:
    """The title that the page has already."""
    try:
        found = json.loads(present.page).get("title")
    except (ValueError, AttributeError):
        return None
    return found if isinstance(found, str) and found else None


def _manifest(name: str) -> dict[str, Any]:
    """What a phone or a desktop shows of the page once it is installed."""
    return {
        "name": name,
        "short_name": name[:24],
        "id": "./",
        "start_url": "./",
        "scope": "./",
        "display": "standalone",
        "background_color": "#fbfcfc",
        "theme_color": "#0f766e",
        "icons": [{"src": "icon.png", "sizes": "512x512", "type": "image/png", "purpose": "any"}],
    }


def _service_worker(files: Mapping[str, bytes | Path], repo_id: str) -> bytes:
    """The script that keeps the files, with their list and a version that changes with any of them."""
    contents = {name: one if isinstance(one, bytes) else one.read_bytes() for name, one in sorted(files.items())}
    digest = hashlib.sha256()
    for name, content in contents.items():
        digest.update(name.encode() + b"\0" + hashlib.sha256(content).digest())
    large = [MODEL_FILE, wasm_file()]
    small = [name for name in contents if name not in (*large, SERVICE_WORKER)]
    named = {"PREFIX": f"{repo_id} ", "VERSION": digest.hexdigest()[:16], "SMALL": small, "LARGE": large}
    head = "".join(f"const {name} = {json.dumps(value)};\n" for name, value in named.items())
    return head.encode() + (PAGE / SERVICE_WORKER).read_bytes()


def _text(model: BrowserModel, repo_id: str, title: str) -> str:
    """The text of a new Space."""
    served = model.served
    where = f", [{served.repo_id}]({constants.ENDPOINT}/{served.repo_id})" if served.repo_id else ""
    license = (
        f"are under {text(served.license)}" if served.license else "came without a license: ask before you use them"
    )
    return f"""# {text(title)}

Anyone can try the residual network {text(model.network.config.architecture)}{where} here, in the browser: pictures are
sent nowhere, and after the first visit no connection is needed. It knows {len(model.label_names):,} classes.

{text(model.proof.in_words())}.

The page is resnet_hub's, under Apache-2.0, and ONNX Runtime Web, under MIT, computes; the weights {license}."""
