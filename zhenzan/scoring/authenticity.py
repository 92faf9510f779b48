"""Authentic engagement: 0 to 100 per item, with likes as one small, capped input.

Input: one row per item, a ``pyarrow.Table`` or a mapping of equally long arrays. Columns:

=========================  ==================================================================
``category``               string; usual values are learned in it (null: over the whole log)
``views``                  count of view interactions
``dwell_ms_sum``           milliseconds, over views whose dwell is known
``dwell_views``            count of views whose dwell is known
``completion_sum``         sum of completion, each 0 to 1, over views where it is known
``completion_views``       count of views whose completion is known
``comments``               count of comment interactions
``comment_chars_sum``      characters, over comments with text
``comment_texts_distinct`` count of different non-empty comment texts
``shares``                 count of share interactions
``favorites``              count of favorite interactions
``carts``                  count of cart interactions
``purchases``              count of purchase interactions
``repurchases``            count of purchases by an account that bought from the same merchant
                           before (the same item where the log names no merchant)
``refunds``                count of refund interactions
``likes_counted``          count of likes whose count state is counted, campaign likes left out
``likes_verified_buyer``   those of them whose account bought the item before liking it
=========================  ==================================================================

A column may be absent, and a value null: missing is not negative (design rule 3, S2-25). The
component is left out and the weights of the others are scaled up.

Every component compares what was observed (s) with what is usual in the category for the same
exposure (E), shrunk by K pseudo-observations: ``(s + K) / (s + E + 2 K)``. It is 0.5 at the
usual value, grows with s, stays inside 0 to 1, and moves by less than ``1 / (4 K)`` when s grows
by one: with a = E + K the step is at most a / ((a + K)(a + K + 1)), and a / (a + K)^2 <= 1/(4K).
So one like moves the score by less than ``LIKE_STEP_MAX`` points (S2-02).
Sources: S0-33, S0-34, S2-25, S3-22, S3-26, S3-29; tension T8.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

F64 = NDArray[np.float64]

WEIGHTS_VERSION = 1
WEIGHTS: dict[str, float] = {
    "dwell": 0.15,
    "completion": 0.10,
    "comment": 0.15,
    "follow_up": 0.25,
    "repurchase": 0.15,
    "verified_buyer": 0.10,
    "like": 0.10,
}
"""The public weight table (S3-26). A change raises ``WEIGHTS_VERSION``."""

LIKE_WEIGHT_MAX = 0.10
"""The like's part of the whole, also when other inputs are missing (S3-29)."""

FOLLOW_UP_WEIGHTS: dict[str, float] = {
    "favorites": 0.20,
    "carts": 0.25,
    "purchases": 0.40,
    "shares": 0.15,
}
"""Inside follow-up: the nearer to paying, the heavier (S0-34: real likes are paid for)."""

PSEUDO_COUNT = 10.0
"""K: observations' worth of "usual" mixed into every item, so that small items stay near 0.5."""

CATEGORY_PSEUDO_ITEMS = 5.0
"""Items' worth of the whole log mixed into a category's usual value."""

LIKE_STEP_MAX = 100 * LIKE_WEIGHT_MAX / (4 * PSEUDO_COUNT)
"""Most points by which one plain like can move the score of its item, usual values fixed."""

COMPONENTS: tuple[str, ...] = tuple(WEIGHTS)

_RATES: dict[str, tuple[str, str]] = {
    "dwell": ("dwell_ms_sum", "dwell_views"),
    "completion": ("completion_sum", "completion_views"),
    "chars": ("comment_chars_sum", "comments"),
    "comment": ("comment_texts", "views"),
    "favorites": ("favorites", "views"),
    "carts": ("carts", "views"),
    "purchases": ("purchases_kept", "views"),
    "shares": ("shares", "views"),
    "repurchase": ("repurchases", "views"),
    "verified_buyer": ("likes_verified_buyer", "views"),
    "like": ("likes_counted", "views"),
}
"""Each measured rate: what was observed over what it is exposed to.

Repurchases are taken per view, not per purchase: a first purchase must not lower the score.
"""

