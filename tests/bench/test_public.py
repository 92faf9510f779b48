"""The bench on public data measures what is there, says what is not, and writes figures only."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from bench.benign import acted_together, clusters
from bench.foreign import Rows, answers, at_once
from bench.labelled import accused_accounts, growth_surprise, months_before, yelpchi
from bench.public import DATA_SETS, measure_all
from zhenzan.groups.schema import no_groups

DAY_S = 86_400
START_S = 1_600_000_000


def retweets(folder: Path) -> Path:
    """Write 1,500 retweets at random, and two accounts that retweet together six times."""
    rng = np.random.default_rng(4)
    account = np.concatenate([rng.integers(10, 300, 1_500), np.tile([1, 2], 6)])
    item = np.concatenate([rng.integers(0, 200, 1_500), np.repeat(np.arange(200, 206), 2)])
    together = START_S + np.repeat(np.arange(6) * DAY_S, 2) + np.tile([0, 20], 6)
    ts = np.concatenate([START_S + rng.integers(0, 9 * DAY_S, 1_500), together])
    folder.mkdir(parents=True)
    path = folder / "retweets.parquet"
    columns = {"account": account, "object": item, "content": item, "ts": ts}
    pq.write_table(pa.table(columns), path)
    return path


def test_pairs_that_act_together_are_found_with_the_level_of_the_data_set(tmp_path):
    path = retweets(tmp_path / "log")
    assert acted_together(path, item="object") == [("1", "2")]
    assert acted_together(path, item="object", where="account <> 2") == []


def test_pairs_hang_together_in_clusters_whatever_their_order():
    pairs = [("a", "b"), ("d", "e"), ("c", "d"), ("b", "c"), ("x", "y")]
    for order in (pairs, pairs[::-1]):
        assert sorted(map(sorted, clusters(order))) == [list("abcde"), list("xy")]


def test_a_month_is_compared_with_the_one_before_of_the_same_repository():
    repo, month = np.array([1, 1, 1, 2], np.int32), np.array([5, 6, 8, 6])
    stars = np.array([10, 20, 30, 40])
    assert months_before(repo, month, stars).tolist() == [0, 10, 0, 0]


def test_a_month_that_grows_beyond_its_peers_is_the_most_surprising():
    stars = np.concatenate([np.full(30, 10), [200]])
    month, before = np.full(31, 7), np.full(31, 10)
    surprise = growth_surprise(month, stars, before, np.full(31, 4.0))
    assert surprise.argmax() == 30
    assert not surprise[:30].any()


def test_what_is_absent_is_skipped_and_said(tmp_path):
    lines = measure_all(tmp_path, None, tmp_path / "public.json")
    assert len(lines) == len(DATA_SETS)
    assert all("skipped" in line for line in lines)
    assert not (tmp_path / "public.json").exists()


@pytest.mark.bench
def test_answers_come_in_the_order_of_the_rows():
    rng = np.random.default_rng(5)
    # Out of time order, so that the answers must be brought back.
    ts = rng.permutation(START_S * 1_000_000 + np.arange(600) * 60_000_000)
    rows = Rows(ts, rng.integers(0, 60, 600), rng.integers(0, 30, 600))
    order = rng.permutation(600)
    moved = Rows(rows.ts[order], rows.account[order], rows.item[order])
    assert np.array_equal(answers(moved).score, answers(rows).score[order])
    score, signals, _ = at_once(rows, signals=("like_rate",))
    assert np.allclose(score, answers(rows).score_at_once)
    window = [
        ((rows.account == rows.account[row]) & (ts <= ts[row]) & (ts >= ts[row] - 3_600_000_000))
        for row in range(600)
    ]
    assert signals["like_rate"].tolist() == [float(seen.sum()) for seen in window]


@pytest.mark.bench
def test_a_data_set_is_measured_and_earlier_figures_stay(tmp_path):
    retweets(tmp_path / "coortweet-russian")
    results = tmp_path / "public.json"
    results.write_text('{"yelpchi": {"reviews": {"value": 1}}}')
    lines = measure_all(tmp_path, "coortweet-russian", results)
    facts = json.loads(results.read_text())
    assert facts["coortweet-russian"]["likes"] == {"value": 1_512}
    assert facts["coortweet-russian"]["natural clusters"] == {"value": 1}
    assert facts["yelpchi"] == {"reviews": {"value": 1}}
    assert list(facts) == ["machine", "yelpchi", "coortweet-russian"]
    assert any("likes held" in line for line in lines)


@pytest.mark.bench
def test_labels_are_joined_to_the_accounts_that_have_them(tmp_path):
    rng = np.random.default_rng(6)
    user = np.repeat(np.arange(200), 4)
    product = np.concatenate([rng.choice(30, 4, replace=False) for _ in range(200)])
    spam = user % 10 == 0
    columns = {"user": user.astype(np.int32), "product": product.astype(np.int16), "is_spam": spam}
    folder = tmp_path / "yelpchi"
    folder.mkdir()
    pq.write_table(pa.table(columns), folder / "reviews.parquet")
    users = {"user": np.arange(200, dtype=np.int32), "is_spammer": np.arange(200) % 10 == 0}
    pq.write_table(pa.table(users), folder / "users.parquet")
    told = {figure.what: figure.value for figure in yelpchi(folder)}
    # Everybody wrote four reviews, so that their number tells nobody apart.
    assert told["reviews, few reviews alone: AUC"] == pytest.approx(0.5)
    assert told["users, few reviews alone: AP"] == pytest.approx(0.1)


def test_accounts_of_benign_groups_are_not_accused():
    groups = no_groups()
    sides = [{"group_id": "farm", "benign": False}, {"group_id": "club", "benign": True}]
    members = [("farm", 1), ("farm", 4), ("club", 2), ("club", 4)]
    found = replace(
        groups,
        groups=pa.Table.from_pylist(sides),
        members=pa.Table.from_pylist([{"group_id": g, "account": a} for g, a in members]),
    )
    assert np.flatnonzero(accused_accounts(found, count=6)).tolist() == [1, 4]
