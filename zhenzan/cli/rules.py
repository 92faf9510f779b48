"""``zhenzan rules``: what analysts do with rules, one action each."""

from __future__ import annotations

import getpass
import json
from collections.abc import Callable
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from zhenzan.cli.progress import progress_bar
from zhenzan.cli.serve import Database
from zhenzan.cli.telling import AsJson, tell

Texts = Annotated[list[Path], typer.Argument(help="Files that end in `.rule`, or folders of them.")]
Book = Annotated[Path, typer.Option("--book", help="Folder of the rulebook.")]
Author = Annotated[
    str | None, typer.Option("--author", help="Who does this; else the name at this machine.")
]
Note = Annotated[str, typer.Option("--note", help="Why.")]


class Wanted(StrEnum):
    """States into which a rule can be put."""

    DRAFT = "draft"
    SHADOW = "shadow"
    LIVE = "live"
    RETIRED = "retired"


def rules() -> None:
    """Check, try, publish, stop and undo the rules that analysts write."""


def check(texts: Texts, as_json: AsJson = False) -> None:
    """Check rules: every fault at once, and the examples of each rule are run."""
    from zhenzan.rules.load import load_paths

    loaded = load_paths(texts)
    told = {"rules": sorted(loaded.rules), "lists": sorted(loaded.lists)}
    if as_json:
        typer.echo(json.dumps(told, indent=2))
    else:
        typer.echo(f"{len(loaded.rules)} rules and {len(loaded.lists)} lists are sound.")


