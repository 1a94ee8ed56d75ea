"""What the tabs are made of: the inputs they share, what shows an answer, and the endpoints beside them."""

from resnet_hub.demo.fields.answer_html import refusal, score_bars, told
from resnet_hub.demo.fields.confusion_table import CHOSEN, cell_html, confusion_html
from resnet_hub.demo.fields.depth_race import REPLAY, race_html
from resnet_hub.demo.fields.endpoints import AT_ONCE, endpoint
from resnet_hub.demo.fields.example_strip import short_name
from resnet_hub.demo.fields.explanation_html import (
    SMALL,
    agreement_words,
    block_table,
    data_uri,
    effect_words,
    glow_figure,
    map_figure,
    map_words,
    score_words,
    sheet_figures,
)
from resnet_hub.demo.fields.gallery import DOWNLOADS, GALLERY, as_json, downloads, failures, groups, table
from resnet_hub.demo.fields.inputs import Inputs, input_panel
from resnet_hub.demo.fields.laboratory_html import endings_html, surfaces_html, variants_html
from resnet_hub.demo.fields.network_choice import in_use, offered, shown_at_first
from resnet_hub.demo.fields.oversized import most_mb, refuse_oversized
from resnet_hub.demo.fields.pasting import listen_for_images
from resnet_hub.demo.fields.photo import files_field, kept_image, photo_field
from resnet_hub.demo.fields.run_html import (
    classes_html,
    curves_html,
    headline_html,
    mistakes_html,
    run_lead,
    run_title,
    settings_html,
)
from resnet_hub.demo.fields.share_card import share_card_button
from resnet_hub.demo.fields.svg_chart import CHART_SPAN, Line, line_chart
from resnet_hub.demo.fields.switchboard_html import BlockState, block_states, board_html, board_patch, view_html
from resnet_hub.demo.fields.switchboard_script import CHANGED, SWITCHED
from resnet_hub.demo.fields.teach_html import PRESSED as TEACH_PRESSED
from resnet_hub.demo.fields.teach_html import (
    finetune_command,
    lesson_classes,
    lesson_figures,
    not_taken,
    taught_words,
)
from resnet_hub.demo.fields.toasts import move_toasts

__all__ = [
    "AT_ONCE",
    "CHANGED",
    "CHART_SPAN",
    "CHOSEN",
    "DOWNLOADS",
    "GALLERY",
    "REPLAY",
    "SMALL",
    "SWITCHED",
    "TEACH_PRESSED",
    "BlockState",
    "Inputs",
    "Line",
    "agreement_words",
    "as_json",
    "block_states",
    "block_table",
    "board_html",
    "board_patch",
    "cell_html",
    "classes_html",
    "confusion_html",
    "curves_html",
    "data_uri",
    "downloads",
    "effect_words",
    "endings_html",
    "endpoint",
    "failures",
    "files_field",
    "finetune_command",
    "glow_figure",
    "groups",
    "headline_html",
    "in_use",
    "input_panel",
    "kept_image",
    "lesson_classes",
    "lesson_figures",
    "line_chart",
    "listen_for_images",
    "map_figure",
    "map_words",
    "mistakes_html",
    "most_mb",
    "move_toasts",
    "not_taken",
    "offered",
    "photo_field",
    "race_html",
    "refusal",
    "refuse_oversized",
    "run_lead",
    "run_title",
    "score_bars",
    "score_words",
    "settings_html",
    "share_card_button",
    "sheet_figures",
    "short_name",
    "shown_at_first",
    "surfaces_html",
    "table",
    "taught_words",
    "told",
    "variants_html",
    "view_html",
]
