"""A new tab is a row: with its file and its texts it is on the page, in the link and in the API."""

import gradio as gr
import pytest
from browsing import served_page
from gradio_client import Client
from playwright.sync_api import expect

from resnet_hub.demo import page as page_module
from resnet_hub.demo.fields import endpoint
from resnet_hub.demo.tabs import TABS, BuiltTab, LinkValue, PageTab, TabContext
from resnet_hub.demo.tabs.page_tab import whole_number
from resnet_hub.demo.text import label, words

pytestmark = pytest.mark.filterwarnings("ignore::pandas.errors.Pandas4Warning")
TEXTS = {"hello.tab": {"en": "Hello", "zh-CN": "你好"}, "hello.name": {"en": "Your name", "zh-CN": "你的名字"}}


def hello_tab(context: TabContext) -> BuiltTab:
    name = gr.Textbox("", label=label("hello.name"), elem_id="hello-name")
    greeting = gr.HTML(elem_id="hello-greeting")
    name.change(greet, name, greeting, api_visibility="private")
    known = LinkValue(
        "name",
        name,
        lambda text: text or None,
        lambda text, _opened: text if text.isalpha() else None,
        lambda text, _opened: [text],
        [name],
    )
    return BuiltTab([known])


def greet(name):
    return f"Hello, {name}"


def hello_endpoint(_inference):
    async def hello(name: str = "") -> dict[str, str]:
        """A greeting.

        Args:
            name: Who is greeted.
        """
        return {"greeting": greet(name)}

    endpoint(hello, "hello", [gr.Textbox("", label="name", visible=False)])


@pytest.fixture(scope="module")
def address(place):
    with pytest.MonkeyPatch.context() as monkeypatch:
        every_text = words.all_words() | TEXTS
        monkeypatch.setattr(words, "all_words", lambda: every_text)
        monkeypatch.setattr(page_module, "TABS", (*TABS, PageTab("hello", "hello.tab", hello_tab, hello_endpoint)))
        with served_page(place / "colors") as settings:
            yield settings.address


def test_a_row_is_a_tab_that_a_link_opens_and_fills(open_page, address):
    page = open_page(f"{address}?tab=hello&name=Ann")
    expect(page.get_by_role("tab", name="Hello")).to_have_attribute("aria-selected", "true")
    expect(page.locator("#hello-greeting")).to_have_text("Hello, Ann")
    page.locator("#hello-name textarea").fill("Bob")
    expect(page.locator("#link a")).to_have_attribute("href", "?model=colors&k=3&tab=hello&name=Bob")
    page.get_by_role("tab", name="One picture").click()
    expect(page.locator("#link a")).to_have_attribute("href", "?model=colors&k=3")


def test_what_the_row_cannot_read_is_left_out(open_page, address):
    told = open_page(f"{address}?tab=hello&name=7").locator("#link-told [role=status]")
    expect(told).to_contain_text("name=7")


def test_a_row_is_an_endpoint(address):
    client = Client(address, verbose=False)
    assert client.predict("Eve", api_name="/hello") == {"greeting": "Hello, Eve"}
    client.close()


def test_the_tabs_have_ids_of_their_own():
    assert len({tab.id for tab in TABS}) == len(TABS)
    assert TABS[0].about_the_image  # what is seen first stands beside the image


@pytest.mark.parametrize(("text", "number"), [("7", 7), ("0", 0), ("-1", None), ("\u0661", None), ("9" * 9, None)])
def test_numbers_of_a_link_are_plain(text, number):
    assert whole_number(text) == number
