"""Brings the tables of a store to another version; the versions are shipped in the package.

Alembic runs without its usual ``env.py``: the connection is at hand, and importing a module must
not touch a database.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zhenzan.errors import MissingExtra, StoreError

try:
    from alembic.autogenerate import compare_metadata
    from alembic.operations import Operations
    from alembic.runtime.migration import MigrationContext
    from alembic.script import ScriptDirectory
    from alembic.util import CommandError
except ImportError as error:
    raise MissingExtra("service", package="alembic") from error

from zhenzan.store.tables import METADATA

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from zhenzan.store.engine import Store

_FOLDER = Path(__file__).parent / "migrations"

BASE = "base"
HEAD = "head"


def upgrade(store: Store, target: str = HEAD) -> None:
    """Bring the tables up to a version; the transaction holds all of it or nothing.

    Raises
    ------
    StoreError
        The tables are at a version that this package does not know.
    """
    script = _script()

    def steps(at: Any, _: MigrationContext) -> Any:
        return script._upgrade_revs(target, at)

    if target != HEAD or version(store) != script.get_current_head():
        _run(store, steps)


def downgrade(store: Store, target: str = BASE) -> None:
    """Bring the tables down to an earlier version; ``base`` removes all of them."""
    script = _script()

    def steps(at: Any, _: MigrationContext) -> Any:
        return script._downgrade_revs(target, at)

    _run(store, steps)


def version(store: Store) -> str | None:
    """Name the version that the tables are at; None where there are none."""
    with store.reading() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def versions() -> list[str]:
    """Name every version of the package, the oldest first."""
    return [step.revision for step in reversed(list(_script().walk_revisions()))]


def drift(store: Store) -> list[Any]:
    """List how the tables of a store differ from those declared in code; empty where they agree."""
    with store.reading() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        return list(compare_metadata(context, METADATA))


def _script() -> ScriptDirectory:
    return ScriptDirectory(_FOLDER)


def _run(store: Store, steps: Callable[[Any, MigrationContext], Any]) -> None:
    with store.writing() as connection:
        try:
            context = _context(connection, steps)
            with Operations.context(context):
                context.run_migrations()
        except CommandError as error:
            raise StoreError(
                f"the tables are at a version that this package does not know: {error}",
                hint="a newer version of zhenzan has written them; install that one",
            ) from error


def _context(
    connection: Connection, steps: Callable[[Any, MigrationContext], Any]
) -> MigrationContext:
    # SQLite cannot alter most of a table in place, so Alembic copies the table there.
    opts = {"fn": steps, "target_metadata": METADATA, "render_as_batch": True}
    return MigrationContext.configure(connection, opts=opts)
