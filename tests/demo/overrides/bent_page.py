"""A small page with all that bends gradio, asked as programs, agents and visitors do; what was seen of it, by name."""

import asyncio
import base64
import contextlib
import io
import json
import os
import re
import tempfile
import threading
from functools import cache, partial
from pathlib import Path

import gradio as gr
import httpx
from browsing import awaited, free_port
from starlette.middleware import Middleware

from resnet_hub.demo import fields, overrides
from resnet_hub.demo.appearance import FIRST_PAINT
from resnet_hub.demo.overrides.sessions import Session
from resnet_hub.demo.settings import PageSettings
from resnet_hub.demo.text import all_words

ADDRESS = "https://example.com/a.png"
FILE = {"_type": "gradio.FileData"}


@contextlib.contextmanager
def printed():
    """Gives what was printed meanwhile: by Python, and past it to the file of standard output."""
    written = io.StringIO()
    before = os.dup(1)
    with tempfile.TemporaryFile() as file, contextlib.redirect_stdout(written):
        os.dup2(file.fileno(), 1)
        try:
            yield lambda: written.getvalue() + os.pread(file.fileno(), 1000, 0).decode()
        finally:
            os.dup2(before, 1)
            os.close(before)


class Scene:
    """The small page, and what was seen of it."""

    def __init__(self) -> None:
        self.seen: dict[str, object] = {}
        self.reached: set[str] = set()
        self.started, self.ended = threading.Event(), threading.Event()

    def record(self, name: str, happened) -> None:
        """Keeps whether something holds, or how asking for it failed."""
        try:
            self.seen[name] = bool(happened()) or "it did not happen"
        except Exception as error:
            self.seen[name] = repr(error)

    def noted(self, name, function, holds=lambda *_given, **_named: True):
        """The function, which notes that gradio called it as we expect."""

        def called(*given, **named):
            if holds(*given, **named):
                self.reached.add(name)
            return function(*given, **named)

        return called

    def build(self, content: bytes) -> gr.Blocks:
        """The page with everything that bends gradio."""

        async def fetch(_address):
            self.reached.add("addresses")
            return content

        async def look(image: dict | None) -> dict[str, str]:
            return {"path": image["path"]}

        async def endless():
            try:
                yield "begun"
                self.started.set()
                await asyncio.Event().wait()
            finally:
                self.ended.set()

        with gr.Blocks() as page:
            self.photo = fields.photo_field(fetch, label="image", visible=False)
            fields.endpoint(look, "look", [self.photo])
            text = gr.Textbox()
            stops = overrides.Stops(page)
            stops.begin_on(gr.Button(), endless, None, text)

            async def stop(request: gr.Request) -> None:
                await stops.stop(request.session_hash)

            gr.Button().click(stop, queue=False, api_visibility="private")
            overrides.on_last([text.change], look, self.photo, None, api_visibility="private")
        overrides.refuse_what_no_field_holds(page)
        page.process_api = self.noted("process_api", page.process_api, lambda *_given, **named: "request" in named)
        page.preprocess_data = self.noted(
            "preprocess_data",
            page.preprocess_data,
            lambda event, values, *_rest, **_named: list(event.inputs) and values,
        )
        overrides.send_whole_parts(page)
        overrides.use_page_queue(page, 8)
        return page

    def launch(self, page: gr.Blocks) -> str:
        """Serves it; returns its address."""
        port = free_port()
        with printed() as lines:
            overrides.launch_quietly(
                page,
                mcp_server=True,
                server_port=port,
                ssr_mode=False,
                app_kwargs={**overrides.refusals_of_requests(page), "middleware": [styled(page)]},
            )
            self.seen["quiet launch"] = lines() == "" or lines()
        overrides.describe_link(page, 'A "title"', "What it is", "https://example.com/a.jpg?b&c")
        overrides.set_up_tools(page, PageSettings())
        overrides.remember_little(page)
        return f"http://127.0.0.1:{port}/gradio_api"


def styled(page: gr.Blocks) -> Middleware:
    """What puts the style sheet into the page's head."""
    return Middleware(overrides.FirstPaint, page=page, style=FIRST_PAINT)


