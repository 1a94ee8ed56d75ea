"""Programs that call the page by plain HTTP, as a few lines of any language would."""

import json

import httpx
import pytest

FILE = {"_type": "gradio.FileData"}


class Caller:
    """One program; `web` sends any other request."""

    def __init__(self, address):
        self.web = httpx.Client(base_url=f"{address}/gradio_api", timeout=300)

    def upload(self, name, data):
        """Uploads a file; returns what stands for it."""
        (path,) = self.web.post("/upload", files={"files": (name, data)}).json()
        return {"path": path, "orig_name": name, "meta": FILE}

    def call(self, endpoint, *values):
        """The answer of an endpoint, or the sentence that stands in its place."""
        sent = self.web.post(f"/call/{endpoint}", json={"data": values}).json()
        lines = self.web.get(f"/call/{endpoint}/{sent['event_id']}").text.splitlines()
        event, data = lines[0].removeprefix("event: "), json.loads(lines[1].removeprefix("data: "))
        return data[0] if event == "complete" else data["error"]

    def close(self):
        self.web.close()


@pytest.fixture(scope="module")
def caller(address):
    """A program that calls the page of this module."""
    caller = Caller(address)
    yield caller
    caller.close()
