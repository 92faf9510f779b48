"""Reads one JSON value as strictly as the standard has it; HTTP and the broker share it."""

from __future__ import annotations

import json
from typing import Any


def json_value(text: bytes) -> Any:
    """Read one value.

    Raises
    ------
    ValueError
        It is not JSON, or it cannot be written to disk: a number that is none, a lone surrogate,
        deeper nesting than the parser follows.

    Examples
    --------
    >>> json_value(b'{"kind": "like"}')
    {'kind': 'like'}
    """
    try:
        value = json.loads(text, parse_constant=_no_number)
    except RecursionError as error:
        raise ValueError("the nesting is too deep") from error
    if b"\\u" in text:
        # The escape of a lone surrogate names no character, and could not be written to disk.
        json.dumps(value, ensure_ascii=False).encode()
    return value


def _no_number(text: str) -> Any:
    raise ValueError(f"{text} is no number in JSON")
