"""A small line chart as SVG: it follows the page's theme, light or dark, and needs no library."""

from __future__ import annotations

import html
import math
from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 640, 340
LEFT, RIGHT, TOP, BOTTOM = 78, 16, 16, 64
"""Space around the lines, in the chart's own pixels."""
CHART_SPAN = (LEFT, WIDTH - RIGHT)
"""Where the first and the last position are, in the same pixels."""
TICKS = 6
"""Tick labels on each axis, about."""


@dataclass(frozen=True)
class Line:
    """One line of a chart."""

    name: str
    """What the legend calls it."""
    values: Sequence[float]
    """Heights from left to right; above 0 on a logarithmic scale."""
    band: Sequence[tuple[float, float]] = ()
    """The lower and the upper end of a band around it, at each position; none where empty."""


def line_chart(
    lines: Sequence[Line],
    about: str,
    across: str,
    upwards: str,
    steps: int,
    *,
    log: bool = False,
    marked: float | None = None,
    span: tuple[float, float] | None = None,
    unit: int = 1,
    ceiling: float | None = None,
    replayed: bool = False,
) -> str:
    """HTML: the chart with a legend.

    Args:
        lines: Up to four lines that begin at the left; one that is still growing may be shorter than the chart, one
            without values is left out.
        about: What the chart shows, as its alternative text.
        across: The label of the x axis.
        upwards: The label of the y axis.
        steps: Positions in all.
        log: Whether the y axis is logarithmic.
        marked: A position that an upright line marks.
        span: What the first and the last position stand for, and `marked` is between; their numbers where absent.
        unit: What the x axis counts from one position to the next.
        ceiling: The upper end of a y axis that is not logarithmic, for charts to be compared; what is above is cut off.
        replayed: Whether each line carries its values, and the legend the last of them, for a script that replays it.
    """
    values = [value for line in lines for value in (*line.values, *(high for _, high in line.band))]
    low, high = _range(values, log)
    high = high if ceiling is None else ceiling

    def height(value: float) -> float:
        level = math.log10(value) if log else value
        return TOP + (HEIGHT - TOP - BOTTOM) * (high - level) / (high - low)

    def place(step: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * (step - 1) / max(1, steps - 1)

    def position(value: float) -> float:
        return value if span is None else 1 + (steps - 1) * (value - span[0]) / (span[1] - span[0])

    parts = []
    for tick in _ticks(low, high):
        y = height(10**tick if log else tick)
        words = f"10<tspan dy='-0.45em'>{tick:g}</tspan>" if log else f"{tick:g}"
        parts.append(f"<path class='grid' d='M{LEFT} {y:.1f}H{WIDTH - RIGHT}'/>")
        parts.append(f"<text x='{LEFT - 8}' y='{y + 4:.1f}' text-anchor='end'>{words}</text>")
    for tick in _ticks(*(span or (unit, steps * unit))):
        if span or tick == int(tick):
            x = place(position(tick) / unit)
            parts.append(f"<text x='{x:.1f}' y='{HEIGHT - 40}' text-anchor='middle'>{tick:g}</text>")
    middle = (TOP + HEIGHT - BOTTOM) / 2
    parts.append(f"<text x='{(LEFT + WIDTH - RIGHT) / 2}' y='{HEIGHT - 8}' text-anchor='middle'>{_text(across)}</text>")
    turned = f"transform='rotate(-90 20 {middle})'"
    parts.append(f"<text x='20' y='{middle}' text-anchor='middle' {turned}>{_text(upwards)}</text>")
    if marked is not None:
        parts.append(f"<path class='marked' d='M{place(position(marked)):.1f} {TOP}V{HEIGHT - BOTTOM}'/>")
    for index, line in enumerate(lines):
        if len(line.band) > 1:
            edge = [(step, high) for step, (_, high) in enumerate(line.band, 1)]
            edge += reversed([(step, low) for step, (low, _) in enumerate(line.band, 1)])
            around = " ".join(f"{place(step):.1f},{height(value):.1f}" for step, value in edge)
            parts.append(f"<polygon class='line-{index}' points='{around}'/>")
        if len(line.values) == 1:  # a line of one point would not be seen
            parts.append(f"<circle class='line-{index}' cx='{place(1):.1f}' cy='{height(line.values[0]):.1f}' r='5'/>")
        heights = line.values if ceiling is None else [min(value, ceiling) for value in line.values]
        points = " ".join(f"{place(step):.1f},{height(value):.1f}" for step, value in enumerate(heights, 1))
        carried = f" data-values='{' '.join(f'{value:.2f}' for value in line.values)}'" if replayed else ""
        parts.append(f"<polyline class='line-{index}' points='{points}'{carried}/>")
    legend = "".join(
        f"<span class='line-{index}'>{_text(line.name)}{f' <b>{line.values[-1]:.2f}</b>' if replayed else ''}</span>"
        for index, line in enumerate(lines)
        if line.values
    )
    image = f"<svg viewBox='0 0 {WIDTH} {HEIGHT}' role='img' aria-label='{_text(about)}'>{''.join(parts)}</svg>"
    return f"<figure class='chart'>{image}<figcaption>{legend}</figcaption></figure>"


def _text(words: str) -> str:
    return html.escape(words)


def _range(values: Sequence[float], log: bool) -> tuple[float, float]:
    """The lowest and highest level of the chart: whole powers of ten, or from 0."""
    if not values:
        return 0, 1
    if log:
        low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
        return low, max(high, low + 1)
    return 0, max(values) or 1


def _ticks(low: float, high: float) -> list[float]:
    """Round numbers from `low` to `high`, about `TICKS` of them."""
    rough = (high - low) / TICKS
    unit = 10 ** math.floor(math.log10(rough)) if rough > 0 else 1
    step = next(unit * factor for factor in (1, 2, 5, 10) if unit * factor >= rough)
    return [index * step for index in range(math.ceil(low / step), math.floor(high / step) + 1)]
