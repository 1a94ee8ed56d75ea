"""The page's texts in English and in Chinese."""

import re
import string
import tomllib

import gradio as gr
import pytest
from broken_images import cut_jpeg, empty_file, gigantic_png, text_file

from resnet_hub.demo.text.user_errors import PATTERNS, Refusal, refusal_of, translated, with_refusals
from resnet_hub.demo.text.words import LANGUAGES, all_words, label, language_of, say, translations
from resnet_hub.errors import ConfigError, HubError, ImageError
from resnet_hub.preprocessing import open_image

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


@pytest.mark.parametrize("key", all_words())
def test_every_text_has_the_same_places_in_each_language(key):
    places = [
        {name for _, name, _, _ in string.Formatter().parse(all_words()[key][language]) if name}
        for language in LANGUAGES
    ]
    assert places[0] == places[1]


@pytest.mark.parametrize("key", all_words())
def test_every_chinese_text_is_chinese(key):
    words = all_words()[key]
    assert CHINESE.search(words["zh-CN"]) or words["zh-CN"] == words["en"]


def test_a_text_that_is_nowhere_fails_when_the_page_is_built():
    with pytest.raises(KeyError):
        label("page.nothing")


def test_browsers_get_all_texts():
    assert translations().translations["zh-CN"]["classify.tab"] == say("classify.tab", "zh-CN")


BROKEN = {"empty": empty_file, "cut": cut_jpeg, "text": text_file, "gigantic": gigantic_png}


@pytest.mark.parametrize("content", BROKEN.values(), ids=BROKEN)
def test_what_is_wrong_with_a_image_is_told_in_chinese(content):
    with pytest.raises(ImageError) as caught:
        open_image(content())
    sentence = refusal_of(caught.value, "zh-CN").sentence
    assert CHINESE.search(sentence)
    assert "无法完成" not in sentence


def test_other_refusals_are_introduced_in_chinese():
    assert refusal_of(ConfigError("no such thing"), "zh-CN").sentence == "无法完成\uff1aNo such thing."


def test_english_refusals_stay_as_they_are():
    assert refusal_of(HubError("no such thing"), "en").sentence == "No such thing."


def test_the_visitor_s_language_reaches_the_refusal():
    request = gr.Request(request=Visit("zh-CN"))

    @with_refusals
    def fail(_request):
        raise ImageError("the picture is empty (0 bytes); save it again")

    with pytest.raises(Refusal, match="空文件"):
        fail(request)


def test_every_row_of_refusals_is_chinese_and_fills_only_what_its_pattern_finds():
    for row in tomllib.loads(PATTERNS.read_text("utf-8")).values():
        wanted = {name for _, name, _, _ in string.Formatter().parse(row["zh-CN"]) if name}
        assert CHINESE.search(row["zh-CN"])
        assert wanted <= set(re.compile(row["pattern"]).groupindex)


def test_a_sentence_with_braces_is_no_template():
    assert translated("'{0}' is no Hub id, and so on.", "zh-CN").startswith("'{0}' 不是")
