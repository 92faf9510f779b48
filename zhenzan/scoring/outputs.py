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
from zhenzan.detectors.interface import Family
from zhenzan.detectors.registry import all_detectors
from zhenzan.events.state import COUNT_STATES, CountState
from zhenzan.features.compile import feature_hash
from zhenzan.groups.tables import output_tables, write_tables
from zhenzan.groups.watch import raised_of
from zhenzan.scoring.account_reasons import RecurringReasons
from zhenzan.scoring.ahead import ahead
from zhenzan.scoring.decide import SUPPORT_MIN
from zhenzan.scoring.evidence import Evidence
from zhenzan.scoring.figures import (
    PLURAL,
    TS,
    Counted,
    account_figures,
    item_figures,
    merchant_figures,
    timeline,
)
from zhenzan.scoring.holdout import holdout_mask, write_holdout
from zhenzan.scoring.learned.model import Part
from zhenzan.scoring.learned.reasons import LearnedReasons
from zhenzan.scoring.learned.store import write_inputs
from zhenzan.scoring.lockstep import Lockstep
from zhenzan.scoring.measured import Measured
from zhenzan.scoring.reasons import REASON, Reasoner
from zhenzan.scoring.settled import Settled
from zhenzan.traces.follow_up import WITHDRAWN

if TYPE_CHECKING:
    from zhenzan.scoring.job import Run

_CHUNK = 131_072
_STATE = pa.dictionary(pa.int8(), pa.string())
_WORD = pa.dictionary(pa.int32(), pa.string())

EVIDENCE = pa.struct([pa.field(family.word, pa.float32(), nullable=False) for family in Family])
"""Evidence of the like itself, in nats by family: what the safety rules are applied to."""

LIKES = pa.schema(
    [
        pa.field("event_id", pa.string(), nullable=False),
        pa.field("ts", TS, nullable=False),
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
        pa.field("verified_buyer", pa.bool_(), nullable=False),
        pa.field("new_account", pa.bool_(), nullable=False),
        pa.field("evidence", EVIDENCE, nullable=False),
        pa.field("reasons", pa.list_(REASON)),
        pa.field("group_id", pa.string()),
        pa.field("as_of", TS, nullable=False),
    ]
)


@dataclass(frozen=True, slots=True)
class Stronger:
    """What a model read and said of every like, and what the evidence said without it."""

    part: Part
    near: NDArray[np.float32]
    score: NDArray[np.float64]
    nats: NDArray[np.float32]
    by_model: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Settlement:
    """What was measured, the settled answer made from it, and the groups behind it.

    ``stronger`` tells what a model has added to the answers; None without a model.
    """

    measured: Measured
    settled: Settled
    lockstep: Lockstep
    states: NDArray[np.int8]
    stronger: Stronger | None = None


def write_outputs(run: Run, settlement: Settlement, out: Path) -> dict[str, Any]:
    """Write every output file but the report; return the summary."""
    held_out = write_holdout(run, settlement, out)
    states = np.where(held_out, np.int8(CountState.COUNTED), settlement.states)
    _write_likes(run, settlement, states, out / "likes.parquet")
    reasons = RecurringReasons(
        all_detectors(),
        settlement.settled,
        settlement.measured,
        segments=_segments(run, settlement),
        states=states,
    )
    _write_figures(run, states, reasons, out)
    _write_groups(run, settlement, out)
    write_inputs(run, settlement, out)
    return _summary(run, settlement, states)


def _write_likes(run: Run, settlement: Settlement, states: NDArray[np.int8], path: Path) -> None:
    # Nobody looks for rows by the least and the greatest text of a reason.
    told = [field.name for field in LIKES if not pa.types.is_nested(field.type)]
    with pq.ParquetWriter(path, LIKES, compression="zstd", write_statistics=told) as writer:
        for table in ahead(_likes(run, settlement, states)):
            writer.write_table(table)


