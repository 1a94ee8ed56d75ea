"""Routes of the fake Hub that make, change and remove repositories, their refs, and who may read a gated one."""

from __future__ import annotations

import hashlib
from urllib.parse import unquote

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from .repository import DATE, Blob, RefusalError, Repository
from .routes import API, Hub, Json, Known, Seen, Who, Writable, page, web_address

routes = APIRouter()


@routes.post("/api/repos/create")
async def create_repository(request: Request, body: Json, hub: Hub, who: Who) -> Json:
    kind = f"{body.get('type', 'model')}s"
    namespace = body.get("organization") or (who.name if who else "")
    repo_id = f"{namespace}/{body['name']}"
    by_default = "private" if hub.organizations.get(namespace, {}).get("private") else "public"
    visibility = body.get("visibility", by_default)
    try:
        repository = hub.create(kind, repo_id, who, sdk=body.get("sdk"), settings=body)
    except RefusalError as refusal:
        if refusal.status == 409:
            refusal.body["url"] = web_address(request, hub.lookup(kind, repo_id))
        raise
    repository.visibility = visibility
    return {"url": web_address(request, repository), "id": repo_id, "name": repo_id, "private": repository.private}


def owned(hub: Hub, who: Known, kind: str, repo_id: str) -> Repository:
    return hub.find(kind, repo_id, who, write=True)


@routes.delete("/api/repos/delete")
async def delete_repository(body: Json, hub: Hub, who: Known) -> None:
    repo_id = f"{body.get('organization') or who.name}/{body['name']}"
    hub.delete(owned(hub, who, f"{body.get('type', 'model')}s", repo_id))


@routes.post("/api/repos/move")
async def move_repository(body: Json, hub: Hub, who: Known) -> None:
    repository = owned(hub, who, f"{body.get('type', 'model')}s", body["fromRepo"])
    if not who.may_write(body["toRepo"].partition("/")[0], body["toRepo"]):
        raise RefusalError(403, f"You don't have the rights to move a repository to {body['toRepo']}")
    hub.move(repository, body["toRepo"])


@routes.put(API + "/settings")
async def settings(repository: Writable, body: Json) -> Json:
    if body.get("gated", False) not in ("auto", "manual", False):
        raise RefusalError(400, '"gated" must be one of [auto, manual, false]')
    if body.get("visibility", "public") not in ("public", "private", "protected"):
        raise RefusalError(400, '"visibility" must be one of [public, private, protected]')
    repository.gated = body.get("gated", repository.gated)
    repository.visibility = body.get("visibility", repository.visibility)
    return {"gated": repository.gated, "visibility": repository.visibility, "private": repository.private}


@routes.post(API + "/duplicate")
async def duplicate(request: Request, repository: Seen, body: Json, hub: Hub, who: Known) -> Json:
    hub.check_gate(repository, who)
    sdk = hub.spaces[repository.id].sdk if repository.kind == "spaces" else None
    private = body.get("visibility", repository.visibility) == "private"
    made = hub.create(repository.kind, body["repository"], who, private=private, sdk=sdk, settings=body)
    files: dict[str, Blob] = dict(repository.resolve("main").files)
    made.commit("main", f"Duplicate from {repository.id}", files, (), None, author=who.name)
    return {"url": web_address(request, made)}


@routes.post(API + "/branch/{branch}")
async def create_branch(repository: Writable, branch: str, body: Json) -> None:
    if unquote(branch).startswith("refs/"):
        raise RefusalError(400, f"Invalid reference for a branch: {unquote(branch)}")
    repository.create_ref(f"refs/heads/{unquote(branch)}", body.get("startingPoint", "main"))


@routes.delete(API + "/branch/{branch}")
async def delete_branch(repository: Writable, branch: str) -> None:
    repository.delete_ref(f"refs/heads/{unquote(branch)}")


