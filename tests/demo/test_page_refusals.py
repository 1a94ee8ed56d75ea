"""What gradio has toasts for only stands where the answer would, in the visitor's language."""

from browsing import unfold, upload
from color_network import COLORS, LABELS, solid
from playwright.sync_api import expect

from resnet_hub.demo.overrides.queue import PageQueue
from resnet_hub.demo.tabs import answer_details

FULL = "现在访问的人太多\uff0c请稍后再试。"
FAULT = "服务器出错了\uff1b页面仍可使用\uff0c请再试一次。"


def fill_the_queue(monkeypatch):
    monkeypatch.setattr(PageQueue, "_waiting", lambda self: self.max_waiting)


def open_tab(page, name):
    page.get_by_role("tab", name=name, exact=True).click()


def refused_in(place, words):
    refusal = place.get_by_role("alert")
    expect(refusal).to_contain_text(words)
    expect(refusal.locator("svg")).to_be_visible()
    assert refusal.locator("b").count() == 0
    expect(place.page.locator("[data-testid=toast-body]")).to_have_count(0)


def test_a_full_queue_and_a_failing_button_are_refused_where_their_answer_would_stand(
    open_page, address, place, tmp_path, monkeypatch
):
    page = open_page(address, locale="zh-CN")
    upload(page, place / "crimson.png")
    expect(page.locator("#verdict")).to_contain_text(LABELS[0])

    def fail(_answer):
        raise RuntimeError("<b>secret</b>")

    monkeypatch.setattr(answer_details, "scores_csv", fail)
    unfold(page, "#details")
    page.locator("#download").click()
    refused_in(page.locator("#not-saved"), FAULT)
    expect(page.locator("#verdict")).to_contain_text(LABELS[0])

    monkeypatch.undo()
    open_tab(page, "为什么")
    expect(page.locator("#why-map img.colors")).to_be_visible()
    open_tab(page, "结果")
    fill_the_queue(monkeypatch)
    solid(COLORS[1]).save(tmp_path / "other.png")
    upload(page, tmp_path / "other.png")
    refused_in(page.locator("#refused"), FULL)
    # The answer to the image before is not that to this one.
    expect(page.locator("#verdict p")).to_have_count(0)
    open_tab(page, "为什么")
    expect(page.locator("#why-map img")).to_have_count(0)
    expect(page.locator("#why-sentence p")).to_have_count(0)
    refused_in(page.locator("#refused"), FULL)
    open_tab(page, "为什么能这么深")
    refused_in(page.locator("#gradients"), FULL)

    monkeypatch.undo()
    open_tab(page, "单张图片")
    upload(page, place / "crimson.png")
    expect(page.locator("#why-map img.colors")).to_be_visible()
    open_tab(page, "结果")
    expect(page.locator("#verdict")).to_contain_text(LABELS[0])
    expect(page.locator("#glow .under")).to_be_visible()
    expect(page.locator("#refused").get_by_role("alert")).to_have_count(0)
