"""Asks a running service over HTTP, for the command line."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Any

from zhenzan.errors import AccessError, Unavailable

WAIT_S = 30.0
"""How long an answer may take."""

ANSWER_BYTES_MAX = 16 << 20


class _StayHere(urllib.request.HTTPRedirectHandler):
    """Follows no redirection: the key would be sent to wherever it points."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        """Give no request to follow."""


def ask(url: str, path: str, *, key: str, body: Mapping[str, object] | None = None) -> Any:
    """Ask for a path, or send a body to it, and give the answer's JSON.

    Raises
    ------
    AccessError
        The service refused: the message is its own.
    Unavailable
        It cannot be reached, or what answers is no service of this kind.
    """
    if not url.startswith(("http://", "https://")):
        raise Unavailable(f"`{url}` is no address of a service", hint="give http://HOST:PORT")
    headers = {"Authorization": f"Bearer {key}", "Accept": "application/json"}
    data = None
    if body is not None:
        data = json.dumps(body).encode()
        headers["Content-Type"] = "application/json"
    try:
        request = urllib.request.Request(url.rstrip("/") + path, data, headers)
        with urllib.request.build_opener(_StayHere).open(request, timeout=WAIT_S) as answer:
            return json.loads(answer.read(ANSWER_BYTES_MAX))
    except urllib.error.HTTPError as error:
        with error:
            told = _problem(error.read(ANSWER_BYTES_MAX))
        kind = AccessError if 400 <= error.code < 500 else Unavailable
        raise kind(f"the service answered {error.code}: {told}") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "reason", None) or error
        raise Unavailable(
            f"`{url}` does not answer as the service does: {reason}",
            hint="is `zhenzan serve` running there?",
        ) from None


def _problem(body: bytes) -> str:
    try:
        told = json.loads(body)
        return f"{told['detail']} / {told['detail_zh']}"
    except (ValueError, KeyError, TypeError):
        return "no reason was given"
