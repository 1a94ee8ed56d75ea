"""The page's texts in English and in Chinese."""

import re
import string

import pytest

from resnet_hub.demo.text.words import LANGUAGES, all_words, label, language_of, say, translations

# Characters, and the punctuation that goes with them.
CHINESE = re.compile(r"[\u3000-\u303f\u4e00-\u9fff\uff00-\uffef]")


class Visit:
    """What gradio tells of a request."""

    def __init__(self, accepted):
        self.headers = {"accept-language": accepted} if accepted else {}
        self.request = self


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh-CN"),
        ("zh", "zh-CN"),
        ("en-GB,zh;q=0.5", "en"),
        ("de-DE,de;q=0.9", "en"),
        ("", "en"),
        (",;q=", "en"),
    ],
)
def test_the_browser_s_first_language_decides(accepted, language):
    assert language_of(Visit(accepted)) == language


def test_a_program_is_answered_in_english():
    assert language_of(None) == "en"


def test_every_text_has_the_same_places_in_each_language():
    for key, words in all_words().items():
        places = [
            {name for _, name, _, _ in string.Formatter().parse(words[language]) if name} for language in LANGUAGES
        ]
        assert places[0] == places[1], key


def test_every_chinese_text_is_chinese():
    for key, words in all_words().items():
        assert CHINESE.search(words["zh-CN"]) or words["zh-CN"] == words["en"], key


def test_a_text_that_is_nowhere_fails_when_the_page_is_built():
    with pytest.raises(KeyError):
        label("page.nothing")


def test_browsers_get_all_texts():
    assert translations().translations["zh-CN"]["classify.tab"] == say("classify.tab", "zh-CN")
