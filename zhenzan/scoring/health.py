"""Health: 0 to 100 per account and per merchant, with the components it is made of.

Health describes; it punishes nobody. Two safety rules are carried out here:

* Excluding likes never blames the shop (design rule 4, T4). A merchant's ``contamination`` is
  shown, with weight 0, unless ``control_evidence`` says that the merchant or its agent was
  behind the likes (S1-16). Every other component of a merchant reads counted likes and orders,
  never excluded ones, nor views, which an attacker can send as well.
* Missing is not negative (design rule 3, T17). An unknown component is null and left out; an
  account that was seen for less than a day has no history component at all.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

F64 = NDArray[np.float64]

ACCOUNT_WEIGHTS: dict[str, float] = {
    "authentic_share": 0.50,
    "variety": 0.20,
    "history": 0.10,
    "purchases": 0.10,
    "verified": 0.10,
}
"""Dimensions 1 to 4 of a liker's health (S1-07 .. S1-10), authenticity first."""

MERCHANT_WEIGHTS: dict[str, float] = {
    "contamination": 0.40,
    "funnel_consistency": 0.40,
    "repurchase": 0.30,
    "refunds": 0.30,
}
"""``contamination`` has this weight only as far as control evidence exists, otherwise 0."""

PSEUDO_COUNT = 10.0
"""Observations' worth of "usual" mixed in, so that one event moves a small shop little."""

DAY_US = 86_400_000_000
HISTORY_HALF_DAYS = 30.0
"""Days after which history has gained half of what it can gain."""

VARIETY_FULL = 4
"""Different kinds of interaction from which behaviour is as varied as it can be shown."""

Columns: TypeAlias = pa.Table | Mapping[str, object]


def account_health(accounts: Columns) -> pa.Table:
    """Give each account its health and components.

    Columns read, each of which may be absent or null: ``likes``, ``likes_excluded``, ``kinds``
    (different kinds of interaction), ``first_ts`` and ``last_ts`` (microseconds or timestamps),
    ``purchases``, ``verified``. Held likes are not held against anybody.

    Examples
    --------
    >>> table = account_health({"likes": [20, 20], "likes_excluded": [0, 20]})
    >>> table["health"].to_pylist()
    [100.0, 33.33333333333333]
    """
    read = _Reader(accounts)
    likes, excluded = read["likes"], np.nan_to_num(read["likes_excluded"])
    with np.errstate(invalid="ignore"):
        share = (likes - excluded + PSEUDO_COUNT) / (likes + PSEUDO_COUNT)
        span_days = (read["last_ts"] - read["first_ts"]) / DAY_US
        grown = 0.5 + 0.5 * span_days / (span_days + HISTORY_HALF_DAYS)
        bought = read["purchases"]
    parts = {
        "authentic_share": share,
        "variety": _variety(read["kinds"]),
        "history": np.where(span_days >= 1, grown, np.nan),
        "purchases": np.where(bought > 0, 1.0, np.nan),
        "verified": np.where(read["verified"] > 0, 1.0, np.nan),
    }
    return _table(parts, {name: np.full(read.rows, w) for name, w in ACCOUNT_WEIGHTS.items()})


def merchant_health(merchants: Columns) -> pa.Table:
    """Give each merchant its health and components.

    Columns read, each of which may be absent or null: ``likes_claimed``, ``likes_excluded``,
    ``likes_counted``, ``favorites``, ``carts``, ``purchases``, ``repurchases``, ``refunds``,
    ``control_evidence`` (0 to 1: how sure it is that the merchant was behind excluded likes).
    A component is 1 at the usual value of the log's merchants or better; ``contamination`` is
    shown as it is (the excluded part of the likes) and enters as its opposite.
    """
    read = _Reader(merchants)
    claimed, excluded = read["likes_claimed"], np.nan_to_num(read["likes_excluded"])
    follow_up = np.nansum([read["favorites"], read["carts"], read["purchases"]], axis=0)
    follow_up = np.where(read.has("favorites", "carts", "purchases"), follow_up, np.nan)
    parts = {
        "contamination": np.where(claimed > 0, excluded / np.where(claimed > 0, claimed, 1), 0.0),
        "funnel_consistency": _beside_usual(follow_up, read["likes_counted"]),
        "repurchase": _beside_usual(read["repurchases"], read["purchases"]),
        "refunds": _beside_usual(read["refunds"], read["purchases"], less_is_better=True),
    }
    weights = {name: np.full(read.rows, w) for name, w in MERCHANT_WEIGHTS.items()}
    control = np.clip(np.nan_to_num(read["control_evidence"]), 0.0, 1.0)
    weights["contamination"] = weights["contamination"] * control
    return _table(parts, weights, levels={**parts, "contamination": 1 - parts["contamination"]})


