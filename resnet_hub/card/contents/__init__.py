"""What a model card tells, part by part, from what a run recorded."""

from resnet_hub.card.contents.sections import IMAGES, SAMPLES_FILE, model_card

__all__ = ["IMAGES", "SAMPLES_FILE", "model_card"]
