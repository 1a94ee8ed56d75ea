"""The fake Hub's answers byte for byte, as they were recorded from the real one: one row, one fact."""

import re
from types import SimpleNamespace

import httpx2
import pytest
from huggingface_hub import HfApi

REPO = "alice/net"
# As `git hash-object` and `sha256sum` print them: the text, the pointer that git keeps of the weights, the weights.
SHA1 = "19102815663d23f8b75a47e7a01965dcdc96468c"
POINTER_SHA1 = "936e1b4672d9b9eae2dbee72f68e5f344411832b"
WEIGHTS = b"0123456789"
WEIGHTS_SHA256 = "84d89877f0d4041efb6bf91a16f0248f2fd573e6af05c19f96bedb9f882f7882"


@pytest.fixture
def hub(fake_hub):
    """A Hub with one model repository, asked without following redirects."""
    api = HfApi(token=fake_hub.token)
    api.create_repo(REPO)
    api.upload_file(path_or_fileobj=b"foo", path_in_repo="a.txt", repo_id=REPO)
    api.upload_file(path_or_fileobj=WEIGHTS, path_in_repo="a.bin", repo_id=REPO)
    api.update_repo_settings(api.create_repo("alice/gated").repo_id, gated="manual")
    api.create_repo("alice/private", private=True)
    bob = fake_hub.state.add_account("bob")
    with httpx2.Client(base_url=fake_hub.url) as client:

        def ask(method, path, who=None, **options):
            tokens = {"alice": fake_hub.token, "bob": bob, "nobody": "hf_nobody"}
            headers = {"Authorization": f"Bearer {tokens[who]}"} if who else {}
            return client.request(method, path, headers=headers | options.pop("headers", {}), **options)

        yield SimpleNamespace(ask=ask, api=api, sha=api.model_info(REPO).sha, state=fake_hub.state)


REFUSALS = {
    "a missing repository, anonymous": (None, "/alice/none/resolve/main/a", 401, "RepoNotFound", "Invalid username"),
    "a missing repository, logged in": ("bob", "/alice/none/resolve/main/a", 404, "RepoNotFound", "not found"),
    "a private repository, anonymous": (None, "/api/models/alice/private", 401, "RepoNotFound", "Invalid username"),
    "a private repository of another": ("bob", "/api/models/alice/private", 404, "RepoNotFound", "not found"),
    "an id without a namespace": (None, "/api/models/none", 401, "RepoNotFound", "Invalid username"),
    "a repository of another type": (None, f"/api/datasets/{REPO}", 401, "RepoNotFound", "Invalid username"),
    "a missing revision": (None, f"/{REPO}/resolve/x/a.txt", 404, "RevisionNotFound", "Invalid rev id: x"),
    "a missing file": (None, f"/{REPO}/resolve/main/b.txt", 404, "EntryNotFound", "Entry not found"),
    "a missing folder": (None, f"/api/models/{REPO}/tree/main/none", 404, "EntryNotFound", "none does not exist"),
    "a gated file, anonymous": (None, "/alice/gated/resolve/main/a", 401, "GatedRepo", "restricted"),
    "a gated file, not on the list": ("bob", "/alice/gated/resolve/main/a", 403, "GatedRepo", "not in the authorized"),
    "a token nobody has": ("nobody", f"/api/models/{REPO}", 401, None, "Invalid credentials in Authorization header"),
}


@pytest.mark.parametrize(("who", "path", "status", "code", "message"), REFUSALS.values(), ids=REFUSALS)
def test_a_refusal_has_its_status_code_and_message(hub, who, path, status, code, message):
    answer = hub.ask("GET", path, who)
    assert (answer.status_code, answer.headers.get("X-Error-Code")) == (status, code)
    assert message in answer.headers["X-Error-Message"]


def test_a_missing_file_is_told_in_plain_text_with_the_commit(hub):
    answer = hub.ask("GET", f"/{REPO}/resolve/main/b.txt")
    assert (answer.text, answer.headers["X-Repo-Commit"]) == ("Entry not found", hub.sha)


def test_a_regular_file_is_a_307_to_a_relative_address_without_an_etag_of_its_own(hub):
    answer = hub.ask("HEAD", f"/{REPO}/resolve/main/a.txt")
    assert answer.status_code == 307
    assert answer.headers["Location"] == f"/api/resolve-cache/models/{REPO}/{hub.sha}/a.txt"
    assert answer.headers["X-Linked-Etag"] == f'"{SHA1}"'
    assert "ETag" not in answer.headers


@pytest.mark.parametrize("method", ["HEAD", "GET"])
def test_behind_it_are_the_length_the_etag_and_the_commit(hub, method):
    answer = hub.ask(method, f"/api/resolve-cache/models/{REPO}/{hub.sha}/a.txt")
    told = [answer.headers[name] for name in ("Content-Length", "ETag", "X-Repo-Commit")]
    assert (answer.status_code, told) == (200, ["3", f'"{SHA1}"', hub.sha])


def test_a_file_the_client_has_is_not_sent_again(hub):
    known = {"If-None-Match": f'"{SHA1}"'}
    assert hub.ask("GET", f"/api/resolve-cache/models/{REPO}/{hub.sha}/a.txt", headers=known).status_code == 304


