"""Turns a condition into functions over arrays; nothing is looked at like by like.

Truth has three values. Each condition gives two masks, where it holds and where it does not; where
neither is set, the answer is unknown, and an unknown rule does not fire (safety rule 3).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from zhenzan.detectors.interface import Likes
from zhenzan.rules import tree
from zhenzan.rules.names import Readable, readables
from zhenzan.rules.values import CODED, NETWORK_CLASSES, Type, moment_us, number_of

F64 = NDArray[np.float64]
Bools = NDArray[np.bool_]
Truths = tuple[Bools, Bools]
"""Where something holds, and where it does not."""

Condition = Callable[["Frame"], Truths]
Quantity = Callable[["Frame"], F64]

FOREVER_US = np.int64(2**62)


@dataclass(frozen=True, slots=True, eq=False)
class Words:
    """Strings of a column, each with the time from which it no longer stands there."""

    column: str
    texts: tuple[str, ...]
    until_us: NDArray[np.int64]


class Codes(Protocol):
    """Knows which code stands for which string while a log is read."""

    def find(self, words: Words) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Give the codes of the words that the log has had, ascending, and their ends."""
        ...


class _Table(Protocol):
    def __len__(self) -> int: ...
    def find(self, array: pa.Array) -> NDArray[np.int32]: ...


