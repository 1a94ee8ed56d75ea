"""How an image comes in: chosen, dropped, pasted, taken by the camera or from the examples."""

from resnet_hub.demo.fields.image_input.example_strip import short_name
from resnet_hub.demo.fields.image_input.inputs import Inputs, input_panel
from resnet_hub.demo.fields.image_input.oversized import most_mb, refuse_oversized
from resnet_hub.demo.fields.image_input.pasting import listen_for_images
from resnet_hub.demo.fields.image_input.photo import files_field, kept_image, photo_field

__all__ = [
    "Inputs",
    "files_field",
    "input_panel",
    "kept_image",
    "listen_for_images",
    "most_mb",
    "photo_field",
    "refuse_oversized",
    "short_name",
]
