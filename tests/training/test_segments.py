"""Each segment is measured by its own likes."""

from __future__ import annotations

import numpy as np
import pytest

from zhenzan.scoring.learned.model import load_model
from zhenzan.training.calibrate import expected_calibration_error
from zhenzan.training.history import TEST
from zhenzan.training.segments import BOUGHT_MIN, by_segment, reach_of

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def part(models):
    return load_model(models, next((models / "versions").iterdir()).name).parts["settled"]


def table_of(part, material, said=None):
    test = material.injected("settled", TEST)
    said = part.probability(test.score, test.matrix) if said is None else said(test)
    reach = reach_of(part, material.clean, material.honest_weight(material.clean, TEST))
    return test, said, by_segment(test, said, reach)


def test_the_segments_of_a_name_hold_every_example_once(part, material):
    test, _, table = table_of(part, material)
    assert set(table) == {"category", "region", "age"}
    for rows in table.values():
        assert sum(row["likes"] for row in rows.values()) == len(test.score)
        assert sum(row["bought"] for row in rows.values()) == test.bought.sum()


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


def test_a_model_that_is_sure_of_one_segment_alone_shows_there(part, material):
    def sure_of_the_young(test):
        young = test.segments["age"] == "under 7 days"
        return np.where(young, 1.0, test.bought.astype(float))

    _, _, table = table_of(part, material, sure_of_the_young)
    ages = table["age"]
    assert ages["under 7 days"]["said"] == 1.0
    assert ages["over 60 days"]["said"] == ages["over 60 days"]["was"]
