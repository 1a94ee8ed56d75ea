"""The fake Hub's bytes: where a file is, and all or a range of it."""

from __future__ import annotations

import re
from urllib.parse import quote

from fastapi import APIRouter, Request, Response

from .repository import RefusalError
from .routes import Asked, Hub, Seen, Who

routes = APIRouter()


@routes.api_route("/{owner}/{name}/resolve/{revision}/{path:path}", methods=["GET", "HEAD"])
@routes.api_route("/{kind}/{owner}/{name}/resolve/{revision}/{path:path}", methods=["GET", "HEAD"])
async def resolve(request: Request, repository: Seen, commit: Asked, path: str, hub: Hub, who: Who) -> Response:
    """A redirect: regular files stay on the Hub, LFS files go to a signed address on another host."""
    hub.check_gate(repository, who)
    blob = commit.file(path)
    headers = {"X-Repo-Commit": commit.sha, "X-Linked-Etag": f'"{blob.etag}"', "X-Linked-Size": str(len(blob.content))}
    if blob.lfs:
        headers |= {"Location": f"http://localhost:{request.url.port}/cdn/{blob.etag}", "Accept-Ranges": "bytes"}
        return Response(status_code=302, headers=headers)
    headers["Location"] = f"/api/resolve-cache/{repository.kind}/{repository.id}/{commit.sha}/{quote(path)}"
    return Response(status_code=307, headers=headers)


@routes.api_route("/api/resolve-cache/{kind}/{owner}/{name}/{revision}/{path:path}", methods=["GET", "HEAD"])
async def resolve_cache(request: Request, repository: Seen, commit: Asked, path: str, hub: Hub, who: Who) -> Response:
    hub.check_gate(repository, who)
    blob = commit.file(path)
    return content(request, blob.content, {"ETag": f'"{blob.etag}"', "X-Repo-Commit": commit.sha})


@routes.api_route("/cdn/{oid}", methods=["GET", "HEAD"])
async def cdn(request: Request, oid: str, hub: Hub) -> Response:
    if "authorization" in request.headers:
        raise RefusalError(400, "A signed URL takes no Authorization header")
    return content(request, hub.lfs[oid], {"ETag": f'"{oid}"'})


def content(request: Request, whole: bytes, headers: dict[str, str]) -> Response:
    """All of a file, or the one range that was asked for; nothing where the client has it already."""
    headers = {**headers, "Accept-Ranges": "bytes"}
    if request.headers.get("if-none-match") == headers["ETag"]:
        return Response(status_code=304, headers=headers)
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
