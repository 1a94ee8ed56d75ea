"""A page whose own network another runtime answers for: how alike it answers, and what stays as it was."""

import pytest
from traced_networks import trace, use_traced

from resnet_hub import AutoResNet
from resnet_hub.checkpoint import BUNDLED
from resnet_hub.demo.page import describe_model
from resnet_hub.demo.serving import start_pool
from resnet_hub.demo.settings import PageSettings
from resnet_hub.errors import CheckpointError, ConfigError
from resnet_hub.export import prepared
from resnet_hub.runtime import native_bf16


@pytest.fixture(scope="module")
def graph():
    return trace(AutoResNet.from_pretrained(BUNDLED))


@pytest.fixture
def pool(graph, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    use_traced(monkeypatch, graph)
    return lambda **settings: start_pool(PageSettings(model=str(BUNDLED), device="cpu", **settings))


def test_the_page_s_own_network_answers_in_int8_and_the_page_says_how_alike(pool, tiny_checkpoint):
    there = pool(precision="int8", models=str(tiny_checkpoint))
    own = there.own.classifier
    assert (own.backend, own.precision) == ("openvino", "int8")
    assert "<dd>int8 by OpenVINO: " in describe_model(there.own, "en")
    assert " % of 104 images answered as by the network itself</dd>" in describe_model(there.own, "en")
    assert "104 张图片" in describe_model(there.own, "zh-CN")
    other, _ = there.read(tiny_checkpoint.name)
    assert (other.backend, other.precision) == ("fused", "bf16" if native_bf16() else "fp32")


def test_where_int8_would_change_too_many_answers_the_page_answers_in_float_and_says_so(pool, monkeypatch):
    def refuse(*_, **__):
        raise CheckpointError("export.no_whole_numbers", blocks=9)

    monkeypatch.setattr(prepared, "export_file", refuse)
    own = pool(precision="int8").own
    assert (own.classifier.backend, own.classifier.precision) == ("fused", "fp32")
    assert "<dd>fp32, since int8 would change too many answers</dd>" in describe_model(own, "en")


def test_a_backend_that_is_not_known_is_said_before_anything_is_loaded():
    settings = PageSettings(model="alice/nowhere", backend="tensorrt")
    with pytest.raises(ConfigError, match="RESNET_HUB_BACKEND='tensorrt' is not known; choose one of 'auto', 'eager'"):
        start_pool(settings)


def test_a_gpu_for_single_calls_and_int8_do_not_go_together(pool, monkeypatch):
    monkeypatch.setenv("SPACES_ZERO_GPU", "1")
    with pytest.raises(ConfigError) as refused:
        pool(precision="int8")
    assert refused.value.code == "classifier.cpu_only"
