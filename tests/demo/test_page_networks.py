"""Networks that visitors choose: what is told of them before they are loaded, and which are refused."""

import re

import pytest
from browsing import awaited, served_page, unfold, upload
from color_network import COLORS, LABELS, save_color_network, solid
from fake_hub.faults import Fault
from huggingface_hub import HfApi
from playwright.sync_api import expect
from refused_networks import MOST_MB, NAME, REFUSED

from resnet_hub import ResNet, create_model
from resnet_hub.demo.serving.networks.model_pool import start_pool
from resnet_hub.demo.settings import PageSettings
from resnet_hub.demo.short_list import short_list
from resnet_hub.demo.text.formatting import describe_row
from resnet_hub.errors import ResNetHubError

pytestmark = pytest.mark.filterwarnings("ignore::pandas.errors.Pandas4Warning")


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """A network that knows colors, one with an example of its own, one of classes of free examples, and one of none."""
    place = tmp_path_factory.mktemp("networks")
    save_color_network(place / "colors")
    create_model("cifar_resnet20", num_classes=2, label_names=("<b>warm</b>", "cold")).save_pretrained(place / "two")
    (place / "two" / "examples").mkdir()
    solid(COLORS[0]).save(place / "two" / "examples" / "1-warm_red.png")
    create_model("cifar_resnet20", num_classes=2, label_names=("horse", "dog")).save_pretrained(place / "pets")
    create_model("cifar_resnet20", num_classes=2, label_names=("ants", "bees")).save_pretrained(place / "insects")
    return place


@pytest.fixture(scope="module")
def address(folders):
    own = ", ".join(str(folders / name) for name in ("two", "pets", "insects"))
    with served_page(folders / "colors", models=f"alice/*, timm/*, {own}") as settings:
        yield settings.address


@pytest.fixture
def crimson(tmp_path):
    solid(COLORS[0]).save(tmp_path / "crimson.png")
    return tmp_path / "crimson.png"


def choose(page, name):
    unfold(page, "#others")
    page.locator("#network input").fill(name)
    page.keyboard.press("Enter")


def test_a_network_is_told_before_it_is_loaded_and_then_answers(open_page, address, crimson):
    page = open_page(address)
    upload(page, crimson)
    expect(page.locator("#verdict")).to_contain_text("crimson")
    choose(page, "two")
    expect(page.locator("#network-facts")).to_contain_text("two: 0.3 million parameters")
    expect(page.locator("#verdict")).to_contain_text("crimson")
    page.locator("#use-network").click()
    expect(page.locator("#network-facts")).to_contain_text("In use: two")
    expect(page.locator("#labels li")).to_have_count(2)
    page.get_by_text("About this network").click()
    expect(page.locator("#about")).to_contain_text("2: <b>warm</b>, cold")


def test_the_examples_are_those_of_the_network_that_answers(open_page, address):
    page = open_page(address)
    examples = page.locator("#examples button:visible img")
    expect(examples).to_have_count(3)
    free = ["espresso", "cat", "photographer", "airplane", "taxi", "dog"]
    for network, names in (
        *(("two", ["warm red"]), ("pets", ["dog", "horse"])),
        *(("insects", free), ("colors", ["a", "b", "c"])),
    ):
        choose(page, network)
        page.locator("#use-network").click()
        expect(page.locator("#network-facts")).to_contain_text(f"In use: {network}")
        expect(examples).to_have_count(len(names))
        assert [image.get_attribute("alt") for image in examples.all()] == names
        # What a network does not know is not passed off as its own.
        unknown = page.get_by_text("None of these pictures is of a class that this network names")
        expect(unknown).to_be_visible(visible=network == "insects")
    examples.nth(1).click()
    expect(page.locator("#verdict")).to_contain_text(f"Most likely {LABELS[0]}")


def test_the_hub_tells_size_and_license_before_the_download(open_page, address, fake_hub):
    create_model("cifar_resnet20", num_classes=4).push_to_hub("alice/four")
    page = open_page(address)
    choose(page, "alice/four")
    expect(page.locator("#network-facts")).to_contain_text("1.1 MB to load")
    assert not any("safetensors" in path for method, path in fake_hub.state.requests if method == "GET")
    page.locator("#use-network").click()
    expect(page.locator("#network-facts")).to_contain_text("In use: alice/four")