@routes.post(API + "/tag/{revision}")
async def create_tag(repository: Writable, revision: str, body: Json) -> None:
    repository.create_ref(f"refs/tags/{body['tag']}", unquote(revision))


@routes.delete(API + "/tag/{tag}")
async def delete_tag(repository: Writable, tag: str) -> None:
    repository.delete_ref(f"refs/tags/{unquote(tag)}")


@routes.post(API + "/super-squash/{revision}")
async def super_squash(repository: Writable, who: Known, revision: str, body: Json) -> None:
    repository.squash(unquote(revision), body["message"], who.name)


@routes.get(API + "/auth-check")
async def auth_check(repository: Seen, hub: Hub, who: Who) -> None:
    hub.check_gate(repository, who)


@routes.get(API + "/auth-check/write")
async def write_check(repository: Seen, hub: Hub, who: Who) -> None:
    hub.check_write(repository, who)


def access_request(repository: Repository, name: str) -> Json:
    return {
        "user": {"user": name, "fullname": name},
        "requestId": hashlib.sha1(f"{repository.id} {name}".encode()).hexdigest()[:24],
        "status": repository.access[name],
        "timestamp": DATE,
    }


@routes.get(API + "/user-access-request/{status}")
async def access_requests(request: Request, repository: Writable, status: str) -> JSONResponse:
    asked = [access_request(repository, name) for name, state in repository.access.items() if state == status]
    return page(request, asked, 100)


def set_access(repository: Repository, name: str, status: str) -> None:
    if not repository.gated:
        raise RefusalError(400, "This repository is not gated")
    if repository.access.get(name) == status:
        raise RefusalError(400, f"The request of {name} is {status} already")
    repository.access[name] = status


@routes.post(API + "/user-access-request/handle")
async def handle_access(repository: Writable, body: Json) -> None:
    names = [
        name for name in repository.access if access_request(repository, name)["requestId"] == body.get("requestId")
    ]
    name = body.get("user") or (names[0] if names else "")
    if name not in repository.access:
        raise RefusalError(404, "There is no such request")
    set_access(repository, name, body["status"])


@routes.post(API + "/user-access-request/grant")
async def grant_access(repository: Writable, hub: Hub, body: Json) -> Json:
    if body["user"] not in {account.name for account in hub.accounts.values()}:
        raise RefusalError(404, f"There is no user {body['user']}")
    set_access(repository, body["user"], "accepted")
    return {}


@routes.post("/{owner}/{name}/ask-access")
@routes.post("/{kind}/{owner}/{name}/ask-access")
async def ask_access(repository: Seen, who: Known) -> None:
    """What the button on the page of a gated repository does: `auto` lets in at once."""
    set_access(repository, who.name, "accepted" if repository.gated == "auto" else "pending")


@routes.get(API + "/lfs-files")
async def lfs_files(request: Request, repository: Seen) -> JSONResponse:
    found: dict[str, Json] = {}
    for ref, sha in repository.refs.items():
        for path, blob in repository.commits[sha].files.items():
            if blob.lfs:
                names = {"fileOid": blob.sha256, "filename": path, "oid": blob.git_oid}
                found.setdefault(blob.sha256, {**names, "pushedAt": DATE, "ref": ref, "size": len(blob.content)})
    return page(request, list(found.values()), 100)


@routes.post(API + "/lfs-files/batch")
async def delete_lfs_files(repository: Writable, hub: Hub, who: Known, body: Json) -> None:
    """Takes objects out of every branch; older commits go on naming them."""
    gone = set(body["deletions"]["sha"])
    for ref in [ref for ref in repository.refs if not ref.startswith("refs/tags/")]:
        files = repository.commits[repository.refs[ref]].files
        paths = [path for path, blob in files.items() if blob.lfs and blob.sha256 in gone]
        if paths:
            repository.commit(ref, "Delete LFS files", {}, paths, None, author=who.name)
    for oid in gone:
        hub.lfs.pop(oid, None)
