"""What stands in the ledger: likes, items, accounts, merchants, groups and revisions."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from zhenzan.access.roles import Role
from zhenzan.api import shapes
from zhenzan.api.gate import Caller, needs
from zhenzan.api.parts import off_loop, parts_of
from zhenzan.api.problem import ProblemError, not_found
from zhenzan.api.shapes import problems
from zhenzan.counts.interface import Subject
from zhenzan.counts.wire import counters_body, group_body, like_body, state_body
from zhenzan.glossary import WORDS
from zhenzan.store.text import is_storable

ROUTER = APIRouter(tags=["counts"])

CURSOR_MAX = 2**63 - 1

_READERS: tuple[Role, ...] = ("viewer", "analyst", "reviewer", "operator")
_NOT_FOUND = problems("not_found", "invalid")


def _reader() -> Any:
    return Depends(needs(*_READERS))


@ROUTER.get(
    "/v1/likes/{event_id:path}",
    responses={200: {"model": shapes.Like}, **_NOT_FOUND},
    dependencies=[_reader()],
)
async def like(request: Request, event_id: str) -> Response:
    """Give a like as it stands, with the history of its states and their reasons."""
    found = await off_loop(parts_of(request).ledger.like, _name("like", event_id))
    if found is None:
        raise not_found("like", "点赞", event_id)
    return JSONResponse(like_body(*found))


@ROUTER.get(
    "/v1/items/{item_id:path}",
    responses={200: {"model": shapes.Item}, **_NOT_FOUND},
    dependencies=[_reader()],
)
async def item(request: Request, item_id: str) -> Response:
    """Give the likes of an item: claimed, counted, held, excluded and taken back."""
    return await _counters(request, "item", item_id)


@ROUTER.get(
    "/v1/accounts/{account_id:path}",
    responses={200: {"model": shapes.Account}, **_NOT_FOUND},
    dependencies=[_reader()],
)
async def account(request: Request, account_id: str) -> Response:
    """Give the likes that an account gave."""
    return await _counters(request, "account", account_id)


@ROUTER.get(
    "/v1/merchants/{merchant_id:path}",
    responses={200: {"model": shapes.Merchant}, **_NOT_FOUND},
)
async def merchant(
    request: Request,
    merchant_id: str,
    caller: Annotated[Caller, Depends(needs(*_READERS, "merchant"))],
) -> Response:
    """Give the likes of a merchant's items; a merchant may ask for its own alone."""
    if not caller.may_see_merchant(merchant_id):
        raise not_found("merchant", "商家", merchant_id)
    return await _counters(request, "merchant", merchant_id)


@ROUTER.get(
    "/v1/groups/{group_id:path}",
    responses={200: {"model": shapes.GroupShape}, **_NOT_FOUND},
    dependencies=[Depends(needs("analyst", "reviewer", "operator"))],
)
async def group(request: Request, group_id: str) -> Response:
    """Give a group of accounts that act together, with the likes that name it."""
    found = await off_loop(parts_of(request).ledger.group, _name("group", group_id))
    if found is None:
        raise not_found("group", "群组", group_id)
    return JSONResponse(group_body(group_id, found))


@ROUTER.get(
    "/v1/revisions",
    responses={200: {"model": shapes.Revisions}, **problems("invalid", "too_large")},
)
async def revisions(
    request: Request,
    caller: Annotated[Caller, Depends(needs(*_READERS))],
    cursor: Annotated[int, Query(ge=0, le=CURSOR_MAX)] = 0,
    limit: Annotated[int, Query(ge=1, le=CURSOR_MAX)] = 100,
    changes_only: bool = False,
) -> Response:
    """Give the states after a cursor, oldest first, and the cursor that follows them.

    Numbers have no gap and appear in their order: who stores the cursor misses nothing.
    """
    parts = parts_of(request)
    most = parts.settings.page_rows_max
    if limit > most:
        raise ProblemError(
            "too_large",
            f"`limit` exceeds `page_rows_max`, which is {most:,}",
            f"`limit` 超出 `page_rows_max` 的限制（{most:,}）",
            limit=("page_rows_max", most),
        )
    rows, after = await off_loop(parts.ledger.revisions, cursor, limit, first=not changes_only)
    newest = await off_loop(parts.ledger.last_revision)
    if rows:
        shown = f"revisions {rows[0].revision} to {rows[-1].revision}"
        parts.gate.look(caller, "/v1/revisions", shown)
    return JSONResponse(
        {"revisions": [state_body(row) for row in rows], "cursor": after, "newest": newest}
    )


async def _counters(request: Request, subject: Subject, key: str) -> Response:
    found = await off_loop(parts_of(request).ledger.counters, subject, _name(subject, key))
    if found is None:
        raise not_found(subject, WORDS[subject].zh, key)
    return JSONResponse(counters_body(found))


def _name(what: str, text: str) -> str:
    """Refuse a name that no row can have."""
    if not is_storable(text):
        raise not_found(what, WORDS[what].zh, text)
    return text
