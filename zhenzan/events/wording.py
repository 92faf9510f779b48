"""What a text says once spacing, marks and case are gone, and whether it trades in likes."""

from __future__ import annotations

from functools import cache
from importlib import resources

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numba import njit
from numpy.typing import NDArray

from zhenzan.events.hashing import U8, U64, hash_strings, string_buffers

_LETTER, _NUMBER = 1, 2

LETTERS_MIN = 8
"""From this many letters on a text is known by its letters alone; a shorter one as written."""


def text_hashes(text: pa.Array) -> U64:
    """Hash texts so that a sign, a number or a blank more makes no other text; 0 for null."""
    letters = _letters(text)
    written = pc.utf8_lower(pc.utf8_trim_whitespace(text))
    is_short = pc.less(pc.utf8_length(letters), LETTERS_MIN)
    return hash_strings(pc.if_else(is_short, written, letters))


def solicits(text: pa.Array) -> NDArray[np.bool_]:
    """Say which texts ask for likes or offer them, by the lexicon; False for null.

    Examples
    --------
    >>> solicits(pa.array(["互 赞 群！", "L4L?", "好看，点赞", "must buy, like so good"])).tolist()
    [True, True, False, False]
    """
    chinese, latin = _lexicon()
    found = pc.or_(
        pc.match_substring_regex(_letters(text), pattern="|".join(chinese)),
        pc.match_substring_regex(_words(text), pattern=rf"\b(?:{'|'.join(latin)})\b"),
    )
    marks: NDArray[np.bool_] = found.fill_null(False).to_numpy(zero_copy_only=False)
    return marks


def _plain(text: pa.Array) -> pa.Array:
    return pc.utf8_lower(pc.utf8_normalize(text, form="NFKC"))


def _letters(text: pa.Array) -> pa.Array:
    return _kept(_plain(text), _LETTER, between=b"")


def _words(text: pa.Array) -> pa.Array:
    return _kept(_plain(text), _LETTER | _NUMBER, between=b" ")


def _kept(text: pa.Array, kinds: int, *, between: bytes) -> pa.Array:
    """Keep the characters of some kinds; each run of others becomes ``between``."""
    offsets, data = string_buffers(text)
    ends = np.zeros(len(text) + 1, np.int32)
    out = np.empty(int(offsets[-1]) - int(offsets[0]), np.uint8)
    _keep(offsets, data, _kinds(), kinds, np.frombuffer(between, np.uint8), ends, out)
    parts = [None, pa.py_buffer(ends), pa.py_buffer(out)]
    kept = pa.Array.from_buffers(pa.string(), len(text), parts)
    return pc.if_else(text.is_null(), None, kept) if text.null_count else kept


@cache
def _kinds() -> NDArray[np.uint8]:
    """Say of every code point whether it is a letter or a number, by the classes of Unicode.

    A pattern with such a class takes milliseconds to compile, at every call.
    """
    points = np.concatenate([np.arange(0xD800), np.arange(0xE000, 0x110000)])
    written = points.astype("<u4").tobytes().decode("utf-32-le").encode()
    ends = np.cumsum(1 + (points >= 0x80) + (points >= 0x800) + (points >= 0x10000))
    offsets = np.append(0, ends).astype(np.int32)
    parts = [None, pa.py_buffer(offsets), pa.py_buffer(written)]
    single = pa.Array.from_buffers(pa.string(), len(points), parts)
    kinds = np.zeros(0x110000, np.uint8)
    for kind, name in ((_LETTER, "L"), (_NUMBER, "N")):
        found = pc.match_substring_regex(single, pattern=rf"\p{{{name}}}")
        kinds[points] |= np.where(found.to_numpy(zero_copy_only=False), kind, 0).astype(np.uint8)
    return kinds


@njit(cache=True, nogil=True)
def _keep(
    offsets: NDArray[np.int32],
    data: U8,
    kinds: U8,
    wanted: int,
    between: U8,
    ends: NDArray[np.int32],
    out: U8,
) -> None:
    at = 0
    for i in range(ends.size - 1):
        place, end, is_gap = offsets[i], offsets[i + 1], False
        while place < end:
            first = np.int64(data[place])
            size, point = 1, first
            if first >= 0xF0:
                size, point = 4, first & 0x07
            elif first >= 0xE0:
                size, point = 3, first & 0x0F
            elif first >= 0xC0:
                size, point = 2, first & 0x1F
            for more in range(1, size):
                point = (point << 6) | (np.int64(data[place + more]) & 0x3F)
            if kinds[point] & wanted:
                for more in range(size):
                    out[at] = data[place + more]
                    at += 1
                is_gap = False
            elif not is_gap:
                for byte in between:
                    out[at] = byte
                    at += 1
                is_gap = True
            place += size
        ends[i + 1] = at


@cache
def _lexicon() -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Read the patterns, those in Chinese and those in Latin letters."""
    file = resources.files("zhenzan.events") / "lexicon" / "solicitation.txt"
    lines = [line.split("#")[0].strip() for line in file.read_text(encoding="utf-8").splitlines()]
    patterns = [line for line in lines if line]
    return (
        tuple(pattern for pattern in patterns if not pattern.isascii()),
        tuple(pattern for pattern in patterns if pattern.isascii()),
    )
