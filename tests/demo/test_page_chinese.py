"""The page to a visitor whose browser prefers Chinese: no English sentence is left on any tab."""

import re

import pytest
from broken_images import text_file
from browsing import served_page, unfold, upload
from color_network import COLORS, LABELS, save_color_network, solid
from playwright.sync_api import expect

from resnet_hub import ImageClassifier, create_model
from resnet_hub.demo.text import say
from resnet_hub.explain import laboratory
from resnet_hub.images import FORMATS

pytestmark = pytest.mark.filterwarnings("ignore::pandas.errors.Pandas4Warning")

# All that is read or read aloud.
READ = """() => [...document.querySelectorAll('body *')]
.filter(element => !element.closest('script, style, noscript'))
.filter(element => element.checkVisibility({visibilityProperty: true}))
.flatMap(element => [
  ...[...element.childNodes].filter(node => node.nodeType === 3).map(node => node.textContent),
  ...['alt', 'aria-label', 'placeholder', 'title'].map(name => element.getAttribute(name))
]).map(text => (text ?? '').trim()).filter(text => text)"""
ENGLISH = re.compile(r"[A-Za-z]{3,}")
# What Chinese readers write in Latin letters too: names of things, formats and people, and what the tests chose.
MACHINES = [machine.partition(",")[0].strip() for machine in laboratory().hardware.split(";")]
NAMES = (
    *LABELS,
    *("cifar_resnet20", "colors", "cranes", "cifar", "crane", "crimson.png", "notes", ".png", "owner/name", "https://"),
    *("HiResCAM", "Grad-CAM", "ResNet", "ImageNet", "top-1", "SGD", "Yang", "arXiv", "Hub", "Gradio"),
    *re.findall(r"[A-Za-z]{3,}", say("inputs.credit", "zh-CN")),  # photographers
    *("CIFAR", "Balduzzi", "Veit", "Smith", "SkipInit", "PyTorch", "bfloat16", *MACHINES),
    *("CSV", "JSON", "API", "MCP", "zip", "GMACs", *FORMATS),
    *("bob/net", "layer1", "layer2", "layer3", "stem"),
)
CIFAR = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
CHINESE = ("飞机", "汽车", "鸟", "猫", "鹿", "狗", "青蛙", "马", "船", "卡车")
KEY = re.compile(r"[a-z_]+\.(?!png)[a-z_]+")
"""What is shown of a text that is missing."""


def english(page):
    texts = page.evaluate(READ)
    for name in NAMES:
        texts = [text.replace(name, "") for text in texts]
    assert [text for text in texts if KEY.fullmatch(text)] == []
    return sorted({text for text in texts if ENGLISH.search(text)})


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    place = tmp_path_factory.mktemp("networks")
    save_color_network(place / "colors")
    create_model("cifar_resnet20", num_classes=14, label_names=("crane", "crane", *"abcdefghijkl")).save_pretrained(
        place / "cranes"
    )
    create_model("cifar_resnet20", num_classes=10, label_names=CIFAR).save_pretrained(place / "cifar")
    solid(COLORS[0]).save(place / "crimson.png")
    (place / "notes.png").write_bytes(text_file())
    return place


@pytest.fixture(scope="module")
def address(folders):
    with served_page(folders / "colors", models=f"alice/*, {folders / 'cranes'}, {folders / 'cifar'}") as settings:
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
    assert english(page) == []


def test_published_classes_have_chinese_names_on_every_tab(open_page, address, folders):
    page = open_page(f"{address}/?model=cifar", locale="zh-CN")
    unfold(page, "#details")
    upload(page, folders / "crimson.png")
    best = ImageClassifier.from_pretrained(folders / "cifar", precision="fp32")(folders / "crimson.png")[0]
    name = CHINESE[best.index]
    expect(page.locator("#verdict")).to_contain_text(f"最可能是{name}\uff0c")
    # The name that programs get is in the details.
    expect(page.locator("#scores")).to_contain_text(f"{name}\uff08{best.label}\uff09")
    expect(page.locator("#labels li").first).to_contain_text(name)
    open_tab(page, "为什么")
    expect(page.locator("#why-sentence")).to_contain_text(name)
    expect(page.locator("#why-class input")).to_have_value(name)
    open_tab(page, "比较")
    page.locator("#compared input").fill("cifar")
    page.keyboard.press("Enter")
    page.keyboard.press("Escape")  # the list lies over the button
    page.locator("#compare").click()
    expect(page.locator("#comparison .agreement")).to_contain_text(f"cifar 认为是{name}")
    expect(page.locator("#comparison")).to_contain_text(f"最可能是{name}")
    open_tab(page, "多张图片")
    page.locator("#files input[type=file]").set_input_files(folders / "crimson.png")
    expect(page.locator("#files")).to_contain_text("B")
    page.locator("#batch-start").click()
    expect(page.locator("#batch-gallery summary")).to_contain_text(name)
    expect(page.locator("#batch-table")).to_contain_text(name)
    link = page.locator("#batch-downloads a").first.get_attribute("href")
    assert best.label in link
    assert english(page) == []


def test_depth_is_in_chinese(page):
    open_tab(page, "为什么能这么深")
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
