"""Maps say what happens, and thresholds keep to the budget of honest harm."""

from __future__ import annotations

import numpy as np
import pytest

from zhenzan.errors import ModelError, SettingError
from zhenzan.scoring.context import sigmoid
from zhenzan.scoring.learned.calibration import Calibration
from zhenzan.training.calibrate import (
    NEVER,
    Aim,
    beta,
    choose_bands,
    choose_calibration,
    expected_calibration_error,
    isotonic,
    platt,
    threshold,
)
from zhenzan.training.reliability import LIKES_MIN, curve, diagram


@pytest.fixture(scope="module")
def likes():
    rng = np.random.default_rng(2)
    margin = rng.normal(-2, 2, 20_000)
    bought = rng.random(20_000) < sigmoid(0.5 * margin - 1.0)
    return margin, bought, np.ones(20_000)


@pytest.mark.parametrize("fit", [platt, beta, isotonic])
def test_every_kind_of_map_mends_a_margin_that_is_too_sure(fit, likes):
    margin, bought, weight = likes
    before = expected_calibration_error(sigmoid(margin), bought, weight)
    after = expected_calibration_error(fit(margin, bought, weight)(margin), bought, weight)
    assert before > 0.05
    assert after < 0.01


@pytest.mark.parametrize("fit", [platt, beta, isotonic])
def test_no_map_ties_the_surest_likes(fit, likes):
    """A flat end would put honest likes beside those that every sign speaks against."""
    margin, bought, weight = likes
    fitted = fit(margin, bought | (margin > 2.0), weight)
    beyond = fitted(np.linspace(margin.max() - 2.0, margin.max() + 2.0, 50))
    assert (np.diff(beyond) > 0).all()


def test_the_map_with_the_least_loss_is_kept(likes):
    margin, bought, weight = likes
    half = np.arange(len(margin)) % 2 == 1
    kept, losses = choose_calibration(margin, bought, weight, held_out=half)
    assert losses[kept.kind] == min(losses.values())


def test_a_map_comes_back_from_its_plain_values(likes):
    kept = isotonic(*likes)
    probe = np.linspace(-8, 8, 50)
    assert np.array_equal(Calibration.of(kept.as_dict())(probe), kept(probe))


def test_a_map_that_falls_is_refused():
    with pytest.raises(ModelError):
        Calibration.of({"kind": "platt", "numbers": [-1.0, 0.0]})


def test_no_more_honest_likes_reach_a_threshold_than_the_budget_allows():
    rng = np.random.default_rng(4)
    said, weight = np.round(rng.random(5_000), 2), rng.random(5_000)
    for harm in (0.0001, 0.001, 0.05):
        least = threshold(said, weight, harm)
        assert weight[said >= least].sum() <= harm * weight.sum()
    assert threshold(said, np.zeros(5_000), 0.01) == NEVER


def test_evidence_that_is_thin_excludes_nothing():
    rng = np.random.default_rng(4)
    said, pattern = rng.random(5_000), np.where(np.arange(5_000) < 4_900, 3, 1).astype(np.int8)
    bands = choose_bands(said, np.ones(5_000), pattern, Aim(0.01))
    assert bands.excluded_min[1] == NEVER
    assert bands.excluded_min[3] < 1.0
    assert (bands.held_min <= bands.excluded_min).all()


def test_a_cost_raises_the_threshold_above_what_the_budget_allows():
    said = np.linspace(0, 0.5, 5_000)
    pattern = np.full(5_000, 3, np.int8)
    bands = choose_bands(said, np.ones(5_000), pattern, Aim(0.01, cost=9.0))
    assert bands.excluded_min[3] == 0.9


def test_an_aim_that_cannot_be_met_is_refused():
    for wrong in ({"harm_max": 0.0}, {"harm_max": 0.5}, {"cost": -1.0}):
        with pytest.raises(SettingError):
            Aim(**wrong)


def test_a_diagram_names_its_segments(likes):
    margin, bought, weight = likes
    rows = curve(sigmoid(margin), bought, weight)
    assert sum(row["likes"] for row in rows) == len(margin)
    assert "a &lt; b (20,000)" in diagram({"a < b": rows}, "Title", "标题")


def test_a_point_of_few_likes_is_an_empty_ring_that_no_line_meets():
    rows = [
        {"said": 0.1, "was": 0.1, "weight": 1.0, "likes": 400},
        {"said": 0.5, "was": 1.0, "weight": 1.0, "likes": LIKES_MIN - 1},
        {"said": 0.9, "was": 0.8, "weight": 1.0, "likes": LIKES_MIN},
    ]
    drawing = diagram({"all": rows}, "Title", "标题")
    (line,) = [part for part in drawing.splitlines() if part.startswith("<polyline")]
    assert len(line.split('"')[1].split()) == 2
    circles = [part for part in drawing.splitlines() if part.startswith("<circle")]
    assert len(circles) == 3
    assert sum('fill="white"' in part for part in circles) == 1
