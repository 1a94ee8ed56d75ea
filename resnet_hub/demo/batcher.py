"""Pictures of many visitors -> batches for one network: whoever waits when the network is free goes together."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor

import torch
from torch import Tensor

Waiting = tuple[Tensor, asyncio.Future[Tensor]]


class Batcher:
    """Runs a network on batches of whatever waits for it.

    Nobody waits for company: a lone picture goes at once, and while the network is busy the next batch gathers by
    itself. All calls come from one event loop.
    """

    def __init__(self, run: Callable[[Tensor], Tensor], executor: Executor, most: int) -> None:
        """Takes what runs a batch.

        Args:
            run: Pixels (N, C, H, W), uint8 -> one row for each picture.
            executor: Where `run` runs; batchers that share one with a single thread take turns.
            most: Pictures in a batch at most.
        """
        self.run, self.executor, self.most = run, executor, most
        self._waiting: list[Waiting] = []
        self._turns: asyncio.Task[None] | None = None

    async def scores(self, pixels: Tensor) -> Tensor:
        """The network's row for one picture, uint8 (C, H, W). Cancelled while it waits, the picture leaves the line."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Tensor] = loop.create_future()
        self._waiting.append((pixels, answer))
        if self._turns is None:
            self._turns = loop.create_task(self._take_turns())
        return await answer

    async def _take_turns(self) -> None:
        try:
            while self._waiting:
                self._waiting = [(pixels, answer) for pixels, answer in self._waiting if not answer.done()]
                batch = self._waiting[: self.most]
                del self._waiting[: self.most]
                if batch:
                    await self._answer(batch)
        finally:
            self._turns = None

    async def _answer(self, batch: list[Waiting]) -> None:
        stacked = torch.stack([pixels for pixels, _ in batch])
        try:
            rows = await asyncio.get_running_loop().run_in_executor(self.executor, self.run, stacked)
        except Exception as error:
            if len(batch) > 1:  # one picture must not spoil the others' answers
                for alone in batch:
                    await self._answer([alone])
            elif not batch[0][1].done():
                batch[0][1].set_exception(error)
            return
        for (_, answer), row in zip(batch, rows, strict=True):
            if not answer.done():
                answer.set_result(row)
