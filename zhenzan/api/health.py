"""Whether the service lives and may be sent work, and what it measures of itself."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from zhenzan.api.gate import needs
from zhenzan.api.metrics import CONTENT_TYPE
from zhenzan.api.parts import Parts, off_loop, parts_of
from zhenzan.api.problem import ProblemError
from zhenzan.api.shapes import problems

ROUTER = APIRouter(tags=["operation"])

_SAYS = {"content": {"application/json": {"schema": {"type": "object"}}}}


@ROUTER.get("/healthz", responses={200: {"description": "It lives.", **_SAYS}})
async def healthz() -> Response:
    """Say that the process answers; restart it where this fails."""
    return JSONResponse({"status": "ok"})


@ROUTER.get(
    "/readyz",
    responses={200: {"description": "It may be sent work.", **_SAYS}, **problems()},
)
async def readyz(request: Request) -> Response:
    """Say whether interactions may be sent: the service takes them and the store answers."""
    parts = parts_of(request)
    await off_loop(parts.ledger.last_revision)
    if not parts.service.health().get("ready") or parts.stopping():
        raise ProblemError(
            "unavailable", "the service is not taking interactions", "服务当前不接收互动"
        )
    return JSONResponse({"status": "ready"})


@ROUTER.get(
    "/metrics",
    response_class=Response,
    responses={
        200: {
            "description": "Metrics in the format of Prometheus.",
            "content": {"text/plain": {"schema": {"type": "string"}}},
        },
        **problems(),
    },
    dependencies=[Depends(needs("viewer", "operator"))],
)
async def metrics(request: Request) -> Response:
    """Give every metric in the text format of Prometheus."""
    parts = parts_of(request)
    alarms = [(alarm.what, alarm.name) for alarm in parts.alarms()]
    text = parts.metrics.text(await off_loop(_figures, parts), alarms)
    return Response(text, media_type=CONTENT_TYPE)


def _figures(parts: Parts) -> dict[str, Any]:
    figures = {"live": parts.service.health, **parts.beside}
    told = {
        f"{part}_{name}": value
        for part, given in figures.items()
        for name, value in given().items()
    }
    return {
        **told,
        "applied_position": parts.ledger.applied_position(),
        "last_revision": parts.ledger.last_revision(),
        "live_views": parts.streams,
        "exports_running": parts.exports,
    }
