"""Names of published classes in Chinese: which networks get them, and the table they come from."""

import re
from collections import Counter

import pytest
from timm.data import ImageNetInfo
from torchvision.models._meta import _IMAGENET_CATEGORIES

from resnet_hub import Prediction
from resnet_hub.demo.text.class_names import FILE, names_in, predictions_in
from resnet_hub.registry import imagenet_label_names

CIFAR = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
IMAGENET = imagenet_label_names()
ROWS = [line.split("\t") for line in FILE.read_text("utf-8").splitlines()[1:]]


def rows_of(published):
    return [row for row in ROWS if row[0] == published]


@pytest.mark.parametrize(("published", "names"), [("imagenet-1k", IMAGENET), ("cifar-10", CIFAR)])
def test_the_table_has_every_class_of_a_set_in_the_order_of_its_outputs(published, names):
    assert tuple(english for _, english, _, _ in rows_of(published)) == names


@pytest.mark.parametrize("published", ["imagenet-1k", "cifar-10"])
def test_no_two_classes_of_a_set_have_one_chinese_name(published):
    count = Counter(chinese for _, _, chinese, _ in rows_of(published))
    assert [name for name, times in count.items() if times > 1] == []


def test_names_are_chinese_but_for_what_chinese_readers_write_in_latin_letters():
    usual = {"iPod", "CD 播放机", "T恤", "福特 T 型车"}
    assert {row[2] for row in ROWS if not re.fullmatch(r"[\u3400-\u4dbf\u4e00-\u9fff]{1,9}", row[2])} == usual


def test_every_row_has_a_name_and_a_place_for_its_basis():
    assert {len(row) for row in ROWS} == {4}
    assert [row for row in ROWS if row != [cell.strip() for cell in row] or not row[2]] == []


@pytest.mark.parametrize(
    ("index", "chinese"),
    [
        (0, "丁鱥"),
        (3, "鼬鲨"),
        (134, "鹤"),
        (517, "起重机"),
        (264, "卡迪根柯基犬"),
        (474, "开襟毛衣"),
        (638, "紧身连体衣"),
        (639, "连体泳衣"),
        (836, "太阳镜"),
        (837, "墨镜"),
        (285, "埃及猫"),
        (967, "意式浓缩咖啡"),
    ],
)
def test_imagenet_classes_that_are_easily_mixed_up_have_names_of_their_own(index, chinese):
    assert names_in(IMAGENET, "zh-CN")[index] == chinese


def test_the_lists_of_other_libraries_are_known_too():
    chinese = names_in(IMAGENET, "zh-CN")
    assert names_in(tuple(ImageNetInfo().label_descriptions()), "zh-CN") == chinese
    assert names_in(tuple(_IMAGENET_CATEGORIES), "zh-CN") == chinese


def test_cifar_s_classes_are_translated():
    assert names_in(CIFAR, "zh-CN")[:4] == ("飞机", "汽车", "鸟", "猫")


def test_english_readers_get_the_names_of_the_network():
    assert names_in(IMAGENET, "en") is IMAGENET


@pytest.mark.parametrize(
    "names",
    [
        ("bee", "ant"),
        CIFAR[:9],
        (*CIFAR[1:], CIFAR[0]),
        (*CIFAR[:9], "trucks"),
        (*CIFAR[:9], ""),
        (*IMAGENET[:999], "<b>toilet"),
        tuple(f"class {index}" for index in range(1000)),
        (),
    ],
)
def test_classes_of_one_s_own_keep_their_names_even_where_some_are_published_ones(names):
    assert names_in(names, "zh-CN") == names


def test_predictions_keep_their_index_and_their_score():
    found = [Prediction("cat", 3, 0.75), Prediction("dog", 5, 0.25)]
    assert predictions_in(found, CIFAR, "zh-CN") == [Prediction("猫", 3, 0.75), Prediction("狗", 5, 0.25)]
    assert predictions_in(found, CIFAR, "en") == found
