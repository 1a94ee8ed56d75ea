"""What the page says, in each of its languages."""

from resnet_hub.demo.text.class_names import both_names, names_in, predictions_in
from resnet_hub.demo.text.formatting import (
    counted,
    describe_facts,
    describe_input,
    describe_labels,
    describe_row,
    distinct_labels,
    exact,
    measured,
    percent,
    rounded,
    shortened,
    tenths,
    times,
    verdict,
)
from resnet_hub.demo.text.page_error import PageError
from resnet_hub.demo.text.user_errors import not_loaded, refusal_of, sentence_of, user_error
from resnet_hub.demo.text.words import all_words, label, language_of, own_label, say, translations

__all__ = [
    "PageError",
    "all_words",
    "both_names",
    "counted",
    "describe_facts",
    "describe_input",
    "describe_labels",
    "describe_row",
    "distinct_labels",
    "exact",
    "label",
    "language_of",
    "measured",
    "names_in",
    "not_loaded",
    "own_label",
    "percent",
    "predictions_in",
    "refusal_of",
    "rounded",
    "say",
    "sentence_of",
    "shortened",
    "tenths",
    "times",
    "translations",
    "user_error",
    "verdict",
]
