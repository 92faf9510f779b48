"""Honest harm is measured on likes that counted whatever their score."""

from __future__ import annotations

import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from zhenzan.cli.models import harm
from zhenzan.clock import generator
from zhenzan.errors import SchemaError, SourceError
from zhenzan.training.harm import exact_interval, measure_harm
from zhenzan.training.truth import Verdicts


def write_holdout(path, states):
    ids = [f"e{number}" for number in range(len(states))]
    pq.write_table(pa.table({"event_id": ids, "count_state": states}), path)
    return ids


def verdicts(words):
    return Verdicts(
        pa.array(list(words), pa.string()),
        np.array(list(words.values()), np.bool_),
        np.zeros(len(words), np.int64),
        "outcomes",
    )


def test_the_honest_share_of_what_would_be_excluded_is_told_with_its_interval(tmp_path):
    ids = write_holdout(
        tmp_path / "h.parquet", ["excluded"] * 50 + ["held"] * 50 + ["counted"] * 900
    )
    said = {name: number >= 2 for number, name in enumerate(ids[:40])}
    excluded, held = measure_harm(tmp_path / "h.parquet", verdicts(said))
    assert (excluded.in_state, excluded.reviewed, excluded.honest) == (50, 40, 2)
    assert excluded.share == 0.05
    assert excluded.of_all == pytest.approx(0.05 * 50 / 1_000)
    assert excluded.low < 0.05 < excluded.high
    assert (held.share, held.low, held.high) == (None, 0.0, 1.0)


def test_the_last_word_about_a_like_counts(tmp_path):
    write_holdout(tmp_path / "h.parquet", ["excluded"])
    said = Verdicts(pa.array(["e0", "e0"]), np.array([True, False]), np.array([1, 2]), "outcomes")
    assert measure_harm(tmp_path / "h.parquet", said)[0].honest == 1


def test_the_interval_holds_the_truth_as_often_as_it_says():
    draws = generator(3).binomial(40, 0.1, 2_000)
    held = [low <= 0.1 <= high for low, high in (exact_interval(int(hits), 40) for hits in draws)]
    assert np.mean(held) >= 0.95


def test_the_command_reads_a_run_and_outcomes(tmp_path, capsys):
    ids = write_holdout(tmp_path / "h.parquet", ["excluded"] * 4)
    outcomes = {
        "event_id": ids, "outcome": ["authentic", "inauthentic", "inauthentic", "appeal_upheld"],
        "decided_at": pa.array([1] * 4, pa.timestamp("us", tz="UTC")),
    }  # fmt: skip
    pq.write_table(pa.table(outcomes), tmp_path / "o.parquet")
    harm(tmp_path / "h.parquet", tmp_path / "o.parquet", as_json=True)
    assert json.loads(capsys.readouterr().out)[0]["share"] == 0.5
    harm(tmp_path / "h.parquet", tmp_path / "o.parquet")
    assert "50.00% honest" in capsys.readouterr().out


def test_what_is_no_holdout_is_refused(tmp_path):
    with pytest.raises(SourceError, match="holdout_share"):
        measure_harm(tmp_path / "none.parquet", verdicts({}))
    pq.write_table(pa.table({"event_id": ["a"]}), tmp_path / "x.parquet")
    with pytest.raises(SchemaError, match="no hold-out"):
        measure_harm(tmp_path / "x.parquet", verdicts({}))
