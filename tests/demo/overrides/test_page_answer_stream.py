"""A visitor's stream of answers, in a browser that is slow to learn of its end: no click is lost, no stream stays."""

import pytest
from browsing import unfold, upload, wait_until_settled
from color_network import LABELS
from playwright.sync_api import expect

pytestmark = pytest.mark.filterwarnings("ignore::pandas.errors.Pandas4Warning")

# A browser on a busy machine: the end of a stream, or the number of an event, comes when the test lets it.
SLOW = """(() => {
const fetched = window.fetch, text = new TextDecoder();
const gate = {}; window.late = {end: false, number: false};
window.letGo = () => gate.open?.();
const held = () => new Promise(done => { gate.open = done; window.holds = true });
window.fetch = async (...given) => {
  const response = await fetched(...given), url = given[0].url ?? String(given[0]);
  if (url.includes('/queue/join') && window.late.number) await held();
  if (!url.includes('/queue/data')) return response;
  window.streams = (window.streams ?? 0) + 1;
  const gone = () => { window.streams -= 1 };
  const slow = new TransformStream({async transform(chunk, out) {
    const says = text.decode(chunk);
    const isEnd = says.includes('close_stream');
    if (isEnd && window.late.end) await held();
    out.enqueue(chunk);
    if (isEnd) gone();
  }});
  return new Response(response.body.pipeThrough(slow), {headers: response.headers});
} })()"""


@pytest.fixture
def page(visitors, address, place):
    """A visitor with an answer, in whose browser the end of a stream may be late."""
    profile = visitors.browser.new_context(accept_downloads=True)
    page = profile.new_page()
    page.set_default_timeout(20_000)
    page.add_init_script(SLOW)
    page.goto(address, wait_until="domcontentloaded")
    for told_at_the_start in ("#limits p", "#link a"):
        expect(page.locator(told_at_the_start)).to_be_visible()
    unfold(page, "#details")
    wait_until_settled(page)
    page.wait_for_function("window.streams === 0")
    yield page
    profile.close()


def test_a_click_in_the_moment_in_which_the_last_answer_ended_the_stream_is_answered(page):
    page.evaluate("window.late.end = true")
    with page.expect_download():
        page.locator("#download").click()
    page.wait_for_function("window.holds")
    with page.expect_response("**/queue/join*"):
        page.locator("#download").click()
    page.evaluate("window.late.end = false")
    with page.expect_download() as download:
        page.evaluate("window.letGo()")
    assert download.value.suggested_filename == "scores.csv"


def test_a_stream_that_is_opened_after_all_has_been_answered_ends_at_once(page, place):
    with page.expect_response("**/queue/join*"):
        page.evaluate("window.late.number = true")
        upload(page, place / "crimson.png")
    page.wait_for_function("window.holds")
    page.evaluate("window.late.number = false; window.letGo()")
    expect(page.locator("#verdict")).to_contain_text(LABELS[0])
    page.wait_for_function("window.streams === 0")
