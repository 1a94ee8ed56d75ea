"""A visitor teaches classes of their own, by files, a zip and the keyboard; and nothing of it is kept."""

import gc
import io
import threading
import zipfile
from weakref import WeakSet

import numpy as np
import pytest
from browsing import served_page, wait_until_settled
from color_network import MARKUP, save_color_network
from PIL import Image
from playwright.sync_api import expect

from resnet_hub import ImageClassifier
from resnet_hub.demo.serving import inference
from resnet_hub.demo.serving.lessons import Lessons

pytestmark = pytest.mark.filterwarnings("ignore::pandas.errors.Pandas4Warning")
WARM, COLD = (200, 60, 30), (30, 60, 200)
LONG = "x" * 300


def picture(color, number, kind="PNG"):
    """A file of an image of about this color, which no other number gives."""
    noise = np.random.default_rng(number).normal(0, 12, (40, 40, 3))
    file = io.BytesIO()
    Image.fromarray((np.array(color) + noise).clip(0, 255).astype(np.uint8)).save(file, kind)
    return file.getvalue()


def files(color, count, first=0):
    """What playwright sends as so many files."""
    numbers = range(first, first + count)
    return [{"name": f"{one}.png", "mimeType": "image/png", "buffer": picture(color, one)} for one in numbers]


def archive(**entries):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as packed:
        for name, content in entries.items():
            packed.writestr(name, content)
    return [{"name": "all.zip", "mimeType": "application/zip", "buffer": file.getvalue()}]


@pytest.fixture(scope="module")
def lessons():
    """The lessons of the page that is served."""
    return []


@pytest.fixture(scope="module")
def address(tmp_path_factory, lessons):
    folder = tmp_path_factory.mktemp("taught")
    save_color_network(folder / "colors")

    class Kept(Lessons):
        def __init__(self):
            super().__init__()
            lessons.append(self)

    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(inference, "Lessons", Kept)
        with served_page(folder / "colors", max_file_mb=1) as settings:
            yield settings.address


@pytest.fixture
def teach(open_page, address):
    """Opens the tab as a new visitor."""

    def opened(**visitor):
        page = open_page(f"{address}?tab=teach", **visitor)
        expect(page.locator("#teach-name")).to_be_visible()
        return page

    return opened


def name_field(page):
    return page.locator("#teach-name").locator("textarea, input")


def add(page, name, sent):
    name_field(page).fill(name)
    page.locator("#teach-files input[type=file]").set_input_files(sent)


def add_both(page, warm="warm", cold="cold"):
    for name, color in ((warm, WARM), (cold, COLD)):
        add(page, name, files(color, 4))
        expect(page.locator("#teach-classes h3").filter(has_text=name)).to_be_visible()


def show(page, color, number=1):
    """Chooses another image to be named, one of those that are taught where there is no other number."""
    page.locator("#photo input[type=file]").set_input_files(
        {"name": "one.png", "mimeType": "image/png", "buffer": picture(color, number)}
    )


def until(page, condition):
    assert any(condition() or page.wait_for_timeout(100) for _ in range(600)), "it did not come about"


def refused(page):
    return page.locator("#teach-told").get_by_role("alert")


def test_what_was_taught_answers_and_is_taken_away_as_a_checkpoint(teach, tmp_path):
    page = teach()
    add_both(page, "warm", MARKUP)
    expect(page.locator("#teach-figures")).to_contain_text("8 of 8 are named right: 100")
    expect(page.locator("#teach-figures")).to_contain_text("between 67.6")
    show(page, COLD)
    answer = page.locator("#teach-answer")
    expect(answer.locator("[role=status]")).to_contain_text(f"Most likely {MARKUP}")
    expect(answer.locator("figure")).to_have_count(3)
    expect(answer.locator("figcaption").first).to_contain_text(MARKUP)
    shown = answer.locator(".bars li span").all_inner_texts()
    page.locator("#teach-keep > button.label-wrap").dispatch_event("click")
    expect(page.locator("#teach-command code")).to_contain_text("resnet-hub finetune --dataset pictures --model colors")
    page.locator("#teach-pack").dispatch_event("click")
    with page.expect_download() as download:
        page.locator("#teach-packed a").first.click()
    with zipfile.ZipFile(download.value.path()) as packed:
        packed.extractall(tmp_path)
    found = ImageClassifier.from_pretrained(tmp_path / "taught", device="cpu")(picture(COLD, 1))
    assert [one.label for one in found] == shown[::2] == [MARKUP, "warm"]
    assert float(shown[1].split()[0]) == pytest.approx(100 * found[0].score, abs=0.06)
    show(page, (40, 180, 60))
    expect(answer.locator("[role=status]")).to_have_text("None of these.")
    assert page.alerts == []


