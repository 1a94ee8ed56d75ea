"""What visitors of a page may choose, as its owner wrote it, and what of that cannot be."""

import shutil

import pytest

from resnet_hub.demo.serving.networks.model_pool import ModelPool, start_pool
from resnet_hub.demo.settings import PageSettings
from resnet_hub.errors import ConfigError, ResNetHubError
from resnet_hub.runtime import native_bf16


@pytest.fixture
def folders(tmp_path, tiny_checkpoint, monkeypatch):
    """The page's own folder `tiny`, others beside it, and the current folder above them."""
    for name in ("insects", "letters"):
        shutil.copytree(tiny_checkpoint, tmp_path / name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def pool(models):
    return ModelPool(PageSettings(model="tiny", models=models, device="cpu"))


@pytest.mark.parametrize(
    ("models", "offered", "refused"),
    [
        ("*", ["timm/resnet18.a1_in1k", "alice/net", "tiny"], ["insects"]),
        ("", ["tiny"], ["timm/resnet18.a1_in1k", "alice/net"]),
        ("resnet18*", ["timm/resnet18.a1_in1k", "resnet18.a1_in1k"], ["timm/resnet34.a1_in1k", "alice/resnet18"]),
        ("alice/*, timm/resnet34*", ["alice/net", "alice/net@v1", "timm/resnet34.a1_in1k"], ["bob/net"]),
        ("insects,letters", ["insects", "letters", "tiny"], ["alice/net"]),
        ("insects, alice/*", ["insects", "alice/net"], ["letters", "bob/net"]),
    ],
    ids=["all", "nothing", "a published name", "two patterns", "folders", "both"],
)
def test_visitors_may_choose_what_the_owner_wrote(folders, models, offered, refused):
    chosen = pool(models)
    for name in offered:
        chosen.name_of(name)
    for name in refused:
        with pytest.raises(ResNetHubError):
            chosen.name_of(name)


@pytest.mark.parametrize("text", ["./absent", "~/absent", "runs/a/absent", "../absent", "/absent"])
def test_a_folder_that_is_not_there_is_said_at_the_start(folders, text):
    with pytest.raises(ConfigError, match=f"RESNET_HUB_MODELS names '{text}', but there is no such folder"):
        pool(f"insects, {text}")


def test_two_folders_of_one_name_are_said_at_the_start(folders):
    shutil.copytree(folders / "insects", folders / "other" / "insects")
    with pytest.raises(
        ConfigError, match="RESNET_HUB_MODELS has two folders named 'insects', which visitors could not"
    ):
        pool("insects, other/insects")


def test_the_same_folder_twice_is_one(folders):
    assert list(pool("insects, ./insects, tiny").folders) == ["tiny", "insects"]


def test_a_precision_that_is_not_known_is_said_before_anything_is_loaded():
    settings = PageSettings(model="alice/nowhere", precision="fp64")
    with pytest.raises(ConfigError, match="RESNET_HUB_PRECISION='fp64' is not known; choose one of 'auto', 'fp32', "):
        start_pool(settings)


@pytest.mark.parametrize("precision", ["auto", "fp32", "bf16"])
def test_each_precision_answers(tiny_checkpoint, precision):
    own = start_pool(PageSettings(model=str(tiny_checkpoint), device="cpu", precision=precision)).own
    usual = "bf16" if native_bf16() else "fp32"
    assert own.classifier.precision == (usual if precision == "auto" else precision)
