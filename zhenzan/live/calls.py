"""Calls that wait, and the groups that they become."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import TypeVar

import pyarrow as pa

from zhenzan.live.interface import Answer


@dataclass(slots=True)
class Call:
    """Rows of one caller, and where the answers go."""

    rows: Sequence[Mapping[str, object]]
    done: Future[list[Answer]] = field(default_factory=Future)
    span: object = None


@dataclass(slots=True)
class Taken:
    """A group that is on disk.

    Attributes
    ----------
    rows
        The accepted rows in the order of the journal, of which the first has ``position``.
    answers
        One a row as given, in the order of the calls; None where it is still to be found.
    places
        Where in ``answers`` each accepted row belongs.
    repeated
        Places of rows that came before.
    ids
        The event id of each row as given.
    """

    calls: list[Call]
    rows: pa.Table
    position: int
    answers: list[Answer | None]
    places: list[int]
    repeated: list[int]
    ids: list[str]


_Group = TypeVar("_Group", Call, Taken)


def popped(waiting: deque[_Group], rows_max: int) -> list[_Group]:
    """Take groups from the front: the first whatever its size, then what fits beside it."""
    taken: list[_Group] = []
    rows = 0
    while waiting and (not taken or rows + len(waiting[0].rows) <= rows_max):
        taken.append(waiting.popleft())
        rows += len(taken[-1].rows)
    return taken
