"""The fake Hub's writing half: repositories, refs, LFS objects and commits."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from urllib.parse import unquote

from fake_hub_routes import API, Hub, Json, Who, Writable, front_matter, web_address
from fake_hub_state import Blob, RefusalError
from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

routes = APIRouter()
HUB_ID = re.compile(r"\w[\w.-]*(/\w[\w.-]*)?", re.ASCII)


@routes.post("/api/repos/create")
async def create_repository(request: Request, body: Json, hub: Hub, who: Who) -> Json:
    kind = f"{body.get('type', 'model')}s"
    repo_id = f"{body.get('organization') or (who.name if who else '')}/{body['name']}"
    try:
        repository = hub.create(kind, repo_id, who, private=body.get("visibility") == "private")
    except RefusalError as refusal:
        if refusal.status == 409:
            refusal.body = {"url": web_address(request, hub.repositories[kind, repo_id])}
        raise
    return {"url": web_address(request, repository), "id": repo_id}


@routes.post(API + "/branch/{branch}")
async def create_branch(repository: Writable, branch: str, body: Json) -> None:
    if unquote(branch).startswith("refs/"):
        raise RefusalError(400, f"Invalid reference for a branch: {unquote(branch)}")
    repository.create_ref(f"refs/heads/{unquote(branch)}", body.get("startingPoint", "main"))


@routes.post(API + "/tag/{revision}")
async def create_tag(repository: Writable, revision: str, body: Json) -> None:
    repository.create_ref(f"refs/tags/{body['tag']}", unquote(revision))


@routes.post("/api/validate-yaml")
async def validate_yaml(body: Json) -> JSONResponse:
    errors = []
    try:
        card = front_matter(body["content"])
    except RefusalError as refusal:
        card, errors = {}, [refusal.message]
    base_model = card.get("base_model", [])
    for model in [base_model] if isinstance(base_model, str) else base_model:
        if not HUB_ID.fullmatch(model):
            errors.append(f'"base_model" with value "{model}" is not valid. Use a model id from https://hf.co/models.')
    if "license" in card and not re.fullmatch(r"[a-z0-9.+-]+", str(card["license"])):
        errors.append('"license" must be one of the known identifiers')
    answer = {"errors": [{"message": message} for message in errors], "warnings": []}
    return JSONResponse(answer, status_code=400 if errors else 200)


@routes.post(API + "/preupload/{revision}")
async def preupload(repository: Writable, revision: str, body: Json) -> Json:
    present = repository.resolve(unquote(revision)).files
    return {
        "files": [
            {
                "path": file["path"],
                "uploadMode": "lfs" if repository.is_lfs(file["path"], file["size"], unquote(revision)) else "regular",
                "shouldIgnore": False,
                "oid": present[file["path"]].etag if file["path"] in present else None,
            }
            for file in body["files"]
        ]
    }


@routes.post("/{owner}/{name}.git/info/lfs/objects/batch")
@routes.post("/{kind}/{owner}/{name}.git/info/lfs/objects/batch")
async def lfs_batch(request: Request, repository: Writable, hub: Hub, body: Json) -> Json:
    def offered(oid: str) -> Json:
        actions = {name: {"href": f"{request.base_url}lfs/{name}/{oid}"} for name in ("upload", "verify")}
        return {} if oid in hub.lfs else {"actions": actions}

    objects = [{"oid": file["oid"], "size": file["size"], **offered(file["oid"])} for file in body["objects"]]
    return {"transfer": "basic", "objects": objects}


@routes.put("/lfs/upload/{oid}")
async def lfs_upload(request: Request, oid: str, hub: Hub) -> None:
    content = await request.body()
    if hashlib.sha256(content).hexdigest() != oid:
        raise RefusalError(400, "The content does not have the announced sha256")
    if "authorization" in request.headers:
        raise RefusalError(400, "A signed URL takes no Authorization header")
    hub.lfs[oid] = content


@routes.post("/lfs/verify/{oid}")
async def lfs_verify(oid: str, body: Json, hub: Hub) -> Json:
    if len(hub.lfs.get(oid, b"")) != body["size"]:
        raise RefusalError(404, "This object was not uploaded")
    return {}


@routes.post(API + "/commit/{revision}")
async def commit(request: Request, repository: Writable, hub: Hub, revision: str, create_pr: bool = False) -> Json:
    header: Json = {}
    added: dict[str, Blob] = {}
    deleted: list[str] = []
    for line in (await request.body()).splitlines():
        operation = json.loads(line)
        value = operation["value"]
        match operation["key"]:
            case "header":
                header = value
            case "file":
                added[value["path"]] = Blob(base64.b64decode(value["content"]))
            case "lfsFile":
                if value["oid"] not in hub.lfs:
                    raise RefusalError(400, "LFS pointer pointed to a file that does not exist")
                added[value["path"]] = Blob(hub.lfs[value["oid"]], lfs=True)
            case _:
                deleted.append(value["path"])
    branch = unquote(revision)
    number = repository.open_pull_request(branch) if create_pr else None
    made = repository.commit(
        f"refs/pr/{number}" if create_pr else branch, header["summary"], added, deleted, header.get("parentCommit")
    )
    address = web_address(request, repository)
    answer = {"success": True, "commitOid": made.sha, "commitUrl": f"{address}/commit/{made.sha}"}
    return {**answer, "pullRequestUrl": f"{address}/discussions/{number}"} if create_pr else answer
