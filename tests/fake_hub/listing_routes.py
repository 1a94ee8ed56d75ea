"""Routes of the fake Hub beyond one repository: lists of repositories, users and what they like."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse

from .facts import expanded, facts
from .repository import DATE, RefusalError, Repository
from .routes import API, Hub, Json, Known, Seen, Who, page
from .state import HubState

routes = APIRouter()
BRIEF = (
    "_id",
    "id",
    "modelId",
    "author",
    "private",
    "gated",
    "tags",
    "downloads",
    "likes",
    "createdAt",
    "lastModified",
)
BRIEF += ("library_name", "pipeline_tag", "sdk", "disabled", "sha")


def listed(kind: str) -> None:
    """A route that lists the repositories of one kind that the asker may see, newest first."""

    async def listing(
        request: Request,
        hub: Hub,
        who: Who,
        filter: Annotated[list[str], Query()] = [],  # noqa: B006 - FastAPI copies it
        expand: Annotated[list[str], Query()] = [],  # noqa: B006
        author: str = "",
        search: str = "",
        gated: bool | None = None,
        limit: int = 1000,
    ) -> JSONResponse:
        found = []
        for repository in reversed(hub.repositories.values()):
            if repository.kind != kind or (repository.private and not hub.may_read(repository, who)):
                continue
            known = facts(hub, repository, repository.resolve("main"))
            if (
                search.lower() in repository.id.lower()
                and author in ("", repository.owner)
                and gated in (None, bool(repository.gated))
                and all(name in known["tags"] for name in filter)
            ):
                found.append(expanded(known, kind, expand) if expand else brief(request, known))
        return page(request, found, limit)

    routes.get(f"/api/{kind}")(listing)


def brief(request: Request, known: Json) -> Json:
    """What a list tells of a repository unless it is asked for more."""
    if request.query_params.get("full"):
        return known
    more = [fact for fact, asked in (("cardData", "cardData"), ("config", "config")) if request.query_params.get(asked)]
    return {name: known[name] for name in (*BRIEF, *more) if name in known}


for _kind in ("models", "datasets", "spaces"):
    listed(_kind)


def check_user(hub: HubState, name: str) -> None:
    if name not in {account.name for account in hub.accounts.values()}:
        raise RefusalError(404, f"There is no user {name}")


def liked(repository: Repository) -> Json:
    return {"createdAt": DATE, "repo": {"name": repository.id, "type": repository.kind[:-1]}}


@routes.get("/api/users/{user}/likes")
async def likes(request: Request, hub: Hub, user: str) -> JSONResponse:
    check_user(hub, user)
    return page(request, [liked(there) for there in hub.repositories.values() if user in there.likes], 100)


@routes.get("/api/users/{user}/overview")
async def overview(hub: Hub, user: str) -> Json:
    check_user(hub, user)
    account = next(account for account in hub.accounts.values() if account.name == user)
    counts = {
        f"num{kind.capitalize()}": sum(
            there.owner == user and there.kind == kind for there in hub.repositories.values()
        )
        for kind in ("models", "datasets", "spaces")
    }
    return {"user": user, "fullname": account.full_name or user, "avatarUrl": "", "isPro": account.pro, **counts}


@routes.post(API + "/like")
async def like(repository: Seen, who: Known) -> None:
    repository.likes.add(who.name)


@routes.delete(API + "/like")
async def unlike(repository: Seen, who: Known) -> None:
    repository.likes.discard(who.name)


@routes.get(API + "/likers")
async def likers(request: Request, repository: Seen) -> JSONResponse:
    names = sorted(repository.likes)
    return page(request, [{"user": name, "fullname": name, "avatarUrl": ""} for name in names], 100)


@routes.get("/api/settings/repositories")
async def own_repositories(request: Request, hub: Hub, who: Known) -> JSONResponse:
    """What the account owns, with how much room it takes."""
    owned = [there for there in hub.repositories.values() if there.owner == who.name]
    rows = [
        {
            "id": there.id,
            "type": there.kind[:-1],
            "updatedAt": DATE,
            "visibility": there.visibility,
            "storage": sum(len(blob.content) for blob in there.resolve("main").files.values()),
            "storagePercent": 0.0,
        }
        for there in owned
    ]
    return page(request, rows, 100)
