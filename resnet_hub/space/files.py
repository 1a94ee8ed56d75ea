"""A network and the page that serves it -> the files of a Gradio Space; `push.py` puts them on the Hub."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, distribution, version
from pathlib import Path
from typing import Any

from huggingface_hub import constants

from resnet_hub.card import CardText, text
from resnet_hub.checkpoint import BUNDLED, CARD_FILE
from resnet_hub.demo.settings import PAGE_FILE, VARIABLES, parse_page_variables
from resnet_hub.errors import ConfigError, Phrase
from resnet_hub.space.model import CHECKPOINT_FOLDER, EXAMPLES_FOLDER, ServedModel
from resnet_hub.space.present import PresentSpace, SpaceSettings
from resnet_hub.space.preview import PREVIEW_FILE, preview_image
from resnet_hub.space.readme import keys_of_model, readme, title_of

APP_FILE = "app.py"
REQUIREMENTS_FILE = "requirements.txt"
LICENSE_FILE = "LICENSE"
PACKAGE = Path(__file__).parent.parent
# The files of the package that are sent beside its bundled checkpoint: no caches, no stray files.
SOURCE_SUFFIXES = {".py", ".typed", ".json", ".toml", ".tsv", ".css", ".js", ".svg", ".png", ".jpg", ".webp"}
# What the package and its page import: what pyproject.toml lists for them, and no trainer.
SERVED_BY = (
    "torch",
    "safetensors",
    "huggingface-hub",
    "numpy",
    "pillow",
    "pillow-heif",
    "tifffile",
    "pyyaml",
    "tqdm",
    "gradio[mcp]",
    "gradio_client",
    "fastapi",
    "starlette",
    "scikit-learn",
)
LENT = "zero-"
"""The hardware that lends a GPU to single calls (ZeroGPU). It runs few versions of Python, 3.11 is none of them."""
LENT_PYTHON = "3.12"
LENT_BY = "spaces>=0.51,<1"
"""What asks for the GPU there; only such a machine needs it, so it need not be installed here."""
SHOWN_CLASSES = 12

APP = '''\
"""The entry of the page and of a Space: `python app.py [MODEL]` serves it; `python app.py --help` says more."""

import os
import sys
from pathlib import Path


def main() -> int:
    """0 after the page was served, 2 after a mistake of the user."""
    # Before OpenMP is loaded: waiting threads sleep instead of spinning, which on a busy machine is several times
    # quicker.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    from resnet_hub.demo.launch import main as serve

    return serve(sys.argv[1:], Path(__file__).parent)


if __name__ == "__main__":
    sys.exit(main())
'''


def space_files(
    model: ServedModel, repo_id: str, present: PresentSpace, settings: SpaceSettings
) -> dict[str, bytes | Path]:
    """Every file of the Space "owner/name", by its path: its content, or the file that holds it.

    Raises:
        ConfigError: What is present cannot be read.
    """
    variables = parse_page_variables(present.page)
    variables[VARIABLES["model"]] = model.source
    if model.run is not None:
        variables[VARIABLES["run"]] = "off" if model.run == "none" else model.run
    if settings.title is not None:
        variables[VARIABLES["title"]] = settings.title
    own = present.card.metadata.get("thumbnail")
    ours = f"{constants.ENDPOINT}/spaces/{repo_id}/resolve/main/{PREVIEW_FILE}"
    preview = variables.setdefault(VARIABLES["preview"], _address(own) or ours)
    files: dict[str, bytes | Path] = {
        CARD_FILE: _readme(model, repo_id, present.card, settings, preview).encode(),
        APP_FILE: APP.encode(),
        PAGE_FILE: (json.dumps(variables, indent=2) + "\n").encode(),
        REQUIREMENTS_FILE: _requirements(_is_lent(present.card, settings)).encode(),
        **_package_files(),
        **model.files,
    }
    if preview == ours:
        files[PREVIEW_FILE] = _preview(model, variables.get(VARIABLES["title"], title_of(repo_id)))
    license = _license_text()
    return {**files, LICENSE_FILE: license.encode()} if license else files


def stale_paths(present: PresentSpace, files: Mapping[str, object]) -> list[str]:
    """What an earlier version of us left in the Space and the new one has no more."""
    ours = (f"{PACKAGE.name}/", f"{CHECKPOINT_FOLDER}/")
    return sorted(path for path in present.paths if path.startswith(ours) and path not in files)


def check_present(present: PresentSpace, where: str | Phrase) -> None:
    """Raises: ConfigError when a program is there that we did not write."""
    if PAGE_FILE in present.paths:
        return
    entry = str(present.card.metadata.get("app_file", APP_FILE))
    for name in (APP_FILE, entry):
        if name in present.paths:
            raise ConfigError("space.other_program", where=where, file=name)


def _address(given: object) -> str | None:
    """The address of an image that the owner's README.md names; None where it is none."""
    return given if isinstance(given, str) and given.startswith("https://") else None


