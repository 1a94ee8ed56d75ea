"""/health: what it says of a page, and that it runs no network for it."""

import asyncio
import json
from threading import Event

from resnet_hub.demo.serving import health
from resnet_hub.demo.serving.networks.model_pool import start_pool
from resnet_hub.demo.settings import PageSettings


def asked(pool):
    """The status and the JSON of GET /health."""

    async def ask():
        return await health.health_route(pool).endpoint(None)

    answer = asyncio.run(ask())
    assert answer.headers["cache-control"] == "no-store"
    return answer.status_code, json.loads(answer.body)


def test_a_page_that_answers_says_with_which_network(tiny_checkpoint, monkeypatch):
    pool = start_pool(PageSettings(model=str(tiny_checkpoint), device="cpu"))
    monkeypatch.setattr(pool.own.batcher, "run", None)  # calling it would fail
    assert asked(pool) == (200, {"status": "ok", "model": "tiny", "missing": None})


def test_networks_that_do_not_come_to_an_end_are_told(tiny_checkpoint, monkeypatch):
    monkeypatch.setattr(health, "PATIENCE_SECONDS", 0.05)
    pool = start_pool(PageSettings(model=str(tiny_checkpoint), device="cpu"))
    end = Event()

    async def ask():
        monkeypatch.setattr(pool.own.batcher, "run", lambda pixels: (end.wait(60), pixels.flatten(1))[1])
        asking = asyncio.create_task(pool.own.batcher.scores(pool.own.classifier.model.conv1.weight.detach()[0]))
        await asyncio.sleep(0.2)
        stuck = await health.health_route(pool).endpoint(None)
        end.set()
        await asking
        return stuck.status_code, json.loads(stuck.body)["status"]

    assert asyncio.run(ask()) == (503, "stuck")
    assert asked(pool)[0] == 200