class _Reader:
    """Reads columns as floats; an absent column is all NaN."""

    def __init__(self, columns: Columns) -> None:
        self._columns: dict[str, F64] = {}
        names = columns.column_names if isinstance(columns, pa.Table) else list(columns)
        for name in names:
            numbers = _floats(columns[name])
            if numbers is not None:
                self._columns[name] = numbers
        self.rows = len(next(iter(self._columns.values()), np.zeros(0)))

    def __getitem__(self, name: str) -> F64:
        return self._columns.get(name, np.full(self.rows, np.nan))

    def has(self, *names: str) -> NDArray[np.bool_]:
        """Say for each row whether any of these columns is known."""
        known: NDArray[np.bool_] = ~np.isnan(np.stack([self[name] for name in names]))
        return np.asarray(known.any(axis=0))


def _floats(values: object) -> F64 | None:
    """Turn a column into floats; timestamps become microseconds, texts are not read."""
    array = values
    if isinstance(array, pa.ChunkedArray):
        array = array.combine_chunks()
    if not isinstance(array, pa.Array):
        array = pa.array(array, from_pandas=True)
    if pa.types.is_timestamp(array.type):
        array = array.cast(pa.timestamp("us", tz=array.type.tz)).cast(pa.int64())
    if pa.types.is_boolean(array.type):
        array = array.cast(pa.int8())
    if not (pa.types.is_integer(array.type) or pa.types.is_floating(array.type)):
        return np.full(len(array), np.nan) if pa.types.is_null(array.type) else None
    return np.asarray(array.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False))


def _beside_usual(observed: F64, exposure: F64, *, less_is_better: bool = False) -> F64:
    """Compare a rate with the log's usual one: 1 at usual or better, falling toward 0."""
    seen = (exposure > 0) & np.isfinite(observed)
    if not seen.any() or not np.nansum(observed) > 0:
        return np.full(len(observed), np.nan)
    rates = observed[seen] / exposure[seen]
    usual = float(np.median(rates))
    if not usual > 0:
        usual = float(np.mean(np.minimum(rates, np.quantile(rates, 0.9)))) or float(np.mean(rates))
    expected = exposure * usual
    good, bad = (expected, observed) if less_is_better else (observed, expected)
    level = (good + PSEUDO_COUNT) / (good + bad + 2 * PSEUDO_COUNT)
    return np.where(seen, np.minimum(1.0, 2 * level), np.nan)


def _variety(kinds: F64) -> F64:
    """Place the different kinds of interaction; unknown where the log records one kind only."""
    if not (np.nan_to_num(kinds) > 1).any():
        return np.full(len(kinds), np.nan)
    return np.minimum(kinds / VARIETY_FULL, 1.0)


def _table(
    parts: Mapping[str, F64],
    weights: Mapping[str, F64],
    *,
    levels: Mapping[str, F64] | None = None,
) -> pa.Table:
    """Average the known levels by weight into ``health`` and add the parts."""
    level = np.stack([(levels or parts)[name] for name in weights])
    weight = np.where(np.isnan(level), 0.0, np.stack(list(weights.values())))
    total = weight.sum(axis=0)
    mean = (weight * np.nan_to_num(level)).sum(axis=0) / np.where(total > 0, total, 1.0)
    table = {"health": np.where(total > 0, 100 * mean, np.nan), **parts}
    return pa.table({name: pa.array(column, from_pandas=True) for name, column in table.items()})
