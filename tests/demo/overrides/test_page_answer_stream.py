"""A visitor's stream of answers, in a browser that is slow to learn of its end: no click is lost."""

import pytest
from browsing import PATIENCE, unfold, upload, wait_until_settled
from color_network import LABELS
from playwright.sync_api import expect

pytestmark = pytest.mark.filterwarnings("ignore::pandas.errors.Pandas4Warning")

# A browser on a busy machine: the end of a stream comes when the test lets it.
SLOW = """(() => {
const fetched = window.fetch, decoder = new TextDecoder(), encoder = new TextEncoder(), gate = {};
window.letGo = () => { window.isLate = false; gate.open() };
const held = () => new Promise(done => { gate.open = done; window.holds = true });
window.fetch = async (...given) => {
  const response = await fetched(...given), url = given[0].url ?? String(given[0]);
  if (!url.includes('/queue/data')) return response;
  const slow = new TransformStream({async transform(chunk, out) {
    const text = decoder.decode(chunk), end = text.indexOf('data: {"msg":"close_stream"');
    out.enqueue(encoder.encode(end < 0 ? text : text.slice(0, end)));
    if (end < 0) return;
    if (window.isLate) await held();
    out.enqueue(encoder.encode(text.slice(end)));
  }});
  return new Response(response.body.pipeThrough(slow), {headers: response.headers});
} })()"""


@pytest.fixture
def page(visitors, address):
    """A visitor with an answer, in whose browser the end of a stream may be late."""
    profile = visitors.browser.new_context()
    page = profile.new_page()
    page.set_default_timeout(PATIENCE)
    page.add_init_script(SLOW)
    page.goto(address, wait_until="domcontentloaded")
    for told_at_the_start in ("#limits p", "#link a"):
        expect(page.locator(told_at_the_start)).to_be_visible()
    unfold(page, "#details")
    wait_until_settled(page)
    yield page
    profile.close()


def test_what_is_asked_for_while_the_stream_ends_is_answered_and_so_is_what_comes_next(page, place):
    page.evaluate("window.isLate = true")
    with page.expect_download():
        page.locator("#download").click()
    page.wait_for_function("window.holds")
    with page.expect_response("**/queue/join*"):
        page.locator("#download").click()
    with page.expect_download() as download:
        page.evaluate("window.letGo()")
    assert download.value.suggested_filename == "scores.csv"
    upload(page, place / "crimson.png")
    expect(page.locator("#verdict")).to_contain_text(LABELS[0])
