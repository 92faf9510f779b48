"""What a text says once spacing, marks and case are gone, and whether it trades in likes."""

from __future__ import annotations

from functools import cache
from importlib import resources

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from zhenzan.events.hashing import U64, hash_strings

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
    return pc.replace_substring_regex(_plain(text), pattern=r"[^\p{L}]+", replacement="")


def _words(text: pa.Array) -> pa.Array:
    return pc.replace_substring_regex(_plain(text), pattern=r"[^\p{L}\p{N}]+", replacement=" ")


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
