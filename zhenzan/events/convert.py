"""Turns columns of any Arrow type into texts, times and numbers, with a mask of what failed."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numba import njit
from numpy.typing import NDArray

from zhenzan.events.hashing import U8, string_buffers

_Bools = NDArray[np.bool_]
_I64 = NDArray[np.int64]

# The range of times that a log of interactions can hold: 1990 to 2100.
TS_MIN_US = 631_152_000_000_000
TS_MAX_US = 4_102_444_800_000_000
BAD_TS = np.iinfo(np.int64).min

_UNIT_US = {"s": 1_000_000.0, "ms": 1_000.0, "us": 1.0, "ns": 0.001}
_NUMBER = r"^\s*[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?\s*$"


def to_text(array: pa.Array) -> tuple[pa.Array, _Bools | None]:
    """Turn a column into strings; the mask marks bytes that are not UTF-8 (made null)."""
    kind = array.type
    if pa.types.is_dictionary(kind):
        words, bad_words = to_text(array.dictionary)
        bad = None
        if bad_words is not None:
            indices = array.indices.fill_null(len(bad_words)).to_numpy(zero_copy_only=False)
            bad = np.append(bad_words, False)[indices]
        return words.take(array.indices), bad
    if pa.types.is_string(kind) or pa.types.is_binary(kind) or _is_wide(kind):
        return _checked_text(array)
    if pa.types.is_floating(kind):
        array = _whole_floats(array)
    return array.cast(pa.string()), None


def is_flat(kind: pa.DataType) -> bool:
    """Say whether a column of this type can be read as one value a row."""
    if pa.types.is_dictionary(kind):
        return is_flat(kind.value_type)
    return not pa.types.is_nested(kind)


def to_time(array: pa.Array, *, unit: str | None = None) -> tuple[_I64, _Bools]:
    """Turn a column into microseconds since 1970 UTC; the mask marks what is no sane time.

    Numbers without a ``unit`` are read as seconds, milliseconds, microseconds or nanoseconds,
    whichever falls into 1990 to 2100: the four ranges do not overlap. A time without a zone
    is read as UTC.
    """
    if pa.types.is_dictionary(array.type):
        array = array.dictionary_decode()
    kind = array.type
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        wide = array.cast(pa.timestamp("us", getattr(kind, "tz", None)), safe=False)
        ts = _filled(wide.view(pa.int64()), BAD_TS)
    elif pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        ts = _epoch(array, unit)
    else:
        text, _ = to_text(array)
        ts = np.empty(len(text), np.int64)
        offsets, data = string_buffers(text)
        _parse_times(offsets, data, ts)
        numeric = ts == BAD_TS + 1
        if numeric.any():
            numbers = to_number(text.filter(pa.array(numeric)), pa.float64())[0]
            ts[numeric] = _epoch(numbers, unit)
        if text.null_count:
            ts[text.is_null().to_numpy(zero_copy_only=False)] = BAD_TS
    bad: _Bools = (ts < TS_MIN_US) | (ts > TS_MAX_US)
    return ts, bad


def to_number(array: pa.Array, target: pa.DataType) -> tuple[pa.Array, _Bools | None]:
    """Turn a column into numbers of the target type; the mask marks values that are none."""
    if pa.types.is_dictionary(array.type):
        array = array.dictionary_decode()
    if array.type.equals(target):
        return array, None
    if array.null_count == len(array):  # a column that nobody sent: a cast costs many times this
        return pa.nulls(len(array), target), None
    if pa.types.is_boolean(array.type) or pa.types.is_temporal(array.type):
        return pa.nulls(len(array), target), array.is_valid().to_numpy(zero_copy_only=False)
    try:
        return array.cast(target), None
    except pa.ArrowException:
        pass
    if not (pa.types.is_integer(array.type) or pa.types.is_floating(array.type)):
        text, _ = to_text(array)
        text = pc.utf8_trim_whitespace(text)
        text = pc.if_else(pc.equal(text, ""), None, text)
        good = pc.match_substring_regex(text, _NUMBER)
        array = pc.if_else(good, text, pa.scalar(None, pa.string())).cast(pa.float64())
        bad = pc.equal(good, False).fill_null(False).to_numpy(zero_copy_only=False).copy()
    else:
        bad = np.zeros(len(array), np.bool_)
    values = array.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False)
    if pa.types.is_integer(target):
        limit = 2.0 ** (target.bit_width - 1)
        with np.errstate(invalid="ignore"):
            wrong = (values != np.floor(values)) | (np.abs(values) >= limit)
        wrong &= ~np.isnan(values)
        bad |= wrong
        values = np.where(wrong, np.nan, values)
        mask = np.isnan(values)
        whole = np.where(mask, 0, values).astype(np.int64)
        return pa.array(whole, mask=mask).cast(target), bad
    return pa.array(values, from_pandas=True).cast(target, safe=False), bad


def _is_wide(kind: pa.DataType) -> bool:
    return bool(
        pa.types.is_large_string(kind)
        or pa.types.is_large_binary(kind)
        or pa.types.is_fixed_size_binary(kind)
        or pa.types.is_string_view(kind)
        or pa.types.is_binary_view(kind)
    )


def _checked_text(array: pa.Array) -> tuple[pa.Array, _Bools | None]:
    try:
        if pa.types.is_string(array.type):
            array.validate(full=True)
            return array, None
        if pa.types.is_large_string(array.type) or pa.types.is_string_view(array.type):
            array.validate(full=True)
        return array.cast(pa.string()), None
    except pa.ArrowException:
        pass
    values: list[str | None] = []
    bad = np.zeros(len(array), np.bool_)
    for index, value in enumerate(array.cast(pa.binary(), safe=False).to_pylist()):
        try:
            values.append(None if value is None else value.decode("utf-8"))
        except UnicodeDecodeError:
            values.append(None)
            bad[index] = True
    return pa.array(values, pa.string()), bad


def _whole_floats(array: pa.Array) -> pa.Array:
    """Read 12.0 as 12: numbers with gaps are often stored as floats."""
    try:
        return array.cast(pa.int64())
    except pa.ArrowException:
        return array


def _filled(array: pa.Array, value: int) -> _I64:
    if array.null_count:
        array = array.fill_null(value)
    numbers: _I64 = array.to_numpy(zero_copy_only=False)
    return numbers


def _epoch(array: pa.Array, unit: str | None) -> _I64:
    if pa.types.is_integer(array.type) and unit in ("us", "s", "ms"):
        whole = _filled(array.cast(pa.int64(), safe=False), BAD_TS)
        factor = int(_UNIT_US[unit])
        fits = np.abs(whole // factor) < TS_MAX_US
        scaled = np.where(np.abs(whole) < TS_MAX_US // factor + 1, whole, 0) * factor
        return np.where(fits & (scaled != 0), scaled, BAD_TS)
    values = array.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False)
    ts = np.full(len(values), BAD_TS, np.int64)
    for name, factor_us in _UNIT_US.items():
        if unit in (None, name):
            with np.errstate(invalid="ignore", over="ignore"):
                scaled_us = np.rint(values * factor_us)
                fit = (scaled_us >= TS_MIN_US) & (scaled_us <= TS_MAX_US)
            ts[fit] = scaled_us[fit].astype(np.int64)
    return ts


@njit(cache=True, nogil=True)
def _digits(data: U8, at: int, count: int) -> int:
    """Read a fixed number of digits; -1 where one of them is none."""
    value = 0
    for k in range(at, at + count):
        digit = int(np.int64(data[k])) - 48
        if digit < 0 or digit > 9:
            return -1
        value = value * 10 + digit
    return value


@njit(cache=True, nogil=True)
def _days(year: int, month: int, day: int) -> int:
    """Count days since 1970-01-01 in the Gregorian calendar; -1 where there is no such day."""
    leap = (year % 4 == 0 and year % 100 != 0) or year % 400 == 0
    if month < 1 or month > 12 or day < 1 or year < 1970:
        return -1
    longest = 31
    if month in (4, 6, 9, 11):
        longest = 30
    if month == 2:
        longest = 29 if leap else 28
    if day > longest:
        return -1
    shifted = year - 1 if month <= 2 else year
    era = shifted // 400
    year_of_era = shifted - era * 400
    moved = (month + 9) % 12
    day_of_year = (153 * moved + 2) // 5 + day - 1
    day_of_era = year_of_era * 365 + year_of_era // 4 - year_of_era // 100 + day_of_year
    return int(era * 146_097 + day_of_era - 719_468)


@njit(cache=True, nogil=True)
def _zone_us(data: U8, at: int, end: int) -> int:
    """Read `Z`, `+hh`, `+hhmm` or `+hh:mm`; a day or more means that it is none of them."""
    wrong = 1 << 60
    if at == end:
        return 0
    if data[at] in (90, 122):  # Z, z
        return 0 if at + 1 == end else wrong
    if data[at] not in (43, 45):  # +, -
        return wrong
    sign = 1 if data[at] == 43 else -1
    length = end - at - 1
    if length not in (2, 4, 5):
        return wrong
    hours = _digits(data, at + 1, 2)
    minutes = 0
    if length == 4:
        minutes = _digits(data, at + 3, 2)
    if length == 5:
        minutes = _digits(data, at + 4, 2) if data[at + 3] == 58 else -1
    if hours < 0 or hours > 23 or minutes < 0 or minutes > 59:
        return wrong
    return sign * (hours * 60 + minutes) * 60_000_000


@njit(cache=True, nogil=True)
def _parse_times(offsets: NDArray[np.int32], data: U8, out: _I64) -> None:
    """Parse ISO 8601; `BAD_TS` where it is none, `BAD_TS + 1` where it may be a number."""
    bad = np.int64(-9223372036854775808)
    for i in range(out.shape[0]):
        at, end = int(offsets[i]), int(offsets[i + 1])
        while at < end and data[at] == 32:
            at += 1
        while end > at and data[end - 1] == 32:
            end -= 1
        out[i] = bad
        if end - at < 10 or data[at + 4] != 45 or data[at + 7] != 45:
            if end > at and (data[at] >= 48 and data[at] <= 57):
                out[i] = bad + 1
            continue
        days = _days(_digits(data, at, 4), _digits(data, at + 5, 2), _digits(data, at + 8, 2))
        if days < 0:
            continue
        at += 10
        us = np.int64(days) * 86_400_000_000
        if at < end:
            if data[at] not in (32, 84, 116) or end - at < 6 or data[at + 3] != 58:
                continue
            hour, minute, second = _digits(data, at + 1, 2), _digits(data, at + 4, 2), 0
            at += 6
            if at < end and data[at] == 58:
                if end - at < 3:
                    continue
                second = _digits(data, at + 1, 2)
                at += 3
            if hour < 0 or hour > 23 or minute < 0 or minute > 59 or second < 0 or second > 60:
                continue
            us += np.int64(hour * 3600 + minute * 60 + second) * 1_000_000
            if at < end and data[at] in (46, 44):
                at += 1
                scale = 100_000
                first = at
                while at < end and data[at] >= 48 and data[at] <= 57:
                    us += (np.int64(data[at]) - 48) * scale
                    scale //= 10
                    at += 1
                if at == first:
                    continue
            if at < end and data[at] == 32:
                at += 1
            zone = _zone_us(data, at, end)
            if zone == 1 << 60:
                continue
            us -= zone
        out[i] = us
