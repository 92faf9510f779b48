"""Revises what was counted: every change of an answer is an event, and the likes follow.

The events are a function of the answers that scoring gave and of what each window changed, so
they can be made again at any time and come out the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from zhenzan.audit.figures import Figures
from zhenzan.audit.replay import REVISIONS, Replay
from zhenzan.audit.standing import Window
from zhenzan.errors import SchemaError, SourceError
from zhenzan.files import whole_file
from zhenzan.settings import Settings

_MARK = b"zhenzan.revised"
_NEEDED = ("evidence", "verified_buyer", "new_account")


@dataclass(frozen=True, slots=True)
class Changes:
    """What one window has changed: ``groups`` as in `standing.CHANGES`, ``judged`` by a model."""

    window: Window
    groups: pa.Table
    judged: pa.Table


@dataclass(frozen=True, slots=True)
class Revised:
    """The events of a revision, and how many there are by reason."""

    revisions: pa.Table
    counts: dict[str, int] = field(default_factory=dict)


def revise(
    changes: Sequence[Changes], likes: Path | None, out: Path, settings: Settings
) -> Revised:
    """Apply the changes of all windows to the answers of a scoring run; write what follows.

    Writes ``likes``, ``items``, ``accounts``, ``merchants`` and ``timeline`` to ``out``. Without
    ``likes`` there is nothing to revise and no event.
    """
    if likes is None:
        return Revised(REVISIONS.empty_table())
    answers = pq.ParquetFile(likes)
    named = [
        table["event_id"].combine_chunks() for one in changes for table in (one.groups, one.judged)
    ]
    ids = pc.unique(pa.concat_arrays([pa.array([], pa.string()), *named]))
    touched = _rows_of(answers, ids)
    groups = [one.groups["group_id"].combine_chunks() for one in changes]
    groups.append(touched["group_id"].combine_chunks().cast(pa.string()))
    replay = Replay(touched, pc.unique(pa.concat_arrays(groups)).drop_null(), settings)
    events = [REVISIONS.empty_table()]
    for one in changes:
        events += [replay.step(one.window, one.groups), replay.hear(one.window, one.judged)]
    revisions = pa.concat_tables(events)
    figures = Figures(likes.parent)
    with whole_file(out / "likes.parquet") as path:
        _write_likes(answers, replay.rows(), path, figures)
    figures.write(out)
    counted = pc.value_counts(revisions["code"]).to_pylist()
    counts = dict(sorted((row["values"], row["counts"]) for row in counted))
    return Revised(revisions, {**counts, "likes not in the file": len(ids) - len(touched)})


def check_likes(likes: Path, out: Path) -> None:
    """Refuse likes that cannot be revised, before hours are spent on finding out why to.

    Raises
    ------
    SourceError
        ``likes`` cannot be read, lies in ``out``, or was revised before.
    SchemaError
        ``likes`` was written by a version that kept no evidence.
    """
    try:
        schema = pq.read_schema(likes)
    except (OSError, pa.ArrowInvalid) as error:
        raise SourceError(f"`{likes}` cannot be read: {error}") from error
    if likes.resolve().parent == out.resolve():
        raise SourceError(
            f"`{likes}` lies in the folder that the audit writes to", hint="name another `--out`"
        )
    if _MARK in (schema.metadata or {}):
        raise SourceError(
            f"`{likes}` was revised by an audit before",
            hint="give the one that `zhenzan score` wrote",
        )
    missing = [name for name in _NEEDED if name not in schema.names]
    if missing:
        raise SchemaError(
            f"`{likes}` has no column `{missing[0]}`", hint="score the log again with this version"
        )


def _rows_of(answers: pq.ParquetFile, ids: pa.Array) -> pa.Table:
    """Read the whole rows of the likes that a change names, in the order of the file."""
    parts = [answers.schema_arrow.empty_table()]
    for batch in _batches(answers):
        parts.append(batch.filter(pc.is_in(batch["event_id"], ids)))
    return pa.concat_tables(parts).combine_chunks()


def _batches(answers: pq.ParquetFile) -> Iterator[pa.Table]:
    for group in range(answers.num_row_groups):
        yield answers.read_row_group(group)


def _write_likes(answers: pq.ParquetFile, rows: pa.Table, path: Path, figures: Figures) -> None:
    """Write every like, the revised ones in place of what they were."""
    schema = answers.schema_arrow
    marked = schema.with_metadata({**(schema.metadata or {}), _MARK: b"1"})
    ids = rows["event_id"].combine_chunks()
    with pq.ParquetWriter(path, marked, compression="zstd") as writer:
        for batch in _batches(answers):
            place = pc.fill_null(pc.index_in(batch["event_id"], ids), -1).to_numpy()
            if (place >= 0).any():
                own = np.arange(len(batch))
                chosen = np.where(place >= 0, len(batch) + place, own)
                needed = rows.cast(batch.schema)
                batch = pa.concat_tables([batch, needed]).combine_chunks().take(pa.array(chosen))
            writer.write_table(batch.cast(schema))
            figures.add(batch)
