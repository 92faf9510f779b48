"""Reads the text of a file into a tree; what is wrong is taken down, all of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from zhenzan.rules import tree
from zhenzan.rules.condition import ConditionReader, date, literal, whole_number
from zhenzan.rules.cursor import Broken, Cursor
from zhenzan.rules.faults import Source, Span
from zhenzan.rules.limits import EXAMPLE_VALUES_MAX, LIST_ENTRIES_MAX
from zhenzan.rules.tokens import Comment, tokenize
from zhenzan.rules.tree import Anchor

FIELDS: tuple[str, ...] = (
    "version", "owner", "family", "valid_from", "valid_until", "about", "reason", "reason_zh",
    "when", "then",
)  # fmt: skip
"""Lines of a rule, in the order in which the formatter writes them; ``about`` may be left out."""

STARTS = frozenset({"rule", "list"})
SECTIONS = frozenset({*FIELDS, *STARTS, "fires", "spares", "entry"})
"""Words that begin something; after a fault, reading goes on at the next of them."""

_IN_RULE = SECTIONS - {"entry"}

PLACES: tuple[str, ...] = ("start", *FIELDS[:-1], "part", "then", "example", "entry")
"""Things before which a comment may stand, in canonical order."""


def parse(source: Source) -> tree.Document:
    """Read a text.

    The tree holds placeholders where the text is broken; look at ``source.faults`` before using
    it. Never raises, whatever the text is.
    """
    tokens, comments = tokenize(source)
    reader = _Reader(Cursor(source, tokens))
    parts = reader.document()
    return tree.Document(tuple(parts), _placed(comments, reader.anchors, len(parts)))


def _placed(
    comments: list[Comment], anchors: list[tuple[int, Anchor]], parts: int
) -> tuple[tuple[Anchor, str], ...]:
    """Give each comment to the first thing behind it."""
    anchors = sorted(anchors)
    placed: list[tuple[Anchor, str]] = []
    at = 0
    for comment in comments:
        while at < len(anchors) and anchors[at][0] < comment.start:
            at += 1
        place = anchors[at][1] if at < len(anchors) else (parts, 0, 0)
        placed.append((place, comment.text))
    return tuple(sorted(placed, key=lambda pair: pair[0]))


class _Reader:
    """Reads rules and lists, one after the other."""

    def __init__(self, cursor: Cursor) -> None:
        self._cursor = cursor
        self.anchors: list[tuple[int, Anchor]] = []
        self._part = 0

    def document(self) -> list[tree.Rule | tree.ListOf]:
        cursor = self._cursor
        parts: list[tree.Rule | tree.ListOf] = []
        if cursor.now.shape == "end":
            cursor.note("RL004", cursor.now.span, "expected `rule` or `list`, found nothing")
        while cursor.now.shape != "end":
            self._part = len(parts)
            if cursor.sees("rule"):
                parts.append(self._rule())
            elif cursor.sees("list"):
                parts.append(self._list())
            else:
                try:
                    cursor.refuse("`rule` or `list`", STARTS)
                except Broken:
                    cursor.skip_to(STARTS)
        return parts

    def _anchor(self, place: str, number: int = 0, start: int | None = None) -> None:
        start = self._cursor.now.span.start if start is None else start
        self.anchors.append((start, (self._part, PLACES.index(place), number)))

    def _name(self, what: str) -> tuple[str, Span]:
        start = self._cursor.now.span.start
        self._anchor("start")
        self._cursor.take()
        try:
            if self._cursor.sees(*SECTIONS):
                self._cursor.refuse(f"the name of the {what}")
            token = self._cursor.word(f"the name of the {what}")
        except Broken:
            return "", Span(start, start + len(what))
        return token.text, token.span

    def _rule(self) -> tree.Rule:
        cursor = self._cursor
        name, span = self._name("rule")
        fields: dict[str, Any] = {}
        spans: dict[str, Span] = {}
        examples: list[tree.Example] = []
        while self._goes_on():
            if cursor.sees("fires", "spares"):
                self._anchor("example", len(examples))
                self._guarded(lambda: examples.append(self._example()))
            elif cursor.now.shape == "word" and cursor.now.text in FIELDS:
                self._field(fields, spans)
            else:
                self._stray("a line such as `owner` or `when`", _IN_RULE)
        self._missing(fields, spans, span, "rule", [f for f in FIELDS if f != "about"])
        return tree.Rule(name, examples=tuple(examples), span=span, spans=spans, **fields)

    def _goes_on(self) -> bool:
        """Tell whether the rule or list at hand goes on."""
        return self._cursor.now.shape != "end" and not self._cursor.sees(*STARTS)

    def _stray(self, wanted: str, words: frozenset[str]) -> None:
        """Refuse what has no place here, and pass over the rest of its line."""
        try:
            self._cursor.refuse(wanted, words)
        except Broken:
            self._cursor.take()
            self._cursor.skip_to(SECTIONS, lines=True)

    def _field(self, fields: dict[str, Any], spans: dict[str, Span]) -> None:
        cursor = self._cursor
        name = cursor.now.text
        self._anchor(name)
        start = cursor.take().span
        if name in spans:
            cursor.note("RL008", start, f"`{name}` stands twice", "leave one of them out")
        read: dict[str, Callable[[], Any]] = {
            "version": lambda: whole_number(cursor, "the version"),
            "family": lambda: cursor.word("a family of evidence").text,
            "valid_from": lambda: date(cursor),
            "valid_until": lambda: date(cursor),
            "when": self._when,
            "then": self._effect,
        }
        first = cursor.now.span
        spans[name] = first

        def take() -> None:
            fields[name] = read.get(name, lambda: cursor.text("a text").text)()
            spans[name] = Span(first.start, cursor.end)

        self._guarded(take, lines=name != "when")

    def _guarded(self, read: Callable[[], None], *, lines: bool = False) -> None:
        try:
            read()
        except Broken:
            if not self._cursor.sees(*SECTIONS):
                self._cursor.take()
            self._cursor.skip_to(SECTIONS, lines=lines)

    def _missing(
        self,
        fields: dict[str, Any],
        spans: dict[str, Span],
        span: Span,
        what: str,
        needed: list[str],
    ) -> None:
        """Put placeholders where lines are missing or broken."""
        absent = [name for name in needed if name not in spans]
        if absent:
            told = ", ".join(f"`{name}`" for name in absent)
            self._cursor.note("RL007", span, f"the {what} has no {told}", _SAMPLES[absent[0]])
        for name in needed:
            if name not in fields:
                fields[name] = _PLACEHOLDERS[name]
                spans.pop(name, None)

    def _when(self) -> tree.Expr:
        condition = ConditionReader(self._cursor).read()
        if isinstance(condition, tree.All | tree.Any):
            start = self._cursor.source.text
            for number, part in enumerate(condition.parts):
                self._anchor("part", number, _opened(start, part.span.start))
        else:
            self._anchor("part", 0, condition.span.start)
        return condition

    def _effect(self) -> tree.Effect:
        cursor = self._cursor
        start = cursor.now.span
        if cursor.takes("hold"):
            return tree.Effect("hold", span=start)
        if cursor.sees("exclude", "count", "ban", "delete"):
            message = f"a rule never does `{cursor.now.text}`; it adds evidence or holds"
            cursor.note("RL024", start, message, "write `for 1.5 nats`, or `hold`")
            cursor.take()
            raise Broken
        if not cursor.sees("for", "against"):
            cursor.refuse("`for`, `against` or `hold`", ["for", "against", "hold"])
        side = cursor.take().text
        token = cursor.now
        if token.shape != "number" or token.unit != "nats":
            cursor.refuse("a weight such as `1.5 nats`")
        cursor.take()
        nats = tree.Number(token.text, "nats", span=token.span)
        span = Span(start.start, cursor.end)
        return tree.Effect("for" if side == "for" else "against", nats, span=span)

    def _example(self) -> tree.Example:
        cursor = self._cursor
        start = cursor.now.span.start
        fires = cursor.take().text == "fires"
        title = cursor.text("a title of the example").text
        values: list[tuple[str, tree.Literals]] = []
        spans: list[Span] = []
        while cursor.now.shape == "word" and cursor.now.text not in SECTIONS:
            token = cursor.take()
            cursor.need("=")
            values.append((token.text, literal(cursor)))
            spans.append(token.span)
        span = Span(start, cursor.end)
        if len(values) > EXAMPLE_VALUES_MAX:
            cursor.note("RL013", span, f"an example has at most {EXAMPLE_VALUES_MAX} values")
        return tree.Example(fires, title, tuple(values), span=span, spans=tuple(spans))

    def _list(self) -> tree.ListOf:
        cursor = self._cursor
        name, span = self._name("list")
        fields: dict[str, Any] = {}
        spans: dict[str, Span] = {}
        entries: list[tree.Entry] = []

        def column() -> None:
            cursor.need("of")
            token = cursor.word("a column: account, item, merchant, category or channel")
            fields["column"], spans["column"] = token.text, token.span

        def owner() -> None:
            token = cursor.text("the owner")
            fields["owner"], spans["owner"] = token.text, token.span

        spans["column"] = cursor.now.span
        self._guarded(column)
        while self._goes_on():
            if cursor.sees("entry"):
                self._anchor("entry", len(entries))
                self._guarded(lambda: entries.append(self._entry()))
            elif cursor.sees("owner"):
                self._anchor("owner")
                cursor.take()
                if "owner" in fields:
                    cursor.note("RL008", cursor.now.span, "`owner` stands twice")
                spans["owner"] = cursor.now.span
                self._guarded(owner)
            else:
                self._stray("`owner` or `entry`", frozenset({"owner", "entry"}))
        if len(entries) > LIST_ENTRIES_MAX:
            message = f"a list has at most {LIST_ENTRIES_MAX:,} entries, not {len(entries):,}"
            cursor.note("RL013", span, message)
        self._missing(fields, spans, span, "list", ["column", "owner"])
        return tree.ListOf(name, entries=tuple(entries), span=span, spans=spans, **fields)

    def _entry(self) -> tree.Entry:
        cursor = self._cursor
        start = cursor.take().span.start
        value = cursor.text("a value")
        cursor.need("until")
        until = date(cursor)
        return tree.Entry(value.text, until, span=Span(start, cursor.end))


def _opened(text: str, start: int) -> int:
    """Step back over the parentheses before a part, which belong to it."""
    at = start
    while at > 0 and text[at - 1] in "( \t\r\n":
        at -= 1
    while at < start and text[at] != "(":
        at += 1
    return at


_PLACEHOLDERS: dict[str, Any] = {
    "version": 1,
    "owner": "",
    "family": "",
    "valid_from": tree.Date(0),
    "valid_until": tree.Date(0),
    "reason": "",
    "reason_zh": "",
    "when": tree.Truth(False),
    "then": tree.Effect("hold"),
    "column": "",
}

_SAMPLES: dict[str, str] = {
    "version": "write `version 1`",
    "owner": 'write `owner "team"`',
    "family": "write `family` and what kind of evidence it is",
    "valid_from": "write `valid_from 2026-01-01`",
    "valid_until": "write `valid_until 2027-01-01`: a rule without an end outlives its reason",
    "reason": 'write `reason "..."`: what a person is told',
    "reason_zh": 'write `reason_zh "..."`: the same in Chinese',
    "when": "write `when` and a condition",
    "then": "write `then for 1.5 nats`, or `then hold`",
    "column": "write `of merchant`, or of another column",
}
