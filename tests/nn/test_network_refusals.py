"""Networks that cannot be served, asked for on every entrance, and those of few, many and hostile classes."""

import pytest
from browsing import served_page, unfold, upload, upload_many
from color_network import COLORS, LABELS, MARKUP, TEMPLATE, save_color_network, solid
from huggingface_hub import HfApi
from playwright.sync_api import expect
from refused_networks import MOST_MB, NAME, REFUSED

from resnet_hub import create_model

pytestmark = pytest.mark.filterwarnings("ignore::pandas.errors.Pandas4Warning")
CLASSES = {"two": 2, "many": 20_000}


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A network of colors, one of two classes, one of 20,000, and an image of each color."""
    folder = tmp_path_factory.mktemp("networks")
    save_color_network(folder / "colors")
    for name, classes in CLASSES.items():
        create_model("cifar_resnet20", num_classes=classes).save_pretrained(folder / name)
    for index, color in enumerate(COLORS):
        solid(color).save(folder / f"{index}.png")
    return folder


@pytest.fixture(scope="module")
def address(place):
    models = ", ".join(["alice/*", *(str(place / name) for name in CLASSES)])
    with served_page(place / "colors", models=models, max_model_mb=MOST_MB) as settings:
        yield settings.address


@pytest.fixture(scope="module")
def send(caller, place):
    """Uploads the image of the color of this number."""
    return lambda index=0: caller.upload(f"{index}.png", (place / f"{index}.png").read_bytes())


@pytest.fixture(scope="module")
def page(new_visitor, address):
    return new_visitor(address)


def use(page, name):
    unfold(page, "#others")
    page.locator("#network input").fill(name)
    page.keyboard.press("Enter")
    page.locator("#use-network").click()


@pytest.mark.parametrize(("prepare", "sentence"), REFUSED.values(), ids=REFUSED)
def test_programs_are_refused_in_a_sentence_and_others_answered(caller, send, fake_hub, prepare, sentence):
    prepare(HfApi())
    told = {
        "predict": caller.call("predict", send(), 3, NAME),
        "classify_batch": caller.call("classify_batch", [send()], 3, NAME),
        "explain": caller.call("explain", send(), "", "hires-cam", NAME),
    }
    refused, fine = caller.call("compare", send(), [NAME, "colors"], 3)["models"]
    told["compare"] = refused["problem"]
    for said in told.values():
        assert sentence.lower() in said.lower()
        assert said == told["predict"]
    assert fine["predictions"][0]["label"] == "crimson"
    assert caller.call("predict", send(), 3, "")["predictions"][0]["label"] == "crimson"


@pytest.mark.parametrize(("prepare", "sentence"), REFUSED.values(), ids=REFUSED)
def test_visitors_are_refused_in_a_sentence_and_keep_the_network_they_had(page, place, fake_hub, prepare, sentence):
    prepare(HfApi())
    use(page, NAME)
    refusal = page.locator("#network-facts").get_by_role("alert")
    expect(refusal).to_contain_text(sentence, ignore_case=True)
    expect(page.locator("#network-in-use textarea")).to_have_value("")
    upload(page, place / "0.png")
    expect(page.locator("#verdict")).to_contain_text("Most likely crimson")
    page.get_by_label("Remove Image").click()
    expect(page.locator("#labels li")).to_have_count(0)


def test_a_name_that_is_typed_is_put_to_use_by_one_click(open_page, address):
    page = open_page(address)
    unfold(page, "#others")
    page.locator("#network input").fill("two")
    page.locator("#use-network").click(delay=100)
    expect(page.locator("#network-facts")).to_contain_text("In use: two")


@pytest.mark.parametrize(("name", "classes"), CLASSES.items())
def test_few_and_many_classes_answer_programs(caller, send, name, classes):
    one = caller.call("predict", send(), 50, name)
    (among_many,) = caller.call("classify_batch", [send()], 50, name)
    assert len(one["predictions"]) == len(among_many["predictions"]) == min(20, classes)
    assert [found["label"] for found in among_many["predictions"]] == [found["label"] for found in one["predictions"]]
    assert sum(found["score"] for found in one["predictions"]) <= 1 + 1e-6


@pytest.mark.parametrize(("name", "classes"), CLASSES.items())
def test_few_and_many_classes_answer_visitors_who_send_many_images(open_page, address, place, name, classes):
    page = open_page(address)
    use(page, name)
    expect(page.locator("#network-facts")).to_contain_text(f"In use: {name}")
    upload_many(page, [place / "0.png", place / "1.png"])
    expect(page.locator("#batch-progress")).to_contain_text("Done: 2 classified, 0 failed")
    expect(page.locator("#batch-progress")).to_contain_text(f"by {name}.")


@pytest.mark.parametrize("index", [1, 2], ids=["markup", "template"])
def test_programs_read_a_hostile_class_name_as_it_is(caller, send, index):
    label = LABELS[index]
    answer = caller.call("predict", send(index), 1, "")
    assert answer["predictions"][0]["label"] == label
    assert answer["sentence"].startswith(f"Most likely {label}, ")
    (among_many,) = caller.call("classify_batch", [send(index)], 1, "")
    assert among_many["predictions"][0]["label"] == label
    explained = caller.call("explain", send(index), label, "hires-cam", "")
    assert explained["label"] == label
    assert explained["sentence"].startswith(f"Heat map for {label}: ")
    compared = caller.call("compare", send(index), ["colors", "two"], 1)
    assert compared["models"][0]["predictions"][0]["label"] == label
    assert f"colors says {label}" in compared["sentence"]


def test_a_class_nobody_has_is_refused_without_changing_what_was_asked(caller, send):
    assert f"no class '{MARKUP[:-1]}'" in caller.call("explain", send(), MARKUP[:-1], "hires-cam", "")


def test_hostile_class_names_are_shown_and_not_run_in_the_gallery(page, place):
    upload_many(page, [place / "1.png", place / "2.png"])
    expect(page.locator("#batch-progress")).to_contain_text("Done: 2 classified")
    for label in (MARKUP, TEMPLATE):
        expect(page.locator("#batch-gallery summary span").get_by_text(label, exact=True)).to_be_visible()
        expect(page.locator("#batch-table")).to_contain_text(label)
    assert page.locator("#batch-gallery img").count() == 2  # the images, and none that a name made
    assert page.locator("#batch-table img").count() == 0
    assert page.alerts == []
