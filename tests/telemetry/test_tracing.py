"""Spans follow an interaction from its receipt to its answer, and cost nothing while off."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

import pytest
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from zhenzan.api.measured import MeasuredService
from zhenzan.api.metrics import Metrics
from zhenzan.counts.ledger import CountLedger
from zhenzan.live.opening import open_service
from zhenzan.settings import Settings
from zhenzan.store.engine import open_store
from zhenzan.telemetry.tracing import TRACING, Tracing
from zhenzan.testing.rows import client_rows


@pytest.fixture
def exporter() -> Generator[InMemorySpanExporter]:
    made = InMemorySpanExporter()
    TRACING.switch_on(made, at_once=True)
    yield made
    TRACING.switch_off()


def test_each_stage_of_a_call_is_a_span_that_leads_back_to_its_receipt(
    exporter: InMemorySpanExporter, tmp_path: Path
):
    store = open_store(tmp_path / "counts.db")
    live = open_service(tmp_path / "live", Settings(), CountLedger(store))
    service = MeasuredService(live, Metrics())
    answers = service.submit(client_rows(20, seed=1)).result(60)
    service.close()
    store.close()
    assert len(answers) == 20
    spans = {span.name: span for span in exporter.get_finished_spans()}
    assert set(spans) == {
        f"zhenzan.{name}" for name in ("receive", "journal", "score", "count", "answer")
    }
    received = spans["zhenzan.receive"].get_span_context()
    for name in ("journal", "score", "answer"):
        (link,) = spans[f"zhenzan.{name}"].links
        assert link.context.span_id == received.span_id
    for span in spans.values():
        assert set(span.attributes or {}) == {"zhenzan.rows"}, "no ids in a span"


def test_nothing_is_made_while_it_is_off():
    tracing = Tracing()
    assert not tracing.is_on
    with tracing.span("receive", rows=3) as made:
        assert made is None
        assert tracing.here() is None
