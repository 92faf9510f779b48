"""A broker for the session; topics and a ledger of its own for each test."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

import pytest
from topics import DevBroker, make_topics, new_options

from zhenzan.broker.options import BrokerOptions
from zhenzan.counts.ledger import CountLedger
from zhenzan.store.engine import open_store


@pytest.fixture(scope="session")
def dev_broker(tmp_path_factory: pytest.TempPathFactory) -> Generator[DevBroker]:
    broker = DevBroker(tmp_path_factory.mktemp("broker"))
    broker.start()
    yield broker
    broker.stop()


@pytest.fixture
def options(dev_broker: DevBroker) -> BrokerOptions:
    made = new_options(dev_broker.address)
    make_topics(made)
    return made


@pytest.fixture
def ledger(tmp_path: Path) -> Generator[CountLedger]:
    store = open_store(tmp_path / "store.db")
    yield CountLedger(store)
    store.close()
