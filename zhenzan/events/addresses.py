"""Reads network addresses: the number of an IPv4 address and the block of any address."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numba import njit
from numpy.typing import NDArray

from zhenzan.events.hashing import U8, U64, finish, string_buffers

_Offsets = NDArray[np.int32]


@njit(cache=True, nogil=True)
def _ipv4(data: U8, at: int, end: int) -> int:
    """Read a dotted address as a number; -1 where it is none."""
    value, part, digits, dots = 0, 0, 0, 0
    for k in range(at, end):
        symbol = int(np.int64(data[k]))
        if symbol == 46:
            if digits == 0:
                return -1
            value = value * 256 + part
            part, digits, dots = 0, 0, dots + 1
        elif 48 <= symbol <= 57:
            part = part * 10 + symbol - 48
            digits += 1
            if part > 255 or digits > 3:
                return -1
        else:
            return -1
    if dots != 3 or digits == 0:
        return -1
    return value * 256 + part


@njit(cache=True, nogil=True)
def _ipv6(data: U8, at: int, end: int, groups: NDArray[np.int64]) -> bool:
    """Read the eight groups of an IPv6 address; a dotted tail fills the last two."""
    count, gap = 0, -1
    groups[:] = 0
    if end - at < 2:
        return False
    if data[at] == 58:
        if data[at + 1] != 58:
            return False
        gap, at = 0, at + 2
    while at < end:
        if count == 8:
            return False
        value, digits, stop = 0, 0, at
        while stop < end and data[stop] != 58 and data[stop] != 46:
            symbol = int(np.int64(data[stop]))
            lower = symbol | 32
            if 48 <= symbol <= 57:
                value = value * 16 + symbol - 48
            elif 97 <= lower <= 102:
                value = value * 16 + lower - 87
            else:
                return False
            digits, stop = digits + 1, stop + 1
            if digits > 4:
                return False
        if stop < end and data[stop] == 46:
            tail = _ipv4(data, at, end)
            if tail < 0 or count > 6:
                return False
            groups[count] = tail >> 16
            groups[count + 1] = tail & 65_535
            count += 2
            break
        if digits == 0:
            return False
        groups[count] = value
        count += 1
        at = stop
        if at < end:
            at += 1
            if at == end:
                return False
            if data[at] == 58:
                if gap >= 0:
                    return False
                gap, at = count, at + 1
    if gap >= 0:
        if count > 7:
            return False
        moved = count - gap
        for k in range(moved):
            groups[7 - k] = groups[count - 1 - k]
        for k in range(gap, 8 - moved):
            groups[k] = 0
        return True
    return count == 8


@njit(cache=True, nogil=True)
def _read(offsets: _Offsets, data: U8, number: NDArray[np.uint32], block: U64) -> int:
    """Fill the number (0 if none) and the block key (0 if none); count what is no address."""
    groups = np.zeros(8, np.int64)
    garbage = 0
    for i in range(number.shape[0]):
        at, end = int(offsets[i]), int(offsets[i + 1])
        number[i] = 0
        block[i] = 0
        value = _ipv4(data, at, end)
        if value < 0:
            zone = at
            while zone < end and data[zone] != 37:  # a zone such as %eth0 names no place
                zone += 1
            if not _ipv6(data, at, zone, groups):
                garbage += 1
                continue
            mapped = groups[5] == 65_535
            for k in range(5):
                mapped = mapped and groups[k] == 0
            if not mapped:
                key = (groups[0] << 32) | (groups[1] << 16) | groups[2] | (1 << 62)
                block[i] = finish(np.uint64(key))
                continue
            value = (groups[6] << 16) | groups[7]
        number[i] = np.uint32(value)
        block[i] = finish(np.uint64((value >> 8) | (1 << 61)))
    return garbage


def read_addresses(array: pa.Array) -> tuple[NDArray[np.uint32], U64, int]:
    """Read addresses: IPv4 numbers (0 if none), 64-bit block keys (0 if none), garbage count.

    The block is the /24 of an IPv4 address and the /48 of an IPv6 address.
    """
    number = np.zeros(len(array), np.uint32)
    block = np.zeros(len(array), np.uint64)
    offsets, data = string_buffers(array)
    garbage = int(_read(offsets, data, number, block)) if len(array) else 0
    return number, block, garbage
