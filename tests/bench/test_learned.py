"""The bench of learned scoring learns from what it may see, and measures what is there."""

from __future__ import annotations

import json

import numpy as np
import pyarrow.parquet as pq
import pytest

from bench.around import Graph, earlier_months, other_labels, other_rows
from bench.learned import DATA_SETS, measure_all
from bench.trees import WAYS, f1_by_class, folds

STARS = "starscout-fake-stars"


def test_a_graph_gives_what_is_known_of_neighbours_and_not_of_the_node():
    graph = Graph.of(np.array([0, 0, 3, 1]), np.array([1, 2, 3, 2]), 5)
    value = np.array([1.0, 0.2, 0.6, 0.9, 0.0])
    assert graph.degree().tolist() == [2, 2, 2, 0, 0]
    assert graph.mean(value)[:3].tolist() == pytest.approx([0.4, 0.8, 0.6])
    assert graph.most(value)[:3].tolist() == [0.6, 1.0, 1.0]
    assert np.isnan([graph.mean(value)[3:], graph.most(value)[3:]]).all()


def test_the_label_of_a_node_reaches_none_of_its_own_columns():
    rng = np.random.default_rng(1)
    graph = Graph.of(rng.integers(0, 30, 90), rng.integers(0, 30, 90), 30)
    score, known, truth = rng.random(30), rng.random(30) < 0.5, rng.random(30) < 0.3
    known[7] = True
    turned = truth.copy()
    turned[7] = ~truth[7]
    before, after = (graph.suspicion(score, known, one, prior=0.2) for one in (truth, turned))
    changed = np.flatnonzero((before != after).any(axis=1))
    assert 7 not in changed
    assert set(changed) <= set(graph.near[graph.to == 7])


def test_other_rows_of_a_key_are_pooled_without_the_row():
    keys = {"account": np.array([0, 0, 1]), "item": np.array([0, 1, 1])}
    score = np.array([0.25, 0.5, 0.75])
    found = other_rows(keys, score[:, None], score, prior=0.5)
    assert found[:, 0].tolist()[:2] == pytest.approx([0.5, 0.25], abs=1e-6)
    assert np.isnan(found[2, 0])
    assert found[1:, 5].tolist() == pytest.approx([0.75, 0.5], abs=1e-6)
    labels = other_labels(keys, np.array([True, True, False]), np.ones(3, np.bool_), prior=0.5)
    # The first row shares its account with a known positive, its item with nobody.
    assert labels[0, 0] > 0
    assert labels[0, 1] == 0
    assert labels[2, 1] > 0


def test_a_month_sees_strictly_earlier_months_of_its_own_repository():
    repo, month = np.array([1, 1, 2, 1]), np.array([9, 7, 8, 8])
    found = earlier_months(repo, month, np.array([5.0, 10.0, 99.0, 30.0]))
    assert found[0].tolist() == [2, 20, 30, 30]
    assert found[3].tolist() == [1, 10, 10, 10]
    assert found[:, 0].tolist() == [2, 0, 0, 1]
    assert np.isnan(found[1:3, 1:]).all()


def test_folds_share_every_label_evenly():
    label = np.repeat([0, 1, 2], [50, 20, 30])
    fold = folds(label, 10, seed=3)
    for one in range(10):
        assert np.bincount(label[fold == one]).tolist() == [5, 2, 3]


def test_f1_is_told_of_every_class():
    label, chosen = np.array([0, 0, 1, 1]), np.array([0, 1, 1, 1])
    assert f1_by_class(chosen, label).tolist() == pytest.approx([2 / 3, 0.8])


def test_both_ways_learn_a_rule_and_repeat_it():
    rng = np.random.default_rng(2)
    columns = rng.random((1_200, 3))
    positive = columns[:, 1] > 0.7
    for way in WAYS:
        score = way.learn(columns[:900], positive[:900], columns[900:])
        assert ((score > 0.5) == positive[900:]).mean() > 0.95
        assert np.array_equal(score, way.learn(columns[:900], positive[:900], columns[900:]))


def test_what_is_absent_is_skipped_and_said(tmp_path):
    lines = measure_all(tmp_path, None, tmp_path / "learned.json")
    assert sum("skipped" in line for line in lines) == len(DATA_SETS)
    assert not (tmp_path / "learned.json").exists()


@pytest.mark.bench
def test_a_slice_of_public_data_is_learned_and_written(tmp_path, data):
    folder, results = tmp_path / STARS, tmp_path / "learned.json"
    folder.mkdir()
    for path in (data / STARS).glob("*.parquet"):
        table = pq.read_table(path)
        rows = np.random.default_rng(0).permutation(len(table))[:900]
        pq.write_table(table.take(np.sort(rows)), folder / path.name)
    results.write_text('{"tolokers": {"raw": {"value": 1}}}')
    measure_all(tmp_path, STARS, results)
    facts = json.loads(results.read_text())
    assert facts["tolokers"] == {"raw": {"value": 1}}
    stars = facts[STARS]
    assert stars["actors, three folds, raw columns, LightGBM as it comes: AUC"]["value"] > 0.7
    assert stars["later months, raw and earlier months, the product's trees: AUC"]["value"] > 0.8
