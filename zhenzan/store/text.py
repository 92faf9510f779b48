"""What text both databases can hold: PostgreSQL knows no NUL, and UTF-8 no half of a surrogate."""

from __future__ import annotations

import re

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")

REPLACEMENT = "\ufffd"
"""Unicode's own sign for what could not be read."""


def is_storable(text: str) -> bool:
    """Say whether both databases can hold a text as it is.

    Examples
    --------
    >>> is_storable("真赞"), is_storable(chr(0)), is_storable("a" + chr(0xD800))
    (True, False, False)
    """
    return _UNSTORABLE.search(text) is None


def storable(text: str) -> str:
    """Put a replacement in the place of each character that cannot be held.

    Examples
    --------
    >>> storable("a" + chr(0) + "b")
    'a\ufffdb'
    """
    return _UNSTORABLE.sub(REPLACEMENT, text)
