"""Fits trees that correct the evidence, with LightGBM, the same way every time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

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
"""Part of what trees say that is heard where injected attacks alone have taught them: on two
foreign platforms more of it lowered average precision (docs/learning.md, "What did not help")."""

TREES_INJECTED = 100
TREES_LEAST, TREES_MOST = 150, 400
"""Fewest and most trees where people have judged: as many as lower the loss on later likes. Fewer
than the fewest were worse on few verdicts, and more than the most take time to walk."""


@dataclass(frozen=True, slots=True)
class Fitted:
    """Trees as text and as arrays, and what the evidence is shifted by before them."""

    text: str
    forest: Forest
    slope: float
    offset: float
    heard: float


def fit(
    examples: Examples,
    moment: Moment,
    *,
    seed: int,
    judged: bool,
    later: Examples | None = None,
) -> Fitted:
    """Fit the trees of one moment.

    The evidence enters with slope 1: trees start where it ends. Where only injected attacks teach,
    no input may speak against its own direction and windows, which have none, say nothing, because
    an attack that was played looks usual in ways that say nothing about real ones; what people have
    judged is free of that. Settled, windows say nothing either: hindsight knows better.

    Parameters
    ----------
    judged
        True where people have judged enough likes to learn from.
    later
        Judged likes of a later part, which tell how many trees are grown; None: the fewest.

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
    # Windows have no direction. They helped at once where people have judged, and nowhere else:
    # with no gain no tree splits by them.
    windows = 1.0 if judged and moment == "at_once" else 0.0
    parameters["feature_contri"] = [1.0 if row.monotone else windows for row in rows]
    told: dict[str, Any] = {
        "feature_name": [row.name for row in rows],
        "params": {"max_bin": 63, "verbose": -1},
    }
    data = lightgbm.Dataset(**_columns(examples), init_score=base + offset, **told)
    check = None
    if judged and later is not None:
        start = odds(later.score) + offset
        check = lightgbm.Dataset(**_columns(later), init_score=start, reference=data, **told)
    booster, trees = grown(parameters, data, check, least=TREES_LEAST if judged else TREES_INJECTED)
    text: str = booster.model_to_string(num_iteration=trees)
    heard = 1.0 if judged else MUTED
    return Fitted(text, read_forest(text, heard=heard), 1.0, offset, heard)


def _columns(examples: Examples) -> dict[str, Any]:
    return {
        "data": examples.matrix,
        "label": examples.bought.astype(np.float64),
        "weight": examples.weight / examples.weight.mean(),
    }


def grown(
    parameters: dict[str, Any], data: Any, check: Any = None, *, least: int = TREES_LEAST
) -> tuple[Any, int]:
    """Grow trees; return the booster and how many of its trees to keep.

    Parameters
    ----------
    data, check
        LightGBM's data sets: what teaches, and what tells how many trees lower the loss. Without
        ``check``, ``least`` trees are grown.
    """
    import lightgbm

    if check is None:
        return lightgbm.train(parameters, data, least), least
    told: dict[str, Any] = {}
    booster = lightgbm.train(
        parameters | {"metric": "binary_logloss"},
        data,
        TREES_MOST,
        valid_sets=[check],
        valid_names=["later"],
        callbacks=[lightgbm.record_evaluation(told)],
    )
    losses = np.array(told["later"]["binary_logloss"])
    return booster, least + int(np.argmin(losses[least - 1 :]))


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
