"""The fake Hub's reading half: who asks, what a repository holds, and the bytes of its files."""

from __future__ import annotations

import hashlib
import re
from typing import Annotated, Any
from urllib.parse import quote, unquote

import yaml
from fake_hub_state import DATE, Account, Commit, HubState, RefusalError, Repository
from fastapi import APIRouter, Depends, Request, Response

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


def web_address(request: Request, repository: Repository) -> str:
    prefix = "" if repository.kind == "models" else f"{repository.kind}/"
    return f"{request.base_url}{prefix}{repository.id}"


def front_matter(card: str) -> Json:
    """The YAML block of a card. Raises: RefusalError as the Hub refuses a card it cannot read."""
    block = re.match(r"\s*---\r?\n(.*?)\r?\n---[ \t]*(\r?\n|$)", card, re.DOTALL)
    try:
        values = yaml.safe_load(block[1]) if block else {}
    except yaml.YAMLError as error:
        raise RefusalError(400, f"YAML: {' '.join(str(error).split())}") from error
    if not isinstance(values, dict):
        raise RefusalError(400, "Metadata must be a mapping")
    return values


@routes.get("/api/whoami-v2")
async def whoami(who: Who) -> Json:
    if who is None:
        raise RefusalError(401, "Invalid username or password.")
    return {"type": "user", "name": who.name, "orgs": [], "auth": {"accessToken": {"role": who.role}}}


@routes.get(API)
async def info(request: Request, repository: Seen, revision: str = "main") -> Json:
    commit = repository.resolve(unquote(request.path_params.get("revision", revision)))
    card = front_matter(commit.files["README.md"].content.decode()) if "README.md" in commit.files else {}
    siblings = [{"rfilename": path} for path in commit.files]
    if request.query_params.get("blobs"):
        siblings = [
            {**blob.entry(path), "rfilename": path, "blobId": blob.git_oid} for path, blob in commit.files.items()
        ]
    return {
        "_id": hashlib.sha1(repository.id.encode()).hexdigest()[:24],
        "id": repository.id,
        "author": repository.owner,
        "sha": commit.sha,
        "lastModified": DATE,
        "createdAt": DATE,
        "private": repository.private,
        "gated": False,
        "disabled": False,
        "tags": [*(card.get("tags") or []), "region:us"],
        "downloads": 0,
        "likes": 0,
        "cardData": card,
        "siblings": siblings,
        "usedStorage": sum(len(blob.content) for blob in commit.files.values()),
    }


routes.get(API + "/revision/{revision}")(info)


@routes.get(API + "/tree/{revision}")
@routes.get(API + "/tree/{revision}/{path}")
async def tree(commit: Asked, path: str = "", recursive: bool = False, expand: bool = False) -> list[Json]:
    entries = commit.tree(unquote(path), recursive=recursive)
    last = {"id": commit.sha, "title": commit.title, "date": DATE}
    return [{**entry, "lastCommit": last} for entry in entries] if expand else entries


@routes.post(API + "/paths-info/{revision}")
async def paths_info(request: Request, commit: Asked) -> list[Json]:
    is_json = "json" in request.headers.get("content-type", "")
    paths = (await request.json())["paths"] if is_json else (await request.form()).getlist("paths")
    folders = {entry["path"]: entry for entry in commit.tree("", recursive=True) if entry["type"] == "directory"}
    files = [commit.files[path].entry(path) for path in paths if path in commit.files]
    return files + [folders[path] for path in paths if path in folders]


@routes.get(API + "/refs")
async def refs(repository: Seen) -> Json:
    def named(prefix: str) -> list[Json]:
        return [
            {"name": ref.removeprefix(prefix), "ref": ref, "targetCommit": sha}
            for ref, sha in repository.refs.items()
            if ref.startswith(prefix)
        ]

    return {"branches": named("refs/heads/"), "tags": named("refs/tags/"), "converts": []}


@routes.get(API + "/commits/{revision}")
async def commits(repository: Seen, commit: Asked) -> list[Json]:
    history: list[Json] = []
    while commit is not None:
        history.append({"id": commit.sha, "title": commit.title, "message": "", "authors": [], "date": DATE})
        commit = repository.commits.get(commit.parent)
    return history


@routes.api_route("/{owner}/{name}/resolve/{revision}/{path:path}", methods=["GET", "HEAD"])
@routes.api_route("/{kind}/{owner}/{name}/resolve/{revision}/{path:path}", methods=["GET", "HEAD"])
async def resolve(request: Request, repository: Seen, commit: Asked, path: str) -> Response:
    """A redirect: regular files stay on the Hub, LFS files go to a signed address on another host."""
    blob = commit.file(path)
    headers = {"X-Repo-Commit": commit.sha, "X-Linked-Etag": f'"{blob.etag}"', "X-Linked-Size": str(len(blob.content))}
    if blob.lfs:
        headers |= {"Location": f"http://localhost:{request.url.port}/cdn/{blob.etag}", "Accept-Ranges": "bytes"}
        return Response(status_code=302, headers=headers)
    headers["Location"] = f"/api/resolve-cache/{repository.kind}/{repository.id}/{commit.sha}/{quote(path)}"
    return Response(status_code=307, headers=headers)


@routes.api_route("/api/resolve-cache/{kind}/{owner}/{name}/{revision}/{path:path}", methods=["GET", "HEAD"])
async def resolve_cache(request: Request, commit: Asked, path: str) -> Response:
    blob = commit.file(path)
    return content(request, blob.content, {"ETag": f'"{blob.etag}"', "X-Repo-Commit": commit.sha})


@routes.api_route("/cdn/{oid}", methods=["GET", "HEAD"])
async def cdn(request: Request, oid: str, hub: Hub) -> Response:
    if "authorization" in request.headers:
        raise RefusalError(400, "A signed URL takes no Authorization header")
    return content(request, hub.lfs[oid], {"ETag": f'"{oid}"'})


def content(request: Request, whole: bytes, headers: dict[str, str]) -> Response:
    """All of a file, or the one range that was asked for."""
    headers = {**headers, "Accept-Ranges": "bytes"}
    asked = re.fullmatch(r"bytes=(\d*)-(\d*)", request.headers.get("range", ""))
    if not asked:
        return Response(whole, headers=headers, media_type="application/octet-stream")
    size = len(whole)
    start = int(asked[1]) if asked[1] else max(0, size - int(asked[2]))
    end = min(int(asked[2]), size - 1) if asked[1] and asked[2] else size - 1
    if start > end:
        raise RefusalError(416, "Range not satisfiable", headers={"Content-Range": f"bytes */{size}"})
    headers["Content-Range"] = f"bytes {start}-{end}/{size}"
    return Response(whole[start : end + 1], 206, headers, "application/octet-stream")
