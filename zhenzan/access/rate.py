"""How often a key may ask: a bucket of tokens each, filled at a steady rate."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

BUCKETS_MAX = 100_000
"""Buckets kept; the least recently used goes first, and a full one says nothing anyway."""


@dataclass(slots=True)
class _Bucket:
    tokens: float
    at_s: float


class RateLimits:
    """Buckets by name.

    Parameters
    ----------
    clock
        Seconds that never run backwards, such as ``time.monotonic``.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._buckets: dict[str, _Bucket] = {}

    def take(self, name: str, *, rate_per_s: float, burst: float) -> float:
        """Take a token; return 0.0, or the seconds until there is one again.

        Parameters
        ----------
        rate_per_s
            Tokens that come back each second.
        burst
            Most tokens that a bucket holds.
        """
        now = self._clock()
        bucket = self._buckets.pop(name, None) or _Bucket(burst, now)
        passed = max(0.0, now - bucket.at_s)
        bucket.tokens = min(burst, bucket.tokens + passed * rate_per_s)
        bucket.at_s = now
        self._buckets[name] = bucket  # the youngest stands last
        if len(self._buckets) > BUCKETS_MAX:
            del self._buckets[next(iter(self._buckets))]
        if bucket.tokens >= 1.0:
            bucket.tokens -= 1.0
            return 0.0
        return (1.0 - bucket.tokens) / rate_per_s
