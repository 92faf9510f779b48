"""The verb ``zhenzan sim``: play a scenario of the closed simulator and write its log."""

from __future__ import annotations

import json as json_text
import time
from pathlib import Path
from typing import Annotated, Any

import pyarrow.parquet as pq
import typer

from zhenzan.errors import SourceError
from zhenzan.sim import Simulation, scenarios, write
from zhenzan.sim.exposure import counted_by
from zhenzan.sim.exposure import exposure as measure
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
    rank_by: Annotated[
        str | None,
        typer.Option(
            "--rank-by",
            help="Also measure exposure: `claimed`, or the likes.parquet of scoring this log.",
        ),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Play a simulated platform and write interactions, labels, accounts and items."""
    began = time.perf_counter()
    setup = scenarios.Setup(seed=seed, days=days, accounts=accounts, shape=shape)
    played = scenarios.run(scenario, setup)
    paths = write(played, out)
    facts: dict[str, Any] = {
        "scenario": scenario,
        "seed": seed,
        **played.counts(),
        "seconds": round(time.perf_counter() - began, 2),
        "files": {name: str(path) for name, path in paths.items()},
    }
    if rank_by is not None:
        facts |= _expose(played, out, rank_by)
    if json:
        typer.echo(json_text.dumps(facts, indent=2))
        return
    typer.echo(
        f"{facts['interactions']:,} interactions, {facts['likes']:,} likes, "
        f"{facts['likes_inauthentic']:,} of them made by order, in {facts['seconds']} s"
    )
    for name, lost in facts.get("displaced", {}).items():
        typer.echo(f"exposure that honest items lose when {name} likes rank: {lost:.2%}")
    for file in facts["files"].values():
        typer.echo(file)


def _expose(played: Simulation, out: Path, rank_by: str) -> dict[str, Any]:
    """Measure exposure with and without the filter, and write the items and the summary."""
    answers = None
    if rank_by != "claimed":
        columns = ["event_id", "count_state", "campaign"]
        try:
            answers = counted_by(played, pq.read_table(rank_by, columns=columns))
        except (OSError, ValueError) as error:
            raise SourceError(f"`{rank_by}` cannot be read: {error}") from error
    result = measure(played, answers)
    pq.write_table(result.table, out / "exposure.parquet", compression="zstd")
    (out / "exposure.json").write_text(json_text.dumps(result.summary(), indent=1), "utf-8")
    return {"displaced": result.displaced, "top_share": result.top_share}
