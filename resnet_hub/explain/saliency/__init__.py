"""Where in an image the evidence of an answer is: heat maps, what they are worth, and how they are drawn."""

from resnet_hub.explain.saliency.colormap import colored
from resnet_hub.explain.saliency.covering import PLACEMENTS, CoverEffect, cover_effect
from resnet_hub.explain.saliency.heat_maps import METHODS, HeatMap, heat_map
from resnet_hub.explain.saliency.localization import Evidence, Place, evidence, evidence_place
from resnet_hub.explain.saliency.map_agreement import Agreement, Verdict, agreement
from resnet_hub.explain.saliency.occlusion import occlusion_places
from resnet_hub.explain.saliency.rendering import OPACITY, glow, overlay
from resnet_hub.explain.saliency.target import Target

__all__ = [
    "METHODS",
    "OPACITY",
    "PLACEMENTS",
    "Agreement",
    "CoverEffect",
    "Evidence",
    "HeatMap",
    "Place",
    "Target",
    "Verdict",
    "agreement",
    "colored",
    "cover_effect",
    "evidence",
    "evidence_place",
    "glow",
    "heat_map",
    "occlusion_places",
    "overlay",
]
