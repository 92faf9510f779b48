"""``zhenzan settings``: every number an operator may change, and where it came from."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from zhenzan.settings import Settings, load


def settings(
    file: Annotated[
        Path | None, typer.Option("--settings", help="Settings file (YAML) to read as well.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the table as JSON.")] = False,
) -> None:
    """Print each setting, its value, and where the value came from."""
    rows = table(file)
    if as_json:
        typer.echo(json.dumps(rows, indent=2))
        return
    shown = Table(box=None, pad_edge=False)
    shown.add_column("setting")
    shown.add_column("value", justify="right")
    shown.add_column("from")
    shown.add_column("limits", justify="right")
    shown.add_column("meaning")
    for row in rows:
        limits = f"{row['low']:,} to {row['high']:,}"
        shown.add_row(row["name"], f"{row['value']:,}", row["origin"], limits, row["sentence"])
    Console().print(shown)


def table(file: Path | None = None) -> list[dict[str, Any]]:
    """List the settings with value, origin, default, limits and meaning."""
    values, origins = load(file=file)
    return [
        {
            "name": row.name,
            "value": getattr(values, row.name),
            "origin": origins[row.name],
            "default": row.default,
            **row.metadata,
        }
        for row in dataclasses.fields(Settings)
    ]
