"""The tables and pictures of the laboratory: a training that broke off says so, and all surfaces share one scale."""

from dataclasses import replace

import numpy as np

from resnet_hub.demo.fields.charts.laboratory_html import endings_html, surface_picture, surfaces_html, variants_html
from resnet_hub.explain import laboratory


def test_each_depth_has_its_row_of_errors():
    table = endings_html(laboratory(), "en")
    assert all(f"<th scope='row'>{depth}</th>" in table for depth in (20, 32, 56))


def test_a_training_that_broke_off_says_when():
    found = laboratory()
    broken = replace(found.of("plain-long")[0], train=None, test=None, diverged=7)
    assert "broke off at update 7" in variants_html(replace(found, runs=(broken,)), "en")


def test_every_network_of_the_laboratory_has_its_words_in_both_languages_and_its_seeds_one_row():
    others = {(run.row, run.depth) for run in laboratory().runs if run.row not in ("plain", "residual")}
    for language in ("en", "zh-CN"):
        assert variants_html(laboratory(), language).count("<th scope='row'>") == len(others)
    assert len(laboratory().of("option-b", 56)) == 3
    assert "54.3\N{NO-BREAK SPACE}% (53.3\N{NO-BREAK SPACE}% \N{EN DASH} 55.8" in variants_html(laboratory(), "en")


def test_the_same_loss_has_the_same_color_in_every_picture_and_none_is_the_brightest():
    surface = laboratory().surfaces[0]
    flat = replace(surface, losses=((2.0, 2.0), (2.0, 2.0)))
    lost = replace(surface, losses=((None, None), (None, None)))
    assert len(np.unique(np.asarray(surface_picture(flat)).reshape(-1, 3), axis=0)) == 1
    assert np.asarray(surface_picture(lost)).mean() > np.asarray(surface_picture(flat)).mean()


def test_every_picture_of_a_surface_says_in_words_what_it_shows():
    page = surfaces_html(laboratory(), "en")
    assert page.count(" alt='") == len(laboratory().surfaces)
    assert "56 layers, without shortcuts. Loss " in page
