"""Topics in and out over a real broker, beside a service that answers by rule."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import Future

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition
from topics import (
    PARTITIONS,
    DevBroker,
    bodies,
    bridged,
    client,
    like,
    new_options,
    read_topic,
    send,
    until,
)

from zhenzan.broker.options import BrokerOptions
from zhenzan.counts.interface import Revision
from zhenzan.counts.ledger import CountLedger
from zhenzan.errors import Unavailable
from zhenzan.live.interface import Answer
from zhenzan.testing.instant import InstantService


def committed(options: BrokerOptions) -> int:
    """How many messages the group has given back."""
    asked = client(Consumer, options.brokers, group_id=options.group)
    places = [TopicPartition(options.topic_in, number) for number in range(PARTITIONS)]
    found = sum(max(place.offset, 0) for place in asked.committed(places, timeout=10))
    asked.close()
    return found


def test_every_interaction_is_answered_and_every_state_is_told(
    options: BrokerOptions, ledger: CountLedger
):
    accounts = itertools.cycle(["a", "bot", "new"])
    send(options, [like(number, next(accounts)) for number in range(90)])
    with bridged(options, InstantService(ledger), ledger):
        answers = read_topic(options.brokers, options.topic_answers, 90)
        revisions = read_topic(options.brokers, options.topic_revisions, 90)
    states = Counter(answer["count_state"] for answer in bodies(answers))
    assert states == {"counted": 30, "excluded": 30, "held": 30}
    assert {m.key() for m in answers} == {f"e{number}".encode() for number in range(90)}
    assert sorted(row["revision"] for row in bodies(revisions)) == list(range(1, 91))
    assert all(
        m.key() == b["event_id"].encode() for m, b in zip(revisions, bodies(revisions), strict=True)
    )
    assert committed(options) == 90


def test_what_cannot_be_read_or_is_refused_becomes_a_dead_letter_and_holds_nobody_up(
    options: BrokerOptions, ledger: CountLedger
):
    bad = {
        b"{": "not_json",
        b"[1]": "not_an_object",
        b'{"event_id": NaN}': "not_json",
        b"\xff\xfe\xfa": "not_json",
        b'{"kind": "like"}': "missing_required",
        b'{"event_id": "' + b"x" * 300_000 + b'"}': "too_long",
    }
    conflict = like(1, "other")
    send(options, [like(1), *bad, None, conflict, like(2)], partition=1)
    with bridged(options, InstantService(ledger), ledger):
        answers = bodies(read_topic(options.brokers, options.topic_answers, 2))
        letters = read_topic(options.brokers, options.topic_dead, len(bad) + 2)
    # Answers are keyed by event, so they may lie in several partitions.
    assert sorted(answer["event_id"] for answer in answers) == ["e1", "e2"]
    told = {m.value(): dict(m.headers() or []) for m in letters}
    for value, reason in bad.items():
        assert told[value]["zhenzan-reason"].decode() == reason
        assert told[value]["zhenzan-partition"] == b"1"
    offsets = sorted(int(headers["zhenzan-offset"]) for headers in told.values())
    assert offsets == list(range(1, len(bad) + 3))
    reasons = Counter(headers["zhenzan-reason"].decode() for headers in told.values())
    assert reasons["empty"] == 1 and reasons["duplicate_conflict"] == 1
    assert committed(options) == len(bad) + 4


def test_an_overloaded_service_is_asked_again_and_nothing_is_lost(
    options: BrokerOptions, ledger: CountLedger
):
    service = InstantService(ledger)
    service.retry_after_s = 0.1
    send(options, [like(number) for number in range(80)])
    with bridged(options, service, ledger) as bridge:
        until(lambda: bridge.figures()["overloads"] >= 3, "three refusals")  # type: ignore[operator]
        waiting = bridge.figures()["pending_messages"]
        until(lambda: bridge.figures()["overloads"] >= 6, "six refusals")  # type: ignore[operator]
        # One batch waits for the service, of what the broker had sent by then, and none behind it.
        assert bridge.figures()["pending_messages"] == waiting
        assert committed(options) == 0
        service.retry_after_s = None
        answers = read_topic(options.brokers, options.topic_answers, 80)
    assert 0 < waiting <= 50
    assert len({message.key() for message in answers}) == 80
    assert ledger.last_revision() == 80


def test_a_service_that_stops_leaves_its_messages_to_the_next_one(
    options: BrokerOptions, ledger: CountLedger
):
    service = InstantService(ledger)
    service.close()
    send(options, [like(number) for number in range(20)])
    with bridged(options, service, ledger) as bridge:
        until(lambda: bridge.failure is not None, "the end of the consumer")
        assert "closing" in str(bridge.figures()["trouble"])
        assert bridge.figures()["running"] is False
    assert committed(options) == 0
    with bridged(options, InstantService(ledger), ledger):
        read_topic(options.brokers, options.topic_answers, 20)
    assert ledger.last_revision() == 20


class Stumbling(InstantService):
    """Fails on every call that holds a certain row, as a mistake of ours would make it."""

    def submit(self, rows: Sequence[Mapping[str, object]]) -> Future[list[Answer]]:
        if any(row["event_id"] == "e7" for row in rows):
            failed: Future[list[Answer]] = Future()
            failed.set_exception(Unavailable("failed: a mistake"))
            return failed
        return super().submit(rows)


def test_a_row_that_the_service_stumbles_over_harms_no_other(
    options: BrokerOptions, ledger: CountLedger
):
    send(options, [like(number) for number in range(40)], partition=0)
    with bridged(options, Stumbling(ledger), ledger):
        answers = read_topic(options.brokers, options.topic_answers, 39)
        (letter,) = read_topic(options.brokers, options.topic_dead, 1)
    assert len(answers) == 39
    assert dict(letter.headers() or [])["zhenzan-reason"] == b"service_error"
    assert bodies([letter])[0]["event_id"] == "e7"
    assert committed(options) == 40


@pytest.mark.slow
def test_two_members_share_the_partitions_and_each_interaction_counts_once(
    options: BrokerOptions, ledger: CountLedger
):
    service = InstantService(ledger)
    send(options, [like(number) for number in range(300)])
    with bridged(options, service, ledger) as first:
        until(lambda: first.figures()["consumed_messages"] == 300, "the first half")
        numbers = itertools.count(300)
        with bridged(options, service, ledger) as second:

            def second_has_its_share() -> bool:
                send(options, [like(number) for number in itertools.islice(numbers, 10)])
                return bool(second.figures()["consumed_messages"])

            # When a member gets its share of the partitions is for the group to say.
            until(second_has_its_share, "the second member's share")
        send(options, [like(number) for number in itertools.islice(numbers, 100)])
        sent = next(numbers)
        until(lambda: ledger.last_revision() == sent, "those after one member left")
        # An offset is given back once its answer is out, a moment after it is counted.
        until(lambda: committed(options) == sent, "the offsets of all that was sent")
    counters = ledger.counters("merchant", "m0")
    assert counters is not None and counters.likes.counted == sent


@pytest.mark.slow
def test_a_broker_that_goes_away_and_comes_back_costs_nothing(
    dev_broker: DevBroker, options: BrokerOptions, ledger: CountLedger
):
    send(options, [like(number) for number in range(100)])
    with bridged(options, InstantService(ledger), ledger) as bridge:
        until(lambda: ledger.last_revision() == 100, "what was sent before")
        read_topic(options.brokers, options.topic_answers, 100)
        dev_broker.stop()
        until(lambda: not bridge.figures()["connected"], "the loss to be noticed")
        dev_broker.start()
        send(options, [like(number) for number in range(50, 200)])
        until(lambda: ledger.last_revision() == 200, "what was sent afterwards")
        revisions = read_topic(options.brokers, options.topic_revisions, 200)
        until(lambda: bool(bridge.figures()["connected"]), "the connection")
        # Offsets are given back once the client has found the group's coordinator again.
        until(lambda: committed(options) == 250, "the offsets of all that was sent")
        assert bridge.failure is None
    assert {row["revision"] for row in bodies(revisions)} == set(range(1, 201))
    counters = ledger.counters("merchant", "m0")
    assert counters is not None and counters.likes.counted == 200


def test_revisions_go_on_where_the_last_one_was_confirmed(
    options: BrokerOptions, ledger: CountLedger
):
    send(options, [like(number) for number in range(5)])
    with bridged(options, InstantService(ledger), ledger):
        read_topic(options.brokers, options.topic_revisions, 5)
        until(lambda: ledger.progress(f"kafka:{options.topic_revisions}") == 5, "the mark")
    settled = [Revision("e3", "excluded", 0.9, 2_000_000, "settled")]
    ledger.revise(settled)
    with bridged(options, InstantService(ledger), ledger):
        told = bodies(read_topic(options.brokers, options.topic_revisions, 6))
        until(lambda: ledger.progress(f"kafka:{options.topic_revisions}") == 6, "the mark")
    # One message each: what the mark has passed is not sent again.
    assert len(told) == 6
    (last,) = [row for row in told if row["revision"] == 6]
    assert (last["event_id"], last["from_state"], last["count_state"]) == (
        "e3", "counted", "excluded",
    )  # fmt: skip


@pytest.mark.slow
def test_another_broker_of_the_same_protocol_serves_as_well(ledger: CountLedger):
    # The cluster inside librdkafka; other clients reach it by the addresses of its brokers.
    cluster = Producer({"bootstrap.servers": "none", "test.mock.num.brokers": 3, "log_level": 0})
    brokers = cluster.list_topics(timeout=10).brokers.values()
    address = ",".join(f"{broker.host}:{broker.port}" for broker in brokers)
    options = new_options(address, client={"session.timeout.ms": "6000"})
    send(options, [like(1), b"{", like(2)])
    with bridged(options, InstantService(ledger), ledger):
        assert len(read_topic(address, options.topic_answers, 2)) == 2
        assert len(read_topic(address, options.topic_dead, 1)) == 1
