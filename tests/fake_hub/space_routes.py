"""Routes of the fake Hub that Spaces alone have: machine, secrets, variables, sleep and restart."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends

from .facts import card_of
from .repository import RefusalError, Repository
from .routes import Hub, Json, Known
from .space import HARDWARE, Space
from .state import HubState

routes = APIRouter()
API = "/api/spaces/{owner}/{name}"


@routes.get("/api/spaces/hardware")
async def hardware() -> list[Json]:
    return [{"name": name, "prettyName": name, "cpu": "", "ram": ""} for name in HARDWARE]


def seen(owner: str, name: str, hub: Hub, who: Known) -> Repository:
    return hub.find("spaces", f"{owner}/{name}", who)


def own(owner: str, name: str, hub: Hub, who: Known) -> Repository:
    return hub.find("spaces", f"{owner}/{name}", who, write=True)


Seen = Annotated[Repository, Depends(seen)]
Own = Annotated[Repository, Depends(own)]


def runtime_of(hub: HubState, repository: Repository) -> Json:
    """How the Space is; asked for the first time after a commit, it is being built."""
    commit = repository.resolve("main")
    answer = hub.spaces[repository.id].runtime(commit, card_of(commit))
    hub.spaces[repository.id].built = commit.sha
    return answer


def movable(hub: HubState, repository: Repository) -> Space:
    """The Space. Raises: RefusalError for a static one, which has no machine."""
    space = hub.spaces[repository.id]
    if space.sdk == "static":
        raise RefusalError(400, "A static Space has no hardware")
    return space


@routes.get(API + "/runtime")
async def runtime(repository: Seen, hub: Hub) -> Json:
    return runtime_of(hub, repository)


@routes.post(API + "/hardware")
async def request_hardware(repository: Own, hub: Hub, body: Json) -> Json:
    space = movable(hub, repository)
    space.request_hardware(body["flavor"])
    space.sleep_seconds = body.get("sleepTimeSeconds", space.sleep_seconds)
    return runtime_of(hub, repository)


@routes.post(API + "/sleeptime")
async def sleep_time(repository: Own, hub: Hub, body: Json) -> Json:
    movable(hub, repository).sleep_seconds = body["seconds"]
    return runtime_of(hub, repository)


@routes.post(API + "/pause")
async def pause(repository: Own, hub: Hub) -> Json:
    movable(hub, repository).paused = True
    return runtime_of(hub, repository)


@routes.post(API + "/restart")
async def restart(repository: Own, hub: Hub) -> Json:
    space = movable(hub, repository)
    space.paused = False
    space.restarts += 1
    return runtime_of(hub, repository)


@routes.get(API + "/secrets")
async def secrets(repository: Own, hub: Hub) -> Json:
    """Their names; a secret's value is never told again."""
    kept = hub.spaces[repository.id].secrets
    return {key: {name: value for name, value in facts.items() if name != "value"} for key, facts in kept.items()}


@routes.get(API + "/variables")
async def variables(repository: Own, hub: Hub) -> Json:
    return hub.spaces[repository.id].variables


@routes.post(API + "/secrets")
async def add_secret(repository: Own, hub: Hub, body: Json) -> Json:
    hub.spaces[repository.id].put("secrets", body)
    return await secrets(repository, hub)


@routes.post(API + "/variables")
async def add_variable(repository: Own, hub: Hub, body: Json) -> Json:
    hub.spaces[repository.id].put("variables", body)
    return await variables(repository, hub)


@routes.delete(API + "/secrets")
async def delete_secret(repository: Own, hub: Hub, body: Json) -> None:
    hub.spaces[repository.id].secrets.pop(body["key"], None)


@routes.delete(API + "/variables")
async def delete_variable(repository: Own, hub: Hub, body: Json) -> Json:
    hub.spaces[repository.id].variables.pop(body["key"], None)
    return await variables(repository, hub)


@routes.put(API + "/volumes")
async def set_volumes(repository: Own, hub: Hub, body: Json) -> None:
    movable(hub, repository).volumes = body["volumes"]


@routes.delete(API + "/volumes")
async def delete_volumes(repository: Own, hub: Hub) -> None:
    space = movable(hub, repository)
    if not space.volumes:
        raise RefusalError(400, "This Space has no volumes")
    space.volumes = []
