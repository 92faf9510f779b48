"""``zhenzan access``: keys, the first token, the audit log, and the removal of what is over."""

from __future__ import annotations

import getpass
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from zhenzan.cli.telling import AsJson, tell

Hold = Annotated[
    Path | None,
    typer.Option("--hold", help="Names under legal hold, one a line: nothing of theirs goes."),
]
Database = Annotated[str, typer.Option("--database", help="SQLite file or postgresql:// address.")]


def access() -> None:
    """Make and revoke keys, print the first token, check the audit log, remove what is over."""


def make_key(
    name: Annotated[str, typer.Argument(help="Who will use the key.")],
    role: Annotated[list[str], typer.Option("--role", help="What it may do; may be repeated.")],
    database: Database,
    merchant: Annotated[
        str | None, typer.Option("--merchant", help="The one merchant of the role merchant.")
    ] = None,
    days: Annotated[int, typer.Option("--days", help="How long it is valid.")] = 90,
    rate_per_s: Annotated[float, typer.Option("--rate", help="Requests a second.")] = 5_000.0,
    burst: Annotated[float, typer.Option("--burst", help="Requests at once.")] = 10_000.0,
    as_json: AsJson = False,
) -> None:
    """Make a key and print it, the only time that it can be seen."""
    from zhenzan.access.keys import KeyRing
    from zhenzan.store.engine import open_store

    ring = KeyRing(open_store(database))
    key = ring.make(
        name, role, by=_me(), merchant_id=merchant, days=days, rate_per_s=rate_per_s, burst=burst
    )
    tell({"key": key}, key, as_json)


def keys(database: Database, as_json: AsJson = False) -> None:
    """List the keys: names, roles and states."""
    from zhenzan.access.keys import KeyRing
    from zhenzan.clock import as_utc, system
    from zhenzan.store.engine import open_store

    rows = [
        {
            "prefix": key.prefix,
            "name": key.name,
            "roles": " ".join(sorted(key.roles)),
            "merchant": key.merchant_id,
            "state": key.state(int(system() * 1e6)),
            "expires": as_utc(key.expires_us).isoformat(timespec="seconds"),
        }
        for key in KeyRing(open_store(database)).all_keys()
    ]
    text = "\n".join("  ".join(str(v) for v in row.values() if v is not None) for row in rows)
    tell(rows, text, as_json)


def revoke_key(
    prefix: Annotated[str, typer.Argument(help="The part of the key behind `zz_`.")],
    database: Database,
    as_json: AsJson = False,
) -> None:
    """Revoke a key, for good."""
    from zhenzan.access.keys import KeyRing
    from zhenzan.store.engine import open_store

    KeyRing(open_store(database)).revoke(prefix, by=_me())
    tell({"revoked": prefix}, f"{prefix} is revoked.", as_json)


def first_token(database: Database, as_json: AsJson = False) -> None:
    """Print a new token for the first administrator or their key, where there is no user yet."""
    from zhenzan.access.access import Access
    from zhenzan.errors import AccessError
    from zhenzan.store.engine import open_store

    token = Access(open_store(database)).first.make()
    if token is None:
        raise AccessError("there is a user", hint="make a key with `zhenzan access make-key`")
    tell({"token": token}, token, as_json)


def verify(
    database: Database,
    anchor: Annotated[
        list[str] | None, typer.Option("--anchor", help="SEQ:HASH that was kept elsewhere.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Check the audit log and print its end as an anchor; exit 1 where anything is wrong."""
    from zhenzan.access.audit import AuditLog, anchor_of
    from zhenzan.store.engine import open_store

    log = AuditLog(open_store(database))
    wrong = log.verify(tuple(anchor_of(text) for text in anchor or ()))
    end = log.anchor()
    told = {"whole": not wrong, "wrong": wrong, "anchor": f"{end.seq}:{end.hash}"}
    text = "\n".join([*wrong, f"anchor {end.seq}:{end.hash}"])
    tell(told, text, as_json)
    if wrong:
        raise typer.Exit(1)


def strip(
    history: Annotated[Path, typer.Argument(help="Folder of Parquet files.")],
    database: Database,
    hold: Hold = None,
    as_json: AsJson = False,
) -> None:
    """Hide identifiers past the detection window, and delete rows past their class."""
    from dataclasses import asdict

    from zhenzan.access.audit import AuditLog
    from zhenzan.access.identifiers import Hider
    from zhenzan.access.retention.history import strip_history
    from zhenzan.access.retention.hold import read_hold
    from zhenzan.clock import system
    from zhenzan.store.engine import open_store

    store = open_store(database)
    held = read_hold(hold).names
    done = strip_history(
        history, Hider(store), int(system() * 1e6), held_accounts=held, log=AuditLog(store)
    )
    told = asdict(done)
    tell(told, "\n".join(f"{name}: {number:,}" for name, number in told.items()), as_json)


def retention(
    database: Database,
    history: Annotated[
        Path | None, typer.Option("--history", help="Folder of Parquet files to go over as well.")
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option("--data", help="Folder of `zhenzan serve`: its history, and its journal."),
    ] = None,
    hold: Hold = None,
    settings_file: Annotated[
        Path | None, typer.Option("--settings", help="Settings file (YAML).")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would go, and change nothing.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Remove what is over, class by class, and say what went; names on hold stay."""
    from dataclasses import asdict

    from zhenzan.access.retention.run import Retention, What
    from zhenzan.errors import SettingError
    from zhenzan.store.engine import open_store

    store = open_store(database)
    what = What(history, hold)
    if data is not None:
        from zhenzan import settings as settings_table
        from zhenzan.cli.serve import LIVE
        from zhenzan.counts.ledger import CountLedger
        from zhenzan.live.folders import HISTORY
        from zhenzan.live.retirement import Retirement

        if history is not None:
            raise SettingError("`--data` and `--history` name two folders of history")
        settings, _ = settings_table.load({}, file=settings_file)
        live = data / LIVE
        journal = Retirement(live, CountLedger(store), days=settings.journal_days)
        what = What(live / HISTORY, hold, journal if settings.journal_days else None)
    done = Retention(store, what, by=_me()).run(dry=dry_run)
    told = {"dry_run": dry_run, "classes": [asdict(removal) for removal in done]}
    word = "would go" if dry_run else "removed"
    lines = [
        f"{r.class_name:<16} {r.what:<24} over {r.due:,}, on hold {r.held:,}, "
        f"{word} {r.due - r.held if dry_run else r.removed:,}"
        for r in done
    ]
    tell(told, "\n".join(lines), as_json)


def _me() -> str:
    return f"{getpass.getuser()} at the command line"


ACTIONS: dict[str, Callable[..., None]] = {
    "make-key": make_key,
    "keys": keys,
    "revoke-key": revoke_key,
    "first-token": first_token,
    "verify": verify,
    "strip": strip,
    "retention": retention,
}
"""Action to what it does, in the order of the help."""
