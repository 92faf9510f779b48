"""Answers at once are a function of the journal's order, and a state can be put back."""

from __future__ import annotations

import itertools

import numpy as np
import pyarrow as pa
import pytest

from zhenzan.engine.snapshot import Snapshot
from zhenzan.errors import CheckpointError
from zhenzan.live import checkpoint
from zhenzan.live.scorer import Judged, LiveScorer
from zhenzan.settings import Settings
from zhenzan.testing.rows import canonical, client_rows


def _joined(parts: list[Judged]) -> tuple[bytes, bytes, bytes, list[object]]:
    return (
        np.concatenate([part.as_of_us for part in parts]).tobytes(),
        np.concatenate([part.score for part in parts]).tobytes(),
        np.concatenate([part.states for part in parts]).tobytes(),
        [reasons for part in parts for reasons in part.reasons],
    )


def _answers(scorer: LiveScorer, rows: pa.Table, cuts: list[int]) -> list[Judged]:
    bounds = [0, *cuts, rows.num_rows]
    pairs = itertools.pairwise(bounds)
    return [scorer.answer(rows.slice(low, high - low)) for low, high in pairs if high > low]


@pytest.fixture(scope="module")
def rows() -> pa.Table:
    # Twelve days, so that codes at rest are given back on the way and windows end.
    return canonical(client_rows(3_000, seed=5, days=12.0))


@pytest.fixture(scope="module")
def whole(rows) -> tuple[bytes, bytes, bytes, list[object]]:
    return _joined([LiveScorer(Settings()).answer(rows)])


@pytest.mark.parametrize("seed", range(2))
def test_no_answer_depends_on_how_the_journal_is_cut(rows, whole, seed):
    rng = np.random.default_rng(seed)
    cuts = np.sort(rng.choice(np.arange(1, rows.num_rows), 30, replace=False)).tolist()
    assert _joined(_answers(LiveScorer(Settings()), rows, cuts)) == whole


@pytest.mark.parametrize("position", [1, 2_100])
def test_a_scorer_goes_on_from_a_checkpoint_to_the_last_bit(rows, whole, position, tmp_path):
    first = LiveScorer(Settings())
    before = first.answer(rows.slice(0, position))
    state = checkpoint.LiveState(position, first.version, first.snapshot(), {}, (), 0)
    checkpoint.save(tmp_path, state)
    second = LiveScorer(Settings())
    second.answer(rows.slice(0, 7))  # what it knew before is replaced as a whole
    second.restore(checkpoint.load(checkpoint.kept(tmp_path)[-1]).scorer)
    after = second.answer(rows.slice(position))
    assert _joined([before, after]) == whole


def test_a_row_behind_the_engine_is_taken_in_after_it_and_says_how_late_it_came():
    rows = canonical(client_rows(3, seed=1))
    us = np.array([1_700_000_010_000_000, 1_700_000_000_000_000, 1_700_000_010_000_000])
    rows = rows.set_column(rows.column_names.index("ts"), "ts", pa.array(us))
    judged = LiveScorer(Settings()).answer(rows)
    assert judged.as_of_us.tolist() == [us[0], us[0] + 1, us[0] + 2]
    assert judged.late_by_us.tolist() == [0, 10_000_001, 2]


def test_a_row_beyond_the_lateness_bound_moves_no_clock():
    rows = canonical(client_rows(3, seed=1))
    us = np.array([1_700_000_010_000_000, 1_699_000_000_000_000, 1_700_000_020_000_000])
    rows = rows.set_column(rows.column_names.index("ts"), "ts", pa.array(us))
    judged = LiveScorer(Settings()).answer(rows)
    assert judged.as_of_us.tolist() == [us[0], us[0], us[2]]
    assert judged.late_by_us[1] == us[0] - us[1]


def test_reasons_have_the_columns_of_the_outputs_in_both_languages(rows):
    judged = LiveScorer(Settings()).answer(rows)
    told = [reason for reasons in judged.reasons for reason in reasons]
    assert told
    assert {tuple(reason) for reason in told} == {
        ("code", "family", "side", "value", "usual_low", "usual_high", "weight", "text", "text_zh")
    }
    assert all(reason["text"] and reason["text_zh"] for reason in told)


def test_a_state_with_other_parts_is_refused():
    scorer = LiveScorer(Settings())
    state = scorer.snapshot()
    missing = Snapshot({k: v for k, v in state.arrays.items() if "habits" not in k}, state.numbers)
    with pytest.raises(CheckpointError, match="replay"):
        LiveScorer(Settings()).restore(missing)
    more = Snapshot(state.arrays, {**state.numbers, "signals/_later": 1})
    with pytest.raises(CheckpointError, match="nothing takes"):
        LiveScorer(Settings()).restore(more)
