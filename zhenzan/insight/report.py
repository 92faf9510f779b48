"""Writes the report: one HTML file that needs no network, in two languages."""

from __future__ import annotations

import base64
import hashlib
from importlib import resources
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from zhenzan.glossary import LANGUAGES
from zhenzan.insight import affected, drawing, graph, groups, overview, protection, raster, tables
from zhenzan.insight.limits import RAW_CHARS_MAX
from zhenzan.insight.outputs import Outputs
from zhenzan.insight.visible import visible
from zhenzan.insight.wording import Wording

REPORT_NAME = "report.html"

SHOWN_WORDS = (
    "claimed",
    "counted",
    "held",
    "excluded",
    "campaign",
    "evidence_family",
    "group",
    "benign_lockstep",
    "contamination",
    "qualified_traffic",
    "conversion",
    "natural_like_rate",
    "authentic_engagement",
    "health",
)
"""Words explained at the end of the report; likes, traffic and conversion stay apart (S0-10)."""


def write_report(out_dir: Path) -> Path:
    """Write ``report.html`` from the output files in ``out_dir`` and give its path.

    Reads the files, changes none of them, and needs nothing but them.

    Raises
    ------
    SourceError
        The folder, or a file no report can do without, is missing or cannot be read.
    """
    with Outputs(Path(out_dir)) as outputs:
        facts = collect(outputs)
    path = Path(out_dir) / REPORT_NAME
    path.write_text(render(facts), encoding="utf-8")
    return path


def collect(outputs: Outputs) -> dict[str, Any]:
    """Read everything that the report shows, free of any language."""
    cards = affected.affected_items(outputs)
    bars, step_us = overview.timeline(outputs)
    summary = outputs.summary()
    return {
        "totals": overview.totals(outputs),
        "bars": bars,
        "bar_us": step_us,
        "chart": drawing.time_chart(bars, step_us),
        "horizons": overview.horizons(outputs),
        "cards": cards,
        "funnels": {card.row["item_id"]: drawing.funnel(card.steps) for card in cards},
        "rasters": raster.rasters(outputs, affected.item_ids(cards)),
        "groups": groups.groups(outputs),
        "items": tables.items(outputs),
        "accounts": tables.accounts(outputs),
        "merchants": tables.merchants(outputs),
        "families": protection.families(outputs),
        "rises": protection.rises(outputs),
        "rejects": tables.rejects(outputs),
        "computed": tables.computed(summary),
    }


def render(facts: dict[str, Any]) -> str:
    """Write the facts as one HTML page."""
    style, script = _asset("report.css"), _asset("report.js")
    page = _environment().get_template("report.html.j2")
    return page.render(
        **facts,
        editions=[Wording(language) for language in LANGUAGES],
        style=Markup(style),
        script=Markup(script),
        policy=policy(style, script),
        shown_words=SHOWN_WORDS,
        graph_icons={role: shape.format(x=8, y=8) for role, shape in graph.NODES.items()},
        aes_components=tables.AES_COMPONENTS,
    )


def policy(style: str, script: str) -> str:
    """Write the content-security policy: nothing loads, and only these two texts run."""
    return (
        f"default-src 'none'; style-src 'sha256-{_digest(style)}'; "
        f"script-src 'sha256-{_digest(script)}'; base-uri 'none'; form-action 'none'"
    )


def _digest(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _asset(name: str) -> str:
    folder = resources.files("zhenzan.insight") / "templates"
    return (folder / name).read_text(encoding="utf-8").strip()


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("zhenzan.insight", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.do"],
    )
    environment.filters["visible"] = visible
    environment.filters["raw"] = lambda text: visible(text, chars_max=RAW_CHARS_MAX)
    return environment
