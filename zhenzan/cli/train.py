"""``zhenzan train``: a history in, a version of a model out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from zhenzan.cli.history import Accounts, Items, Mapping, Networks
from zhenzan.cli.progress import progress_bar


def train(  # noqa: PLR0913  one parameter per flag
    history: Annotated[str, typer.Argument(help="The platform's own log, as for `score`.")],
    out: Annotated[Path, typer.Option("--out", help="Folder of models.")] = Path("models"),
    mapping: Mapping = None,
    accounts: Accounts = None,
    items: Items = None,
    networks: Networks = None,
    outcomes: Annotated[
        Path | None,
        typer.Option("--outcomes", help="Parquet: event_id, outcome, decided_at."),
    ] = None,
    labels: Annotated[
        Path | None, typer.Option("--labels", help="Parquet: event_id, is_inauthentic.")
    ] = None,
    attacks: Annotated[
        str | None, typer.Option("--attacks", help="Attacks to inject, by comma; all otherwise.")
    ] = None,
    rounds: Annotated[int, typer.Option("--rounds", min=1, help="Injections to learn from.")] = 3,
    weights: Annotated[
        str | None,
        typer.Option("--weights", help="Such as `injection=1,outcomes=3,labels=3`."),
    ] = None,
    harm_max: Annotated[
        float, typer.Option("--harm-max", help="Share of honest likes that may be excluded.")
    ] = 0.001,
    cost: Annotated[
        float | None,
        typer.Option("--cost", help="What a wrongly excluded like costs, in likes missed."),
    ] = None,
    seed: Annotated[int, typer.Option("--seed", help="Seed that repeats the training.")] = 7,
    as_json: Annotated[bool, typer.Option("--json", help="Print the facts as JSON.")] = False,
) -> None:
    """Train a model on a history: injected attacks, outcomes and labels."""
    from zhenzan.training.calibrate import Aim
    from zhenzan.training.examples import source_of
    from zhenzan.training.history import read_history
    from zhenzan.training.job import Plan
    from zhenzan.training.job import train as run
    from zhenzan.training.truth import read_labels, read_outcomes

    plan = Plan(
        seed=seed,
        rounds=rounds,
        attacks=tuple(attacks.split(",")) if attacks else (),
        source=source_of(weights or ""),
        aim=Aim(harm_max, cost),
    )
    verdicts = [read_labels(labels)] if labels else []
    verdicts += [read_outcomes(outcomes)] if outcomes else []
    log = read_history(history, mapping=mapping, accounts=accounts, items=items, networks=networks)
    with progress_bar() as advance:
        facts = run(log, out, plan, verdicts=verdicts, progress=advance)
    if as_json:
        typer.echo(json.dumps(facts, indent=1))
        return
    for moment, one in facts["moments"].items():
        test = one["test"]
        typer.echo(
            f"{moment}, on {test['truth']} of the last part: average precision "
            f"{test['stronger']['average_precision']:.3f}, "
            f"by the evidence alone {test['evidence']['average_precision']:.3f}"
        )
    typer.echo(f"Version {facts['version']}: {facts['folder']}/card.md", color=False)
