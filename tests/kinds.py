"""The kinds of networks: one of each in every run of the suite, all in `make parity`."""

from dataclasses import asdict

from resnet_hub.registry import architecture

SIZES = ("architecture", "depths", "widths", "cardinality", "base_width", "pruned")
"""What tells apart the networks of one kind; whether they have groups, wide layers or pruned ones is of the kind."""


def kind(name):
    """All that a network is, but for its size."""
    config = asdict(architecture(name))
    same = {key: value for key, value in config.items() if key not in SIZES}
    return str((same, config["cardinality"] > 1, config["base_width"] > 64, config["pruned"] is not None))


def size(name):
    config = architecture(name)
    return sum(config.depths), max(config.widths), config.cardinality * config.base_width


def smallest(names):
    """The smallest network of each kind."""
    found = {}
    for name in sorted(names, key=size):
        found.setdefault(kind(name), name)
    return set(found.values())
