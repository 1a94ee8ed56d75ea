"""The confusion matrix as HTML: a table whose numbers are buttons that open their images.

Names of classes are untrusted text; all of them are escaped in here.
"""

from __future__ import annotations

import html
from collections.abc import Sequence

from resnet_hub.demo.fields.charts.run_html import Thumbnail, fault_html, images_html
from resnet_hub.demo.run_report import Confusion, RunReport
from resnet_hub.demo.text import counted, say

SHOWN = 20
"""Classes of a table that can be read; of more, those confused most are shown."""
PAIRS = 10
OPENED = 12
"""Images of a cell that are shown."""
FEW, SHORT_NAME = 2, 3
"""Classes whose names stand upright above the table; of more, names of at most so many characters."""
LONGEST_NAME = 24
"""Characters of a class name at the edge of the table."""

# In the browser. A number or an image that is chosen is told to the server; among the numbers, which are one stop of
# the Tab key, the arrow keys move.
CHOSEN = """
element.addEventListener('click', event => {
  const button = event.target.closest('button[data-cell], button[data-why]');
  if (button) trigger('click', {cell: button.dataset.cell ?? '', why: button.dataset.why ?? ''});
});
element.addEventListener('keydown', event => {
  const steps = {ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1]};
  const from = event.target.closest('.confusion td');
  if (!from || !steps[event.key]) return;
  const [down, right] = steps[event.key];
  event.preventDefault();
  const rows = [...from.closest('tbody').rows];
  let row = from.parentElement.sectionRowIndex + down, column = from.cellIndex + right;
  while (rows[row]?.cells[column] && !rows[row].cells[column].querySelector('button')) { row += down; column += right; }
  const next = rows[row]?.cells[column]?.querySelector('button');
  if (!next) return;
  event.target.closest('button').tabIndex = -1;
  next.tabIndex = 0;
  next.focus();
});
"""


def confusion_html(report: RunReport, names: Sequence[str], language: str) -> str:
    """The table and the pairs confused most; nothing for a task with several classes at once, which has none."""
    confusion = report.confusion
    if confusion is None and report.results is not None and report.results.headline == "map":
        return ""
    heading = f"<h2>{_said('run.confusion', language)}</h2>"
    if confusion is None:
        return heading + fault_html(report, "confusion", language)
    shown = confusion.most_confused(SHOWN)
    told = [say("run.confusion_text", language)]
    if len(shown) < len(names):
        told.append(say("run.confusion_part", language, shown=len(shown), count=counted(len(names), language)))
    opens = report.held_out is not None
    if opens:
        told.append(say("run.confusion_open", language))
    text = html.escape((" " if language == "en" else "").join(told))
    pairs, table = _pairs(confusion, names, opens, language), _table(confusion, shown, names, opens, language)
    return f"{heading}{pairs}<p class='quiet'>{text}</p>{table}"


def _table(confusion: Confusion, shown: Sequence[int], names: Sequence[str], opens: bool, language: str) -> str:
    heads = "".join(f"<th scope='col'>{_short(names[index])}</th>" for index in shown)
    body, stop = [], "0"  # the first button is the table's one stop of the Tab key
    for true in shown:
        cells = []
        for answer in shown:
            images, all_of_it = int(confusion.counts[true, answer]), max(1, int(confusion.counts[true].sum()))
            if not images:
                cells.append("<td></td>")
                continue
            inside = counted(images, language)
            if opens:
                words = html.escape(cell_words(confusion, true, answer, names, language))
                inside = (
                    f"<button type='button' data-cell='{true}-{answer}' tabindex='{stop}' aria-label='{words}' "
                    f"title='{words}'>{inside}</button>"
                )
                stop = "-1"
            kind = "right" if true == answer else "wrong"
            cells.append(f"<td class='{kind}' style='--share:{images / all_of_it:.3f}'>{inside}</td>")
        body.append(f"<tr><th scope='row'>{_short(names[true])}</th>{''.join(cells)}</tr>")
    label = _said("run.confusion", language)
    room = SHORT_NAME if len(shown) > FEW else LONGEST_NAME
    upright = " upright" if all(len(names[index]) <= room for index in shown) else ""
    table = f"<table><thead><tr><td></td>{heads}</tr></thead><tbody>{''.join(body)}</tbody></table>"
    return f"<div class='confusion{upright}' role='region' aria-label='{label}' tabindex='0'>{table}</div>"


def _pairs(confusion: Confusion, names: Sequence[str], opens: bool, language: str) -> str:
    heading = f"<h3>{_said('run.pairs', language)}</h3>"
    rows = []
    for pair in confusion.pairs(PAIRS):
        words = html.escape(
            say(
                "run.pair",
                language,
                truth=names[pair.true],
                answer=names[pair.answer],
                images=counted(pair.images, language),
                all=counted(int(confusion.counts[pair.true].sum()), language),
            )
        )
        button = f"<button type='button' data-cell='{pair.true}-{pair.answer}'>{words}</button>"
        rows.append(f"<li>{button if opens else words}</li>")
    if not rows:
        return f"{heading}<p class='quiet'>{_said('run.no_pairs', language)}</p>"
    return f"{heading}<ul class='run-pairs'>{''.join(rows)}</ul>"


def cell_html(
    report: RunReport, true: int, answer: int, names: Sequence[str], thumbnail: Thumbnail, language: str
) -> str:
    """The images of a cell, under a line that says what they are."""
    if report.confusion is None or report.held_out is None or max(true, answer) >= len(names):
        return ""
    kept = report.held_out.of_cell(true, answer)
    words = cell_words(report.confusion, true, answer, names, language)
    told = say("run.cell_kept", language, count=len(kept))
    if len(kept) > OPENED:
        told += (" " if language == "en" else "") + say("run.more", language, count=len(kept) - OPENED)
    images = images_html(kept[:OPENED], names, thumbnail, language)
    return f"<div role='status'><h3>{html.escape(words)}</h3><p class='quiet'>{html.escape(told)}</p></div>{images}"


def cell_words(confusion: Confusion, true: int, answer: int, names: Sequence[str], language: str) -> str:
    """What a number of the table means."""
    return say(
        "run.cell_right" if true == answer else "run.cell",
        language,
        images=counted(int(confusion.counts[true, answer]), language),
        all=counted(int(confusion.counts[true].sum()), language),
        truth=names[true],
        answer=names[answer],
    )


def _short(name: str) -> str:
    """HTML: a name at the edge of the table, whole in its title."""
    cut = name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME - 1]}…"
    return f"<span title='{html.escape(name)}'>{html.escape(cut)}</span>"


def _said(key: str, language: str) -> str:
    return html.escape(say(key, language))
