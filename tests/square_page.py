"""A page over the network that tells squares apart, and what its explanations must be."""

from contextlib import contextmanager

from browsing import served_page
from color_network import MARKUP
from explained import COLORS, square, square_classifier

from resnet_hub.explain.saliency.covering import cover_effect
from resnet_hub.explain.saliency.heat_maps import heat_map
from resnet_hub.preprocessing.pixels import to_pixels

LABELS = ("red", MARKUP)


@contextmanager
def served_squares(folder):
    """The page; gives its address."""
    square_classifier(LABELS).model.save_pretrained(folder)
    with served_page(folder) as settings:
        yield settings.address


def saved_square(folder, color, left, top):
    """The path of an image of a square."""
    path = folder / f"{left}-{top}.png"
    square(COLORS[color], left, top).save(path)
    return path


def open_why(page, name="Why"):
    page.get_by_role("tab", name=name, exact=True).click()


def alternative(page):
    """The glow of the map, whose alternative text says where it is."""
    return page.locator("#why-map img.colors")


def expected_map(image, index, method="hires-cam"):
    classifier = square_classifier(LABELS)
    return heat_map(classifier, to_pixels(image, classifier.preprocessing), index, method)


def expected_effect(image, index):
    classifier = square_classifier(LABELS)
    return cover_effect(classifier, to_pixels(image, classifier.preprocessing), expected_map(image, index))
