"""Windows are heard at once, where people have judged, and nowhere else."""

from __future__ import annotations

import numpy as np
import pytest

from zhenzan.scoring.learned.inputs import inputs
from zhenzan.training.examples import Examples
from zhenzan.training.fit import TREES_INJECTED, TREES_LEAST, TREES_MOST, fit


def examples(moment: str, seed: int) -> Examples:
    """Make likes of which the first window tells the truth, and nothing else says anything."""
    rows = inputs(moment)
    rng = np.random.default_rng(seed)
    matrix = rng.normal(size=(3_000, len(rows))).astype(np.float32)
    first = next(place for place, row in enumerate(rows) if not row.monotone)
    bought = matrix[:, first] > 1.0
    return Examples(matrix, np.full(3_000, 0.1), bought, np.ones(3_000), {})


@pytest.mark.parametrize(
    ("moment", "judged", "heard"),
    [("at_once", True, True), ("at_once", False, False), ("settled", True, False)],
)
def test_only_verdicts_teach_windows_and_only_at_once(moment, judged, heard):
    fitted = fit(examples(moment, 1), moment, seed=1, judged=judged)
    directed = np.array([bool(row.monotone) for row in inputs(moment)])
    split = np.zeros(len(directed), bool)
    split[fitted.forest.feature] = True
    assert (split & ~directed).any() == heard


def test_later_likes_tell_how_many_trees_are_grown():
    teach, later = examples("at_once", 1), examples("at_once", 2)
    few = fit(teach, "at_once", seed=1, judged=True)
    more = fit(teach, "at_once", seed=1, judged=True, later=later)
    injected = fit(teach, "at_once", seed=1, judged=False, later=later)
    assert len(few.forest.root) == TREES_LEAST
    assert TREES_LEAST < len(more.forest.root) <= TREES_MOST
    assert len(injected.forest.root) == TREES_INJECTED