def _likes(run: Run, settlement: Settlement, states: NDArray[np.int8]) -> Iterator[pa.Table]:
    spill, tables = run.spill, run.ingest.tables
    settled = settlement.settled
    evidence = Evidence(settled.table, *settled.baseline.usual())
    plain = Reasoner(all_detectors(), evidence)
    reasoner: Reasoner | LearnedReasons = plain
    if settlement.stronger is not None:
        told = settlement.stronger
        reasoner = LearnedReasons(plain, told.part, told.near, told.by_model)
    held_out = holdout_mask(run)
    state_at_once = np.where(held_out, CountState.COUNTED, spill.key("state_at_once"))
    segments = _segments(run, settlement)
    ids = spill.event_ids()
    order = _output_order(run, ids)
    as_of = np.minimum(spill.key("ts") + run.settings.follow_up_s * 1_000_000, run.last_us)
    outcomes = run.follow_up["outcomes"]
    at_once = spill.key("score_shown")
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
            "ts": pa.array(spill.key("ts")[rows], TS),
            **names,
            "score": pa.array(settled.score[rows].astype(np.float32)),
            "score_at_once": pa.array(at_once[rows].astype(np.float32)),
            "count_state": _states(states[rows]),
            "count_state_at_once": _states(state_at_once[rows].astype(np.int8)),
            "campaign": pa.array(spill.key("campaign")[rows]),
            "late": pa.array(spill.key("late")[rows]),
            "withdrawn": pa.array(withdrawn[rows]),
            "verified_buyer": pa.array(spill.key("verified_buyer")[rows]),
            "new_account": pa.array(spill.key("new_account")[rows]),
            "evidence": evidence_array(settled.nats[rows]),
            "reasons": _reasons(run, reasoner, settlement, rows, segments[rows]),
            "group_id": settlement.lockstep.group_id.take(pa.array(rows)),
            "as_of": pa.array(as_of[rows], TS),
        }
        yield pa.table({field.name: columns[field.name] for field in LIKES}).cast(LIKES)


def _reasons(
    run: Run,
    reasoner: Reasoner | LearnedReasons,
    settlement: Settlement,
    rows: NDArray[np.int64],
    segments: NDArray[np.int16],
) -> pa.ListArray:
    reasons = reasoner.explain(settlement.measured, rows, segments)
    return reasons if run.rules is None else run.rules.reasons(reasons, rows)


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


def evidence_array(nats: NDArray[np.float32]) -> pa.StructArray:
    """Turn evidence of shape (likes, families) into the column of `LIKES`."""
    columns = [pa.array(np.ascontiguousarray(nats[:, family])) for family in Family]
    return pa.StructArray.from_arrays(columns, fields=list(EVIDENCE))


def _states(codes: NDArray[np.int8]) -> pa.DictionaryArray:
    return pa.DictionaryArray.from_arrays(pa.array(codes), pa.array(COUNT_STATES))


def _counted(run: Run, states: NDArray[np.int8], places: dict[str, NDArray[np.int32]]) -> Counted:
    """Gather what figures need of the likes, with places in the facts for codes."""
    key = run.spill.key
    return Counted(
        ts=key("ts"),
        **{name: _place(key(name), place) for name, place in places.items()},
        states=states,
        campaign=key("campaign").astype(np.bool_),
        verified_buyer=key("verified_buyer").astype(np.bool_),
    )


def _place(codes: NDArray[np.int32], place: NDArray[np.int32]) -> NDArray[np.int32]:
    return np.append(place, np.int32(-1))[codes]


def _places(seen: NDArray[np.int64], size: int) -> NDArray[np.int32]:
    """Number the codes that were seen; -1 for the others."""
    place = np.full(size, -1, np.int32)
    place[seen] = np.arange(len(seen))
    return place


