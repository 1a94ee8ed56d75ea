"""The page as a whole: heading, tabs, what is known about the network, and how it is served."""

from __future__ import annotations

import html
import logging
from collections.abc import Mapping, Sequence
from typing import Any

import gradio as gr
from starlette.middleware import Middleware
from starlette.routing import BaseRoute

from resnet_hub.classifier import ImageClassifier
from resnet_hub.demo.appearance import FIRST_PAINT, appearance
from resnet_hub.demo.examples import FREE_CREDIT, ExampleImages, all_examples, find_examples
from resnet_hub.demo.fields import Inputs, input_panel, listen_for_images, most_mb, move_toasts, refuse_oversized
from resnet_hub.demo.intake import RoomForUploads
from resnet_hub.demo.link import TabRows, link_line
from resnet_hub.demo.overrides import (
    MOST_SESSIONS,
    FirstPaint,
    describe_link,
    launch_quietly,
    lose_no_answer,
    mend_what_gradio_leaves_out,
    refusals_of_requests,
    refuse_what_no_field_holds,
    remember_little,
    send_whole_parts,
    set_up_tools,
    translate_gradio,
    use_page_queue,
    why_no_tools,
)
from resnet_hub.demo.serving import ExampleAnswers, Inference, ModelPool, OpenModel
from resnet_hub.demo.settings import PageSettings
from resnet_hub.demo.tabs import ESCAPED, TABS, BuiltTab, PageTab, TabContext, run_heading
from resnet_hub.demo.text import (
    describe_input,
    describe_labels,
    label,
    language_of,
    names_in,
    own_label,
    rounded,
    say,
    translations,
)
from resnet_hub.errors import LANGUAGES

log = logging.getLogger(__name__)

# In the browser: the window bears the heading's name, which may be a translation.
NAME_THE_WINDOW = "() => { document.title = document.querySelector('#heading h1')?.textContent || document.title }"
# In the browser: a refusal is over when there is something new, but not when fields become empty because of it. What
# comes within a second of the same image belongs to one change of it, of which gradio tells more than once.
ANSWERED = """(shown, photo, refused) => {
const isSame = window.seenPhoto === photo?.path;
window.seenPhoto = photo?.path;
return shown && photo && !(isSame && Date.now() - (window.toldAt ?? 0) < 1000) ? '' : refused }"""
KEEP_SECONDS = 3600
"""How long an uploaded image stays on the server."""


