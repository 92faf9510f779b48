"""Users with passwords, and their sessions in a browser.

A session ends after half an hour without a request and after twelve hours whatever happens. Its
cookie is of no use to another site: what changes anything also needs the token that only the page
of the session was given (synchroniser token).
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sqlalchemy import delete, func, insert, select, update

from zhenzan.access.audit import AuditLog
from zhenzan.access.first import FirstTokens
from zhenzan.access.identity import Identity
from zhenzan.access.keys import BURST, RATE_PER_S
from zhenzan.access.rate import RateLimits
from zhenzan.access.roles import Role, roles_of
from zhenzan.access.secret import digest, matches, new_secret
from zhenzan.clock import HOUR_US, MINUTE_US, Clock, system
from zhenzan.errors import AccessError, MissingExtra
from zhenzan.store.tables.access import SESSIONS, USERS
from zhenzan.store.text import is_storable

try:
    from argon2 import PasswordHasher
    from argon2.exceptions import InvalidHashError, VerificationError
except ImportError as error:
    raise MissingExtra("service", package="argon2-cffi") from error

if TYPE_CHECKING:
    from collections.abc import Iterable

    from zhenzan.store.engine import Store

PASSWORD_CHARS_MIN = 12
PASSWORD_CHARS_MAX = 1_000
IDLE_US = 30 * MINUTE_US
LIFETIME_US = 12 * HOUR_US

TRIES_PER_S = 5 / 60
TRIES_BURST = 5.0
ALL_TRIES_PER_S = 5.0
ALL_TRIES_BURST = 20.0
"""Passwords tried per name: five at once, then five a minute; over all
names, as many as one core can hash beside its work."""

_SEEN_STEP_US = MINUTE_US


@dataclass(frozen=True, slots=True)
class User:
    """A person who may sign in."""

    name: str
    password_hash: str
    roles: frozenset[Role]
    merchant_id: str | None
    active: bool
    created_us: int
    closed_us: int | None


@dataclass(frozen=True, slots=True)
class Session:
    """A browser that somebody signed in with."""

    sha256: str
    csrf_sha256: str
    name: str
    created_us: int
    seen_us: int


@dataclass(frozen=True, slots=True)
class SignedIn:
    """What a browser gets: the cookie, and the token that its page sends with every change."""

    cookie: str
    csrf: str
    identity: Identity


class UserBook:
    """All users and sessions of a store.

    Parameters
    ----------
    rates
        Bounds how often passwords are tried.
    """

    def __init__(self, store: Store, rates: RateLimits, *, clock: Clock = system) -> None:
        self._store = store
        self._rates = rates
        self._clock = clock
        self._audit = AuditLog(store, clock=clock)
        self._first = FirstTokens(store, clock=clock)
        self._hasher = PasswordHasher()
        self._nobody = self._hasher.hash(new_secret())
        self._users: dict[str, User] = {}
        self._sessions: dict[str, Session] = {}
        self._lock = threading.Lock()
        self.refresh()

    def refresh(self) -> None:
        """Read users and sessions anew, write when sessions were seen, and end what is over."""
        now = self._now()
        with self._lock:
            seen = {key: session.seen_us for key, session in self._sessions.items()}
        with self._store.reading() as connection:
            users = connection.execute(select(USERS)).all()
            sessions = connection.execute(select(SESSIONS)).all()
        stale = {s.sha256: seen[s.sha256] for s in sessions
                 if seen.get(s.sha256, 0) >= s.seen_us + _SEEN_STEP_US}  # fmt: skip
        kept = {
            row.sha256: replace(
                Session(**row._mapping), seen_us=max(row.seen_us, seen.get(row.sha256, 0))
            )
            for row in sessions
        }
        over = [key for key, session in kept.items() if _is_over(session, now)]
        if stale or over:
            with self._store.writing() as connection:
                for key, at in stale.items():
                    connection.execute(
                        update(SESSIONS).where(SESSIONS.c.sha256 == key).values(seen_us=at)
                    )
                if over:
                    connection.execute(delete(SESSIONS).where(SESSIONS.c.sha256.in_(over)))
        with self._lock:
            self._users = {
                row.name: User(**{**row._mapping, "roles": frozenset(row.roles.split())})
                for row in users
            }
            # Who signed in while the tables were read is not in what was read.
            young = {key: s for key, s in self._sessions.items() if s.created_us >= now}
            self._sessions = young | {key: s for key, s in kept.items() if key not in over}

    def add(
        self,
        name: str,
        password: str,
        roles: Iterable[str],
        *,
        by: str,
        merchant_id: str | None = None,
    ) -> None:
        """Add a user.

        Raises
        ------
        AccessError
            The name is taken, the password too short, or the roles do not fit together.
        """
        row = self._row(name, password, roles, merchant_id)
        with self._store.writing() as connection:
            if connection.scalar(select(USERS.c.name).where(USERS.c.name == name)):
                raise AccessError(f"a user is named `{name}` already")
            connection.execute(insert(USERS), row)
            self._audit.note_in(connection, by, "add user", name, {"roles": row["roles"]})
        self.refresh()

    def close_account(self, name: str, *, by: str) -> None:
        """Let a user in no longer, and end every session.

        Raises
        ------
        AccessError
            No user has this name.
        """
        with self._store.writing() as connection:
            done = connection.execute(
                update(USERS)
                .where(USERS.c.name == name)
                .values(active=False, closed_us=func.coalesce(USERS.c.closed_us, self._now()))
            )
            if done.rowcount != 1:
                raise AccessError(f"no user is named `{name}`")
            connection.execute(delete(SESSIONS).where(SESSIONS.c.name == name))
            self._audit.note_in(connection, by, "close account", name, {})
        self.refresh()

    def sign_in(self, name: str, password: str) -> SignedIn | None:
        """Check a password and begin a session; None where it is wrong. Takes its time on purpose.

        Raises
        ------
        AccessError
            Too many passwords were tried for this name; try again later.
        """
        if not is_storable(name):
            return None  # no user has it
        wait_s = self._rates.take("sign in", rate_per_s=ALL_TRIES_PER_S, burst=ALL_TRIES_BURST)
        wait_s = wait_s or self._rates.take(
            f"sign in {name}", rate_per_s=TRIES_PER_S, burst=TRIES_BURST
        )
        if wait_s:
            raise AccessError("too many passwords were tried", hint=f"wait {wait_s:.0f} s")
        user = self._users.get(name)
        try:
            # An unknown name takes as long as a wrong password.
            self._hasher.verify(user.password_hash if user else self._nobody,
                                password[:PASSWORD_CHARS_MAX])  # fmt: skip
        except (VerificationError, InvalidHashError):
            self._audit.note(f"user {name}", "sign in refused", name)
            return None
        if user is None or not user.active:
            return None
        cookie, csrf, now = new_secret(), new_secret(), self._now()
        row = {
            "sha256": digest(cookie), "csrf_sha256": digest(csrf), "name": name,
            "created_us": now, "seen_us": now,
        }  # fmt: skip
        with self._store.writing() as connection:
            connection.execute(insert(SESSIONS), row)
            self._audit.note_in(connection, f"user {name}", "sign in", name, {})
        with self._lock:
            self._sessions[digest(cookie)] = Session(**row)  # type: ignore[arg-type]
        return SignedIn(cookie, csrf, _identity(user))

    def sign_out(self, cookie: str) -> None:
        """End a session."""
        key = digest(cookie)
        with self._lock:
            session = self._sessions.pop(key, None)
        if session is not None:
            with self._store.writing() as connection:
                connection.execute(delete(SESSIONS).where(SESSIONS.c.sha256 == key))
                self._audit.note_in(
                    connection, f"user {session.name}", "sign out", session.name, {}
                )

    def check(self, cookie: str, csrf: str | None, *, changes: bool) -> Identity | None:
        """Say whose session this is, and that it was seen.

        Parameters
        ----------
        csrf
            Token that came beside the cookie.
        changes
            Whether the request can change anything; then the token is needed.
        """
        now, key = self._now(), digest(cookie)
        with self._lock:
            session = self._sessions.get(key)
            user = self._users.get(session.name) if session else None
            if session is None or user is None or not user.active or _is_over(session, now):
                return None
            if changes and not matches(csrf or "", session.csrf_sha256):
                return None
            self._sessions[key] = replace(session, seen_us=now)
        return _identity(user)

    def begin(self, token: str, name: str, password: str) -> None:
        """Make the first administrator with the token that the first start printed.

        Raises
        ------
        AccessError
            The token opens nothing, or the password is too short.
        """
        row = self._row(name, password, ["admin"], None)
        with self._store.writing() as connection:
            self._first.spend_in(connection, token)
            connection.execute(insert(USERS), row)
            self._audit.note_in(connection, "first token", "add user", name, {"roles": "admin"})
        self.refresh()

    def _row(
        self, name: str, password: str, roles: Iterable[str], merchant_id: str | None
    ) -> dict[str, object]:
        held = roles_of(roles, merchant_id)
        if not name.strip() or len(name) > 200 or not is_storable(name):
            raise AccessError("a user needs a name of up to 200 characters")
        if not PASSWORD_CHARS_MIN <= len(password) <= PASSWORD_CHARS_MAX:
            raise AccessError(f"a password has at least {PASSWORD_CHARS_MIN} characters")
        return {
            "name": name, "password_hash": self._hasher.hash(password),
            "roles": " ".join(sorted(held)), "merchant_id": merchant_id, "active": True,
            "created_us": self._now(),
        }  # fmt: skip

    def _now(self) -> int:
        return int(self._clock() * 1e6)


def _is_over(session: Session, now_us: int) -> bool:
    return now_us >= session.seen_us + IDLE_US or now_us >= session.created_us + LIFETIME_US


def _identity(user: User) -> Identity:
    return Identity(f"user {user.name}", user.roles, user.merchant_id, RATE_PER_S, BURST)
