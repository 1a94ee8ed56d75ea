"""What a page owes everybody: two visitors apart, the keyboard alone, contrast in light and dark, nothing kept."""

import pytest
from browsing import clear, unfold, upload, wait_until_settled
from color_network import COLORS, LABELS, solid
from playwright.sync_api import expect

pytestmark = pytest.mark.filterwarnings("ignore::pandas.errors.Pandas4Warning")

# Text that can be read, its color and all backgrounds behind it, the nearest first.
TEXTS = """() => [...document.querySelectorAll('h1, p, a, button, label, th, td, dt, dd, li, summary, span')]
.filter(element => element.offsetParent && !element.closest('[disabled], footer, [aria-hidden=true]'))
.filter(element => [...element.childNodes].some(node => node.nodeType === 3 && node.textContent.trim()))
.filter(element => getComputedStyle(element).opacity === '1' && element.getBoundingClientRect().width > 1)
.map(element => {
  const behind = [];
  for (let at = element; at; at = at.parentElement) {
    behind.push(getComputedStyle(at).backgroundColor);
    if (getComputedStyle(at).backgroundImage !== 'none') return null;
  }
  const style = getComputedStyle(element);
  return [element.textContent.trim().slice(0, 40), style.color, behind, parseFloat(style.fontSize)];
}).filter(found => found)"""


@pytest.fixture
def images(tmp_path):
    files = [tmp_path / f"{index}.png" for index in range(len(COLORS))]
    for file, color in zip(files, COLORS, strict=True):
        solid(color).save(file)
    return files


def test_two_visitors_at_once_each_get_their_own_answer(open_page, address, images):
    first, second = open_page(address), open_page(address)
    for _ in range(3):
        upload(first, images[0])
        upload(second, images[1])
        expect(first.locator("#verdict")).to_contain_text(LABELS[0])
        expect(second.locator("#verdict")).to_contain_text(LABELS[1])
        for page in (first, second):
            page.get_by_label("Remove Image").click()
            expect(page.locator("#labels li")).to_have_count(0)


def test_the_keyboard_alone_chooses_a_image_reads_the_answer_and_goes_on(open_page, address, images):
    page = open_page(address)
    wait_until_settled(page)
    clear(page)
    with page.expect_file_chooser() as chooser:
        page.get_by_label("Drop an image file here to upload").press("Enter")
    chooser.value.set_files(images[0])
    expect(page.locator("#verdict")).to_contain_text(LABELS[0])
    for drawer in ("#others", "#details"):
        unfold(page, drawer)
    reached = set()
    for _ in range(60):
        page.keyboard.press("Tab")
        reached.add(
            page.evaluate(
                "(document.activeElement.getAttribute('aria-label') || document.activeElement.innerText || "
                "document.activeElement.id || document.activeElement.closest('[id]')?.id || '').trim()"
            )
        )
    for name in ("Choose a picture", "Use this network", "Why", "Compare", "Download the scores of all classes (CSV)"):
        assert name in reached, reached
    page.get_by_role("tab", name="Why", exact=True).press("Enter")
    expect(page.locator("#why-map img").first).to_be_visible()


def parsed(color):
    """Red, green, blue and alpha of "rgb(...)" or "rgba(...)"."""
    numbers = [float(part) for part in color[color.index("(") + 1 : -1].replace("/", ",").split(",")]
    return numbers if len(numbers) == 4 else [*numbers, 1.0]


def laid_over(front, back):
    alpha = front[3]
    return [alpha * over + (1 - alpha) * under for over, under in zip(front[:3], back, strict=True)]


def luminance(color):
    linear = [part / 3294.6 if part <= 10.31 else ((part / 255 + 0.055) / 1.055) ** 2.4 for part in color]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(color, behind):
    """The ratio of WCAG 2.2, section 1.4.3."""
    back = [255.0] * 3
    for layer in reversed(behind):
        back = laid_over(parsed(layer), back)
    one, other = sorted((luminance(laid_over(parsed(color), back)), luminance(back)))
    return (other + 0.05) / (one + 0.05)


