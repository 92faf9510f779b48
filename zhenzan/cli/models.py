"""``zhenzan models``: which model is in use, and what another one would change."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from zhenzan.cli.history import Accounts, Items, Mapping, Networks

if TYPE_CHECKING:
    from zhenzan.training.measure import Likes

Folder = Annotated[Path, typer.Argument(help="Folder of models.")]
Log = Annotated[str, typer.Option("--log", help="The traffic.")]
Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]


def models() -> None:
    """List, compare, promote and take back models; tell drift, and what exclusions cost."""


def listing(folder: Folder, as_json: Json = False) -> None:
    """List the versions, and mark the one in use."""
    from zhenzan.training.registry import listed

    rows = listed(folder)
    if as_json:
        typer.echo(json.dumps([asdict(row) for row in rows], indent=1))
        return
    for row in rows:
        mark = "*" if row.promoted else " "
        typer.echo(
            f"{mark} {row.version}  {row.likes:,} likes, average precision "
            f"{row.average_precision:.3f} on {row.truth}"
        )


def compare(  # noqa: PLR0913  one parameter per flag
    folder: Folder,
    before: Annotated[str, typer.Argument(help="A version; `none`: no model.")],
    after: Annotated[str, typer.Argument(help="The version that would take its place.")],
    log: Log,
    mapping: Mapping = None,
    accounts: Accounts = None,
    items: Items = None,
    networks: Networks = None,
    comparison: Annotated[
        Path | None, typer.Option("--comparison", help="Write it here, for a promotion.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Tell which likes would change state under another model."""
    likes = _likes(log, mapping, accounts, items, networks)
    _compare(folder, before, after, likes, comparison, as_json)


def promote(
    folder: Folder,
    version: Annotated[str, typer.Argument(help="The version to put into use.")],
    comparison: Annotated[
        Path, typer.Option("--comparison", help="What `compare` wrote about it.")
    ],
    as_json: Json = False,
) -> None:
    """Put a version into use that was compared with the one in use."""
    from zhenzan.training.registry import promote as put

    name = put(folder, version, comparison)
    typer.echo(json.dumps({"promoted": name}) if as_json else f"promoted: {name}")


def rollback(folder: Folder, as_json: Json = False) -> None:
    """Go back to what was in use before the last promotion."""
    from zhenzan.training.registry import rollback as take_back

    name = take_back(folder)
    typer.echo(json.dumps({"in_use": name}) if as_json else f"in use again: {name}")


def drift(
    folder: Folder,
    log: Log,
    version: Annotated[
        str | None, typer.Option("--version", help="A version; else the promoted one.")
    ] = None,
    mapping: Mapping = None,
    accounts: Accounts = None,
    items: Items = None,
    networks: Networks = None,
    as_json: Json = False,
) -> None:
    """Tell how far each signal of a log has moved from what a model was trained on."""
    _drift(folder, version, _likes(log, mapping, accounts, items, networks), as_json)


def harm(
    holdout: Annotated[Path, typer.Argument(help="`holdout.parquet` of a scoring run.")],
    outcomes: Annotated[Path, typer.Option("--outcomes", help="What reviewers said (Parquet).")],
    as_json: Json = False,
) -> None:
    """Measure what exclusions cost honest likes, on those that counted whatever their score."""
    from zhenzan.training.harm import measure_harm
    from zhenzan.training.truth import read_outcomes

    rows = measure_harm(holdout, read_outcomes(outcomes))
    lines = [f"{rows[0].likes:,} likes held out; intervals of 95 %"]
    for row in rows:
        found = "nobody judged one" if row.share is None else f"{row.share:.2%} honest"
        lines.append(
            f"  {row.state}: {row.in_state:,} likes, {row.reviewed:,} reviewed, {found} "
            f"({row.low:.2%} to {row.high:.2%}); of all likes {row.of_all_low:.3%} to "
            f"{row.of_all_high:.3%}"
        )
    typer.echo(json.dumps([asdict(row) for row in rows]) if as_json else "\n".join(lines))


ACTIONS = {
    "list": listing,
    "compare": compare,
    "promote": promote,
    "rollback": rollback,
    "drift": drift,
    "harm": harm,
}


def _likes(
    log: str,
    mapping: str | None,
    accounts: Path | None,
    items: Path | None,
    networks: Path | None,
) -> Likes:
    """Measure a log as it was trained on: with the same mapping and side tables."""
    from zhenzan.training.history import read_history
    from zhenzan.training.measure import measure

    return measure(
        read_history(log, mapping=mapping, accounts=accounts, items=items, networks=networks)
    )


def _compare(
    folder: Path, before: str, after: str, likes: Likes, path: Path | None, as_json: bool
) -> None:
    from zhenzan.scoring.learned.model import load_model
    from zhenzan.training.shadow import NONE
    from zhenzan.training.shadow import compare as measured

    pair = [None if name == NONE else load_model(folder, name) for name in (before, after)]
    plain = measured(likes, *pair).as_dict()
    if path is not None:
        path.write_text(json.dumps(plain, indent=1, ensure_ascii=False), "utf-8")
    if as_json:
        typer.echo(json.dumps(plain, indent=1, ensure_ascii=False))
        return
    typer.echo(f"{plain['before']} to {plain['after']}, {plain['likes']:,} likes")
    for name, count in plain["changes"].items():
        typer.echo(f"  {name}: {count:,}")
    for name, rows in plain["segments"].items():
        for word, counts in rows.items():
            typer.echo(
                f"  {name} {word}: {counts['newly_excluded']:,} newly excluded, "
                f"{counts['let_go']:,} let go, of {counts['likes']:,}"
            )
    for example in plain["examples"]:
        typer.echo(
            f"  {example['event_id']}: {example['state_before']} {example['score_before']:.3f} to "
            f"{example['state_after']} {example['score_after']:.3f}"
        )


def _drift(folder: Path, version: str | None, likes: Likes, as_json: bool) -> None:
    from zhenzan.scoring.learned.model import load_model
    from zhenzan.training.drift import drift as measured_drift

    rows = measured_drift(load_model(folder, version), likes)
    if as_json:
        plain = [
            {"moment": r.moment, "input": r.name, "index": r.index, "word": r.word} for r in rows
        ]
        typer.echo(json.dumps(plain, indent=1))
        return
    for row in rows:
        if row.word != "same":
            typer.echo(
                f"{row.word}: {row.name} {row.moment}, index {row.index:.3f}, missing "
                f"{row.missing_before:.1%} before, {row.missing_now:.1%} now"
            )
    same = sum(row.word == "same" for row in rows)
    typer.echo(f"{same} of {len(rows)} inputs are where they were")
