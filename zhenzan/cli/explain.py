"""``zhenzan explain``: why one like was answered as it was."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer


def explain(
    event_id: Annotated[str, typer.Argument(help="The like.")],
    out: Annotated[Path, typer.Option("--out", help="Folder that `zhenzan score` wrote.")] = Path(
        "out"
    ),
    model: Annotated[
        Path | None,
        typer.Option("--model", help="Where the model lies now; else where it lay at scoring."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the answer as JSON.")] = False,
) -> None:
    """Explain the answer to one like, from what scoring has stored."""
    from zhenzan.scoring.learned.store import explain_like

    found = explain_like(out, event_id, models=model)
    if as_json:
        typer.echo(json.dumps(found.as_dict(), indent=1, ensure_ascii=False))
    else:
        like = found.like
        typer.echo(f"{like['event_id']}: {like['count_state']}, score {like['score']:.3f}")
        if found.model_score is not None:
            typer.echo(
                f"evidence alone {found.evidence_score:.3f}, model {found.version} "
                f"{found.model_score:.3f}"
            )
        for name, nats in found.families.items():
            typer.echo(f"  {name}: {nats:+.2f} nats")
        for reason in found.reasons:
            typer.echo(f"  {reason['side']} ({reason['weight']:+.2f}): {reason['text']}")
            typer.echo(f"      {reason['text_zh']}")
        if found.same is not None:
            typer.echo("made again from stored inputs: " + ("same" if found.same else "DIFFERENT"))
    if found.same is False:
        raise typer.Exit(1)
