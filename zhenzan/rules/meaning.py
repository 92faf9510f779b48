"""Finds out what each part of a condition measures, and refuses what cannot be compared."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping

from zhenzan.errors import nearest
from zhenzan.rules import tree
from zhenzan.rules.faults import Source
from zhenzan.rules.names import readables
from zhenzan.rules.values import (
    CODED,
    NETWORK_CLASSES,
    QUANTITIES,
    Type,
    comparable,
    of_binary,
    of_unit,
)

_WORDED = {*CODED, Type.NETWORK}


class Typer:
    """Types one condition; faults go to the source.

    Attributes
    ----------
    broken
        True once anything was wrong.
    """

    def __init__(self, source: Source, lists: Mapping[str, tree.ListOf]) -> None:
        self._source = source
        self._lists = lists
        self.broken = False

    def _note(
        self, code: str, part: tree.Expr | tree.ListName, message: str, hint: str = ""
    ) -> None:
        self.broken = True
        self._source.note(code, part.span, message, hint)

    @staticmethod
    def fits(wanted: Type, given: Type) -> bool:
        """Tell whether a literal may stand for a value of a type."""
        if given == Type.TEXT:
            return wanted in _WORDED
        return comparable(wanted, given)

    @staticmethod
    def literal(part: tree.Expr) -> Type:
        """Give the type of a literal."""
        match part:
            case tree.Number(digits, unit):
                return of_unit(unit, digits)
            case tree.Date():
                return Type.TIME
            case tree.Text():
                return Type.TEXT
            case tree.Truth():
                return Type.TRUTH
        raise AssertionError(part)

    def condition(self, part: tree.Expr) -> None:
        """Check that a part is a condition."""
        match part:
            case tree.Not(inner):
                self.condition(inner)
            case tree.All(parts) | tree.Any(parts) | tree.AtLeast(_, parts):
                for inner in parts:
                    self.condition(inner)
            case tree.Compare():
                self._compare(part)
            case tree.Between(inner, low, high):
                for bound in (low, high):
                    self._ordered(inner, bound)
                self._varying(part, inner, low, high)
            case tree.Member():
                self._member(part)
            case tree.Known(inner):
                self.quantity(inner, anything=True)
                self._varying(part, inner)
            case _:
                kind = self.quantity(part, anything=True)
                if kind not in (Type.TRUTH, Type.UNKNOWN):
                    message = f"a condition is needed here, and this is {kind}"
                    self._note("RL020", part, message, "compare it with something")

    def quantity(self, part: tree.Expr, *, anything: bool = False) -> Type:
        """Give the type of a part that measures something.

        Parameters
        ----------
        anything
            Whether names of strings and yes-or-no are welcome as well.
        """
        kind = self._type(part)
        if not anything and kind not in QUANTITIES and kind != Type.UNKNOWN:
            self._note("RL006", part, f"a quantity is needed here, and this is {kind}")
            return Type.UNKNOWN
        return kind

    def _type(self, part: tree.Expr) -> Type:
        match part:
            case tree.Number() | tree.Date() | tree.Text():
                return self.literal(part)
            case tree.Name(name):
                known = readables()
                if name in known:
                    return known[name].type
                hint = nearest_name(name, self._lists)
                self._note("RL005", part, f"nothing is named `{name}`", hint)
                return Type.UNKNOWN
            case tree.Negative(inner):
                kind = self.quantity(inner)
                if kind == Type.TIME:
                    self._note("RL006", part, "a time has no opposite")
                return kind
            case tree.Binary():
                return self._binary(part)
            case tree.Extreme(_, parts):
                kinds = [self.quantity(inner) for inner in parts]
                for kind, inner in zip(kinds, parts, strict=True):
                    self._alike(kinds[0], kind, inner)
                same = set(kinds) == {kinds[0]}
                return kinds[0] if same or Type.UNKNOWN in kinds else Type.NUMBER
        self._note("RL006", part, "a quantity is needed here, and this is a condition")
        return Type.UNKNOWN

    def _binary(self, part: tree.Binary) -> Type:
        left, right = self.quantity(part.left), self.quantity(part.right)
        kind = of_binary(part.sign, left, right)
        if kind is None:
            words = {
                "+": ("added to", left, right), "-": ("taken from", right, left),
                "*": ("multiplied by", left, right), "/": ("divided by", left, right),
            }  # fmt: skip
            verb, first, second = words[part.sign]
            self._note("RL006", part, f"{first} cannot be {verb} {second}")
            return Type.UNKNOWN
        return kind

    def _compare(self, part: tree.Compare) -> None:
        for one, other in ((part.left, part.right), (part.right, part.left)):
            if isinstance(other, tree.Text) and not isinstance(one, tree.Text):
                kind = self._type(one)
                if kind in _WORDED and part.sign in ("=", "!="):
                    self._word(one, kind, other)
                elif kind in _WORDED:
                    hint = "texts are compared with `=`, `!=` or `in`"
                    self._note("RL006", part, f"{kind} has no order", hint)
                elif kind != Type.UNKNOWN:
                    self._note("RL006", other, f"{kind} cannot be compared with {Type.TEXT}")
                return
        self._ordered(part.left, part.right)
        self._varying(part, part.left, part.right)

    def _ordered(self, left: tree.Expr, right: tree.Expr) -> None:
        kinds = []
        for side in (left, right):
            kind = self._type(side)
            if kind not in QUANTITIES and kind != Type.UNKNOWN:
                hint = "write the name alone, or `not` before it" if kind == Type.TRUTH else ""
                hint = 'compare it with a "text"' if kind in _WORDED else hint
                self._note("RL006", side, f"{kind} cannot be compared here", hint)
                kind = Type.UNKNOWN
            kinds.append(kind)
        self._alike(kinds[0], kinds[1], right)

    def _alike(self, left: Type, right: Type, where: tree.Expr) -> None:
        if not comparable(left, right):
            hint = _HINTS.get(left, "")
            self._note("RL006", where, f"{left} cannot be compared with {right}", hint)

    def _member(self, part: tree.Member) -> None:
        kind = self._type(part.part)
        if kind not in _WORDED:
            if kind != Type.UNKNOWN:
                message = f"{kind} cannot be looked up among texts"
                self._note("RL017", part.part, message)
            return
        if not isinstance(part.within, tree.ListName):
            for text in part.within:
                self._word(part.part, kind, text)
            return
        name = part.within.name
        if name not in self._lists:
            hint = nearest(name, self._lists) if self._lists else "no list is there"
            self._note("RL016", part.within, f"no list is named `{name}`", hint)
        elif kind == Type.NETWORK or self._lists[name].column != CODED[kind]:
            column = self._lists[name].column
            message = f"the list `{name}` holds values of `{column}`, and this is {kind}"
            self._note("RL017", part.within, message)

    def _word(self, part: tree.Expr, kind: Type, text: tree.Text) -> None:
        if not isinstance(part, tree.Name):
            self._note("RL006", part, "a name is needed here")
        elif kind == Type.NETWORK and text.value not in NETWORK_CLASSES:
            message = f'no network class is "{text.value}"'
            self._note("RL027", text, message, nearest(text.value, NETWORK_CLASSES))
        elif not text.value:
            hint = "to ask whether anything is known, write `is unknown`"
            self._note("RL027", text, "the empty text is never a value", hint)

    def _varying(self, whole: tree.Expr, *parts: tree.Expr) -> None:
        if not any(isinstance(node, tree.Name) for part in parts for node in tree.walk(part)):
            self._note("RL025", whole, "this comparison is always the same", "name a feature")


def nearest_name(name: str, more: Iterable[str] = ()) -> str:
    """Name what an unknown name may have meant; there are too many to list them all."""
    names = [*readables(), *more]
    if difflib.get_close_matches(name, names, n=1, cutoff=0.5):
        return nearest(name, names)
    return "`zhenzan rules list --names` lists everything that can be read"


_HINTS = {
    Type.COUNT: "a count is compared with a whole number, such as 20",
    Type.DURATION: "a duration has a unit, such as 90s, 10m, 24h or 7d",
    Type.SHARE: "a share is written as 12 %",
    Type.TIME: "a time is written as 2026-01-31",
    Type.NATS: "a weight of evidence is written as 0.7 nats",
}
