"""Webhooks: who is told of revisions, and what could not be delivered."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from zhenzan.api import shapes
from zhenzan.api.gate import needs
from zhenzan.api.parts import Parts, off_loop, parts_of
from zhenzan.api.problem import not_found
from zhenzan.api.shapes import problems
from zhenzan.counts.webhooks import DeadLetter, Webhook
from zhenzan.counts.wire import time_text
from zhenzan.store.text import is_storable

ROUTER = APIRouter(prefix="/v1/webhooks", tags=["webhooks"], dependencies=[Depends(needs())])

_NOT_FOUND = problems("not_found", "invalid")


@ROUTER.post(
    "",
    status_code=201,
    responses={
        201: {"model": shapes.RegisteredWebhook},
        **problems("invalid", "too_large", "unsupported_media"),
    },
)
async def add(request: Request, new: shapes.NewWebhook) -> Response:
    """Register a webhook; the answer holds the secret that signs its messages, once."""
    book = parts_of(request).book
    webhook = await off_loop(book.add, new.url, changes_only=new.changes_only)
    return JSONResponse({**_body(webhook), "secret": webhook.secret}, status_code=201)


@ROUTER.get("", responses={200: {"model": shapes.Webhooks}, **problems()})
async def all_of_them(request: Request) -> Response:
    """Give every webhook and where it stands."""
    found = await off_loop(parts_of(request).book.all)
    return JSONResponse({"webhooks": [_body(webhook) for webhook in found]})


@ROUTER.get("/{webhook_id}", responses={200: {"model": shapes.WebhookShape}, **_NOT_FOUND})
async def one(request: Request, webhook_id: str) -> Response:
    """Give one webhook and where it stands."""
    return JSONResponse(_body(await _webhook(parts_of(request), webhook_id)))


@ROUTER.patch(
    "/{webhook_id}",
    responses={
        200: {"model": shapes.WebhookShape},
        **problems("not_found", "invalid", "unsupported_media"),
    },
)
async def change(request: Request, webhook_id: str, wanted: shapes.WebhookChange) -> Response:
    """Stop telling a webhook, or go on where it stood."""
    parts = parts_of(request)
    await _webhook(parts, webhook_id)
    await off_loop(parts.book.set_active, webhook_id, wanted.active)
    return JSONResponse(_body(await _webhook(parts, webhook_id)))


@ROUTER.delete("/{webhook_id}", status_code=204, responses=_NOT_FOUND)
async def remove(request: Request, webhook_id: str) -> Response:
    """Forget a webhook and what was given up for it."""
    parts = parts_of(request)
    await _webhook(parts, webhook_id)
    await off_loop(parts.book.remove, webhook_id)
    return Response(status_code=204)


@ROUTER.get(
    "/{webhook_id}/dead-letters",
    responses={200: {"model": shapes.DeadLetters}, **_NOT_FOUND},
)
async def dead_letters(request: Request, webhook_id: str) -> Response:
    """Give the messages that were given up for a webhook, the oldest revisions first."""
    parts = parts_of(request)
    await _webhook(parts, webhook_id)
    found = await off_loop(parts.book.dead_letters, webhook_id)
    return JSONResponse({"dead_letters": [_letter(letter) for letter in found]})


@ROUTER.post(
    "/{webhook_id}/dead-letters/{letter_id}/replay",
    responses={200: {"model": shapes.Replayed}, **_NOT_FOUND},
)
async def replay(request: Request, webhook_id: str, letter_id: str) -> Response:
    """Make one more attempt at a message that was given up."""
    parts = parts_of(request)
    webhook = await _webhook(parts, webhook_id)
    found = await off_loop(parts.book.dead_letters, webhook_id)
    named = [letter for letter in found if letter.letter_id == letter_id]
    if not named:
        raise not_found("dead letter", "未送达消息", letter_id)
    outcome = await off_loop(parts.deliverer.replay, webhook, named[0])
    parts.metrics.deliveries.labels(outcome.word).inc()
    return JSONResponse({"outcome": outcome.word, "error": outcome.error})


async def _webhook(parts: Parts, webhook_id: str) -> Webhook:
    found = await off_loop(parts.book.one, webhook_id) if is_storable(webhook_id) else None
    if found is None:
        raise not_found("webhook", "网络钩子", webhook_id)
    return found


def _body(webhook: Webhook) -> dict[str, Any]:
    return {
        "webhook_id": webhook.webhook_id,
        "url": webhook.url,
        "changes_only": webhook.changes_only,
        "active": webhook.active,
        "cursor": webhook.cursor,
        "attempts": webhook.attempts,
        "next_attempt": time_text(webhook.next_us) if webhook.next_us else None,
        "last_error": webhook.last_error,
    }


def _letter(letter: DeadLetter) -> dict[str, Any]:
    body = asdict(letter)
    return body | {"given_up": time_text(body.pop("given_up_us"))}
