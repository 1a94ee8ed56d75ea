"""Figures as SVG and tables: curves, confusion, the race of depths and what a run measured."""

from resnet_hub.demo.fields.charts.confusion_table import CHOSEN, cell_html, confusion_html
from resnet_hub.demo.fields.charts.depth_race import REPLAY, race_html
from resnet_hub.demo.fields.charts.laboratory_html import endings_html, surfaces_html, variants_html
from resnet_hub.demo.fields.charts.run_html import (
    classes_html,
    curves_html,
    headline_html,
    mistakes_html,
    run_lead,
    run_title,
    settings_html,
)
from resnet_hub.demo.fields.charts.svg_chart import CHART_SPAN, Line, line_chart

__all__ = [
    "CHART_SPAN",
    "CHOSEN",
    "REPLAY",
    "Line",
    "cell_html",
    "classes_html",
    "confusion_html",
    "curves_html",
    "endings_html",
    "headline_html",
    "line_chart",
    "mistakes_html",
    "race_html",
    "run_lead",
    "run_title",
    "settings_html",
    "surfaces_html",
    "variants_html",
]
