"""What a rule can measure: types, units, and which of them can be compared."""

from __future__ import annotations

import enum

from zhenzan.clock import SECOND_US, duration_us


class Type(enum.StrEnum):
    """What a value measures; the value of a member is how a message names it."""

    COUNT = "a count"
    NUMBER = "a number"
    SHARE = "a share"
    DURATION = "a duration"
    TIME = "a time"
    NATS = "a weight of evidence"
    TRUTH = "yes or no"
    TEXT = "a text"
    ACCOUNT = "an account"
    ITEM = "an item"
    MERCHANT = "a merchant"
    CATEGORY = "a category"
    CHANNEL = "a channel"
    NETWORK = "a network class"
    UNKNOWN = "something unknown"


CODED: dict[Type, str] = {
    Type.ACCOUNT: "account",
    Type.ITEM: "item",
    Type.MERCHANT: "merchant",
    Type.CATEGORY: "category",
    Type.CHANNEL: "channel",
}
"""Types whose values are strings of the log, and the column that holds their codes. Devices and
addresses are not among them: a list of them would keep raw identifiers past their time (PRV)."""

LISTED: dict[str, Type] = {column: kind for kind, column in CODED.items()}

NETWORK_CLASSES: dict[str, int] = {"ordinary": 0, "hosting": 1, "vpn": 2}
"""Values of ``network_class``, as ``events.network`` numbers them."""

QUANTITIES = frozenset({Type.COUNT, Type.NUMBER, Type.SHARE, Type.DURATION, Type.TIME, Type.NATS})

_ALIKE = {frozenset({Type.COUNT, Type.NUMBER}), frozenset({Type.SHARE, Type.NUMBER})}


def comparable(left: Type, right: Type) -> bool:
    """Tell whether two quantities may be compared, added or subtracted."""
    return Type.UNKNOWN in (left, right) or left == right or frozenset({left, right}) in _ALIKE


def of_binary(sign: str, left: Type, right: Type) -> Type | None:
    """Give the type of two joined quantities, None where they cannot be joined.

    Examples
    --------
    >>> of_binary("/", Type.DURATION, Type.COUNT)
    <Type.DURATION: 'a duration'>
    >>> of_binary("+", Type.COUNT, Type.DURATION) is None
    True
    """
    if Type.UNKNOWN in (left, right):
        return Type.UNKNOWN
    plain = {Type.COUNT, Type.NUMBER, Type.SHARE}
    if sign in "+-":
        if {left, right} == {Type.TIME, Type.DURATION} and (sign == "+" or left == Type.TIME):
            return Type.TIME
        if left == right == Type.TIME:
            return Type.DURATION if sign == "-" else None
        if not comparable(left, right):
            return None
        return left if left == right else Type.NUMBER
    if Type.TIME in (left, right):
        return None
    if sign == "*":
        return right if left in plain and right not in plain else _scaled(left, right)
    if left == right:
        return Type.NUMBER
    return _scaled(left, right)


def _scaled(left: Type, right: Type) -> Type | None:
    """Give the type of a quantity times, or divided by, a plain number."""
    plain = {Type.COUNT, Type.NUMBER, Type.SHARE}
    if right not in plain:
        return None
    return Type.NUMBER if left in plain else left


def of_unit(unit: str, digits: str) -> Type:
    """Give the type of a number with a unit; without one it is a count, or has a fraction."""
    if unit == "%":
        return Type.SHARE
    if unit == "nats":
        return Type.NATS
    if unit:
        return Type.DURATION
    return Type.NUMBER if "." in digits else Type.COUNT


def number_of(digits: str, unit: str) -> float:
    """Turn a number into what arrays hold: microseconds, fractions, nats, plain numbers.

    Examples
    --------
    >>> number_of("1.5", "h"), number_of("12", "%")
    (5400000000.0, 0.12)
    """
    if unit == "%":
        return float(digits) / 100.0
    if unit in ("", "nats"):
        return float(digits)
    return float(digits) * duration_us(f"1{unit}")


def moment_us(second: int) -> float:
    """Turn a moment into microseconds since 1970."""
    return float(second * SECOND_US)
