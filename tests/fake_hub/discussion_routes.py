"""Routes of the fake Hub for discussions and pull requests."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends

from .discussion import Discussion
from .repository import RefusalError, Repository
from .routes import API, Hub, Json, Known, Seen
from .state import Account
from .uploads import opened

routes = APIRouter()
PAGE = 10


def discussion(repository: Seen, hub: Hub, number: int) -> Discussion:
    for talk in hub.discussions[repository.kind, repository.id]:
        if talk.number == number:
            return talk
    raise RefusalError(404, f"There is no discussion {number}")


Talk = Annotated[Discussion, Depends(discussion)]


@routes.get(API + "/discussions")
async def discussions(
    repository: Seen, hub: Hub, p: int = 0, type: str = "all", status: str = "all", author: str | None = None
) -> Json:
    found = [
        talk
        for talk in reversed(hub.discussions[repository.kind, repository.id])
        if type in ("all", "pull_request" if talk.is_pull_request else "discussion")
        and (status == "all" or (talk.status in ("open", "draft")) == (status == "open"))
        and author in (None, talk.author)
    ]
    size = hub.page_size or PAGE
    shown = [talk.summary(repository) for talk in found[p * size : (p + 1) * size]]
    return {"discussions": shown, "count": len(found), "start": p * size, "numClosedDiscussions": 0}


@routes.post(API + "/discussions")
async def create_discussion(repository: Seen, hub: Hub, who: Known, body: Json) -> Json:
    talks = hub.discussions[repository.kind, repository.id]
    if body.get("pullRequest"):
        made = opened(hub, repository, who.name, body["title"], "main", status="draft")
    else:
        made = Discussion(len(talks) + 1, body["title"], who.name)
        talks.append(made)
    made.comment(who.name, body.get("description") or "")
    return {"num": made.number, "pullRequest": made.is_pull_request}


@routes.get(API + "/discussions/{number}")
async def details(repository: Seen, talk: Talk) -> Json:
    return talk.details(repository)


def check_right(talk: Discussion, who: Account, repository: Repository) -> None:
    """Raises: RefusalError for one who neither opened it nor owns the repository."""
    if who.name != talk.author and not who.may_write(repository.owner, repository.id):
        raise RefusalError(403, "Only its author and the owner of the repository can change it")


@routes.post(API + "/discussions/{number}/comment")
async def comment(talk: Talk, who: Known, body: Json) -> Json:
    return {"newMessage": talk.comment(who.name, body["comment"])}


@routes.post(API + "/discussions/{number}/comment/{event_id}/edit")
async def edit_comment(talk: Talk, who: Known, event_id: str, body: Json) -> Json:
    event = talk.find_comment(event_id)
    if event["author"]["name"] != who.name:
        raise RefusalError(403, "Only its author can edit a comment")
    event["data"] |= {"edited": True, "latest": {"raw": body["content"]}}
    return {"updatedComment": event}


@routes.post(API + "/discussions/{number}/comment/{event_id}/hide")
async def hide_comment(repository: Seen, talk: Talk, who: Known, event_id: str) -> Json:
    check_right(talk, who, repository)
    event = talk.find_comment(event_id)
    event["data"] |= {"hidden": True, "latest": {"raw": ""}}
    return {"updatedComment": event}


@routes.post(API + "/discussions/{number}/title")
async def rename(repository: Seen, talk: Talk, who: Known, body: Json) -> Json:
    check_right(talk, who, repository)
    event = talk.note("title-change", who.name, {"from": talk.title, "to": body["title"]})
    talk.title = body["title"]
    return {"newTitle": event}


@routes.post(API + "/discussions/{number}/status")
async def change_status(repository: Seen, talk: Talk, who: Known, body: Json) -> Json:
    check_right(talk, who, repository)
    if body["status"] not in ("open", "closed") or talk.status == "merged":
        raise RefusalError(400, f"A discussion that is {talk.status} cannot become {body['status']}")
    talk.status = body["status"]
    if body.get("comment"):
        talk.comment(who.name, body["comment"])
    return {"newStatus": talk.note("status-change", who.name, {"status": body["status"]})}


@routes.post(API + "/discussions/{number}/merge")
async def merge(repository: Seen, hub: Hub, talk: Talk, who: Known) -> Json:
    hub.check_write(repository, who)
    return {"mergeCommitId": talk.merge(repository, who.name).sha}
