"""The verb ``zhenzan sim``: play a scenario of the closed simulator and write its log."""

from __future__ import annotations

import json as json_text
import time
from pathlib import Path
from typing import Annotated

import typer

from zhenzan.sim import scenarios, write
from zhenzan.sim.shape import SHAPES


def sim(
    out: Annotated[Path, typer.Option("--out", help="Folder that receives the Parquet files.")],
    scenario: Annotated[
        str, typer.Option("--scenario", help="One of: " + ", ".join(sorted(scenarios.SCENARIOS)))
    ] = "day",
    seed: Annotated[int, typer.Option("--seed", help="Seed that repeats the run.")] = 7,
    days: Annotated[int | None, typer.Option("--days", min=1, help="Length of the log.")] = None,
    accounts: Annotated[
        int | None, typer.Option("--accounts", min=50, help="Size of the platform.")
    ] = None,
    shape: Annotated[
        str | None, typer.Option("--shape", help="One of: " + ", ".join(sorted(SHAPES)))
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Play a simulated platform and write interactions, labels, accounts and items."""
    began = time.perf_counter()
    setup = scenarios.Setup(seed=seed, days=days, accounts=accounts, shape=shape)
    played = scenarios.run(scenario, setup)
    paths = write(played, out)
    facts = {
        "scenario": scenario,
        "seed": seed,
        **played.counts(),
        "seconds": round(time.perf_counter() - began, 2),
        "files": {name: str(path) for name, path in paths.items()},
    }
    if json:
        typer.echo(json_text.dumps(facts, indent=2))
        return
    typer.echo(
        f"{facts['interactions']:,} interactions, {facts['likes']:,} likes, "
        f"{facts['likes_inauthentic']:,} of them made by order, in {facts['seconds']} s"
    )
    for path in paths.values():
        typer.echo(str(path))
