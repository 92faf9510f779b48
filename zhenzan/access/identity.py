"""Who somebody is, once a key or a session has been checked."""

from __future__ import annotations

from dataclasses import dataclass

from zhenzan.access.roles import Role


@dataclass(frozen=True, slots=True)
class Identity:
    """Somebody who may ask.

    Attributes
    ----------
    name
        For the logs: ``key NAME (PREFIX)`` or ``user NAME``.
    merchant_id
        The one merchant that the role merchant may see.
    rate_per_s, burst
        How often it may ask.
    """

    name: str
    roles: frozenset[Role]
    merchant_id: str | None
    rate_per_s: float
    burst: float
