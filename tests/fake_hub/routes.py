"""The fake Hub's reading half: who asks, and what a repository holds."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Annotated, Any
from urllib.parse import unquote, urlencode

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import JSONResponse

from .facts import expanded, facts
from .repository import DATE, Commit, RefusalError, Repository
from .state import Account, HubState

routes = APIRouter()
API = "/api/{kind}/{owner}/{name}"


def hub_state(request: Request) -> HubState:
    return request.app.state.hub


def current_account(request: Request) -> Account | None:
    header = request.headers.get("authorization")
    return hub_state(request).account(header.removeprefix("Bearer ") if header else None)


def visible(request: Request, owner: str, name: str, kind: str = "models") -> Repository:
    return hub_state(request).find(kind, f"{owner}/{name}", current_account(request))


def writable(request: Request, owner: str, name: str, kind: str = "models") -> Repository:
    """The repository, for one who may write; a pull request may be opened by anyone who sees it."""
    write = request.query_params.get("create_pr") != "1" and not request.url.path.endswith("/batch")
    account = current_account(request)
    if account is None:
        raise RefusalError(401, "Invalid username or password.")
    return hub_state(request).find(kind, f"{owner}/{name}", account, write=write)


def asked_commit(request: Request, revision: str, repository: Annotated[Repository, Depends(visible)]) -> Commit:
    return repository.resolve(unquote(revision))


Hub = Annotated[HubState, Depends(hub_state)]
Who = Annotated[Account | None, Depends(current_account)]
Seen = Annotated[Repository, Depends(visible)]
Writable = Annotated[Repository, Depends(writable)]
Asked = Annotated[Commit, Depends(asked_commit)]
Json = dict[str, Any]


def known_account(who: Who) -> Account:
    if who is None:
        raise RefusalError(401, "Invalid username or password.")
    return who


Known = Annotated[Account, Depends(known_account)]


def web_address(request: Request, repository: Repository) -> str:
    prefix = "" if repository.kind == "models" else f"{repository.kind}/"
    return f"{request.base_url}{prefix}{repository.id}"


def page(request: Request, entries: Sequence[Json], size: int) -> JSONResponse:
    """One page of a listing; the address of the next one goes into the Link header."""
    size = hub_state(request).page_size or size
    start = int(request.query_params.get("cursor", 0))
    headers = {}
    if start + size < len(entries):
        rest = [pair for pair in request.query_params.multi_items() if pair[0] != "cursor"]
        path = request.scope["raw_path"].decode("ascii")
        query = urlencode([*rest, ("cursor", start + size)])
        headers["Link"] = f'<{str(request.base_url).rstrip("/")}{path}?{query}>; rel="next"'
    return JSONResponse(list(entries[start : start + size]), headers=headers)


@routes.get("/api/whoami-v2")
async def whoami(who: Known, hub: Hub) -> Json:
    organizations = [
        {"type": "org", "name": name, "fullname": hub.organizations[name]["fullname"], "roleInOrg": "admin"}
        for name in who.organizations
    ]
    access: Json = {"displayName": "token", "role": who.role, "createdAt": DATE}
    if who.role == "fineGrained":
        rights = ["repo.content.read", "repo.write"]
        entities = [{"type": "model" if "/" in scope else "user", "name": scope} for scope in who.scopes]
        scoped = [{"entity": entity, "permissions": rights} for entity in entities]
        access["fineGrained"] = {"canReadGatedRepos": who.reads_gated, "global": [], "scoped": scoped}
    return {
        "type": "user",
        "id": hashlib.sha1(who.name.encode()).hexdigest()[:24],
        "name": who.name,
        "fullname": who.full_name or who.name,
        "isPro": who.pro,
        "orgs": organizations,
        "auth": {"type": "access_token", "accessToken": access},
    }


@routes.get(API)
async def info(
    request: Request,
    repository: Seen,
    hub: Hub,
    revision: str = "main",
    expand: Annotated[list[str], Query()] = [],  # noqa: B006 - FastAPI copies it
) -> Json:
    commit = repository.resolve(unquote(request.path_params.get("revision", revision)))
    known = facts(hub, repository, commit)
    if request.query_params.get("blobs"):
        known["siblings"] = [blob.sibling(path) for path, blob in commit.files.items()]
    return expanded(known, repository.kind, expand) if expand else known


routes.get(API + "/revision/{revision}")(info)


@routes.get(API + "/tree/{revision}")
@routes.get(API + "/tree/{revision}/{path}")
async def tree(
    request: Request, repository: Seen, commit: Asked, path: str = "", recursive: bool = False, expand: bool = False
) -> JSONResponse:
    entries = commit.tree(unquote(path), recursive=recursive)
    return page(request, described(entries, repository, commit) if expand else entries, 50 if expand else 1000)


def described(entries: Sequence[Json], repository: Repository, commit: Commit) -> list[Json]:
    """The entries with what only `expand` tells of them."""

    def last(path: str) -> Json:
        change = repository.last_change(commit, path)
        return {"id": change.sha, "title": change.title, "date": DATE}

    scan = {"status": "safe", "avScan": None, "pickleImportScan": None, "jFrogScan": None, "protectAiScan": None}
    return [{**entry, "lastCommit": last(entry["path"]), "securityFileStatus": scan} for entry in entries]


@routes.post(API + "/paths-info/{revision}")
async def paths_info(request: Request, repository: Seen, commit: Asked) -> list[Json]:
    is_json = "json" in request.headers.get("content-type", "")
    asked: Any = await (request.json() if is_json else request.form())
    paths = asked["paths"] if is_json else asked.getlist("paths")
    folders = {entry["path"]: entry for entry in commit.tree("", recursive=True) if entry["type"] == "directory"}
    found = [commit.files[path].entry(path) for path in paths if path in commit.files]
    found += [folders[path] for path in paths if path in folders]
    return described(found, repository, commit) if str(asked.get("expand", "")).lower() == "true" else found


@routes.get(API + "/refs")
async def refs(request: Request, repository: Seen) -> Json:
    def named(prefix: str) -> list[Json]:
        return [
            {"name": ref.removeprefix(prefix), "ref": ref, "targetCommit": sha}
            for ref, sha in repository.refs.items()
            if ref.startswith(prefix)
        ]

    answer = {"branches": named("refs/heads/"), "tags": named("refs/tags/"), "converts": named("refs/convert/")}
    pulls = request.query_params.get("include_prs") or request.query_params.get("include_pull_requests")
    return {**answer, "pullRequests": named("refs/pr/")} if pulls else answer


@routes.get(API + "/commits/{revision}")
async def commits(request: Request, repository: Seen, commit: Asked) -> JSONResponse:
    history = [
        {
            "id": made.sha,
            "title": made.title,
            "message": made.message,
            "authors": [{"user": made.author}],
            "date": DATE,
            **(
                {"formatted": {"title": made.title, "message": made.message}}
                if "formatted" in request.query_params.getlist("expand[]")
                else {}
            ),
        }
        for made in repository.history(commit)
    ]
    return page(request, history, 50)
