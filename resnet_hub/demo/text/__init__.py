"""What the page says, in each of its languages."""

from resnet_hub.demo.text.formatting import (
    csv_text,
    describe_facts,
    describe_input,
    describe_labels,
    distinct_labels,
    exact,
    percent,
    verdict,
)
from resnet_hub.demo.text.user_errors import Refusal, refusal_of, translated, with_refusals
from resnet_hub.demo.text.words import label, language_of, say, translations

__all__ = [
    "Refusal",
    "csv_text",
    "describe_facts",
    "describe_input",
    "describe_labels",
    "distinct_labels",
    "exact",
    "label",
    "language_of",
    "percent",
    "refusal_of",
    "say",
    "translated",
    "translations",
    "verdict",
    "with_refusals",
]
