"""What the live service takes and what it answers: the only things its callers need to know."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Literal, Protocol, TypedDict

Status = Literal["accepted", "repeated", "refused"]
"""``accepted``: on disk and counted from now on. ``repeated``: the same body came before, and
this is its answer. ``refused``: it breaks the contract, or its id was used for another body."""

ROWS_MAX = 10_000
"""Interactions in one ``submit``; a longer log is a job for ``zhenzan score``."""


class Reason(TypedDict):
    """One reason of a like, with the columns of ``likes.parquet``.

    ``weight`` is in nats: above 0 it speaks for an inauthentic like, below 0 against it. What a
    rule says has its key and version for a code, and no value.
    """

    code: str
    family: str
    side: str
    value: float | None
    usual_low: float | None
    usual_high: float | None
    weight: float
    text: str
    text_zh: str


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a row was refused, in the words of the quarantine file.

    Attributes
    ----------
    reason
        The reason of ``rejects.parquet``: missing_required, bad_time, unknown_kind, bad_value,
        bad_text, too_long, duplicate_conflict, in_the_future.
    detail
        What is wrong with which column.
    """

    reason: str
    detail: str
    detail_zh: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What the service says about one row of a ``submit``, in the order of its rows.

    Attributes
    ----------
    event_id
        As it was sent; empty where the row had none.
    position
        The place of the record in the journal, from 0, without gaps; None for a refused row, and
        for a repeated one whose answer is no longer kept.
    score
        Probability that the like is inauthentic, at once; None for what is no like.
    count_state
        counted, held or excluded; None for what is no like.
    reasons
        The strongest reasons for and against, strongest first.
    as_of_us
        The engine's time at which the answer was given: it knows nothing later. 0 if refused.
    late_by_us
        How far behind the engine's time the row came; 0 in order.
    problem
        Set where the row was refused.
    """

    event_id: str
    status: Status
    position: int | None = None
    score: float | None = None
    count_state: str | None = None
    reasons: tuple[Reason, ...] = ()
    as_of_us: int = 0
    late_by_us: int = 0
    problem: Problem | None = None


class Service(Protocol):
    """Takes interactions in and answers them; safe to call from many threads."""

    def submit(self, rows: Sequence[Mapping[str, object]]) -> Future[list[Answer]]:
        """Take rows in; the future gives one answer a row once all of them are on disk.

        Parameters
        ----------
        rows
            Columns of the interaction contract; at most ``ROWS_MAX`` rows.

        Raises
        ------
        Overloaded
            Too much is waiting; nothing was taken in (``retry_after_s`` says when to try again).
        Unavailable
            The disk failed or the service is closing; nothing was taken in. The future raises it
            too, where the disk failed on the way: then the rows may or may not be on it, and
            sending them again is safe.
        """
        ...

    def drain(self) -> None:
        """Take nothing more in, and return once all that was taken in is answered and counted."""
        ...

    def close(self) -> None:
        """Drain, write a last checkpoint, and give everything back."""
        ...

    def health(self) -> dict[str, object]:
        """Say how the service is: ready, positions, what waits, and what failed."""
        ...