Aggregates: TypeAlias = pa.Table | Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Usual:
    """Usual rates by name and category, learned from a log; ``""`` is the whole log."""

    rates: Mapping[str, Mapping[str, float]]
    weights_version: int = field(default=WEIGHTS_VERSION)

    def of(self, rate: str, categories: NDArray[Any]) -> F64:
        """Give the usual rate for each row; NaN where the log cannot tell."""
        known = self.rates.get(rate, {})
        whole = known.get("", np.nan)
        names, place = np.unique(categories.astype(str), return_inverse=True)
        return np.array([known.get(name, whole) for name in names], dtype=np.float64)[place]


def learn_usual(items: Aggregates) -> Usual:
    """Learn the usual rates of each category from the items of a log, by robust medians."""
    columns = _columns(items)
    rates: dict[str, dict[str, float]] = {}
    for name, (top, bottom) in _RATES.items():
        exposure = columns.get(bottom)
        observed = columns.get(top)
        if exposure is None or observed is None:
            continue
        seen = (exposure > 0) & np.isfinite(observed)
        if not seen.any():
            continue
        values = observed[seen] / exposure[seen]
        whole = _middle(values)
        if not whole > 0:
            continue  # nobody ever did it: the log does not record it, so nothing can be missing
        rates[name] = {"": whole}
        categories = columns["category"][seen]
        for category in np.unique(categories):
            rates[name][category] = _toward(values[categories == category], whole)
    return Usual(rates)


def authentic_engagement(
    items: Aggregates, usual: Usual | None = None, *, penalty: F64 | None = None
) -> pa.Table:
    """Score each item from 0 to 100 and show the components, each 0 to 1 or null.

    Rows stand on their own: their order and their names change nothing (design rule 5).

    Parameters
    ----------
    items
        The aggregates listed at the top of this module.
    usual
        Usual rates; learned from ``items`` where not given.
    penalty
        Per item, 0 (none) to 1 (all): what content checks take off the score (S3-22).

    Examples
    --------
    >>> shop = {"category": ["home"] * 2, "views": [100_000, 25_000],
    ...         "purchases": [480, 800], "likes_counted": [5_000, 800]}
    >>> scores = authentic_engagement(shop)["authentic_engagement"].to_pylist()
    >>> scores[1] > scores[0]
    True
    """
    columns = _columns(items)
    usual = learn_usual(items) if usual is None else usual
    parts = {
        "dwell": _component("dwell", columns, usual),
        "completion": _component("completion", columns, usual),
        "comment": _comment(columns, usual),
        "follow_up": _follow_up(columns, usual),
        "repurchase": _component("repurchase", columns, usual),
        "verified_buyer": _component("verified_buyer", columns, usual),
        "like": _component("like", columns, usual),
    }
    others = {name: weight for name, weight in WEIGHTS.items() if name != "like"}
    rest = _weighted(parts, others)
    like = parts["like"]
    score = np.where(np.isnan(like), rest, (1 - LIKE_WEIGHT_MAX) * rest + LIKE_WEIGHT_MAX * like)
    score = np.where(_is_seen(columns), score, np.nan)
    if penalty is not None:
        score = score * (1 - np.clip(np.nan_to_num(penalty), 0.0, 1.0))
    table = {"authentic_engagement": 100 * score, **parts}
    return pa.table({name: pa.array(column, from_pandas=True) for name, column in table.items()})


def _component(name: str, columns: Mapping[str, F64], usual: Usual) -> F64:
    """Compare one rate with its usual value; NaN where either is unknown."""
    top, bottom = _RATES[name]
    count = len(columns["category"])
    observed = columns.get(top, np.full(count, np.nan))
    exposure = columns.get(bottom, np.full(count, np.nan))
    rate = usual.of(name, columns["category"])
    if name in ("dwell", "completion"):
        return shrunk(observed / rate, exposure)
    return shrunk(observed, exposure * rate)


def shrunk(observed: F64, expected: F64) -> F64:
    """Place what was observed beside what was expected: 0.5 is usual, more is higher.

    NaN where either is unknown; 0.5 where nothing was expected and nothing observed.
    """
    return (observed + PSEUDO_COUNT) / (observed + expected + 2 * PSEUDO_COUNT)


def _is_seen(columns: Mapping[str, F64]) -> NDArray[np.bool_]:
    """Say for each item whether anything but likes was ever observed of it."""
    seen = np.zeros(len(columns["category"]), dtype=np.bool_)
    for name, column in columns.items():
        if name not in ("category", "likes_counted", "likes_verified_buyer"):
            seen |= np.nan_to_num(column) > 0
    return seen


