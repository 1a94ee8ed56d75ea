"""What the page remembers of a visitor: where the page's events are, and none of the answers."""

import gradio as gr
import pytest
from browsing import awaited

from resnet_hub.demo.overrides.sessions import Sessions


@pytest.fixture
def page():
    async def build():
        with gr.Blocks() as built:
            gr.Textbox(elem_id="question")
        return built

    return awaited(build())


@pytest.fixture
def sessions(page):
    made = Sessions()
    made.set_blocks(page)
    return made


def test_a_new_visitor_finds_all_fields_of_the_page(sessions, page):
    assert sessions["ann"].blocks_config.blocks == page.blocks


def test_a_visitor_keeps_the_session(sessions):
    assert sessions["ann"] is sessions["ann"]
    assert sessions["ann"] is not sessions["bob"]


def test_no_answer_is_kept(sessions, page):
    (field,) = [number for number, block in page.blocks.items() if isinstance(block, gr.Textbox)]
    sessions["ann"]._update_value_in_config(field, "a secret")
    assert "a secret" not in str(vars(sessions["ann"]))


def test_the_one_who_was_away_longest_is_forgotten(sessions):
    sessions.capacity = 2
    for visitor in ("ann", "bob", "ann", "eve"):
        sessions[visitor]
    assert list(sessions.session_data) == ["ann", "eve"]
