"""A page that answers in the visitor's browser: its files, and what a visitor of it meets in a real one."""

import gzip
import hashlib
import http.server
import json
import re
import threading
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from axe_playwright_python.sync_playwright import Axe
from browsing import PATIENCE
from error_facts import code_and_fields
from huggingface_hub import HfApi
from playwright.sync_api import expect

from resnet_hub import ImageClassifier
from resnet_hub.checkpoint import BUNDLED
from resnet_hub.config import Preprocessing
from resnet_hub.demo.examples import FREE_IMAGES
from resnet_hub.errors import ConfigError, HubError
from resnet_hub.preprocessing.pixels import _resized_size, _window
from resnet_hub.space import SpaceSettings, model_for_browsers, push_space, served_model, write_space
from resnet_hub.space.static import files as static
from resnet_hub.space.static import runtime
from resnet_hub.space.static.packing import packed_weights
from resnet_hub.space.static.words import page_words

SPACE = "alice/in-the-browser"
PHOTOGRAPHS = sorted(FREE_IMAGES.glob("*.jpg"))
TITLE = 'Which "one"? <b>&'
ANSWERED = "#result:not([hidden])"


@pytest.fixture(scope="module")
def model():
    """The bundled network as browsers run it."""
    return model_for_browsers(str(BUNDLED), served_model(str(BUNDLED)))


@pytest.fixture(scope="module")
def site(model, tmp_path_factory):
    folder = tmp_path_factory.mktemp("site") / "page"
    write_space(folder, model, SPACE, SpaceSettings(TITLE))
    return folder


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


