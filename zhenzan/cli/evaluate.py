"""The verb ``zhenzan evaluate``: measure a scoring run against labels."""

from __future__ import annotations

import json as json_text
from pathlib import Path
from typing import Annotated

import pyarrow.parquet as pq
import typer

from zhenzan.errors import SourceError
from zhenzan.scoring.evaluation import evaluate as measure


def evaluate(
    out: Annotated[Path, typer.Argument(help="Folder that `zhenzan score` wrote.")],
    labels: Annotated[Path, typer.Option("--labels", help="Parquet file with the truth.")],
    json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Print what was caught, who was harmed and how fast, per attack and per honest twin."""
    tables = []
    for path in (out / "likes.parquet", labels):
        if not path.is_file():
            raise SourceError(f"`{path}` does not exist")
        try:
            tables.append(pq.read_table(path))
        except (OSError, ValueError) as error:
            raise SourceError(f"`{path}` cannot be read: {error}") from error
    result = measure(*tables)
    typer.echo(json_text.dumps(result.as_dict(), indent=2) if json else result.text())
