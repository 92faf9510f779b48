"""Reads conditions: what stands behind ``when``."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from zhenzan.rules import tree
from zhenzan.rules.cursor import Broken, Cursor
from zhenzan.rules.faults import Span
from zhenzan.rules.limits import DEPTH_MAX, NODES_MAX
from zhenzan.rules.tokens import Token

COMPARISONS = ("=", "!=", "<", "<=", ">", ">=")
OPERATORS = frozenset(
    {"and", "or", "not", "in", "is", "known", "unknown", "between", "at", "least", "of", "min",
     "max", "yes", "no"}
)  # fmt: skip
"""Words that mean something inside a condition, and are therefore no names."""


class ConditionReader:
    """Reads one condition by recursive descent, no deeper and no longer than the limits."""

    def __init__(self, cursor: Cursor) -> None:
        self._cursor = cursor
        self._depth = 0
        self._nodes = 0

    def read(self) -> tree.Expr:
        """Read a whole condition.

        Raises
        ------
        Broken
            It makes no sense; the fault is taken down.
        """
        return self._either()

    def _deeper(self, read: Callable[[], tree.Expr]) -> tree.Expr:
        self._depth += 1
        if self._depth > DEPTH_MAX:
            message = f"a condition is nested at most {DEPTH_MAX} deep"
            self._cursor.note("RL012", self._cursor.now.span, message, "split the rule")
            raise Broken
        part = read()
        self._depth -= 1
        return part

    def _count(self) -> None:
        self._nodes += 1
        if self._nodes > NODES_MAX:
            message = f"a condition has at most {NODES_MAX} parts"
            self._cursor.note("RL013", self._cursor.now.span, message, "use a list, or two rules")
            raise Broken

    def _either(self) -> tree.Expr:
        return self._chain("or", self._both, tree.Any)

    def _both(self) -> tree.Expr:
        return self._chain("and", self._opposite, tree.All)

    def _chain(
        self, word: str, read: Callable[[], tree.Expr], kind: type[tree.All] | type[tree.Any]
    ) -> tree.Expr:
        start = self._cursor.now.span.start
        parts = [read()]
        while self._cursor.takes(word):
            self._count()
            parts.append(read())
        if len(parts) == 1:
            return parts[0]
        flat: list[tree.Expr] = []
        for part in parts:
            flat += part.parts if isinstance(part, kind) else (part,)
        return kind(tuple(flat), span=Span(start, self._cursor.end))

    def _opposite(self) -> tree.Expr:
        start = self._cursor.now.span.start
        if not self._cursor.takes("not"):
            return self._comparison()
        self._count()
        part = self._deeper(self._opposite)
        return tree.Not(part, span=Span(start, self._cursor.end))

    def _comparison(self) -> tree.Expr:
        cursor = self._cursor
        start = cursor.now.span.start
        left = self._sum()
        if cursor.sees(*COMPARISONS):
            self._count()
            sign = cursor.take().text
            if sign == "=" and cursor.sees("<", ">"):
                turned = cursor.take()
                cursor.note("RL004", turned.span, "no such sign", f"write `{turned.text}=`")
            if cursor.sees("="):
                cursor.note("RL004", cursor.take().span, "`==` is no sign", "write one `=`")
            right = self._sum()
            if cursor.sees(*COMPARISONS):
                hint = "write `between LOW and HIGH`, or join two comparisons with `and`"
                cursor.refuse("one comparison at a time", hint=hint)
            return tree.Compare(sign, left, right, span=Span(start, cursor.end))
        if cursor.takes("between"):
            self._count()
            low = self._sum()
            cursor.need("and")
            high = self._sum()
            return tree.Between(left, low, high, span=Span(start, cursor.end))
        if cursor.takes("is"):
            return self._known(left, start)
        if cursor.sees("in") or (cursor.sees("not") and cursor.after.text == "in"):
            return self._member(left, start)
        return left

    def _known(self, part: tree.Expr, start: int) -> tree.Expr:
        self._count()
        negated = self._cursor.takes("unknown")
        if not negated and not self._cursor.takes("known"):
            self._cursor.refuse("`known` or `unknown`", ["known", "unknown"])
        return tree.Known(part, negated, span=Span(start, self._cursor.end))

    def _member(self, part: tree.Expr, start: int) -> tree.Expr:
        self._count()
        cursor = self._cursor
        negated = cursor.takes("not")
        cursor.need("in")
        if not cursor.takes("["):
            name = cursor.word('the name of a list, or texts such as ["a", "b"]')
            within: tree.ListName | tuple[tree.Text, ...]
            within = tree.ListName(name.text, span=name.span)
            return tree.Member(part, within, negated, span=Span(start, cursor.end))
        texts: list[tree.Text] = []
        while True:
            self._count()
            token = cursor.text("a text")
            texts.append(tree.Text(token.text, span=token.span))
            if not cursor.takes(","):
                break
        cursor.need("]")
        return tree.Member(part, tuple(texts), negated, span=Span(start, cursor.end))

    def _sum(self) -> tree.Expr:
        return self._joined(("+", "-"), self._product)

    def _product(self) -> tree.Expr:
        return self._joined(("*", "/"), self._signed)

    def _joined(self, signs: tuple[str, str], read: Callable[[], tree.Expr]) -> tree.Expr:
        start = self._cursor.now.span.start
        left = read()
        chained = 0
        while self._cursor.sees(*signs):
            self._count()
            sign = self._cursor.take().text
            # The tree leans to the left, so that a long sum is a deep tree.
            self._depth += 1
            chained += 1
            right = self._deeper(read)
            left = tree.Binary(sign, left, right, span=Span(start, self._cursor.end))
        self._depth -= chained
        return left

    def _signed(self) -> tree.Expr:
        start = self._cursor.now.span.start
        if not self._cursor.takes("-"):
            return self._atom()
        self._count()
        part = self._deeper(self._signed)
        return tree.Negative(part, span=Span(start, self._cursor.end))

    def _atom(self) -> tree.Expr:
        self._count()
        cursor = self._cursor
        token = cursor.now
        if cursor.takes("("):
            part = self._deeper(self._either)
            cursor.need(")")
            return part
        if token.shape == "word" and token.text in ("min", "max") and cursor.after.text == "(":
            return self._extreme()
        if cursor.sees("at"):
            return self._at_least()
        if token.shape == "word" and token.text not in OPERATORS:
            cursor.take()
            return tree.Name(token.text, span=token.span)
        if token.shape in ("number", "date", "text"):
            return literal(cursor)
        cursor.refuse("a name, a number or `(`")
        raise Broken

    def _extreme(self) -> tree.Expr:
        cursor = self._cursor
        start = cursor.now.span.start
        which = cursor.take().text
        parts = self._arguments(self._sum)
        if len(parts) < 2:
            cursor.note("RL004", Span(start, cursor.end), f"`{which}` compares two or more things")
        assert which in ("min", "max")
        return tree.Extreme(which, parts, span=Span(start, cursor.end))  # type: ignore[arg-type]

    def _at_least(self) -> tree.Expr:
        cursor = self._cursor
        start = cursor.now.span.start
        cursor.need("at")
        cursor.need("least")
        number = whole_number(cursor, "how many")
        cursor.need("of")
        parts = self._arguments(self._either)
        span = Span(start, cursor.end)
        if not 1 <= number <= len(parts):
            message = f"{number} of {len(parts)} conditions"
            cursor.note("RL028", span, message, f"ask for 1 to {len(parts)} of them")
        return tree.AtLeast(number, parts, span=span)

    def _arguments(self, read: Callable[[], tree.Expr]) -> tuple[tree.Expr, ...]:
        cursor = self._cursor
        cursor.need("(")
        parts = [self._deeper(read)]
        while cursor.takes(","):
            parts.append(self._deeper(read))
        cursor.need(")")
        return tuple(parts)


def literal(cursor: Cursor) -> tree.Literals:
    """Read a number, a date, a text, ``yes`` or ``no``."""
    token = cursor.now
    if token.shape == "number":
        cursor.take()
        return tree.Number(token.text, token.unit, span=token.span)
    if token.shape == "date":
        return date(cursor)
    if token.shape == "text":
        cursor.take()
        return tree.Text(token.text, span=token.span)
    if cursor.sees("yes", "no"):
        cursor.take()
        return tree.Truth(token.text == "yes", span=token.span)
    cursor.refuse('a value: a number, a date, a "text", `yes` or `no`')
    raise Broken


def whole_number(cursor: Cursor, what: str) -> int:
    """Read a whole number without a unit."""
    token = cursor.now
    if token.shape != "number" or token.unit or "." in token.text:
        cursor.refuse(f"a whole number: {what}")
    cursor.take()
    return int(token.text)


def date(cursor: Cursor) -> tree.Date:
    """Read a date, or a moment in UTC."""
    token = cursor.now
    if token.shape != "date":
        cursor.refuse("a date such as 2026-01-31 or 2026-01-31T08:00Z")
    cursor.take()
    return tree.Date(_second(cursor, token), span=token.span)


def _second(cursor: Cursor, token: Token) -> int:
    text = token.text.removesuffix("Z")
    try:
        moment = datetime.fromisoformat(text).replace(tzinfo=UTC)
    except ValueError:
        cursor.note("RL021", token.span, f"there is no {token.text}")
        return 0
    return int((moment - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds())
