"""A random share of likes that count whatever their score, so that honest harm can be measured.

What is excluded is never seen to be honest, so its harm cannot be read from outcomes: the share
that is left alone shows what an exclusion would have cost (methods.md, section 1.3). Which likes
they are follows from a keyed hash of the event id: the same like is chosen in every run, and nobody
without the key can tell which.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from zhenzan.events.state import COUNT_STATES

if TYPE_CHECKING:
    from zhenzan.scoring.job import Run
    from zhenzan.scoring.outputs import Settlement

KEY = "zhenzan"
"""Key where the operator names none."""


def held_out(event_ids: list[str], *, share: float, key: str) -> NDArray[np.bool_]:
    """Choose a share of likes by the keyed hash of their event ids.

    Examples
    --------
    >>> held_out(["a", "b"], share=0.0, key="k").tolist()
    [False, False]
    """
    if share <= 0:
        return np.zeros(len(event_ids), np.bool_)
    secret = hashlib.blake2b(key.encode(), digest_size=32).digest()
    limit = int(share * 2**64)
    digests = b"".join(
        hashlib.blake2b(name.encode(), key=secret, digest_size=8).digest() for name in event_ids
    )
    return np.frombuffer(digests, ">u8").astype(np.uint64) < np.uint64(limit)


def holdout_mask(run: Run) -> NDArray[np.bool_]:
    """Tell which likes of a run are held out; computed once."""
    if run.held_out is None:
        share = run.settings.holdout_share
        ids = run.spill.event_ids().to_pylist() if share > 0 else [""] * run.spill.count
        run.held_out = held_out(ids, share=share, key=run.holdout_key)
    return run.held_out


def write_holdout(run: Run, settlement: Settlement, out: Path) -> NDArray[np.bool_]:
    """Write what would have been decided about the likes that are held out; return which."""
    chosen = holdout_mask(run)
    if chosen.any():
        rows = np.flatnonzero(chosen)
        states = settlement.states[rows]
        table = pa.table(
            {
                "event_id": run.spill.event_ids().take(pa.array(rows)).cast(pa.string()),
                "count_state": pa.DictionaryArray.from_arrays(states, pa.array(COUNT_STATES)),
                "score": settlement.settled.score[rows],
            }
        )
        pq.write_table(table, out / "holdout.parquet", compression="zstd")
    return chosen
