"""Measures a history by the path that scores it, and keeps what models read of every like."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import get_args

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from zhenzan.clock import DAY_US
from zhenzan.detectors.registry import all_detectors
from zhenzan.events.ingest import Ingest
from zhenzan.scoring.job import Run, evidence_of, read, settled_near
from zhenzan.scoring.learned.inputs import assemble
from zhenzan.scoring.spill import LikeSpill
from zhenzan.scoring.weights import Moment
from zhenzan.settings import Settings
from zhenzan.training.history import History, Split

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]

AGE_BANDS: tuple[tuple[str, float], ...] = (
    ("under 7 days", 7.0), ("7 to 60 days", 60.0), ("over 60 days", np.inf),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Likes:
    """The likes of a history in time order.

    ``score`` and ``matrix`` hold, by moment, what the evidence alone says and the inputs of the
    model. ``prior`` is the share of inauthentic likes that the settled evidence finds. The segments
    are words: category, region, and the age of the account.
    """

    event_id: NDArray[np.object_]
    ts: NDArray[np.int64]
    score: dict[Moment, F64]
    matrix: dict[Moment, F32]
    states: NDArray[np.int8]
    owned: NDArray[np.bool_]
    is_new: NDArray[np.bool_]
    nats: F32
    prior: float
    segments: dict[str, NDArray[np.object_]]

    def __len__(self) -> int:
        return len(self.ts)

    def within(self, start_us: int, end_us: int) -> Likes:
        """Keep the likes of [start, end)."""
        return self.where((self.ts >= start_us) & (self.ts < end_us))

    def where(self, kept: NDArray[np.bool_]) -> Likes:
        """Keep the likes that a mask chooses."""
        return self.at(np.flatnonzero(kept))

    def at(self, rows: NDArray[np.int64]) -> Likes:
        """Take the likes at given places, in the order of the places."""
        return replace(
            self,
            event_id=self.event_id[rows],
            ts=self.ts[rows],
            score={moment: score[rows] for moment, score in self.score.items()},
            matrix={moment: matrix[rows] for moment, matrix in self.matrix.items()},
            states=self.states[rows],
            owned=self.owned[rows],
            is_new=self.is_new[rows],
            nats=self.nats[rows],
            segments={name: words[rows] for name, words in self.segments.items()},
        )


def measure(history: History, settings: Settings | None = None) -> Likes:
    """Score a history by the evidence alone and keep the inputs of both models."""
    settings = settings or Settings()
    with tempfile.TemporaryDirectory(prefix="zhenzan-") as scratch:
        folder = Path(scratch)
        pq.write_table(history.table, folder / "log.parquet", compression="lz4")
        accounts = None
        if history.accounts is not None:
            accounts = folder / "accounts.parquet"
            pq.write_table(history.accounts, accounts)
        ingest = Ingest(
            folder / "log.parquet",
            settings,
            accounts=accounts,
            items=history.items,
            networks=history.networks,
        )
        with LikeSpill(folder) as spill:
            run = Run(ingest, settings, spill, near=True)
            read(run)
            return _kept(run, history)


def measure_parts(history: History, parts: Split) -> Likes:
    """Measure each part on what was known when it ended, so that no window looks past its end.

    What lies between two parts comes with the later one. Settling looks as far as the end of the
    log: measured at once, the likes of the training part would have been settled by the attacks of
    the test part. The prior is that of the whole history.
    """
    taken: list[Likes] = []
    start = np.iinfo(np.int64).min
    for _, end in parts.parts.values():
        known = measure(history.before(end))
        taken.append(known.within(start, end))
        start = end
    return _behind_each_other(taken)


def _behind_each_other(taken: Sequence[Likes]) -> Likes:
    """Put likes of later times behind those of earlier ones; the last prior stands."""
    moments: tuple[Moment, ...] = get_args(Moment)
    last = taken[-1]
    return Likes(
        event_id=np.concatenate([one.event_id for one in taken]),
        ts=np.concatenate([one.ts for one in taken]),
        score={name: np.concatenate([one.score[name] for one in taken]) for name in moments},
        matrix={name: np.concatenate([one.matrix[name] for one in taken]) for name in moments},
        states=np.concatenate([one.states for one in taken]),
        owned=np.concatenate([one.owned for one in taken]),
        is_new=np.concatenate([one.is_new for one in taken]),
        nats=np.concatenate([one.nats for one in taken]),
        prior=last.prior,
        segments={
            name: np.concatenate([one.segments[name] for one in taken]) for name in last.segments
        },
    )


def _kept(run: Run, history: History) -> Likes:
    settlement, own = evidence_of(run)
    spill, measured = run.spill, settlement.measured
    everything = slice(0, spill.count)
    near = settled_near(spill, own)
    values, bins = measured.matrix(everything), np.asarray(measured.bins[everything])
    at_once = np.array([not detector.settled for detector in all_detectors()])
    once_near = np.asarray(spill.wide("near", near.shape[1]))
    ids = spill.event_ids().to_numpy().astype(object)
    return Likes(
        event_id=ids,
        ts=spill.key("ts"),
        score={
            "at_once": spill.key("score_at_once").astype(np.float64),
            "settled": settlement.settled.score,
        },
        matrix={
            "at_once": assemble(values[:, at_once], bins[:, at_once], once_near),
            "settled": assemble(values, bins, near),
        },
        states=settlement.states,
        owned=spill.key("merchant") >= 0,
        is_new=spill.key("new_account").astype(np.bool_),
        nats=settlement.settled.nats,
        prior=float(own.prior),
        segments=_segments(run, history),
    )


def _segments(run: Run, history: History) -> dict[str, NDArray[np.object_]]:
    spill, tables = run.spill, run.ingest.tables
    category = tables["category"].strings(spill.key("category")).fill_null("unknown")
    return {
        "category": np.array(category.to_pylist(), dtype=object),
        "region": _regions(run, history),
        "age": _ages(spill),
    }


def _ages(spill: LikeSpill) -> NDArray[np.object_]:
    """Name the age band of the account of each like."""
    born = spill.key("registered_us")
    days = (spill.key("ts") - born) / DAY_US
    words = np.full(spill.count, "unknown", dtype=object)
    for name, edge in reversed(AGE_BANDS):
        words[(born >= 0) & (days < edge)] = name
    return words


def _regions(run: Run, history: History) -> NDArray[np.object_]:
    """Name the region that the side table gives the account of each like."""
    account = run.spill.key("account")
    words = np.full(len(account), "unknown", dtype=object)
    if history.accounts is None:
        return words
    known = dict(
        zip(
            history.accounts["account_id"].to_pylist(),
            history.accounts["region"].to_pylist(),
            strict=True,
        )
    )
    codes = np.unique(account[account >= 0]).astype(np.int32)
    names = run.ingest.tables["account"].strings(codes)
    table = np.full(int(codes.max(initial=-1)) + 2, "unknown", dtype=object)
    for code, name in zip(codes.tolist(), names.to_pylist(), strict=True):
        table[code] = known.get(name) or "unknown"
    return np.asarray(table[account])


def index_of(ids: NDArray[np.object_], wanted: pa.Array) -> NDArray[np.int64]:
    """Find wanted event ids among those of likes; -1 where there is no such like."""
    place = pa.compute.index_in(wanted, value_set=pa.array(ids.tolist(), wanted.type))
    return np.asarray(place.fill_null(-1).to_numpy(zero_copy_only=False), np.int64)
