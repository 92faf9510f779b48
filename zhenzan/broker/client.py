"""Makes the consumer and the producers, with the settings that this part's promises rest on."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from zhenzan.errors import BrokerError, MissingExtra

try:
    from confluent_kafka import Consumer, KafkaException, Producer
except ImportError as error:
    raise MissingExtra("kafka", package="confluent-kafka") from error

if TYPE_CHECKING:
    from zhenzan.broker.options import BrokerOptions

LOG = logging.getLogger("zhenzan.broker.client")

# Each try to connect would be a line; that no broker can be reached is told once, as trouble.
LOG.addFilter(lambda record: not str(record.getMessage()).startswith("FAIL "))

COMMIT_MS = 1_000
"""Offsets of answered messages go back to the broker this often; a crash repeats that much."""

PREFETCH_KIB = 16_384
"""Messages fetched ahead of their turn, in KiB."""

STATISTICS_MS = 1_000
"""How often the client says whether it has a broker."""

QUEUED_KIB = 65_536
"""Messages that wait for the broker, in KiB, for each producer."""


def make_consumer(
    options: BrokerOptions, *, reached: Callable[[bool], None] = lambda _: None
) -> Consumer:
    """Make a consumer that gives an offset back only where it was told to.

    Parameters
    ----------
    reached
        Told again and again, from within calls of the consumer, whether a broker is connected.

    Raises
    ------
    BrokerError
        A setting of the client is unknown or out of bounds.
    """
    made: Consumer = _made(
        Consumer,
        options,
        {
            "group.id": options.group,
            "auto.offset.reset": "earliest",
            "enable.auto.offset.store": False,
            "enable.auto.commit": True,
            "auto.commit.interval.ms": COMMIT_MS,
            "queued.max.messages.kbytes": PREFETCH_KIB,
            "statistics.interval.ms": STATISTICS_MS,
            "stats_cb": lambda text: reached(_is_connected(text)),
        },
    )
    return made


def make_producer(options: BrokerOptions) -> Producer:
    """Make a producer whose messages keep their order and wait as long as the broker is away.

    Raises
    ------
    BrokerError
        A setting of the client is unknown or out of bounds.
    """
    made: Producer = _made(
        Producer,
        options,
        {
            "enable.idempotence": True,
            "message.timeout.ms": 0,
            "linger.ms": 5,
            "compression.type": "lz4",
            "queue.buffering.max.kbytes": QUEUED_KIB,
        },
    )
    return made


def _is_connected(statistics: str) -> bool:
    brokers = json.loads(statistics)["brokers"].values()
    return any(broker["state"] == "UP" for broker in brokers)


def _made(kind: Any, options: BrokerOptions, settings: dict[str, Any]) -> Any:
    told = {"client.id": "zhenzan", **settings, **options.client}
    told["bootstrap.servers"] = options.brokers
    try:
        return kind(told, logger=LOG)
    except KafkaException as error:
        raise BrokerError(f"the Kafka client cannot be set up: {error.args[0].str()}") from error
