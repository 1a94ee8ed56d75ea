"""The image that is shown where somebody shares the address of a Space: an example, its evidence, title and network."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont, ImageOps

from resnet_hub.classifier import ImageClassifier
from resnet_hub.demo.examples import find_examples
from resnet_hub.explain import heat_map, overlay
from resnet_hub.images import visible
from resnet_hub.preprocessing import open_image

PREVIEW_FILE = "preview.jpg"
WIDTH, HEIGHT = 1200, 630
"""Pixels: the shape that messengers and social networks show."""
MARGIN = 48
BACKGROUND, STRONG, QUIET = (248, 250, 252), (15, 23, 42), (15, 118, 110)


def preview_image(
    title: str, network: str, example: Path | None = None, classifier: ImageClassifier | None = None
) -> bytes:
    """A JPEG file of 1200 x 630 pixels.

    The only font that is everywhere is Pillow's own, which knows Latin letters: with any other in the title the image
    alone is shown; the Hub shows the title beside it.

    Args:
        title: The heading of the page.
        network: What answers there, in a few words.
        example: An image file that the page shows; the first that comes with the page where absent.
        classifier: The network, which makes the place glow where it sees the evidence for its answer; without it the
            image is shown as it is.
    """
    card = Image.new("RGB", (WIDTH, HEIGHT), BACKGROUND)
    names = () if classifier is None else classifier.label_names
    path = example or find_examples("", names).paths[0]
    image = visible(open_image(path)).convert("RGB") if classifier is None else _glowing(path, classifier)
    if not all(_is_drawn(letter) for letter in title + network):
        return _as_jpeg(ImageOps.fit(image, (WIDTH, HEIGHT)))
    card.paste(ImageOps.fit(image, (HEIGHT, HEIGHT)), (0, 0))
    pen, left = ImageDraw.Draw(card), HEIGHT + MARGIN
    top = _write(pen, title, (left, 90), STRONG, range(68, 26, -4), 330)
    _write(pen, network, (left, top + 30), QUIET, range(34, 18, -2), 120)
    return _as_jpeg(card)


def _glowing(path: Path, classifier: ImageClassifier) -> Image.Image:
    """What the network sees of an image, as sharp as the file has it, under the heat map of its best class."""
    preprocessing = classifier.preprocessing
    answer = classifier.classify(path, 1)
    found = heat_map(classifier, classifier.prepare(path), answer.predictions[0].index)
    image, (_, height, width) = answer.seen.convert("RGB"), preprocessing.input_size
    if preprocessing.crop_mode == "center" and height == width:
        whole = visible(open_image(path)).convert("RGB")
        side = round(preprocessing.crop_pct * min(whole.size))
        left, top = (whole.width - side) // 2, (whole.height - side) // 2
        image = whole.crop((left, top, left + side, top + side))
    return overlay(ImageOps.fit(image, (HEIGHT, HEIGHT)), found)


def _write(
    pen: ImageDraw.ImageDraw, words: str, place: tuple[int, float], color: tuple[int, ...], sizes: range, height: int
) -> float:
    """Writes words as large as they fit, and returns where they end."""
    left, top = place
    for size in sizes:
        font = ImageFont.load_default(size)
        lines = list(_lines(words, font, WIDTH - MARGIN - left))
        if len(lines) * 1.3 * size <= height:
            break
    lines = lines[: int(height / (1.3 * size))]
    for row, line in enumerate(lines):
        pen.text((left, top + 1.3 * size * row), line, color, font)
    return top + 1.3 * size * len(lines)


def _lines(words: str, font: ImageFont.FreeTypeFont | ImageFont.ImageFont, width: float) -> Iterator[str]:
    """The words in lines that are no wider; a longer word is broken anywhere."""
    line = ""
    for word in words.split():
        joined = f"{line} {word}".strip()
        if font.getlength(joined) <= width:
            line = joined
            continue
        if line:
            yield line
        while font.getlength(word) > width:
            count = max(1, sum(font.getlength(word[:end]) <= width for end in range(1, len(word) + 1)))
            yield word[:count]
            word = word[count:]
        line = word
    if line:
        yield line


def _is_drawn(letter: str) -> bool:
    """Whether Pillow's own font has the letter, and does not draw the sign of a missing one."""
    font = ImageFont.load_default(40)
    drawn, missing = (font.getmask(one) for one in (letter, chr(0x10FFFF)))
    return letter.isspace() or (drawn.size, bytes(drawn)) != (missing.size, bytes(missing))


def _as_jpeg(image: Image.Image) -> bytes:
    content = io.BytesIO()
    image.save(content, "JPEG", quality=85)
    return content.getvalue()
