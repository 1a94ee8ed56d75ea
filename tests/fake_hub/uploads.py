"""The fake Hub's writing half: what is about to be sent, LFS objects whole or in parts, and commits."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from urllib.parse import unquote

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from .discussion import Discussion
from .facts import front_matter
from .repository import Blob, Commit, RefusalError, Repository
from .routes import API, Hub, Json, Known, Writable, web_address
from .state import HubState

routes = APIRouter()
HUB_ID = re.compile(r"\w[\w.-]*(/\w[\w.-]*)?", re.ASCII)


@routes.post("/api/validate-yaml")
async def validate_yaml(body: Json) -> JSONResponse:
    errors, warnings = [], []
    try:
        card = front_matter(body["content"])
    except RefusalError as refusal:
        card, errors = {}, [refusal.message]
    if not card and not errors:
        warnings = ["empty or missing yaml metadata in repo card"]
    base_model = card.get("base_model", [])
    for model in [base_model] if isinstance(base_model, str) else base_model:
        if not HUB_ID.fullmatch(model):
            errors.append(f'"base_model" with value "{model}" is not valid. Use a model id from https://hf.co/models.')
    if "license" in card and not re.fullmatch(r"[a-z0-9.+-]+", str(card["license"])):
        errors.append('"license" must be one of the known identifiers')
    if not isinstance(card.get("model-index", []), list):
        errors.append('"model-index" must be an array')
    if body.get("repoType") == "space" and "sdk" in card and card["sdk"] not in ("gradio", "docker", "static"):
        errors.append('"sdk" must be one of [gradio, docker, static]')
    named = {"errors": [{"message": text} for text in errors], "warnings": [{"message": text} for text in warnings]}
    return JSONResponse(named, status_code=400 if errors else 200)


def check_path(path: str) -> None:
    """Raises: RefusalError for a path that leads out of the repository."""
    if path.startswith("..") or {"", ".", "..", ".git"} & set(path.rstrip("/").split("/")):
        raise RefusalError(422, f"Invalid path in repository: {path}")


@routes.post(API + "/preupload/{revision}")
async def preupload(repository: Writable, revision: str, body: Json) -> Json:
    revision = unquote(revision)
    present = repository.resolve(revision).files
    for file in body["files"]:
        check_path(file["path"])
    return {
        "files": [
            {
                "path": file["path"],
                "uploadMode": "lfs"
                if file["size"] and repository.is_lfs(file["path"], file["size"], revision)
                else "regular",
                "shouldIgnore": repository.ignored(file["path"], revision, body.get("gitIgnore")),
                "oid": present[file["path"]].etag if file["path"] in present else None,
            }
            for file in body["files"]
        ]
    }


@routes.post("/{owner}/{name}.git/info/lfs/objects/batch")
@routes.post("/{kind}/{owner}/{name}.git/info/lfs/objects/batch")
async def lfs_batch(request: Request, repository: Writable, hub: Hub, body: Json) -> Json:
    """Where to send each object that is not there: one address, or one for each part and one to say it is whole."""

    def offered(oid: str, size: int) -> Json:
        if oid in hub.lfs:
            return {}
        lfs = f"{request.base_url}lfs"
        upload: Json = {"href": f"{lfs}/upload/{oid}"}
        if size > hub.part_bytes:
            parts = {str(n + 1): f"{lfs}/part/{oid}/{n + 1}" for n in range(-(-size // hub.part_bytes))}
            upload = {"href": f"{lfs}/complete/{oid}", "header": {"chunk_size": str(hub.part_bytes), **parts}}
        return {"actions": {"upload": upload, "verify": {"href": f"{lfs}/verify/{oid}"}}}

    objects = [{**file, **offered(file["oid"], file["size"])} for file in body["objects"]]
    return {"transfer": "multipart" if any(hub.part_bytes < file["size"] for file in objects) else "basic"} | {
        "objects": objects
    }


def check_signed(request: Request) -> None:
    if "authorization" in request.headers:
        raise RefusalError(400, "A signed URL takes no Authorization header")


def keep(hub: HubState, oid: str, content: bytes) -> None:
    if hashlib.sha256(content).hexdigest() != oid:
        raise RefusalError(400, "The content does not have the announced sha256")
    hub.lfs[oid] = content


@routes.put("/lfs/upload/{oid}")
async def lfs_upload(request: Request, oid: str, hub: Hub) -> None:
    check_signed(request)
    keep(hub, oid, await request.body())


@routes.put("/lfs/part/{oid}/{number}")
async def lfs_part(request: Request, oid: str, number: int, hub: Hub) -> Response:
    check_signed(request)
    content = hub.parts[oid, number] = await request.body()
    return Response(headers={"ETag": f'"{hashlib.md5(content).hexdigest()}"'})


@routes.post("/lfs/complete/{oid}")
async def lfs_complete(oid: str, body: Json, hub: Hub) -> Json:
    parts = [hub.parts.pop((oid, part["partNumber"]), b"") for part in body["parts"]]
    for content, part in zip(parts, body["parts"], strict=True):
        if part["etag"].strip('"') != hashlib.md5(content).hexdigest():
            raise RefusalError(400, f"Part {part['partNumber']} is not what was sent")
    keep(hub, oid, b"".join(parts))
    return {}


@routes.post("/lfs/verify/{oid}")
async def lfs_verify(oid: str, body: Json, hub: Hub) -> Json:
    if len(hub.lfs.get(oid, b"")) != body["size"]:
        raise RefusalError(404, "This object was not uploaded")
    return {}


def read_commit(lines: bytes, hub: HubState) -> tuple[Json, dict[str, Blob], list[str]]:
    """The header, the files and the deletions of a commit as the client sends it: one JSON object in each line."""
    header: Json = {}
    added: dict[str, Blob] = {}
    deleted: list[str] = []
    for operation in map(json.loads, lines.splitlines()):
        value = operation["value"]
        if operation["key"] == "header":
            header = value
            continue
        check_path(value["path"])
        match operation["key"]:
            case "file":
                added[value["path"]] = Blob(base64.b64decode(value["content"]))
            case "lfsFile":
                if value["oid"] not in hub.lfs:
                    raise RefusalError(400, "LFS pointer pointed to a file that does not exist")
                added[value["path"]] = Blob(hub.lfs[value["oid"]], lfs=True)
            case "deletedFile" | "deletedFolder":
                deleted.append(value["path"])
            case key:
                raise RefusalError(400, f"Unknown operation: {key}")
    if not header.get("summary"):
        raise RefusalError(400, "A commit needs a summary")
    if "README.md" in added:
        front_matter(added["README.md"].content.decode())
    return header, added, deleted


def opened(hub: HubState, repository: Repository, author: str, title: str, base: str, **options: str) -> Discussion:
    """A new pull request against a branch, that holds what the branch holds."""
    talks = hub.discussions[repository.kind, repository.id]
    ref = repository.writable_ref(base)
    start = repository.refs[ref]
    made = Discussion(len(talks) + 1, title, author, True, base=ref.removeprefix("refs/heads/"), start=start, **options)
    repository.create_ref(made.ref, start)
    talks.append(made)
    return made


@routes.post(API + "/commit/{revision}")
async def commit(
    request: Request, repository: Writable, who: Known, hub: Hub, revision: str, create_pr: bool = False
) -> Json:
    header, added, deleted = read_commit(await request.body(), hub)
    ref, message = unquote(revision), header.get("description", "")
    pull = None
    if create_pr:
        pull = opened(hub, repository, who.name, header["summary"], ref)
        pull.comment(who.name, message)
        ref = pull.ref
    made = repository.commit(
        ref, header["summary"], added, deleted, header.get("parentCommit"), message=message, author=who.name
    )
    note_in_pull_request(hub, repository, ref, made)
    address = web_address(request, repository)
    address = address if hub.names_host else f"/{address.removeprefix(str(request.base_url))}"
    answer = {"success": True, "commitOid": made.sha, "commitUrl": f"{address}/commit/{made.sha}"}
    return {**answer, "pullRequestUrl": f"{address}/discussions/{pull.number}"} if pull else answer


def note_in_pull_request(hub: HubState, repository: Repository, ref: str, made: Commit) -> None:
    for talk in hub.discussions[repository.kind, repository.id]:
        if talk.is_pull_request and talk.ref == ref:
            talk.note("commit", made.author, {"subject": made.title, "oid": made.sha})
