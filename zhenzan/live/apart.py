"""Scores files of history as ``zhenzan score`` does, in a process of its own with low priority."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import cast

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from zhenzan.errors import ZhenzanError
from zhenzan.events.ingest import Ingest
from zhenzan.files import whole_file
from zhenzan.live.folders import RESCORED, SETTLED
from zhenzan.live.scorer import Facts
from zhenzan.rules.batch import hook_of
from zhenzan.scoring.job import score_log
from zhenzan.scoring.learned.model import load_model
from zhenzan.settings import Settings

_LISTING = "interactions"
"""Folder of links to the files of history that a run reads, inside that of the outputs."""

_FACTS = "facts.json"
_NICE = 10
_LIKES = ["event_id", "ts", "score", "count_state", "reasons", "group_id", "as_of"]
_BATCH_ROWS = 10_000


def score_apart(files: list[Path], out: Path, settings: Settings, facts: Facts) -> None:
    """Score files into a folder, so that callers of the service do not wait for it.

    Raises
    ------
    ZhenzanError
        The scoring failed; its last words are in the message.
    """
    told = {k: str(v) if v else None for k, v in asdict(facts).items()}
    job = {
        "files": [str(path) for path in files],
        "out": str(out),
        "settings": asdict(settings),
        "facts": told,
    }
    done = subprocess.run(
        [sys.executable, "-m", "zhenzan.live.apart"],
        input=json.dumps(job),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        last = done.stderr.strip().split("\n")[-1]
        raise ZhenzanError(f"the scoring of history failed: {last}")
    with whole_file(out / _FACTS) as unfinished:
        unfinished.write_text(json.dumps(told), encoding="utf-8")


def facts_of(out: Path) -> Facts | None:
    """Give what the run knew that wrote into a folder; None where none did."""
    path = out / _FACTS
    if not path.exists():
        return None
    told = json.loads(path.read_text(encoding="utf-8"))
    return Facts(**{name: Path(value) if value else None for name, value in told.items()})


def closed_likes(out: Path, until_us: int) -> Iterator[list[dict[str, object]]]:
    """Give the likes of a run whose follow-up window has closed by then, some at a time."""
    likes = pq.ParquetFile(out / "likes.parquet")
    # By row groups: batches that cross them cannot be read where reasons are dictionaries.
    for group in range(likes.num_row_groups):
        table = likes.read_row_group(group, columns=_LIKES)
        for name in ("ts", "as_of"):
            column = table.column(name).cast(pa.int64())
            table = table.set_column(table.column_names.index(name), name, column)
        table = table.filter(pc.less_equal(table.column("ts"), until_us))
        for start in range(0, table.num_rows, _BATCH_ROWS):
            yield table.slice(start, _BATCH_ROWS).to_pylist()


def span_us(path: Path) -> tuple[int, int]:
    """Give the times of the oldest and the newest row; 0 where all were removed by their age."""
    told = pc.min_max(pq.read_table(path, columns=["ts"]).column("ts").cast(pa.int64())).as_py()
    return int(told["min"] or 0), int(told["max"] or 0)


def forget_listing(folder: Path) -> None:
    """Remove what a run that was killed still links and history has replaced or removed since."""
    for out in (SETTLED, RESCORED):
        for link in (folder / out / _LISTING).glob("*.parquet"):
            if link.stat().st_nlink == 1:
                link.unlink()


def _score_here(job: Mapping[str, object]) -> None:
    facts = cast("dict[str, str | None]", job["facts"])
    side = {name: Path(path) if path else None for name, path in facts.items()}
    out = Path(cast(str, job["out"]))
    out.mkdir(parents=True, exist_ok=True)
    listing = out / _LISTING
    listing.mkdir(exist_ok=True)
    for old in listing.iterdir():
        old.unlink()
    for path in map(Path, cast("list[str]", job["files"])):
        os.link(path, listing / path.name)
    settings = Settings(**cast("dict[str, int]", job["settings"]))
    ingest = Ingest(
        listing,
        settings,
        rejects_path=out / "rejects.parquet",
        accounts=side["accounts"],
        items=side["items"],
        networks=side["networks"],
    )
    model = load_model(side["model"]) if side["model"] else None
    score_log(ingest, out, settings, rules=hook_of(side["rules"]), model=model)
    for link in listing.iterdir():
        link.unlink()


if __name__ == "__main__":
    os.nice(_NICE)
    _score_here(json.loads(sys.stdin.read()))
