"""``POST /v1/interactions``: interactions in, answers out at once."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from zhenzan.access.roles import Role
from zhenzan.api.bodies import JSON, NDJSON, parse, read_body
from zhenzan.api.gate import needs
from zhenzan.api.parts import parts_of
from zhenzan.api.problem import ProblemError
from zhenzan.api.shapes import problems
from zhenzan.live.answers import answer_body, problem_code
from zhenzan.live.interface import Answer

ROUTER = APIRouter(tags=["interactions"])

PATH = "/v1/interactions"

ROLES = frozenset[Role](("operator", "admin"))
"""Who may send interactions: the platform itself."""

_ONE = {"$ref": "#/components/schemas/Interaction"}
_BODY = {
    "requestBody": {
        "required": True,
        "description": "One interaction, an array of them, or one a line.",
        "content": {
            JSON: {"schema": {"oneOf": [_ONE, {"type": "array", "items": _ONE}]}},
            NDJSON[0]: {"schema": {"type": "string"}},
        },
    }
}
_ANSWERS = {
    "description": "An answer for one interaction; answers in their order for several.",
    "content": {
        JSON: {
            "schema": {
                "anyOf": [
                    {"$ref": "#/components/schemas/Answer"},
                    {"$ref": "#/components/schemas/Answers"},
                ]
            }
        }
    },
}


@ROUTER.post(
    PATH,
    openapi_extra=_BODY,
    responses={
        200: _ANSWERS,
        **problems("conflict", "too_large", "unsupported_media", "invalid", "overloaded"),
    },
    dependencies=[Depends(needs(*ROLES))],
)
async def submit(request: Request) -> Response:
    """Take interactions in; they are on disk when the answer comes.

    The same interaction again gets the same answer and changes nothing, so a request whose answer
    was lost may be sent again. An array or lines are answered row by row.
    """
    parts = parts_of(request)
    settings = parts.settings
    _check_encoding(request.headers.get("content-encoding"))
    body = await read_body(request, settings.request_bytes_max)
    given = parse(body, request.headers.get("content-type"), settings.request_rows_max)
    answers = await asyncio.wrap_future(parts.service.submit(given.rows))
    counts = {"accepted": 0, "repeated": 0, "refused": 0}
    for answer in answers:
        counts[answer.status] += 1
    if given.single:
        return _written(_single(answers[0]))
    return _written({**counts, "answers": [answer_body(answer) for answer in answers]})


def _check_encoding(encoding: str | None) -> None:
    if encoding not in (None, "", "identity"):
        raise ProblemError("unsupported_media", "the body must not be compressed", "请求体不得压缩")


def _single(answer: Answer) -> dict[str, Any]:
    if answer.problem is None:
        return answer_body(answer)
    code = problem_code(answer.problem.reason)
    told = {"field": answer.problem.reason, "detail": answer.problem.detail}
    raise ProblemError(code, answer.problem.detail, answer.problem.detail_zh, errors=(told,))


def _written(body: dict[str, Any]) -> Response:
    return Response(_ENCODER.encode(body).encode(), media_type=JSON)


_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))
