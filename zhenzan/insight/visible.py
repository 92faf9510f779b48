"""Text from a log made safe to look at: nothing invisible, nothing that turns the line around."""

from __future__ import annotations

import unicodedata

from zhenzan.insight.limits import ID_CHARS_MAX

_ELLIPSIS = "…"
_HIDDEN = frozenset(("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"))
_JOINER = "\u200d"
"""Holds emoji together; the one format character that is left as it is."""


def visible(text: object, *, chars_max: int = ID_CHARS_MAX) -> str:
    r"""Write ``text`` with hidden characters as their code and a long middle left out.

    A right-to-left override could make an id look like another one; here it shows. Markup is
    left to the template, which escapes every value.

    Examples
    --------
    >>> print(visible("shop" + chr(0x202E) + "7"))
    shop\u202e7
    >>> visible("a" * 50, chars_max=9)
    'aaaa…aaaa'
    """
    raw = str(text)
    if len(raw) > chars_max:
        side = (chars_max - 1) // 2
        raw = raw[: chars_max - 1 - side] + _ELLIPSIS + raw[-side:]
    return "".join(
        f"\\u{ord(char):04x}" if unicodedata.category(char) in _HIDDEN and char != _JOINER else char
        for char in raw
    )
