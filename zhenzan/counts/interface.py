"""What goes into the count-state ledger and what comes out of it.

Words of states are those of the glossary: ``counted``, ``held``, ``excluded``. Whether a like was
taken back by its account is told apart from its state, because the state may still be revised.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

State = Literal["counted", "held", "excluded"]

STATES: tuple[State, ...] = ("counted", "held", "excluded")

Cause = Literal["at_once", "settled", "group", "rule", "review", "unlike"]

CAUSES: tuple[Cause, ...] = ("at_once", "settled", "group", "rule", "review", "unlike")
"""What made an answer: the scorer when the like came, the settled answer, a finding of groups, a
rule, a person, or the account that took its like back."""

Reason = Mapping[str, object]
"""One reason as outputs hold it: code, family, side, value, usual range, weight, both texts."""

Subject = Literal["item", "account", "merchant"]

SUBJECTS: tuple[Subject, ...] = ("item", "account", "merchant")
"""What likes are counted by."""


@dataclass(frozen=True, slots=True)
class LikeState:
    """A like with its answer at once, as the journal's record at ``position`` caused it.

    ``ts_us`` and ``as_of_us`` are event time in microseconds; ``score`` lies in 0..1. A like that
    was made inside the official channel has ``campaign`` set and is counted apart.
    """

    event_id: str
    position: int
    ts_us: int
    account_id: str
    item_id: str | None
    merchant_id: str | None
    campaign: bool
    state: State
    score: float
    as_of_us: int
    reasons: Sequence[Reason] = ()
    group_id: str | None = None
    rule_version: str | None = None
    model_version: str | None = None
    cause: Cause = "at_once"


@dataclass(frozen=True, slots=True)
class Unlike:
    """An account takes back what it gave to an item.

    It takes back every like of the account on the item whose time is not after ``ts_us``, whether
    that like is applied before or after it, so that the order of arrival changes no count.
    """

    event_id: str
    position: int
    ts_us: int
    account_id: str
    item_id: str


@dataclass(frozen=True, slots=True)
class Revision:
    """Another answer to a like that the ledger holds."""

    event_id: str
    state: State
    score: float
    as_of_us: int
    cause: Cause
    reasons: Sequence[Reason] = ()
    group_id: str | None = None
    rule_version: str | None = None
    model_version: str | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """A group of accounts as it stands; ``detail`` is what else its finder says of it."""

    group_id: str
    kind: str
    size: int
    as_of_us: int
    detail: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Applied:
    """What one call changed.

    ``repeated`` likes or unlikes were in the ledger already, ``unchanged`` revisions said what
    stood, ``kept`` ones would have overruled a person, and ``unknown`` ones name no like.
    """

    position: int
    revision: int
    states: int = 0
    repeated: int = 0
    unchanged: int = 0
    kept: int = 0
    unknown: int = 0


@dataclass(frozen=True, slots=True)
class StateRow:
    """One state in the history of a like; ``seq`` and ``revision`` count from 1 without a gap."""

    revision: int
    event_id: str
    seq: int
    state: State
    state_before: State | None
    withdrawn: bool
    score: float
    reasons: tuple[Reason, ...]
    cause: Cause
    as_of_us: int
    group_id: str | None
    rule_version: str | None
    model_version: str | None
    position: int | None


@dataclass(frozen=True, slots=True)
class LikeRow:
    """A like as it stands."""

    event_id: str
    position: int
    ts_us: int
    account_id: str
    item_id: str | None
    merchant_id: str | None
    campaign: bool
    withdrawn: bool
    state: State
    score: float
    as_of_us: int
    group_id: str | None
    rule_version: str | None
    model_version: str | None
    seq: int
    revision: int
    cause: Cause


@dataclass(frozen=True, slots=True)
class Tally:
    """Likes by state; ``claimed`` is all of them, those taken back among them."""

    counted: int = 0
    held: int = 0
    excluded: int = 0
    withdrawn: int = 0

    @property
    def claimed(self) -> int:
        """Give the likes of every state."""
        return self.counted + self.held + self.excluded + self.withdrawn


@dataclass(frozen=True, slots=True)
class Counters:
    """The likes of an item, account or merchant, those of campaigns apart (rule 7)."""

    subject: Subject
    key: str
    likes: Tally
    campaign: Tally


@dataclass(frozen=True, slots=True)
class Difference:
    """A place where what is stored is not what follows from the histories."""

    check: str
    key: str
    stored: str
    expected: str


class Reviser(Protocol):
    """Whoever gives likes other answers; `zhenzan.counts.ledger.CountLedger` is one."""

    def revise(
        self,
        revisions: Sequence[Revision],
        *,
        groups: Sequence[Group] = (),
        progress: Mapping[str, int] | None = None,
    ) -> Applied:
        """Give likes other answers, in the order given; durable when it returns.

        Parameters
        ----------
        groups
            Groups as they now stand, which the revisions may name.
        progress
            How far the caller has come, kept in the same transaction.
        """
        ...
