"""Puts the routes, the one shape of errors, and the measuring of requests together."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Any

from zhenzan import __version__
from zhenzan.errors import MissingExtra, Overloaded, Unavailable, WebhookError

try:
    from fastapi import FastAPI
    from fastapi.exceptions import RequestValidationError
    from fastapi.openapi.utils import get_openapi
    from sqlalchemy.exc import SQLAlchemyError
    from starlette.exceptions import HTTPException
    from starlette.requests import Request
except ImportError as error:
    raise MissingExtra("service", package="fastapi") from error

from zhenzan.api import access, alarms, export, health, interactions, likes, live, shapes, webhooks
from zhenzan.api.problem import ProblemError, code_of
from zhenzan.telemetry.request import HEADER, REQUEST_ID, request_id

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, MutableMapping

    from starlette.responses import Response
    from starlette.types import ASGIApp, Receive, Scope, Send

    from zhenzan.api.parts import Parts

ROUTERS = (
    interactions.ROUTER,
    likes.ROUTER,
    export.ROUTER,
    webhooks.ROUTER,
    live.ROUTER,
    health.ROUTER,
    alarms.ROUTER,
    access.ROUTER,
)

OPEN = frozenset(
    {"get /healthz", "get /readyz", "post /v1/access/first", "post /v1/access/session"}
)
"""Routes that need no key."""

LOG = logging.getLogger("zhenzan.api")

_SUMMARY = "Interactions in, counted likes with reasons out."


def create_app(parts: Parts) -> FastAPI:
    """Make the application over its parts; it starts and stops none of them."""
    app = FastAPI(
        title="Zhenzan",
        version=__version__,
        summary=_SUMMARY,
        redoc_url=None,
        # Spans are ours (`zhenzan.telemetry`); newer FastAPI looks for others' at each request.
        telemetry={"tracing": False, "metrics": False, "logs": False},
    )
    app.state.parts = parts
    app.state.gate = parts.gate
    for router in ROUTERS:
        app.include_router(router)
    for kind, handler in _HANDLERS.items():
        app.add_exception_handler(kind, handler)
    app.add_middleware(_ShortWay, state=app)
    app.add_middleware(_Measured, parts=parts)
    app.openapi = lambda: openapi(app)  # type: ignore[method-assign]
    return app


def openapi(app: FastAPI) -> dict[str, Any]:
    """Describe the service in OpenAPI 3.1, with the shapes that routes write by hand."""
    if app.openapi_schema is None:
        schema = get_openapi(
            title=app.title, version=app.version, summary=app.summary, routes=app.routes
        )
        parts: dict[str, Any] = schema.setdefault("components", {})
        named = parts.setdefault("schemas", {})
        for shape in (shapes.Problem, shapes.Answer, shapes.Answers):
            told = shape.model_json_schema(ref_template="#/components/schemas/{model}")
            named |= told.pop("$defs", {})
            named[shape.__name__] = told
        named["Interaction"] = shapes.interaction_schema()
        for unused in ("HTTPValidationError", "ValidationError"):
            named.pop(unused, None)
        parts["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer"}}
        for path, methods in schema["paths"].items():
            for word, method in methods.items():
                _tidy(method, open_to_all=f"{word} {path}" in OPEN)
        app.openapi_schema = schema
    return app.openapi_schema


def _tidy(method: dict[str, Any], *, open_to_all: bool) -> None:
    """Name the key that a route needs, and leave out FastAPI's own shape of errors."""
    if not open_to_all:
        method["security"] = [{"key": []}]
    content = method["responses"].get("422", {}).get("content", {})
    content.pop("application/json", None)
    if "422" in method["responses"] and not content:
        del method["responses"]["422"]


async def _problem(_: Request, error: Exception) -> Response:
    assert isinstance(error, ProblemError)
    return error.response()


