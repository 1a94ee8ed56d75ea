"""Dynamic batching: images of many visitors -> batches for one network, of all that wait when it is free."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor
from contextvars import Context, copy_context

import torch
from torch import Tensor

Waiting = tuple[Tensor, asyncio.Future[Tensor], Context]


class Batcher:
    """Runs a network on batches of whatever waits for it.

    No batching delay: a lone image runs at once, and while the network is busy the next batch
    collects. All calls come from one event loop.
    """

    def __init__(self, run: Callable[[Tensor], Tensor], executor: Executor, most: int) -> None:
        """Takes what runs a batch.

        Args:
            run: Pixels (N, C, H, W), uint8 -> one row for each image.
            executor: Where `run` runs; batchers that share one with a single thread take turns.
            most: Images in a batch at most.
        """
        self.run, self.executor, self.most = run, executor, most
        self._waiting: list[Waiting] = []
        self._turns: asyncio.Task[None] | None = None

    async def scores(self, pixels: Tensor) -> Tensor:
        """The network's row for one image, uint8 (C, H, W). Cancelled while it waits, the image leaves the queue."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Tensor] = loop.create_future()
        self._waiting.append((pixels, answer, copy_context()))
        if self._turns is None:
            self._turns = loop.create_task(self._take_turns())
        return await answer

    async def _take_turns(self) -> None:
        try:
            while self._waiting:
                self._waiting = [one for one in self._waiting if not one[1].done()]
                batch = self._waiting[: self.most]
                del self._waiting[: self.most]
                if batch:
                    await self._answer(batch)
        finally:
            self._turns = None

    async def _answer(self, batch: list[Waiting]) -> None:
        stacked = torch.stack([pixels for pixels, _, _ in batch])
        asked_by = batch[0][2]  # ZeroGPU charges a visitor, whose request is in the context
        try:
            rows = await asyncio.get_running_loop().run_in_executor(self.executor, asked_by.run, self.run, stacked)
        except Exception as error:
            if len(batch) > 1:  # one image must not spoil the others' answers
                for alone in batch:
                    await self._answer([alone])
            elif not batch[0][1].done():
                batch[0][1].set_exception(error)
            return
        for (_, answer, _), row in zip(batch, rows, strict=True):
            if not answer.done():
                answer.set_result(row)
