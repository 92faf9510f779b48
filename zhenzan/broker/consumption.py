"""The consumer's loop: messages in, the service asked, answers out, and then the offsets back.

Several batches are on their way at once, in the order of their messages. One is finished when the
service has answered all of its rows and the broker has confirmed every answer and dead letter;
only then are its offsets marked as done, and the client commits what is marked.
"""

from __future__ import annotations

import json
import logging
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, wait
from dataclasses import dataclass
from threading import Event
from typing import TYPE_CHECKING

from zhenzan.broker.letters import Place, Row, dead_letter, place_of, read
from zhenzan.broker.outlet import Outgoing, Outlet, Sending
from zhenzan.errors import BrokerError, Overloaded, Unavailable
from zhenzan.live.answers import answer_body
from zhenzan.live.interface import Answer, Problem, Service

if TYPE_CHECKING:
    from confluent_kafka import Consumer, Message, TopicPartition

    from zhenzan.broker.options import BrokerOptions

LOG = logging.getLogger("zhenzan.broker")

PENDING_MAX = 4
"""Batches on their way: one each being synced, scored, counted and confirmed."""

POLL_S = 0.02
HELD_S = 5.0
"""How long the loop waits for room before it pauses its partitions and polls without taking."""

FINISH_S = 10.0
"""How long a stop or a rebalance waits for what is on its way; the rest comes again."""

LAG_S = 1.0


@dataclass(slots=True)
class Entry:
    """A message on its way: where it lay, and its row or what is wrong with it."""

    place: Place
    read: Row | Problem


@dataclass(slots=True)
class Batch:
    """Messages that are answered together."""

    entries: list[Entry]
    answers: Future[list[Answer]] | None = None
    sending: Sending | None = None

    def rows(self) -> list[Row]:
        """Give the rows of those that could be read."""
        return [entry.read for entry in self.entries if not isinstance(entry.read, Problem)]


@dataclass(slots=True)
class Consumed:
    """What the loop has done since it began; ``lag`` is of the moment, in messages."""

    messages: int = 0
    accepted: int = 0
    repeated: int = 0
    refused: int = 0
    unreadable: int = 0
    overloads: int = 0
    rebalances: int = 0
    pending: int = 0
    lag: int = 0
    connected: bool = False
    trouble: str | None = None