def serve(site):
    """A server of files alone."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=site))
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def shut(server):
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def served(site):
    server = serve(site)
    yield server
    shut(server)


@pytest.fixture(scope="module")
def context(visitors):
    profile = visitors.browser.new_context(locale="en-US", color_scheme="light")
    yield profile
    profile.close()


@pytest.fixture(scope="module")
def page(context, served):
    """The window of one visitor, in which nothing failed."""
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    page.addresses, page.faults = [], []
    context.on("request", lambda request: page.addresses.append(request.url))
    page.on("pageerror", lambda error: page.faults.append(str(error)))
    page.goto(f"http://127.0.0.1:{served.server_port}/")
    yield page
    assert page.faults == []


def give(page, file):
    page.set_input_files("#file", file)
    expect(page.locator("#answer")).to_have_attribute("aria-busy", "false")


def scores_on(page):
    rows = page.locator("#classes button").evaluate_all(
        "rows => rows.map(row => [row.dataset.index, row.dataset.score])"
    )
    return {int(index): float(score) for index, score in rows}


def test_the_runtime_is_what_its_makers_published():
    for name, digest in runtime.sources()["sha256"].items():
        content = (runtime.FOLDER / name).read_bytes()
        found = gzip.decompress(content) if name.endswith(".gz") else content
        assert hashlib.sha256(found).hexdigest() == digest, name
    assert runtime.wasm_size()[0] == len(gzip.decompress((runtime.FOLDER / runtime.WASM).read_bytes()))


def test_the_folder_is_a_static_space_that_asks_no_other_host(site):
    readme = (site / "README.md").read_text()
    assert "sdk: static\n" in readme
    assert "app_file: index.html\n" in readme
    for file in [*site.glob("*.js"), site / "index.html", site / "style.css"]:
        assert "//" not in re.sub(r"^\s*//.*$", "", file.read_text(), flags=re.MULTILINE), file.name
    kept = json.loads((site / "model.json").read_text())["kept"]
    there = {path.relative_to(site).as_posix() for path in site.rglob("*") if path.is_file()}
    assert set(kept) == there - {"README.md", "model.json", "service_worker.js"}


def test_a_network_of_eleven_million_weights_stays_below_25_megabytes(site):
    """Weights as random as they get; those of trained networks pack no worse."""
    weights = np.random.default_rng(0).normal(scale=0.02, size=1_000_000).astype(np.float16).tobytes()
    share = len(packed_weights(weights)) / len(weights)
    rest = sum(path.stat().st_size for path in site.rglob("*") if path.name != static.MODEL_FILE and path.is_file())
    assert 11_689_512 * 2 * share + rest < 25e6


def test_the_page_has_each_of_its_words_and_no_others():
    scripts = "".join(file.read_text() for file in static.PAGE.iterdir())
    facts = Path(static.__file__).with_name("facts.py").read_text() + Path(static.__file__).read_text()
    used = {key for key in page_words() if re.search(rf'["\'`]{key}["\'`]', scripts + facts)}
    assert used == set(page_words())
    asked = re.findall(r'(?:say|Fault)\("(\w+)"|data-(?:word|label)="(\w+)"', scripts)
    assert {one or other for one, other in asked} <= set(page_words())
    assert all(set(texts) == {"en", "zh-CN"} for texts in page_words().values())


def test_answers_are_those_of_a_classifier_and_no_request_leaves_the_host(page, served):
    classifier = ImageClassifier.from_pretrained(BUNDLED, device="cpu")
    give(page, PHOTOGRAPHS[0])
    page.select_option("#top-k", "10")
    for file in PHOTOGRAPHS[:4]:
        give(page, file)
        expected = {row.index: row.score for row in classifier(file, top_k=10)}
        found = scores_on(page)
        assert next(iter(found)) == next(iter(expected))
        assert found == pytest.approx(expected, abs=0.01)
    example = page.locator("#examples button").first
    expect(example).to_have_attribute("aria-label", "Example 1: cat")
    example.click()
    expect(page.locator(ANSWERED)).to_be_visible()
    assert {address.split("/")[2] for address in page.addresses if address.startswith("http")} == {
        f"127.0.0.1:{served.server_port}"
    }
    expect(page.locator("h1")).to_have_text(TITLE)


def test_the_evidence_is_stretched_as_by_the_heat_map_of_the_package(page):
    grid = torch.randn(1, 1, 3, 4, generator=torch.Generator().manual_seed(0))
    expected = torch.nn.functional.interpolate(grid, (9, 17), mode="bilinear").flatten().tolist()
    ask = "async values => [...(await import('./pictures.js')).stretched(values, [3, 4], 17, 9)]"
    assert page.evaluate(ask, grid.flatten().tolist()) == pytest.approx(expected, abs=1e-5)
    page.locator("#classes button").nth(1).click()
    name = page.locator("#classes button").nth(1).locator(".row span").first.inner_text()
    expect(page.locator("#caption")).to_contain_text(name)


@pytest.mark.parametrize("crop_mode", ["center", "squash", "border"])
def test_what_is_shown_as_seen_is_what_the_network_sees(page, crop_mode):
    preprocessing = Preprocessing(input_size=(3, 200, 240), crop_mode=crop_mode, crop_pct=0.8)
    given = {"height": 200, "width": 240, "cropPct": 0.8, "cropMode": crop_mode}
    for size in ((640, 480), (300, 900)):
        resized = _resized_size(size, preprocessing)
        ask = "async ([size, input]) => (await import('./pictures.js')).seenPart(...size, input)"
        left, top, width, height = page.evaluate(ask, [size, given])
        for start, length, side, crop, whole in ((left, width, 0, 240, size[0]), (top, height, 1, 200, size[1])):
            scale = resized[side] / whole
            first, shown = _window(resized[side], crop)
            assert max(0, start) * scale == pytest.approx(first, abs=1)
            assert min(whole, start + length) * scale == pytest.approx(first + shown, abs=1)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "HEIC"),
        (b"GIF89a, but no image", "cannot read x.jpg as a picture"),
        (b"", "cannot read x.jpg as a picture"),
    ],
)
def test_what_a_browser_cannot_read_is_one_sentence(page, tmp_path, content, said):
    file = tmp_path / "x.jpg"
    file.write_bytes(content)
    give(page, file)
    expect(page.locator("#verdict")).to_contain_text(said)
    expect(page.locator("#result")).to_be_hidden()


def test_the_camera_gives_a_picture(page):
    page.click("#camera")
    page.wait_for_function("() => document.querySelector('#video').videoWidth > 0")
    page.click("#shoot")
    expect(page.locator(ANSWERED)).to_be_visible()


def test_a_runtime_that_came_in_part_is_one_sentence(visitors, served):
    with_torn = visitors.browser.new_context(service_workers="block")
    page = with_torn.new_page()
    page.route("**/*.wasm.bin", lambda route: route.fulfill(body=b"torn"))
    page.goto(f"http://127.0.0.1:{served.server_port}/")
    expect(page.locator("#verdict")).to_contain_text("came damaged or in part")
    with_torn.close()


def test_a_browser_without_webassembly_is_told_so_in_its_language(visitors, served):
    without = visitors.browser.new_context(service_workers="block", locale="zh-CN")
    page = without.new_page()
    script = (static.PAGE / "classifying.js").read_text().replace("model = given;", "delete self.WebAssembly;")
    page.route("**/classifying.js", lambda route: route.fulfill(body=script, content_type="text/javascript"))
    page.goto(f"http://127.0.0.1:{served.server_port}/")
    expect(page.locator("#verdict")).to_contain_text("无法运行计算所需的 WebAssembly")
    without.close()


LATE = """const register = ServiceWorkerContainer.prototype.register;
ServiceWorkerContainer.prototype.register = function (...given) {
  setTimeout(() => register.apply(this, given), 4000);
  return Promise.resolve() }"""


def test_what_came_before_the_page_s_worker_is_kept_too(visitors, served):
    slow = visitors.browser.new_context(locale="en-US")
    slow.add_init_script(LATE)
    page = slow.new_page()
    page.goto(f"http://127.0.0.1:{served.server_port}/")
    expect(page.locator("#offline")).to_contain_text("works without a connection")
    slow.close()


def test_both_languages_in_both_themes_are_accessible_on_a_phone_and_off_line(visitors, site):
    server = serve(site)
    phone = visitors.browser.new_context(locale="en-US", viewport={"width": 390, "height": 844})
    page = phone.new_page()
    page.set_default_timeout(PATIENCE)
    page.goto(f"http://127.0.0.1:{server.server_port}/")
    expect(page.locator("#offline")).to_contain_text("works without a connection")
    shut(server)
    page.reload()
    expect(page.locator(ANSWERED)).to_be_visible()  # it opens with an answered example
    page.locator("#examples button").nth(1).click()
    expect(page.locator(ANSWERED)).to_be_visible()
    verdict = page.locator("#verdict").bounding_box()
    assert verdict["y"] + verdict["height"] <= 844  # in view without scrolling
    page.locator("summary").click()
    for language, scheme, words in (("en", "dark", "Most likely"), ("zh-CN", "light", "最可能是")):
        page.select_option("#language", language)
        page.emulate_media(color_scheme=scheme)
        expect(page.locator("#verdict")).to_contain_text(words)
        assert page.evaluate("() => document.documentElement.scrollWidth") <= 390
        found = Axe().run(page).response["violations"]
        assert [(one["id"], [node["html"] for node in one["nodes"]]) for one in found] == []
    phone.close()


def test_a_push_makes_a_static_space_and_a_second_one_changes_nothing(fake_hub, model):
    assert push_space(model, SPACE, SpaceSettings("Which?")).endswith(f"/spaces/{SPACE}")
    assert HfApi().space_info(SPACE).sdk == "static"
    push_space(model, SPACE, SpaceSettings())
    assert len(fake_hub.repository(SPACE, "spaces").commits) == 2
    with pytest.raises(HubError) as refused:
        push_space(model.served, SPACE, SpaceSettings())
    assert code_and_fields(refused.value) == (
        "space.other_sdk",
        {"repo_id": SPACE, "sdk": "static", "wanted": "gradio"},
    )


def test_a_folder_with_something_else_is_left_alone(model, tmp_path):
    (tmp_path / "index.html").write_text("mine")
    with pytest.raises(ConfigError) as refused:
        write_space(tmp_path, model, SPACE, SpaceSettings())
    assert refused.value.code == "space.folder_taken"
    assert (tmp_path / "index.html").read_text() == "mine"
