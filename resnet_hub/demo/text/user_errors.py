"""Errors on their way to a visitor: those made for people as a sentence in their language, all others in the log."""

from __future__ import annotations

import html
import logging

import gradio as gr

from resnet_hub.demo.text.formatting import shortened
from resnet_hub.demo.text.page_error import PageError
from resnet_hub.demo.text.words import say
from resnet_hub.errors import LANGUAGES, HubError, ResNetHubError

log = logging.getLogger(__name__)

FOR_THE_OWNER = tuple(
    f"hub.{code}"
    for code in (
        *("unreachable", "offline", "not_cached", "no_hub", "failed", "refused", "xet", "wrong_size", "wrong_hash"),
        *("disk", "disk_at", "damaged_cache", "bad_token", "token_refused", "no_permission"),
    )
)
"""Errors that hold what a client, a disk or a token says."""
FULL_STOPS = {"en": ".", "zh-CN": "。"}


def user_error(error: Exception) -> ResNetHubError:
    """The error itself where it was made for visitors; else it is logged, and they learn that there was a fault."""
    if isinstance(error, HubError):
        return _of_the_hub(error)
    if isinstance(error, ResNetHubError):
        return error
    log.error("an event of the page failed", exc_info=error)
    return PageError("page.fault")


def _of_the_hub(error: HubError) -> HubError:
    """What the Hub's client says, for somebody who can neither log in here nor mend a connection."""
    name = error.fields.get("repo_id")
    if error.code == "hub.not_found":
        return HubError("serving.not_on_hub", name=name)
    if error.code == "hub.not_found_but_near":
        return HubError("serving.not_on_hub_but_near", name=name, nearest=error.fields["nearest"])
    if error.code in ("hub.gated", "hub.gated_because"):
        return HubError("model_facts.gated", name=name)
    if error.code in FOR_THE_OWNER:
        log.warning("%s", error)
        return HubError("serving.no_hub")
    return error


def sentence_of(error: Exception, language: str = LANGUAGES[0]) -> str:
    """What a visitor reads of an error: a whole sentence, plain text."""
    sentence = user_error(error).sentence(language).rstrip("".join(FULL_STOPS.values()))
    return sentence[:1].upper() + sentence[1:] + FULL_STOPS[language]


def not_loaded(name: object, answering: str, error: Exception, language: str) -> str:
    """What a visitor reads of a network that did not load: that another one still answers, and why."""
    names = {"name": shortened(name), "answering": shortened(answering)}
    if isinstance(error, PageError) and error.code == "serving.loading":
        return say("inputs.still_loading", language, **names)
    return say("inputs.not_loaded", language, **names, reason=sentence_of(error, language))


def refusal_of(error: Exception, language: str = LANGUAGES[0]) -> gr.Error:
    """The sentence about an error as what gradio raises; the page moves its toast to where an answer would stand."""
    # Toasts are HTML, and the names of files and classes in a sentence are untrusted text.
    return gr.Error(html.escape(sentence_of(error, language), quote=False), print_exception=False)
