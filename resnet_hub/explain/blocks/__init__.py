"""What each residual block does: how much it adds, what is left without it, and what the stages see."""

from resnet_hub.explain.blocks.gradients import gradient_norms
from resnet_hub.explain.blocks.removal import ORDERS, REMOVALS, Removal, removals, survivals, survived
from resnet_hub.explain.blocks.residuals import BlockEffect, block_effects, place_in_network
from resnet_hub.explain.blocks.stage_maps import StageMaps, feature_maps
from resnet_hub.explain.blocks.stage_views import StageView, StageViews
from resnet_hub.explain.blocks.switchboard import Switchboard, Wired
from resnet_hub.explain.blocks.wiring import INTACT, NetworkBlock, Passes, Wiring, network_blocks

__all__ = [
    "INTACT",
    "ORDERS",
    "REMOVALS",
    "BlockEffect",
    "NetworkBlock",
    "Passes",
    "Removal",
    "StageMaps",
    "StageView",
    "StageViews",
    "Switchboard",
    "Wired",
    "Wiring",
    "block_effects",
    "feature_maps",
    "gradient_norms",
    "network_blocks",
    "place_in_network",
    "removals",
    "survivals",
    "survived",
]
