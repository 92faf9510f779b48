"""``GET /v1/export/{table}``: a whole table as an Arrow stream or a Parquet file."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any, Literal

import pyarrow as pa
import pyarrow.parquet as pq
from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from zhenzan.api.gate import needs
from zhenzan.api.parts import Parts, off_loop, parts_of
from zhenzan.api.problem import ProblemError
from zhenzan.api.shapes import problems
from zhenzan.counts.export import TABLES, batches

ROUTER = APIRouter(tags=["export"])

ARROW = "application/vnd.apache.arrow.stream"
PARQUET = "application/vnd.apache.parquet"

Table = Literal["likes", "states", "unlikes", "items", "accounts", "merchants", "groups"]

_BYTES = {"schema": {"type": "string", "format": "binary"}}


@ROUTER.get(
    "/v1/export/{table}",
    response_class=Response,
    responses={
        200: {"description": "The table.", "content": {ARROW: _BYTES, PARQUET: _BYTES}},
        **problems("not_acceptable", "invalid", "overloaded"),
    },
    dependencies=[Depends(needs("analyst", "operator"))],
)
async def export(request: Request, table: Table) -> Response:
    """Give a table of the ledger as it stands at one moment, an Arrow stream or Parquet."""
    parts = parts_of(request)
    media_type = _wanted(request.headers.get("accept", "*/*"))
    _enter(parts)
    write = _as_arrow if media_type == ARROW else _as_parquet
    name = f"{table}.{'arrows' if media_type == ARROW else 'parquet'}"
    return StreamingResponse(
        _sent(parts, write, table),
        media_type=media_type,
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def _wanted(accept: str) -> str:
    for choice in accept.split(","):
        kind = choice.partition(";")[0].strip().lower()
        if kind in (ARROW, "*/*", "application/*"):
            return ARROW
        if kind == PARQUET:
            return PARQUET
    raise ProblemError(
        "not_acceptable", f"accept {ARROW} or {PARQUET}", f"可提供的格式：{ARROW} 或 {PARQUET}"
    )


def _enter(parts: Parts) -> None:
    most = parts.settings.exports_max
    if parts.exports >= most:
        raise ProblemError(
            "overloaded",
            f"{most} exports are running, which is `exports_max`",
            f"正在运行的导出已达 `exports_max`（{most}）",
            limit=("exports_max", most),
            retry_after_s=10.0,
        )


class _Sink:
    """A file that keeps what was written since it was last emptied."""

    closed = False

    def __init__(self) -> None:
        self._chunks: list[bytes] = []

    def write(self, data: Any) -> int:
        self._chunks.append(bytes(data))
        return len(self._chunks[-1])

    def flush(self) -> None:
        """Keep everything: it is taken from here, not from a disk."""

    def close(self) -> None:
        """Keep everything, for the same reason."""

    def take(self) -> bytes:
        data = b"".join(self._chunks)
        self._chunks.clear()
        return data


def _as_arrow(parts: Parts, table: str) -> Iterator[bytes]:
    sink = _Sink()
    with pa.ipc.new_stream(pa.PythonFile(sink, mode="w"), TABLES[table].schema) as writer:
        for batch in batches(parts.ledger.store, table):
            writer.write_batch(batch)
            yield sink.take()
    yield sink.take()


def _as_parquet(parts: Parts, table: str) -> Iterator[bytes]:
    sink = _Sink()
    with pq.ParquetWriter(
        pa.PythonFile(sink, mode="w"), TABLES[table].schema, compression="zstd"
    ) as writer:
        for batch in batches(parts.ledger.store, table):
            writer.write_batch(batch)
            yield sink.take()
    yield sink.take()


async def _sent(
    parts: Parts, write: Callable[[Parts, str], Iterator[bytes]], table: str
) -> AsyncIterator[bytes]:
    """Send chunk after chunk; the receiver's pace sets ours, and its leaving ends the moment."""
    parts.exports += 1
    chunks = write(parts, table)
    try:
        while (chunk := await off_loop(next, chunks, None)) is not None:
            if chunk:
                yield chunk
    finally:
        parts.exports -= 1
        await off_loop(chunks.close)  # type: ignore[attr-defined]
