"""The request at hand: its id stands in the log, in the answer, and in a problem."""

from __future__ import annotations

import os
import random
import re
from contextvars import ContextVar

HEADER = "x-request-id"

REQUEST_ID: ContextVar[str | None] = ContextVar("zhenzan_request_id", default=None)

_MADE = random.Random(os.urandom(16))
"""Ids need to differ and not to be secret; asking the system for each would cost as much as the
rest of a request's frame."""

_SOUND = re.compile(r"[A-Za-z0-9._-]{1,64}")


def request_id(given: str | None) -> str:
    """Take the id that a proxy gave, or make one; what could forge a line of the log is not taken.

    Examples
    --------
    >>> request_id("edge-7f"), len(request_id("two words"))
    ('edge-7f', 16)
    """
    return given if given and _SOUND.fullmatch(given) else f"{_MADE.getrandbits(64):016x}"
