"""Opaque ids: strings that say nothing about what they name (rule 5 of design.md)."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from zhenzan.sim.rows import I64

U64 = NDArray[np.uint64]

# Odd 64-bit constants of the SplitMix64 finaliser (Steele, Lea and Flood, 2014).
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_FIRST = np.uint64(0xBF58476D1CE4E5B9)
_SECOND = np.uint64(0x94D049BB133111EB)
_DIGITS = np.frombuffer(b"0123456789abcdef", dtype=np.uint8)


def scramble(codes: I64, *, seed: int, salt: int) -> U64:
    """Map codes to 64-bit numbers one to one, without order."""
    with np.errstate(over="ignore"):
        offset = np.uint64(seed & 0xFFFFFFFF) * np.uint64(0x1_0000_01B3) + np.uint64(salt) * _FIRST
        x = (codes.astype(np.uint64) + offset + np.uint64(1)) * _GOLDEN
        x = (x ^ (x >> np.uint64(30))) * _FIRST
        x = (x ^ (x >> np.uint64(27))) * _SECOND
        return x ^ (x >> np.uint64(31))


def hex_strings(numbers: U64, *, digits: int = 16) -> pa.Array:
    """Write numbers as lower-case hexadecimal strings of a fixed length."""
    count = len(numbers)
    text = np.empty((count, digits), dtype=np.uint8)
    for place in range(digits):
        text[:, place] = _DIGITS[(numbers >> np.uint64(60 - 4 * place)) & np.uint64(15)]
    offsets = (np.arange(count + 1, dtype=np.int64) * digits).astype(np.int32)
    return pa.StringArray.from_buffers(
        count, pa.py_buffer(offsets.tobytes()), pa.py_buffer(text.tobytes())
    )


def names(codes: I64, *, seed: int, salt: int, digits: int = 16) -> pa.Array:
    """Give every code an opaque string; a negative code becomes null.

    Examples
    --------
    >>> names(np.array([0, -1]), seed=1, salt=2).null_count
    1
    """
    known, where = np.unique(codes, return_inverse=True)
    strings = hex_strings(scramble(known, seed=seed, salt=salt), digits=digits)
    return strings.take(pa.array(where.ravel().astype(np.int32), mask=codes < 0))


def address_names(addresses: I64) -> pa.Array:
    """Write IPv4 numbers in dotted form; a negative one becomes null."""
    known, where = np.unique(addresses, return_inverse=True)
    dotted = [f"{a >> 24 & 255}.{a >> 16 & 255}.{a >> 8 & 255}.{a & 255}" for a in known.tolist()]
    return pa.array(dotted, pa.string()).take(
        pa.array(where.ravel().astype(np.int32), mask=addresses < 0)
    )
