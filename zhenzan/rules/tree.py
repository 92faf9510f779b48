"""A rule as a tree: what the parser makes, the checker types, and the compiler turns to arrays.

Two trees are equal if they say the same; places in the text do not count.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from zhenzan.rules.faults import Span

NOWHERE = Span(0, 0)

Anchor = tuple[int, int, int]
"""A thing before which a comment may stand: which rule or list, place, number of the place."""


@dataclass(frozen=True, slots=True)
class Number:
    """A number with its unit: ``20``, ``3d``, ``12 %``, ``0.7 nats``."""

    digits: str
    unit: str = ""
    span: Span = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Date:
    """A moment in UTC, in whole seconds since 1970."""

    second: int
    span: Span = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Text:
    """A quoted text."""

    value: str
    span: Span = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Truth:
    """``yes`` or ``no``; stands in examples only."""

    value: bool
    span: Span = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Name:
    """A feature, a signal or a column of the like."""

    name: str
    span: Span = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Negative:
    """Minus something."""

    part: Expr
    span: Span = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Binary:
    """Two quantities joined by ``+``, ``-``, ``*`` or ``/``."""

    sign: str
    left: Expr
    right: Expr
    span: Span = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Extreme:
    """The least or the greatest of some quantities."""

    which: Literal["min", "max"]
    parts: tuple[Expr, ...]
    span: Span = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Compare:
    """Two things compared by ``=``, ``!=``, ``<``, ``<=``, ``>`` or ``>=``."""

    sign: str
    left: Expr
    right: Expr
    span: Span = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Between:
    """A quantity from a lowest to a highest value, both in."""

    part: Expr
    low: Expr
    high: Expr
    span: Span = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class ListName:
    """The name of a list."""

    name: str
    span: Span = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Member:
    """Whether a column's value is one of some texts, or stands in a list."""

    part: Expr
    within: ListName | tuple[Text, ...]
    negated: bool = False
    span: Span = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Known:
    """Whether anything is known; the only question that is never answered by "unknown"."""

    part: Expr
    negated: bool = False
    span: Span = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Not:
    """The opposite; of the unknown it is the unknown."""

    part: Expr
    span: Span = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class All:
    """Conditions joined by ``and``; none of them is again an `All`."""

    parts: tuple[Expr, ...]
    span: Span = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Any:
    """Conditions joined by ``or``; none of them is again an `Any`."""

    parts: tuple[Expr, ...]
    span: Span = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class AtLeast:
    """At least so many of some conditions."""

    count: int
    parts: tuple[Expr, ...]
    span: Span = field(default=NOWHERE, compare=False, repr=False)


Literals = Number | Date | Text | Truth
Expr = (
    Number | Date | Text | Truth | Name | Negative | Binary | Extreme | Compare | Between
    | Member | Known | Not | All | Any | AtLeast
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Effect:
    """What a rule does where it fires.

    Attributes
    ----------
    side
        ``for`` and ``against`` add evidence that the like is inauthentic or authentic; ``hold``
        holds it until it settles.
    nats
        Weight of the evidence; None for a hold.
    """

    side: Literal["for", "against", "hold"]
    nats: Number | None = None
    span: Span = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Example:
    """A like made up to show what a rule does: values that are not named are unknown."""

    fires: bool
    title: str
    values: tuple[tuple[str, Literals], ...]
    span: Span = field(default=NOWHERE, compare=False, repr=False)
    spans: tuple[Span, ...] = field(default=(), compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule as it is written."""

    name: str
    version: int
    owner: str
    family: str
    valid_from: Date
    valid_until: Date
    reason: str
    reason_zh: str
    when: Expr
    then: Effect
    examples: tuple[Example, ...] = ()
    about: str = ""
    span: Span = field(default=NOWHERE, compare=False, repr=False)
    spans: dict[str, Span] = field(default_factory=dict, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Entry:
    """One value of a list, and the moment from which it no longer stands there."""

    value: str
    until: Date
    span: Span = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class ListOf:
    """A named list of values of one column."""

    name: str
    column: str
    owner: str
    entries: tuple[Entry, ...]
    span: Span = field(default=NOWHERE, compare=False, repr=False)
    spans: dict[str, Span] = field(default_factory=dict, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Document:
    """What one file says.

    Attributes
    ----------
    comments
        Pairs of a place and a comment before it; ``canonical`` counts the places.
    """

    parts: tuple[Rule | ListOf, ...]
    comments: tuple[tuple[Anchor, str], ...] = ()

    @property
    def rules(self) -> tuple[Rule, ...]:
        """List the rules."""
        return tuple(part for part in self.parts if isinstance(part, Rule))

    @property
    def lists(self) -> tuple[ListOf, ...]:
        """List the lists."""
        return tuple(part for part in self.parts if isinstance(part, ListOf))


def inside(part: Expr) -> tuple[Expr, ...]:
    """List the parts directly inside a part."""
    match part:
        case Negative(inner) | Not(inner) | Known(inner) | Member(inner):
            return (inner,)
        case Binary(_, left, right) | Compare(_, left, right):
            return (left, right)
        case Between(inner, low, high):
            return (inner, low, high)
        case Extreme(_, parts) | AtLeast(_, parts) | All(parts) | Any(parts):
            return parts
    return ()


def walk(part: Expr) -> Iterator[Expr]:
    """Yield a part and all parts inside it."""
    yield part
    for inner in inside(part):
        yield from walk(inner)
