"""Each segment is measured by its own likes."""

from __future__ import annotations

import numpy as np
import pytest

from zhenzan.scoring.learned.model import load_model
from zhenzan.training.calibrate import expected_calibration_error
from zhenzan.training.examples import Examples
from zhenzan.training.history import TEST
from zhenzan.training.segments import (
    BOUGHT_MIN,
    DRAWN_MAX,
    by_segment,
    curves_of,
    reach_of,
)

slow = pytest.mark.slow


@pytest.fixture(scope="module")
def part(models):
    return load_model(models, next((models / "versions").iterdir()).name).parts["settled"]


def table_of(part, material, said=None):
    test = material.injected("settled", TEST)
    said = part.probability(test.score, test.matrix) if said is None else said(test)
    reach = reach_of(part, material.clean, material.honest_weight(material.clean, TEST))
    return test, said, by_segment(test, said, reach)


@slow
def test_the_segments_of_a_name_hold_every_example_once(part, material):
    test, _, table = table_of(part, material)
    assert set(table) == {"category", "region", "age"}
    for rows in table.values():
        assert sum(row["likes"] for row in rows.values()) == len(test.score)
        assert sum(row["bought"] for row in rows.values()) == test.bought.sum()


@slow
def test_an_error_is_that_of_the_segment_alone(part, material):
    test, said, table = table_of(part, material)
    told = 0
    for word, row in table["age"].items():
        chosen = test.segments["age"] == word
        if row["bought"] < BOUGHT_MIN:
            assert row["calibration_error"] is None
            continue
        wanted = expected_calibration_error(said[chosen], test.bought[chosen], test.weight[chosen])
        assert row["calibration_error"] == round(wanted, 4)
        told += 1
    assert told


@slow
def test_a_model_that_is_sure_of_one_segment_alone_shows_there(part, material):
    def sure_of_the_young(test):
        young = test.segments["age"] == "under 7 days"
        return np.where(young, 1.0, test.bought.astype(float))

    _, _, table = table_of(part, material, sure_of_the_young)
    ages = table["age"]
    assert ages["under 7 days"]["said"] == 1.0
    assert ages["over 60 days"]["said"] == ages["over 60 days"]["was"]


def made(words, bought) -> Examples:
    count = len(words)
    return Examples(
        np.zeros((count, 1), np.float32),
        np.zeros(count),
        np.array(bought, np.bool_),
        np.ones(count),
        {"region": np.array(words, dtype=object)},
    )


def test_a_value_is_drawn_by_its_own_likes_alone():
    words = ["north"] * 100 + ["south"] * 60 + ["few"] * 30
    bought = [k % 2 == 0 for k in range(160)] + [k < BOUGHT_MIN - 1 for k in range(30)]
    test = made(words, bought)
    said = np.where(test.segments["region"] == "north", 0.5, 0.95)
    curves = curves_of(test, said, "region")
    assert list(curves) == ["north", "south"]
    assert [(row["said"], row["was"], row["likes"]) for row in curves["north"]] == [(0.5, 0.5, 100)]
    assert [row["likes"] for row in curves["south"]] == [60]
    assert curves["south"][0]["was"] == pytest.approx(0.5)


def test_those_with_most_bought_likes_are_drawn_where_there_are_many():
    words = [f"r{k:02d}" for k in range(DRAWN_MAX + 3) for _ in range(BOUGHT_MIN + k)]
    curves = curves_of(made(words, [True] * len(words)), np.full(len(words), 0.9), "region")
    assert list(curves) == [f"r{k:02d}" for k in range(DRAWN_MAX + 2, 2, -1)]


@slow
def test_the_card_shows_a_drawing_of_every_segment_in_both_languages(models):
    folder = next((models / "versions").iterdir())
    card = (folder / "card.md").read_text("utf-8")
    drawing = (folder / "reliability_settled_age.svg").read_text("utf-8")
    assert "(reliability_settled_age.svg)" in card
    assert "(reliability_at_once_category.svg)" in card
    assert "by age of the account" in drawing
    assert "按账号年龄" in drawing
    assert "under 7 days / 不满 7 天" in drawing
    for name in card.split("](")[1:]:
        assert (folder / name.split(")")[0]).is_file(), name
