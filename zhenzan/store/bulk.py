"""Writes many rows with a statement that SQLAlchemy compiled once.

Its usual way prepares every parameter of every row anew, which cost more than the database did.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import insert
from sqlalchemy.dialects import postgresql, sqlite

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Connection, Table
    from sqlalchemy.sql.dml import UpdateBase

    from zhenzan.store.engine import Store


class BulkWrite:
    """A statement for one database, to be run with many rows at once.

    Parameters
    ----------
    statement
        An insert, update or upsert whose parameters are all bound by name.
    names
        The parameters that each row gives.
    """

    def __init__(self, store: Store, statement: UpdateBase, names: Sequence[str]) -> None:
        compiled = statement.compile(dialect=store.engine.dialect, column_keys=list(names))
        self._text = str(compiled)
        self._places = tuple(getattr(compiled, "positiontup", None) or ())

    def run(self, connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
        """Run the statement once per row; nothing where there is no row."""
        if not rows:
            return
        places = self._places
        if places:
            given: Any = [tuple([row[name] for name in places]) for row in rows]
        else:
            given = list(rows)
        connection.exec_driver_sql(self._text, given)


def insertion(store: Store, table: Table) -> BulkWrite:
    """Prepare the insert of whole rows of a table."""
    return BulkWrite(store, insert(table), _names(table))


def upsert(store: Store, table: Table, *, adds: bool = False) -> BulkWrite:
    """Prepare an insert that, where the key is there already, replaces the other columns.

    Parameters
    ----------
    adds
        True adds the given numbers to those that are there instead.
    """
    make: Any = (sqlite if store.is_sqlite else postgresql).insert
    statement = make(table)
    changed: dict[str, ColumnElement[Any]] = {
        column.name: column + statement.excluded[column.name]
        if adds
        else statement.excluded[column.name]
        for column in table.c
        if not column.primary_key
    }
    key = list(table.primary_key)
    return BulkWrite(
        store, statement.on_conflict_do_update(index_elements=key, set_=changed), _names(table)
    )


def _names(table: Table) -> list[str]:
    return [column.name for column in table.c]