def faint(page):
    """The texts in view that do not stand out, with their contrast; large text, from 24 px on, needs less."""
    found = page.evaluate(TEXTS)
    assert len(found) > 15
    return {
        text: round(ratio, 2)
        for text, color, behind, size in found
        if (ratio := contrast(color, behind)) < (3 if size >= 24 else 4.5)
    }


def hovered(page):
    """What is faint of each button of the page while the pointer is on it."""
    found = {}
    # Gradio measures its tabs on copies, which no pointer reaches.
    for button in page.locator("button:visible:not([disabled], [tabindex='-1'])").all():
        if button.inner_text().strip() and not button.evaluate("it => Boolean(it.closest('footer'))"):
            button.hover()
            found |= faint(page)
    return found


@pytest.fixture(scope="module", params=["light", "dark"])
def in_colors(request, new_visitor, address, place):
    """A visitor with an answer, whose colors change at once instead of fading."""
    page = new_visitor(address, color_scheme=request.param)
    page.add_style_tag(content="*, ::before, ::after { transition: none !important; animation: none !important; }")
    upload(page, place / "crimson.png")
    expect(page.locator("#verdict")).to_contain_text(LABELS[0])
    for drawer in ("#others", "#details"):
        unfold(page, drawer)
    return page


def test_the_answer_stands_out_from_what_is_behind_it(in_colors):
    in_colors.get_by_text("About this network").click()
    in_colors.get_by_text("How does a residual network work?").click()
    expect(in_colors.locator(".facts")).to_be_visible()
    assert faint(in_colors) == {}
    assert hovered(in_colors) == {}


def test_the_explanation_stands_out(in_colors):
    in_colors.get_by_role("tab", name="Why", exact=True).click()
    expect(in_colors.locator("#why-map img").first).to_be_visible()
    for name in ("What the stages see", "What each block adds"):
        in_colors.get_by_text(name).click()
    for method in ("Occlusion", "Grad-CAM", "HiResCAM"):
        in_colors.get_by_label(method).click()
        assert faint(in_colors) == {}
        in_colors.get_by_text(method, exact=True).hover()
        assert faint(in_colors) == {}


def test_the_comparison_stands_out(in_colors):
    in_colors.get_by_role("tab", name="Compare").click()
    in_colors.get_by_label("Show where each one found").check()
    in_colors.locator("#compare").click()
    expect(in_colors.locator("#comparison p").first).to_be_visible()
    assert faint(in_colors) == {}
    assert hovered(in_colors) == {}


def test_many_answers_stand_out(in_colors, images):
    in_colors.get_by_role("tab", name="Many pictures").click()
    images[2].write_text("no picture")
    in_colors.locator("#files input[type=file]").set_input_files(images)
    expect(in_colors.locator("#files")).to_contain_text("B")
    in_colors.locator("#batch-start").click()
    expect(in_colors.locator("#batch-progress")).to_contain_text("Done: 2 classified, 1 failed")
    assert faint(in_colors) == {}
    assert hovered(in_colors) == {}


def test_what_is_said_of_depth_stands_out(in_colors):
    in_colors.get_by_role("tab", name="Why depth works").click()
    expect(in_colors.locator("#gradients svg")).to_be_visible()
    assert faint(in_colors) == {}
    for depth in ("20", "56"):
        in_colors.locator("#depth").get_by_text(depth, exact=True).hover()
        assert faint(in_colors) == {}
    assert hovered(in_colors) == {}


def test_the_browser_keeps_nothing(open_page, address, images):
    page = open_page(address)
    upload(page, images[0])
    expect(page.locator("#verdict")).to_contain_text(LABELS[0])
    assert page.context.cookies() == []
    assert page.evaluate("[localStorage.length, sessionStorage.length]") == [0, 0]
    assert page.evaluate("async () => (await indexedDB.databases()).length") == 0
