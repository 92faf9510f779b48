"""Secrets: made of chance, shown once, kept as a hash."""

from __future__ import annotations

import hashlib
import hmac
import secrets

SECRET_BYTES = 32
"""256 bits of chance: nobody finds such a secret by trying, so a fast hash of it is enough; what
people choose themselves goes through Argon2id (``users``)."""


def new_secret() -> str:
    """Make a secret; the text is safe in a header, a cookie and an address."""
    return secrets.token_urlsafe(SECRET_BYTES)


def digest(secret: str) -> str:
    """Hash a secret for keeping."""
    return hashlib.sha256(secret.encode("utf-8", "surrogateescape")).hexdigest()


def matches(secret: str, kept: str) -> bool:
    """Compare a secret with a kept hash in a time that does not depend on either."""
    return hmac.compare_digest(digest(secret), kept)
