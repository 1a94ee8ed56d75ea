"""A few images of each class -> a head on a network's features, how good it is, and what is none of the classes.

learn: the images of each class -> a `FewShotClassifier`, which answers and is saved as a checkpoint.
fit_head: the same of features that are known already. leave_one_out, Accuracy: how good the head is.
Familiarity: what is none of the classes, at a false-alarm rate that is said. LEAST, MOST: how many
images are taken.
"""

from resnet_hub.few_shot.accuracy import Accuracy
from resnet_hub.few_shot.classifier import FewShotAnswer, FewShotClassifier, FewShotHead, fit_head, learn
from resnet_hub.few_shot.examples import LEAST, MOST, Examples, check_counts, digest_of
from resnet_hub.few_shot.familiarity import FALSE_ALARMS, Familiarity, familiarity_of
from resnet_hub.few_shot.ridge import LinearHead, leave_one_out, ridge_head

__all__ = [
    "FALSE_ALARMS",
    "LEAST",
    "MOST",
    "Accuracy",
    "Examples",
    "Familiarity",
    "FewShotAnswer",
    "FewShotClassifier",
    "FewShotHead",
    "LinearHead",
    "check_counts",
    "digest_of",
    "familiarity_of",
    "fit_head",
    "learn",
    "leave_one_out",
    "ridge_head",
]
