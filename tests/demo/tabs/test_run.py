"""Which pages have the tab of a run, and what their owners show."""

import shutil
from types import SimpleNamespace

import pytest
from PIL import Image
from run_folders import save_run

from resnet_hub.demo.fields.charts.run_html import curves_html, run_lead, run_title
from resnet_hub.demo.run_report import RunReader, read_run
from resnet_hub.demo.settings import PageSettings
from resnet_hub.demo.tabs.run import _cell, _parts, sheet, shows_run, thumbnail
from resnet_hub.demo.text import measured

NAMES = ("ants", "bees")
CIFAR10 = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")


@pytest.fixture
def run(tmp_path):
    return save_run(tmp_path / "run", NAMES, [[3, 1], [0, 4]], [("red", 0, 1, 0.9), ("blue", 0, 0, 0.8)])


def page(model, *, missing=None, **settings):
    return SimpleNamespace(settings=PageSettings(model=str(model), **settings), pool=SimpleNamespace(missing=missing))


def test_a_page_over_a_run_folder_shows_it_unless_its_owner_does_not(run, tmp_path):
    assert shows_run(page(run))
    assert shows_run(page(run, run="figures"))
    assert not shows_run(page(run, run="off"))
    assert not shows_run(page(run, missing="run"))  # another network stands in for it
    (tmp_path / "plain").mkdir()
    assert not shows_run(page(tmp_path / "plain"))
    assert not shows_run(page("timm/resnet18.a1_in1k"))


def test_two_or_three_classes_are_what_the_heading_asks_for():
    assert run_title(NAMES, "en") == "Ants or bees?"
    assert run_title(("ant", "bee", "fly"), "zh-CN").startswith("Ant、bee 还是 fly")
    assert run_title(("one",), "en") is None
    assert run_title(("a", "b", "c", "d"), "en") is None
    assert run_title(("a" * 300, "b"), "en") is None


def test_the_lead_names_some_classes_and_counts_the_rest():
    assert run_lead([f"<{n}>" for n in range(1000)], None, "en") == (
        "This network was trained on its owner&#x27;s pictures and tells 1,000 classes apart: "
        "&lt;0&gt;, &lt;1&gt;, &lt;2&gt;, &lt;3&gt;, &lt;4&gt;, &lt;5&gt;, and 994 more."
    )


def test_the_classes_of_a_published_set_have_chinese_names_in_each_part_of_the_tab(tmp_path):
    counts = [[4 * (row == column) for column in range(10)] for row in range(10)]
    counts[3][5] = 2
    folder = save_run(tmp_path / "run", CIFAR10, counts, [("red", 3, 5, 0.9)])
    reader = RunReader(folder, 10, images=True)
    _headline, mistakes, confusion, rest = _parts(reader, CIFAR10, None, "zh-CN")
    for part in (mistakes, confusion, rest, _cell(reader, CIFAR10, 3, 5, "zh-CN")):
        assert "猫" in part
        assert not any(name in part for name in ("cat", "dog", "airplane"))
    assert "aria-label='6 张“猫”的图片中有 2 张被认成“狗”'" in confusion
    assert "cat" in _parts(reader, CIFAR10, None, "en")[2]


def test_a_single_epoch_is_told_in_figures_and_not_by_a_dot(run):
    row = '{"epoch": 1, "train_loss": 0.244, "val_loss": 0.2, "val_top1": 0.961, "ema_top1": 0.97}'
    (run / "metrics.jsonl").write_text(f'{row}\n{{"epoch": 2, "train')
    told = curves_html(read_run(run, 2), "en")
    assert "<svg" not in told
    assert "<dt>Loss, validation</dt><dd>0.2</dd>" in told
    assert "<dt>Named right [%], validation</dt><dd>96.1</dd>" in told
    assert told.count("Named right [%]") == 2
    assert "Line 2 of metrics.jsonl cannot be read" in told  # what is torn is said all the same


@pytest.mark.parametrize(
    ("share", "words"),
    [(1, "100 %"), (0.99999, "99.9 %"), (0.98765, "98.8 %"), (0.00001, "0.1 %"), (0, "0 %")],
)
def test_all_and_nothing_are_said_only_where_it_is_all_or_nothing(share, words):
    assert measured(share, "en").replace("\N{NO-BREAK SPACE}", " ") == words


@pytest.mark.parametrize("content", [b"", b"GIF89a", b"RIFF\x10\0\0\0WEBPVP8 ", b"<svg onload='alert(1)'/>"])
def test_an_image_that_is_none_is_not_shown(run, content):
    (run / "held_out" / "0.webp").write_bytes(content)
    report = read_run(run, 2)
    assert thumbnail(report, 0) is None
    assert thumbnail(report, 1).startswith("data:image/webp;base64,")
    assert thumbnail(report, 7) is None


def test_an_earlier_run_shows_the_sheet_of_mistakes_that_it_drew(run, tmp_path):
    Image.new("RGB", (3000, 200)).save(run / "mistakes.png")
    assert sheet(read_run(run, 2)) is None  # the images themselves are there
    shutil.rmtree(run / "held_out")
    assert sheet(read_run(run, 2, images=False)) is None
    assert sheet(read_run(run, 2)).startswith("data:image/webp;base64,")
    (run / "mistakes.png").write_bytes(b"no image")
    assert sheet(read_run(run, 2)) is None
    (run / "mistakes.png").unlink()
    (run / "mistakes.png").symlink_to(Image.new("RGB", (3, 2)).save(tmp_path / "out.png") or tmp_path / "out.png")
    assert sheet(read_run(run, 2)) is None
