"""Whether work may be sent: the state of the service and of each part that it rests on."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy.exc import SQLAlchemyError

from zhenzan.api.parts import off_loop
from zhenzan.api.shapes import PartState

if TYPE_CHECKING:
    from zhenzan.api.parts import Parts
    from zhenzan.settings import Settings

ANSWER_S = 3.0
"""How long the database may take to answer before it counts as away: probes give up at about this,
and a connection that is refused nowhere takes ten seconds to fail."""


@dataclass(frozen=True, slots=True)
class State:
    """How one part is: ``unused`` is a part that this service was started without.

    Attributes
    ----------
    detail, detail_zh
        What is wrong, in both languages; empty where nothing is.
    """

    word: PartState
    detail: str = ""
    detail_zh: str = ""


READY, UNUSED = State("ready"), State("unused")


async def states(parts: Parts) -> dict[str, State]:
    """Give the state of each part, in the order of the way of an interaction."""
    health = parts.service.health()
    return {
        "service": _service(health, stopping=parts.stopping()),
        "database": await _database(parts),
        "disk": _disk(health, parts.settings.disk_free_bytes_min),
        "broker": _broker(parts),
    }


def spared(settings: Settings) -> frozenset[str]:
    """Name the parts without which interactions may be sent over HTTP all the same.

    A proxy that hears 503 sends nothing to any service, and all of them lose their broker at once;
    where topics are the only way in, ``broker_needed`` says that there is nothing to send then.
    """
    return frozenset() if settings.broker_needed else frozenset({"broker"})


async def database_figures(parts: Parts) -> Mapping[str, int]:
    """Give the ledger's positions, and whether the database answers; then it alone is told."""

    def read() -> dict[str, int]:
        ledger = parts.ledger
        return {
            "applied_position": ledger.applied_position(),
            "last_revision": ledger.last_revision(),
        }

    try:
        return {**await asyncio.wait_for(off_loop(read), ANSWER_S), "database_up": 1}
    except (SQLAlchemyError, TimeoutError):
        return {"database_up": 0}


def _service(health: Mapping[str, object], *, stopping: bool) -> State:
    if health.get("ready") and not stopping:
        return READY
    return State("away", "the service is not taking interactions", "服务当前不接收互动")


async def _database(parts: Parts) -> State:
    if (await database_figures(parts))["database_up"]:
        return READY
    return State("away", "the database does not answer", "数据库暂时无法访问")


def _disk(health: Mapping[str, object], free_bytes_min: int) -> State:
    if "disk_free_bytes" not in health:
        return UNUSED
    free = health["disk_free_bytes"]
    if health.get("disk_error") or not isinstance(free, int):
        return State("away", "the disk of the journal cannot be written", "日志所在磁盘无法写入")
    if free < free_bytes_min:
        return State(
            "away",
            f"{free:,} bytes are free on the disk; `disk_free_bytes_min` is {free_bytes_min:,}",
            f"磁盘剩余 {free:,} 字节，低于 `disk_free_bytes_min`（{free_bytes_min:,}）",
        )
    return READY


def _broker(parts: Parts) -> State:
    figures = parts.beside.get("broker")
    if figures is None:
        return UNUSED
    told = figures()
    if told.get("connected") and told.get("running"):
        return READY
    return State(
        "away",
        "no broker can be reached, or the consumer has ended",
        "无法连接消息代理或消费已结束",
    )
