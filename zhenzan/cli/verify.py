"""``zhenzan verify``: every count computed again from the histories and the journal."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from zhenzan.cli.serve import DATABASE, LIVE, Data, Database
from zhenzan.errors import StoreError

if TYPE_CHECKING:
    from zhenzan.counts.verify import Taken, Unread, Verified

SHOWN_MAX = 50
"""Differences printed for people; ``--json`` lists a thousand of each check."""


def verify(
    data: Data = Path("zhenzan-data"),
    database: Database = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print what was found as JSON.")] = False,
) -> None:
    """Compute every count again from the histories and the journal; exit 1 on any difference.

    It reads one moment and changes nothing, so the service may go on meanwhile.
    """
    from zhenzan.store import migrate
    from zhenzan.store.engine import open_store

    if database is None and not (data / DATABASE).is_file():
        raise StoreError(f"`{data / DATABASE}` is not there", hint="name the folder with `--data`")
    from zhenzan.counts.verify import verify as compared

    store = open_store(database or data / DATABASE, migrate=False)
    try:
        if migrate.version(store) != migrate.versions()[-1]:
            raise StoreError(
                "the tables are at another version",
                hint="`zhenzan serve` moves them when it starts",
            )
        journal = data / LIVE
        found = compared(store, _taken(journal) if journal.is_dir() else None)
    finally:
        store.close()
    if as_json:
        typer.echo(json.dumps(_told(found), ensure_ascii=False, indent=2))
    else:
        _print(found, with_journal=journal.is_dir())
    if not found.is_sound:
        raise typer.Exit(1)


def _taken(folder: Path) -> Iterator[Taken | Unread]:
    """Give the likes and unlikes that were taken in, in their order, from journal and history."""
    import pyarrow.compute as pc

    from zhenzan.counts.verify import Taken, Unread
    from zhenzan.events.schema import Kind
    from zhenzan.live.records import read_records

    for stretch in read_records(folder):
        rows = stretch.rows
        if rows is None:
            yield Unread(stretch.position, stretch.count)
            continue
        kinds = rows["kind"].to_pylist()
        wanted = [at for at, kind in enumerate(kinds) if kind in (Kind.LIKE, Kind.UNLIKE)]
        if not wanted:
            continue
        told = rows.take(wanted)
        ts = pc.cast(told["ts"], "int64").to_pylist()
        for place, row in enumerate(told.drop_columns("ts").to_pylist()):
            is_like = row["kind"] == Kind.LIKE
            if not is_like and not row["item_id"]:
                continue  # it takes nothing back, because it names nothing
            yield Taken(
                position=stretch.position + wanted[place],
                event_id=row["event_id"],
                kind="like" if is_like else "unlike",
                ts_us=ts[place],
                account_id=row["account_id"],
                item_id=row["item_id"] or None,
                merchant_id=(row["merchant_id"] or None) if is_like else None,
                campaign=is_like and bool(row["campaign_id"]),
            )


def _told(found: Verified) -> dict[str, object]:
    return {
        "sound": found.is_sound,
        "likes": found.likes,
        "states": found.states,
        "counters": found.counters,
        "not_compared": found.unread,
        "counts": found.counts,
        "differences": [
            {"check": d.check, "key": d.key, "stored": d.stored, "expected": d.expected}
            for d in found.differences
        ],
    }


def _print(found: Verified, *, with_journal: bool) -> None:
    console = Console(soft_wrap=True)
    for difference in found.differences[:SHOWN_MAX]:
        console.print(
            f"{difference.check}: {difference.key}: stored {difference.stored}; "
            f"expected {difference.expected}",
            markup=False,
        )
    table = Table(title="Compared", title_justify="left")
    for heading in ("likes", "states", "counters", "differences"):
        table.add_column(heading, justify="right")
    total = sum(found.counts.values())
    table.add_row(*(f"{n:,}" for n in (found.likes, found.states, found.counters, total)))
    console.print(table)
    if found.unread:
        console.print(
            f"{found.unread:,} interactions were not compared: their records are past their time."
        )
    if not with_journal:
        console.print("No journal is in the folder: interactions were not compared.")
