"""Prints what an action did: a sentence for a person, or JSON."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]


def tell(told: Any, text: str, as_json: bool) -> None:
    """Print ``told`` as JSON if that was asked for, else ``text``."""
    typer.echo(json.dumps(told, indent=2, ensure_ascii=False) if as_json else text)
