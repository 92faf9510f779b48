"""The shipped rules for Prometheus name metrics that exist, and the manual names them all."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

from zhenzan.api.metrics import Metrics

SOURCES = {
    "live": "zhenzan/live/pipeline.py",
    "broker": "zhenzan/broker/bridge.py",
    "database": "zhenzan/api/readiness.py",
    "retention": "zhenzan/access/retention/schedule.py",
}


def test_every_rule_rests_on_metrics_that_exist(root: Path):
    rules = yaml.safe_load((root / "docs/alerts.yaml").read_text("utf-8"))["groups"][0]["rules"]
    made = {metric.name for metric in Metrics().registry.collect()}
    for rule in rules:
        assert set(rule) == {"alert", "expr", "for", "annotations"}
        for name in re.findall(r"zhenzan_\w+", rule["expr"]):
            if re.sub(r"_(total|bucket)$", "", name) in made:
                continue
            _, part, figure = name.split("_", 2)
            names = (f'"{figure}":', f'"{part}_{figure}":')
            text = (root / SOURCES[part]).read_text("utf-8")
            assert any(word in text for word in names), name


def test_every_metric_is_in_the_manual(root: Path):
    manual = (root / "docs/observability.md").read_text("utf-8")
    for metric in Metrics().registry.collect():
        assert f"`{metric.name}" in manual, metric.name
