"""What of gradio's insides the page bends or leans on: a row for each, tried on the gradio that is installed.

A small page with all overrides is launched once, asked as programs, agents and visitors do, and each row says what must
have happened. A row that fails says what changed in gradio, which file leans on it, and what stops working.
"""

import io
import re
from dataclasses import dataclass
from pathlib import Path

import gradio as gr
import httpx
import pytest
from bent_page import Scene, ask, ask_as_agent
from browsing import awaited
from color_network import COLORS, solid

import resnet_hub.demo
from resnet_hub.demo.overrides.mcp_server import ToolServer
from resnet_hub.demo.overrides.queue import PageQueue

DEMO = Path(resnet_hub.demo.__file__).parent


@dataclass(frozen=True)
class Row:
    """One thing of gradio's that is bent or leant on."""

    fact: str
    """How gradio is, as far as we need it."""
    file: str
    """Which file of the demo needs it."""
    loss: str
    """What stops when gradio is so no more."""

    def sentence(self, why: object) -> str:
        """What whoever upgrades gradio reads."""
        return (
            f"gradio {gr.__version__} has changed: it is no longer so that {self.fact}. resnet_hub/demo/{self.file} "
            f"leans on that; until it is mended, {self.loss}. ({why})"
        )


ROWS = {
    "queue": Row(
        "events are pushed to the object in Blocks._queue",
        "overrides/queue.py",
        "a full page answers visitors without a sentence, and computes on for those who left",
    ),
    "queue parts": Row(
        "a Queue counts its events in event_queue_per_concurrency_id, active_jobs, pending_event_ids_session and "
        "pending_messages_per_session, and keeps its tasks in _asyncio_tasks",
        "overrides/queue.py",
        "the queue refuses too early or too late, and keeps something of every visitor for ever",
    ),
    "task names": Row(
        "the task of an event is named 'session_function<gradio-sep>event'",
        "overrides/queue.py",
        "what was begun for visitors who left is computed to its end",
    ),
    "sessions": Row(
        "sessions are taken from App.state_holder, whose SessionState fills config_values from the page's blocks",
        "overrides/sessions.py",
        "the page keeps the answers of each visitor, and describes all fields anew for each request",
    ),
    "process_api": Row(
        "events run through the attribute process_api of the page, with the request by name",
        "overrides/requests.py",
        "visitors who do not read English get refusals in English",
    ),
    "preprocess_data": Row(
        "values are taken by the attribute preprocess_data of the page, given the event and the list of values first",
        "overrides/requests.py",
        "programs that send too few values, or values of a wrong kind, get no sentence",
    ),
    "InvalidPathError": Row(
        "a path that was never uploaded raises InvalidPathError",
        "overrides/requests.py",
        "whoever names a file that was cleared away is not told to choose it again",
    ),
    "FnIndexInferError": Row(
        "an endpoint that is not there raises FnIndexInferError through FastAPI's handlers",
        "overrides/requests.py",
        "programs that ask for an unknown endpoint are not told which there are",
    ),
    "names of values": Row(
        "/call/v2 raises KeyError or TypeError for names that an endpoint does not have",
        "overrides/requests.py",
        "programs that name a value wrongly are not told how the values are called",
    ),
    "API schemas": Row(
        "the API's documentation asks each component for api_info and its example",
        "overrides/api_schemas.py",
        "programs and agents read that a list of names or of files is any JSON",
    ),
    "addresses": Row(
        "an address in place of a file goes through the field's async_move_resource_to_block_cache",
        "overrides/file_cache.py",
        "the server fetches whatever address a stranger sends, of any size",
    ),
    "temp_files": Row(
        "files in a field's temp_files, and in the page's upload_file_set, are those that delete_cache clears away",
        "overrides/file_cache.py",
        "images that were fetched or pasted fill the disk",
    ),
    "upload folder": Row(
        "uploads lie in the folder that gradio.utils.get_upload_folder names, sent to a route that ends in /upload",
        "intake/uploads.py",
        "no uploaded image is accepted, or files outside of the uploads are",
    ),
    "English words": Row(
        "the words of text/words/gradio.toml are literals in the code that the browser gets",
        "overrides/browser/gradio_words.py",
        "visitors who read Chinese read or hear those words in English",
    ),
    "status trackers": Row(
        'what is awaited has a tracker with data-testid="status-tracker" in it, without the class "hide" meanwhile',
        "overrides/browser/accessibility.py",
        "spinners and seconds lie over the words again, and screen readers are not told that something is awaited",
    ),
    "lists of choices": Row(
        'the list of a choice is a role="listbox" beside an input with role="combobox", which Escape closes',
        "overrides/browser/accessibility.py",
        "whoever uses the keyboard alone loses the focus behind a choice, and its list stays open over the page",
    ),
    "quiet launch": Row(
        "what a launch prints goes to sys.stdout while it lasts",
        "overrides/quiet_launch.py",
        "the page prints more than its own address",
    ),
    "first paint": Row(
        "the page is one piece of HTML with a </head>, its theme at theme.css?v=theme_hash and its fonts below static/",
        "overrides/browser/first_paint.py",
        "the page moves under its visitors' eyes as it opens",
    ),
    "link preview": Row(
        "the og: lines of the page's HTML are made of title, simple_description and thumbnail in Blocks.config",
        "overrides/browser/link_preview.py",
        "messengers show nothing, or gradio's own words, for a link to the page",
    ),
    "tool server": Row(
        "Blocks.mcp_server_obj takes another class, which is asked for schemas, files and answers by the methods that "
        "ToolServer overrides",
        "overrides/mcp_server.py",
        "agents get Python's repr in place of JSON, and what they send is stored for ever",
    ),
    "tool client": Row(
        "the tool server keeps its own client in _client_instance, and the size of requests in manager.asgi_app",
        "overrides/mcp_server.py",
        "closing the page leaves a client open, or agents may send files of any size",
    ),
    "answer streams": Row(
        "a visitor's stream ends with close_stream after the last answer, each message names its kind and event first",
        "overrides/browser/answer_stream.py",
        "a click in the moment in which an answer comes is answered only with the next one",
    ),
    "answer parts": Row(
        "of two parts of an answer the second is sent as what differs from the first, a list of kind, path and value",
        "overrides/answer_parts.py",
        "what a part filled is not seen where the next one comes at once",
    ),
    "last events": Row(
        "what follows upon a listener of the browser is told of an event by itself, the last one where it was busy",
        "overrides/browser/last_event.py",
        "images that come one after another ask the server again and again until the page stands still",
    ),
    "waiting runs": Row(
        "an event in the queue has its function's number, is taken out by its own, and ends with a completed message",
        "overrides/stopping.py",
        "the buttons that stop a run leave it in the queue",
    ),
}


