"""Reads the body of a request into rows: one object, an array, or a line each.

The way of every interaction, so it checks shapes only; columns are checked by the live service.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from starlette.requests import Request

from zhenzan.api.problem import ProblemError
from zhenzan.events.sources.json_value import json_value

JSON = "application/json"
NDJSON = ("application/x-ndjson", "application/ndjson", "application/jsonl")

Row = dict[str, object]


@dataclass(frozen=True, slots=True)
class Rows:
    """The interactions of one request; ``single`` where it was one object by itself."""

    rows: list[Row]
    single: bool


async def read_body(request: Request, bytes_max: int) -> bytes:
    """Read the whole body, and no more than is allowed.

    Raises
    ------
    ProblemError
        ``too_large`` beyond ``request_bytes_max``; ``bad_request`` where the length is no number.
    """
    told = request.headers.get("content-length")
    if told is not None and told.isdigit() and int(told) > bytes_max:
        raise _too_large("request_bytes_max", bytes_max)
    chunks, size = [], 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > bytes_max:
            raise _too_large("request_bytes_max", bytes_max)
        chunks.append(chunk)
    return chunks[0] if len(chunks) == 1 else b"".join(chunks)


def parse(body: bytes, content_type: str | None, rows_max: int) -> Rows:
    """Turn a body into rows.

    Raises
    ------
    ProblemError
        ``unsupported_media`` for another format, ``bad_request`` where it cannot be parsed,
        ``invalid`` where a row is no object, ``too_large`` beyond ``request_rows_max``.
    """
    kind = (content_type or JSON).partition(";")[0].strip().lower()
    if kind == JSON:
        value = _value(body, None)
        single = isinstance(value, dict)
        rows = [value] if single else value
        if not isinstance(rows, list):
            raise _invalid("the body is neither an object nor an array", "请求体不是对象或数组")
    elif kind in NDJSON:
        lines = [line for line in body.split(b"\n") if line.strip()]
        if len(lines) > rows_max:
            raise _too_large("request_rows_max", rows_max)
        rows = [_value(line, number) for number, line in enumerate(lines, start=1)]
        single = False
    else:
        raise ProblemError(
            "unsupported_media",
            f"give {JSON} or {NDJSON[0]}",
            f"请使用 {JSON} 或 {NDJSON[0]}",
        )
    if len(rows) > rows_max:
        raise _too_large("request_rows_max", rows_max)
    for number, row in enumerate(rows, start=1):
        if not isinstance(row, dict):
            raise _invalid(f"row {number} is no object", f"第 {number} 行不是对象")
    return Rows(rows, single)


def _value(text: bytes, line: int | None) -> Any:
    try:
        return json_value(text)
    except ValueError as error:
        where, where_zh = (f"line {line}: ", f"第 {line} 行：") if line else ("", "")
        raise ProblemError(
            "bad_request", f"{where}not JSON: {error}", f"{where_zh}不是合法的 JSON"
        ) from error


def _too_large(name: str, value: int) -> ProblemError:
    return ProblemError(
        "too_large",
        f"the request exceeds `{name}`, which is {value:,}",
        f"请求超出 `{name}` 的限制（{value:,}）",
        limit=(name, value),
    )


def _invalid(detail: str, detail_zh: str) -> ProblemError:
    return ProblemError("invalid", detail, detail_zh)