def test_a_link_opens_the_same_network_with_the_same_settings(open_page, address, crimson):
    page = open_page(f"{address}?model=two&k=1")
    unfold(page, "#others")
    expect(page.locator("#network-facts")).to_contain_text("In use: two")
    upload(page, crimson)
    expect(page.locator("#labels li")).to_have_count(1)
    assert page.locator("#link a").get_attribute("href") == "?model=two&k=1"


def test_a_link_to_nothing_says_so_and_the_page_serves_its_own(open_page, address, crimson):
    page = open_page(f"{address}?model=../../etc&k=99999999999")
    told = page.locator("#link-told").get_by_role("alert")
    expect(told).to_contain_text("../../etc could not be loaded; colors still answers. '../../etc' is no Hub id")
    upload(page, crimson)
    expect(page.locator("#verdict")).to_contain_text("crimson")
    expect_named(page, "colors")


def test_a_link_to_a_network_that_takes_long_says_so_and_the_page_s_own_answers_meanwhile(open_page, address, fake_hub):
    create_model("cifar_resnet20", num_classes=4).push_to_hub("alice/late")
    fake_hub.state.faults.append(Fault("HEAD", "*alice/late*", delay=6.0, times=1))
    page = open_page(address)
    page.goto(f"{address}?model=alice/late")
    told = page.locator("#link-told").get_by_role("status")
    expect(told).to_contain_text("alice/late is being loaded; colors answers until it is there.")
    expect(page.locator("#answered-by")).to_have_text("Answered by colors")
    expect(told).to_have_count(0)
    expect_named(page, "alice/late")


def expect_named(page, name):
    """Holds that the page names this network, and no other, as the one that answers."""
    expect(page.locator("#answered-by")).to_have_text(f"Answered by {name}")
    expect(page.locator("#link a")).to_have_attribute("href", re.compile(rf"[?&]model={re.escape(name)}(&|$)"))
    unfold(page, "#others")
    expect(page.locator("#network input")).to_have_value(name)
    page.get_by_text("About this network").click()
    expect(page.locator("#about")).to_contain_text(name)
    expect(page.locator(".error")).to_have_count(0)  # gradio's sign of a failed event, which would stay
    expect(page.locator("[data-testid=toast-body]")).to_have_count(0)


def test_a_network_that_cannot_be_used_leaves_the_one_in_use_named_everywhere(open_page, address, crimson, fake_hub):
    fake_hub.state.faults += [Fault(method, "*alice/away*", drop=True) for method in ("HEAD", "GET")]
    page = open_page(address)
    facts = page.locator("#network-facts")
    for name, reason in (
        ("alice/nowhere", "Model 'alice/nowhere' was not found, or it is private; check the name."),
        ("alice/away", "The Hub, where networks come from, cannot be reached just now; please try again later."),
        ("alice/<b>x</b>", "'alice/<b>x</b>' is no Hub id"),
    ):
        choose(page, name)
        expect(facts).to_contain_text(name)
        page.locator("#use-network").click()
        refusal = facts.get_by_role("alert")
        expect(refusal).to_contain_text(f"{name} could not be loaded; colors still answers. {reason}")
        expect(page.locator("#network input")).to_have_value("colors")
    assert facts.locator("b").count() == 0
    choose(page, "x" * 10_000)
    expect(facts.get_by_role("alert")).to_contain_text(f"{'x' * 80}… could not be loaded; colors still answers.")
    page.locator("#use-network").click()
    expect(page.locator("#network input")).to_have_value("colors")
    upload(page, crimson)
    expect(page.locator("#verdict")).to_contain_text("crimson")
    expect_named(page, "colors")


def test_a_network_that_did_not_load_is_tried_again_without_its_name_being_typed_again(open_page, address, fake_hub):
    create_model("cifar_resnet20", num_classes=4).push_to_hub("alice/back")
    fake_hub.state.faults += [Fault(method, "*alice/back*", drop=True) for method in ("HEAD", "GET")]
    page = open_page(address)
    choose(page, "alice/back")
    page.locator("#use-network").click()
    again = page.get_by_role("button", name="Try alice/back again")
    expect(again).to_be_visible()
    fake_hub.state.faults.clear()
    again.click()
    expect(page.locator("#network-facts")).to_contain_text("In use: alice/back")
    expect(page.locator("#load-again")).to_have_count(0)
    expect_named(page, "alice/back")


