"""The options of the verbs that read a platform's own log, as `training.history` takes them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Mapping = Annotated[str | None, typer.Option("--map", help="Mapping file for a foreign log.")]
Accounts = Annotated[
    Path | None, typer.Option("--accounts", help="Side table of accounts (Parquet).")
]
Items = Annotated[Path | None, typer.Option("--items", help="Side table of items.")]
Networks = Annotated[
    Path | None, typer.Option("--networks", help="Address ranges with their kind.")
]
