"""``zhenzan audit``: months of history in; groups, growths to review, and revisions out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from zhenzan.cli.progress import progress_bar

if TYPE_CHECKING:
    from zhenzan.audit.job import Source
    from zhenzan.audit.options import AuditOptions


def audit(  # noqa: PLR0913  one parameter per flag
    history: Annotated[
        str,
        typer.Argument(help="Interactions of weeks or months: Parquet file, folder or glob, CSV."),
    ],
    out: Annotated[Path, typer.Option("--out", help="Folder for the outputs.")] = Path("audit"),
    likes: Annotated[
        Path | None,
        typer.Option("--likes", help="The `likes.parquet` of `zhenzan score`, to be revised."),
    ] = None,
    model: Annotated[
        Path | None, typer.Option("--model", help="Model, as for `score`: strengthens --likes.")
    ] = None,
    every: Annotated[
        str, typer.Option("--every", help="Time from one window to the next, such as 7d.")
    ] = "7d",
    window: Annotated[
        str, typer.Option("--window", help="How far back each window reaches, such as 90d.")
    ] = "90d",
    mapping: Annotated[
        str | None, typer.Option("--map", help="Mapping file, or the name of a shipped one.")
    ] = None,
    accounts: Annotated[
        Path | None, typer.Option("--accounts", help="Side table of accounts (Parquet or CSV).")
    ] = None,
    items: Annotated[
        Path | None, typer.Option("--items", help="Side table of items (Parquet or CSV).")
    ] = None,
    networks: Annotated[
        Path | None, typer.Option("--networks", help="Address ranges with their kind (Parquet).")
    ] = None,
    format_: Annotated[
        str | None, typer.Option("--format", help="parquet, csv or jsonl; else told by content.")
    ] = None,
    false_discovery: Annotated[
        float,
        typer.Option("--false-discovery", min=1e-9, max=0.5, help="Most false groups found."),
    ] = 0.01,
    memory_limit: Annotated[
        str, typer.Option("--memory-limit", help="Memory of the joins; beyond it they spill.")
    ] = "2GB",
    threads: Annotated[int, typer.Option("--threads", min=1, help="Threads of the joins.")] = 2,
    seed: Annotated[int, typer.Option("--seed", help="Draws the ordinary growths to review.")] = 7,
    settings_file: Annotated[
        Path | None, typer.Option("--settings", help="Settings file (YAML).")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the summary as JSON.")] = False,
) -> None:
    """Find groups over months of history, list unusual growths, revise earlier answers."""
    from zhenzan.audit.job import Source
    from zhenzan.audit.options import AuditOptions
    from zhenzan.groups.find import GroupOptions

    search = GroupOptions(
        false_discovery_max=false_discovery,
        memory_limit=memory_limit,
        threads=threads,
        spill_folder=str(out / ".audit" / "spill"),
    )
    options = AuditOptions(_duration("every", every), _duration("window", window), seed, search)
    source = Source(history, mapping, accounts, items, format_, likes, networks)
    summary = _audited(source, out, options, settings_file, model)
    if as_json:
        typer.echo(json.dumps(summary, indent=2))
    else:
        _print(summary, out)


def _audited(
    source: Source, out: Path, options: AuditOptions, settings_file: Path | None, model: Path | None
) -> dict[str, Any]:
    """Load what judges, and audit with progress shown."""
    from zhenzan import settings as settings_table
    from zhenzan.audit.job import audit_log
    from zhenzan.scoring.learned.model import load_model

    settings, _ = settings_table.load({}, file=settings_file)
    judge = None if model is None else load_model(model)
    with progress_bar() as advance:
        return audit_log(source, out, options, settings, model=judge, progress=advance)


def _duration(name: str, text: str) -> int:
    from zhenzan.clock import duration_us
    from zhenzan.errors import SettingError

    try:
        return duration_us(text)
    except ValueError as error:
        raise SettingError(f"`--{name}`: {error}") from error


def _print(summary: dict[str, Any], out: Path) -> None:
    table = Table(title="Windows", title_justify="left")
    for heading in ("from", "as of", "likes", "groups"):
        table.add_column(heading, justify="right")
    for window in summary["windows"]:
        table.add_row(
            window["from"][:16],
            window["as_of"][:16],
            f"{window['likes']:,}",
            f"{window['groups']:,}",
        )
    console = Console()
    console.print(table)
    kinds = ", ".join(f"{number} {kind}" for kind, number in summary["groups"]["kinds"].items())
    console.print(f"Groups: {kinds or 'none'}")
    growths = summary["growths"]
    console.print(
        f"Growths to review: {growths.get('unusual', 0)} unusual, "
        f"{growths.get('control', 0)} ordinary"
    )
    if summary["likes"] is not None:
        revised = ", ".join(f"{number} {code}" for code, number in summary["revisions"].items())
        console.print(f"Revisions: {revised or 'none'}")
    console.print(f"Outputs: {out}", soft_wrap=True)
