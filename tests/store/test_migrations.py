"""The shipped versions of the tables make what the code declares, on both databases."""

from __future__ import annotations

from zhenzan.store import migrate
from zhenzan.store.engine import Store


def test_an_empty_database_gets_every_declared_table(store: Store):
    assert migrate.version(store) == migrate.versions()[-1]
    assert migrate.drift(store) == []


def test_tables_go_down_to_nothing_and_come_back_the_same(store: Store):
    migrate.downgrade(store)
    assert migrate.version(store) is None
    assert len(migrate.drift(store)) > 0
    migrate.upgrade(store)
    assert migrate.drift(store) == []
