"""What a condition may read of a like: features, signals of detectors, columns, evidence."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zhenzan.clock import DAY_US, SECOND_US
from zhenzan.detectors.interface import Detector, Family, Likes
from zhenzan.detectors.registry import all_detectors
from zhenzan.features.library import FEATURES
from zhenzan.features.spec import Feature
from zhenzan.rules.values import CODED, Type

F64 = NDArray[np.float64]

_PLACES = {"device", "block", "ip"}
_MILLISECOND_US = 1_000.0


@dataclass(frozen=True, slots=True)
class Readable:
    """One thing that a condition may read.

    Attributes
    ----------
    name
        As an analyst writes it.
    type
        What it measures.
    families
        Which kinds of evidence it can be; empty for what is no evidence, such as the time.
    reads
        Names in ``Likes`` that are needed.
    settled
        True if it is known only when a like settles.
    measure
        Gives one float64 per like, NaN where nothing is known; codes for strings of the log, -1
        where the log says nothing.
    sentence
        What it is, for people.
    cost
        Passes over the arrays.
    """

    name: str
    type: Type
    families: frozenset[Family]
    reads: tuple[str, ...]
    measure: Callable[[Likes], NDArray[Any]]
    sentence: str
    settled: bool = False
    cost: int = 1


@cache
def readables() -> dict[str, Readable]:
    """List everything that can be read, by name; a detector goes by its name and its code."""
    found: dict[str, Readable] = {}
    signals = [(key, d) for d in all_detectors() for key in (d.name, d.code)]
    entries = [
        *((feature.name, _of_feature(feature)) for feature in FEATURES),
        *((key, _of_signal(detector, key)) for key, detector in signals),
        *((column.name, column) for column in _columns()),
    ]
    for name, readable in entries:
        assert name not in found, f"`{name}` means two things"
        found[name] = readable
    return found


def _of_feature(feature: Feature) -> Readable:
    kind, scale = _feature_type(feature)

    def measure(likes: Likes) -> F64:
        values = likes[feature.name]
        numbers = np.asarray(values, np.float64) * scale
        if feature.is_float:
            return numbers
        return np.where(values < 0, np.nan, numbers)

    families = _feature_families(feature)
    return Readable(feature.name, kind, families, (feature.name,), measure, feature.sentence)


def _feature_type(feature: Feature) -> tuple[Type, float]:
    if feature.agg in ("min_gap", "max_gap", "since_first", "since_last"):
        return Type.DURATION, 1.0
    if feature.agg in ("sum", "mean"):
        if feature.column == "dwell_ms":
            return Type.DURATION, _MILLISECOND_US
        return (Type.COUNT if feature.agg == "sum" else Type.NUMBER), 1.0
    if feature.agg == "top_share":
        return Type.SHARE, 1.0
    if feature.agg in ("entropy", "ratio"):
        return Type.NUMBER, 1.0
    return Type.COUNT, 1.0


def _feature_families(feature: Feature) -> frozenset[Family]:
    """Say which evidence a feature can be: where somebody was is never what somebody did."""
    touched = {*feature.key, feature.column or ""}
    if touched & _PLACES:
        return frozenset({Family.NETWORK})
    context = {Family.CONTEXT} if touched & {"category", "channel"} else set()
    if "session" in feature.key:
        return frozenset({Family.BEHAVIOUR})
    if "account" in feature.key:
        about_shop = {Family.CONTEXT} if "merchant" in feature.key else set()
        return frozenset({Family.ACCOUNT, Family.BEHAVIOUR} | context | about_shop)
    return frozenset({Family.TARGET} | context)


def _of_signal(detector: Detector, name: str) -> Readable:
    types: dict[str, tuple[Type, float]] = {
        "count": (Type.COUNT, 1.0),
        "share": (Type.SHARE, 1.0),
        "seconds": (Type.DURATION, SECOND_US),
        "days": (Type.DURATION, DAY_US),
        "ratio": (Type.NUMBER, 1.0),
        "flag": (Type.TRUTH, 1.0),
        "nats": (Type.NATS, 1.0),
    }
    kind, scale = types[detector.unit]

    def measure(likes: Likes) -> F64:
        # Hindsight hands over what was measured already, under the code of the detector.
        values = likes[detector.code] if detector.code in likes else detector.measure(likes)
        return np.asarray(values, np.float64) * scale

    sentence = f"Signal of {detector.code} {detector.name}."
    return Readable(
        name=name,
        type=kind,
        families=frozenset({detector.family}),
        reads=(detector.code,) if detector.settled else detector.reads,
        measure=measure,
        sentence=sentence,
        settled=detector.settled,
        cost=6,
    )


def _columns() -> list[Readable]:
    """List the columns of a like, what is derived from them, and the evidence so far."""
    family_of = {
        Type.ACCOUNT: Family.ACCOUNT,
        Type.ITEM: Family.TARGET,
        Type.MERCHANT: Family.TARGET,
        Type.CATEGORY: Family.CONTEXT,
        Type.CHANNEL: Family.CONTEXT,
    }
    columns = [
        _column(name, kind, family_of[kind], f"The {name} of the like.")
        for kind, name in CODED.items()
    ]
    columns += [
        _column("network_class", Type.NETWORK, Family.NETWORK, "Class of the address."),
        Readable("ts", Type.TIME, frozenset(), ("ts",), _plain("ts"), "When the like was given."),
        Readable(
            "campaign", Type.TRUTH, frozenset({Family.CONTEXT}), ("campaign",), _plain("campaign"),
            "Whether the like was given inside a campaign.",
        ),
        Readable(
            "missing_fields", Type.COUNT, frozenset({Family.BEHAVIOUR}), ("missing_fields",),
            _plain("missing_fields"), "How many of device, address and session are missing.",
        ),
        Readable(
            "account_age", Type.DURATION, frozenset({Family.ACCOUNT}), ("account_age_days",),
            lambda likes: np.asarray(likes["account_age_days"], np.float64) * DAY_US,
            "Time since the account registered.",
        ),
    ]  # fmt: skip
    return [*columns, *(_evidence(family) for family in Family)]


def _column(name: str, kind: Type, family: Family, sentence: str) -> Readable:
    def measure(likes: Likes) -> NDArray[Any]:
        return np.asarray(likes[name])

    return Readable(name, kind, frozenset({family}), (name,), measure, sentence)


def _plain(name: str) -> Callable[[Likes], F64]:
    return lambda likes: np.asarray(likes[name], np.float64)


def _evidence(family: Family) -> Readable:
    return Readable(
        f"evidence_{family.word}",
        Type.NATS,
        frozenset({family}),
        ("evidence",),
        lambda likes: np.asarray(likes["evidence"][:, family], np.float64),
        f"What the detectors of the family {family.word} found at once, in nats.",
    )
