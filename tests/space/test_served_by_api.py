"""The server of twenty lines in docs/deploy.md: it answers as the classifier, and refuses in a sentence."""

import asyncio
import re
from pathlib import Path

import httpx

from resnet_hub import ImageClassifier
from resnet_hub.checkpoint import BUNDLED
from resnet_hub.demo.examples import FREE_IMAGES

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "deploy.md"
PHOTOGRAPH = sorted(FREE_IMAGES.glob("*.jpg"))[1]


def test_the_server_of_the_document_answers_and_refuses():
    (snippet,) = re.findall(r"```python\n(.*?)```", DOCUMENT.read_text("utf-8"), re.DOTALL)
    assert snippet.count('"runs/insects"') == 1
    names = {"__name__": "serve"}
    exec(snippet.replace('"runs/insects"', repr(str(BUNDLED))).replace("20_000_000", "100_000"), names)

    async def ask():
        async with httpx.AsyncClient(transport=httpx.ASGITransport(names["app"]), base_url="http://test") as client:
            images = PHOTOGRAPH.read_bytes(), b"no image", b"x" * 100_001
            return [await client.post("/predict?top_k=3", content=image) for image in images]

    answer, no_image, too_large = asyncio.run(ask())
    expected = ImageClassifier.from_pretrained(BUNDLED)(PHOTOGRAPH, top_k=3)
    assert [row["label"] for row in answer.json()] == [row.label for row in expected]
    assert (no_image.status_code, too_large.status_code) == (422, 413)
    assert "image" in no_image.json()["detail"]
