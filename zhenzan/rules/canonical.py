"""Writes a tree as text, in the one form that there is."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta

from zhenzan.rules import tree
from zhenzan.rules.grammar import PLACES
from zhenzan.rules.tree import Anchor

_OR, _AND, _NOT, _COMPARE, _SUM, _PRODUCT, _SIGNED, _ATOM = range(8)
_LEVEL_OF = {"+": _SUM, "-": _SUM, "*": _PRODUCT, "/": _PRODUCT}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def render(document: tree.Document) -> str:
    """Write a document: formatting what was formatted changes nothing.

    Examples
    --------
    >>> from zhenzan.rules.faults import Source
    >>> from zhenzan.rules.grammar import parse
    >>> print(render(parse(Source("-", 'list a of item entry "x"  until 2026-02-01 owner "b"'))))
    list a of item
      owner "b"
      entry "x" until 2026-02-01
    <BLANKLINE>
    """
    comments: dict[Anchor, list[str]] = {}
    for place, text in document.comments:
        comments.setdefault(place, []).append(text)
    lines: list[str] = []
    for number, part in enumerate(document.parts):
        if number:
            lines.append("")
        writer = _Writer(lines, comments, number)
        if isinstance(part, tree.Rule):
            writer.rule(part)
        else:
            writer.list_of(part)
    tail = comments.get((len(document.parts), 0, 0), [])
    if tail:
        lines += ["", *(f"# {text}".rstrip() for text in tail)]
    return "\n".join(lines) + "\n"


def content_hash(part: tree.Rule | tree.ListOf) -> str:
    """Fingerprint what a rule or a list says, without comments."""
    text = render(tree.Document((part,)))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


class _Writer:
    """Writes one rule or list, each thing behind its comments."""

    def __init__(self, lines: list[str], comments: dict[Anchor, list[str]], part: int) -> None:
        self._lines = lines
        self._comments = comments
        self._part = part

    def _line(self, text: str, place: str | None, number: int = 0, *, indent: int = 2) -> None:
        if place is not None:
            for comment in self._comments.get((self._part, PLACES.index(place), number), []):
                self._lines.append((" " * indent + f"# {comment}").rstrip())
        self._lines.append(" " * indent + text)

    def rule(self, rule: tree.Rule) -> None:
        self._line(f"rule {rule.name}", "start", indent=0)
        self._line(f"version {rule.version}", "version")
        self._line(f"owner {_text(rule.owner)}", "owner")
        self._line(f"family {rule.family}", "family")
        self._line(f"valid_from {moment(rule.valid_from)}", "valid_from")
        self._line(f"valid_until {moment(rule.valid_until)}", "valid_until")
        if rule.about:
            self._line(f"about {_text(rule.about)}", "about")
        self._line(f"reason {_text(rule.reason)}", "reason")
        self._line(f"reason_zh {_text(rule.reason_zh)}", "reason_zh")
        self._line("when", "when")
        for number, (word, part) in enumerate(_parts(rule.when)):
            self._line(word + part, "part", number, indent=4)
        nats = f" {rule.then.nats.digits} nats" if rule.then.nats else ""
        self._line(f"then {rule.then.side}{nats}", "then")
        for number, example in enumerate(rule.examples):
            word = "fires" if example.fires else "spares"
            self._line(f"{word} {_text(example.title)}", "example", number)
            for name, value in example.values:
                self._line(f"{name} = {written(value)}", None, indent=4)

    def list_of(self, part: tree.ListOf) -> None:
        self._line(f"list {part.name} of {part.column}", "start", indent=0)
        self._line(f"owner {_text(part.owner)}", "owner")
        for number, entry in enumerate(part.entries):
            self._line(f"entry {_text(entry.value)} until {moment(entry.until)}", "entry", number)


def _parts(condition: tree.Expr) -> list[tuple[str, str]]:
    """Cut a condition into the lines it is written on."""
    if isinstance(condition, tree.All | tree.Any):
        joiner = "and " if isinstance(condition, tree.All) else "or "
        level = _NOT if isinstance(condition, tree.All) else _AND
        return [
            (joiner if number else "", _at(part, level))
            for number, part in enumerate(condition.parts)
        ]
    return [("", written(condition))]


def moment(date: tree.Date) -> str:
    """Write a moment: a date where it is midnight."""
    at = _EPOCH + timedelta(seconds=date.second)
    day = f"{at.year:04}-{at.month:02}-{at.day:02}"
    if date.second % 86_400 == 0:
        return day
    second = f":{at.second:02}" if at.second else ""
    return f"{day}T{at.hour:02}:{at.minute:02}{second}Z"


def _text(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def written(part: tree.Expr) -> str:
    """Write an expression on one line."""
    return _write(part)[0]


def _at(part: tree.Expr, level: int) -> str:
    """Write a part, in parentheses where it binds less tightly than its place needs."""
    text, own = _write(part)
    return text if own >= level else f"({text})"


def _write(part: tree.Expr) -> tuple[str, int]:
    match part:
        case tree.Number(digits, unit):
            return (f"{digits} {unit}" if unit in ("%", "nats") else digits + unit), _ATOM
        case tree.Date():
            return moment(part), _ATOM
        case tree.Text(value):
            return _text(value), _ATOM
        case tree.Truth(value):
            return ("yes" if value else "no"), _ATOM
        case tree.Name(name):
            return name, _ATOM
        case tree.Negative(inner):
            return f"-{_at(inner, _SIGNED)}", _SIGNED
        case tree.Binary(sign, left, right):
            level = _LEVEL_OF[sign]
            return f"{_at(left, level)} {sign} {_at(right, level + 1)}", level
        case tree.Extreme(which, parts):
            return f"{which}({', '.join(_at(p, _SUM) for p in parts)})", _ATOM
        case tree.Compare(sign, left, right):
            return f"{_at(left, _SUM)} {sign} {_at(right, _SUM)}", _COMPARE
        case tree.Between(inner, low, high):
            text = f"{_at(inner, _SUM)} between {_at(low, _SUM)} and {_at(high, _SUM)}"
            return text, _COMPARE
        case tree.Known(inner, negated):
            return f"{_at(inner, _SUM)} is {'unknown' if negated else 'known'}", _COMPARE
        case tree.Member(inner, within, negated):
            return f"{_at(inner, _SUM)} {'not ' * negated}in {_within(within)}", _COMPARE
        case tree.Not(inner):
            return f"not {_at(inner, _NOT)}", _NOT
        case tree.All(parts):
            return " and ".join(_at(p, _NOT) for p in parts), _AND
        case tree.Any(parts):
            return " or ".join(_at(p, _AND) for p in parts), _OR
        case tree.AtLeast(count, parts):
            return f"at least {count} of ({', '.join(written(p) for p in parts)})", _ATOM


def _within(within: tree.ListName | tuple[tree.Text, ...]) -> str:
    if isinstance(within, tree.ListName):
        return within.name
    return "[" + ", ".join(_text(text.value) for text in within) + "]"