def format_(
    texts: Texts,
    only_check: Annotated[
        bool, typer.Option("--check", help="Write nothing; exit 1 if a file would change.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Write rules in their one canonical form."""
    from zhenzan.rules.load import format_files

    changed = format_files(texts, write=not only_check)
    if as_json:
        typer.echo(json.dumps([str(path) for path in changed], indent=2))
    else:
        verb = "would change" if only_check else "written"
        typer.echo("\n".join([*(f"{path}: {verb}" for path in changed)]) or "nothing to change")
    if only_check and changed:
        raise typer.Exit(1)


def backtest(  # noqa: PLR0913  one parameter per flag
    text: Annotated[Path, typer.Argument(help="File with the rule.")],
    log: Annotated[str, typer.Argument(help="Log of interactions, as `zhenzan score` reads it.")],
    rule: Annotated[
        str | None, typer.Option("--rule", help="Which rule, where the file has several.")
    ] = None,
    book: Annotated[
        Path | None, typer.Option("--book", help="Rulebook whose live rules run beside it.")
    ] = None,
    outcomes: Annotated[
        Path | None,
        typer.Option("--outcomes", help="Parquet: event_id and is_inauthentic, where known."),
    ] = None,
    mapping: Annotated[str | None, typer.Option("--map", help="Mapping of a foreign log.")] = None,
    accounts: Annotated[Path | None, typer.Option("--accounts", help="Side table.")] = None,
    items: Annotated[Path | None, typer.Option("--items", help="Side table.")] = None,
    networks: Annotated[Path | None, typer.Option("--networks", help="Address ranges.")] = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="File for the report; `publish` asks for it.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Try a rule on history: which likes would change, whose, and who turned out how."""
    from zhenzan import settings as settings_table
    from zhenzan.events.ingest import Ingest
    from zhenzan.rules.backtest import backtest as try_out
    from zhenzan.rules.backtest import candidate_of

    settings, _ = settings_table.load()
    candidate, live = candidate_of(text, rule, book)
    ingest = Ingest(
        log, settings, mapping=mapping, accounts=accounts, items=items, networks=networks
    )
    with progress_bar() as advance:
        report = try_out(
            ingest, candidate, settings, live=live, outcomes=outcomes, progress=advance
        )
    if out is not None:
        out.write_text(report.as_json(), encoding="utf-8")
    typer.echo(report.as_json() if as_json else report.text(), nl=False)


def publish(
    text: Annotated[Path, typer.Argument(help="File with the rule and its lists.")],
    book: Book,
    state: Annotated[Wanted, typer.Option("--state", help="What it becomes.")],
    rule: Annotated[
        str | None, typer.Option("--rule", help="Which rule, where the file has several.")
    ] = None,
    report: Annotated[
        Path | None, typer.Option("--report", help="Backtest report; needed for live.")
    ] = None,
    author: Author = None,
    note: Note = "",
    as_json: AsJson = False,
) -> None:
    """Put a version of a rule into the rulebook: draft, shadow, live or retired."""
    from zhenzan.rules.book import RuleBook
    from zhenzan.rules.load import load_paths, pick

    loaded = load_paths([text])
    record = RuleBook(book).publish(
        pick(loaded, rule),
        loaded.lists,
        author=author or getpass.getuser(),
        state=state.value,
        report=None if report is None else report.read_bytes(),
        note=note,
    )
    tell(asdict(record), f"{record.name}@{record.version} is {record.state}.", as_json)


def stop(
    book: Book,
    name: Annotated[str | None, typer.Argument(help="The rule to stop.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Stop every rule.")] = False,
    author: Author = None,
    note: Note = "",
    as_json: AsJson = False,
) -> None:
    """Stop a rule, or all of them, from the next batch on."""
    from zhenzan.rules.book import RuleBook

    if (name is None) != everything:
        raise typer.BadParameter("name one rule, or give --all")
    record = RuleBook(book).stop(name or "", author=author or getpass.getuser(), note=note)
    tell(asdict(record), f"{record.name or 'every rule'} is stopped.", as_json)


def undo(
    name: Annotated[str, typer.Argument(help="The rule to take back.")],
    version: Annotated[int, typer.Option("--version", help="Which version of it.")],
    scored: Annotated[
        Path | None, typer.Option("--scored", help="Folder that `score` wrote.")
    ] = None,
    data: Annotated[
        Path | None, typer.Option("--data", help="Folder of the service; needs --book.")
    ] = None,
    database: Database = None,
    book: Annotated[Path | None, typer.Option("--book", help="Rulebook that notes it.")] = None,
    author: Author = None,
    as_json: AsJson = False,
) -> None:
    """Take back everything that a version of a rule did: each like it moved, by an event."""
    from zhenzan import settings as settings_table
    from zhenzan.rules.book import RuleBook
    from zhenzan.rules.undo import undo_outputs

    if (scored is None) == (data is None) or (data is not None and book is None):
        raise typer.BadParameter("give --scored, or --data with --book")
    settings, _ = settings_table.load()
    told: dict[str, Any] = {"rule": name, "version": version}
    if scored is not None:
        told["revised"] = len(undo_outputs(scored, name, version, settings))
    elif data is not None and book is not None:
        from zhenzan.live.undoing import undo_in_service

        told |= undo_in_service(data, database, RuleBook(book), (name, version), settings)
    if book is not None:
        who = author or getpass.getuser()
        note = f"{told['revised']} likes revised"
        RuleBook(book).note_undo(name, version, author=who, note=note)
    waits = f" {told['waiting']:,} wait for the settler." if told.get("waiting") else ""
    gone = f" Of {told['gone']:,} no history is left." if told.get("gone") else ""
    tell(told, f"{told['revised']:,} likes are revised.{waits}{gone}", as_json)


def list_(
    book: Annotated[
        Path | None, typer.Option("--book", help="Folder of the rulebook; else what is shipped.")
    ] = None,
    names: Annotated[
        bool, typer.Option("--names", help="List what conditions may read instead.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """List the rules of a rulebook, those that are shipped, or what rules may read."""
    from zhenzan.rules.listing import readable_rows, rows_of_book, shipped_rows

    rows = readable_rows() if names else shipped_rows() if book is None else rows_of_book(book)
    if as_json:
        typer.echo(json.dumps(rows, indent=2, ensure_ascii=False))
        return
    for row in rows:
        typer.echo("  ".join(str(value) for value in row.values() if value != ""))


ACTIONS: dict[str, Callable[..., None]] = {
    "check": check,
    "format": format_,
    "backtest": backtest,
    "publish": publish,
    "stop": stop,
    "undo": undo,
    "list": list_,
}
"""Action to what it does, in the order of the help."""