@pytest.fixture(scope="module")
def seen(tmp_path_factory):
    """What happened to each row."""
    content = io.BytesIO()
    solid(COLORS[0]).save(content, "PNG")
    scene = Scene()
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path_factory.mktemp("uploads")))
        monkeypatch.setattr(PageQueue, "push", scene.noted("queue", PageQueue.push))
        methods = ("convert_strings_to_filedata", "postprocess_output_data", "simplify_filedata_schema")
        for name in methods:
            monkeypatch.setattr(ToolServer, name, scene.noted(name, getattr(ToolServer, name)))

        async def serve():
            page = scene.build(content.getvalue())
            return page, scene.launch(page)

        page, address = awaited(serve())
        with httpx.Client(base_url=address, timeout=300) as web:
            ask(scene, page, web, content.getvalue())
            ask_as_agent(scene, page, web, content.getvalue(), methods)
        page.close()
    return scene.seen


@pytest.mark.parametrize("name", ROWS)
def test_gradio_is_as_the_page_needs_it(name, seen):
    happened = seen.get(name, "it could not be tried")
    assert happened is True, ROWS[name].sentence(happened)


def test_every_module_that_bends_gradio_has_a_row():
    found = [file for file in (DEMO / "overrides").rglob("*.py") if file.name != "__init__.py"]
    modules = {file.relative_to(DEMO).as_posix() for file in found}
    files = {row.file for row in ROWS.values()}
    assert modules <= files
    assert all((DEMO / file).is_file() for file in files)


BENT = (
    r"\._queue\b|\.state_holder\b|\.(process_api|preprocess_data)\b|\.(async_)?move_resource_to_block_cache\b|"
    r"\.GRADIO_CACHE\b|\.temp_files\b|\.upload_file_set\b|\.mcp_server_obj\b|redirect_stdout|__class__ =|\bcancels=|"
    r"\.(api_info|example_payload|example_inputs) =|\.config\b \|="
)


@pytest.mark.parametrize(
    "file",
    [file for file in sorted(DEMO.rglob("*.py")) if DEMO / "overrides" not in file.parents],
    ids=lambda file: file.name,
)
def test_gradio_is_bent_in_one_room_only(file):
    assert re.findall(BENT, file.read_text("utf-8")) == []
