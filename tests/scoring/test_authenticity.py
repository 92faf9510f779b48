"""Authentic engagement: fixtures A and B, and the promises at the top of the module."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zhenzan.scoring.authenticity import (
    COMPONENTS,
    LIKE_STEP_MAX,
    LIKE_WEIGHT_MAX,
    WEIGHTS,
    authentic_engagement,
    learn_usual,
)

COUNTS = ("favorites", "carts", "purchases", "repurchases", "shares", "likes_verified_buyer")


def shop(rows: int = 60, *, seed: int = 7) -> dict[str, object]:
    """Make honest items of two categories."""
    rng = np.random.Generator(np.random.PCG64(seed))
    views = rng.integers(200, 60_000, rows).astype(float)
    dwell_views = np.floor(views * 0.9)
    columns: dict[str, object] = {
        "category": np.where(np.arange(rows) % 2 == 0, "home", "beauty").tolist(),
        "views": views,
        "dwell_ms_sum": dwell_views * rng.normal(9_000, 900, rows),
        "dwell_views": dwell_views,
        "completion_sum": dwell_views * rng.uniform(0.3, 0.6, rows),
        "completion_views": dwell_views,
        "comments": rng.poisson(views * 0.02).astype(float),
        "likes_counted": rng.poisson(views * 0.08).astype(float),
        "refunds": np.zeros(rows),
    }
    columns["comment_texts_distinct"] = np.floor(np.asarray(columns["comments"]) * 0.9)
    columns["comment_chars_sum"] = np.asarray(columns["comments"]) * 24.0
    for name, rate in zip(COUNTS, (0.03, 0.02, 0.01, 0.002, 0.006, 0.003), strict=True):
        columns[name] = rng.poisson(views * rate).astype(float)
    return columns


def with_rows(columns: dict[str, object], rows: list[dict[str, object]]) -> dict[str, object]:
    return {
        name: list(np.asarray(values, dtype=object)) + [row.get(name) for row in rows]
        for name, values in columns.items()
    }


def scores(columns: dict[str, object], **options: object) -> np.ndarray:
    table = authentic_engagement(columns, **options)  # type: ignore[arg-type]
    return table["authentic_engagement"].to_numpy()


@pytest.mark.parametrize("views_a", [6_000, 25_000, 100_000, 1_000_000])
@pytest.mark.parametrize("likes_a", [300, 5_000])
def test_fixture_b_outranks_fixture_a(views_a: int, likes_a: int) -> None:
    # S0-18, S0-19: A has 5,000+ likes and converts under 0.5 %, B has 800+ and converts 3.2 %.
    a = {"category": "home", "views": views_a, "purchases": int(views_a * 0.0045)}
    b = {"category": "home", "views": 25_000, "purchases": 800}
    columns = with_rows(shop(), [a | {"likes_counted": likes_a}, b | {"likes_counted": 800}])
    result = scores(columns)
    assert result[-1] > result[-2] + 5


def test_fixture_b_outranks_fixture_a_with_nothing_else_in_the_log() -> None:
    columns = {
        "category": ["home", "home"],
        "views": [100_000, 25_000],
        "purchases": [450, 800],
        "likes_counted": [5_000, 800],
    }
    low, high = scores(columns)
    assert high > low


def test_score_and_components_stay_in_their_ranges() -> None:
    table = authentic_engagement(shop())
    assert table.column_names == ["authentic_engagement", *COMPONENTS]
    score = table["authentic_engagement"].to_numpy()
    assert ((score > 0) & (score < 100)).all()
    for name in COMPONENTS:
        part = table[name].to_numpy()
        assert ((part > 0) & (part < 1)).all(), name


def test_weights_sum_to_one_and_the_like_is_capped() -> None:
    assert sum(WEIGHTS.values()) == pytest.approx(1)
    assert WEIGHTS["like"] <= LIKE_WEIGHT_MAX == 0.10


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from([*COUNTS, "likes_counted", "dwell_ms_sum", "completion_sum", "comments_more"]),
    st.integers(0, 59),
    st.floats(1, 5_000),
)
def test_more_of_an_honest_input_never_lowers_the_score(name: str, row: int, more: float) -> None:
    before = shop()
    usual = learn_usual(before)
    after = {key: np.array(values, copy=True) for key, values in before.items()}
    if name == "comments_more":
        for column, step in (("comments", 1), ("comment_texts_distinct", 1)):
            after[column][row] += step
        after["comment_chars_sum"][row] += 1
    else:
        after[name][row] += more
    for options in ({"usual": usual}, {}):
        low, high = scores(before, **options)[row], scores(dict(after), **options)[row]
        assert high >= low - 1e-9


def test_refunds_lower_the_score() -> None:
    before = shop()
    usual = learn_usual(before)
    after = dict(before) | {"refunds": np.full(60, 3.0)}
    assert (scores(after, usual=usual) <= scores(before, usual=usual)).all()


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 500_000), st.integers(0, 100_000), st.booleans())
def test_one_like_moves_a_score_by_less_than_the_stated_bound(
    likes: int, views: int, alone: bool
) -> None:
    # S2-02: bounded influence, whatever the item's size and whatever else is known.
    usual = learn_usual(shop())
    row: dict[str, object] = {"category": ["home"] * 2, "views": [views] * 2}
    row["likes_counted"] = [likes, likes + 1]
    row["purchases"] = [3, 3]
    if not alone:
        row["comments"] = [9, 9]
    before, after = scores(row, usual=usual)
    assert 0 <= after - before < LIKE_STEP_MAX


def test_row_order_and_ids_carry_no_information() -> None:
    columns = shop()
    order = np.random.Generator(np.random.PCG64(1)).permutation(60)
    moved = {
        name: list(np.asarray(values, dtype=object)[order]) for name, values in columns.items()
    }
    np.testing.assert_array_equal(scores(columns)[order], scores(moved))
    renamed = dict(columns) | {"category": [f"z{c}" for c in columns["category"]]}  # type: ignore[attr-defined]
    np.testing.assert_array_equal(scores(columns), scores(renamed))


@pytest.mark.parametrize("missing", ["dwell_ms_sum", "completion_sum", "comments", "carts"])
def test_a_missing_input_is_left_out_and_not_held_against_the_item(missing: str) -> None:
    columns = shop()
    less = {name: values for name, values in columns.items() if name != missing}
    np.testing.assert_allclose(scores(less).mean(), scores(columns).mean(), atol=6)
    one = {name: list(np.asarray(values, dtype=object)) for name, values in columns.items()}
    one[missing][0] = None
    assert np.isfinite(scores(one)[0])


def test_likes_alone_say_nothing_about_authentic_engagement() -> None:
    table = authentic_engagement({"category": ["home"] * 3, "likes_counted": [5, 500, 50_000]})
    assert table["authentic_engagement"].null_count == 3


def test_an_empty_log_gives_an_empty_table() -> None:
    assert authentic_engagement({"category": [], "views": []}).num_rows == 0


def test_small_items_stay_near_usual_and_one_huge_item_does_not_move_the_rest() -> None:
    small = {"category": "home", "views": 4, "purchases": 1, "likes_counted": 1}
    table = authentic_engagement(with_rows(shop(), [small]))
    assert 0.4 < table["follow_up"][-1].as_py() < 0.6
    huge = {"category": "home", "views": 10, "purchases": 1e9, "likes_counted": 1e9}
    moved = scores(with_rows(shop(), [huge]))[:60] - scores(shop())
    assert np.abs(moved).max() < 3


def test_repeated_comments_count_once() -> None:
    columns = shop()
    usual = learn_usual(columns)
    copied = {name: np.array(values, copy=True) for name, values in columns.items()}
    copied["comments"] += 5_000
    copied["comment_chars_sum"] += 5_000 * 24
    gain = authentic_engagement(dict(copied), usual)["comment"].to_numpy()
    assert np.abs(gain - authentic_engagement(columns, usual)["comment"].to_numpy()).max() < 0.05


def test_a_content_penalty_lowers_the_score_in_proportion() -> None:
    penalty = np.zeros(60)
    penalty[0] = 0.25
    ratio = scores(shop(), penalty=penalty) / scores(shop())
    assert ratio[0] == pytest.approx(0.75)
    assert ratio[1:] == pytest.approx(1.0)


def test_arrow_tables_and_mappings_give_the_same_scores() -> None:
    columns = shop()
    np.testing.assert_array_equal(scores(pa.table(columns)), scores(columns))  # type: ignore[arg-type]
