"""The page to a visitor whose browser prefers Chinese: no English sentence is left on any tab."""

import re

import pytest
from broken_images import text_file
from browsing import served_page, unfold, upload
from color_network import COLORS, LABELS, save_color_network, solid
from playwright.sync_api import expect

from resnet_hub import create_model

pytestmark = pytest.mark.filterwarnings("ignore::pandas.errors.Pandas4Warning")

# All that is read or read aloud, but for gradio's own footer, which has other ways into the page.
READ = """() => [...document.querySelectorAll('body *')]
.filter(element => !element.closest('footer, script, style, noscript'))
.filter(element => element.checkVisibility({visibilityProperty: true}))
.flatMap(element => [
  ...[...element.childNodes].filter(node => node.nodeType === 3).map(node => node.textContent),
  ...['alt', 'aria-label', 'placeholder', 'title'].map(name => element.getAttribute(name))
]).map(text => (text ?? '').trim()).filter(text => text)"""
# Two words beside each other, the second in small letters, are no name any more.
ENGLISH = re.compile(r"[A-Za-z]{2,}[ ,.:]+[a-z]{2,}")
# Names, and labels of gradio's that no translation reaches.
NAMES = (*LABELS, "tench, Tinca", "owner/name", "y = x", "et al")
GRADIO = (
    "Capture from camera",
    "Click to upload or drop files",
    "Copy table data",
    "Empty value",
    "Enter text to search the table",
    "In queue",
    "Paste from clipboard",
    "Remove this file",
    "Reset to default value",
    "Table actions",
    "Upload file",
    "number input for",
    "range slider for",
)


def english(page):
    texts = page.evaluate(READ)
    for name in NAMES:
        texts = [text.replace(name, "") for text in texts]
    assert [text for text in texts if re.fullmatch(r"[a-z_]+\.(?!png)[a-z_]+", text)] == []  # keys without a text
    return sorted({text for text in texts if ENGLISH.search(text) and not text.startswith(GRADIO)})


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    place = tmp_path_factory.mktemp("networks")
    save_color_network(place / "colors")
    create_model("cifar_resnet20", num_classes=14, label_names=("crane", "crane", *"abcdefghijkl")).save_pretrained(
        place / "cranes"
    )
    solid(COLORS[0]).save(place / "crimson.png")
    (place / "notes.png").write_bytes(text_file())
    return place


@pytest.fixture(scope="module")
def address(folders):
    with served_page(folders / "colors", models=f"alice/*, {folders / 'cranes'}") as settings:
        yield settings.address


@pytest.fixture
def page(open_page, address):
    return open_page(address, locale="zh-CN")


def open_tab(page, name):
    page.get_by_role("tab", name=name, exact=True).click()


def test_every_tab_is_in_chinese_before_and_after_an_answer(page, folders):
    for drawer in ("#others", "#details"):
        unfold(page, drawer)
    assert english(page) == []
    upload(page, folders / "crimson.png")
    expect(page.locator("#verdict")).to_contain_text("crimson")
    page.get_by_text("关于这个网络").click()
    page.get_by_text("残差网络是怎样工作的").click()
    expect(page.locator("#about")).to_contain_text("归一化")
    assert english(page) == []
    open_tab(page, "为什么")
    expect(page.locator("#why-map img").first).to_be_visible()
    for name in ("各个阶段看到了什么", "每个模块加了什么"):
        page.get_by_text(name).click()
    expect(page.locator("#why-blocks table")).to_be_visible()
    assert english(page) == []


def test_comparing_is_in_chinese(page, folders):
    upload(page, folders / "crimson.png")
    open_tab(page, "比较")
    page.locator("#compare").click()
    expect(page.locator("#comparison .agreement")).to_be_visible()
    assert english(page) == []


def test_many_images_are_in_chinese(page, folders):
    open_tab(page, "多张图片")
    page.locator("#files input[type=file]").set_input_files([folders / "crimson.png", folders / "notes.png"])
    expect(page.locator("#files")).to_contain_text("B")
    page.locator("#batch-start").click()
    expect(page.locator("#batch-progress")).to_contain_text("完成\uff1a识别了 1 张\uff0c失败 1 张")
    expect(page.locator("#batch-failed")).to_contain_text("图片不是可以读取的图片格式")
    assert english(page) == ["notes.png"]  # the file that failed


def test_depth_is_in_chinese(page):
    open_tab(page, "深度为什么有效")
    expect(page.locator("#gradients svg")).to_be_visible()
    assert english(page) == []


def test_the_heading_the_window_and_the_image_have_chinese_names(page, folders):
    expect(page.locator("#heading h1")).to_have_text("图片里是什么\uff1f")
    expect(page).to_have_title("图片里是什么\uff1f")
    upload(page, folders / "crimson.png")
    expect(page.locator("#photo img")).to_have_attribute("alt", "你选择的图片")


def test_a_network_that_is_not_there_is_told_in_chinese(page, fake_hub):
    unfold(page, "#others")
    page.locator("#network input").fill("alice/nowhere")
    page.keyboard.press("Enter")
    expect(page.locator("#network-facts")).to_contain_text("找不到模型 'alice/nowhere'")
    page.locator("#network input").fill("bob/net")
    page.keyboard.press("Enter")
    expect(page.locator("#network-facts")).to_contain_text("本页不提供模型 'bob/net'")
    assert english(page) == []


def test_a_heading_of_the_owner_s_stays_as_it_is(open_page, folders):
    with served_page(folders / "colors", title="Birds & <b>bees</b>") as settings:
        page = open_page(settings.address, locale="zh-CN")
        expect(page.locator("#heading h1")).to_have_text("Birds & <b>bees</b>")
        expect(page).to_have_title("Birds & <b>bees</b>")
