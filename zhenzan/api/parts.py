"""What the routes stand on, gathered in one place and handed to every request."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ParamSpec, TypeVar, cast

from starlette.requests import Request

from zhenzan.api.metrics import Metrics

if TYPE_CHECKING:
    from zhenzan.alarm.told import Alarm
    from zhenzan.api.gate import Gate
    from zhenzan.counts.delivery import Deliverer
    from zhenzan.counts.ledger import CountLedger
    from zhenzan.counts.webhooks import WebhookBook
    from zhenzan.live.interface import Service
    from zhenzan.settings import Settings

P = ParamSpec("P")
T = TypeVar("T")


def _never() -> bool:
    return False


def _no_alarms() -> tuple[Alarm, ...]:
    return ()


@dataclass(slots=True)
class Parts:
    """The live service, the ledger, and what lies beside them.

    ``stopping`` says that the server is going down, which ends the live views. ``beside`` names
    what else runs in the process, with its figures of the moment for the metrics. ``alarms`` gives
    the silence alarms that are on.
    """

    service: Service
    ledger: CountLedger
    gate: Gate
    book: WebhookBook
    deliverer: Deliverer
    settings: Settings
    metrics: Metrics = field(default_factory=Metrics)
    stopping: Callable[[], bool] = _never
    beside: dict[str, Callable[[], Mapping[str, object]]] = field(default_factory=dict)
    alarms: Callable[[], tuple[Alarm, ...]] = _no_alarms
    streams: int = 0
    exports: int = 0


def parts_of(request: Request) -> Parts:
    """Give the parts of the application that a request came to."""
    return cast("Parts", request.app.state.parts)


async def off_loop(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run what waits for a database in a thread, so that the event loop goes on."""
    return await asyncio.to_thread(function, *args, **kwargs)