def _comment(columns: Mapping[str, F64], usual: Usual) -> F64:
    """Count a different text half for being there and half for its depth, never above one."""
    texts = columns.get("comment_texts")
    if texts is None:
        return np.full(len(columns["category"]), np.nan)
    depth = columns.get("comment_chars_sum", np.full(len(texts), np.nan)) / usual.of(
        "chars", columns["category"]
    )
    worth = np.where(np.isnan(depth), texts, 0.5 * texts + 0.5 * np.fmin(texts, depth))
    return _component("comment", {**columns, "comment_texts": worth}, usual)


def _follow_up(columns: Mapping[str, F64], usual: Usual) -> F64:
    """Join what people did after seeing the item, each step against its own usual rate."""
    steps = {name: _component(name, columns, usual) for name in FOLLOW_UP_WEIGHTS}
    return _weighted(steps, FOLLOW_UP_WEIGHTS)


def _weighted(parts: Mapping[str, F64], weights: Mapping[str, float]) -> F64:
    """Average the known parts by weight; NaN where none is known."""
    table = np.stack([parts[name] for name in weights])
    weight = np.where(np.isnan(table), 0.0, np.array(list(weights.values()))[:, None])
    total = weight.sum(axis=0)
    mean = (weight * np.nan_to_num(table)).sum(axis=0) / np.where(total > 0, total, 1.0)
    return np.where(total > 0, mean, np.nan)


def _middle(values: F64) -> float:
    """Take the median; where most show none, the median of those that do, times their part."""
    median = float(np.median(values))
    positive = values[values > 0]
    if median > 0 or not len(positive):
        return median
    return float(np.median(positive)) * len(positive) / len(values)


def _toward(values: F64, whole: float) -> float:
    """Pull a category's middle toward the whole log's, the more the fewer items it has."""
    middle = _middle(values)
    if not middle > 0:
        return whole * CATEGORY_PSEUDO_ITEMS / (len(values) + CATEGORY_PSEUDO_ITEMS)
    own = len(values) / (len(values) + CATEGORY_PSEUDO_ITEMS)
    return float(np.exp(own * np.log(middle) + (1 - own) * np.log(whole)))


def _columns(items: Aggregates) -> dict[str, F64]:
    """Turn a table or mapping into float columns (NaN is missing) and derive two of them."""
    source: Mapping[str, object] = (
        {name: items[name] for name in items.column_names} if isinstance(items, pa.Table) else items
    )
    columns: dict[str, F64] = {}
    for name, values in source.items():
        if name == "category" or not _is_wanted(name):
            continue
        columns[name] = _floats(values)
    rows = len(next(iter(columns.values()), np.zeros(0)))
    category = source.get("category")
    names = [None] * rows if category is None else _listed(category)
    columns["category"] = np.array([name or "" for name in names], dtype=object)
    if "comments" in columns:
        texts = columns.get("comment_texts_distinct", columns["comments"])
        unwritten = np.isnan(texts) | ((texts == 0) & (columns["comments"] > 0))
        columns["comment_texts"] = np.where(unwritten, columns["comments"], texts)
        if "comment_chars_sum" in columns:
            chars = columns["comment_chars_sum"]
            columns["comment_chars_sum"] = np.where(unwritten & (chars <= 0), np.nan, chars)
    if "purchases" in columns:
        refunds = np.nan_to_num(columns.get("refunds", np.zeros(rows)))
        columns["purchases_kept"] = np.maximum(columns["purchases"] - refunds, 0.0)
    return columns


def _is_wanted(name: str) -> bool:
    wanted = {column for pair in _RATES.values() for column in pair}
    return name in wanted | {"comment_texts_distinct", "purchases", "refunds"}


def _listed(values: object) -> list[str | None]:
    if isinstance(values, pa.Array | pa.ChunkedArray):
        listed: list[str | None] = values.to_pylist()
        return listed
    return list(values)  # type: ignore[call-overload,no-any-return]


def _floats(values: object) -> F64:
    if isinstance(values, pa.Array | pa.ChunkedArray):
        values = (
            values.cast(pa.float64()).to_numpy(zero_copy_only=False)
            if isinstance(values, pa.Array)
            else values.cast(pa.float64()).to_numpy()
        )
    return np.asarray(values, dtype=np.float64)
