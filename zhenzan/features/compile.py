"""Compiles declarations to a plan: which rows feed which rings, and what is read off them.

Features over the same interactions (key, kinds, condition) form a group: they share one ring of
recent interactions per key value, and one pointer per window. ``compiled.json`` beside this file
shows the plan of the built-in features; ``python -m zhenzan.features.compile`` rewrites it, and
a test fails while it is stale, so that a review sees what a change does.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from zhenzan.events.batch import KEYS
from zhenzan.events.schema import Kind
from zhenzan.features.library import FEATURES
from zhenzan.features.spec import Feature, check_features

ARTEFACT = Path(__file__).with_name("compiled.json")


@dataclass(frozen=True, slots=True)
class Group:
    """Features that are read off the same interactions.

    Attributes
    ----------
    key, kinds, where
        Which interactions: see ``Feature``.
    windows_us
        Lengths of the windows, ascending; the last one says how long rows are retained.
    features
        What is read off, in the order of declaration.
    """

    key: tuple[str, ...]
    kinds: tuple[Kind, ...]
    where: tuple[str, int] | None
    windows_us: tuple[int, ...]
    features: tuple[Feature, ...]

    @property
    def name(self) -> str:
        """Name the group for people: key, kinds, condition."""
        kinds = "+".join(kind.word for kind in self.kinds) or "all"
        where = f" where {self.where[0]}={self.where[1]}" if self.where else ""
        return f"{' x '.join(self.key)}: {kinds}{where}"


@dataclass(frozen=True, slots=True)
class Plan:
    """What an engine runs.

    Attributes
    ----------
    features
        What was asked for, in that order.
    groups
        Everything that is read off rings, the parts of ratios included.
    ratios
        What is divided afterwards.
    """

    features: tuple[Feature, ...]
    groups: tuple[Group, ...]
    ratios: tuple[Feature, ...]

    @property
    def pairs(self) -> tuple[tuple[str, ...], ...]:
        """List the key pairs in use."""
        return tuple(sorted({group.key for group in self.groups if len(group.key) == 2}))

    @property
    def columns(self) -> tuple[str, ...]:
        """List the coded columns whose values are remembered, as keys or as counted values."""
        used = {column for group in self.groups for column in group.key}
        for group in self.groups:
            used |= {feature.column for feature in group.features if feature.column}
        return tuple(column for column in KEYS if column in used)

    @property
    def window_max_us(self) -> int:
        """Give the longest window, 0 where there is none."""
        return max((group.windows_us[-1] for group in self.groups if group.windows_us), default=0)


def compile_features(features: Sequence[Feature], *, known: Sequence[Feature] = ()) -> Plan:
    """Turn declarations into a plan.

    Parameters
    ----------
    features
        What to compute.
    known
        Where a ratio finds its parts if they are not among ``features``.

    Raises
    ------
    FeatureError
        The declarations contradict themselves or each other.
    """
    asked = {feature.name: feature for feature in features}
    pool = {feature.name: feature for feature in known} | asked
    needed = dict(asked)
    for feature in features:
        for part in (feature.numerator, feature.denominator):
            if feature.agg == "ratio" and part in pool:
                needed.setdefault(part, pool[part])
    check_features([*features, *(needed[name] for name in needed if name not in asked)])
    by_source: dict[object, list[Feature]] = {}
    for feature in needed.values():
        if feature.agg != "ratio":
            by_source.setdefault(feature.source, []).append(feature)
    groups = tuple(_group(members) for members in by_source.values())
    ratios = tuple(feature for feature in features if feature.agg == "ratio")
    return Plan(tuple(features), tuple(sorted(groups, key=lambda group: group.name)), ratios)


def _group(members: Sequence[Feature]) -> Group:
    key, kinds, where = members[0].source
    windows = {member.window_us for member in members if member.window_us is not None}
    return Group(key, kinds, where, tuple(sorted(windows)), tuple(members))


def feature_hash(features: Sequence[Feature] = FEATURES) -> str:
    """Fingerprint a list of features; sentences do not count, the order does."""
    facts = [
        [
            feature.name,
            feature.key,
            feature.agg,
            sorted(set(feature.kinds)),
            feature.column,
            feature.window_us,
            feature.where,
            feature.numerator,
            feature.denominator,
        ]
        for feature in features
    ]
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:16]


def render(features: Sequence[Feature] = FEATURES) -> str:
    """Write the plan as text that a person can review."""
    plan = compile_features(features)
    groups = {
        group.name: {
            "windows": sorted(
                {feature.window for feature in group.features if feature.window},
                key=lambda window: group.windows_us.index(_length(window)),
            ),
            "features": {feature.name: _line(feature) for feature in group.features},
        }
        for group in plan.groups
    }
    facts = {
        "feature_hash": feature_hash(features),
        "features_count": len(plan.features),
        "groups": groups,
        "ratios": {ratio.name: _line(ratio) for ratio in plan.ratios},
    }
    return json.dumps(facts, indent=1, ensure_ascii=False) + "\n"


def _length(window: str) -> int:
    return Feature("w", ("account",), "count", window=window).window_us or 0


def _line(feature: Feature) -> str:
    if feature.agg == "ratio":
        return f"{feature.numerator} / {feature.denominator}: {feature.sentence}"
    window = "since first seen" if feature.window is None else f"over {feature.window}"
    column = f" of {feature.column}" if feature.column else ""
    return f"{feature.agg}{column} {window}: {feature.sentence}"


if __name__ == "__main__":
    ARTEFACT.write_text(render(), encoding="utf-8")
