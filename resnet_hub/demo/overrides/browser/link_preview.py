"""What messengers and social networks show where somebody shares the page's address.

Bends `Blocks.config`, of which gradio's template takes the title, description and image of its `og:` lines, because a
`Blocks` has no way to say the last two, and what `launch(head=)` adds is only there once a browser has run the page.
"""

from __future__ import annotations

import gradio as gr


def describe_link(page: gr.Blocks, title: str, description: str, image: str) -> None:
    """Says what a link to a launched page shows; `image` is an address, empty for none."""
    page.config |= {"title": title, "simple_description": description, "thumbnail": image}
