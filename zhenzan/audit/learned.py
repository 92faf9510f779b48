"""Lets a trained model judge the likes of a history, each once, as they were known by then.

A like is judged in the first window that ends after its follow-up time, by the path on which
``zhenzan score --model`` settles, over what the window holds. Nothing after the window is read, so
an audit that goes on later, or that was interrupted, comes to the same answers. The stronger answer
stands: a model adds to the evidence, and excludes only what its own evidence carries in two
families (design.md, rules 1 and 11).
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from zhenzan.audit.standing import Window
from zhenzan.clock import SECOND_US
from zhenzan.detectors.interface import Family
from zhenzan.events.batch import LogBatch
from zhenzan.events.ingest import Ingest
from zhenzan.scoring.job import read, settle_run, start_run
from zhenzan.scoring.learned.model import Model
from zhenzan.scoring.spill import LikeSpill
from zhenzan.settings import Settings

JUDGED = pa.schema(
    [
        pa.field("event_id", pa.string(), nullable=False),
        pa.field("score", pa.float32(), nullable=False),
        pa.field("state", pa.int8(), nullable=False),
        pa.field("nats", pa.list_(pa.float32(), len(Family)), nullable=False),
    ]
)
"""One row a like that the model has strengthened: its answer, and the evidence by family.

Scores are as exact as those in ``likes.parquet``, so that the same answer is no revision."""

FILE = "judged.parquet"


class _Known(Ingest):
    """A log of which only the interactions of a window are known."""

    window: Window

    def __iter__(self) -> Iterator[LogBatch]:
        for batch in super().__iter__():
            kept = (batch.ts >= self.window.start_us) & (batch.ts < self.window.end_us)
            if kept.any():
                yield batch if kept.all() else _where(batch, kept)
            # A batch outside lies before the window or after it: nothing of it has been taken in,
            # so there is nothing to forget either.


def _where(batch: LogBatch, kept: NDArray[np.bool_]) -> LogBatch:
    """Keep some rows of a batch; what it says is forgotten stays so."""
    columns = {
        row.name: getattr(batch, row.name)[kept]
        for row in fields(batch)
        if row.name not in ("event_id", "forgotten")
    }
    return replace(batch, event_id=batch.event_id.filter(pa.array(kept)), **columns)


def judge(
    open_log: Callable[[type[Ingest]], Ingest],
    model: Model,
    window: Window,
    settings: Settings,
    *,
    former_end_us: int | None,
) -> pa.Table:
    """Give the answers of a model about the likes whose follow-up time has ended in a window.

    Memory is that of scoring the window.

    Parameters
    ----------
    open_log
        Opens the history anew, as an `Ingest` of the given class.
    former_end_us
        End of the window before; None for the first.

    Returns
    -------
    pyarrow.Table
        Rows as in `JUDGED`: likes that the model has strengthened, in the order of the history.
    """
    follow_up_us = settings.follow_up_s * SECOND_US
    first_us = -(1 << 62) if former_end_us is None else former_end_us - follow_up_us
    ingest = open_log(_Known)
    assert isinstance(ingest, _Known)
    ingest.window = window
    with (
        tempfile.TemporaryDirectory(prefix="zhenzan-") as scratch,
        LikeSpill(Path(scratch)) as spill,
    ):
        run = start_run(ingest, settings, spill)
        run.model, run.near = model, True
        read(run)
        if not spill.count:
            return JUDGED.empty_table()
        settlement = settle_run(run)
        stronger, settled = settlement.stronger, settlement.settled
        assert stronger is not None
        ts = spill.key("ts")
        chosen = stronger.by_model & (ts >= first_us) & (ts < window.end_us - follow_up_us)
        rows = np.flatnonzero(chosen)
        nats = pa.array(np.ascontiguousarray(settled.nats[rows], np.float32).ravel())
        return pa.table(
            {
                "event_id": spill.event_ids().take(pa.array(rows)).cast(pa.string()),
                "score": settled.score[rows].astype(np.float32),
                "state": settlement.states[rows].astype(np.int8),
                "nats": pa.FixedSizeListArray.from_arrays(nats, len(Family)),
            },
            schema=JUDGED,
        )


def read_judged(folder: Path) -> pa.Table:
    """Read what a model has said in a finished window; no row where none was asked."""
    path = folder / FILE
    return pq.read_table(path) if path.is_file() else JUDGED.empty_table()
