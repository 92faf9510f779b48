"""Times the product's trees against LightGBM's own predictor: ``python -m bench.predict``.

Question: is it right to score without LightGBM? Both walk the same forest over the same rows on one
core; contributions are the exact Shapley values that reasons are made of. Answers are equal (a test
holds it). Writes ``bench/results/predict.json``.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import lightgbm
import numpy as np

from zhenzan.clock import generator
from zhenzan.scoring.learned.trees import read_forest
from zhenzan.training.fit import TREES_LEAST, tree_parameters

RESULTS = Path(__file__).parent / "results" / "predict.json"
COLUMNS = 70
ROWS = (1, 20, 1_000, 100_000)
EXPLAINED_MAX = 1_000
"""Rows of which contributions are timed: those that need reasons come in batches of this size."""


def measure() -> list[dict[str, Any]]:
    """Grow a forest as the product does, and time both predictors at several sizes."""
    rng = generator(5)
    matrix = rng.normal(size=(100_000, COLUMNS)).astype(np.float32)
    matrix[rng.random(matrix.shape) < 0.1] = np.nan
    label = np.nan_to_num(matrix[:, :8]).sum(axis=1) + rng.normal(size=len(matrix)) > 2.0
    told = tree_parameters(seed=5, judged=True) | {"num_threads": 1, "verbose": -1}
    data = lightgbm.Dataset(matrix, label.astype(float), params=told)
    booster = lightgbm.train(told, data, TREES_LEAST)
    forest = read_forest(booster.model_to_string())
    found = []
    for rows in ROWS:
        part = matrix[:rows]
        ways: dict[str, Callable[[], object]] = {
            "margin, ours": lambda part=part: forest.margin(part),
            "margin, LightGBM": lambda part=part: booster.predict(
                part, raw_score=True, num_threads=1
            ),
        }
        if rows <= EXPLAINED_MAX:
            ways |= {
                "contributions, ours": lambda part=part: forest.contributions(part),
                "contributions, LightGBM": lambda part=part: booster.predict(
                    part, pred_contrib=True, num_threads=1
                ),
            }
        found.append(
            {"rows": rows, **{f"{name}, us": _least_us(way) for name, way in ways.items()}}
        )
    return found


def _least_us(way: Callable[[], object]) -> float:
    """Time a call in CPU microseconds: the least of several, after one that loads kernels."""
    way()
    spent = []
    for _ in range(5):
        calls, started = 0, time.process_time()
        while calls == 0 or time.process_time() - started < 0.05:
            way()
            calls += 1
        spent.append((time.process_time() - started) / calls)
    return round(min(spent) * 1e6, 1)


def main() -> None:
    """Measure, print, and write the results."""
    text = json.dumps(measure(), indent=1)
    print(text)
    RESULTS.write_text(text + "\n")


if __name__ == "__main__":
    main()
