"""What a visitor teaches is checked image by image, and forgotten when it is over."""

import pytest
import torch
from error_facts import code_and_fields

from resnet_hub.demo.serving import MOST_CLASSES_TAUGHT, LearnedImage, Lesson, Lessons
from resnet_hub.demo.serving.lessons import IDLE_SECONDS, LONGEST_LABEL, MOST_LESSONS
from resnet_hub.demo.text import PageError
from resnet_hub.errors import ImageError
from resnet_hub.few_shot import MOST

CENTERS = torch.eye(MOST_CLASSES_TAUGHT + 1, 16) * 5


def image(label, number, center=0):
    generator = torch.Generator().manual_seed(number)
    features = CENTERS[center] + torch.rand(16, generator=generator)
    return LearnedImage(f"{number}.png", label, features, number.to_bytes(4), b"")


def lesson(**classes):
    """A lesson with so many images of each class."""
    made = Lesson("network")
    for center, (label, count) in enumerate(classes.items()):
        for number in range(count):
            made.add(image(label, 1000 * center + number, center))
    made.learn()
    return made


def refused(made, *given):
    with pytest.raises(ImageError) as raised:
        made.add(image(*given))
    return code_and_fields(raised.value)


def test_two_classes_of_three_images_are_learned():
    made = lesson(a=3, b=3)
    assert made.head.examples.label_names == ("a", "b")
    assert made.head.accuracy.right == 6


@pytest.mark.parametrize(
    ("classes", "code"),
    [({}, "one_class"), ({"a": 5}, "one_class"), ({"a": 3, "b": 1}, "few_images"), ({"a": 1}, "one_class")],
)
def test_what_is_too_little_is_a_reason_and_no_head(classes, code):
    made = lesson(**classes)
    assert made.head is None
    assert made.problem.code == f"few_shot.{code}"


def test_equal_images_count_once_and_belong_to_one_class():
    made = lesson(a=3, b=3)
    assert refused(made, "a", 0) == ("tabs.image_twice", {"name": "a"})
    assert refused(made, "b", 0) == ("tabs.image_in_two_classes", {"one": "a", "other": "b"})
    assert len(made.images) == 6


def test_more_classes_images_and_letters_than_are_taken_are_refused():
    made = lesson(**{f"class{index}": 3 for index in range(MOST_CLASSES_TAUGHT)})
    assert refused(made, "one more", 99)[0] == "tabs.many_classes"
    made.add(image("class0", 98))  # to a class that is there
    assert refused(Lesson("network"), "x" * 300, 1) == ("tabs.class_name_long", {"count": 300, "most": LONGEST_LABEL})
    full = lesson(a=MOST)
    assert refused(full, "a", 99_999) == ("tabs.enough_images", {"most": MOST})


def test_lessons_are_found_by_keys_of_their_own_and_forgotten():
    lessons = Lessons()
    (one, first), (two, second) = lessons.begin("a"), lessons.begin("b")
    assert (lessons.find(one), lessons.find(two)) == (first, second)
    assert one != two
    assert len(one) > 20
    lessons.forget(one)
    lessons.forget("never there")
    for key in (one, "", "never there"):
        with pytest.raises(PageError) as raised:
            lessons.find(key)
        assert raised.value.code == "tabs.lesson_gone"
    assert len(lessons) == 1
    assert (first.is_over, second.is_over) == (True, False)


def test_a_silent_visitor_is_forgotten_and_one_who_asks_is_not():
    now = [0.0]
    lessons = Lessons(lambda: now[0])
    asks, silent = lessons.begin("a")[0], lessons.begin("b")[0]
    now[0] = IDLE_SECONDS - 1
    lessons.find(asks)
    now[0] = IDLE_SECONDS + 1
    assert lessons.find(asks).network == "a"
    with pytest.raises(PageError):
        lessons.find(silent)


def test_no_more_lessons_are_kept_than_fit():
    lessons = Lessons()
    first = lessons.begin("a")[0]
    for _ in range(MOST_LESSONS):
        lessons.begin("b")
    assert len(lessons) == MOST_LESSONS
    with pytest.raises(PageError):
        lessons.find(first)
