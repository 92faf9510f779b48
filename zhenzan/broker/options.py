"""Which broker, which topics, and how the client is set up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from zhenzan.errors import BrokerError

_OURS = {
    "auto.offset.reset": "a group without an offset reads from the start",
    "bootstrap.servers": "give it by `--kafka`",
    "enable.auto.commit": "offsets are given back once answers are out",
    "enable.auto.offset.store": "offsets are given back once answers are out",
    "enable.idempotence": "the order of revisions rests on it",
    "group.id": "give it by `--group`",
    "message.timeout.ms": "a message waits until its broker is back",
}
"""Settings of the client that promises of this part rest on."""


@dataclass(frozen=True, slots=True)
class BrokerOptions:
    """Where interactions come from and where answers go.

    Attributes
    ----------
    brokers
        Addresses to begin with, ``host:port``, separated by commas.
    group
        The consumer group: services of one group share the partitions of ``topic_in``.
    topic_dead
        Where messages go that cannot be read or are refused.
    batch_rows
        Messages handed to the service in one call.
    client
        Further settings of librdkafka, such as ``security.protocol`` and ``sasl.username``.
    """

    brokers: str
    group: str = "zhenzan"
    topic_in: str = "interactions"
    topic_answers: str = "answers"
    topic_revisions: str = "revisions"
    topic_dead: str = "interactions.dead"
    batch_rows: int = 500
    client: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        topics = [self.topic_in, self.topic_answers, self.topic_revisions, self.topic_dead]
        twice = next((name for name in topics if topics.count(name) > 1), None)
        if twice is not None:
            raise BrokerError(
                f"topic `{twice}` is named for two uses", hint="each use needs a topic of its own"
            )
        if not all(topics) or not self.brokers or not self.group:
            raise BrokerError("a broker, a group and four topics must have names")


def read_client_file(path: Path) -> dict[str, str]:
    """Read further settings of librdkafka: a YAML file of ``name: value`` lines.

    Secrets such as ``sasl.password`` belong there and not on a command line.

    Raises
    ------
    BrokerError
        The file cannot be read, holds something else, or sets what this package's promises rest
        on.
    """
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        reason = getattr(error, "strerror", None) or " ".join(str(error).split())
        raise BrokerError(f"the client's settings `{path}` cannot be read: {reason}") from error
    if not isinstance(content, dict):
        raise BrokerError(f"the client's settings `{path}` must hold `name: value` lines")
    for name in content:
        if name in _OURS:
            raise BrokerError(f"`{path}` sets `{name}`", hint=_OURS[name])
    return {str(name): _text(value) for name, value in content.items()}


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
