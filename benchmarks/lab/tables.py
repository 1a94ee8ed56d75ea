"""The tables of docs/why-residual.md, from what the laboratory found; each stands between two marks of its name."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from statistics import mean

from resnet_hub.explain import Laboratory, MeasuredTraining

KINDS = ("plain", "residual")
HE_TEST = {20: 8.75, 32: 7.51, 44: 7.17, 56: 6.97, 110: 6.43}
"""Test errors of the residual networks in percent: He et al. 2015, table 6."""


def fill(page: str, found: Laboratory) -> str:
    """The text of the page with its tables as they are found now. Raises: ValueError where a mark is missing."""
    tables = {"conditions": conditions, "ends": ends, "others": others, "gradients": gradients, "removals": removals}
    for name, rows in tables.items():
        begin, end = f"<!-- lab:{name} -->", f"<!-- /lab:{name} -->"
        before, _, rest = page.partition(begin)
        _, found_end, after = rest.partition(end)
        if not found_end:
            raise ValueError(f"the page has no {begin} ... {end}")
        body = "\n".join(rows(found))
        page = f"{before}{begin}\n\n{body}\n\n{end}{after}"
    return page


def conditions(found: Laboratory) -> Iterator[str]:
    """What it was measured on, and what of the plan was not."""
    copy = ", a lossy copy: re-encoded as JPEG" if found.images["lossy"] else ""
    versions = ", ".join(f"{name} {version}" for name, version in found.versions.items())
    yield "| | |\n| --- | --- |"
    yield f"| hardware | {found.hardware} |"
    yield f"| processor time | {found.core_hours:.1f} hours of one core, beside other work on the machine |"
    yield f"| date, versions | {' to '.join(sorted({found.dates[0], found.dates[-1]}))}; {versions} |"
    yield f"| images | {found.images['train']:,} and {found.images['test']:,}{copy} |"
    yield f"| trainings | {len(found.runs)} |"
    yield f"| in the plan, but not trained | {', '.join(f'`{name}`' for name in found.missing) or 'none'} |"


def ends(found: Laboratory) -> Iterator[str]:
    """The main comparison, a row for each depth, with the test errors of He et al. beside it."""
    yield "| layers | plain: training | plain: test | residual: training | residual: test | He et al., residual: test |"
    yield "| --- " * 6 + "|"
    for depth in sorted({run.depth for kind in KINDS for run in found.of(kind)}):
        cells = [_errors(found.of(kind, depth), split) for kind in KINDS for split in ("train", "test")]
        yield f"| {depth} | {' | '.join(cells)} | {HE_TEST[depth]} |"


def others(found: Laboratory) -> Iterator[str]:
    """All other trainings, as they come in the plan; those that differ in their seed are one row."""
    yield "| row of the plan | layers | epochs | rate | seeds | training | test |"
    yield "| --- " * 7 + "|"
    for row, depth in dict.fromkeys((run.row, run.depth) for run in found.runs):
        if row not in KINDS:
            runs = found.of(row, depth)
            cells = " | ".join(_errors(runs, split) for split in ("train", "test"))
            yield f"| `{row}` | {depth} | {runs[0].epochs} | {runs[0].lr:g} | {len(runs)} | {cells} |"


def removals(found: Laboratory) -> Iterator[str]:
    """How many blocks the networks of the package can lose."""
    yield "| row of the plan | layers | blocks | right without one | random order | its middle half | greedy order |"
    yield "| --- " * 7 + "|"
    for one in found.removals:
        middle = " to ".join(f"{count:.1f}" for count in one.random_middle)
        yield (
            f"| `{one.row}` | {one.depth} | {one.can_go} of {one.blocks} | {100 * one.right_after_one:.0f} % "
            f"| {one.random:.1f} | {middle} | {one.greedy:.1f} |"
        )


def gradients(found: Laboratory) -> Iterator[str]:
    """The norm of the gradient of the stem and of the last stage, at first and in the middle of the training."""
    yield "| network | layers | stem, first | stage 3, first | stem, middle | stage 3, middle |"
    yield "| --- " * 6 + "|"
    for kind in KINDS:
        for run in (run for run in found.of(kind) if run.seed == 0):
            parts = [[norm or 0.0 for norm in run.gradients[part]] for part in ("stem", "stage 3")]
            norms = [*(part[0] for part in parts), *map(_middle, parts)]
            yield f"| {kind} | {run.depth} | {' | '.join(f'{norm:.2f}' for norm in norms)} |"


def _middle(norms: Sequence[float]) -> float:
    """The mean over the middle fifth."""
    count = len(norms)
    return mean(norms[2 * count // 5 : 3 * count // 5])


def _errors(runs: Sequence[MeasuredTraining], split: str) -> str:
    """The mean error in percent, with the range where there are several."""
    if not runs:
        return "not run"
    if broken := [run for run in runs if run.diverged is not None]:
        return f"broke off at update {broken[0].diverged}"
    errors = [100 * getattr(run, split).error for run in runs]
    spread = f" ({min(errors):.1f} to {max(errors):.1f})" if len(errors) > 1 else ""
    return f"{mean(errors):.1f}{spread}"
