"""What the fake Hub tells of a repository: taken from its settings, its card and its weights."""

from __future__ import annotations

import hashlib
import json
import re
import struct
from collections.abc import Sequence
from typing import Any

import yaml

from .repository import DATE, Commit, RefusalError, Repository
from .state import HubState

Json = dict[str, Any]
EVERYWHERE = (
    "author cardData createdAt disabled lastModified likes private resourceGroup sha siblings tags trendingScore"
    " usedStorage"
)
EXPANDABLE = {
    "models": "baseModels childrenModelCount config downloads downloadsAllTime evalResults gated gguf inference"
    " inferenceProviderMapping library_name mask_token model-index pipeline_tag safetensors spaces transformersInfo"
    " widgetData",
    "datasets": "citation description downloads downloadsAllTime gated mainSize paperswithcode_id",
    "spaces": "datasets models region runtime sdk subdomain",
}


def front_matter(card: str) -> Json:
    """The YAML block of a card. Raises: RefusalError as the Hub refuses a card it cannot read."""
    block = re.match(r"\s*---\r?\n(.*?)\r?\n---[ \t]*(\r?\n|$)", card, re.DOTALL)
    try:
        values = yaml.safe_load(block[1]) if block else {}
    except yaml.YAMLError as error:
        raise RefusalError(400, f"YAML: {' '.join(str(error).split())}") from error
    if not isinstance(values, dict):
        raise RefusalError(400, "Metadata must be a mapping")
    return json.loads(json.dumps(values, default=str))  # a date of YAML has no form in JSON


def card_of(commit: Commit) -> Json:
    """The metadata of a card; none of one that came by git, unchecked, and cannot be read."""
    try:
        return front_matter(commit.files["README.md"].content.decode()) if "README.md" in commit.files else {}
    except RefusalError:
        return {}


def license_tags(card: Json) -> list[str]:
    names = [card["license"]] if isinstance(card.get("license"), str) else card.get("license") or []
    return [f"license:{name}" for name in names]


def parameters(commit: Commit) -> Json | None:
    """How many numbers of which type model.safetensors holds, from its header; None where there is none to read."""
    content = commit.files["model.safetensors"].content if "model.safetensors" in commit.files else b""
    try:
        header = json.loads(content[8 : 8 + struct.unpack("<Q", content[:8])[0]])
    except (struct.error, ValueError):
        return None
    counts: dict[str, int] = {}
    for tensor in (entry for name, entry in header.items() if name != "__metadata__"):
        count = 1
        for length in tensor["shape"]:
            count *= length
        counts[tensor["dtype"]] = counts.get(tensor["dtype"], 0) + count
    return {"parameters": counts, "total": sum(counts.values())}


def facts(hub: HubState, repository: Repository, commit: Commit) -> Json:
    """What the Hub tells of a repository, but for its list of files."""
    card = card_of(commit)
    tags = [name for name in (card.get("library_name"), card.get("pipeline_tag")) if name]
    known: Json = {
        "_id": hashlib.sha1(f"{repository.kind}/{repository.id}".encode()).hexdigest()[:24],
        "id": repository.id,
        "author": repository.owner,
        "sha": commit.sha,
        "lastModified": DATE,
        "createdAt": DATE,
        "private": repository.private,
        "gated": repository.gated,
        "disabled": False,
        "tags": [*dict.fromkeys([*tags, *(card.get("tags") or []), *license_tags(card)]), "region:us"],
        "downloads": 0,
        "likes": len(repository.likes),
        "cardData": card,
        "usedStorage": sum(len(blob.content) for blob in commit.files.values()),
        "siblings": [{"rfilename": path} for path in commit.files],
    }
    if repository.kind == "models":
        known |= {"modelId": repository.id, "spaces": [], "config": {}, "transformersInfo": None}
        known |= {name: card[name] for name in ("library_name", "pipeline_tag") if card.get(name)}
        if counted := parameters(commit):
            known["safetensors"] = counted
    if repository.kind == "spaces":
        space = hub.spaces[repository.id]
        name = repository.id.lower().replace("/", "-")
        known |= {"sdk": card.get("sdk"), "subdomain": name, "host": f"https://{name}.hf.space"}
        known |= {"models": card.get("models") or [], "datasets": card.get("datasets") or []}
        known["runtime"] = space.runtime(commit, card)
    return known


def expanded(known: Json, kind: str, names: Sequence[str]) -> Json:
    """Only the facts that were asked for. Raises: RefusalError for a name the Hub does not know."""
    allowed = f"{EVERYWHERE} {EXPANDABLE[kind]}".split()
    if unknown := set(names) - set(allowed):
        options = "|".join(f'"{name}"' for name in sorted(allowed))
        raise RefusalError(400, f"Invalid option {sorted(unknown)}: expected one of {options}")
    return {name: known[name] for name in ("_id", "id", *names) if name in known}
