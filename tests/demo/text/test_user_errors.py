"""Errors on their way to a visitor: whole sentences in both languages, and nothing of what is no visitor's concern."""

import logging
import re
import string
import tomllib
from pathlib import Path

import gradio as gr
import pytest

from resnet_hub import demo
from resnet_hub.demo.text.page_error import PageError
from resnet_hub.demo.text.user_errors import (
    FOR_THE_OWNER,
    FULL_STOPS,
    not_loaded,
    refusal_of,
    sentence_of,
)
from resnet_hub.errors import FOLDERS, LANGUAGES, ConfigError, HubError, HubUnreachableError, text_of

FOLDER = Path(demo.__file__).parent / "text" / "errors"
TEXTS = {
    f"{file.stem}.{name}": texts
    for file in sorted(FOLDER.glob("*.toml"))
    for name, texts in tomllib.loads(file.read_text("utf-8")).items()
}
HUB_TEXTS = tomllib.loads((FOLDERS[0] / "hub.toml").read_text("utf-8"))
CHINESE = re.compile(r"[\u4e00-\u9fff]")
# Their only words are those of others.
OF_OTHERS = {"serving.cannot_be_opened_as_told"}


def fields_of(text):
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


def test_the_page_s_texts_are_among_all_texts():
    assert FOLDER in FOLDERS
    assert len(TEXTS) > 70
    assert text_of("page.fault") == TEXTS["page.fault"]


def test_every_error_of_the_page_is_said_in_each_language_with_the_same_fields():
    for code, texts in TEXTS.items():
        assert set(texts) == set(LANGUAGES), code
        assert fields_of(texts["zh-CN"]) == fields_of(texts["en"]), code
        assert CHINESE.search(texts["zh-CN"]) or code in OF_OTHERS, code
        assert not CHINESE.search(texts["en"]), code


def test_the_full_stop_is_put_where_the_sentence_ends_not_in_its_text():
    for code, texts in TEXTS.items():
        assert not any(text.endswith(tuple(FULL_STOPS.values())) for text in texts.values()), code


def test_a_sentence_begins_with_a_capital_and_ends_once():
    error = ConfigError("serving.no_such_folder", variable="models", name="a.")
    assert sentence_of(error) == "Models names 'a.', but there is no such folder; correct it."
    assert sentence_of(error, "zh-CN") == "Models 里写了 'a.'\uff0c但没有这个文件夹\uff1b请改正。"
    refused = PageError("serving.gpu_refused", title="Quota", message="It is used up.")
    assert sentence_of(refused) == "Quota: It is used up."
    assert sentence_of(refused, "zh-CN") == "无法完成\uff1aQuota: It is used up。"


def test_a_name_in_another_script_changes_nothing():
    error = PageError("tabs.unknown_class", name="猫。", last=2, names="'cat'")
    assert sentence_of(error).startswith("The model has no class '猫。'; expected a number from 0 to 2")
    assert sentence_of(error, "zh-CN").startswith("模型没有类别 '猫。'")


def test_a_name_with_braces_is_no_template():
    assert sentence_of(ConfigError("serving.not_offered", name="{0} {x}"), "zh-CN").startswith(
        "本页不提供模型 '{0} {x}'"
    )


def test_an_error_inside_another_is_said_in_the_same_language():
    reason = ConfigError("serving.other_task", task="regression")
    error = HubError("serving.cannot_be_opened", name="a/b", reason=reason)
    assert sentence_of(error).startswith("Model 'a/b' cannot be opened: the page shows classes, but")
    assert sentence_of(error, "zh-CN").startswith("无法打开模型 'a/b'\uff1a本页显示类别\uff0c")


def test_what_was_not_made_for_people_is_logged_and_kept_to_the_server(caplog):
    with caplog.at_level(logging.ERROR):
        sentences = [sentence_of(FileNotFoundError("/home/owner/secret"), language) for language in LANGUAGES]
    assert sentences[0] == "Something went wrong on the server; the page lives on, please try again."
    assert sentences[1] == "服务器出错了\uff1b页面仍可使用\uff0c请再试一次。"
    assert caplog.text.count("/home/owner/secret") == len(LANGUAGES)


def test_a_toast_shows_markup_as_text():
    refusal = refusal_of(ConfigError("serving.not_offered", name="<img src=x>"))
    assert isinstance(refusal, gr.Error)
    assert "the model '&lt;img src=x&gt;'; choose" in refusal.message
    assert not refusal.print_exception


def test_what_only_an_owner_can_mend_is_logged_and_a_visitor_reads_that_the_hub_is_away(caplog):
    fields = {"action": "read", "named": "model 'a/b'", "endpoint": "hub", "reason": "[Errno -2] Name unknown"}
    error = HubUnreachableError("hub.unreachable", **fields, repo_id="a/b")
    said = "The Hub, where networks come from, cannot be reached just now; please try again later."
    assert sentence_of(error) == said
    assert "[Errno -2] Name unknown" in caplog.text
    assert set(FOR_THE_OWNER) <= {f"hub.{name}" for name in HUB_TEXTS}


def test_a_visitor_is_not_asked_to_log_in():
    error = HubError("hub.not_found", named="model 'a/b'", repo_id="a/b")
    assert sentence_of(error) == "Model 'a/b' was not found, or it is private; check the name."
    near = HubError("hub.not_found_but_near", named="model 'a/b'", repo_id="a/b", nearest="'resnet18.a1_in1k'")
    assert "the nearest published ones are 'resnet18.a1_in1k'" in sentence_of(near)


@pytest.mark.parametrize(
    ("language", "failed", "waits"),
    [
        ("en", "<b> could not be loaded; old still answers. No.", "<b> is still being loaded; old answers until then."),
        ("zh-CN", "仍由 old 回答。No。", "在此之前由 old 回答。请一分钟后再选择它。"),
    ],
)
def test_of_a_network_that_did_not_load_it_is_said_which_one_answers(language, failed, waits):
    error = HubError("serving.cannot_be_opened_as_told", reason="no")
    for said, words in (
        (not_loaded("<b>", "old", error, language), failed),
        (not_loaded("<b>", "old", PageError("serving.loading", seconds=1), language), waits),
    ):
        assert words in said
        assert "<b>" in said
