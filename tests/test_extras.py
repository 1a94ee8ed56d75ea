"""A missing extra: one sentence with the command, in each language, before anything is imported."""

import pytest

from resnet_hub.errors import LANGUAGES, ResNetHubError
from resnet_hub.imports import extras
from resnet_hub.imports.extras import EXTRAS, MissingExtraError, require_extra


@pytest.fixture
def hidden(monkeypatch):
    """Takes names away from what can be found."""

    def hide(*names):
        found = extras.find_spec
        monkeypatch.setattr(extras, "find_spec", lambda name: None if name in names else found(name))

    return hide


@pytest.mark.parametrize("extra", EXTRAS)
def test_what_is_installed_is_no_error(extra):
    require_extra(extra)


@pytest.mark.parametrize("extra", EXTRAS)
def test_what_is_missing_is_named_with_the_command(hidden, extra):
    hidden(*EXTRAS[extra][:2])
    with pytest.raises(MissingExtraError) as raised:
        require_extra(extra)
    for language in LANGUAGES:
        sentence = raised.value.sentence(language)
        assert ", ".join(EXTRAS[extra][:2]) in sentence
        assert sentence.endswith(f"pip install 'resnet_hub[{extra}]'")


def test_it_is_a_mistake_of_the_user_and_a_failed_import():
    assert issubclass(MissingExtraError, ResNetHubError)
    assert issubclass(MissingExtraError, ImportError)


def test_only_what_is_needed_is_asked_for(hidden):
    hidden("gradio")
    require_extra("demo", modules=["sklearn"])


def test_the_page_says_what_it_lacks(hidden, capsys, tmp_path):
    from resnet_hub.demo.launch import main

    hidden("gradio")
    assert main([], tmp_path) == 2
    assert capsys.readouterr().err == (
        "error: the page needs what is not installed (gradio); install it with:  pip install 'resnet_hub[demo]'\n"
    )
