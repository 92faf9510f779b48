"""Writes and finds many rows with a statement that SQLAlchemy compiled once.

Its usual way prepares every parameter of every row anew, which cost more than SQLite did.
PostgreSQL gets one statement with all rows as one JSON text, which it takes apart itself: a
statement a row, or an array a column, cost the driver several times as much.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    Column,
    Text,
    bindparam,
    cast,
    column,
    func,
    insert,
    literal_column,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

if TYPE_CHECKING:
    from sqlalchemy import Connection, Executable, Row, SelectBase, Table

    from zhenzan.store.engine import Store

_ROWS = "rows"


class BulkWrite:
    """A statement for one database, to be run with many rows at once.

    Parameters
    ----------
    statement
        Its parameters are values of one row on SQLite, and ``rows``, all of them, on PostgreSQL.
    names
        What each row gives.
    """

    def __init__(self, store: Store, statement: Executable, names: Sequence[str]) -> None:
        compiled = statement.compile(  # type: ignore[attr-defined]
            dialect=store.engine.dialect, column_keys=list(names) if store.is_sqlite else None
        )
        self._text = str(compiled)
        self._names = tuple(names)
        self._places = tuple(compiled.positiontup) if store.is_sqlite else ()

    def run(self, connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
        """Write the rows; nothing where there is none."""
        if not rows:
            return
        places = self._places
        given: Any
        if places:
            given = [tuple([row[name] for name in places]) for row in rows]
        else:
            told = [{name: row[name] for name in self._names} for row in rows]
            given = {_ROWS: json.dumps(told, ensure_ascii=False, allow_nan=False)}
        connection.exec_driver_sql(self._text, given)


class BulkRead:
    """A query that is given texts, a row of them for each thing asked about.

    Parameters
    ----------
    ask
        Makes the query over what is given, a table with the columns of ``names``.
    """

    def __init__(
        self, store: Store, names: Sequence[str], ask: Callable[[Any], SelectBase]
    ) -> None:
        statement = ask(_asked(store, names))
        compiled = statement.compile(dialect=store.engine.dialect)
        self._text = str(compiled)
        # SQLite is given the text once for each place that reads it.
        self._times = len(getattr(compiled, "positiontup", None) or ())

    def run(self, connection: Connection, rows: Sequence[Mapping[str, str]]) -> Sequence[Row[Any]]:
        """Give what is found; nothing where nothing is asked about."""
        if not rows:
            return []
        told = json.dumps(rows, ensure_ascii=False)
        given: Any = (told,) * self._times if self._times else {_ROWS: told}
        return connection.exec_driver_sql(self._text, given).all()


def insertion(store: Store, table: Table) -> BulkWrite:
    """Prepare the insert of whole rows of a table."""
    names = _names(table)
    if store.is_sqlite:
        return BulkWrite(store, insert(table), names)
    return BulkWrite(store, insert(table).from_select(names, _selected(table.c)), names)


def upsert(store: Store, table: Table, *, adds: bool = False) -> BulkWrite:
    """Prepare an insert that, where the key is there already, replaces the other columns.

    No key may come twice in one run.

    Parameters
    ----------
    adds
        True adds the given numbers to those that are there instead.
    """
    names = _names(table)
    statement: Any
    if store.is_sqlite:
        statement = sqlite.insert(table)
    else:
        statement = postgresql.insert(table).from_select(names, _selected(table.c))
    changed: dict[str, Any] = {
        own.name: own + statement.excluded[own.name] if adds else statement.excluded[own.name]
        for own in table.c
        if not own.primary_key
    }
    key = list(table.primary_key)
    return BulkWrite(
        store, statement.on_conflict_do_update(index_elements=key, set_=changed), names
    )


def change(store: Store, table: Table, key: str, names: Sequence[str]) -> BulkWrite:
    """Prepare the change of some columns of rows; each row gives its key under ``of``."""
    given = ["of", *names]
    if store.is_sqlite:
        one: dict[str, Any] = {name: bindparam(name) for name in names}
        statement = update(table).where(table.c[key] == bindparam("of")).values(one)
        return BulkWrite(store, statement, given)
    rows = _taken_apart([("of", table.c[key]), *((name, table.c[name]) for name in names)])
    all_of_them: dict[str, Any] = {name: rows.c[name] for name in names}
    return BulkWrite(
        store, update(table).where(table.c[key] == rows.c.of).values(all_of_them), given
    )


def _names(table: Table) -> list[str]:
    return [own.name for own in table.c]


def _selected(columns: Any) -> Any:
    rows = _taken_apart([(own.name, own) for own in columns])
    return select(*(rows.c[own.name] for own in columns))


def _asked(store: Store, names: Sequence[str]) -> Any:
    """Turn the one parameter into rows of texts, on either database."""
    if not store.is_sqlite:
        return _taken_apart([(name, Column(name, Text)) for name in names])
    each = func.json_each(bindparam(_ROWS, type_=Text)).table_valued("value", name="one")
    texts = [
        func.json_extract(each.c.value, literal_column(f"'$.{name}'")).label(name) for name in names
    ]
    return select(*texts).subquery("given")


def _taken_apart(columns: Sequence[tuple[str, Column[Any]]]) -> Any:
    """Turn the one parameter into rows."""
    told = [column(name, like.type) for name, like in columns]
    rows = cast(bindparam(_ROWS, type_=Text), postgresql.JSON)
    recordset = func.json_to_recordset(rows).table_valued(*told)
    return recordset.render_derived(name="given", with_types=True)
