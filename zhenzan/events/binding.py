"""Ties a mapping, or the contract itself, to the columns of one log."""

from __future__ import annotations

import datetime
import hashlib
import string
import zoneinfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from zhenzan.errors import MappingError, SchemaError, nearest
from zhenzan.events.convert import BAD_TS, is_flat, to_text, to_time
from zhenzan.events.mapping import Mapping, Rule
from zhenzan.events.schema import INTERACTION, REQUIRED
from zhenzan.events.sources.chunk import Chunk, Source
from zhenzan.events.validate import flat


class Binding:
    """Knows which columns of one log to read and how they become contract columns.

    Raises
    ------
    MappingError
        The mapping names a column that the log does not have.
    SchemaError
        A required column is missing, or a column that is read holds nested values.
    """

    def __init__(self, source: Source, mapping: Mapping | None, *, mark: str = "") -> None:
        self._mapping = mapping
        self._name = source.name
        columns = source.columns
        if mapping is None:
            wanted = INTERACTION.names
            self.reads = tuple(
                name for name in wanted if source.has_open_columns or name in columns
            )
            _require(source, columns)
        else:
            self.reads = mapping.reads
            for name in self.reads:
                if name not in columns:
                    raise MappingError(
                        f"mapping `{mapping.name}` reads `{name}`, which `{source.name}` does"
                        " not have",
                        hint=nearest(name, columns),
                    )
            _require(source, tuple(mapping.rules), mapped=True)
        self.unread = tuple(name for name in columns if name not in self.reads)
        # Two files of one log must not give the same ids to different rows.
        self._file_mark = hashlib.blake2b(mark.encode(), digest_size=4).hexdigest()

    def apply(self, chunk: Chunk) -> tuple[pa.Table, NDArray[np.int64], pa.Table]:
        """Give contract columns, row numbers and the rows as read, after the filters."""
        table, rows = chunk.table, chunk.rows
        for column, name in zip(table.columns, table.column_names, strict=True):
            if not is_flat(column.type):
                raise SchemaError(
                    f"column `{name}` of `{self._name}` holds nested values ({column.type})",
                    hint="store one value a row",
                )
        if self._mapping is None:
            return table, rows, table
        keep = self._filter(table)
        if keep is not None:
            table, rows = table.filter(pa.array(keep)), rows[keep]
        columns = {
            name: self._column(name, rule, table, rows)
            for name, rule in self._mapping.rules.items()
        }
        return pa.table(columns), rows, table

    def times_us(self, chunk: Chunk) -> NDArray[np.int64]:
        """Read only the times of a chunk; what is no time becomes a very early one."""
        rule = self._mapping.rules["ts"] if self._mapping else Rule(column="ts")
        ts, bad = to_time(self._column("ts", rule, chunk.table, chunk.rows))
        return np.where(bad, BAD_TS, ts)

    @property
    def time_reads(self) -> tuple[str, ...]:
        """Name the columns that ``times_us`` needs."""
        return self._mapping.rules["ts"].reads if self._mapping else ("ts",)

    def _filter(self, table: pa.Table) -> NDArray[np.bool_] | None:
        assert self._mapping is not None
        keep: NDArray[np.bool_] | None = None
        for row_filter in self._mapping.where:
            text, _ = to_text(flat(table, row_filter.column))
            if row_filter.words is None:
                one = pc.greater(pc.binary_length(text), 0).fill_null(False)
            else:
                one = pc.is_in(text, value_set=pa.array(row_filter.words, pa.string()))
            mask = one.to_numpy(zero_copy_only=False)
            keep = mask if keep is None else keep & mask
        return keep

    def _column(self, name: str, rule: Rule, table: pa.Table, rows: NDArray[np.int64]) -> pa.Array:
        if rule.is_row:
            numbers = pa.array(rows).cast(pa.string())
            return pc.binary_join_element_wise(self._file_mark, numbers, ":")
        if rule.constant is not None:
            return pa.repeat(pa.scalar(rule.constant), len(rows))
        if rule.template is not None:
            return _fill_template(rule.template, table, len(rows))
        assert rule.column is not None
        array = flat(table, rule.column)
        if name == "ts":
            return _read_time(array, rule)
        if rule.values is not None:
            return _translate(array, rule)
        if rule.default is not None:
            text, _ = to_text(array)
            return text.fill_null(rule.default)
        return array


def _require(source: Source, names: tuple[str, ...], *, mapped: bool = False) -> None:
    for name in REQUIRED:
        if name in names:
            continue
        if mapped:
            close = nearest(name, source.columns)
            raise SchemaError(
                f"the mapping gives no `{name}`, which every interaction needs",
                hint=f"columns of `{source.name}`: {close}" if "did" not in close else close,
            )
        hint = nearest(name, source.columns)
        if "did" not in hint and not set(source.columns) & set(INTERACTION.names):
            hint = f"no name of the contract is there; does the first row hold names? {hint}"
        raise SchemaError(
            f"`{source.name}` has no column `{name}`, which every interaction needs",
            hint=f"{hint} a mapping file (--map) can rename it" if "did" in hint else hint,
        )


def _fill_template(template: str, table: pa.Table, rows_count: int) -> pa.Array:
    parts: list[pa.Array | pa.Scalar] = []
    for before, name, _, _ in string.Formatter().parse(template):
        if before:
            parts.append(pa.scalar(before))
        if name:
            text, _ = to_text(flat(table, name))
            parts.append(text)
    if not any(isinstance(part, pa.Array) for part in parts):
        return pa.repeat(pa.scalar(template), rows_count)
    # A part that is missing leaves the whole value missing: half an id is no id.
    return pc.binary_join_element_wise(*parts, "")


def _translate(array: pa.Array, rule: Rule) -> pa.Array:
    assert rule.values is not None
    text, _ = to_text(array)
    at = pc.index_in(text, value_set=pa.array(list(rule.values), pa.string()))
    known = pa.array(list(rule.values.values()), pa.string()).take(at)
    if rule.default is not None:
        return known.fill_null(rule.default)
    return pc.if_else(at.is_valid(), known, text)


def _read_time(array: pa.Array, rule: Rule) -> pa.Array:
    if rule.format is not None:
        text, _ = to_text(array)
        array = _parse_format(text, rule.format)
    elif rule.unit is not None:
        ts, bad = to_time(array, unit=rule.unit)
        return pa.array(ts, mask=bad).cast(pa.timestamp("us", "UTC"))
    if rule.timezone is None:
        return array
    if not pa.types.is_timestamp(array.type):
        ts, bad = to_time(array)
        array = pa.array(ts, mask=bad).cast(pa.timestamp("us"))
    if array.type.tz is not None:
        return array
    return pc.assume_timezone(array, rule.timezone, ambiguous="earliest", nonexistent="earliest")


def _parse_format(text: pa.Array, pattern: str) -> pa.Array:
    """Parse each distinct text once; what does not fit becomes null."""
    coded = text.dictionary_encode()
    parsed: list[datetime.datetime | None] = []
    for word in coded.dictionary.to_pylist():
        try:
            parsed.append(datetime.datetime.strptime(word, pattern))
        except ValueError:
            parsed.append(None)
    has_zone = "%z" in pattern
    if has_zone:
        parsed = [time and time.astimezone(zoneinfo.ZoneInfo("UTC")) for time in parsed]
    kind = pa.timestamp("us", "UTC" if has_zone else None)
    return pa.array(parsed, kind).take(coded.indices)
