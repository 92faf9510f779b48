"""Checks contract columns row by row, all rows of a chunk at once."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from zhenzan.events.canonical import CANONICAL, STRINGS
from zhenzan.events.convert import to_number, to_text, to_time
from zhenzan.events.hashing import hash_strings, string_buffers
from zhenzan.events.rejects import Rejects
from zhenzan.events.schema import KINDS, REQUIRED

_Bools = NDArray[np.bool_]

# An id longer than this is a payload in the wrong column; texts have no such limit.
ID_BYTES_MAX = 4_096

_KIND_HASHES = hash_strings(pa.array(list(KINDS)))
_KIND_ORDER = np.argsort(_KIND_HASHES)
_KIND_SORTED = _KIND_HASHES[_KIND_ORDER]
_KIND_CODES = np.array([int(kind) for kind in KINDS.values()], np.int8)[_KIND_ORDER]


class Validator:
    """Turns chunks that hold contract columns of any type into canonical rows.

    Every row that fails a check goes to ``rejects`` with the first reason that was found, in
    the order: bytes that are not UTF-8, a required value missing, an id with a NUL in it or too
    long, a time, a kind, a number out of range.
    """

    def __init__(self, rejects: Rejects) -> None:
        self._rejects = rejects

    def check(
        self,
        table: pa.Table,
        *,
        rows: NDArray[np.int64],
        file: str,
        file_index: int,
        raw: pa.Table,
    ) -> pa.Table:
        """Check the rows of one chunk; ``raw`` is what the file said, for the quarantine."""
        faults = _Faults(len(rows))
        names = set(table.column_names)
        columns: dict[str, pa.Array] = {}
        for name in ("event_id", *STRINGS):
            if name in names:
                columns[name] = _text(flat(table, name), name, faults)
            else:
                columns[name] = pa.nulls(len(rows), pa.string())
        if "ts" in names:
            columns["ts"] = _time(flat(table, "ts"), faults)
        columns["kind"] = _kind(flat(table, "kind"), faults)
        columns |= _numbers(table, names, faults)
        columns["file"] = pa.array(np.full(len(rows), file_index, np.int32))
        columns["row"] = pa.array(rows)
        out = pa.table([columns[field.name] for field in CANONICAL], schema=CANONICAL)
        if faults.found:
            bad = faults.bad
            for (reason, detail), mask in faults.found:
                wrong = np.flatnonzero(mask)
                taken = raw.take(pa.array(wrong[: self._rejects.wanted]))
                self._rejects.add_rows(file, rows[wrong], taken, reason=reason, detail=detail)
            out = out.filter(pa.array(~bad))
        return out


class _Faults:
    """Remembers the first fault of each row."""

    def __init__(self, rows_count: int) -> None:
        self.bad = np.zeros(rows_count, np.bool_)
        self.found: list[tuple[tuple[str, str], _Bools]] = []

    def add(self, mask: _Bools, reason: str, detail: str) -> None:
        new = mask & ~self.bad
        if new.any():
            self.bad |= new
            self.found.append(((reason, detail), new))


def flat(table: pa.Table, name: str) -> pa.Array:
    """Give a column of a table as one array."""
    column = table.column(name)
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()


def _text(array: pa.Array, name: str, faults: _Faults) -> pa.Array:
    text, bad = to_text(array)
    if bad is not None:
        faults.add(bad, "bad_text", f"`{name}` is not UTF-8")
    offsets, chars = string_buffers(text)
    lengths = np.diff(offsets)
    if name in REQUIRED:
        missing = lengths == 0
        if text.null_count:
            missing |= text.is_null().to_numpy(zero_copy_only=False)
        faults.add(missing, "missing_required", f"`{name}` is missing")
    if name != "text" and len(text) and not chars[offsets[0] : offsets[-1]].all():
        # No database of the service holds it, and no platform gives such an id.
        nul = pc.match_substring(text, "\0").fill_null(False).to_numpy(zero_copy_only=False)
        faults.add(nul, "bad_text", f"`{name}` has a NUL character in it")
    if name != "text" and len(lengths) and int(offsets[-1]) - int(offsets[0]) > ID_BYTES_MAX:
        long = lengths > ID_BYTES_MAX
        faults.add(long, "too_long", f"`{name}` is longer than {ID_BYTES_MAX:,} bytes")
    return text


def _time(array: pa.Array, faults: _Faults) -> pa.Array:
    missing = array.is_null().to_numpy(zero_copy_only=False) if array.null_count else None
    if missing is not None:
        faults.add(missing, "missing_required", "`ts` is missing")
    ts, bad = to_time(array)
    faults.add(bad, "bad_time", "`ts` is not a time from 1990 to 2100")
    return pa.array(ts)


def _kind(array: pa.Array, faults: _Faults) -> pa.Array:
    text, bad = to_text(array)
    if bad is not None:
        faults.add(bad, "bad_text", "`kind` is not UTF-8")
    hashes = hash_strings(text)
    faults.add(hashes == 0, "missing_required", "`kind` is missing")
    at = np.minimum(np.searchsorted(_KIND_SORTED, hashes), len(_KIND_SORTED) - 1)
    unknown = _KIND_SORTED[at] != hashes
    if unknown.any():
        words = pc.utf8_lower(pc.utf8_trim_whitespace(text))
        hashes = hash_strings(words)
        at = np.minimum(np.searchsorted(_KIND_SORTED, hashes), len(_KIND_SORTED) - 1)
        unknown = _KIND_SORTED[at] != hashes
        faults.add(unknown, "unknown_kind", f"`kind` is none of {', '.join(KINDS)}")
    return pa.array(_KIND_CODES[at])


def _numbers(table: pa.Table, names: set[str], faults: _Faults) -> dict[str, pa.Array]:
    size = table.num_rows
    dwell = np.full(size, -1, np.int32)
    permille = np.full(size, -1, np.int16)
    cents = np.zeros(size, np.int64)
    if "dwell_ms" in names:
        values, known = _number(flat(table, "dwell_ms"), "dwell_ms", pa.int32(), faults)
        faults.add(known & (values < 0), "bad_value", "`dwell_ms` is below 0")
        dwell = np.where(known, values, -1).astype(np.int32)
    if "completion" in names:
        values, known = _number(flat(table, "completion"), "completion", pa.float32(), faults)
        outside = known & ~((values >= 0) & (values <= 1))
        faults.add(outside, "bad_value", "`completion` is outside 0 to 1")
        share = np.where(known & ~outside, values, 0)
        permille = np.where(known, np.rint(share * 1000), -1).astype(np.int16)
    if "amount_cents" in names:
        values, known = _number(flat(table, "amount_cents"), "amount_cents", pa.int64(), faults)
        faults.add(known & (values < 0), "bad_value", "`amount_cents` is below 0")
        cents = np.where(known, values, 0)
    return {
        "dwell_ms": pa.array(dwell),
        "completion_permille": pa.array(permille),
        "amount_cents": pa.array(cents),
    }


def _number(
    array: pa.Array, name: str, target: pa.DataType, faults: _Faults
) -> tuple[NDArray[np.float64], _Bools]:
    numbers, bad = to_number(array, target)
    if bad is not None:
        faults.add(bad, "bad_value", f"`{name}` is not a number that fits")
    known: _Bools = np.ones(len(numbers), np.bool_)
    if numbers.null_count:
        known = numbers.is_valid().to_numpy(zero_copy_only=False)
        numbers = numbers.fill_null(0)
    values = numbers.to_numpy(zero_copy_only=False)
    if pa.types.is_floating(target):
        # NaN is how some tools write a gap; it is missing, not wrong (rule 3 of design.md).
        known = known & ~np.isnan(values)
    return values, known