def _preview(model: ServedModel, title: str) -> bytes:
    """The image of a link to the Space, with the first of its own examples where it has any."""
    paths = ((name, path) for name, path in sorted(model.files.items()) if isinstance(path, Path))
    own = [path for name, path in paths if f"/{EXAMPLES_FOLDER}/" in name]
    network = model.config.network
    return preview_image(
        title, f"{network.architecture}, {network.num_classes:,} classes", next(iter(own), None), model.classifier
    )


def _readme(model: ServedModel, repo_id: str, card: CardText, settings: SpaceSettings, preview: str) -> str:
    values = front_matter(model)
    if _is_lent(card, settings):
        values["python_version"] = LENT_PYTHON
    title = settings.title or str(card.metadata.get("title", title_of(repo_id)))
    return readme(repo_id, card, settings, values, _text(model, repo_id, title), usual={"thumbnail": preview})


def _is_lent(card: CardText, settings: SpaceSettings) -> bool:
    """Whether the Space runs, or is to run, where a GPU is lent to single calls."""
    return str(settings.hardware or card.metadata.get("suggested_hardware", "")).startswith(LENT)


def front_matter(model: ServedModel) -> dict[str, Any]:
    """The values of the block of README.md that follow from the network and from what the page runs on."""
    values: dict[str, Any] = {
        "sdk": "gradio",
        "sdk_version": _installed("gradio"),
        "python_version": f"{sys.version_info.major}.{sys.version_info.minor}",
        "app_file": APP_FILE,
        **keys_of_model(model),
    }
    if model.preload is not None:
        values["preload_from_hub"] = [model.preload]
    return values


def _text(model: ServedModel, repo_id: str, title: str) -> str:
    """The text of a new Space; names of classes are untrusted text."""
    network, names = model.config.network, model.config.label_names
    where = f", [{model.repo_id}]({constants.ENDPOINT}/{model.repo_id})" if model.repo_id else ""
    classes = f"{network.num_classes} classes"
    if names:
        rest = len(names) - SHOWN_CLASSES
        classes += f": {', '.join(map(text, names[:SHOWN_CLASSES]))}" + (f", and {rest} more" if rest > 0 else "")
    license = f"are under {text(model.license)}" if model.license else "came without a license: ask before you use them"
    return f"""# {text(title)}

Anyone can try the residual network {text(network.architecture)}{where} here. It knows {classes}.

```python
from gradio_client import Client, handle_file

print(Client("{repo_id}").predict(handle_file("image.jpg"), api_name="/predict"))
```

The page is resnet_hub's, under Apache-2.0; the weights {license}."""


def _requirements(is_lent: bool) -> str:
    pins = "".join(f"{name}=={_installed(name)}\n" for name in SERVED_BY)
    lent_by = f"{LENT_BY}\n" if is_lent else ""
    return f"# What the page was made with; the network's numbers depend on it.\n{pins}{lent_by}"


def _installed(name: str) -> str:
    """The version of an installed package, named with or without extras, without its local version (as `+cpu`)."""
    name = name.partition("[")[0]
    try:
        return version(name).partition("+")[0]
    except PackageNotFoundError as error:
        raise ConfigError("space.not_installed", package=name) from error


def _package_files() -> dict[str, Path]:
    """The sources and the checkpoints of this package, which is on no index that a Space could install it from.

    The trainer, which lies inside an installed package, stays here, and so does the page that answers in browsers.
    """
    left_out = [PACKAGE / "training", *(PACKAGE / "space" / "static" / name for name in ("page", "runtime"))]
    return {
        f"{PACKAGE.name}/{path.relative_to(PACKAGE).as_posix()}": path
        for path in sorted(PACKAGE.rglob("*"))
        if (path.suffix in SOURCE_SUFFIXES or path.parent.parent == BUNDLED.parent)
        and not any(folder in path.parents for folder in left_out)
        and not path.name.startswith(".")
        and path.is_file()
    }


def _license_text() -> str | None:
    """The license of this package, which has to go with its sources: from its installation, or beside them."""
    try:
        installed = [
            file.read_text("utf-8") for file in distribution(PACKAGE.name).files or () if file.name == LICENSE_FILE
        ]
    except PackageNotFoundError:
        installed = []
    beside = PACKAGE.parent / LICENSE_FILE
    return next(iter(installed), beside.read_text("utf-8") if beside.is_file() else None)
