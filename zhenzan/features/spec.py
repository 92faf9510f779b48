"""A feature: what is measured, over which key and window, declared as data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from zhenzan.clock import duration_us
from zhenzan.errors import FeatureError, nearest
from zhenzan.events.batch import KEYS
from zhenzan.events.schema import Kind

Agg = Literal[
    "count",
    "nunique",
    "sum",
    "mean",
    "min_gap",
    "max_gap",
    "entropy",
    "top_share",
    "since_first",
    "since_last",
    "ratio",
]

AGGS: tuple[str, ...] = get_args(Agg)
FLOAT_AGGS: frozenset[str] = frozenset({"mean", "entropy", "top_share", "ratio"})
LIFETIME_AGGS: frozenset[str] = frozenset({"count", "since_first", "since_last"})
"""What can be kept since a key was first seen; everything else needs a window to be bounded."""

CODED: tuple[str, ...] = (*KEYS, "kind")
"""Columns whose values can be told apart: missing is below zero."""

AMOUNTS: tuple[str, ...] = ("dwell_ms", "completion_permille", "text_chars", "amount_cents")
"""Columns that can be summed; missing is below zero, for ``amount_cents`` it is zero."""

_COLUMN_OF: dict[str, tuple[str, ...]] = {
    "nunique": CODED,
    "entropy": CODED,
    "top_share": CODED,
    "sum": AMOUNTS,
    "mean": AMOUNTS,
}


@dataclass(frozen=True, slots=True)
class Feature:
    """One number per interaction, over the earlier interactions of the same key.

    A window of length w at an interaction with time t holds [t - w, t], both ends in; peers
    (equal t) see each other. A missing key value makes the feature missing: -1 for whole
    numbers, NaN for fractions. Times and gaps are in microseconds.

    Attributes
    ----------
    name
        Key, what, window: ``item_likes_1h``.
    key
        One or two batch columns; the interactions that share their values are measured.
    agg
        ``count``; ``nunique``, ``entropy`` (bits) and ``top_share`` over the known values of
        ``column``; ``sum`` and ``mean`` of ``column``; ``min_gap`` and ``max_gap`` between
        neighbours in time (-1 below two interactions); ``since_first``; ``since_last``, to the
        latest interaction strictly before t (-1 where there is none); ``ratio`` of two features.
    kinds
        Which interactions are measured; empty means all of them.
    column
        The measured column, where the aggregate has one.
    window
        ``90s``, ``10m``, ``24h``, ``7d``; None means since the key was first seen, for as long
        as the key stays active.
    where
        A further condition on the measured interactions: column and the value it must have.
    numerator, denominator
        Names of the two features of a ``ratio``.
    sentence
        What it measures, for people.
    """

    name: str
    key: tuple[str, ...]
    agg: Agg
    kinds: tuple[Kind, ...] = ()
    column: str | None = None
    window: str | None = None
    where: tuple[str, int] | None = None
    numerator: str | None = None
    denominator: str | None = None
    sentence: str = ""

    @property
    def window_us(self) -> int | None:
        """Say how long the window is, in microseconds."""
        return None if self.window is None else duration_us(self.window)

    @property
    def is_float(self) -> bool:
        """Tell whether values are fractions (float64, NaN missing) or whole (int64, -1 missing)."""
        return self.agg in FLOAT_AGGS

    @property
    def source(self) -> tuple[tuple[str, ...], tuple[Kind, ...], tuple[str, int] | None]:
        """Name the interactions that are measured: key, kinds in order, condition."""
        return self.key, tuple(sorted(set(self.kinds))), self.where


def check_features(features: Sequence[Feature]) -> None:
    """Refuse declarations that contradict themselves or each other, naming every fault.

    Raises
    ------
    FeatureError
        One message with all faults, numbered.
    """
    names = [feature.name for feature in features]
    faults = [
        f"feature `{name}` is declared {names.count(name)} times"
        for name in dict.fromkeys(names)
        if names.count(name) > 1
    ]
    for feature in features:
        where = f"feature `{feature.name}`: "
        faults += [where + fault for fault in _faults(feature)]
        if feature.agg == "ratio":
            faults += [where + fault for fault in _ratio_faults(feature, features)]
    if len(faults) == 1:
        raise FeatureError(faults[0])
    if faults:
        lines = "\n".join(f"  {i}. {fault}" for i, fault in enumerate(faults, 1))
        raise FeatureError(f"{len(faults)} faults in the feature list:\n{lines}")


def _faults(feature: Feature) -> list[str]:
    if feature.agg not in AGGS:
        return [f"no aggregate is named `{feature.agg}`; {nearest(feature.agg, AGGS)}"]
    faults = []
    if not feature.name.isidentifier():
        faults.append("a name holds letters, digits and `_`")
    if not 1 <= len(set(feature.key)) == len(feature.key) <= 2:
        faults.append(f"a key is one or two different columns, not {feature.key}")
    faults += [
        f"no key column is named `{column}`; {nearest(column, KEYS)}"
        for column in feature.key
        if column not in KEYS
    ]
    if feature.where is not None and feature.where[0] not in CODED:
        faults.append(f"`where` compares codes, not `{feature.where[0]}`")
    return faults + _column_faults(feature) + _window_faults(feature)


def _column_faults(feature: Feature) -> list[str]:
    allowed = _COLUMN_OF.get(feature.agg)
    if allowed is None:
        return [f"`{feature.agg}` reads no column; leave it out"] if feature.column else []
    if feature.column is None:
        return [f"`{feature.agg}` needs a column; valid: {', '.join(allowed)}"]
    if feature.column not in allowed:
        hint = nearest(feature.column, allowed)
        return [f"`{feature.agg}` cannot read column `{feature.column}`; {hint}"]
    return []


def _window_faults(feature: Feature) -> list[str]:
    if feature.agg == "ratio":
        return []
    if feature.window is None:
        if feature.agg in LIFETIME_AGGS:
            return []
        return [f"`{feature.agg}` needs a window, since memory must stay bounded; such as `24h`"]
    if feature.agg in {"since_first", "since_last"}:
        return [f"`{feature.agg}` looks at the whole life of a key; leave the window out"]
    try:
        length = duration_us(feature.window)
    except ValueError as error:
        return [str(error)]
    return [] if length > 0 else ["a window is longer than nothing"]


def _ratio_faults(feature: Feature, features: Sequence[Feature]) -> list[str]:
    known = {other.name: other for other in features}
    faults = []
    for part in (feature.numerator, feature.denominator):
        if part is None:
            faults.append("`ratio` needs `numerator` and `denominator`")
        elif part not in known:
            faults.append(f"no feature is named `{part}`; {nearest(part, known)}")
        elif known[part].is_float:
            faults.append(f"`{part}` is a fraction; a ratio joins two whole numbers")
        elif known[part].key != feature.key:
            faults.append(f"`{part}` has key {known[part].key}, not {feature.key}")
    return faults
