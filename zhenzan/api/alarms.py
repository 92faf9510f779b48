"""Silence alarms: what has fallen silent, and who has seen it."""

from __future__ import annotations

from typing import Any, Literal

from fastapi import APIRouter, Depends
from pydantic import Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from zhenzan import clock
from zhenzan.access.audit import AuditLog
from zhenzan.alarm.book import Acknowledgement, AlarmBook
from zhenzan.alarm.told import Alarm
from zhenzan.api.gate import Caller, needs
from zhenzan.api.parts import Parts, off_loop, parts_of
from zhenzan.api.problem import not_found
from zhenzan.api.shapes import Shape, problems
from zhenzan.clock import SECOND_US
from zhenzan.counts.wire import time_text

ROUTER = APIRouter(prefix="/v1/alarms", tags=["operation"])


class AcknowledgementShape(Shape):
    """Who has seen an alarm, and what they wrote."""

    actor: str
    at: str
    note: str


class AlarmShape(Shape):
    """A share that has fallen against its own past; it ends by itself when the share is back."""

    alarm_id: str
    what: Literal[
        "detector_silent", "detector_never_fires", "column_missing", "kind_gone", "channel_gone"
    ]
    name: str
    since: str
    share_usual: float
    share: float
    text: str
    text_zh: str
    acknowledged: AcknowledgementShape | None


class Alarms(Shape):
    """Every alarm that is on."""

    alarms: list[AlarmShape]


class Seen(Shape):
    """What is known of the cause; it may be empty."""

    note: str = Field(default="", max_length=1_000)


@ROUTER.get(
    "",
    responses={200: {"model": Alarms}, **problems()},
    dependencies=[Depends(needs("viewer", "analyst", "operator"))],
)
async def alarms(request: Request) -> Response:
    """List the alarms that are on."""
    return JSONResponse({"alarms": await off_loop(_listed, parts_of(request))})


@ROUTER.post(
    "/{alarm_id:path}/acknowledge",
    responses={200: {"model": AlarmShape}, **problems("not_found", "invalid", "unsupported_media")},
)
async def acknowledge(
    request: Request,
    alarm_id: str,
    seen: Seen,
    caller: Caller = Depends(needs("operator")),  # noqa: B008  how FastAPI is told
) -> Response:
    """Say that an alarm was seen; the first to say so is kept, and stands in the audit log."""
    parts = parts_of(request)
    found = [alarm for alarm in parts.alarms() if alarm.alarm_id == alarm_id]
    if not found:
        raise not_found("alarm", "静默告警", alarm_id)
    new = Acknowledgement(alarm_id, caller.name, int(clock.system() * SECOND_US), seen.note)
    kept = await off_loop(_acknowledged, parts, new)
    return JSONResponse(_body(found[0], kept))


def _acknowledged(parts: Parts, new: Acknowledgement) -> Acknowledgement:
    store = parts.ledger.store
    log = AuditLog(store)
    return AlarmBook(store).acknowledge(
        new,
        noted=lambda connection: log.note_in(
            connection, new.actor, "acknowledge alarm", new.alarm_id, {"note": new.note}
        ),
    )


def _listed(parts: Parts) -> list[dict[str, Any]]:
    found = parts.alarms()
    seen = AlarmBook(parts.ledger.store).of([alarm.alarm_id for alarm in found])
    return [_body(alarm, seen.get(alarm.alarm_id)) for alarm in found]


def _body(alarm: Alarm, seen: Acknowledgement | None) -> dict[str, Any]:
    told = seen and {"actor": seen.actor, "at": time_text(seen.at_us), "note": seen.note}
    return {
        "alarm_id": alarm.alarm_id,
        "what": alarm.what,
        "name": alarm.name,
        "since": time_text(alarm.since_us),
        "share_usual": alarm.share_usual,
        "share": alarm.share,
        "text": alarm.text,
        "text_zh": alarm.text_zh,
        "acknowledged": told,
    }
