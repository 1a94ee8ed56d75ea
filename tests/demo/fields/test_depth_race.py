"""The race of depths: both charts have one scale, and lines and legend carry what a script replays."""

import re
from dataclasses import replace

from resnet_hub.demo.fields.charts.depth_race import mean_error, race_html, raced_depths
from resnet_hub.explain import laboratory


def test_each_line_carries_a_value_for_each_of_its_points():
    page = race_html(laboratory(), "en")
    lines = re.findall(r"points='([^']+)' data-values='([^']+)'", page)
    assert len(lines) == 2 * len(raced_depths(laboratory()))
    assert all(len(points.split()) == len(values.split()) for points, values in lines)
    legend = re.findall(r"<b>([0-9.]+)</b>", page)
    assert legend == [values.split()[-1] for _, values in lines]


def test_a_depth_races_only_where_both_kinds_have_it():
    found = laboratory()
    without = replace(found, runs=tuple(run for run in found.runs if (run.row, run.depth) != ("plain", 32)))
    assert 32 in raced_depths(found)
    assert 32 not in raced_depths(without)


def test_a_training_that_broke_off_counts_as_guessing():
    run = replace(laboratory().of("plain", 20)[0], train=None, test=None, diverged=7)
    assert mean_error([run], "train") == 0.9


def test_it_is_told_in_chinese_too():
    assert "训练图片" in race_html(laboratory(), "zh-CN")