async def _overloaded(_: Request, error: Exception) -> Response:
    assert isinstance(error, Overloaded)
    return ProblemError(
        "overloaded",
        "more is waiting than may wait; nothing of the request was taken in",
        "等待处理的互动已达上限；本次请求未接收任何内容",
        retry_after_s=error.retry_after_s,
    ).response()


async def _unavailable(_: Request, error: Exception) -> Response:
    return ProblemError(
        "unavailable", str(error), "服务暂时无法接收互动", retry_after_s=5.0
    ).response()


async def _store_gone(_: Request, error: Exception) -> Response:
    # The text of such an error holds statements and addresses, which are nobody's business.
    return ProblemError(
        "unavailable",
        f"the database does not answer ({type(error).__name__})",
        "数据库暂时无法访问",
        retry_after_s=5.0,
    ).response()


async def _refused(_: Request, error: Exception) -> Response:
    return ProblemError("invalid", str(error), "该网络钩子无法登记").response()


async def _invalid(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    told = tuple(
        {"field": ".".join(str(part) for part in one["loc"]), "detail": str(one["msg"])}
        for one in error.errors()
    )
    unreadable = any(one["type"] == "json_invalid" for one in error.errors())
    return ProblemError(
        "bad_request" if unreadable else "invalid",
        told[0]["detail"] if told else "a value is not what it should be",
        "请求中的某个值不符合要求",
        errors=told,
    ).response()


async def _http(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    detail = str(error.detail)
    response = ProblemError(code_of(error.status_code), detail, detail).response()
    response.headers.update(error.headers or {})
    return response


async def _mistake(_: Request, __: Exception) -> Response:
    return ProblemError(
        "internal", "the mistake is ours; it is in the log", "这是我们的错误，已记入日志"
    ).response()


_HANDLERS: dict[type[Exception], Callable[[Request, Exception], Awaitable[Response]]] = {
    ProblemError: _problem,
    Overloaded: _overloaded,
    Unavailable: _unavailable,
    SQLAlchemyError: _store_gone,
    WebhookError: _refused,
    RequestValidationError: _invalid,
    HTTPException: _http,
    Exception: _mistake,
}


class _ShortWay:
    """Answers interactions without FastAPI's routing and injection, which cost as much again.

    The function that answers, the gate and the roles are those of the route.
    """

    def __init__(self, app: ASGIApp, *, state: FastAPI) -> None:
        self._app = app
        self._state = state

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] != interactions.PATH:
            await self._app(scope, receive, send)
            return
        if scope["method"] != "POST":
            await self._app(scope, receive, send)
            return
        scope["app"], scope["route"] = self._state, interactions.ROUTER.routes[0]
        request = Request(scope, receive)
        try:
            self._state.state.gate.admit(request, interactions.ROLES)
            response = await interactions.submit(request)
        except Exception as error:
            kinds = type(error).__mro__
            handler = next(_HANDLERS[kind] for kind in kinds if kind in _HANDLERS)
            if handler is _mistake:
                LOG.error("a request ended by a mistake of ours", exc_info=error)
            response = await handler(request, error)
        await response(scope, receive, send)


class _Measured:
    """Counts requests and measures how long each took, by route."""

    def __init__(self, app: ASGIApp, *, parts: Parts) -> None:
        self._app = app
        self._metrics = parts.metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status = 500
        start = time.perf_counter()
        given = dict(scope["headers"]).get(HEADER.encode(), b"").decode("latin-1")
        name = request_id(given)
        token = REQUEST_ID.set(name)

        async def told(message: MutableMapping[str, Any]) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message.get("headers", ()), (HEADER.encode(), name.encode())]
            await send(message)

        try:
            await self._app(scope, receive, told)
        finally:
            REQUEST_ID.reset(token)
            # The path of the route, not of the request: ids would make a series each.
            route = getattr(scope.get("route"), "path", "none")
            self._metrics.answered(route, status, time.perf_counter() - start)
