"""Concurrent inference: an image and a network's name -> an answer, for many visitors at once."""

from resnet_hub.demo.serving.batch_inference import MOST_THUMBNAILS, ImageAnswer, archive_limits, image_answers
from resnet_hub.demo.serving.example_answers import ExampleAnswers
from resnet_hub.demo.serving.health import health_route
from resnet_hub.demo.serving.inference import MOST_CLASSES, Answer, Inference, checked_top_k
from resnet_hub.demo.serving.lessons import (
    LONGEST_LABEL,
    MOST_CLASSES_TAUGHT,
    LearnedImage,
    Lesson,
    Lessons,
)
from resnet_hub.demo.serving.networks import ModelPool, OpenModel, prepare, start_pool
from resnet_hub.demo.serving.teaching import taught, taught_answer

__all__ = [
    "LONGEST_LABEL",
    "MOST_CLASSES",
    "MOST_CLASSES_TAUGHT",
    "MOST_THUMBNAILS",
    "Answer",
    "ExampleAnswers",
    "ImageAnswer",
    "Inference",
    "LearnedImage",
    "Lesson",
    "Lessons",
    "ModelPool",
    "OpenModel",
    "archive_limits",
    "checked_top_k",
    "health_route",
    "image_answers",
    "prepare",
    "start_pool",
    "taught",
    "taught_answer",
]
