"""Fits trees that correct the evidence, with LightGBM, the same way every time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from zhenzan.errors import MissingExtra
from zhenzan.scoring.context import sigmoid
from zhenzan.scoring.learned.inputs import inputs
from zhenzan.scoring.learned.model import odds
from zhenzan.scoring.learned.trees import Forest, read_forest
from zhenzan.scoring.weights import Moment
from zhenzan.training.examples import Examples

THREADS = 1
"""Fixed, so that sums are made in one order on every machine. Two threads that spin for each other
on a loaded machine took ten times as long as one."""

MUTED = 0.5
"""Part of what trees say that is heard where injected attacks alone have taught them: measured on
two foreign platforms, half of it was better than all of it in every trial."""


ROUNDS_JUDGED = 150
ROUNDS_INJECTED = 100


@dataclass(frozen=True, slots=True)
class Fitted:
    """Trees as text and as arrays, and what the evidence is shifted by before them."""

    text: str
    forest: Forest
    slope: float
    offset: float
    heard: float


def fit(examples: Examples, moment: Moment, *, seed: int, judged: bool) -> Fitted:
    """Fit the trees of one moment.

    The evidence enters with slope 1: trees start where it ends. Where only injected attacks teach,
    no input may speak against its own direction, because an attack that was played looks usual in
    ways that say nothing about real ones; what people have judged is free of that.

    Parameters
    ----------
    judged
        True where people have judged enough likes to learn from.

    Raises
    ------
    MissingExtra
        LightGBM is not installed.
    """
    try:
        import lightgbm
    except ImportError as error:
        raise MissingExtra("learned", package="lightgbm") from error
    rows = inputs(moment)
    base = odds(examples.score)
    offset = _offset(examples, base)
    parameters = tree_parameters(seed=seed, judged=judged)
    parameters["monotone_constraints"] = [0 if judged else row.monotone for row in rows]
    data = lightgbm.Dataset(
        examples.matrix,
        examples.bought.astype(np.float64),
        weight=examples.weight / examples.weight.mean(),
        init_score=base + offset,
        feature_name=[row.name for row in rows],
        params={"max_bin": 63, "verbose": -1},
        free_raw_data=True,
    )
    booster = lightgbm.train(parameters, data, ROUNDS_JUDGED if judged else ROUNDS_INJECTED)
    text: str = booster.model_to_string()
    heard = 1.0 if judged else MUTED
    return Fitted(text, read_forest(text, heard=heard), 1.0, offset, heard)


def tree_parameters(*, seed: int, judged: bool) -> dict[str, object]:
    """Give what LightGBM is told about every forest, without what depends on the columns.

    The base log odds come with the data, so that no average is fitted first.
    """
    return {
        "objective": "binary",
        "learning_rate": 0.05,
        "num_leaves": 16,
        "max_depth": 6,
        "min_data_in_leaf": 40 if judged else 200,
        "feature_fraction": 0.5,
        "lambda_l2": 20.0,
        "max_bin": 63,
        "boost_from_average": False,
        "deterministic": True,
        "force_row_wise": True,
        "num_threads": THREADS,
        "seed": seed,
        "verbose": -1,
    }


def _offset(examples: Examples, base: NDArray[np.float64]) -> float:
    """Find the shift at which the evidence expects as many bought likes as there are."""
    weight = examples.weight / examples.weight.sum()
    wanted = float((weight * examples.bought).sum())
    low, high = -30.0, 30.0
    for _ in range(60):
        middle = (low + high) / 2
        if float((weight * sigmoid(base + middle)).sum()) < wanted:
            low = middle
        else:
            high = middle
    return (low + high) / 2