def build_page(pool: ModelPool, settings: PageSettings) -> gr.Blocks:
    """The page over a model pool with the page's own network in it, which answers the first example; not launched."""
    inference = Inference(settings, pool)
    with gr.Blocks(
        title=settings.title,
        analytics_enabled=False,
        delete_cache=(KEEP_SECONDS // 6, KEEP_SECONDS),
    ) as page:
        lose_no_answer(page)
        title, lead = _title_and_lead(page, inference)
        gr.HTML(
            title,
            html_template=f"<h1>{ESCAPED}</h1>",
            elem_id="heading",
            elem_classes="plain",
        )
        gr.HTML(lead, elem_id="lead", elem_classes="plain")
        notice = gr.HTML(elem_classes="plain", elem_id="notice", visible=pool.missing is not None)
        left_out = gr.HTML(elem_classes="plain", elem_id="link-told")
        examples = find_examples(pool.place_of(pool.default), pool.own.classifier.label_names)
        inputs, refused, rows = _tabs(page, inference, examples)
        link_line(page, inputs, rows, left_out, inference)
        for built in rows.built.values():
            if built.files is not None:
                listen_for_images(page, built.files)
                refuse_oversized(page, settings, refused, built.told[0])
        _one_channel(page, inputs, refused, rows.built)
        with gr.Accordion(label("page.about"), open=False):
            about = gr.HTML(elem_classes="plain", elem_id="about")
        with gr.Accordion(label("page.how"), open=False):
            gr.Markdown(label("page.how_text"))
        if examples.paths:
            credits = dict.fromkeys([examples.credit, FREE_CREDIT])  # other networks may have other examples
            words = {one: (" " if one == "en" else "").join(say(key, one) for key in credits) for one in LANGUAGES}
            gr.HTML(own_label(page, words), elem_classes="plain quiet", elem_id="credit")
        limits = gr.HTML(elem_classes="plain", elem_id="limits")
        translate_gradio(page)
        mend_what_gradio_leaves_out(page)
        _fill_at_the_start(page, inference, [about, limits, notice])
        if pool.missing is not None:
            _own_at_the_start(page, pool, inputs)
        inputs.network.change(_about(inference), inputs.network, [about, notice], api_visibility="private")
        for tab in TABS:
            if tab.endpoint is not None:
                tab.endpoint(inference)
    refuse_what_no_field_holds(page)
    send_whole_parts(page)
    use_page_queue(page, settings.max_queue)
    return page


def _title_and_lead(page: gr.Blocks, inference: Inference) -> tuple[Any, Any]:
    """The heading, the owner's where there is one, and the line below; of a run, both speak of its classes."""
    title, lead = run_heading(page, inference) or (None, label("page.lead"))
    own = inference.settings.title
    return own if own != PageSettings.title else title or label("page.title"), lead


def _tabs(page: gr.Blocks, inference: Inference, examples: ExampleImages) -> tuple[Inputs, gr.HTML, TabRows]:
    """Fills the current container with all tabs: those about one image stand together, beside what is asked."""
    built: dict[PageTab, BuiltTab] = {}
    answers = ExampleAnswers(inference, all_examples(examples, inference.pool.folders.values()))
    shown = [tab for tab in TABS if tab.shown(inference)]

    def build(tab: PageTab) -> None:
        with gr.Tab(label(tab.label), id=tab.id, elem_id=f"tab-{tab.id}") as container:
            built[tab] = tab.build(TabContext(page, container, inputs, inference, refused, answers, (outer, inner)))

    # On a narrow phone names of tabs go on in a second row; in the menu that is the default half of them are not seen.
    with gr.Tabs(overflow_behavior="wrap") as outer:
        one = gr.Tab(label("page.one"), id="one", elem_id="tab-one")
        with one, gr.Row(equal_height=False, elem_classes="classify"):
            inputs = input_panel(page, inference, examples)
            with gr.Column(elem_classes="answer"):
                refused = gr.HTML(elem_id="refused", elem_classes="plain")
                with gr.Tabs(overflow_behavior="wrap") as inner:
                    for tab in shown:
                        if tab.about_the_image:
                            build(tab)
        for tab in shown:
            if not tab.about_the_image:
                build(tab)
    return inputs, refused, TabRows(outer, inner, built)


def _one_channel(page: gr.Blocks, inputs: Inputs, refused: gr.HTML, built: Mapping[PageTab, BuiltTab]) -> None:
    """Shows what is refused by a toast in its tab, or above the tabs about one image until one of them answers."""
    places = {"tab-one": [refused]}
    quiet: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
    for tab, shown in built.items():
        if not tab.about_the_image:
            places[f"tab-{tab.id}"] = list(shown.told)
            continue
        for field in shown.told:
            field.change(None, [field, inputs.photo, refused], refused, js=ANSWERED, **quiet)
    move_toasts(page, places)
    inputs.arrival.click(None, [inputs.photo, inputs.photo, refused], refused, js=ANSWERED, **quiet)
    inputs.network.change(None, [inputs.network, inputs.photo, refused], refused, js=ANSWERED, **quiet)


def _fill_at_the_start(page: gr.Blocks, inference: Inference, texts: Sequence[gr.HTML]) -> None:
    """Fills, in the visitor's language, what no browser can translate by itself: about, limits and notice."""
    settings, pool = inference.settings, inference.pool

    async def fill(request: gr.Request) -> tuple[Any, ...]:
        pool.look_again()
        language = language_of(request)
        words = say("page.privacy", language, file_mb=settings.max_file_mb, minutes=KEEP_SECONDS // 60)
        about = describe_model(pool.own, language, pool.missing)
        limits, notice = f"<p class='quiet'>{html.escape(words)}</p>", _notice(pool, language)
        return about, limits, notice

    page.load(fill, None, texts, queue=False, api_visibility="private")
    page.load(None, js=NAME_THE_WINDOW, api_visibility="private")


def _notice(pool: ModelPool, language: str) -> str:
    """HTML: that another network stands in for the page's own, and what it knows; empty where none does."""
    if pool.missing is None:
        return ""
    classes = describe_labels(names_in(pool.own.classifier.label_names, language), language)
    words = say("page.stand_in", language, wanted=pool.missing, name=pool.own.name, classes=classes)
    return f"<p class='notice' role='alert'>{html.escape(words)}</p>"


def _own_at_the_start(page: gr.Blocks, pool: ModelPool, inputs: Inputs) -> None:
    """Names the page's own network of the moment: the built page has the one that stood in when it was built."""

    async def name(request: gr.Request) -> Any:
        if request.query_params.get("model"):
            return gr.skip(), gr.skip()
        return pool.own.name, pool.own.name

    page.load(name, None, [inputs.network, inputs.choice], queue=False, api_visibility="private")


def _about(inference: Inference) -> Any:
    pool = inference.pool

    async def describe(network: str, request: gr.Request) -> tuple[Any, str]:
        language = language_of(request)
        try:
            model = await inference.open(network)
        except Exception:  # it was closed meanwhile and does not open again, as its answer says
            return gr.skip(), _notice(pool, language)
        missing = pool.missing if model is pool.own else None
        return describe_model(model, language, missing), _notice(pool, language)

    return describe


def describe_model(model: OpenModel, language: str, missing: str | None = None) -> str:
    """HTML: a list of what the network is, where it came from, and for which missing one it stands in."""
    classifier = model.classifier
    parameters = sum(parameter.numel() for parameter in classifier.model.parameters())
    facts = {
        "network": classifier.model.config.architecture,
        "parameters": rounded(parameters, language),
        "classes": _classes(classifier.label_names, language),
        "source": say("page.in_place_of", language, name=model.name, wanted=missing) if missing else model.name,
        "license": model.facts.license or say("page.no_license", language),
        "input": describe_input(classifier.preprocessing, language),
        "computes": _computes(classifier, language),
    }
    rows = "".join(
        f"<dt>{say(f'page.{name}', language)}</dt><dd>{html.escape(value)}</dd>" for name, value in facts.items()
    )
    return f"<dl class='facts'>{rows}</dl>"


def _computes(classifier: ImageClassifier, language: str) -> str:
    """What the network computes in, and where another runtime answers, how alike it does."""
    if classifier.taken is None:
        return classifier.precision
    proven = classifier.taken.code == "export.answers_by"
    return say("page.computes_elsewhere" if proven else "page.computes_here", language, **classifier.taken.fields)


def _classes(names: tuple[str, ...], language: str) -> str:
    shown = names_in(names, language)
    return describe_labels(shown, language) + ("" if shown is names else say("page.translated", language))


def launch_page(page: gr.Blocks, settings: PageSettings, routes: Sequence[BaseRoute] = ()) -> None:
    """Serves the page, and other `routes`, in the background; `page.block_thread()` waits, `page.close()` ends it."""
    reason = why_no_tools(settings)
    if reason is not None:
        log.info("agents cannot use this page as tools: %s", reason)
    launch_quietly(
        page,
        mcp_server=reason is None,
        server_name=settings.host,
        server_port=settings.port,
        share=False,
        ssr_mode=False,
        # Errors that we did not phrase stay in the log: only sentences raised as gr.Error reach a visitor.
        show_error=False,
        run_history=False,
        enable_monitoring=False,
        # What an upload may be at most; `Inference.uploaded` and `archive_limits` tell images and zips apart.
        max_file_size=f"{most_mb(settings)}mb",
        app_kwargs={
            **refusals_of_requests(page),
            "routes": list(routes),
            "middleware": [Middleware(RoomForUploads), Middleware(FirstPaint, page=page, style=FIRST_PAINT)],
        },
        footer_links=["api", "gradio", "settings"],
        i18n=translations(getattr(page, "own_words", None)),
        state_session_capacity=MOST_SESSIONS,
        **appearance(),
    )
    describe_link(page, settings.title, say("page.link_preview", "en"), settings.preview)
    if reason is None:
        set_up_tools(page, settings)
    remember_little(page)
