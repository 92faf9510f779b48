"""The job that strips and deletes what is over in a folder of history.

History is Parquet files with a column ``ts``. Identifiers go as soon as the detection window is
over while the record stays; whole rows go when the class of the history is over. Legal holds
override both (requirements, section 6, "Retention rule").
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from zhenzan.access.identifiers import PERIOD_US, Hider, raw_left
from zhenzan.access.retention.classes import CLASSES
from zhenzan.files import whole_file

if TYPE_CHECKING:
    from zhenzan.access.audit import AuditLog

HIDDEN_COLUMNS: tuple[str, ...] = ("ip", "device_id", "session_id")
"""Columns of the contract that name a place or a machine."""


@dataclass(slots=True)
class Stripped:
    """What one run of the job did."""

    files: int = 0
    files_changed: int = 0
    files_emptied: int = 0
    identifiers_hidden: int = 0
    rows_deleted: int = 0
    rows_on_hold: int = 0
    identifiers_on_hold: int = 0
    secrets_destroyed: int = 0


def strip_history(
    folder: Path,
    hider: Hider,
    now_us: int,
    *,
    held_accounts: frozenset[str] = frozenset(),
    log: AuditLog | None = None,
    dry: bool = False,
) -> Stripped:
    """Hide identifiers past the detection window, and delete rows past their class.

    Each file is replaced whole or not at all, so a run that is cut off is run again. A file whose
    rows are all deleted stays without rows: the live service writes history anew for each segment
    of the journal that has no file.

    Parameters
    ----------
    held_accounts
        Accounts under legal hold: their rows are neither stripped nor deleted.
    log
        Where the run is taken down.
    dry
        Count what would be done, and change nothing.
    """
    done = Stripped()
    for path in sorted(folder.rglob("*.parquet")):
        done.files += 1
        _strip_file(path, _Marks(hider, now_us, held_accounts, dry), done)
    done.secrets_destroyed = hider.due() if dry else hider.rotate()
    if log is not None:
        told = {name: getattr(done, name) for name in Stripped.__dataclass_fields__}
        log.note("retention", "strip history", folder.name, **told)
    return done


@dataclass(frozen=True, slots=True)
class _Marks:
    hider: Hider
    now_us: int
    held_accounts: frozenset[str]
    dry: bool


def _strip_file(path: Path, marks: _Marks, done: Stripped) -> None:
    hider, now_us, held_accounts = marks.hider, marks.now_us, marks.held_accounts
    table = pq.read_table(path)
    ts = table["ts"].cast(pa.timestamp("us", tz="UTC")).cast(pa.int64()).to_numpy()
    held = pc.fill_null(
        pc.is_in(table["account_id"], pa.array(sorted(held_accounts), table["account_id"].type)),
        False,
    ).to_numpy()
    rows_over = ts < CLASSES["live_3y"].before_us(now_us)
    raw_over = ts < CLASSES["identifiers_raw"].before_us(now_us)
    over, old, kept_raw = rows_over & ~held, raw_over & ~held, raw_over & held
    done.rows_on_hold += int((rows_over & held).sum())
    hidden = 0
    for name in HIDDEN_COLUMNS:
        if name in table.column_names:
            done.identifiers_on_hold += raw_left(table[name].filter(pa.array(kept_raw)))
            number = raw_left(table[name].filter(pa.array(old)))
            hidden += number
            if number and not marks.dry:
                column = _hidden(table[name], ts, old, hider)
                place = table.schema.get_field_index(name)
                table = table.set_column(place, table.schema.field(name), column)
    if not hidden and not over.any():
        return
    done.files_changed += 1
    done.identifiers_hidden += hidden
    done.rows_deleted += int(over.sum())
    done.files_emptied += bool(over.all())
    if marks.dry:
        return
    table = table.filter(pa.array(~over))
    with whole_file(path) as unfinished:
        pq.write_table(table, unfinished, compression="zstd")


def _hidden(
    column: pa.ChunkedArray, ts: np.ndarray, old: np.ndarray, hider: Hider
) -> pa.ChunkedArray:
    """Hide the identifiers of old rows, each under the secret of its period."""
    kind = column.type
    values = column.cast(pa.string()).combine_chunks()
    for period in np.unique(ts[old] // PERIOD_US).tolist():
        rows = np.flatnonzero(old & (ts // PERIOD_US == period))
        hashed = hider.hide(values.take(pa.array(rows)), period * PERIOD_US)
        place = np.arange(len(values))
        place[rows] = len(values) + np.arange(len(rows))
        values = pa.concat_arrays([values, hashed]).take(pa.array(place))
    whole = values.dictionary_encode() if pa.types.is_dictionary(kind) else values
    return pa.chunked_array([whole.cast(kind)])
