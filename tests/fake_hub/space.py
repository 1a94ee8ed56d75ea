"""What the fake Hub knows of a Space besides its files: its machine, its secrets and its variables."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

import yaml

from .repository import DATE, Blob, Commit, RefusalError

HARDWARE = ("cpu-basic", "cpu-upgrade", "zero-a10g", "t4-small", "t4-medium", "l4x1", "a10g-small", "a100-large")
KEY = re.compile(r"[a-zA-Z]\w*", re.ASCII)


def first_page(name: str, sdk: str | None) -> dict[str, Blob]:
    """The card that the Hub puts into a new Space."""
    card = {"title": name, "emoji": "🚀", "colorFrom": "blue", "colorTo": "green", "sdk": sdk, "pinned": False}
    return {"README.md": Blob(f"---\n{yaml.safe_dump(card, allow_unicode=True, sort_keys=False)}---\n".encode())}


@dataclass
class Space:
    """The settings of one Space."""

    sdk: str | None
    hardware: str = "cpu-basic"
    sleep_seconds: int | None = None
    paused: bool = False
    restarts: int = 0
    secrets: dict[str, dict] = field(default_factory=dict)
    variables: dict[str, dict] = field(default_factory=dict)
    volumes: list[dict] = field(default_factory=list)
    built: str | None = None
    """The commit that was running, or being built, when somebody last asked."""

    @classmethod
    def asked(cls, sdk: str | None, settings: Mapping) -> Space:
        """A Space as the request that makes it wants it."""
        space = cls(sdk, sleep_seconds=settings.get("sleepTimeSeconds"), volumes=settings.get("volumes") or [])
        space.request_hardware(settings.get("hardware") or "cpu-basic")
        for kind in ("secrets", "variables"):
            for entry in settings.get(kind) or []:
                space.put(kind, entry)
        return space

    def request_hardware(self, flavour: str) -> None:
        if flavour not in HARDWARE:
            raise RefusalError(400, f"Invalid hardware flavor: {flavour}")
        self.hardware = flavour

    def put(self, kind: str, entry: Mapping) -> None:
        """Sets one secret or variable."""
        if not KEY.fullmatch(entry["key"]):
            raise RefusalError(400, f"Invalid key: {entry['key']}")
        values = {name: entry[name] for name in ("value", "description") if name in entry}
        getattr(self, kind)[entry["key"]] = {**values, "updatedAt": DATE}

    def stage(self, commit: Commit, card: Mapping) -> str:
        """What became of it, from its files: a card that names no kit, no entry, or a page."""
        if card.get("sdk") not in ("gradio", "docker", "static"):
            return "CONFIG_ERROR"
        entry = {"gradio": "app.py", "docker": "Dockerfile", "static": "index.html"}[card["sdk"]]
        if card.get("app_file", entry) not in commit.files:
            return "NO_APP_FILE"
        if card["sdk"] == "static":
            return "RUNNING"
        return "PAUSED" if self.paused else "RUNNING" if self.built == commit.sha else "BUILDING"

    def runtime(self, commit: Commit, card: Mapping) -> dict:
        stage = self.stage(commit, card)
        answer = {
            "stage": stage,
            "hardware": {"current": self.hardware if stage == "RUNNING" else None, "requested": self.hardware},
            "gcTimeout": self.sleep_seconds or 172800,
            "storage": None,
            "replicas": {"current": int(stage == "RUNNING"), "requested": 1},
            "devMode": False,
        }
        return {**answer, "volumes": self.volumes} if self.volumes else answer
