"""The race of depths as HTML: two charts of measured curves side by side, with a slider and a button that replay them.

All of it is drawn to its end before any script runs. Whoever wants less motion has the slider alone.
"""

from __future__ import annotations

import html
from collections.abc import Sequence
from statistics import mean

from resnet_hub.demo.fields.charts.svg_chart import Line, line_chart
from resnet_hub.demo.text import counted, measured, say
from resnet_hub.explain import Laboratory, MeasuredTraining

KINDS = ("plain", "residual")
"""The rows that race: without shortcuts, and with them."""
GUESSING = 2.5
"""The upper end of both charts: a little above ln 10, the loss of guessing among ten classes."""
# The curves up to a point, and their values there; a click plays them, a second one stops. The points are those of
# the charts, which are whole where this does not run.
REPLAY = """
const at = () => element.querySelector('input');
const show = (count) => {
  for (const line of element.querySelectorAll('polyline')) {
    line.dataset.points ??= line.getAttribute('points');
    line.setAttribute('points', line.dataset.points.split(' ').slice(0, count).join(' '));
    const values = line.dataset.values.split(' ');
    const name = line.closest('figure').querySelector('figcaption .' + line.getAttribute('class') + ' b');
    name.textContent = values[Math.min(count, values.length) - 1];
  }
  const input = at(), updates = count * Number(input.dataset.unit);
  input.setAttribute('aria-valuetext', updates.toLocaleString(document.documentElement.lang || 'en'));
  element.querySelector('output').textContent = input.getAttribute('aria-valuetext');
};
let frame = 0;
const press = (on) => element.querySelector('button')?.setAttribute('aria-pressed', on);
const stop = () => { cancelAnimationFrame(frame); frame = 0; press(false); };
const play = () => {
  const start = performance.now(), last = Number(at().max);
  press(true);
  const next = (now) => {
    if (!at()) return stop();
    const count = Math.min(last, 1 + Math.floor((now - start) / 6000 * last));
    at().value = count;
    show(count);
    if (count < last) frame = requestAnimationFrame(next); else stop();
  };
  frame = requestAnimationFrame(next);
};
element.addEventListener('input', (event) => {
  if (event.target !== at()) return;
  stop();
  show(Number(at().value));
});
element.addEventListener('click', (event) => {
  if (event.target.closest('button')) frame ? stop() : play();
});
"""


def race_html(found: Laboratory, language: str) -> str:
    """HTML: what the race shows in a sentence, the two charts, and what replays them."""
    depths = raced_depths(found)
    usual = [run for kind in KINDS for depth in depths for run in found.of(kind, depth)]
    unit = usual[0].every
    points = max(len(run.losses) for run in usual)
    sentence = race_words(found, depths, language)
    charts = "".join(_chart(found, kind, depths, points, language) for kind in KINDS)
    words = {name: html.escape(say(f"lab.{name}", language)) for name in ("replay", "updates")}
    end = counted(points * unit, language)
    return (
        f"<p role='status'>{html.escape(sentence)}</p><div class='race'><div class='race-charts'>{charts}</div>"
        f"<div class='race-controls'><button type='button' aria-pressed='false'>{words['replay']}</button>"
        f"<label>{words['updates']} <input type='range' min='1' max='{points}' value='{points}' data-unit='{unit}' "
        f"aria-valuetext='{end}'></label><output>{end}</output></div></div>"
    )


def raced_depths(found: Laboratory) -> tuple[int, ...]:
    """The depths, from the smallest, of which there is a network of both kinds."""
    return tuple(sorted({run.depth for run in found.of(KINDS[0])} & {run.depth for run in found.of(KINDS[1])}))


def race_words(found: Laboratory, depths: Sequence[int], language: str) -> str:
    """One sentence: the training error of the shallowest and of the deepest networks, of both kinds."""

    def error(kind: str, depth: int) -> str:
        return measured(mean_error(found.of(kind, depth), "train"), language)

    shallow, deep = depths[0], depths[-1]
    return say(
        "lab.race_found",
        language,
        shallow=shallow,
        deep=deep,
        plain_shallow=error("plain", shallow),
        plain_deep=error("plain", deep),
        residual_shallow=error("residual", shallow),
        residual_deep=error("residual", deep),
    )


def mean_error(runs: Sequence[MeasuredTraining], split: str) -> float:
    """The mean share of wrong answers at the end; a network whose training broke off answers as by chance."""
    ends = [run.train if split == "train" else run.test for run in runs]
    return mean(end.error if end else 0.9 for end in ends)


def _chart(found: Laboratory, kind: str, depths: Sequence[int], points: int, language: str) -> str:
    lines = [Line(say("lab.layers", language, depth=depth), _mean_curve(found.of(kind, depth))) for depth in depths]
    name = say("depth.with" if kind == "residual" else "depth.without", language)
    about = say("lab.race_chart", language, kind=name)
    chart = line_chart(
        lines,
        about,
        say("lab.updates", language),
        say("depth.loss", language),
        points,
        unit=found.of(kind, depths[0])[0].every,
        ceiling=GUESSING,
        replayed=True,
    )
    return f"<section><h4>{html.escape(name)}</h4>{chart}</section>"


def _mean_curve(runs: Sequence[MeasuredTraining]) -> list[float]:
    """The mean over the seeds, as far as all of them came."""
    return [mean(values) for values in zip(*(run.losses for run in runs), strict=False)]
