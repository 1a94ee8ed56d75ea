"""What a tab is to the page and to its link: a row of the table `TABS`, and what building it gives."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import gradio as gr

from resnet_hub.demo.fields import Inputs
from resnet_hub.demo.serving import ExampleAnswers, Inference, OpenModel


@dataclass(frozen=True)
class TabContext:
    """What a tab is built with."""

    page: gr.Blocks
    """The page as a whole, for what happens when it loads."""
    tab: gr.Tab
    """The tab itself, which is the current container."""
    inputs: Inputs
    """The image and the network that all tabs share."""
    inference: Inference
    refused: gr.HTML
    """Above the tabs about one image: why none of them answers."""
    answers: ExampleAnswers
    """What is asked about one image; it keeps the answers to the examples."""
    rows: tuple[gr.Tabs, gr.Tabs]
    """The tabs of the page, and those about one image, which the first of them holds."""

    def opening(self, about_the_image: str) -> tuple[gr.Tabs, gr.Tabs]:
        """What opens a tab about the image, as an event's values for `rows`."""
        return gr.Tabs(selected=self.rows[0].children[0].id), gr.Tabs(selected=about_the_image)


@dataclass(frozen=True)
class Opened:
    """The page that a link opens."""

    model: OpenModel
    """The network of the link, else the page's own."""
    network: str
    """Its name where the link names one, else empty."""
    inference: Inference


@dataclass(frozen=True)
class LinkValue:
    """One value of the link: `name=text`."""

    name: str
    field: gr.components.Component
    """Whose value the link says, whenever it changes."""
    say: Callable[[Any], str | None]
    """The field's value -> the text; None leaves it out."""
    read: Callable[[str, Opened], str | None]
    """Untrusted text -> the validated text; None, or an error of ours, where it is invalid."""
    fill: Callable[[str, Opened], Sequence[Any]]
    """The text, as `read` returns it -> what the fields of `fills` hold."""
    fills: Sequence[gr.components.Component]
    """What is filled when a link is opened."""
    always: bool = False
    """Whether the link says it while another tab is open too."""


@dataclass(frozen=True)
class BuiltTab:
    """What the page has to know of a tab that was built."""

    link: Sequence[LinkValue] = ()
    """What it adds to the link."""
    files: gr.File | None = None
    """A field for many files, which takes pasted images while the tab is open."""
    told: Sequence[gr.HTML] = ()
    """Where its answers stand, and what is refused before a function of the tab runs; the first one for its files.

    Of tabs about one image, what is refused so stands in `TabContext.refused` until one of these changes.
    """


@dataclass(frozen=True)
class PageTab:
    """A row of `TABS`."""

    id: str
    """What the link calls it."""
    label: str
    """The key of its name, in `text/words/*.toml`."""
    build: Callable[[TabContext], BuiltTab]
    """Fills the current container."""
    endpoint: Callable[[Inference], None] | None = None
    """Adds its endpoint for programs; None where it has none."""
    shown: Callable[[Inference], bool] = lambda _inference: True
    """Whether a page has it."""
    about_the_image: bool = False
    """Whether it stands beside the inputs, with the tabs about one image."""


def whole_number(text: str) -> int | None:
    """The number that a text of a link is, from 0 to eight digits; None where it is none."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 9 else None
