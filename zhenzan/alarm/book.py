"""Keeps who has seen which alarm: the first to acknowledge one is kept."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import select

from zhenzan.store.tables.alarms import ACKNOWLEDGEMENTS

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from zhenzan.store.engine import Store


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """Somebody has seen an alarm; ``at_us`` is the time of the service, not of an interaction."""

    alarm_id: str
    actor: str
    at_us: int
    note: str


class AlarmBook:
    """Acknowledgements in the relational store; safe to use from many threads."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def acknowledge(
        self, new: Acknowledgement, *, noted: Callable[[Connection], None] | None = None
    ) -> Acknowledgement:
        """Keep an acknowledgement; where there is one already, give that one.

        Parameters
        ----------
        noted
            Takes a new one down in the same transaction, so that neither stands without the other.
        """
        with self._store.writing() as connection:
            of = select(ACKNOWLEDGEMENTS).where(ACKNOWLEDGEMENTS.c.alarm_id == new.alarm_id)
            row = connection.execute(of).first()
            if row is not None:
                return Acknowledgement(**row._mapping)
            values = {name: getattr(new, name) for name in Acknowledgement.__dataclass_fields__}
            connection.execute(ACKNOWLEDGEMENTS.insert().values(values))
            if noted is not None:
                noted(connection)
        return new

    def of(self, alarm_ids: Collection[str]) -> dict[str, Acknowledgement]:
        """Give the acknowledgements of some alarms."""
        of = select(ACKNOWLEDGEMENTS).where(ACKNOWLEDGEMENTS.c.alarm_id.in_(alarm_ids))
        with self._store.reading() as connection:
            rows = connection.execute(of).all()
        return {row.alarm_id: Acknowledgement(**row._mapping) for row in rows}
