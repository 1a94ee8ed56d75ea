"""The fake Hub's reading half: who asks, and what a repository holds."""

from __future__ import annotations

import hashlib
import json
import re
import struct
from collections.abc import Sequence
from typing import Annotated, Any
from urllib.parse import unquote, urlencode

import yaml
from fake_hub_repository import DATE, Commit, RefusalError, Repository
from fake_hub_state import Account, HubState
from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import JSONResponse

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
        "likes": 0,
        "cardData": card,
        "usedStorage": sum(len(blob.content) for blob in commit.files.values()),
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
    known["siblings"] = [{"rfilename": path} for path in commit.files]
    if request.query_params.get("blobs"):
        known["siblings"] = [
            {**blob.entry(path), "rfilename": path, "blobId": blob.git_oid} for path, blob in commit.files.items()
        ]
    if not expand:
        return known
    return {"_id": known["_id"], "id": known["id"], **{name: known[name] for name in expand if name in known}}


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
