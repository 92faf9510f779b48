"""What the tests of the live service stand on."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from zhenzan.counts.ledger import CountLedger
from zhenzan.store.engine import open_store


@pytest.fixture
def ledger(tmp_path) -> Iterator[CountLedger]:
    store = open_store(tmp_path / "counts.sqlite")
    yield CountLedger(store)
    store.close()
