"""``GET /v1/live``: revisions as server-sent events, as they happen.

Each view reads the feed from its own cursor, so a slow one delays nobody, costs no memory and
misses nothing: it falls behind, and reads on from where it was. After a lost connection the
browser sends the number of the last event it saw, and the view goes on after it. The access log
tells from which revision on a view showed likes, and up to which.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from zhenzan.api.gate import Caller, needs
from zhenzan.api.likes import CURSOR_MAX
from zhenzan.api.parts import Parts, off_loop, parts_of
from zhenzan.api.problem import ProblemError
from zhenzan.api.shapes import problems
from zhenzan.counts.wire import state_body

ROUTER = APIRouter(tags=["live"])

POLL_S = 0.25
"""How long a revision waits at most before a view shows it."""

KEEP_ALIVE_S = 15.0
"""A comment is sent after so long a silence; proxies close what is silent for a minute."""

ROWS_MAX = 200
"""Revisions read at once for one view."""


PATH = "/v1/live"


@ROUTER.get(
    PATH,
    response_class=Response,
    responses={
        200: {
            "description": "Server-sent events named `revision`; `id` is the cursor.",
            "content": {"text/event-stream": {"schema": {"type": "string"}}},
        },
        **problems("invalid", "overloaded"),
    },
)
async def live(
    request: Request,
    caller: Annotated[Caller, Depends(needs("viewer", "analyst", "reviewer", "operator"))],
    cursor: Annotated[int | None, Query(ge=0, le=CURSOR_MAX)] = None,
    changes_only: bool = False,
) -> Response:
    """Send revisions as they happen: from ``Last-Event-ID``, else ``cursor``, else from now."""
    parts = parts_of(request)
    most = parts.settings.streams_max
    if parts.streams >= most:
        raise ProblemError(
            "overloaded",
            f"{most} live views are open, which is `streams_max`",
            f"已打开的实时视图达到 `streams_max`（{most}）",
            limit=("streams_max", most),
            retry_after_s=5.0,
        )
    start = _last_seen(request.headers.get("last-event-id"), cursor)
    if start is None:
        start = await off_loop(parts.ledger.last_revision)
    return StreamingResponse(
        _events(parts, caller, start, changes_only=changes_only),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


def _last_seen(header: str | None, cursor: int | None) -> int | None:
    if header is not None and header.isascii() and header.isdigit():
        return min(int(header), CURSOR_MAX)
    return cursor


async def _events(
    parts: Parts, caller: Caller, cursor: int, *, changes_only: bool
) -> AsyncIterator[bytes]:
    parts.streams += 1
    silent_s, shown = 0.0, 0
    try:
        yield b": open\n\n"
        while not parts.stopping():
            rows, cursor = await off_loop(
                parts.ledger.revisions, cursor, ROWS_MAX, first=not changes_only
            )
            if rows:
                silent_s = 0.0
                if not shown:
                    parts.gate.look(caller, PATH, f"revisions from {rows[0].revision} on")
                shown = rows[-1].revision
                yield b"".join(
                    b"event: revision\nid: %d\ndata: %s\n\n"
                    % (row.revision, json.dumps(state_body(row), ensure_ascii=False).encode())
                    for row in rows
                )
                continue
            if silent_s >= KEEP_ALIVE_S:
                silent_s = 0.0
                yield b": still here\n\n"
            await asyncio.sleep(POLL_S)
            silent_s += POLL_S
    except ProblemError:
        # The access log cannot keep up: the view ends, and the browser comes back to where it was.
        return
    finally:
        parts.streams -= 1
        if shown:
            with suppress(ProblemError):
                parts.gate.look(caller, PATH, f"revisions up to {shown}")