def test_a_zip_with_a_folder_for_each_class_teaches_them_all_and_parts_are_taken_out_again(teach):
    page = teach()
    entries = {
        f"all/{name}/{one}.png": picture(color, one)
        for name, color in (("warm", WARM), ("cold", COLD))
        for one in range(4)
    }
    add(page, "", archive(**entries, **{"../../loose.txt": b"no picture", "loose.png": picture(WARM, 50)}))
    expect(page.locator("#teach-classes section")).to_have_count(2)
    failures = page.locator("#teach-told .failures")
    expect(failures.locator("li")).to_have_count(2)
    expect(failures).to_contain_text("loose.png")
    expect(failures).not_to_contain_text("..")
    expect(page.locator("#teach-figures")).to_contain_text("8 of 8")
    page.get_by_label("Remove 0.png from warm").or_(page.get_by_label("Remove warm/0.png from warm")).click()
    expect(page.locator("#teach-figures")).to_contain_text("7 of 7")
    page.get_by_label("Add to warm").click()
    expect(name_field(page)).to_have_value("warm")
    page.locator("#teach-add-photo").click()  # the image that the camera may have taken
    expect(page.locator("#teach-classes h3").filter(has_text="warm")).to_have_text("warm (4)")
    page.get_by_label("Remove the class cold").click()
    expect(page.locator("#teach-figures")).to_contain_text("Two or more classes are needed to tell images apart, not 1")
    page.locator("#teach-over").click()
    expect(page.locator("#teach-classes section")).to_have_count(0)
    expect(page.locator("#teach-over")).not_to_be_visible()


def test_a_folder_with_a_folder_for_each_class_teaches_them_all(teach, tmp_path):
    for name, color in (("warm", WARM), ("cold", COLD)):
        (tmp_path / "all" / name).mkdir(parents=True)
        (tmp_path / "all" / name / ".hidden").write_bytes(b"no picture")
        for number in range(3):
            (tmp_path / "all" / name / f"{number}.png").write_bytes(picture(color, number))
    page = teach()
    page.locator("#teach-folder").locator("xpath=preceding-sibling::input").set_input_files(tmp_path / "all")
    expect(page.locator("#teach-figures")).to_contain_text("6 of 6")
    assert sorted(page.locator("#teach-classes h3").all_inner_texts()) == ["cold (3)", "warm (3)"]
    expect(page.locator("#teach-told")).not_to_contain_text("hidden")


