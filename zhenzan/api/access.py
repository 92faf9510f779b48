"""Signing in and out, the first administrator, keys and the audit log."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Depends
from pydantic import Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from zhenzan.access.roles import Role
from zhenzan.api.gate import COOKIE, AccessGate, Caller, needs
from zhenzan.api.parts import off_loop
from zhenzan.api.problem import ProblemError, not_found
from zhenzan.api.shapes import Shape, problems
from zhenzan.counts.wire import time_text
from zhenzan.errors import AccessError
from zhenzan.store.text import is_storable

if TYPE_CHECKING:
    from zhenzan.access.access import Access
    from zhenzan.access.keys import Key

ROUTER = APIRouter(prefix="/v1/access", tags=["access"])


class SignIn(Shape):
    """A name and a password."""

    name: str = Field(min_length=1, max_length=200)
    password: str = Field(min_length=1, max_length=1_000)


class Beginning(Shape):
    """The token that the first start printed; with a name and a password it makes a user."""

    token: str = Field(min_length=1, max_length=200)
    user: SignIn | None = None


class MadeKey(Shape):
    """A key, shown this once."""

    key: str


class NewKey(Shape):
    """A key to make."""

    name: str = Field(min_length=1, max_length=200)
    roles: list[Role] = Field(min_length=1, max_length=6)
    merchant_id: str | None = Field(default=None, max_length=500)
    days: int = Field(default=90, ge=1, le=730)


def access_of(request: Request) -> Access:
    """Give the access of the application; a problem where its gate knows no users."""
    gate = request.app.state.gate
    if not isinstance(gate, AccessGate):
        raise ProblemError("not_found", "this service has no users", "该服务没有用户")
    return gate.access


@ROUTER.post(
    "/first",
    status_code=201,
    responses={
        201: {"model": MadeKey, "description": "The key of an administrator, shown this once."},
        204: {"description": "The user was made; sign in."},
        **problems("forbidden", "invalid", "not_found", "unsupported_media"),
    },
)
async def first(request: Request, body: Beginning) -> Response:
    """Exchange the token that the first start printed, for a key or for a user with a password."""
    access = access_of(request)
    try:
        if body.user is not None:
            await off_loop(access.users.begin, body.token, body.user.name, body.user.password)
            return Response(status_code=204)
        key = await off_loop(access.keys.begin, body.token)
    except AccessError as error:
        raise ProblemError("forbidden", str(error), "令牌无效或密码过短") from None
    return _shown_once(key)


@ROUTER.post(
    "/session",
    responses=problems("invalid", "not_found", "overloaded", "unsupported_media"),
)
async def sign_in(request: Request, body: SignIn) -> Response:
    """Sign in; the answer sets the cookie and holds the token that changes need."""
    try:
        done = await off_loop(access_of(request).users.sign_in, body.name, body.password)
    except AccessError as error:
        raise ProblemError("overloaded", str(error), "尝试次数过多", retry_after_s=60.0) from None
    if done is None:
        raise ProblemError("unauthenticated", "name or password is wrong", "用户名或密码错误")
    response = JSONResponse(
        {"csrf_token": done.csrf, "roles": sorted(done.identity.roles)},
        headers={"Cache-Control": "no-store"},
    )
    response.set_cookie(COOKIE, done.cookie, secure=True, httponly=True, samesite="strict")
    return response


@ROUTER.delete("/session", status_code=204, responses=problems("not_found"))
async def sign_out(
    request: Request,
    caller: Annotated[Caller, Depends(needs("viewer", "analyst", "reviewer", "operator",
                                            "merchant"))],
) -> Response:  # fmt: skip
    """End the session of the cookie."""
    del caller
    await off_loop(access_of(request).users.sign_out, request.cookies.get(COOKIE, ""))
    response = Response(status_code=204)
    response.delete_cookie(COOKIE, secure=True, httponly=True, samesite="strict")
    return response


@ROUTER.get("/keys", responses=problems("not_found"), dependencies=[Depends(needs())])
async def keys(request: Request) -> Response:
    """List the keys: names, roles and ends, and nothing that opens anything."""
    return JSONResponse({"keys": [_key(key) for key in access_of(request).keys.all_keys()]})


@ROUTER.post(
    "/keys", status_code=201, responses=problems("invalid", "not_found", "unsupported_media")
)
async def make_key(
    request: Request, body: NewKey, caller: Annotated[Caller, Depends(needs())]
) -> Response:
    """Make a key; the answer shows it, once."""
    ring = access_of(request).keys
    try:
        text = await off_loop(
            ring.make, body.name, body.roles, by=caller.name, merchant_id=body.merchant_id,
            days=body.days,
        )  # fmt: skip
    except AccessError as error:
        raise ProblemError("invalid", str(error), "密钥的参数不符合要求") from None
    return _shown_once(text)


@ROUTER.delete("/keys/{prefix}", status_code=204, responses=problems("not_found", "invalid"))
async def revoke_key(
    request: Request, prefix: str, caller: Annotated[Caller, Depends(needs())]
) -> Response:
    """Revoke a key."""
    access = access_of(request)
    if not is_storable(prefix):
        raise not_found("key", "密钥", prefix)
    try:
        await off_loop(access.keys.revoke, prefix, by=caller.name)
    except AccessError:
        raise not_found("key", "密钥", prefix) from None
    return Response(status_code=204)


@ROUTER.get("/audit", responses=problems("not_found"), dependencies=[Depends(needs())])
async def audit(request: Request) -> Response:
    """Check the audit log; give what is wrong, and its end to keep as an anchor."""
    log = access_of(request).audit
    wrong = await off_loop(log.verify)
    anchor = await off_loop(log.anchor)
    return JSONResponse(
        {"whole": not wrong, "wrong": wrong, "anchor": {"seq": anchor.seq, "hash": anchor.hash}}
    )


def _shown_once(key: str) -> Response:
    return JSONResponse({"key": key}, status_code=201, headers={"Cache-Control": "no-store"})


def _key(key: Key) -> dict[str, Any]:
    return {
        "prefix": key.prefix,
        "name": key.name,
        "roles": sorted(key.roles),
        "merchant_id": key.merchant_id,
        "rate_per_s": key.rate_per_s,
        "burst": key.burst,
        "created": time_text(key.created_us),
        "expires": time_text(key.expires_us),
        "revoked": time_text(key.revoked_us) if key.revoked_us is not None else None,
    }
