"""What the OpenAPI description says of bodies and answers; pydantic lives here and nowhere else.

Answers are written by `zhenzan.counts.wire` and these shapes describe them; a test compares the
two on real answers, so no request pays for checking what was written by us.
"""

from __future__ import annotations

from typing import Any, Literal

import pyarrow as pa
from pydantic import BaseModel, ConfigDict, Field, field_validator

from zhenzan.api.problem import CODES, MEDIA_TYPE
from zhenzan.events.schema import INTERACTION, KINDS, REQUIRED
from zhenzan.store.text import is_storable

State = Literal["counted", "held", "excluded"]
Cause = Literal["at_once", "settled", "group", "rule", "review", "unlike"]


class Shape(BaseModel):
    """A body whose members are all named here."""

    model_config = ConfigDict(extra="forbid")

    @field_validator("*")
    @classmethod
    def _text_is_storable(cls, value: object) -> object:
        """Refuse text that no database can hold."""
        if isinstance(value, str) and not is_storable(value):
            raise ValueError("has a NUL character in it")
        return value


class Limit(Shape):
    """A limit that was exceeded."""

    name: str
    value: int


class FieldProblem(Shape):
    """What is wrong with one field."""

    field: str
    detail: str
    detail_zh: str | None = None


PartState = Literal["ready", "away", "unused"]


class Readiness(Shape):
    """The service takes interactions; `degraded` where the broker's half alone is away."""

    status: Literal["ready", "degraded"]
    parts: dict[str, PartState]
    errors: list[FieldProblem]


class Problem(Shape):
    """Every error has this shape (RFC 9457)."""

    type: str
    title: str
    title_zh: str
    status: int
    detail: str
    detail_zh: str
    code: str
    instance: str
    errors: list[FieldProblem]
    limit: Limit | None = None
    parts: dict[str, PartState] | None = None


class RowProblem(Shape):
    """Why one row of a batch was refused."""

    code: str
    reason: str
    detail: str
    detail_zh: str


class Reason(BaseModel):
    """One reason for or against, with the measured value beside the usual range."""

    code: str
    family: str | None = None
    side: str | None = None
    value: float | None = None
    usual_low: float | None = None
    usual_high: float | None = None
    weight: float | None = None
    text: str
    text_zh: str


class Answer(Shape):
    """What the service says about one interaction, at once."""

    event_id: str
    status: Literal["accepted", "repeated", "refused"]
    position: int | None
    score: float | None
    count_state: State | None
    reasons: list[Reason]
    as_of: str | None
    late_by_us: int
    problem: RowProblem | None


class Answers(Shape):
    """One answer a row, in the order of the rows."""

    accepted: int
    repeated: int
    refused: int
    answers: list[Answer]


class StateShape(Shape):
    """One state in the history of a like."""

    revision: int
    event_id: str
    seq: int
    from_state: State | None
    count_state: State
    withdrawn: bool
    score: float
    cause: Cause
    as_of: str
    group_id: str | None
    rule_version: str | None
    model_version: str | None
    reasons: list[Reason]


class Like(Shape):
    """A like as it stands, with its history."""

    event_id: str
    ts: str
    account_id: str
    item_id: str | None
    merchant_id: str | None
    campaign: bool
    withdrawn: bool
    score: float
    count_state: State
    cause: Cause
    as_of: str
    group_id: str | None
    history: list[StateShape]


class TallyShape(Shape):
    """Likes by state; ``claimed`` is their sum."""

    claimed: int
    counted: int
    held: int
    excluded: int
    withdrawn: int


class Counted(Shape):
    """Likes, those of campaigns apart."""

    likes: TallyShape
    campaign_likes: TallyShape


class Item(Counted):
    """The likes of an item."""

    item_id: str


class Account(Counted):
    """The likes that an account gave."""

    account_id: str


class Merchant(Counted):
    """The likes of a merchant's items."""

    merchant_id: str


class GroupShape(Shape):
    """A group of accounts that act together, with the likes that name it."""

    group_id: str
    kind: str | None
    size: int | None
    as_of: str | None
    detail: dict[str, Any] | None
    likes: TallyShape
    accounts: int


class Revisions(Shape):
    """States after a cursor; ask again with ``cursor`` for those that follow."""

    revisions: list[StateShape]
    cursor: int
    newest: int


class NewWebhook(Shape):
    """A webhook to register."""

    url: str = Field(min_length=1, max_length=2_048)
    changes_only: bool = True


class WebhookChange(Shape):
    """Stops a webhook or lets it go on."""

    active: bool


class WebhookShape(Shape):
    """A webhook; its secret is told once, when it is registered."""

    webhook_id: str
    url: str
    changes_only: bool
    active: bool
    cursor: int
    attempts: int
    next_attempt: str | None
    last_error: str | None


class RegisteredWebhook(WebhookShape):
    """A webhook with its secret."""

    secret: str


class Webhooks(Shape):
    """Every webhook."""

    webhooks: list[WebhookShape]


class DeadLetterShape(Shape):
    """A message that was given up."""

    letter_id: str
    webhook_id: str
    revision_from: int
    revision_to: int
    attempts: int
    error: str
    given_up: str


class DeadLetters(Shape):
    """What was given up for a webhook."""

    dead_letters: list[DeadLetterShape]


class Replayed(Shape):
    """What one more attempt came to."""

    outcome: Literal["delivered", "failed"]
    error: str | None


_JSON_TYPES: dict[pa.DataType, dict[str, Any]] = {
    pa.string(): {"type": "string"},
    pa.int32(): {"type": "integer", "minimum": 0, "maximum": 2**31 - 1},
    pa.int64(): {"type": "integer", "minimum": -(2**63), "maximum": 2**63 - 1},
    pa.float32(): {"type": "number", "minimum": 0, "maximum": 1},
    pa.timestamp("us", tz="UTC"): {"type": "string", "format": "date-time"},
}


def interaction_schema() -> dict[str, Any]:
    """Describe an interaction in JSON Schema, from the contract's own columns."""
    properties: dict[str, Any] = {}
    for field in INTERACTION:
        shape = dict(_JSON_TYPES[field.type])
        if field.name == "kind":
            shape["enum"] = list(KINDS)
        elif not field.nullable:
            shape["minLength"] = 1
        if field.nullable:
            shape["type"] = [shape["type"], "null"]
        properties[field.name] = shape
    return {"type": "object", "properties": properties, "required": list(REQUIRED)}


def problems(*codes: str) -> dict[int | str, dict[str, Any]]:
    """Describe the problems that a route may end with, those of every route among them."""
    described: dict[int | str, dict[str, Any]] = {}
    for name in ("bad_request", "unauthenticated", "forbidden", "unavailable", *codes):
        code = CODES[name]
        described[code.status] = {
            "description": code.title,
            "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
    return described
