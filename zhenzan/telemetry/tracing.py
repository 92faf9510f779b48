"""Spans of the way of an interaction, sent where the extra is installed and asked for.

Off unless it is asked for: then every `span` costs one comparison. Names of spans are ``receive``,
``journal``, ``score``, ``count`` and ``answer``; a group that several calls share has links to
them.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING, Any

from zhenzan.errors import MissingExtra

if TYPE_CHECKING:
    from opentelemetry.sdk.trace.export import SpanExporter
    from opentelemetry.trace import Tracer


class Tracing:
    """Makes spans, or nothing while it is off."""

    def __init__(self) -> None:
        self._tracer: Tracer | None = None
        self._provider: Any = None

    @property
    def is_on(self) -> bool:
        """Whether spans are made."""
        return self._tracer is not None

    def switch_on(self, exporter: SpanExporter | None = None, *, at_once: bool = False) -> None:
        """Make spans from now on.

        Parameters
        ----------
        exporter
            Where spans go; by default OTLP over HTTP, as the standard variables of the
            environment say (``OTEL_EXPORTER_OTLP_ENDPOINT`` and its kin).
        at_once
            True hands each span on as it ends, which waits for the exporter.

        Raises
        ------
        MissingExtra
            OpenTelemetry is not installed.
        """
        try:
            from opentelemetry.sdk.resources import Resource
            from opentelemetry.sdk.trace import TracerProvider
            from opentelemetry.sdk.trace.export import BatchSpanProcessor, SimpleSpanProcessor

            if exporter is None:
                from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

                exporter = OTLPSpanExporter()
        except ImportError as error:
            raise MissingExtra("tracing", package="opentelemetry-sdk") from error
        self._provider = TracerProvider(resource=Resource.create({"service.name": "zhenzan"}))
        processor = SimpleSpanProcessor if at_once else BatchSpanProcessor
        self._provider.add_span_processor(processor(exporter))
        self._tracer = self._provider.get_tracer("zhenzan")

    def switch_off(self) -> None:
        """Send what waits, and make no more."""
        self._tracer = None
        if self._provider is not None:
            self._provider.shutdown()
            self._provider = None

    def span(
        self, name: str, *, rows: int, links: Sequence[object] = ()
    ) -> AbstractContextManager[object | None]:
        """Make a span around a block; give what another span may be linked to.

        Parameters
        ----------
        links
            What spans gave that this one continues.
        """
        tracer = self._tracer
        return _NOTHING if tracer is None else _made(tracer, name, rows, links)

    def here(self) -> object | None:
        """Give what a span may be linked to that is made elsewhere for the present one."""
        if self._tracer is None:
            return None
        from opentelemetry.trace import get_current_span

        return get_current_span().get_span_context()


_NOTHING = nullcontext()
"""What stands for every span while tracing is off; it holds no state."""


@contextmanager
def _made(
    tracer: Tracer, name: str, rows: int, links: Sequence[object]
) -> Generator[object | None]:
    from opentelemetry.trace import Link, SpanContext

    linked = [Link(link) for link in links if isinstance(link, SpanContext)]
    with tracer.start_as_current_span(
        f"zhenzan.{name}", links=linked, attributes={"zhenzan.rows": rows}
    ) as made:
        yield made.get_span_context()


TRACING = Tracing()
"""The one of the process: spans are made in threads that share nothing else."""
