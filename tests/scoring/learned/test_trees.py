"""Trees read from text say what LightGBM says, and so do their contributions."""

from __future__ import annotations

import lightgbm
import numpy as np
import pytest

from zhenzan.errors import ModelError
from zhenzan.scoring.learned.trees import read_forest


@pytest.fixture(scope="module")
def trained():
    rng = np.random.default_rng(5)
    matrix = rng.normal(size=(4_000, 6)).astype(np.float32)
    matrix[rng.random(matrix.shape) < 0.15] = np.nan
    matrix[:, 5] = rng.integers(0, 3, 4_000)  # never missing
    odds = np.nan_to_num(matrix[:, 0]) * 2 - np.isnan(matrix[:, 1]) + matrix[:, 5]
    label = rng.random(4_000) < 1 / (1 + np.exp(-odds))
    booster = lightgbm.train(
        {"objective": "binary", "max_depth": 6, "num_leaves": 31, "verbose": -1, "seed": 1},
        lightgbm.Dataset(matrix, label.astype(float)),
        40,
    )
    probe = rng.normal(size=(500, 6)).astype(np.float32)
    probe[rng.random(probe.shape) < 0.3] = np.nan
    return booster, read_forest(booster.model_to_string()), probe


def test_margins_equal_those_of_lightgbm(trained):
    booster, forest, probe = trained
    assert np.allclose(forest.margin(probe), booster.predict(probe, raw_score=True), atol=1e-12)


def test_contributions_equal_those_of_lightgbm(trained):
    booster, forest, probe = trained
    theirs = booster.predict(probe, pred_contrib=True)
    assert np.allclose(forest.contributions(probe), theirs[:, :-1], atol=1e-5)
    assert np.isclose(forest.bias, theirs[0, -1], atol=1e-9)


def test_contributions_add_up_to_the_margin(trained):
    _, forest, probe = trained
    total = forest.contributions(probe).sum(axis=1) + forest.bias
    assert np.allclose(total, forest.margin(probe), atol=1e-4)


def test_a_text_that_is_no_model_is_refused():
    with pytest.raises(ModelError):
        read_forest("nothing of the kind")
