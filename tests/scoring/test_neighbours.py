"""Measures of neighbours equal a naive count, and read nothing from the future."""

from __future__ import annotations

import numpy as np
import pytest

from zhenzan.clock import HOUR_US
from zhenzan.scoring.context import RunningContext, grained, most_around, shift
from zhenzan.scoring.neighbours import NEAR, RunningNeighbours, settled_neighbours
from zhenzan.traces.order import by_key

PRIOR = 0.03
HALF_LIFE_US = 12 * HOUR_US


def stream(rows: int = 300):
    rng = np.random.default_rng(3)
    ts = np.sort(rng.integers(0, 60, rows)) * HOUR_US // 4 + 1  # many peers
    keys = {
        name: rng.integers(-1, size, rows).astype(np.int32)
        for name, size in (("item", 12), ("account", 40), ("device", 30), ("block", 9))
    }
    return {"ts": ts.astype(np.int64), **keys}, grained(rng.random(rows))


def running(likes, probability, cuts=()):
    contexts = {key: RunningContext() for key in ("item", "account", "device")}
    near = RunningNeighbours()
    parts = []
    for rows in np.split(np.arange(len(probability)), cuts):
        part = {name: column[rows] for name, column in likes.items()}
        company = {
            key: context.update_with_most(part["ts"], part[key], probability[rows])
            for key, context in contexts.items()
        }
        parts.append(near.update(part, company, probability[rows], prior=PRIOR))
    return np.concatenate(parts)


def naive_direct(likes, probability, key, row):
    code = likes[key][row]
    before = np.flatnonzero((likes[key] == code) & (likes["ts"] < likes["ts"][row]))
    if code < 0 or not len(before):
        return np.nan, np.nan
    fade = 0.5 ** ((likes["ts"][row] - likes["ts"][before]) / HALF_LIFE_US)
    weight = {"item": 8.0, "account": 4.0, "device": 4.0, "block": 8.0}[key]
    suspected = np.array([(fade * probability[before]).sum()])
    mean = shift(suspected, np.array([fade.sum()]), prior=PRIOR, weight=weight)[0]
    return mean, (fade * probability[before]).max()


def naive_hop(likes, probability, key, of, row):
    code = likes[key][row]
    before = np.flatnonzero((likes[key] == code) & (likes["ts"] < likes["ts"][row]))
    if code < 0 or not len(before):
        return np.nan
    fade = 0.5 ** ((likes["ts"][row] - likes["ts"][before]) / HALF_LIFE_US)
    record = [np.nan_to_num(naive_direct(likes, probability, of, one)[0]) for one in before]
    return (fade * np.array(record)).sum() / fade.sum()


def test_running_measures_equal_a_naive_count():
    likes, probability = stream()
    found = running(likes, probability)
    for row in range(len(probability)):
        wanted = []
        for key in ("item", "account", "device", "block"):
            wanted += naive_direct(likes, probability, key, row)
        wanted.append(naive_hop(likes, probability, "item", "account", row))
        wanted.append(naive_hop(likes, probability, "device", "item", row))
        assert np.allclose(found[row], wanted, rtol=1e-4, atol=1e-4, equal_nan=True), row


def test_the_future_changes_nothing_at_once():
    likes, probability = stream()
    whole = running(likes, probability)
    half = int(np.searchsorted(likes["ts"], likes["ts"][150]))
    first = running({name: column[:half] for name, column in likes.items()}, probability[:half])
    assert np.array_equal(whole[:half], first, equal_nan=True)


def test_cuts_of_the_stream_change_nothing():
    likes, probability = stream()
    cuts = [int(np.searchsorted(likes["ts"], likes["ts"][row])) for row in (60, 200)]
    parts = running(likes, probability, cuts)
    assert np.allclose(running(likes, probability), parts, equal_nan=True)


@pytest.mark.parametrize("reach_us", [0, HOUR_US, 10 * HOUR_US])
def test_the_most_suspicious_neighbour_equals_a_naive_search(reach_us):
    likes, probability = stream()
    ts, key = likes["ts"], likes["item"]
    found = most_around(ts, key, probability, order=by_key(ts, key), reach_us=reach_us)
    for row in range(len(ts)):
        near = (key == key[row]) & (np.abs(ts - ts[row]) <= reach_us)
        near[row] = False
        wanted = probability[near].max(initial=0.0) if key[row] >= 0 else 0.0
        assert found[row] == wanted


def test_renamed_codes_change_no_settled_measure():
    likes, _ = stream()
    rng = np.random.default_rng(1)
    own = rng.normal(-3, 1, len(likes["ts"]))
    nats = rng.normal(0, 0.5, (len(own), 6)).astype(np.float32)
    found = settled_neighbours(likes, own, nats, prior=PRIOR)
    renamed = dict(likes)
    for name in ("item", "account", "device", "block"):
        order = rng.permutation(60).astype(np.int32)
        renamed[name] = np.where(likes[name] >= 0, order[likes[name]], -1).astype(np.int32)
    assert np.array_equal(
        found, settled_neighbours(renamed, own, nats, prior=PRIOR), equal_nan=True
    )
    assert found.shape[1] == len(NEAR)
