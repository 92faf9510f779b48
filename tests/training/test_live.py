"""A model in the live service: at once, settled, and after a restart."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from zhenzan.counts.ledger import CountLedger
from zhenzan.errors import CheckpointError
from zhenzan.live import checkpoint, open_service
from zhenzan.live.folders import SETTLED
from zhenzan.live.scorer import Facts, Judged, LiveScorer
from zhenzan.live.settler import settle
from zhenzan.scoring.learned.model import load_model
from zhenzan.scoring.learned.store import explain_like
from zhenzan.settings import Settings
from zhenzan.store.engine import open_store
from zhenzan.testing.rows import canonical

SETTINGS = replace(Settings(), ahead_s=10**8)
ROWS = 9_000


@pytest.fixture(scope="module")
def given(platform) -> list[dict[str, object]]:
    log = platform.simulation.interactions.sort_by([("ts", "ascending"), ("event_id", "ascending")])
    rows = log.slice(0, ROWS).to_pylist()
    for row in rows:
        row["ts"] = row["ts"].isoformat()
    return [{k: v for k, v in row.items() if v is not None} for row in rows]


@pytest.fixture(scope="module")
def model(models) -> Path:
    return next((models / "versions").iterdir())


@pytest.fixture(scope="module")
def rows(given) -> pa.Table:
    return canonical(given)


@pytest.fixture
def ledger(tmp_path) -> Iterator[CountLedger]:
    store = open_store(tmp_path / "counts.db")
    yield CountLedger(store)
    store.close()


def answers(scorer: LiveScorer, rows: pa.Table, cuts: list[int]) -> list[Judged]:
    bounds = [0, *cuts, rows.num_rows]
    pairs = itertools.pairwise(bounds)
    return [scorer.answer(rows.slice(low, high - low)) for low, high in pairs if high > low]


def told(parts: list[Judged]) -> tuple[bytes, bytes, list[object]]:
    return (
        np.concatenate([part.score for part in parts]).tobytes(),
        np.concatenate([part.states for part in parts]).tobytes(),
        [reasons for part in parts for reasons in part.reasons],
    )


@pytest.fixture(scope="module")
def whole(rows, model) -> list[Judged]:
    return [LiveScorer(SETTINGS, Facts(model=model)).answer(rows)]


def test_a_model_never_lowers_what_the_evidence_says_at_once(rows, whole):
    alone = LiveScorer(SETTINGS).answer(rows)
    assert (whole[0].score >= alone.score).all()
    assert (whole[0].states >= alone.states).all()
    assert (whole[0].score > alone.score).any()
    assert whole[0].reasons != alone.reasons


def test_no_answer_with_a_model_depends_on_how_the_journal_is_cut(rows, model, whole):
    rng = np.random.default_rng(1)
    cuts = np.sort(rng.choice(np.arange(1, rows.num_rows), 40, replace=False)).tolist()
    assert told(answers(LiveScorer(SETTINGS, Facts(model=model)), rows, cuts)) == told(whole)


def test_a_scorer_with_a_model_goes_on_from_a_checkpoint(rows, model, whole, tmp_path):
    first = LiveScorer(SETTINGS, Facts(model=model))
    before = first.answer(rows.slice(0, 4_000))
    checkpoint.save(
        tmp_path, checkpoint.LiveState(4_000, first.version, first.snapshot(), {}, (), 0)
    )
    second = LiveScorer(SETTINGS, Facts(model=model))
    second.restore(checkpoint.load(checkpoint.kept(tmp_path)[-1]).scorer)
    assert told([before, second.answer(rows.slice(4_000))]) == told(whole)


def test_a_state_without_a_model_is_not_one_with_it(rows, model):
    alone, taught = LiveScorer(SETTINGS), LiveScorer(SETTINGS, Facts(model=model))
    assert alone.version != taught.version
    with pytest.raises(CheckpointError):
        taught.restore(alone.snapshot())


def test_settled_answers_hear_the_model_and_can_be_explained(given, model, ledger, tmp_path: Path):
    facts, settings = Facts(model=model), replace(SETTINGS, follow_up_s=600)
    service = open_service(tmp_path / "live", settings, ledger, facts=facts)
    for start in range(0, len(given), 1_000):
        service.submit(given[start : start + 1_000]).result(60)
    assert service.health()["model"] == load_model(model).version
    service.close_segment()
    service.close()
    assert settle(tmp_path / "live", settings, ledger, facts=facts).likes > 0
    outputs = tmp_path / "live" / SETTLED
    likes = pq.read_table(outputs / "likes.parquet", columns=["event_id", "score"])
    first = likes.sort_by([("score", "descending")])["event_id"].to_pylist()[:20]
    found = [explain_like(outputs, name, models=None) for name in first]
    assert {one.version for one in found} == {load_model(model).version}
    # None: the evidence alone was the stronger answer.
    assert {one.same for one in found} <= {True, None}


def test_a_service_that_gets_a_model_at_a_restart_keeps_what_it_answered(
    given, model, ledger, tmp_path: Path
):
    service = open_service(tmp_path / "live", SETTINGS, ledger)
    first = service.submit(given[:1_000]).result(60)
    service.close()
    service = open_service(tmp_path / "live", SETTINGS, ledger, facts=Facts(model=model))
    again = service.submit(given[:1_000]).result(60)
    service.close()
    assert [(a.event_id, a.score, a.count_state) for a in again] == [
        (a.event_id, a.score, a.count_state) for a in first
    ]
