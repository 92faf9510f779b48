"""The measure itself is measured: against naive versions and against cases counted by hand."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zhenzan.errors import SchemaError
from zhenzan.scoring.evaluation import (
    average_precision,
    calibration_error,
    evaluate,
    recall_at_harm,
)

START = datetime(2026, 3, 2, tzinfo=UTC)


def naive_average_precision(score, positive):
    total, area, recall_before = sum(positive), 0.0, 0.0
    for threshold in sorted(set(score), reverse=True):
        chosen = [truth for value, truth in zip(score, positive, strict=True) if value >= threshold]
        recall = sum(chosen) / total
        area += (recall - recall_before) * sum(chosen) / len(chosen)
        recall_before = recall
    return area


def naive_recall(honest, inauthentic, harm):
    best = 0.0
    for threshold in [*sorted({*honest, *inauthentic}), float("inf")]:
        if sum(value >= threshold for value in honest) <= harm * len(honest) + 1e-9:
            best = max(best, sum(value >= threshold for value in inauthentic) / len(inauthentic))
    return best


scores = st.integers(0, 6).map(lambda step: step / 6)


@given(st.lists(st.tuples(scores, st.booleans()), min_size=1, max_size=60))
def test_average_precision_equals_the_naive_one_with_ties(rows):
    score, positive = zip(*rows, strict=True)
    if not any(positive):
        return
    measured = average_precision(np.array(score), np.array(positive))
    assert measured == pytest.approx(naive_average_precision(score, positive))


@given(
    st.lists(scores, min_size=1, max_size=40),
    st.lists(scores, min_size=1, max_size=40),
    st.sampled_from([0.0, 0.05, 0.1, 0.5, 1.0]),
)
def test_recall_at_harm_equals_the_best_threshold_found_by_trying_all(honest, inauthentic, harm):
    measured = recall_at_harm(np.array(honest), np.array(inauthentic), harm=harm)
    assert measured == pytest.approx(naive_recall(honest, inauthentic, harm))


def test_average_precision_does_not_depend_on_the_order_of_equal_scores():
    score = np.array([0.5, 0.5, 0.5, 0.1])
    first = average_precision(score, np.array([True, False, False, True]))
    assert first == average_precision(score, np.array([False, False, True, True]))


def test_nothing_positive_has_no_average_precision():
    assert np.isnan(average_precision(np.array([0.5]), np.array([False])))


def test_calibration_error_is_zero_for_scores_that_are_true():
    score = np.array([0.25, 0.25, 0.25, 0.25, 0.75, 0.75, 0.75, 0.75])
    truth = np.array([True, False, False, False, True, True, True, False])
    assert calibration_error(score, truth) == pytest.approx(0.0)
    assert calibration_error(np.array([1.0, 1.0]), np.array([False, False])) == pytest.approx(1.0)


def small_case():
    """Six honest likes (two of a twin), four ordered ones of two groups, one camouflage like."""
    rows = [
        # id, second, score, at once, state, at once, role, attack, stealth, twin, group
        ("h1", 0, 0.1, 0.1, "counted", "counted", "honest", None, None, None, None),
        ("h2", 1, 0.2, 0.1, "counted", "held", "honest", None, None, None, None),
        ("h3", 2, 0.1, 0.1, "counted", "counted", "honest", None, None, None, None),
        ("h4", 3, 0.3, 0.1, "counted", "counted", "honest", None, None, None, None),
        ("t1", 4, 0.95, 0.6, "excluded", "held", "honest", None, None, "dormitory", None),
        ("t2", 5, 0.4, 0.2, "counted", "counted", "honest", None, None, "dormitory", None),
        ("a1", 10, 0.9, 0.1, "excluded", "counted", "attack", "farm", "crude", None, "g1"),
        ("a2", 40, 0.99, 0.8, "excluded", "held", "attack", "farm", "crude", None, "g1"),
        ("a3", 50, 0.6, 0.1, "held", "counted", "attack", "drip", "stealthy", None, "g2"),
        ("a4", 60, 0.2, 0.1, "counted", "counted", "attack", "drip", "stealthy", None, "g2"),
        ("c1", 70, 0.99, 0.9, "excluded", "excluded", "camouflage", "farm", "crude", None, "g1"),
    ]
    names = ["event_id", "ts", "score", "score_at_once", "count_state", "count_state_at_once"]
    names += ["role", "attack", "stealth", "twin", "group_id"]
    table = {name: [row[place] for row in rows] for place, name in enumerate(names)}
    likes = pa.table(
        {
            "event_id": table["event_id"],
            "ts": pa.array(
                [START + timedelta(seconds=second) for second in table["ts"]],
                pa.timestamp("us", tz="UTC"),
            ),
            "score": pa.array(table["score"], pa.float32()),
            "score_at_once": pa.array(table["score_at_once"], pa.float32()),
            "count_state": pa.array(table["count_state"]).dictionary_encode(),
            "count_state_at_once": pa.array(table["count_state_at_once"]).dictionary_encode(),
        }
    )
    labels = pa.table(
        {
            "event_id": [*reversed(table["event_id"]), "a view"],
            "is_inauthentic": [*(role == "attack" for role in reversed(table["role"])), False],
            **{
                name: pa.array([*reversed(table[name]), None], pa.string())
                for name in ("attack", "stealth", "twin", "group_id")
            },
            "role": [*reversed(table["role"]), "honest"],
        }
    )
    return likes, labels


def test_camouflage_stands_on_neither_side():
    result = evaluate(*small_case())
    assert (result.likes, result.likes_honest) == (11, 6)
    assert (result.likes_inauthentic, result.likes_camouflage) == (4, 1)
    assert result.overall.likes == 4
    assert result.harm.likes == 6


def test_harm_is_told_for_everybody_and_for_each_twin():
    result = evaluate(*small_case())
    assert result.harm.excluded == pytest.approx(1 / 6)
    assert result.harm.held_at_once == pytest.approx(2 / 6)
    (dormitory,) = result.twins
    assert (dormitory.twin, dormitory.likes, dormitory.excluded) == ("dormitory", 2, 0.5)


def test_each_attack_is_measured_alone_against_all_honest_likes():
    result = evaluate(*small_case())
    drip, farm = result.attacks
    assert (farm.attack, farm.stealth, farm.likes, farm.excluded) == ("farm", "crude", 2, 1.0)
    assert farm.recall["0.10%"] == 0.5  # one honest like scores 0.95
    assert drip.average_precision == pytest.approx((1 / 2 + 2 / 6) / 2)


def test_delay_runs_from_the_first_like_of_a_group_to_the_first_not_counted_at_once():
    result = evaluate(*small_case())
    drip, farm = result.attacks
    assert (farm.delay_s, farm.groups, farm.groups_missed) == (30.0, 1, 0)
    assert (drip.delay_s, drip.groups, drip.groups_missed) == (None, 1, 1)


def test_the_evaluation_is_a_table_for_people_and_valid_json_for_programs():
    result = evaluate(*small_case())
    assert "dormitory" in result.text() and "R@0.10%" in result.text()
    assert json.loads(json.dumps(result.as_dict(), allow_nan=False))["likes"] == 11


def test_likes_without_a_label_are_counted_and_left_out():
    likes, labels = small_case()
    result = evaluate(likes, labels.filter(pa.compute.not_equal(labels["event_id"], "h1")))
    assert (result.likes, result.likes_unlabelled) == (10, 1)


def test_a_missing_column_is_named_with_the_nearest_one():
    likes, labels = small_case()
    with pytest.raises(SchemaError, match=r"no column `stealth`"):
        evaluate(likes, labels.drop_columns(["stealth"]))


def test_labels_of_another_log_are_refused():
    likes, labels = small_case()
    with pytest.raises(SchemaError, match="no scored like has a label"):
        evaluate(likes, labels.slice(len(labels) - 1))


def test_a_run_without_any_attack_has_harm_but_no_recall():
    likes, labels = small_case()
    keep = pa.compute.equal(labels["role"], "honest")
    result = evaluate(likes, labels.filter(keep))
    assert result.attacks == ()
    assert result.as_dict()["overall"]["average_precision"] is None