def head_is_styled(web, root: str, html: str) -> bool:
    """Whether the style sheet is in the page's head, and what it links is there, under the names that gradio uses."""
    head = html.partition("</head>")[0]
    links = re.findall(r'href="\./(theme\.css\?v=\w{64}|static/fonts/[^"]+)"', head)
    there = [web.get(root + link).status_code for link in links]
    asked = any("theme.css?v=" in code for code in browser_code())
    return FIRST_PAINT.read_text("utf-8") in head and there == [200, 200] and asked


def call(web, *values):
    """What /look answers, as text."""
    sent = web.post("/call/look", json={"data": values}).json()
    return web.get(f"/call/look/{sent['event_id']}").text


def ask(scene: Scene, page: gr.Blocks, web: httpx.Client, content: bytes) -> None:
    """Asks as programs and visitors do."""
    (uploaded,) = web.post("/upload", files={"files": ("a.png", content)}).json()
    folder = Path(gr.utils.get_upload_folder()).resolve()
    scene.record("upload folder", lambda: Path(uploaded).resolve().is_relative_to(folder))
    answer = call(web, {"path": uploaded, "meta": FILE})
    for name in ("queue", "process_api"):
        scene.record(name, lambda name=name: name in scene.reached and uploaded in answer)
    scene.record(
        "preprocess_data", lambda: "preprocess_data" in scene.reached and "there came 2" in call(web, None, None)
    )
    found = re.search(r'"path": ("[^"]*")', call(web, {"path": ADDRESS, "meta": FILE}))
    brought = json.loads(found[1]) if found else ""
    scene.record("addresses", lambda: "addresses" in scene.reached and Path(brought).read_bytes() == content)
    cleared = [id(files) for files in page.temp_file_sets]
    scene.record(
        "temp_files",
        lambda: (
            brought in scene.photo.temp_files and {id(scene.photo.temp_files), id(page.upload_file_set)} <= {*cleared}
        ),
    )
    scene.record("InvalidPathError", lambda: "choose it again" in call(web, {"path": "/etc/passwd", "meta": FILE}))
    scene.record("FnIndexInferError", lambda: "There is no such" in web.post("/call/none", json={"data": []}).text)
    scene.record("names of values", lambda: "by name: image" in web.post("/call/v2/look", json={"photo": 1}).text)
    documented = page.get_api_info()["named_endpoints"]["/look"]
    example = documented["parameters"][0]["example_input"]
    answered = documented["returns"][0]["type"]
    scene.record("API schemas", lambda: example["path"] == "photo.jpg" and answered["additionalProperties"])
    root = str(web.base_url).removesuffix("gradio_api/")
    html = web.get(root).text
    scene.record("first paint", lambda: head_is_styled(web, root, html))
    shown = ("A &#34;title&#34;", "What it is", "https://example.com/a.jpg?b&amp;c")
    scene.record("link preview", lambda: all(f'content="{one}"' in html for one in shown))
    scene.record("queue parts", lambda: queue_parts(page._queue))
    scene.record("task names", lambda: awaited(task_name()).rpartition("<gradio-sep>")[2] == "event")
    scene.record("answer streams", lambda: ends_with_the_last_answer(page, web))
    scene.record("waiting runs", lambda: is_ended_in_the_queue(scene, page, web))
    scene.record("answer parts", lambda: is_sent_whole(page))
    scene.record("last events", lambda: follows_alone(page))
    missing = words_that_gradio_lacks()
    scene.seen["English words"] = not missing or f"it has no {missing}"
    for name, mark in (("status trackers", 'data-testid="status-tracker"'), ("lists of choices", 'role="listbox"')):
        scene.record(name, lambda mark=mark: any(mark in code for code in browser_code()))
    sessions = page.app.state_holder.session_data.values()
    scene.record(
        "sessions",
        lambda: sessions and all(isinstance(one, Session) and one.config_values == {} for one in sessions),
    )


