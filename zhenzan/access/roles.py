"""The roles, and the one rule of who sees which merchant."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, get_args

from zhenzan.errors import AccessError, nearest

Role = Literal["viewer", "analyst", "reviewer", "operator", "merchant", "admin"]

ROLES: tuple[Role, ...] = get_args(Role)
"""What each may do stands in docs/security.md as a table of routes; a test tries every cell."""


def roles_of(words: Iterable[str], merchant_id: str | None) -> frozenset[Role]:
    """Check roles that somebody is to have.

    Raises
    ------
    AccessError
        A role is unknown, there is none, or merchant and another role meet: who sees all
        merchants and is one of them would see its rivals.
    """
    found = frozenset(words)
    for word in sorted(found):
        if word not in ROLES:
            raise AccessError(f"no role is named `{word}`", hint=nearest(word, ROLES))
    if not found:
        raise AccessError("a role is needed", hint="one of " + ", ".join(ROLES))
    if ("merchant" in found) != (merchant_id is not None) or (
        "merchant" in found and len(found) > 1
    ):
        raise AccessError(
            "the role merchant stands alone and names its merchant",
            hint="give `--merchant ID` with the role merchant, and with no other",
        )
    return frozenset(role for role in ROLES if role in found)
