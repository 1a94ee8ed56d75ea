"""Why does a network answer so, and why can it be trained so deep? All explanations in one place.

heat_map: where the evidence is. cover_effect, agreement: what such a map is worth. feature_maps: what the stages see.
block_effects: what each residual block adds. Switchboard: blocks passed over and exchanged; removals: how many can go.
gradient_norms: how much the loss depends on the input of each block.
shaken, shake_curve: how much an image can change before the answer does.
gradient_flow, first_losses: what shortcuts do for the training of deep networks.
laboratory: what was measured of that once, on CIFAR-10; laboratory_network: the small networks that learned it.
"""

from resnet_hub.explain.colormap import colored
from resnet_hub.explain.covering import PLACEMENTS, CoverEffect, cover_effect
from resnet_hub.explain.depth_laboratory import (
    Laboratory,
    LossSurface,
    MeasuredTraining,
    laboratory,
    laboratory_network,
)
from resnet_hub.explain.gradients import gradient_norms
from resnet_hub.explain.heat_maps import METHODS, HeatMap, heat_map
from resnet_hub.explain.localization import Evidence, Place, evidence, evidence_place
from resnet_hub.explain.map_agreement import Agreement, Verdict, agreement
from resnet_hub.explain.occlusion import occlusion_places
from resnet_hub.explain.removal import ORDERS, REMOVALS, Removal, removals, survived
from resnet_hub.explain.rendering import OPACITY, glow, overlay
from resnet_hub.explain.residuals import BlockEffect, block_effects, place_in_network
from resnet_hub.explain.shaking import SHAKES, Shake, ShakeCurve, shake_curve, shaken
from resnet_hub.explain.stage_maps import StageMaps, feature_maps
from resnet_hub.explain.stage_views import StageView, StageViews
from resnet_hub.explain.switchboard import Switchboard, Wired
from resnet_hub.explain.trainability import DEPTHS, GradientFlow, first_losses, gradient_flow
from resnet_hub.explain.wiring import INTACT, NetworkBlock, Passes, Wiring, network_blocks

__all__ = [
    "DEPTHS",
    "INTACT",
    "METHODS",
    "OPACITY",
    "ORDERS",
    "PLACEMENTS",
    "REMOVALS",
    "SHAKES",
    "Agreement",
    "BlockEffect",
    "CoverEffect",
    "Evidence",
    "GradientFlow",
    "HeatMap",
    "Laboratory",
    "LossSurface",
    "MeasuredTraining",
    "NetworkBlock",
    "Passes",
    "Place",
    "Removal",
    "Shake",
    "ShakeCurve",
    "StageMaps",
    "StageView",
    "StageViews",
    "Switchboard",
    "Verdict",
    "Wired",
    "Wiring",
    "agreement",
    "block_effects",
    "colored",
    "cover_effect",
    "evidence",
    "evidence_place",
    "feature_maps",
    "first_losses",
    "glow",
    "gradient_flow",
    "gradient_norms",
    "heat_map",
    "laboratory",
    "laboratory_network",
    "network_blocks",
    "occlusion_places",
    "overlay",
    "place_in_network",
    "removals",
    "shake_curve",
    "shaken",
    "survived",
]
