"""What leaves this machine names none of its folders and holds no token."""

import pytest

from resnet_hub.card.redact import without_paths


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("/home/ann/my images/insects", "insects"),
        ("--dataset=/home/ann/insects", "--dataset=insects"),
        ("~/insects", "insects"),
        ("'/home/ann/a.jpg' is no image (/home/ann/b.jpg)", "'a.jpg' is no image (b.jpg)"),
        ("data/insects", "data/insects"),
        ("owner/name:config@main", "owner/name:config@main"),
        ("https://example.org/a/b", "https://example.org/a/b"),
        ("12 / 5", "12 / 5"),
        ("'/home/ann/my images/x y.jpg' is empty", "'x y.jpg' is empty"),
        ('"/home/o\'brien/my images/a.jpg" is empty', '"a.jpg" is empty'),
        ("see C:\\Users\\ann\\a.jpg", "see a.jpg"),
        ("file:/home/ann/insects", "insects"),
        ("~ann/insects/", "insects"),
        ("//server/share/insects", "insects"),
        ("on //server/share/insects", "on insects"),
        ("data / insects, 1 and/or 2", "data / insects, 1 and/or 2"),
        ("--token hf_abcDEF123", "--token hf_..."),
    ],
)
def test_folders_and_tokens_are_left_out(text, left):
    assert without_paths(text) == left


def test_nested_values_are_gone_through():
    assert without_paths({"a": ["/x/y", 1, None], "b": {"c": ("~/z",)}}) == {"a": ["y", 1, None], "b": {"c": ["z"]}}
