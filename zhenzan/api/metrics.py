"""What the service measures of itself, in the format of Prometheus; a registry of its own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache

from zhenzan.errors import MissingExtra

try:
    from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
except ImportError as error:
    raise MissingExtra("service", package="prometheus-client") from error

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
"""Bounds around the target of 10 ms (design.md, "Numbers it lives by")."""

_ROWS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000)
_LATE_SECONDS = (0.0, 0.001, 0.1, 1.0, 10.0, 60.0, 600.0, 3_600.0, 86_400.0)


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
        self._of_answers()
        self._of_stages()

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
        self._of(self.interactions, status).inc(count)

    @cache  # noqa: B019  few words each
    def _of(self, counter: Counter, *labels: str) -> Counter:
        made: Counter = counter.labels(*labels)
        return made

    def judged(self, count_state: str, families: Iterable[str], codes: Iterable[str]) -> None:
        """Count a like by its state, and what spoke against it."""
        self._of(self.likes, count_state).inc()
        for family in families:
            self._of(self.families, count_state, family).inc()
        for code in codes:
            self._of(self.fired, code).inc()

    def _of_answers(self) -> None:
        registry = self.registry
        self.likes = Counter(
            "zhenzan_likes", "Likes by count state at once.", ["count_state"], registry=registry
        )
        self.families = Counter(
            "zhenzan_likes_by_family",
            "Likes by count state at once and family of evidence among the reasons against them.",
            ["count_state", "family"],
            registry=registry,
        )
        self.fired = Counter(
            "zhenzan_reasons",
            "Reasons given for an inauthentic like, by detector or rule.",
            ["code"],
            registry=registry,
        )
        self.late = Histogram(
            "zhenzan_late_seconds",
            "Event time by which an interaction came behind the newest.",
            buckets=_LATE_SECONDS,
            registry=registry,
        )
        self.alarms = Gauge(
            "zhenzan_silence_alarm",
            "1 for each silence alarm that is on.",
            ["what", "name"],
            registry=registry,
        )

    def _of_stages(self) -> None:
        registry = self.registry
        self.batch_rows = Histogram(
            "zhenzan_batch_rows", "Rows of one call.", buckets=_ROWS, registry=registry
        )
        self.answer_seconds = Histogram(
            "zhenzan_answer_seconds",
            "Seconds from taking a call in to its answers.",
            buckets=_SECONDS,
            registry=registry,
        )
        self.overloads = Counter(
            "zhenzan_overloads", "Calls refused because too much waits.", registry=registry
        )
        self.sync_seconds = Histogram(
            "zhenzan_journal_sync_seconds",
            "Seconds that the disk took to make a group of the journal durable.",
            buckets=_SECONDS,
            registry=registry,
        )

    def text(self, figures: Mapping[str, object], alarms: Iterable[tuple[str, str]] = ()) -> bytes:
        """Write every metric, and numbers of the moment as gauges.

        Parameters
        ----------
        figures
            Names and numbers; what is no number is left out, and so is what was given before and
            is not now: an old figure would look like a new one.
        alarms
            What and name of each silence alarm that is on.
        """
        self.alarms.clear()
        for what, name in alarms:
            self.alarms.labels(what, name).set(1)
        numbers = {n: v for n, v in figures.items() if isinstance(v, int | float)}
        for name in self._figures.keys() - numbers.keys():
            self.registry.unregister(self._figures.pop(name))
        for name, value in numbers.items():
            if name not in self._figures:
                self._figures[name] = Gauge(
                    f"zhenzan_{name}", "A figure of the moment.", registry=self.registry
                )
            self._figures[name].set(float(value))
        return generate_latest(self.registry)
