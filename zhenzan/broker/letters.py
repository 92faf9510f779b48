"""Reads messages into rows, and turns those that cannot be counted into dead letters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from zhenzan.broker.outlet import MESSAGE_BYTES_MAX, Outgoing
from zhenzan.events.sources.json_value import json_value
from zhenzan.live.interface import Problem

if TYPE_CHECKING:
    from confluent_kafka import Message

ROW_BYTES_MAX = 262_144
"""One interaction in bytes; the longest column of the contract is a text of a few KiB."""

Row = dict[str, object]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a message lay, and what it was."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None


def place_of(message: Message) -> Place:
    """Keep what a dead letter needs of a message."""
    topic, partition, offset = message.topic(), message.partition(), message.offset()
    assert topic is not None and partition is not None and offset is not None
    key, value = message.key(), message.value()
    return Place(topic, partition, offset, _bytes(key), _bytes(value))


def _bytes(value: str | bytes | None) -> bytes | None:
    return value.encode() if isinstance(value, str) else value


def read(value: bytes | None) -> Row | Problem:
    """Read the value of a message: one JSON object, the columns of the interaction contract.

    Examples
    --------
    >>> read(b'{"event_id": "e1"}')
    {'event_id': 'e1'}
    >>> read(b"[]").reason
    'not_an_object'
    """
    if not value:
        return Problem("empty", "the message has no value", "消息没有内容")
    if len(value) > ROW_BYTES_MAX:
        detail = f"the message has {len(value):,} bytes, and {ROW_BYTES_MAX:,} are allowed"
        return Problem(
            "too_long", detail, f"消息有 {len(value):,} 字节，上限为 {ROW_BYTES_MAX:,} 字节"
        )
    try:
        row = json_value(value)
    except ValueError as error:
        return Problem("not_json", f"the message is not JSON: {error}", "消息不是合法的 JSON")
    if not isinstance(row, dict):
        return Problem("not_an_object", "the message is no JSON object", "消息不是 JSON 对象")
    return row


def dead_letter(place: Place, problem: Problem, topic: str) -> Outgoing:
    """Write the letter of a message that is not counted: what it was, where it lay, and why.

    A value too large for a message is cut; its place says where the whole of it is.
    """
    headers: list[tuple[str, str | bytes | None]] = [
        ("zhenzan-reason", problem.reason),
        ("zhenzan-detail", problem.detail),
        ("zhenzan-detail-zh", problem.detail_zh),
        ("zhenzan-topic", place.topic),
        ("zhenzan-partition", str(place.partition)),
        ("zhenzan-offset", str(place.offset)),
    ]
    key, value = place.key, place.value
    size = len(key or b"") + len(value or b"")
    if size > MESSAGE_BYTES_MAX:
        headers.append(("zhenzan-cut-from-bytes", str(size)))
        key = (key or b"")[: MESSAGE_BYTES_MAX // 2]
        value = (value or b"")[: MESSAGE_BYTES_MAX // 2]
    return Outgoing(topic, key, value, headers)
