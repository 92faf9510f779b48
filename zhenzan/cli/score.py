"""``zhenzan score``: an interaction log in, counted likes with reasons out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from zhenzan.cli.progress import progress_bar
from zhenzan.settings import Settings

REJECTS_NAME = "rejects.parquet"


def score(  # noqa: PLR0913  one parameter per flag
    log: Annotated[
        str,
        typer.Argument(help="Parquet file, folder or glob, CSV, JSON Lines (.gz, .zst), or `-`."),
    ],
    out: Annotated[Path, typer.Option("--out", help="Folder for the outputs.")] = Path("out"),
    mapping: Annotated[
        str | None,
        typer.Option(
            "--map", help="Mapping file, or the name of a shipped one, for a foreign log."
        ),
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
    format_: Annotated[str | None, typer.Option("--format", help="parquet, csv, jsonl.")] = None,
    batch_rows: Annotated[
        int | None, typer.Option("--batch-rows", help="Interactions scored in one step.")
    ] = None,
    lateness_s: Annotated[
        int | None, typer.Option("--lateness-s", help="How late a row may come and be in order.")
    ] = None,
    settings_file: Annotated[
        Path | None, typer.Option("--settings", help="Settings file (YAML).")
    ] = None,
    rules: Annotated[Path | None, typer.Option("--rules", help="Rulebook to follow.")] = None,
    model: Annotated[
        Path | None,
        typer.Option("--model", help="Folder of models, or of one version: strengthens answers."),
    ] = None,
    holdout_key: Annotated[
        str, typer.Option("--holdout-key", help="Secret that chooses which likes are held out.")
    ] = "zhenzan",
    report: Annotated[bool, typer.Option(help="Write the HTML report as well.")] = True,
    as_json: Annotated[bool, typer.Option("--json", help="Print the summary as JSON.")] = False,
) -> None:
    """Score every like of a log: probability, count state, and reasons."""
    from zhenzan import settings as settings_table

    flags = {"batch_rows": batch_rows, "lateness_s": lateness_s}
    settings, _ = settings_table.load(flags, file=settings_file)
    sources = {
        "mapping": mapping,
        "accounts": accounts,
        "items": items,
        "networks": networks,
        "format": format_,
    }
    judges = {"rules": rules, "model": model, "holdout_key": holdout_key}
    summary = _score(log, out, settings, sources, judges, report=report)
    if as_json:
        typer.echo(json.dumps(summary, indent=2, default=str))
    else:
        _print(summary, out)


def _score(
    log: str,
    out: Path,
    settings: Settings,
    sources: dict[str, Any],
    judges: dict[str, Any],
    *,
    report: bool,
) -> dict[str, Any]:
    """Score a log into a folder that is replaced as a whole."""
    from zhenzan.events.ingest import Ingest
    from zhenzan.files import outputs_replaced
    from zhenzan.insight.report import REPORT_NAME, write_report
    from zhenzan.rules.batch import hook_of
    from zhenzan.scoring.job import score_log
    from zhenzan.scoring.learned.model import load_model

    model = None if judges["model"] is None else load_model(judges["model"])
    # What an earlier run left stays whole until this one has written all of its own.
    with outputs_replaced(out, kept=REJECTS_NAME) as folder:
        ingest = Ingest(log, settings, rejects_path=folder / REJECTS_NAME, **sources)
        with progress_bar() as advance:
            summary = score_log(
                ingest,
                folder,
                settings,
                progress=advance,
                rules=hook_of(judges["rules"]),
                model=model,
                holdout_key=judges["holdout_key"],
            )
            if report:
                advance("report", 0.0)
                summary["report"] = str(out / write_report(folder).name)
                advance("report", 1.0)
    if not report:
        (out / REPORT_NAME).unlink(missing_ok=True)  # it would show an earlier run
    return summary


def _print(summary: dict[str, Any], out: Path) -> None:
    counts, states = summary["counts"], summary["states"]
    likes = max(counts["likes"], 1)
    table = Table(title="Likes", title_justify="left")
    table.add_column("count state")
    table.add_column("likes", justify="right")
    table.add_column("share", justify="right")
    for word, number in states.items():
        table.add_row(word, f"{number:,}", f"{100 * number / likes:.2f} %")
    table.add_row("claimed", f"{counts['likes']:,}", "", style="bold")
    console = Console()
    console.print(table)
    console.print(
        f"{counts['interactions']:,} interactions read, {counts['duplicates']:,} duplicates, "
        f"{counts['rejected_rows']:,} rows rejected, {counts['late_rows']:,} late."
    )
    for reason, number in sorted(counts["rejected"].items()):
        console.print(f"  rejected for {reason}: {number:,}")
    console.print(f"Outputs: {out}", soft_wrap=True)
    if "report" in summary:
        console.print(f"Report: {summary['report']}", soft_wrap=True)
