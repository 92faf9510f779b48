"""The language a second time: one like after the other, three-valued, slow. Tests only."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import timedelta

from zhenzan.rules import tree

Value = float | str | bool | None
Like = Mapping[str, Value]
Lists = Mapping[str, tree.ListOf]

_UNIT_US = {
    "ms": timedelta(milliseconds=1),
    "s": timedelta(seconds=1),
    "m": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
}


def holds(part: tree.Expr, like: Like, lists: Lists) -> bool | None:
    """Whether a condition holds for a like; None is unknown."""
    match part:
        case tree.Name(name):
            value = like[name]
            return None if value is None else bool(value)
        case tree.Not(inner):
            told = holds(inner, like, lists)
            return None if told is None else not told
        case tree.All(parts):
            told_all = [holds(inner, like, lists) for inner in parts]
            return False if False in told_all else None if None in told_all else True
        case tree.Any(parts):
            told_all = [holds(inner, like, lists) for inner in parts]
            return True if True in told_all else None if None in told_all else False
        case tree.AtLeast(count, parts):
            told_all = [holds(inner, like, lists) for inner in parts]
            if told_all.count(True) >= count:
                return True
            return None if told_all.count(True) + told_all.count(None) >= count else False
        case tree.Known(inner, negated):
            return (value_of(inner, like) is None) == negated
        case tree.Member(tree.Name(name), within, negated):
            value = like[name]
            if value is None:
                return None
            return _inside(str(value), within, like, lists) != negated
        case tree.Between(inner, low, high):
            both = (tree.Compare(">=", inner, low), tree.Compare("<=", inner, high))
            return holds(tree.All(both), like, lists)
        case tree.Compare(sign, left, right):
            return _compare(sign, value_of(left, like), value_of(right, like))
    raise AssertionError(part)


def _inside(
    value: str,
    within: tree.ListName | tuple[tree.Text, ...],
    like: Like,
    lists: Lists,
) -> bool:
    if isinstance(within, tree.ListName):
        now = like["ts"]
        assert isinstance(now, float)
        entries = lists[within.name].entries
        return any(e.value == value and now < e.until.second * 1_000_000 for e in entries)
    return any(text.value == value for text in within)


def _compare(sign: str, left: Value, right: Value) -> bool | None:
    if left is None or right is None:
        return None
    if sign == "=":
        return left == right
    if sign == "!=":
        return left != right
    assert isinstance(left, float)
    assert isinstance(right, float)
    return {"<": left < right, "<=": left <= right, ">": left > right, ">=": left >= right}[sign]


def value_of(part: tree.Expr, like: Like) -> Value:
    """What a part measures at a like; None is unknown."""
    match part:
        case tree.Name(name):
            return like[name]
        case tree.Text(value):
            return value
        case tree.Number(digits, "%"):
            return float(digits) / 100
        case tree.Number(digits, "" | "nats"):
            return float(digits)
        case tree.Number(digits, unit):
            return float(digits) * (_UNIT_US[unit] / timedelta(microseconds=1))
        case tree.Date(second):
            return float(second * 1_000_000)
        case tree.Negative(inner):
            value = value_of(inner, like)
            assert value is None or isinstance(value, float)
            return None if value is None else -value
        case tree.Extreme(which, parts):
            values = [value_of(inner, like) for inner in parts]
            if None in values:
                return None
            numbers = [value for value in values if isinstance(value, float)]
            return min(numbers) if which == "min" else max(numbers)
        case tree.Binary(sign, left, right):
            return _arithmetic(sign, value_of(left, like), value_of(right, like))
    raise AssertionError(part)


def _arithmetic(sign: str, left: Value, right: Value) -> Value:
    if not isinstance(left, float) or not isinstance(right, float):
        return None
    if sign == "/":
        result = left / right if right else math.nan
    else:
        result = {"+": left + right, "-": left - right, "*": left * right}[sign]
    return result if math.isfinite(result) else None
