"""config.json and metrics -> the model card, and two cards of one repository -> one."""

from resnet_hub.card.card_file import check_card_size, metadata_of, opens_in_timm, read_card, updated_card
from resnet_hub.card.contents import SAMPLES_FILE, model_card
from resnet_hub.card.front_matter import update_front_matter
from resnet_hub.card.license import license_keys, weights_license
from resnet_hub.card.markdown import text
from resnet_hub.card.merge import merged_card
from resnet_hub.card.parse import MAX_CARD_BYTES, CardText, marked
from resnet_hub.card.redact import without_folders, without_paths

__all__ = [
    "MAX_CARD_BYTES",
    "SAMPLES_FILE",
    "CardText",
    "check_card_size",
    "license_keys",
    "marked",
    "merged_card",
    "metadata_of",
    "model_card",
    "opens_in_timm",
    "read_card",
    "text",
    "update_front_matter",
    "updated_card",
    "weights_license",
    "without_folders",
    "without_paths",
]