class Consumption:
    """Reads a topic into the service until it is stopped; runs in one thread.

    Parameters
    ----------
    consumer
        Makes the consumer, which tells the function given whether a broker is connected.
    monotonic
        Seconds that only grow; they time retries and reach no answer.
    """

    def __init__(
        self,
        options: BrokerOptions,
        service: Service,
        consumer: Callable[[Callable[[bool], None]], Consumer],
        outlet: Outlet,
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.consumed = Consumed()
        self._options, self._service = options, service
        self._consumer, self._outlet = consumer(self._on_connection), outlet
        self._monotonic = monotonic
        self._batches: deque[Batch] = deque()
        self._assigned: dict[int, TopicPartition] = {}
        self._marked: dict[int, int] = {}
        self._paused = False
        self._room_at = self._lag_at = monotonic()
        self._retry_at = 0.0

    def run(self, stop: Event) -> None:
        """Consume until told to stop, then finish what is on its way and leave the group.

        Raises
        ------
        Unavailable
            The service takes nothing in any more; what it has not answered stays with the broker.
        BrokerError
            The broker or the client refuses to go on.
        """
        self._consumer.subscribe(
            [self._options.topic_in], on_assign=self._on_assign, on_revoke=self._on_revoke
        )
        try:
            while not stop.is_set():
                self._take_in()
                self._advance()
                self._measure()
            self._finish()
        finally:
            # Commits what is marked; what was not finished belongs to the next reader.
            self._batches.clear()
            self._consumer.close()
            self._outlet.close()

    # In

    def _take_in(self) -> None:
        now = self._monotonic()
        waiting = any(batch.answers is None for batch in self._batches)
        if not waiting and len(self._batches) < PENDING_MAX:
            self._room_at = now
            if self._paused:
                self._pause(False)
            messages = self._consumer.consume(self._options.batch_rows, POLL_S)
        else:
            self._wait(POLL_S)
            if now - self._room_at < HELD_S:
                return
            # A member that does not poll is thought dead, so a paused one polls for nothing.
            if not self._paused:
                self._pause(True)
            messages = self._consumer.consume(self._options.batch_rows, 0.0)
        entries = [entry for message in messages if (entry := self._entry(message)) is not None]
        if entries:
            self._batches.append(Batch(entries))

    def _entry(self, message: Message) -> Entry | None:
        error = message.error()
        if error is not None:
            if error.fatal():
                raise BrokerError(f"the consumer cannot go on: {error.str()}")
            if self.consumed.trouble != error.str():
                self.consumed.trouble = error.str()
                LOG.warning("the broker has trouble", extra={"fields": {"error": error.str()}})
            return None
        self.consumed.trouble = None
        self.consumed.messages += 1
        place = place_of(message)
        return Entry(place, read(place.value))

    def _pause(self, wanted: bool) -> None:
        change = self._consumer.pause if wanted else self._consumer.resume
        change(list(self._assigned.values()))
        self._paused = wanted

    # On the way

    def _advance(self) -> None:
        """Bring every batch as far as it can go now, without waiting."""
        self._submit()
        self._tell()
        self._outlet.poll()
        while self._batches and (sending := self._batches[0].sending) and sending.done:
            self._mark(self._batches.popleft())
        self.consumed.pending = sum(len(batch.entries) for batch in self._batches)

    def _submit(self) -> None:
        """Hand batches to the service in their order; wait as long as it asks where it is full."""
        if self._monotonic() < self._retry_at:
            return
        for batch in self._batches:
            if batch.answers is not None:
                continue
            try:
                batch.answers = self._service.submit(batch.rows())
            except Overloaded as error:
                self.consumed.overloads += 1
                self._retry_at = self._monotonic() + error.retry_after_s
                return

    def _tell(self) -> None:
        """Send the answers of batches that have them."""
        for place, batch in enumerate(self._batches):
            if batch.answers is None or not batch.answers.done():
                return
            if batch.sending is None:
                error = batch.answers.exception()
                if error is not None and self._try_apart(place, batch, error):
                    return
                batch.sending = Sending(deque(self._messages(batch, error)))
            self._outlet.feed(batch.sending)

    def _try_apart(self, place: int, batch: Batch, error: BaseException) -> bool:
        """Halve a batch that a healthy service stumbled over; False for a single message.

        Whatever a message does to the service, the others go on without it.
        """
        if not self._service.health().get("ready"):
            raise Unavailable(f"the service stopped: {error}") from error
        if len(batch.entries) == 1:
            return False
        half = len(batch.entries) // 2
        self._batches[place] = Batch(batch.entries[:half])
        self._batches.insert(place + 1, Batch(batch.entries[half:]))
        return True

    def _messages(self, batch: Batch, error: BaseException | None) -> list[Outgoing]:
        """Write an answer for what was taken in, and a dead letter for what was not."""
        assert batch.answers is not None
        answers = iter(() if error is not None else batch.answers.result())
        found = []
        for entry in batch.entries:
            if isinstance(entry.read, Problem):
                self.consumed.unreadable += 1
                found.append(dead_letter(entry.place, entry.read, self._options.topic_dead))
                continue
            problem = _stumbled(error) if error is not None else None
            answer = None if problem else next(answers)
            if answer is not None:
                problem = answer.problem
            if answer is None or problem is not None or answer.status == "refused":
                self.consumed.refused += 1
                assert problem is not None, "a refusal has a reason"
                found.append(dead_letter(entry.place, problem, self._options.topic_dead))
                continue
            if answer.status == "accepted":
                self.consumed.accepted += 1
            else:
                self.consumed.repeated += 1
            text = json.dumps(answer_body(answer), ensure_ascii=False, separators=(",", ":"))
            found.append(
                Outgoing(self._options.topic_answers, answer.event_id.encode(), text.encode())
            )
        return found

    def _mark(self, batch: Batch) -> None:
        """Mark the offsets behind a finished batch, for partitions that are still ours."""
        from confluent_kafka import KafkaException, TopicPartition

        ends: dict[int, int] = {}
        for entry in batch.entries:
            ends[entry.place.partition] = entry.place.offset + 1
        for partition, end in ends.items():
            if partition not in self._assigned:
                continue
            try:
                self._consumer.store_offsets(
                    offsets=[TopicPartition(self._options.topic_in, partition, end)]
                )
            except KafkaException as error:
                told = {"partition": partition, "error": error.args[0].str()}
                LOG.warning("an offset was not marked", extra={"fields": told})
                continue
            self._marked[partition] = end

    def _wait(self, timeout_s: float) -> None:
        """Wait for the next answer or confirmation."""
        asked = [b.answers for b in self._batches if b.answers is not None and b.sending is None]
        if asked:
            wait(asked[:1], timeout_s)
        else:
            self._outlet.poll(timeout_s)

    def _finish(self) -> None:
        """Finish what is on its way, as far as that is possible in time."""
        end = self._monotonic() + FINISH_S
        self._advance()
        while self._batches and self._monotonic() < end:
            self._wait(POLL_S)
            self._advance()
        if self._batches:
            told = {"messages": sum(len(batch.entries) for batch in self._batches)}
            LOG.warning("messages were left to the next reader", extra={"fields": told})

    # Broker and partitions

    def _on_connection(self, connected: bool) -> None:
        if connected != self.consumed.connected:
            self.consumed.connected = connected
            LOG.log(
                logging.INFO if connected else logging.WARNING,
                "a broker is connected" if connected else "no broker can be reached",
            )

    def _on_assign(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        self.consumed.rebalances += 1
        self._assigned = {partition.partition: partition for partition in partitions}
        self._marked.clear()
        self.consumed.trouble = None
        consumer.assign(partitions)
        if self._paused:
            consumer.pause(partitions)
        told = {"partitions": sorted(self._assigned)}
        LOG.info("partitions were assigned", extra={"fields": told})

    def _on_revoke(self, consumer: Consumer, _: list[TopicPartition]) -> None:
        """Finish first, so that the next reader of the partitions repeats little."""
        self._finish()
        self._assigned.clear()
        # Commits what is marked on the way.
        consumer.unassign()

    def _measure(self) -> None:
        """Count the messages that wait at the broker, as far as the client knows of them."""
        now = self._monotonic()
        if now - self._lag_at < LAG_S:
            return
        self._lag_at = now
        lag = 0
        for number, partition in self._assigned.items():
            low, high = self._consumer.get_watermark_offsets(partition, cached=True)
            if high >= 0:
                lag += max(0, high - self._marked.get(number, max(low, 0)))
        self.consumed.lag = lag


def _stumbled(error: BaseException) -> Problem:
    return Problem(
        "service_error", f"the service could not take the message in: {error}", "服务无法处理该消息"
    )