def _write_figures(
    run: Run, states: NDArray[np.int8], reasons: RecurringReasons, out: Path
) -> None:
    tables = run.ingest.tables
    items, accounts = run.items.columns(), run.accounts.columns()
    seen_items = np.flatnonzero(items["first_us"] > 0)
    seen_accounts = np.flatnonzero(accounts["first_us"] > 0)
    merchants = np.arange(len(tables["merchant"]), dtype=np.int32)
    likes = _counted(
        run,
        states,
        {
            "item": _places(seen_items, len(items["first_us"])),
            "account": _places(seen_accounts, len(accounts["first_us"])),
            "merchant": merchants,
        },
    )
    facts = _item_facts(run, items, seen_items)
    owner = items["merchant"][seen_items].astype(np.int32)
    known = _account_facts(run, accounts, seen_accounts)
    known["reasons"] = reasons.by(run.spill.key("account"), seen_accounts)
    shops = {
        "merchant_id": tables["merchant"].strings(merchants),
        "reasons": reasons.by(run.spill.key("merchant"), merchants.astype(np.int64)),
    }
    written = {
        "items": item_figures(facts, likes),
        "accounts": account_figures(known, likes),
        "merchants": merchant_figures(shops, owner, facts, likes),
        "timeline": timeline(likes),
    }
    for name, table in written.items():
        pq.write_table(table, out / f"{name}.parquet")


def _item_facts(
    run: Run, counts: dict[str, NDArray[np.int64]], seen: NDArray[np.int64]
) -> dict[str, Any]:
    tables = run.ingest.tables
    facts: dict[str, Any] = {"item_id": tables["item"].strings(seen.astype(np.int32))}
    for key, name in (("merchant", "merchant_id"), ("category", "category")):
        facts[name] = tables[key].strings(counts[key][seen].astype(np.int32))
    facts |= {name: counts[kind][seen] for kind, name in PLURAL.items()}
    for name in (
        "repurchases", "dwell_ms_sum", "dwell_views", "completion_views", "comment_chars_sum",
        "comment_texts_distinct",
    ):  # fmt: skip
        facts[name] = counts[name][seen]
    facts["completion_sum"] = counts["completion_sum"][seen] / 1000.0
    for name in ("first", "last"):
        facts[f"{name}_ts"] = pa.array(counts[f"{name}_us"][seen], TS)
    return facts


def _account_facts(
    run: Run, counts: dict[str, NDArray[np.int64]], seen: NDArray[np.int64]
) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "account_id": run.ingest.tables["account"].strings(seen.astype(np.int32)),
        "kinds": counts["kinds"][seen],
        "purchases": counts["purchases"][seen],
        "first_ts": pa.array(counts["first_us"][seen], TS),
        "last_ts": pa.array(counts["last_us"][seen], TS),
    }
    if run.ingest.verified is not None:
        facts["verified"] = run.ingest.verified[seen]
    return facts


def _write_groups(run: Run, settlement: Settlement, out: Path) -> None:
    """Write the groups that were found, and when the watch raised them while the log was read."""
    tables, groups = run.ingest.tables, settlement.lockstep.groups
    raised_us = raised_of(groups, run.signals.watch.raised)
    times = [raised_us.get(name) for name in groups.groups["group_id"].to_pylist()]
    written = output_tables(
        groups,
        account=tables["account"].strings,
        item=tables["item"].strings,
        merchant=tables["merchant"].strings,
    )
    written["groups"] = written["groups"].append_column("raised_ts", pa.array(times, TS))
    write_tables(written, out)


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
        "groups": _kinds(settlement.lockstep),
        "as_of_us": run.last_us,
        "model": None if run.model is None else run.model.version,
        "held_out": {"share": run.settings.holdout_share, "likes": int(holdout_mask(run).sum())},
        "feature_hash": feature_hash(),
        "settings": {
            name: getattr(run.settings, name) for name in run.settings.__dataclass_fields__
        },
    }


def _kinds(lockstep: Lockstep) -> dict[str, int]:
    """Count the groups of each kind."""
    counts = lockstep.groups.groups["kind"].value_counts()
    return {row["values"]: row["counts"] for row in counts.to_pylist()}
