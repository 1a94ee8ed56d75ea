"""Why does a network answer so, and why can it be trained so deep? All explanations in one place.

heat_map: where the evidence is. feature_maps: what the stages see. block_effects: what each residual block adds.
gradient_flow, first_losses: what shortcuts do for the training of deep networks.
"""

from resnet_hub.explain.colormap import colored
from resnet_hub.explain.heat_maps import METHODS, HeatMap, Place, evidence_place, heat_map, overlay
from resnet_hub.explain.residuals import BlockEffect, block_effects
from resnet_hub.explain.stage_maps import StageMaps, feature_maps
from resnet_hub.explain.trainability import DEPTHS, GradientFlow, first_losses, gradient_flow

__all__ = [
    "DEPTHS",
    "METHODS",
    "BlockEffect",
    "GradientFlow",
    "HeatMap",
    "Place",
    "StageMaps",
    "block_effects",
    "colored",
    "evidence_place",
    "feature_maps",
    "first_losses",
    "gradient_flow",
    "heat_map",
    "overlay",
]
