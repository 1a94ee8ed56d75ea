"""A finished network on a split, part by part, so that what is interrupted goes on: how good it is, what it answers."""

from .answering import answer
from .measuring import measure, remove_parts, weights_digest

__all__ = ["answer", "measure", "remove_parts", "weights_digest"]
