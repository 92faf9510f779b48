"""Hands messages to the broker and knows which of them have arrived."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from zhenzan.errors import BrokerError

if TYPE_CHECKING:
    from confluent_kafka import Producer

MESSAGE_BYTES_MAX = 900_000
"""A broker takes 1 MB unless told otherwise, and a message has a key and headers too."""

Headers = list[tuple[str, str | bytes | None]]


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One message for a topic; equal keys keep their order."""

    topic: str
    key: bytes | None
    value: bytes | None
    headers: Headers = field(default_factory=list)


@dataclass(slots=True)
class Sending:
    """Messages that belong together: done once the broker has confirmed each of them."""

    messages: deque[Outgoing]
    unconfirmed: int = 0
    error: str | None = None

    @property
    def done(self) -> bool:
        """Whether all have arrived.

        Raises
        ------
        BrokerError
            The broker refused one for good: no right to the topic, or a message too large for it.
        """
        if self.error is not None:
            raise BrokerError(f"the broker refused a message: {self.error}")
        return not self.messages and not self.unconfirmed


class Outlet:
    """A producer that never waits: what finds no room stays with its `Sending`."""

    def __init__(self, producer: Producer) -> None:
        self._producer = producer

    def feed(self, sending: Sending) -> None:
        """Hand on as many messages as there is room for, in their order.

        Raises
        ------
        BrokerError
            A message can never be sent as it is.
        """
        from confluent_kafka import KafkaException

        def arrived(error: Any, _: Any) -> None:
            sending.unconfirmed -= 1
            if error is not None:
                sending.error = error.str()

        while sending.messages:
            message = sending.messages[0]
            try:
                self._producer.produce(
                    message.topic,
                    message.value,
                    message.key,
                    headers=message.headers,
                    on_delivery=arrived,
                )
            except BufferError:
                return
            except KafkaException as error:
                why = error.args[0].str()
                raise BrokerError(f"no message can be sent to `{message.topic}`: {why}") from error
            sending.messages.popleft()
            sending.unconfirmed += 1

    def poll(self, timeout_s: float = 0.0) -> None:
        """Learn what has arrived; the callbacks run in the calling thread."""
        self._producer.poll(timeout_s)

    def close(self) -> None:
        """Forget what has not arrived: its offsets were not given back, so it comes again."""
        self._producer.purge()
        self._producer.flush(1.0)
