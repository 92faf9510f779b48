"""Turns strings into 64-bit numbers, so that no kernel ever sees a string."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numba import njit
from numpy.typing import NDArray

U64 = NDArray[np.uint64]
U8 = NDArray[np.uint8]

# Odd constants with well spread bits: the fractions of the golden ratio and of the square
# roots of 3 and 7, as used by multiply-and-shift mixing in general.
_K0 = np.uint64(0x9E3779B97F4A7C15)
_K1 = np.uint64(0xBB67AE8584CAA73B)
_K2 = np.uint64(0xA54FF53A5F1D36F1)
_S32 = np.uint64(32)
_S29 = np.uint64(29)


@njit(inline="always")
def finish(h: np.uint64) -> np.uint64:
    """Spread every input bit over the whole word."""
    h = (h ^ (h >> _S32)) * _K1
    h = (h ^ (h >> _S29)) * _K2
    return h ^ (h >> _S32)


@njit(cache=True, nogil=True)
def _hash_strings(offsets: NDArray[np.int32], data: U8, out: U64) -> None:
    for i in range(out.shape[0]):
        at = np.uint64(offsets[i])
        end = np.uint64(offsets[i + 1])
        if end == at:
            out[i] = np.uint64(0)
            continue
        h = _K0 ^ ((end - at) * _K2)
        # Eight bytes at a time: the compiler joins these loads into one.
        while at + np.uint64(8) <= end:
            word = (
                np.uint64(data[at])
                | (np.uint64(data[at + np.uint64(1)]) << np.uint64(8))
                | (np.uint64(data[at + np.uint64(2)]) << np.uint64(16))
                | (np.uint64(data[at + np.uint64(3)]) << np.uint64(24))
                | (np.uint64(data[at + np.uint64(4)]) << np.uint64(32))
                | (np.uint64(data[at + np.uint64(5)]) << np.uint64(40))
                | (np.uint64(data[at + np.uint64(6)]) << np.uint64(48))
                | (np.uint64(data[at + np.uint64(7)]) << np.uint64(56))
            )
            h = (h ^ word) * _K1
            h ^= h >> _S32
            at += np.uint64(8)
        tail = np.uint64(0)
        shift = np.uint64(0)
        while at < end:
            tail |= np.uint64(data[at]) << shift
            shift += np.uint64(8)
            at += np.uint64(1)
        h = finish((h ^ tail) * _K1)
        out[i] = h if h != np.uint64(0) else _K0


@njit(cache=True, nogil=True)
def mix_into(total: U64, values: U64) -> None:
    """Fold one column of 64-bit values into the running hash of each row, in place."""
    for i in range(total.shape[0]):
        h = (total[i] ^ values[i]) * _K1
        total[i] = h ^ (h >> _S29)


@njit(cache=True, nogil=True)
def spread(values: U64) -> U64:
    """Hash numbers: spread the bits of each and keep 0 for 0."""
    out = np.empty_like(values)
    for i in range(values.shape[0]):
        out[i] = finish(values[i]) if values[i] != np.uint64(0) else np.uint64(0)
    return out


def string_buffers(array: pa.Array) -> tuple[NDArray[np.int32], U8]:
    """View the offsets and the bytes of a string array without copying them."""
    _, offsets, data = array.buffers()
    rows_count = len(array)
    if rows_count == 0 or offsets is None:
        return np.zeros(1, np.int32), np.zeros(1, np.uint8)
    starts = np.frombuffer(offsets, np.int32)[array.offset : array.offset + rows_count + 1]
    has_bytes = data is not None and data.size > 0
    return starts, np.frombuffer(data, np.uint8) if has_bytes else np.zeros(1, np.uint8)


def hash_strings(array: pa.Array) -> U64:
    """Hash every string of an array to 64 bits; 0 stands for null and for the empty string."""
    if pa.types.is_dictionary(array.type):
        words = hash_strings(array.dictionary.cast(pa.string()))
        indices = array.indices.fill_null(len(words)).to_numpy(zero_copy_only=False)
        padded: U64 = np.append(words, np.uint64(0))
        gathered: U64 = padded[indices]
        return gathered
    out = np.zeros(len(array), np.uint64)
    if array.null_count == len(array):
        return out
    offsets, data = string_buffers(array)
    _hash_strings(offsets, data, out)
    if array.null_count:
        out[array.is_null().to_numpy(zero_copy_only=False)] = 0
    return out
