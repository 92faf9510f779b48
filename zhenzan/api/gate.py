"""Who may use a route: the one place where keys and roles plug in.

A route names the roles that may use it with `needs`; the gate of the application says who is
asking. `FirstKeyGate` knows one key, printed once at the first start and kept as a hash; it is
the key of an administrator.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from sqlalchemy import insert, select
from starlette.requests import Request

from zhenzan.access.roles import Role
from zhenzan.api.problem import ProblemError
from zhenzan.store.tables.keys import FIRST_KEYS

if TYPE_CHECKING:
    from zhenzan.store.engine import Store

KEY_BYTES = 32
"""256 bits of chance: nobody finds such a key by trying, so a fast hash of it is enough."""


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

    def admit(self, request: Request, roles: frozenset[Role]) -> Caller:
        """Say who asks; called on the event loop, so it must not wait for anything.

        Raises
        ------
        ProblemError
            ``unauthenticated`` without a valid key, ``forbidden`` without one of the roles.
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


class FirstKeyGate:
    """Admits the holder of the key that the first start printed.

    Parameters
    ----------
    hashes
        SHA-256 of every key that is valid.
    """

    def __init__(self, hashes: list[bytes]) -> None:
        self._hashes = hashes

    def admit(self, request: Request, roles: frozenset[Role]) -> Caller:
        """Admit the bearer of the key as an administrator, who may use every route."""
        assert "admin" in roles
        given = request.headers.get("authorization", "")
        scheme, _, key = given.partition(" ")
        digest = _digest(key.strip())
        known = any(hmac.compare_digest(digest, stored) for stored in self._hashes)
        if scheme.lower() != "bearer" or not known:
            raise ProblemError(
                "unauthenticated",
                "give the key as `Authorization: Bearer KEY`",
                "请以 `Authorization: Bearer KEY` 提供密钥",
            )
        return Caller("first key", frozenset[Role](("admin",)))


def first_key(store: Store) -> tuple[FirstKeyGate, str | None]:
    """Open the gate; make its key where the store has none yet.

    Returns
    -------
    tuple
        The gate, and the new key, to be shown once; None where there was one already.
    """
    with store.writing() as connection:
        hashes = list(connection.scalars(select(FIRST_KEYS.c.sha256)))
        if hashes:
            return FirstKeyGate([bytes.fromhex(text) for text in hashes]), None
        key = f"zz_{secrets.token_urlsafe(KEY_BYTES)}"
        connection.execute(insert(FIRST_KEYS), {"sha256": _digest(key).hex()})
    return FirstKeyGate([_digest(key)]), key


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode("utf-8", "surrogateescape")).digest()
