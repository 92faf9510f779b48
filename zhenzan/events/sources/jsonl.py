"""Reads JSON Lines logs; a line that is no object costs that line only."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.json as pjson
from numpy.typing import NDArray

from zhenzan.events.rejects import RAW_CHARS_MAX, Rejects
from zhenzan.events.sources.chunk import Chunk
from zhenzan.events.sources.text import TextSource

BLOCK_BYTES = 4 << 20
# A line longer than this is a missing line end, not an interaction.
LINE_BYTES_MAX = 8 << 20
# Deeper objects are left to the slow parser, which gives up in good order.
_DEEP = b"[[[[[[[["

_Block = tuple[bytes, int]
"""Whole lines and the number of the first of them."""


class JsonlSource(TextSource):
    """A log with one JSON object a line; objects may differ in their fields."""

    has_open_columns = True

    def _look(self, head: bytes) -> None:
        self._types = _learn(head)

    @property
    def columns(self) -> tuple[str, ...]:
        """Name the fields seen at the start of the log; more may follow."""
        return tuple(self._types)

    def chunks(self, columns: Sequence[str], rejects: Rejects) -> Iterator[Chunk]:
        """Read the named fields; lines that are no JSON object are set aside."""
        types = {name: self._types.get(name, pa.string()) for name in columns}
        with self._open():
            for block, first in self._blocks(rejects):
                chunk = _parse_fast(block, first, types)
                if chunk is None:
                    chunk = self._parse_slow(block, first, list(types), rejects)
                if len(chunk):
                    yield chunk

    def _blocks(self, rejects: Rejects) -> Iterator[_Block]:
        """Cut the log at line ends; a line without end is skipped to its end and set aside."""
        held, first, skipping = b"", 1, False
        while block := self._stream.read_block(BLOCK_BYTES):
            if skipping:
                end = block.find(b"\n")
                if end < 0:
                    continue
                block, skipping, first = block[end + 1 :], False, first + 1
            held += block
            cut = held.rfind(b"\n") + 1
            if cut:
                yield held[:cut], first
                first += held.count(b"\n", 0, cut)
                held = held[cut:]
            if len(held) > LINE_BYTES_MAX:
                raw = held[:RAW_CHARS_MAX].decode("utf-8", "replace")
                detail = f"the line is longer than {LINE_BYTES_MAX >> 20} MiB"
                rejects.add(self.name, first, reason="too_long", detail=detail, raw=raw)
                held, skipping = b"", True
        if held:
            yield held, first

    def _parse_slow(self, block: bytes, first: int, columns: list[str], rejects: Rejects) -> Chunk:
        """Parse line by line, every value as text."""
        cells: dict[str, list[str | None]] = {name: [] for name in columns}
        rows: list[int] = []
        for number, line in enumerate(block.split(b"\n"), start=first):
            if not line.strip():
                continue
            try:
                record, fault = _record(line, columns)
            except (ValueError, RecursionError) as error:
                record, fault = None, _told(error)
            if record is None:
                raw = line[: 4 * RAW_CHARS_MAX].decode("utf-8", "replace")
                reason = "bad_type" if fault.startswith("`") else "bad_json"
                rejects.add(self.name, number, reason=reason, detail=fault, raw=raw)
                continue
            rows.append(number)
            for name, value in zip(columns, record, strict=True):
                cells[name].append(value)
        arrays = [pa.array(cells[name], pa.string()) for name in columns]
        return Chunk(pa.table(arrays, names=columns), np.array(rows, np.int64))


def _told(error: Exception) -> str:
    if isinstance(error, RecursionError):
        return "the object is nested too deep"
    if isinstance(error, UnicodeDecodeError):
        return "the line is not UTF-8"
    return f"the line is not JSON: {error}"


def _record(line: bytes, columns: list[str]) -> tuple[list[str | None] | None, str]:
    value = json.loads(line.decode("utf-8-sig"), parse_constant=_refuse)
    if not isinstance(value, dict):
        return None, "the line is not a JSON object"
    record: list[str | None] = []
    for name in columns:
        cell = value.get(name)
        if isinstance(cell, dict | list):
            return None, f"`{name}` is nested where one value belongs"
        if cell is None or isinstance(cell, str):
            record.append(_whole_text(cell))
        else:
            record.append(json.dumps(cell))
    return record, ""


def _refuse(word: str) -> object:
    raise ValueError(f"`{word}` is not a JSON number")


def _whole_text(cell: str | None) -> str | None:
    """Replace halves of surrogate pairs, which JSON can spell and UTF-8 cannot."""
    return None if cell is None else cell.encode("utf-8", "replace").decode("utf-8")


def _learn(head: bytes) -> dict[str, pa.DataType]:
    """Learn the fields and their types from the first lines."""
    found: dict[str, set[pa.DataType]] = {}
    lines = head.split(b"\n")
    for line in lines[:-1] if len(lines) > 1 else lines:
        try:
            value = json.loads(line.decode("utf-8-sig"))
        except (ValueError, RecursionError):
            continue
        if isinstance(value, dict):
            for name, cell in value.items():
                kinds = found.setdefault(name, set())
                if cell is not None:
                    kinds.add(_type_of(cell))
    types: dict[str, pa.DataType] = {}
    for name, kinds in found.items():
        if kinds == {pa.int64(), pa.float64()}:
            kinds = {pa.float64()}
        # A field of two types is read as text; the blocks that hold other types go the slow way.
        types[name] = next(iter(kinds)) if len(kinds) == 1 else pa.string()
    return types


def _type_of(cell: object) -> pa.DataType:
    if isinstance(cell, bool):
        return pa.bool_()
    if isinstance(cell, int):
        return pa.int64()
    if isinstance(cell, float):
        return pa.float64()
    return pa.string()


def _parse_fast(block: bytes, first: int, types: dict[str, pa.DataType]) -> Chunk | None:
    """Parse a block at once; None where any line is unusual."""
    if _DEEP in block or b"\\ud" in block or b"\\uD" in block:
        return None
    rows = _line_numbers(block, first)
    if not types or not len(rows):
        return None
    try:
        table = pjson.read_json(
            io.BytesIO(block),
            read_options=pjson.ReadOptions(use_threads=False, block_size=len(block) + 1),
            parse_options=pjson.ParseOptions(
                explicit_schema=pa.schema(list(types.items())),
                unexpected_field_behavior="ignore",
            ),
        )
    except (pa.ArrowException, OSError):
        return None
    if table.num_rows != len(rows):
        return None
    return Chunk(table.select(list(types)), rows)


def _line_numbers(block: bytes, first: int) -> NDArray[np.int64]:
    """Number the lines that are not blank."""
    data = np.frombuffer(block, np.uint8)
    ends = np.flatnonzero(data == 10)
    if not len(data) or data[-1] != 10:
        ends = np.append(ends, len(data))
    starts = np.concatenate(([0], ends[:-1] + 1))
    short = np.flatnonzero(ends - starts < 2)
    keep = np.ones(len(ends), np.bool_)
    for index in short:
        keep[index] = bool(block[starts[index] : ends[index]].strip())
    numbers: NDArray[np.int64] = (first + np.flatnonzero(keep)).astype(np.int64)
    return numbers
