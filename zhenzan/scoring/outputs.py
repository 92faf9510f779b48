"""Writes what a scoring run found: likes, items, accounts, merchants, timeline, groups, summary."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

import zhenzan
from zhenzan.clock import HOUR_US
from zhenzan.detectors.interface import Family
from zhenzan.detectors.registry import all_detectors
from zhenzan.events.state import COUNT_STATES, CountState
from zhenzan.features.compile import feature_hash
from zhenzan.scoring.account_reasons import RecurringReasons
from zhenzan.scoring.ahead import ahead
from zhenzan.scoring.authenticity import authentic_engagement
from zhenzan.scoring.decide import SUPPORT_MIN, count_states
from zhenzan.scoring.health import account_health, merchant_health
from zhenzan.scoring.measured import Measured
from zhenzan.scoring.reasons import REASON, Reasoner
from zhenzan.scoring.settled import Settled
from zhenzan.traces.follow_up import WITHDRAWN

if TYPE_CHECKING:
    from zhenzan.scoring.job import Run

_CHUNK = 131_072
_TS = pa.timestamp("us", tz="UTC")
_STATE = pa.dictionary(pa.int8(), pa.string())
_WORD = pa.dictionary(pa.int32(), pa.string())

LIKES = pa.schema(
    [
        pa.field("event_id", pa.string(), nullable=False),
        pa.field("ts", _TS, nullable=False),
        pa.field("account_id", pa.string()),
        pa.field("item_id", pa.string()),
        pa.field("merchant_id", pa.string()),
        pa.field("category", pa.string()),
        pa.field("channel", pa.string()),
        pa.field("score", pa.float32(), nullable=False),
        pa.field("score_at_once", pa.float32(), nullable=False),
        pa.field("count_state", _STATE, nullable=False),
        pa.field("count_state_at_once", _STATE, nullable=False),
        pa.field("campaign", pa.bool_(), nullable=False),
        pa.field("late", pa.bool_(), nullable=False),
        pa.field("withdrawn", pa.bool_(), nullable=False),
        pa.field("reasons", pa.list_(REASON)),
        pa.field("group_id", pa.string()),
        pa.field("as_of", _TS, nullable=False),
    ]
)

GROUPS = pa.schema(
    [
        pa.field("group_id", pa.string(), nullable=False),
        pa.field("size", pa.int64()),
        pa.field("targets", pa.int64()),
        pa.field("first_ts", _TS),
        pa.field("last_ts", _TS),
        pa.field("kind", pa.string()),
        pa.field("confidence", pa.float64()),
    ]
)


@dataclass(frozen=True, slots=True)
class Settlement:
    """What was measured, and the settled answer made from it."""

    measured: Measured
    settled: Settled


def write_outputs(run: Run, settlement: Settlement, out: Path) -> dict[str, Any]:
    """Write every output file but the report; return the summary."""
    states = count_states(settlement.settled.score, settlement.settled.nats, run.settings)
    _write_likes(run, settlement, states, out / "likes.parquet")
    pq.write_table(_items(run, states), out / "items.parquet")
    reasons = RecurringReasons(
        all_detectors(),
        settlement.settled,
        settlement.measured,
        segments=_segments(run, settlement),
        states=states,
    )
    pq.write_table(_accounts(run, states, reasons), out / "accounts.parquet")
    pq.write_table(_merchants(run, states, reasons), out / "merchants.parquet")
    pq.write_table(_timeline(run, states), out / "timeline.parquet")
    pq.write_table(GROUPS.empty_table(), out / "groups.parquet")
    return _summary(run, settlement, states)


def _write_likes(run: Run, settlement: Settlement, states: NDArray[np.int8], path: Path) -> None:
    with pq.ParquetWriter(path, LIKES, compression="zstd") as writer:
        for table in ahead(_likes(run, settlement, states)):
            writer.write_table(table)


def _likes(run: Run, settlement: Settlement, states: NDArray[np.int8]) -> Iterator[pa.Table]:
    spill, tables = run.spill, run.ingest.tables
    settled = settlement.settled
    reasoner = Reasoner(all_detectors(), settled)
    segments = _segments(run, settlement)
    ids = spill.event_ids()
    order = _output_order(run, ids)
    as_of = np.minimum(spill.key("ts") + run.settings.follow_up_s * 1_000_000, run.last_us)
    outcomes = run.follow_up["outcomes"]
    withdrawn = (outcomes >= 0) & ((outcomes & WITHDRAWN) != 0)
    for start in range(0, spill.count, _CHUNK):
        rows = order[start : start + _CHUNK]
        names = {
            f"{name}_id" if name not in ("category", "channel") else name: tables[name].strings(
                spill.key(name)[rows]
            )
            for name in ("account", "item", "merchant", "category", "channel")
        }
        columns = {
            "event_id": ids.take(pa.array(rows)),
            "ts": pa.array(spill.key("ts")[rows], _TS),
            **names,
            "score": pa.array(settled.score[rows].astype(np.float32)),
            "score_at_once": pa.array(spill.key("score_at_once")[rows].astype(np.float32)),
            "count_state": _states(states[rows]),
            "count_state_at_once": _states(spill.key("state_at_once")[rows]),
            "campaign": pa.array(spill.key("campaign")[rows]),
            "late": pa.array(spill.key("late")[rows]),
            "withdrawn": pa.array(withdrawn[rows]),
            "reasons": reasoner.explain(settlement.measured, rows, segments[rows]),
            "group_id": pa.nulls(len(rows), pa.string()),
            "as_of": pa.array(as_of[rows], _TS),
        }
        yield pa.table({field.name: columns[field.name] for field in LIKES}).cast(LIKES)


def _segments(run: Run, settlement: Settlement) -> NDArray[np.int16]:
    spill = run.spill
    baseline = settlement.settled.baseline
    return baseline.segments(spill.key("category"), spill.key("campaign"))


def _output_order(run: Run, ids: pa.ChunkedArray) -> NDArray[np.int64]:
    """Rows are in order already, but for late ones."""
    ts = run.spill.key("ts")
    if not run.spill.key("late").any():
        return np.arange(len(ts))
    numbered = pa.table({"ts": ts, "event_id": ids, "row": np.arange(len(ts))})
    ordered = numbered.sort_by([("ts", "ascending"), ("event_id", "ascending")])["row"]
    result: NDArray[np.int64] = ordered.to_numpy()
    return result


def _states(codes: NDArray[np.int8]) -> pa.DictionaryArray:
    return pa.DictionaryArray.from_arrays(pa.array(codes), pa.array(COUNT_STATES))


def _by_state(
    key: NDArray[np.int32], states: NDArray[np.int8], campaign: NDArray[np.bool_], size: int
) -> dict[str, NDArray[np.int64]]:
    """Count likes per key: campaign likes apart (safety rule 7), the rest by count state."""

    def count(mask: NDArray[np.bool_]) -> NDArray[np.int64]:
        return np.bincount(key[mask & (key >= 0)], minlength=size).astype(np.int64)

    every = np.ones(len(key), np.bool_)
    return {
        "likes_claimed": count(every),
        "likes_counted": count((states == CountState.COUNTED) & ~campaign),
        "likes_held": count((states == CountState.HELD) & ~campaign),
        "likes_excluded": count((states == CountState.EXCLUDED) & ~campaign),
        "likes_campaign": count(campaign),
    }


def _items(run: Run, states: NDArray[np.int8]) -> pa.Table:
    tables = run.ingest.tables
    counts = run.items.columns()
    size = len(counts["view"])
    seen = np.flatnonzero(counts["first_us"] > 0)
    item = run.spill.key("item")
    likes = _by_state(item, states, run.spill.key("campaign"), size)
    verified = run.spill.key("verified_buyer") & (states == CountState.COUNTED) & (item >= 0)
    likes["likes_verified_buyer"] = np.bincount(item[verified], minlength=size).astype(np.int64)
    plural = {
        "view": "views", "favorite": "favorites", "cart": "carts", "purchase": "purchases",
        "comment": "comments", "share": "shares", "refund": "refunds", "report": "reports",
    }  # fmt: skip
    columns: dict[str, Any] = {
        "item_id": tables["item"].strings(seen.astype(np.int32)),
        "merchant_id": tables["merchant"].strings(counts["merchant"][seen].astype(np.int32)),
        "category": tables["category"].strings(counts["category"][seen].astype(np.int32)),
    }
    columns |= {name: column[seen] for name, column in likes.items()}
    columns |= {plural[kind]: counts[kind][seen] for kind in plural}
    columns["repurchases"] = counts["repurchases"][seen]
    columns["first_ts"] = pa.array(counts["first_us"][seen], _TS)
    columns["last_ts"] = pa.array(counts["last_us"][seen], _TS)
    claimed = np.maximum(likes["likes_claimed"][seen], 1)
    columns["contamination"] = likes["likes_excluded"][seen] / claimed
    inputs = dict(columns)
    for name in ("dwell_ms_sum", "dwell_views", "comment_chars_sum", "comment_texts_distinct"):
        inputs[name] = counts[name][seen]
    inputs["completion_sum"] = counts["completion_sum"][seen] / 1000.0
    inputs["completion_views"] = counts["completion_views"][seen]
    _drop_silent_kinds(inputs)
    scores = authentic_engagement(pa.table(inputs))
    columns |= {name: scores[name] for name in scores.column_names}
    return pa.table(columns).sort_by("item_id")


def _drop_silent_kinds(inputs: dict[str, Any]) -> None:
    """A kind that the whole log never holds is missing, not zero (safety rule 3)."""
    for name in ("views", "favorites", "carts", "purchases", "comments", "shares", "refunds"):
        if not np.any(inputs[name]):
            del inputs[name]
    if "purchases" not in inputs:
        inputs.pop("repurchases", None)
        inputs.pop("likes_verified_buyer", None)


def _accounts(run: Run, states: NDArray[np.int8], reasons: RecurringReasons) -> pa.Table:
    counts = run.accounts.columns()
    size = len(counts["first_us"])
    seen = np.flatnonzero(counts["first_us"] > 0)
    nobody = np.zeros(run.spill.count, np.bool_)
    likes = _by_state(run.spill.key("account"), states, nobody, size)
    columns: dict[str, Any] = {
        "account_id": run.ingest.tables["account"].strings(seen.astype(np.int32)),
        "likes": likes["likes_claimed"][seen],
        "likes_excluded": likes["likes_excluded"][seen],
        "likes_held": likes["likes_held"][seen],
        "first_ts": pa.array(counts["first_us"][seen], _TS),
        "last_ts": pa.array(counts["last_us"][seen], _TS),
    }
    inputs = dict(columns)
    inputs |= {"kinds": counts["kinds"][seen], "purchases": counts["purchases"][seen]}
    verified = run.ingest.verified
    if verified is not None:
        inputs["verified"] = verified[seen]
    columns["reasons"] = reasons.by(run.spill.key("account"), seen)
    return _with_health(columns, account_health(pa.table(inputs))).sort_by("account_id")


def _merchants(run: Run, states: NDArray[np.int8], reasons: RecurringReasons) -> pa.Table:
    counts = run.items.columns()
    merchant = run.spill.key("merchant")
    owner = counts["merchant"]
    size = int(max(merchant.max(initial=-1), owner.max(initial=-1))) + 1
    likes = _by_state(merchant, states, run.spill.key("campaign"), size)
    items = np.bincount(owner[owner >= 0], minlength=size)
    seen = np.flatnonzero(items + likes["likes_claimed"] > 0)
    columns: dict[str, Any] = {
        "merchant_id": run.ingest.tables["merchant"].strings(seen.astype(np.int32)),
        "items": items[seen],
    }
    columns |= {name: column[seen] for name, column in likes.items()}
    inputs = dict(columns)
    names = {"favorite": "favorites", "cart": "carts", "purchase": "purchases", "refund": "refunds",
             "repurchases": "repurchases"}  # fmt: skip
    for kind, name in names.items():
        told = owner >= 0
        total = np.bincount(owner[told], counts[kind][told], minlength=size)
        if total.any():
            inputs[name] = total[seen]
    columns["reasons"] = reasons.by(merchant, seen)
    return _with_health(columns, merchant_health(pa.table(inputs))).sort_by("merchant_id")


def _with_health(columns: dict[str, Any], health: pa.Table) -> pa.Table:
    parts = [name for name in health.column_names if name != "health"]
    columns["health"] = health["health"]
    chunks = [health[name].combine_chunks() for name in parts]
    columns["components"] = pa.StructArray.from_arrays(chunks, names=parts)
    return pa.table(columns)


def _timeline(run: Run, states: NDArray[np.int8]) -> pa.Table:
    ts = run.spill.key("ts")
    first = int(ts.min()) // HOUR_US if len(ts) else 0
    hour = (ts // HOUR_US - first).astype(np.int32)
    size = int(hour.max(initial=-1)) + 1
    likes = _by_state(hour, states, run.spill.key("campaign").astype(np.bool_), size)
    hours = pa.array((np.arange(size) + first) * HOUR_US, _TS)
    return pa.table({"hour": hours, **likes})


def _summary(run: Run, settlement: Settlement, states: NDArray[np.int8]) -> dict[str, Any]:
    by_state = np.bincount(states, minlength=len(COUNT_STATES))
    excluded = states == CountState.EXCLUDED
    speaks = settlement.settled.nats[excluded] >= SUPPORT_MIN
    return {
        "version": zhenzan.__version__,
        "counts": {**run.ingest.counts.as_dict(), "likes": run.spill.count},
        "states": {word: int(by_state[code]) for code, word in enumerate(COUNT_STATES)},
        "evidence": {family.word: int(speaks[:, family].sum()) for family in Family},
        "prior": settlement.settled.prior,
        "as_of_us": run.last_us,
        "feature_hash": feature_hash(),
        "settings": {
            name: getattr(run.settings, name) for name in run.settings.__dataclass_fields__
        },
    }