def test_an_lfs_file_is_a_302_to_another_host(hub):
    answer = hub.ask("HEAD", f"/{REPO}/resolve/main/a.bin")
    assert (answer.status_code, answer.headers["X-Linked-Etag"]) == (302, f'"{WEIGHTS_SHA256}"')
    assert (answer.headers["X-Linked-Size"], answer.headers["Accept-Ranges"]) == ("10", "bytes")
    assert re.match(r"http://localhost:\d+/", answer.headers["Location"])


def test_a_signed_address_takes_no_token(hub):
    assert hub.ask("GET", f"/cdn/{WEIGHTS_SHA256}", "alice").status_code == 400


def test_a_range_beyond_the_end_is_refused(hub):
    answer = hub.ask("GET", f"/cdn/{WEIGHTS_SHA256}", headers={"Range": "bytes=10-"})
    assert (answer.status_code, answer.headers["Content-Range"]) == (416, "bytes */10")


ENTRIES = {
    "regular": ("a.txt", {"type": "file", "oid": SHA1, "size": 3, "path": "a.txt"}),
    "lfs": (
        "a.bin",
        {
            "type": "file",
            "oid": POINTER_SHA1,
            "size": 10,
            "path": "a.bin",
            "lfs": {"oid": WEIGHTS_SHA256, "size": 10, "pointerSize": 127},
        },
    ),
}


@pytest.mark.parametrize(("path", "entry"), ENTRIES.values(), ids=ENTRIES)
def test_the_tree_and_paths_info_describe_a_file_alike(hub, path, entry):
    tree = {there["path"]: there for there in hub.ask("GET", f"/api/models/{REPO}/tree/main").json()}
    info = hub.ask("POST", f"/api/models/{REPO}/paths-info/main", json={"paths": [path, "none"]}).json()
    assert [tree[path]] == info == [entry]


INFO = {
    "_id": r"[0-9a-f]{24}",
    "id": REPO,
    "modelId": REPO,
    "author": "alice",
    "sha": r"[0-9a-f]{40}",
    "private": "False",
    "gated": "False",
    "disabled": "False",
    "tags": r".*'region:us'.*",
    "downloads": "0",
    "likes": "0",
    "spaces": r"\[\]",
    "usedStorage": r"\d+",
    "lastModified": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z",
    "createdAt": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z",
    "siblings": r"\[\{'rfilename': '.gitattributes'\}.*",
}


@pytest.mark.parametrize(("name", "pattern"), INFO.items(), ids=INFO)
def test_the_info_of_a_model_has_each_fact(hub, name, pattern):
    assert re.fullmatch(pattern, str(hub.ask("GET", f"/api/models/{REPO}").json()[name]))


def test_the_card_and_the_weights_are_part_of_the_info(hub):
    import numpy
    from safetensors.numpy import save

    hub.api.upload_file(path_or_fileobj=b"---\nlicense: mit\n---\n", path_in_repo="README.md", repo_id=REPO)
    weights = save({"a": numpy.zeros((2, 3), "float32")})
    hub.api.upload_file(path_or_fileobj=weights, path_in_repo="model.safetensors", repo_id=REPO)
    info = hub.ask("GET", f"/api/models/{REPO}").json()
    assert info["cardData"] == {"license": "mit"}
    assert "license:mit" in info["tags"]
    assert info["safetensors"] == {"parameters": {"F32": 6}, "total": 6}


def test_refs_name_their_target(hub):
    refs = hub.ask("GET", f"/api/models/{REPO}/refs").json()
    main = {"name": "main", "ref": "refs/heads/main", "targetCommit": hub.sha}
    assert refs == {"branches": [main], "tags": [], "converts": []}


def test_a_long_listing_comes_in_pages_that_link_to_the_next(hub):
    hub.state.page_size = 1
    answer = hub.ask("GET", f"/api/models/{REPO}/tree/main?recursive=true")
    assert re.fullmatch(r"<http://[^>]*/tree/main\?recursive=true&cursor=1>; rel=\"next\"", answer.headers["Link"])
    assert len(answer.json()) == 1
    assert len(hub.api.list_repo_files(REPO)) == 3
    assert len(hub.api.list_repo_commits(REPO)) == 3


@pytest.mark.parametrize(
    ("path", "size", "mode"),
    [("a.txt", 10 * 2**20, "regular"), ("a.txt", 10 * 2**20 + 1, "lfs"), ("a.bin", 1, "lfs"), ("a.bin", 0, "regular")],
    ids=["10 MB", "above 10 MB", "by .gitattributes", "empty"],
)
def test_the_size_and_gitattributes_decide_what_goes_to_lfs(hub, path, size, mode):
    body = {"files": [{"path": path, "size": size, "sample": ""}]}
    told = hub.ask("POST", f"/api/models/{REPO}/preupload/main", "alice", json=body).json()["files"][0]
    assert (told["uploadMode"], told["shouldIgnore"]) == (mode, False)


def test_every_answer_is_numbered(hub):
    assert hub.ask("GET", "/api/whoami-v2").headers["X-Request-Id"]
