"""One image, several networks: what each says, or why it cannot, and whether they agree."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from time import perf_counter

from resnet_hub.demo.serving import Answer, Inference
from resnet_hub.demo.text import PageError, distinct_labels, say, user_error
from resnet_hub.errors import ResNetHubError
from resnet_hub.explain import HeatMap, heat_map

LEAST, MOST = 2, 4
"""Networks that are compared with one another."""
METHOD = "hires-cam"


@dataclass(frozen=True, eq=False)
class Compared:
    """What one of the networks said."""

    name: str
    """What was requested; untrusted text."""
    answer: Answer | None = None
    """Its answer, where it gave one."""
    found: HeatMap | None = None
    """Where the evidence for its best class is, where that was asked."""
    problem: ResNetHubError | None = None
    """Why there is no answer, or no heat map."""

    @property
    def is_pending(self) -> bool:
        """Whether it has still to answer."""
        return self.answer is None and self.problem is None

    def best(self, language: str) -> str:
        """The label of its best class, with its index where several of the best bear this name."""
        return next(iter(distinct_labels(self.answered.predictions_in(language), language)))

    @property
    def answered(self) -> Answer:
        """Its answer, which must be there."""
        if self.answer is None:
            raise ValueError(f"{self.name!r} has not answered")
        return self.answer


async def compared(
    inference: Inference, image: bytes, names: Sequence[str], top_k: int, with_maps: bool = False
) -> AsyncIterator[list[Compared]]:
    """All networks in the order of `names`, again whenever one of them has answered or failed; at last all have.

    Networks are loaded side by side, and kept until all have answered, even where the page holds fewer in memory. When
    nothing is loaded any more they run once more, one after the other, so that their times can be compared.

    Raises:
        ImageError: The image is too large.
    """
    inference.check_size(len(image))
    columns = [Compared(name) for name in names]
    asked = {
        asyncio.create_task(_answered(inference, image, column, top_k)): place for place, column in enumerate(columns)
    }
    waiting = set(asked)
    try:
        while waiting:
            done, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                columns[asked[task]] = task.result()
            if waiting:
                yield list(columns)
    finally:
        for task in waiting:
            task.cancel()
    columns = [await _timed(inference, column) for column in columns]
    yield list(columns)
    if with_maps:
        for place, column in enumerate(columns):
            columns[place] = await _explained(inference, column)
        yield list(columns)


async def _answered(inference: Inference, image: bytes, column: Compared, top_k: int) -> Compared:
    """The column with its answer, or with why there is none."""
    try:
        model = await inference.open(column.name)
        return Compared(model.name, await inference.answer(model, image, top_k))
    except Exception as error:
        return replace(column, problem=user_error(error))


async def _timed(inference: Inference, column: Compared) -> Compared:
    """The column with the time of a run for which nothing else of the comparison was under way."""
    answer = column.answer
    if answer is None:
        return column
    started = perf_counter()
    try:
        await inference.in_time(answer.model.batcher.scores(answer.pixels))
    except Exception as error:
        return replace(column, problem=user_error(error))
    classification = answer.classification
    timings = replace(classification.timings, network_ms=1e3 * (perf_counter() - started))
    return replace(column, answer=replace(answer, classification=replace(classification, timings=timings)))


async def _explained(inference: Inference, column: Compared) -> Compared:
    """The column with a heat map for its best class, or with why there is none."""
    answer = column.answer
    if answer is None:
        return column
    best = answer.classification.predictions[0].index
    try:
        found = await inference.explained(heat_map, answer.model.classifier, answer.pixels, best, METHOD)
    except Exception as error:
        return replace(column, problem=user_error(error))
    return replace(column, found=found)


def checked_names(names: object) -> list[str]:
    """The networks that a visitor or a program wants compared. Raises: PageError unless they are 2 to 4 names."""
    if not isinstance(names, Sequence) or isinstance(names, str) or not all(isinstance(name, str) for name in names):
        raise PageError("tabs.list_of_models", least=LEAST, most=MOST)
    given = list(dict.fromkeys(name.strip() for name in names))
    if not LEAST <= len(given) <= MOST:
        raise PageError("tabs.how_many_to_compare", least=LEAST, most=MOST, count=len(given))
    return given


def do_agree(columns: Sequence[Compared]) -> bool | None:
    """Whether all that answered name the same best class; None where fewer than two did."""
    groups = _groups(columns)
    return None if sum(map(len, groups)) < LEAST else len(groups) == 1


def agreement(columns: Sequence[Compared], language: str) -> str:
    """One sentence: whether the networks agree, and who says what where they do not."""
    groups = _groups(columns)
    count = sum(map(len, groups))
    if count < LEAST:
        return say(f"compare.only_{count}", language)
    if len(groups) == 1:
        return say("compare.agree", language, label=groups[0][0].best(language))
    comma, semicolon = say("compare.comma", language), say("compare.semicolon", language)
    parts = [
        say(
            "compare.one_says" if len(group) == 1 else "compare.several_say",
            language,
            names=comma.join(column.name for column in group),
            label=group[0].best(language),
        )
        for group in groups
    ]
    return say("compare.disagree", language, parts=semicolon.join(parts))


def _groups(columns: Sequence[Compared]) -> list[list[Compared]]:
    """Those that answered, by what they say, the largest group first."""
    groups: list[list[Compared]] = []
    for column in columns:
        if column.answer is not None:
            for group in groups:
                if _say_the_same(group[0].answered, column.answer):
                    group.append(column)
                    break
            else:
                groups.append([column])
    return sorted(groups, key=len, reverse=True)


def _say_the_same(one: Answer, other: Answer) -> bool:
    """Whether two best classes are the same: by number in one list of names, else by the first of their names."""
    first, second = (answer.classification.predictions[0] for answer in (one, other))
    if one.model.classifier.label_names == other.model.classifier.label_names:
        return first.index == second.index
    names = [found.label.partition(",")[0].strip().casefold() for found in (first, second)]
    return names[0] == names[1]
