"""``zhenzan redteam``: what an attack costs that gets past a model."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from zhenzan.cli.history import Accounts, Items, Mapping, Networks


def redteam(  # noqa: PLR0913  one parameter per flag
    history: Annotated[str, typer.Argument(help="The platform's own log, as for `train`.")],
    models: Annotated[Path, typer.Option("--model", help="Folder of models.")],
    version: Annotated[
        str | None,
        typer.Option(
            "--version", help="Model to attack first, `none` for the evidence; else the promoted."
        ),
    ] = None,
    mapping: Mapping = None,
    accounts: Accounts = None,
    items: Items = None,
    networks: Networks = None,
    rounds: Annotated[int, typer.Option("--rounds", min=1, help="Rounds of learning.")] = 3,
    candidates: Annotated[
        int, typer.Option("--candidates", min=2, help="Orders tried at a time.")
    ] = 14,
    halvings: Annotated[int, typer.Option("--halvings", min=1, help="Halvings a round.")] = 2,
    wanted: Annotated[
        int, typer.Option("--wanted", min=1, help="Counted likes that a buyer wants on one item.")
    ] = 100,
    injections: Annotated[
        int, typer.Option("--injections", min=1, help="Injections to learn from, each round.")
    ] = 1,
    seed: Annotated[int, typer.Option("--seed", help="Seed that repeats the search.")] = 7,
    diagram: Annotated[
        Path | None, typer.Option("--diagram", help="Draw the prices of all models here (SVG).")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the rounds as JSON.")] = False,
) -> None:
    """Search the simulator for the cheapest attack that survives a model, and learn."""
    from zhenzan.training.history import read_history
    from zhenzan.training.job import Plan
    from zhenzan.training.price_diagram import price_diagram
    from zhenzan.training.pricing import advertising_yuan
    from zhenzan.training.redteam import Search, attack

    log = read_history(history, mapping=mapping, accounts=accounts, items=items, networks=networks)
    price = advertising_yuan(log)
    if not as_json:
        typer.echo("Simulation only: attacks are played in a copy of the log and nowhere else.")
        if price is not None:
            typer.echo(f"An honest like by advertising costs about {price:.2f} yuan.")
    search = Search(
        rounds=rounds, candidates=candidates, halvings=halvings, wanted=wanted, seed=seed
    )
    outcome = attack(
        log,
        models,
        Plan(seed=seed, rounds=injections),
        search,
        version=version,
        **({} if as_json else {"report": typer.echo}),
    )
    if diagram is not None:
        diagram.write_text(price_diagram(outcome, price), "utf-8")
    if as_json:
        plain = {"simulation_only": True, "advertising_yuan": price, **outcome.as_dict()}
        typer.echo(json.dumps(plain, indent=1))