def test_a_chinese_visitor_reads_in_chinese_which_network_still_answers(open_page, address, fake_hub):
    fake_hub.state.faults += [Fault(method, "*", drop=True) for method in ("HEAD", "GET")]
    page = open_page(address, locale="zh-CN")
    choose(page, "alice/away")
    page.locator("#use-network").click()
    refusal = page.locator("#network-facts").get_by_role("alert")
    for words in ("无法加载 alice/away", "仍由 colors 回答。暂时连不上提供网络的 Hub", "请稍后再试。"):
        expect(refusal).to_contain_text(words)
    expect(page.locator("#examples img[alt='马']")).to_have_count(1)
    page.locator("#network input").click()
    expect(page.get_by_role("option").filter(has_text="resnet50.a1_in1k").filter(has_text="均衡")).to_contain_text(
        "推荐"
    )


def test_while_a_network_is_loaded_the_other_one_answers_and_is_named(open_page, address, crimson, fake_hub):
    create_model("cifar_resnet20", num_classes=4).push_to_hub("alice/slow")
    page, other = open_page(address), open_page(address)
    choose(page, "alice/slow")
    facts = page.locator("#network-facts")
    expect(facts).to_contain_text("Not in use yet: colors answers.")
    fake_hub.state.faults.append(Fault("HEAD", "*alice/slow*", delay=6.0, times=1))
    page.locator("#use-network").click()
    expect(facts).to_contain_text("alice/slow is being loaded; colors answers until it is there.")
    expect(page.locator("#use-network")).to_be_disabled()
    upload(page, crimson)
    expect(page.locator("#answered-by")).to_have_text("Answered by colors")
    expect(facts).to_contain_text("In use: alice/slow: 0.3 million parameters")
    expect_named(page, "alice/slow")
    expect(page.locator("#use-network")).to_be_enabled()
    expect_named(other, "colors")


def test_the_open_list_is_short_and_in_groups_and_typing_searches_all(open_page, address):
    page = open_page(address)
    unfold(page, "#others")
    page.locator("#network input").click()
    options = page.get_by_role("option")
    first = ["colors", "two", "pets", "insects"]
    expect(options).to_have_count(len(first) + len(short_list()))
    rows = [text.strip().removeprefix("✓").strip() for text in options.all_inner_texts()]
    assert rows == [*first, *(describe_row(row, "en") for row in short_list())]
    page.keyboard.type("wide_resnet50_2.tv")
    expect(options).to_have_text(
        [re.compile(r"timm/wide_resnet50_2\.tv_in1k"), re.compile(r"timm/wide_resnet50_2\.tv2")]
    )
    page.keyboard.press("Enter")
    expect(page.locator("#network input")).to_have_value("timm/wide_resnet50_2.tv_in1k")
    expect(page.locator("#network-facts")).to_contain_text("timm/wide_resnet50_2.tv_in1k: 68.9 million parameters")


@pytest.mark.parametrize(("prepare", "sentence"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_served_is_refused_in_a_sentence(prepare, sentence, tiny_checkpoint, fake_hub, caplog):
    prepare(HfApi())
    pool = start_pool(PageSettings(model=str(tiny_checkpoint), device="cpu", max_model_mb=MOST_MB))
    with pytest.raises(ResNetHubError, match=sentence):
        awaited(pool.open(NAME))


@pytest.mark.parametrize("classes", [2, 20_000])
def test_few_and_many_classes_are_served(classes, open_page, tmp_path, crimson):
    ResNet(create_model("cifar_resnet20", num_classes=classes).config).save_pretrained(tmp_path / "net")
    with served_page(tmp_path / "net") as settings:
        page = open_page(settings.address)
        upload(page, crimson)
        expect(page.locator("#labels li")).to_have_count(min(5, classes))
        unfold(page, "#details")
        expect(page.locator("#download")).to_be_visible()


@pytest.mark.parametrize("models", ["", "bob/*"])
def test_the_owner_may_offer_less(models, tiny_checkpoint):
    pool = start_pool(PageSettings(model=str(tiny_checkpoint), device="cpu", models=models))
    assert awaited(pool.open("")).name == awaited(pool.open("tiny")).name == "tiny"
    with pytest.raises(ResNetHubError, match="this page does not offer the model 'alice/net'"):
        awaited(pool.open("alice/net"))
