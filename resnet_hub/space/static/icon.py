"""The icon under which a phone keeps the page: three blocks and the shortcut around them."""

from __future__ import annotations

import io

from PIL import Image, ImageDraw

SIDE = 512
TEAL, LIGHT, WHITE = (15, 118, 110), (94, 234, 212), (255, 255, 255)


def icon() -> bytes:
    """A PNG file of 512 x 512 pixels, with the margin that systems cut round."""
    image = Image.new("RGB", (SIDE, SIDE), TEAL)
    pen = ImageDraw.Draw(image)
    for top in (126, 226, 326):
        pen.rounded_rectangle((150, top, 300, top + 64), 14, WHITE)
    pen.arc((200, 158, 400, 358), -90, 90, LIGHT, 22)
    content = io.BytesIO()
    image.save(content, "PNG", optimize=True)
    return content.getvalue()