class TableCodes:
    """Looks words up in the tables of codes of a log; again only after a table has grown."""

    def __init__(self, tables: Mapping[str, _Table]) -> None:
        self._tables = tables
        self._known: dict[int, tuple[Words, int, tuple[NDArray[np.int64], NDArray[np.int64]]]] = {}

    def find(self, words: Words) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Give the codes of the words that the log has had, ascending, and their ends."""
        table = self._tables[words.column]
        known = self._known.get(id(words))
        if known is not None and known[0] is words and known[1] == len(table):
            return known[2]
        codes = table.find(pa.array(words.texts, pa.string())).astype(np.int64)
        seen = np.flatnonzero(codes >= 0)
        order = seen[np.argsort(codes[seen], kind="stable")]
        found = codes[order], words.until_us[order]
        self._known[id(words)] = words, len(table), found
        return found


class Frame:
    """The likes of one batch, as conditions read them; what was read once is kept."""

    def __init__(self, likes: Likes, codes: Codes) -> None:
        self.likes = likes
        self.codes = codes
        self.ts: NDArray[np.int64] = likes["ts"]
        self._read: dict[str, NDArray[Any]] = {}

    def read(self, readable: Readable) -> NDArray[Any]:
        """Give the values of a name, unknown everywhere where the batch does not have it."""
        values = self._read.get(readable.name)
        if values is None:
            if all(name in self.likes for name in readable.reads):
                values = readable.measure(self.likes)
            else:
                coded = readable.type in CODED or readable.type == Type.NETWORK
                values = np.full(len(self.ts), -1 if coded else np.nan)
            self._read[readable.name] = values
        return values


def compile_condition(part: tree.Expr, lists: Mapping[str, tree.ListOf]) -> Condition:
    """Turn a checked condition into one function over the arrays of a batch.

    No text of the analyst is executed: the tree is walked once, here, and each part becomes one
    of the closures below.
    """
    match part:
        case tree.Name(name):
            readable = readables()[name]
            return lambda frame: _flag(frame.read(readable))
        case tree.Not(inner):
            opposite = compile_condition(inner, lists)
            return lambda frame: opposite(frame)[::-1]
        case tree.All(parts):
            return _every([compile_condition(inner, lists) for inner in parts])
        case tree.Any(parts):
            return _some([compile_condition(inner, lists) for inner in parts])
        case tree.AtLeast(count, parts):
            return _at_least(count, [compile_condition(inner, lists) for inner in parts])
        case tree.Known(inner, negated):
            return _known(inner, negated=negated)
        case tree.Member():
            return _member(part, lists)
        case tree.Between(inner, low, high):
            return _between(*(compile_quantity(side) for side in (inner, low, high)))
        case tree.Compare():
            return _comparison(part)
    raise AssertionError(f"{part} is no condition; the checker lets none through")


def compile_quantity(part: tree.Expr) -> Quantity:
    """Turn what measures something into one function; NaN is unknown, infinity does not occur."""
    match part:
        case tree.Number(digits, unit):
            return _constant(number_of(digits, unit))
        case tree.Date(second):
            return _constant(moment_us(second))
        case tree.Name(name):
            readable = readables()[name]
            return lambda frame: frame.read(readable)
        case tree.Negative(inner):
            value = compile_quantity(inner)
            return lambda frame: -value(frame)
        case tree.Binary(sign, left, right):
            return _arithmetic(sign, compile_quantity(left), compile_quantity(right))
        case tree.Extreme(which, parts):
            choose = np.minimum if which == "min" else np.maximum
            return _folded(choose, [compile_quantity(inner) for inner in parts])
    raise AssertionError(f"{part} is no quantity; the checker lets none through")


def _constant(number: float) -> Quantity:
    value = np.float64(number)
    return lambda _: value  # type: ignore[return-value]  # NumPy spreads it over the batch


def _arithmetic(sign: str, left: Quantity, right: Quantity) -> Quantity:
    apply = {"+": np.add, "-": np.subtract, "*": np.multiply, "/": np.divide}[sign]

    def join(frame: Frame) -> F64:
        result = apply(left(frame), right(frame))
        # A division by nothing, or a number beyond all bounds, says nothing.
        return np.where(np.isfinite(result), result, np.nan)

    return join


def _folded(choose: Callable[..., F64], parts: list[Quantity]) -> Quantity:
    def fold(frame: Frame) -> F64:
        value = parts[0](frame)
        for part in parts[1:]:
            value = choose(value, part(frame))
        return value

    return fold


def _flag(values: NDArray[Any]) -> Truths:
    return values > 0.5, values <= 0.5


def _every(parts: list[Condition]) -> Condition:
    def both(frame: Frame) -> Truths:
        yes, no = parts[0](frame)
        for part in parts[1:]:
            more, less = part(frame)
            yes, no = yes & more, no | less
        return yes, no

    return both


def _some(parts: list[Condition]) -> Condition:
    def either(frame: Frame) -> Truths:
        yes, no = parts[0](frame)
        for part in parts[1:]:
            more, less = part(frame)
            yes, no = yes | more, no & less
        return yes, no

    return either


def _at_least(count: int, parts: list[Condition]) -> Condition:
    def enough(frame: Frame) -> Truths:
        told = [part(frame) for part in parts]
        yes = np.sum([one for one, _ in told], axis=0)
        no = np.sum([one for _, one in told], axis=0)
        return yes >= count, no > len(parts) - count

    return enough


def _known(inner: tree.Expr, *, negated: bool) -> Condition:
    coded = isinstance(inner, tree.Name) and (
        readables()[inner.name].type in CODED or readables()[inner.name].type == Type.NETWORK
    )
    value = compile_quantity(inner)

    def ask(frame: Frame) -> Truths:
        values = value(frame)
        known = values >= 0 if coded else ~np.isnan(values)
        return (~known, known) if negated else (known, ~known)

    return ask


def _between(value: Quantity, low: Quantity, high: Quantity) -> Condition:
    def inside(frame: Frame) -> Truths:
        values, bottom, top = value(frame), low(frame), high(frame)
        return (values >= bottom) & (values <= top), (values < bottom) | (values > top)

    return inside


def _comparison(part: tree.Compare) -> Condition:
    for one, other in ((part.left, part.right), (part.right, part.left)):
        if isinstance(other, tree.Text):
            return _member(tree.Member(one, (other,), negated=part.sign == "!="), {})
    yes, no = {
        "=": (np.equal, np.not_equal),
        "!=": (np.not_equal, np.equal),
        "<": (np.less, np.greater_equal),
        "<=": (np.less_equal, np.greater),
        ">": (np.greater, np.less_equal),
        ">=": (np.greater_equal, np.less),
    }[part.sign]
    left, right = compile_quantity(part.left), compile_quantity(part.right)

    def compare(frame: Frame) -> Truths:
        a, b = left(frame), right(frame)
        # Only "not equal" is true of NaN, and what is unknown differs from nothing.
        known = ~(np.isnan(a) | np.isnan(b))
        return yes(a, b) & known, no(a, b) & known

    return compare


def _member(part: tree.Member, lists: Mapping[str, tree.ListOf]) -> Condition:
    assert isinstance(part.part, tree.Name), "the checker lets nothing else through"
    readable = readables()[part.part.name]
    if readable.type == Type.NETWORK:
        assert not isinstance(part.within, tree.ListName), "no list holds classes"
        look = _class_lookup(readable, [NETWORK_CLASSES[text.value] for text in part.within])
    else:
        look = _word_lookup(readable, _words(CODED[readable.type], part.within, lists))
    return (lambda frame: look(frame)[::-1]) if part.negated else look


def _words(
    column: str,
    within: tree.ListName | Sequence[tree.Text],
    lists: Mapping[str, tree.ListOf],
) -> Words:
    if isinstance(within, tree.ListName):
        entries = lists[within.name].entries
        ends = np.array([moment_us(entry.until.second) for entry in entries], np.int64)
        return Words(column, tuple(entry.value for entry in entries), ends)
    texts = tuple(dict.fromkeys(text.value for text in within))
    return Words(column, texts, np.full(len(texts), FOREVER_US))


def _class_lookup(readable: Readable, classes: list[int]) -> Condition:
    wanted = np.array(classes)

    def look(frame: Frame) -> Truths:
        values = frame.read(readable)
        known, found = values >= 0, np.isin(values, wanted)
        return known & found, known & ~found

    return look


def _word_lookup(readable: Readable, words: Words) -> Condition:
    def look(frame: Frame) -> Truths:
        values = frame.read(readable).astype(np.int64)
        codes, until_us = frame.codes.find(words)
        known = values >= 0
        if not len(codes):
            return np.zeros(len(values), np.bool_), known
        at = np.minimum(np.searchsorted(codes, values), len(codes) - 1)
        found = (codes[at] == values) & (frame.ts < until_us[at])
        return known & found, known & ~found

    return look
