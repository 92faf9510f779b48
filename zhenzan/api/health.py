"""Whether the service lives and may be sent work, and what it measures of itself."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from zhenzan.api import shapes
from zhenzan.api.gate import needs
from zhenzan.api.metrics import CONTENT_TYPE
from zhenzan.api.parts import Parts, parts_of
from zhenzan.api.problem import ProblemError
from zhenzan.api.readiness import database_figures, spared, states
from zhenzan.api.shapes import problems

ROUTER = APIRouter(tags=["operation"])

_SAYS = {"content": {"application/json": {"schema": {"type": "object"}}}}


@ROUTER.get("/healthz", responses={200: {"description": "It lives.", **_SAYS}})
async def healthz() -> Response:
    """Say that the process answers; restart it where this fails."""
    return JSONResponse({"status": "ok"})


@ROUTER.get(
    "/readyz",
    responses={
        200: {"description": "It may be sent work.", "model": shapes.Readiness},
        **problems(),
    },
)
async def readyz(request: Request) -> Response:
    """Say whether interactions may be sent, and how the service and its parts are.

    `degraded` is a service that takes them all the same: what comes over HTTP needs no broker.
    """
    parts = parts_of(request)
    found = await states(parts)
    told = {name: state.word for name, state in found.items()}
    wrong = {name: state for name, state in found.items() if state.word == "away"}
    errors = tuple(
        {"field": name, "detail": state.detail, "detail_zh": state.detail_zh}
        for name, state in wrong.items()
    )
    stops = [state for name, state in wrong.items() if name not in spared(parts.settings)]
    if stops:
        raise ProblemError(
            "unavailable", stops[0].detail, stops[0].detail_zh, errors=errors, parts=told
        )
    status = "degraded" if wrong else "ready"
    return JSONResponse({"status": status, "parts": told, "errors": errors})


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
    figures = {**_figures(parts), **await database_figures(parts)}
    return Response(parts.metrics.text(figures, alarms), media_type=CONTENT_TYPE)


def _figures(parts: Parts) -> dict[str, Any]:
    """Give the figures that lie in memory; they are told whether or not the database is there."""
    figures = {"live": parts.service.health, **parts.beside}
    told = {
        f"{part}_{name}": value
        for part, given in figures.items()
        for name, value in given().items()
    }
    return {**told, "live_views": parts.streams, "exports_running": parts.exports}
