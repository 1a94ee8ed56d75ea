"""The drawn blocks of a network, and the script that follows the visitor's hand."""

from resnet_hub.demo.fields.switchboard.switchboard_html import (
    BlockState,
    block_states,
    board_html,
    board_patch,
    view_html,
)
from resnet_hub.demo.fields.switchboard.switchboard_script import CHANGED, SWITCHED

__all__ = ["CHANGED", "SWITCHED", "BlockState", "block_states", "board_html", "board_patch", "view_html"]