def test_the_keyboard_alone_teaches_on_a_phone(teach):
    page, choosers = teach(width=390), []
    page.on("filechooser", lambda chooser: choosers.append(chooser))
    for count, (name, color) in enumerate((("warm", WARM), ("cold", COLD)), 1):
        name_field(page).focus()
        page.keyboard.type(name)
        for _ in range(4):
            page.keyboard.press("Tab")
            if page.evaluate("document.activeElement.closest('#teach-files') !== null"):
                break
        wait_until_settled(page)  # what was taught before empties the field when it is answered
        for _ in range(20):  # for a moment after it was emptied, gradio's field takes no key
            if len(choosers) < count:
                page.keyboard.press("Space")
                page.wait_for_timeout(1000)
        choosers[-1].set_files(files(color, 3))
        expect(page.locator("#teach-classes h3").filter(has_text=name)).to_be_visible()
    expect(page.locator("#teach-answer [role=status]")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_what_cannot_be_taught_is_a_sentence_in_chinese(teach):
    page = teach(locale="zh-CN")
    page.locator("#teach-add").click()
    expect(refused(page)).to_contain_text("还没有图片")
    add(page, "", files(WARM, 2))
    expect(refused(page)).to_contain_text("还不知道这张图片属于哪个类别")
    name_field(page).fill(LONG)
    page.locator("#teach-add").click()
    expect(refused(page)).to_contain_text("类别名称有 300 个字符\uff0c最多 100 个")
    name_field(page).fill("暖色")
    page.locator("#teach-add").click()  # what was refused is still there
    expect(page.locator("#teach-figures")).to_contain_text("现在有 1 个类别\uff0c要区分至少需要两个")
    page.locator("#teach-add").click()  # once more, as nothing says that it is not needed
    expect(page.locator("#teach-told [role=status]")).to_contain_text("图片选好后就已经学习了")
    add(page, "冷色", [*files(COLD, 1), *files(COLD, 1), *files(WARM, 1)])
    expect(page.locator("#teach-told .failures")).to_contain_text("相同的图片只算一次")
    expect(page.locator("#teach-told .failures")).to_contain_text("这张图片已经在类别 '暖色' 里")
    expect(page.locator("#teach-figures")).to_contain_text("至少需要 3 张")
    add(page, "坏", [{"name": "bad.zip", "mimeType": "application/zip", "buffer": b"PK\x03\x04 no zip"}])
    expect(page.locator("#teach-told .failures")).to_contain_text("压缩包已损坏或不完整")


def key_of(page):
    """What opens the lesson of a page."""
    field = page.locator("#teach-key textarea")
    expect(field).not_to_have_value("")
    return field.input_value()


def test_two_visitors_teach_classes_of_their_own_and_whoever_leaves_is_forgotten(teach, lessons):
    (kept,) = lessons
    pages = [teach(), teach()]
    add_both(pages[0])
    add_both(pages[1], "hot", "icy")
    for page, name in zip(pages, ("warm", "hot"), strict=True):
        show(page, WARM)
        expect(page.locator("#teach-answer [role=status]")).to_contain_text(f"Most likely {name}")
    keys = {key_of(page) for page in pages}
    assert len(keys) == 2
    learned = WeakSet(image for key in keys for image in kept.find(key).images)
    assert len(learned) == 16
    for page in pages:
        page.goto("about:blank")
    until(pages[0], lambda: not keys & set(kept._lessons))
    gc.collect()
    assert len(learned) == 0


def test_whoever_leaves_in_the_middle_is_forgotten_and_the_rest_is_not_learned(teach, lessons, monkeypatch):
    (kept,) = lessons
    gate, batches = threading.Event(), []
    features_of = ImageClassifier.features_of

    def slow(classifier, pixels):
        batches.append(len(pixels))
        gate.wait(60)
        return features_of(classifier, pixels)

    monkeypatch.setattr(ImageClassifier, "features_of", slow)
    page = teach()
    add(page, "warm", files(WARM, 20))
    key = key_of(page)
    lesson = kept.find(key)
    page.goto("about:blank")
    until(page, lambda: key not in kept._lessons)
    gate.set()
    until(page, lambda: not lesson.turn.locked())
    assert lesson.is_over
    assert lesson.images == []
    assert batches == [8]  # of twenty images


def test_what_is_chosen_while_other_images_are_learned_is_learned_next(teach, monkeypatch):
    gate, features_of = threading.Event(), ImageClassifier.features_of

    def slow(classifier, pixels):
        gate.wait(60)
        return features_of(classifier, pixels)

    monkeypatch.setattr(ImageClassifier, "features_of", slow)
    page = teach()
    add(page, "warm", files(WARM, 4))
    key_of(page)  # and so the first ones are under way
    add(page, "cold", files(COLD, 3))
    expect(page.locator("#teach-files td a")).to_have_count(7)
    gate.set()
    expect(page.locator("#teach-classes h3")).to_have_text(["warm (4)", "cold (3)"])
    expect(name_field(page)).to_have_value("")
    expect(page.locator("#teach-files td a, #teach-told .failures")).to_have_count(0)


def test_a_page_that_was_away_too_long_says_so(teach, lessons):
    page = teach()
    add_both(page)
    for key in list(lessons[0]._lessons):
        lessons[0].forget(key)
    add(page, "third", files((90, 90, 90), 3))
    expect(refused(page)).to_contain_text("What was taught is no longer there")
    expect(page.locator("#teach-classes section")).to_have_count(0)
    page.locator("#teach-add").click()  # the images are still there
    expect(page.locator("#teach-classes h3")).to_have_text("third (3)")
