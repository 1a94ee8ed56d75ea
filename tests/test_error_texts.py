"""Every error has its text in every language, every text its error, and both go where an error goes."""

import ast
import pickle
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from string import Formatter

import pytest
from torch.utils.data import DataLoader, Dataset

import resnet_hub.demo
import training
from resnet_hub import errors
from resnet_hub.errors import (
    LANGUAGES,
    CheckpointError,
    ConfigError,
    HubError,
    HubUnreachableError,
    ImageError,
    Listed,
    Phrase,
)

ROOT = Path(__file__).parent.parent
SOURCES = [path for package in (resnet_hub, training) for path in sorted(Path(package.__path__[0]).rglob("*.py"))]
MAKERS = ("Error", "Refusal", "Phrase")
"""How the names end of what is made of a code."""
CODE = re.compile(r"[a-z]\w*\.[a-z]\w*")


def tables() -> dict[str, dict[str, str]]:
    """Code -> language -> text, of all folders that packages with errors of their own have named."""
    found = {}
    for file in sorted(file for folder in errors.FOLDERS for file in folder.glob("*.toml")):
        found |= {f"{file.stem}.{name}": table for name, table in tomllib.loads(file.read_text("utf-8")).items()}
    return found


TEXTS = tables()


def codes_in(source: str) -> Iterator[str]:
    """The codes of which a source makes errors and phrases, those of a conditional expression as well."""
    for call in ast.walk(ast.parse(source)):
        if not isinstance(call, ast.Call) or not call.args:
            continue
        name = getattr(call.func, "id", getattr(call.func, "attr", ""))
        if name.endswith(MAKERS):
            chosen = [call.args[0]]
            while chosen:
                part = chosen.pop()
                if isinstance(part, ast.IfExp):
                    chosen += [part.body, part.orelse]
                elif isinstance(part, ast.Constant) and isinstance(part.value, str) and CODE.fullmatch(part.value):
                    yield part.value


USED = {code for path in SOURCES for code in codes_in(path.read_text("utf-8"))}


def fields_of(text):
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


def test_codes_are_found_wherever_they_stand():
    source = (
        "raise ConfigError('a.b' if x else 'a.c')\nPhrase('a.d', name='e.f')\nother('g.h')\nraise TypeError('no code')"
    )
    assert set(codes_in(source)) == {"a.b", "a.c", "a.d"}


def test_a_text_is_said_in_every_language_with_the_same_fields():
    for code, texts in TEXTS.items():
        assert set(texts) == set(LANGUAGES), code
        assert all(text.strip() for text in texts.values()), code
        assert len({frozenset(fields_of(text)) for text in texts.values()}) == 1, code
        assert all(name.isidentifier() for name in fields_of(texts["en"])), code


def test_a_sentence_ends_at_most_once():
    for code, texts in TEXTS.items():
        english, chinese = (texts[language] for language in LANGUAGES)
        assert not english.endswith(("..", "。")), code
        assert not chinese.endswith((".", "。。")), code


def test_every_error_has_a_text_and_every_text_an_error():
    assert set(TEXTS) == USED


def test_texts_are_read_where_errors_look_for_them():
    assert {code: errors.text_of(code) for code in TEXTS} == TEXTS


def test_an_error_inside_an_error_is_said_in_the_language_asked_for():
    error = CheckpointError("models.cannot_be_opened", name="a/b", error=CheckpointError("checkpoint.no_architecture"))
    inner = "config.json names no architecture, so it is no image network that we can build"
    assert str(error) == f"model 'a/b' cannot be opened: {inner}"
    assert error.sentence("zh-CN") == (
        "无法打开模型 'a/b'\uff1aconfig.json 没有写明网络结构\uff0c所以它不是这里能建立的图像网络。"
    )


def test_words_of_ours_inside_an_error_are_said_in_the_language_asked_for():
    error = HubError("hub.changed", named=Phrase("hub.model", repo_id="a/b"), said=Phrase("hub.no_reason"))
    assert str(error) == "model 'a/b' was changed by someone else meanwhile (no reason given); try again"
    assert error.sentence("zh-CN") == "模型 'a/b'刚刚被别人修改\uff08没有说明原因\uff09\uff1b请重试。"


@pytest.mark.parametrize("kind", [CheckpointError, ConfigError, HubError, HubUnreachableError])
def test_an_error_keeps_its_code_and_its_fields_in_another_process(kind):
    inner = ConfigError("config.unknown_option", name="dept", nearest="'depths'")
    named = Phrase("hub.model", repo_id="a/b")
    error = pickle.loads(pickle.dumps(kind("hub.damaged_cache", names="x", named=named, error=inner, stored="'y'")))
    assert type(error) is kind
    assert (error.code, error.fields["names"], error.fields["error"].fields) == ("hub.damaged_cache", "x", inner.fields)
    assert str(error) == (
        "the cached x of model 'a/b' is damaged and was not fetched again (there is no option 'dept'; the nearest are "
        "'depths'): delete 'y', then load it while online"
    )


def test_a_stranger_s_text_is_no_template():
    assert str(ConfigError("config.unknown_option", name="{0.__class__}", nearest="{name}")) == (
        "there is no option '{0.__class__}'; the nearest are {name}"
    )


@pytest.mark.parametrize(("code", "fields"), [("hub.none", {}), ("none.gated", {}), ("hub.model", {"name": "a/b"})])
def test_a_text_or_a_field_that_is_missing_is_a_fault_where_the_error_is_made(code, fields):
    with pytest.raises(KeyError):
        HubError(code, **fields)


def test_errors_are_there_without_torch_and_without_reading_a_text():
    program = (
        "import sys, tomllib; tomllib.loads = None\n"
        "import errors\n"
        "assert not {'torch', 'numpy', 'huggingface_hub'} & set(sys.modules), sorted(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program], check=True, cwd=ROOT / "resnet_hub")


class Broken(Dataset):
    """Images of which none can be decoded."""

    def __len__(self):
        return 1

    def __getitem__(self, index):
        raise ImageError("preprocessing.no_file", label="a.png")


def test_an_error_of_a_loader_process_keeps_its_kind_and_its_sentence():
    with pytest.raises(ImageError) as raised:
        next(iter(DataLoader(Broken(), num_workers=1)))
    assert str(raised.value) == "there is no file a.png; check the path"


def test_a_list_has_the_comma_of_each_language():
    error = ImageError("preprocessing.unknown_format", label="a.psd", formats=Listed(["PNG", "JPEG"]))
    assert "PNG, JPEG" in str(error)
    assert "PNG、JPEG" in pickle.loads(pickle.dumps(error)).sentence("zh-CN")


@pytest.mark.parametrize(("count", "says"), [(1, "1 image cannot"), (2, "2 images cannot"), (0, "0 images cannot")])
def test_a_noun_stands_in_the_number_that_is_told(count, says):
    assert says in str(ConfigError("data.undecodable_images", count=count, images="x"))
    assert errors.counted(count, "image", "images") == says.removesuffix(" cannot")
