"""Serves KohakuHub on this machine, in an environment of its own: `python kohaku.py CHECKOUT PORT`.

S3 is moto's, and LakeFS the double in memory that KohakuHub's own tests have; nothing of it is part of this project.
The first line on standard output is a token of the account `someone`.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path
from typing import Any

BUCKET = "hub"
ACCOUNT, PASSWORD = "someone", "a-long-Passw0rd"


def settings(port: int, storage: str, folder: Path) -> dict[str, str]:
    """What KohakuHub reads from its environment."""
    keys = {"KOHAKU_HUB_S3_ACCESS_KEY": "key", "KOHAKU_HUB_S3_SECRET_KEY": "secret"}
    address = f"http://127.0.0.1:{port}"
    return keys | {
        "KOHAKU_HUB_BASE_URL": address,
        "KOHAKU_HUB_INTERNAL_BASE_URL": address,
        "KOHAKU_HUB_API_BASE": "/api",
        "KOHAKU_HUB_SESSION_SECRET": "secret",
        "KOHAKU_HUB_REQUIRE_EMAIL_VERIFICATION": "false",
        "KOHAKU_HUB_INVITATION_ONLY": "false",
        "KOHAKU_HUB_FALLBACK_ENABLED": "false",
        "KOHAKU_HUB_CACHE_ENABLED": "false",
        "KOHAKU_HUB_DISABLE_DATASET_VIEWER": "true",
        "KOHAKU_HUB_LOG_LEVEL": "ERROR",
        "KOHAKU_HUB_LOG_DIR": str(folder / "logs"),
        "KOHAKU_HUB_DB_BACKEND": "sqlite",
        "KOHAKU_HUB_DATABASE_URL": f"sqlite:///{folder / 'hub.db'}",
        "KOHAKU_HUB_DATABASE_KEY": "secret",
        "KOHAKU_HUB_S3_ENDPOINT": storage,
        "KOHAKU_HUB_S3_PUBLIC_ENDPOINT": storage,
        "KOHAKU_HUB_S3_BUCKET": BUCKET,
        "KOHAKU_HUB_S3_REGION": "us-east-1",
        "KOHAKU_HUB_S3_SIGNATURE_VERSION": "s3v4",
        "KOHAKU_HUB_LAKEFS_ENDPOINT": "http://127.0.0.1:9",
        "KOHAKU_HUB_LAKEFS_ACCESS_KEY": "key",
        "KOHAKU_HUB_LAKEFS_SECRET_KEY": "secret",
        "KOHAKU_HUB_LAKEFS_REPO_NAMESPACE": "hf",
    }


class Stored:
    """What the double of LakeFS asks of S3."""

    def __init__(self, client: Any) -> None:
        self.client = client
        self.objects = self

    def object_exists(self, bucket: str, key: str) -> bool:
        """Whether there is such an object."""
        try:
            self.client.head_object(Bucket=bucket, Key=key)
        except self.client.exceptions.ClientError:
            return False
        return True

    def __getitem__(self, place: tuple[str, str]) -> Any:
        from types import SimpleNamespace

        bucket, key = place
        return SimpleNamespace(body=self.client.get_object(Bucket=bucket, Key=key)["Body"].read())


def lakefs(client: Any) -> Any:
    """KohakuHub's own double of LakeFS, whose objects lie in S3, from where they are downloaded."""
    from test.kohakuhub.support.fakes import FakeLakeFSClient

    class LakeFS(FakeLakeFSClient):
        async def upload_object(
            self, repository: str, branch: str, path: str, content: bytes, force: bool = False
        ) -> Any:
            told = await super().upload_object(repository, branch, path, content, force)
            _, _, place = told["physical_address"].partition("://")
            bucket, _, key = place.partition("/")
            client.put_object(Bucket=bucket, Key=key, Body=content)
            return told

        async def aclose(self) -> None:
            """Holds no connection."""

    return LakeFS(Stored(client), BUCKET)


def account(port: int) -> str:
    """Registers the account on the running server and returns a token of it."""
    import requests

    api = f"http://127.0.0.1:{port}/api/auth"
    person = {"username": ACCOUNT, "password": PASSWORD}
    with requests.Session() as session:
        session.post(f"{api}/register", json={**person, "email": "someone@example.com"}).raise_for_status()
        session.post(f"{api}/login", json=person).raise_for_status()
        made = session.post(f"{api}/tokens/create", json={"name": "checks"})
        made.raise_for_status()
        return made.json()["token"]


def main(checkout: str, port: int) -> None:
    """Serves until it is ended."""
    sys.path[:0] = [checkout, f"{checkout}/src"]
    from moto.server import ThreadedMotoServer

    storage = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    storage.start()
    host, moto_port = storage.get_host_and_port()
    with tempfile.TemporaryDirectory() as folder:
        os.environ.update(settings(port, f"http://{host}:{moto_port}", Path(folder)))
        os.chdir(folder)
        import kohakuhub.lakefs_rest_client as rest
        import test.kohakuhub.support.live_server as live
        from kohakuhub.main import app
        from kohakuhub.utils.s3 import get_s3_client
        from test.kohakuhub.support.live_server import start_live_server

        client = get_s3_client()
        client.create_bucket(Bucket=BUCKET)
        rest._singleton_client = lakefs(client)
        live._reserve_local_port = lambda: port
        server = start_live_server(app)
        sys.stdout.write(account(port) + "\n")
        sys.stdout.flush()
        server.thread.join()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
