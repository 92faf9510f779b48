"""Who may use a route: the one place where keys and roles plug in.

A route names the roles that may use it with `needs`; the gate of the application says who is
asking: the bearer of a key, or a browser with a session.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from starlette.requests import Request

from zhenzan.access.access import Access
from zhenzan.access.identity import Identity
from zhenzan.access.roles import Role
from zhenzan.api.problem import ProblemError

if TYPE_CHECKING:
    from zhenzan.store.engine import Store

COOKIE = "__Host-zhenzan"
"""The prefix makes browsers refuse it without TLS, for another path, or from a subdomain."""

CSRF_HEADER = "x-csrf-token"
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})

PERSONAL: dict[str, str] = {
    "/v1/accounts/": "/v1/accounts/{account_id}",
    "/v1/likes/": "/v1/likes/{event_id}",
    "/v1/groups/": "/v1/groups/{group_id}",
    "/v1/export/": "/v1/export/{table}",
}
"""Beginnings of addresses that show personal data, and the route that the access log names.
Revisions name likes as well; their routes tell which were shown, since the address does not."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks: a name for records, the roles held, and the one merchant a merchant may see."""

    name: str
    roles: frozenset[Role]
    merchant_id: str | None = None

    def may_see_merchant(self, merchant_id: str) -> bool:
        """Say whether figures of a merchant may be shown: a merchant sees its own alone."""
        return self.roles != {"merchant"} or self.merchant_id == merchant_id


class Gate(Protocol):
    """Knows keys and roles."""

    def start(self) -> None:
        """Keep what is known fresh, in a thread of its own, until `close`."""
        ...

    def close(self) -> None:
        """Stop, and write what waits to be written."""
        ...

    def admit(self, request: Request, roles: frozenset[Role]) -> Caller:
        """Say who asks; called on the event loop, so it must not wait for anything.

        Raises
        ------
        ProblemError
            ``unauthenticated`` without a valid key, ``forbidden`` without one of the roles.
        """
        ...

    def look(self, caller: Caller, route: str, subject: str) -> None:
        """Take down that personal data is about to be shown.

        Raises
        ------
        ProblemError
            ``unavailable`` where the access log cannot keep up.
        """
        ...


def needs(*roles: Role) -> Callable[[Request], Awaitable[Caller]]:
    """Make the dependency of a route that some roles may use; an administrator always may."""
    wanted = frozenset[Role]((*roles, "admin"))

    async def admitted(request: Request) -> Caller:
        gate: Gate = request.app.state.gate
        caller = gate.admit(request, wanted)
        request.state.caller = caller
        return caller

    return admitted


class AccessGate:
    """Admits keys and sessions, each at its rate, and takes down who sees personal data.

    ``admit`` reads memory alone, so it never holds the event loop up.
    """

    def __init__(self, access: Access) -> None:
        self.access = access

    def start(self) -> None:
        """Read keys and users anew, and write looks, each second."""
        self.access.start()

    def close(self) -> None:
        """Stop, and write the looks that wait."""
        self.access.close()

    def admit(self, request: Request, roles: frozenset[Role]) -> Caller:
        """Say who asks; see `zhenzan.api.gate.Gate`."""
        who = self._who(request)
        if who is None:
            raise ProblemError(
                "unauthenticated",
                "give a valid key as `Authorization: Bearer KEY`, or sign in",
                "请以 `Authorization: Bearer KEY` 提供有效密钥，或登录",
            )
        wait_s = self.access.wait_s(who)
        if wait_s:
            raise ProblemError(
                "overloaded", "the key asks more often than it may", "该密钥的请求过于频繁",
                retry_after_s=wait_s,
            )  # fmt: skip
        if not who.roles & roles:
            raise ProblemError("forbidden", "the roles held do not allow it", "所持角色无此权限")
        caller = Caller(who.name, who.roles, who.merchant_id)
        self._look(request, caller)
        return caller

    def _who(self, request: Request) -> Identity | None:
        scheme, _, key = request.headers.get("authorization", "").partition(" ")
        if scheme:
            # What bears a key is no browser's doing: the cookie beside it is not looked at.
            return self.access.keys.check(key.strip()) if scheme.lower() == "bearer" else None
        cookie = request.cookies.get(COOKIE)
        if cookie is None:
            return None
        token = request.headers.get(CSRF_HEADER)
        return self.access.users.check(cookie, token, changes=request.method not in SAFE)

    def look(self, caller: Caller, route: str, subject: str) -> None:
        """Take down a look; see `zhenzan.api.gate.Gate`."""
        if not self.access.look(caller.name, route, subject):
            raise ProblemError(
                "unavailable", "the access log cannot keep up", "访问日志暂时无法写入",
                retry_after_s=5.0,
            )  # fmt: skip

    def _look(self, request: Request, caller: Caller) -> None:
        # Not the path of `request.url`, which ends where an id has a question mark in it.
        path: str = request.scope["path"]
        for start, route in PERSONAL.items():
            if path.startswith(start):
                self.look(caller, route, path[len(start) :][:500])


def open_gate(store: Store) -> tuple[AccessGate, str | None]:
    """Open the gate of a store; make a token for whoever comes first where nobody can enter.

    Returns
    -------
    tuple
        The gate, and the token, to be shown once; None where there is a key or a user.
    """
    access = Access(store)
    return AccessGate(access), access.first_token()