def is_sent_whole(page):
    """Whether a part that leaves alone what the one before filled replaces it, and a text is sent as it grew."""
    function = next(function for function in page.fns.values() if len(function.outputs) == 1)
    filled, left_alone = {"value": 3, "__type__": "update"}, {"__type__": "update"}

    def part(value, run, final=False):
        return page.handle_streaming_diffs(function, [value], session_hash="visitor", run=run, final=final)

    sent = [part(value, "fields") for value in (filled, left_alone)]
    grown = [part(text, "text") for text in ("a", "ab")]
    last, _ = part(None, "fields", final=True), part(None, "text", final=True)
    return (sent, grown[1], last) == (
        [[filled], [[["replace", [], left_alone]]]],
        [[["append", [], "b"]]],
        [left_alone],
    )


def follows_alone(page):
    """Whether a listener that follows upon one of the browser has the last of events told to it alone."""
    first, last = page.config["dependencies"][-2:]
    as_one = "dispatch({type:`fn`,fn_index:"
    return (last["trigger_after"], last["trigger_mode"], first["backend_fn"]) == (
        first["id"],
        "always_last",
        False,
    ) and any(as_one in code for code in browser_code())


@cache
def browser_code():
    """The files of gradio's browser part."""
    return [file.read_text("utf-8") for file in (Path(gr.__file__).parent / "templates/frontend/assets").glob("*.js")]


def words_that_gradio_lacks():
    """What we replace in gradio's browser part and is not in it any more, by its first words: it fills in others."""
    code = browser_code()
    english = [texts["en"] for key, texts in all_words().items() if key.startswith("gradio.")]
    firsts = {" ".join(text.partition("{")[0].split()[:3]).rstrip(":s") for text in english}
    return sorted(first for first in firsts if not any(first in text for text in code))


def queue_parts(queue):
    counted = queue.event_queue_per_concurrency_id.values()
    parts = (queue._asyncio_tasks, queue.pending_event_ids_session, queue.pending_messages_per_session)
    names = ("queue", "current_concurrency", "concurrency_limit")
    return (
        len(queue.active_jobs) == queue.max_thread_count
        and all(part is not None for part in parts)
        and all(hasattr(one, name) for one in counted for name in names)
    )


async def task_name():
    task = asyncio.current_task()
    gr.utils.set_task_name(task, "session", 1, "event", batch=False)
    return task.get_name()


def ends_with_the_last_answer(page, web):
    """Whether the stream ends when all is answered, and a message tells in its first words what it is and of whom."""
    numbers = {function.fn.__name__: number for number, function in page.fns.items() if function.fn is not None}
    event = {"session_hash": "streamed", "fn_index": numbers["look"], "data": [None]}
    number = web.post("/queue/join", json=event).json()["event_id"]
    *_, last, end, _ = web.get("/queue/data", params={"session_hash": "streamed"}).text.split("\n\n")
    named = f'data: {{"msg":"process_completed","event_id":"{number}"'
    return last.startswith(named) and end.startswith('data: {"msg":"close_stream"')


def is_ended_in_the_queue(scene, page, web):
    """Whether a run that waits is taken out of the queue when it is stopped, and the browser told."""
    numbers = {function.fn.__name__: number for number, function in page.fns.items() if function.fn is not None}
    first, second = ({"session_hash": name, "fn_index": numbers["endless"], "data": []} for name in ("first", "second"))
    web.post("/queue/join", json=first)
    assert scene.started.wait(60)
    event = web.post("/queue/join", json=second).json()["event_id"]
    web.post("/run/predict", json={"session_hash": "second", "fn_index": numbers["stop"], "data": []})
    told = web.get("/queue/data", params={"session_hash": "second"}).text
    return event in told and "process_completed" in told and not scene.ended.is_set()


def ask_as_agent(scene: Scene, page: gr.Blocks, web: httpx.Client, content: bytes, methods) -> None:
    """Calls the endpoint as a tool."""
    image = f"data:image/png;base64,{base64.b64encode(content).decode()}"
    body = {"name": "look", "arguments": {"image": image}}
    accepted = {"Accept": "application/json, text/event-stream"}
    ask_tool = partial(web.post, "/mcp/", headers=accepted)
    answer = ask_tool(json={"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": body}).text
    scene.record("tool server", lambda: {*methods} <= scene.reached and r"{\"path\": " in answer)
    server = page.mcp_server_obj
    scene.record(
        "tool client", lambda: server._client_instance is not None and server.manager.asgi_app.max_body_size > 1_000_000
    )
