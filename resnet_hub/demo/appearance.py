"""Colors, type and style sheet of the page, as options of gradio's `launch`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gradio as gr
from gradio.themes.utils.fonts import LocalFont

FIRST_PAINT = Path(__file__).with_name("first_paint.css")
"""The part of the style sheet that must be there before the page's scripts have run."""


def appearance() -> dict[str, Any]:
    """Theme and style sheet; the fonts come with gradio, so that nothing is fetched from another host."""
    theme = gr.themes.Soft(
        primary_hue="teal",
        secondary_hue="teal",
        neutral_hue="slate",
        radius_size="lg",
        # Bold, not gradio's usual 600: the semibold font file it ships holds a subset of the glyphs only.
        font=(LocalFont("IBM Plex Sans", weights=(400, 700)), "system-ui", "sans-serif"),
        font_mono=(LocalFont("IBM Plex Mono", weights=(400, 700)), "ui-monospace", "monospace"),
    )
    # The theme's own grays and teals miss the WCAG contrast ratio of 4.5:1 that small text needs.
    theme.set(
        body_text_color_subdued="*neutral_600",
        body_text_color_subdued_dark="*neutral_300",
        block_info_text_color="*neutral_600",
        block_label_background_fill="*neutral_100",
        block_label_background_fill_dark="*neutral_700",
        block_label_text_color="*neutral_700",
        block_label_text_color_dark="*neutral_100",
        block_title_text_color="*neutral_700",
        block_title_text_color_dark="*neutral_100",
        block_title_background_fill="transparent",
        block_title_padding="0",
        button_primary_background_fill="*primary_700",
        button_primary_background_fill_dark="*primary_700",
        button_primary_background_fill_hover="*primary_800",
        button_primary_background_fill_hover_dark="*primary_800",
        button_secondary_background_fill_hover_dark="*primary_800",
        checkbox_label_background_fill_selected="*primary_700",
        checkbox_label_background_fill_selected_dark="*primary_700",
        checkbox_border_color="*neutral_400",
        checkbox_border_color_dark="*neutral_400",
        checkbox_background_color_selected="*primary_800",
        checkbox_background_color_selected_dark="*primary_900",
        link_text_color="*primary_700",
        link_text_color_dark="*primary_300",
        block_border_width="1px",
        block_border_color="*neutral_200",
        block_border_color_dark="*neutral_700",
    )
    return {"theme": theme, "css_paths": [FIRST_PAINT, FIRST_PAINT.with_name("style.css")]}
