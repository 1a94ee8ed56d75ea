"""The families of networks, each built by one class, and the options that a family fixes."""

from __future__ import annotations

# The families of networks, and the values that each allows of options that its papers define no others of.
FAMILIES: dict[str, dict[str, tuple[object, ...]]] = {
    "resnet": {"conv_layer": ("conv2d",), "stride_place": ("3x3", "1x1"), "conv_bias": (False,)},
    "resnetv2": {
        "stem_pool": ("max", "zero_padded_max", "none"),
        "shortcut": ("projection", "avg_projection"),
        "stride_place": ("3x3", "last_block"),
        "plain_stem_width": (64,),
        **dict.fromkeys(("cardinality", "reduce_first", "down_kernel_size"), (1,)),
        "base_width": (64,),
        "attn_layer": (None,),
        "aa_layer": (None,),
    },
}
