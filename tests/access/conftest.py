"""A store on each of the two databases, with clocks that tests move."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import select

from zhenzan.store.engine import Store, open_store
from zhenzan.store.tables import METADATA


@dataclass
class Hands:
    """A clock that stands still until it is moved."""

    now: float = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def hands() -> Hands:
    return Hands()


@pytest.fixture
def store(store_url: str) -> Generator[Store]:
    opened = open_store(store_url)
    yield opened
    opened.close()


@pytest.fixture
def everything(store: Store, tmp_path: Path) -> Callable[[], bytes]:
    """All that a store holds: the bytes of SQLite's files, every row of PostgreSQL's tables."""

    def told() -> bytes:
        if not store.is_sqlite:
            with store.reading() as connection:
                rows = [connection.execute(select(t)).all() for t in METADATA.sorted_tables]
            return repr(rows).encode()
        store.close()
        return b"".join(path.read_bytes() for path in tmp_path.iterdir() if path.is_file())

    return told
