"""The one shape of every error over HTTP (RFC 9457), with its codes and both languages."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from starlette.responses import Response

from zhenzan.telemetry.request import REQUEST_ID

MEDIA_TYPE = "application/problem+json"


@dataclass(frozen=True, slots=True)
class Code:
    """One kind of problem: its HTTP status, and its title in both languages."""

    status: int
    title: str
    title_zh: str


CODES: dict[str, Code] = {
    "bad_request": Code(400, "The request cannot be read.", "请求无法读取。"),
    "unauthenticated": Code(401, "No valid key was given.", "未提供有效密钥。"),
    "forbidden": Code(403, "The key may not do this.", "该密钥无此权限。"),
    "not_found": Code(404, "Nothing of that name is here.", "没有此名称的内容。"),
    "method_not_allowed": Code(405, "This address has no such method.", "该地址不支持此方法。"),
    "not_acceptable": Code(406, "No wanted format is on offer.", "无法提供所要求的格式。"),
    "conflict": Code(409, "The id was used for another body.", "该标识已用于内容不同的互动。"),
    "too_large": Code(413, "The request exceeds a limit.", "请求超出限制。"),
    "unsupported_media": Code(415, "The body has an unknown format.", "请求体格式未知。"),
    "invalid": Code(422, "A value is not what it should be.", "某个值不符合要求。"),
    "overloaded": Code(429, "Too much is waiting.", "等待处理的内容过多。"),
    "internal": Code(500, "A mistake of ours.", "我们的错误。"),
    "unavailable": Code(503, "The service cannot do this now.", "服务暂时无法处理。"),
}
"""Every code, by name; a test keeps ``docs/api.md`` equal to it."""

_BY_STATUS = {code.status: name for name, code in CODES.items()}


class ProblemError(Exception):
    """Ends a request with a problem.

    Parameters
    ----------
    code
        A name in `CODES`.
    detail
        What is wrong here, in a sentence; ``detail_zh`` says the same in Chinese.
    errors
        One entry a field: ``field`` and ``detail``.
    limit
        Name and value of the limit that was exceeded.
    parts
        How each part of the service is, where that is what was asked.
    """

    def __init__(
        self,
        code: str,
        detail: str,
        detail_zh: str,
        *,
        errors: tuple[Mapping[str, str], ...] = (),
        limit: tuple[str, int] | None = None,
        retry_after_s: float | None = None,
        parts: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.detail_zh = detail_zh
        self.errors = errors
        self.limit = limit
        self.retry_after_s = retry_after_s
        self.parts = parts

    def body(self) -> dict[str, Any]:
        """Give the members of the problem; ``instance`` is new each time, to be quoted back."""
        code = CODES[self.code]
        body: dict[str, Any] = {
            "type": f"urn:zhenzan:problem:{self.code}",
            "title": code.title,
            "title_zh": code.title_zh,
            "status": code.status,
            "detail": self.detail,
            "detail_zh": self.detail_zh,
            "code": self.code,
            "instance": f"urn:zhenzan:request:{REQUEST_ID.get() or secrets.token_hex(8)}",
            "errors": [dict(error) for error in self.errors],
        }
        if self.limit is not None:
            body["limit"] = {"name": self.limit[0], "value": self.limit[1]}
        if self.parts is not None:
            body["parts"] = dict(self.parts)
        return body

    def response(self) -> Response:
        """Give the answer to the request."""
        headers = {}
        if self.retry_after_s is not None:
            # Whole seconds, rounded up: RFC 9110 knows no others.
            headers["Retry-After"] = str(max(1, int(-(-self.retry_after_s // 1))))
        if self.code == "unauthenticated":
            headers["WWW-Authenticate"] = "Bearer"
        return Response(
            json.dumps(self.body(), ensure_ascii=False).encode(errors="replace"),
            status_code=CODES[self.code].status,
            media_type=MEDIA_TYPE,
            headers=headers,
        )


def code_of(status: int) -> str:
    """Name the code nearest to an HTTP status.

    Examples
    --------
    >>> code_of(404), code_of(418), code_of(502)
    ('not_found', 'bad_request', 'internal')
    """
    return _BY_STATUS.get(status, "bad_request" if status < 500 else "internal")


def not_found(what: str, what_zh: str, name: str) -> ProblemError:
    """Say that there is no such thing.

    Examples
    --------
    >>> not_found("like", "点赞", "e1").detail
    'no like is named `e1`'
    """
    return ProblemError(
        "not_found", f"no {what} is named `{name}`", f"没有名为 `{name}` 的{what_zh}"
    )
