"""What the service measures of itself, in the format of Prometheus; a registry of its own."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
"""Bounds around the target of 10 ms (design.md, "Numbers it lives by")."""


class Metrics:
    """The counters of one application; two in one process do not share any."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.interactions = Counter(
            "zhenzan_interactions",
            "Interactions by what came of them.",
            ["status"],
            registry=self.registry,
        )
        self.requests = Counter(
            "zhenzan_requests",
            "Requests by route and status.",
            ["route", "status"],
            registry=self.registry,
        )
        self.seconds = Histogram(
            "zhenzan_request_seconds",
            "Seconds from request to answer, by route.",
            ["route"],
            buckets=_SECONDS,
            registry=self.registry,
        )
        self.deliveries = Counter(
            "zhenzan_webhook_attempts",
            "Attempts to deliver to a webhook, by what came of them.",
            ["outcome"],
            registry=self.registry,
        )
        self._figures: dict[str, Gauge] = {}

    @cache  # noqa: B019  a few routes and statuses; the metrics live as long as the application
    def _request(self, route: str, status: int) -> tuple[Counter, Histogram]:
        return self.requests.labels(route, str(status)), self.seconds.labels(route)

    def answered(self, route: str, status: int, seconds: float) -> None:
        """Count a request that was answered."""
        count, spread = self._request(route, status)
        count.inc()
        spread.observe(seconds)

    def taken(self, status: str, count: int) -> None:
        """Count interactions by what came of them."""
        self.interactions.labels(status).inc(count)

    def text(self, figures: Mapping[str, object]) -> bytes:
        """Write every metric, and numbers of the moment as gauges.

        Parameters
        ----------
        figures
            Names and numbers; what is no number is left out.
        """
        for name, value in figures.items():
            if isinstance(value, int | float):
                if name not in self._figures:
                    self._figures[name] = Gauge(
                        f"zhenzan_{name}", "A figure of the moment.", registry=self.registry
                    )
                self._figures[name].set(float(value))
        return generate_latest(self.registry)
