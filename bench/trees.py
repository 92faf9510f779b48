"""Trees over any columns: LightGBM as it comes, and with what the product tells it.

The product's own fit reads its signals and starts from its evidence, which these data sets do not
have; what is measured of it here is how its trees are grown, and they start from the share of
positives.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import lightgbm
import numpy as np
from numpy.typing import NDArray

from bench.ranking import Bools, Floats, ranked
from zhenzan.clock import generator
from zhenzan.scoring.context import logit, sigmoid
from zhenzan.scoring.evaluation import recall_at_harm
from zhenzan.training.fit import grown, tree_parameters

Ints = NDArray[np.int64]

_PLAIN = {"objective": "binary", "deterministic": True, "force_row_wise": True, "verbose": -1}
_PLAIN_ROUNDS = 100
_ONE_CORE = {"num_threads": 1}
HARM = 0.01
"""The level of honest harm at which recall is told: the sets are too small for 0.1 %."""


@dataclass(frozen=True, slots=True)
class Way:
    """A way to grow trees: its words, and whether it is the product's."""

    words: str
    is_product: bool

    def learn(self, columns: Floats, positive: Bools, asked: Floats, *, seed: int = 0) -> Floats:
        """Fit on columns and truth, and give the probabilities of other rows."""
        if self.is_product:
            told = tree_parameters(seed=seed, judged=True) | _ONE_CORE
            rounds = _trees(columns, positive, told)
            base = logit(float(positive.mean()))
            start = np.full(len(columns), base)
        else:
            told = _PLAIN | _ONE_CORE | {"seed": seed}
            base, rounds, start = 0.0, _PLAIN_ROUNDS, None
        data = lightgbm.Dataset(columns, positive.astype(np.float64), init_score=start, params=told)
        booster = lightgbm.train(told, data, rounds)
        nats = np.asarray(booster.predict(asked, raw_score=True), np.float64)
        return sigmoid(nats + base)


def _trees(columns: Floats, positive: Bools, told: dict[str, object]) -> int:
    """Tell how many trees to grow, by the rule of the product.

    A random fifth of what teaches takes the place of later likes: these sets know no time.
    """
    teach, ask = next(splits(positive, 5, seed=1))
    start = logit(float(positive.mean()))
    data, check = (
        lightgbm.Dataset(
            columns[rows],
            positive[rows].astype(np.float64),
            init_score=np.full(int(rows.sum()), start),
            params=told,
        )
        for rows in (teach, ask)
    )
    check.reference = data
    return grown(dict(told), data, check)[1]


PLAIN = Way("LightGBM as it comes", is_product=False)
PRODUCT = Way("the product's trees", is_product=True)
WAYS = (PLAIN, PRODUCT)


def learn_classes(columns: Floats, label: Ints, asked: Floats) -> Ints:
    """Fit LightGBM as it comes on classes 0, 1, ..., and name the likeliest of other rows."""
    told = _PLAIN | _ONE_CORE | {"objective": "multiclass", "num_class": int(label.max()) + 1}
    booster = lightgbm.train(told, lightgbm.Dataset(columns, label, params=told), _PLAIN_ROUNDS)
    return np.asarray(np.asarray(booster.predict(asked)).argmax(axis=1), np.int64)


def folds(label: Ints | Bools, count: int, *, seed: int) -> Ints:
    """Give every row a fold, with the same share of each label in all of them."""
    fold = np.zeros(len(label), np.int64)
    random = generator(seed)
    for one in np.unique(label):
        rows = random.permutation(np.flatnonzero(label == one))
        fold[rows] = np.arange(len(rows)) % count
    return fold


def splits(label: Ints | Bools, count: int, *, seed: int) -> Iterator[tuple[Bools, Bools]]:
    """Give (training, test) for every fold."""
    fold = folds(label, count, seed=seed)
    for one in range(count):
        yield fold != one, fold == one


def measured(score: Floats, positive: Bools) -> dict[str, float]:
    """Give AUC, average precision, and recall at `HARM`."""
    recall = recall_at_harm(score[~positive], score[positive], harm=HARM)
    return ranked(score, positive) | {"recall at 1 %": recall}


def f1_by_class(chosen: Ints, label: Ints) -> Floats:
    """Give the F1 of every class that occurs."""
    found = []
    for one in np.unique(label):
        right = float(((chosen == one) & (label == one)).sum())
        found.append(2.0 * right / float((chosen == one).sum() + (label == one).sum()))
    return np.array(found)
