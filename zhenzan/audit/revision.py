"""Revises what was counted: every change of an answer is an event, and the likes follow.

The events are a function of the answers that scoring gave and of what each window changed, so
they can be made again at any time and come out the same.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from zhenzan.audit.figures import Figures
from zhenzan.audit.standing import Window
from zhenzan.detectors.interface import Family
from zhenzan.errors import SchemaError, SourceError
from zhenzan.events.state import COUNT_STATES
from zhenzan.files import whole_file
from zhenzan.scoring.joining import join_groups, settled_states
from zhenzan.scoring.outputs import evidence_array
from zhenzan.scoring.reasons import FOR_MAX
from zhenzan.settings import Settings

Changes = list[tuple[Window, pa.Table]]

_TS = pa.timestamp("us", tz="UTC")
_MARK = b"zhenzan.revised"
_NEEDED = ("evidence", "verified_buyer", "new_account")

REVISIONS = pa.schema(
    [
        pa.field("revision_id", pa.string(), nullable=False),
        pa.field("run", pa.int64(), nullable=False),
        pa.field("as_of", _TS, nullable=False),
        pa.field("event_id", pa.string(), nullable=False),
        pa.field("account_id", pa.string()),
        pa.field("item_id", pa.string()),
        pa.field("merchant_id", pa.string()),
        pa.field("campaign", pa.bool_(), nullable=False),
        pa.field("group_id", pa.string()),
        pa.field("group_id_before", pa.string()),
        pa.field("from_state", pa.string(), nullable=False),
        pa.field("to_state", pa.string(), nullable=False),
        pa.field("from_score", pa.float32(), nullable=False),
        pa.field("to_score", pa.float32(), nullable=False),
        pa.field("code", pa.string(), nullable=False),
        pa.field("text", pa.string(), nullable=False),
        pa.field("text_zh", pa.string(), nullable=False),
    ]
)
"""One row a change of one like, in the order in which they happened.

``run`` is the number of the window and ``as_of`` its end, in event time. A counter follows by
moving the like from ``from_state`` to ``to_state`` under its item, account and merchant.
"""

FOUND, MOVED, WEIGHED, WITHDRAWN, BENIGN = range(5)

REASONS: tuple[tuple[str, str, str], ...] = (
    (
        "REV001",
        "the account gave this like together with a group of {size} accounts",
        "该账号与一个由 {size} 个账号组成的群组一起点了这个赞",
    ),
    (
        "REV002",
        "the like is now held to belong to another group, of {size} accounts",
        "该点赞现归入另一个群组，该群组有 {size} 个账号",
    ),
    (
        "REV003",
        "what the group of {size} accounts says about this like has changed",
        "由 {size} 个账号组成的群组对该点赞的证据有变化",
    ),
    (
        "REV004",
        "the group of {size} accounts was not confirmed, and the earlier answer stands again",
        "由 {size} 个账号组成的群组未获证实，恢复先前的结论",
    ),
    (
        "REV005",
        "the account belongs to {size} accounts that lawfully act together",
        "该账号属于正当地共同行动的 {size} 个账号",
    ),
)
"""Code, English and Chinese text of each reason; codes are never used again."""


@dataclass(frozen=True, slots=True)
class Revised:
    """The events of a revision, and how many there are by reason."""

    revisions: pa.Table
    counts: dict[str, int] = field(default_factory=dict)


def revise(changes: Changes, likes: Path | None, out: Path, settings: Settings) -> Revised:
    """Apply the changes of all windows to the answers of a scoring run; write what follows.

    Writes ``likes``, ``items``, ``accounts``, ``merchants`` and ``timeline`` to ``out``. Without
    ``likes`` there is nothing to revise and no event.
    """
    if likes is None:
        return Revised(REVISIONS.empty_table())
    answers = pq.ParquetFile(likes)
    named = [table["event_id"].combine_chunks() for _, table in changes]
    ids = pc.unique(pa.concat_arrays([pa.array([], pa.string()), *named]))
    touched = _rows_of(answers, ids)
    groups = [table["group_id"].combine_chunks() for _, table in changes]
    groups.append(touched["group_id"].combine_chunks().cast(pa.string()))
    replay = _Replay(touched, pc.unique(pa.concat_arrays(groups)).drop_null(), settings)
    events = [REVISIONS.empty_table()]
    events += [replay.step(window, table) for window, table in changes]
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


class _Replay:
    """Plays the changes of the windows over the likes that they name."""

    def __init__(self, touched: pa.Table, groups: pa.Array, settings: Settings) -> None:
        self._touched = touched
        self._groups = groups
        self._settings = settings
        self._ids = touched["event_id"].combine_chunks()
        self._score = touched["score"].to_numpy().astype(np.float64)
        words = touched["count_state"].cast(pa.string())
        self._state = pc.index_in(words, pa.array(COUNT_STATES)).to_numpy().astype(np.int8)
        evidence = touched["evidence"].combine_chunks()
        nats = [evidence.field(family.word).to_numpy() for family in Family]
        self._nats = np.stack(nats, axis=1).astype(np.float32)
        self._group = _coded(touched["group_id"], groups)
        self._now: dict[str, NDArray[Any]] = {
            "score": self._score.copy(),
            "state": self._state.copy(),
            "group": self._group.copy(),
            "nats": self._nats.copy(),
            "as_of": touched["as_of"].cast(pa.int64()).to_numpy().copy(),
            "size": np.zeros(len(touched), np.int64),
            "code": np.full(len(touched), -1),
        }

    def step(self, window: Window, changes: pa.Table) -> pa.Table:
        """Apply what one window changed; give the events."""
        place = pc.index_in(changes["event_id"], self._ids)
        changes = changes.filter(pc.is_valid(place))
        rows = place.drop_null().to_numpy().astype(np.int64)
        found = _coded(changes["group_id"], self._groups)
        benign = changes["benign"].to_numpy()
        score, nats = join_groups(
            self._score[rows], self._nats[rows], changes["nats"].to_numpy(), benign
        )
        raised = score > self._score[rows]
        owned = self._touched["merchant_id"].is_valid().to_numpy()[rows]
        new = self._touched["new_account"].to_numpy()[rows]
        joined = settled_states(score, nats, owned, self._settings, is_new=new)
        state = np.where(raised, joined, self._state[rows])
        state = np.maximum(state, self._state[rows])
        group = np.where(found < 0, self._group[rows], found)
        code = _codes(self._now["group"][rows], found, benign)
        new = {"score": score, "state": state, "group": group}
        moved = [self._now[name][rows] != values for name, values in new.items()]
        differs = np.logical_or.reduce(moved) if len(rows) else np.zeros(0, np.bool_)
        new |= {
            "nats": nats,
            "as_of": np.full(len(rows), window.end_us),
            "size": changes["size"].to_numpy(),
            "code": code,
        }
        rows, new = rows[differs], {name: values[differs] for name, values in new.items()}
        events = self._events(window, rows, new)
        for name, values in new.items():
            self._now[name][rows] = values
        return events

    def _events(self, window: Window, rows: NDArray[np.int64], new: dict[str, Any]) -> pa.Table:
        touched = self._touched.take(pa.array(rows))
        words = np.array(COUNT_STATES)
        columns: dict[str, Any] = {
            name: touched[name]
            for name in ("event_id", "account_id", "item_id", "merchant_id", "campaign")
        }
        columns |= {
            "run": np.full(len(rows), window.index),
            "as_of": pa.array(np.full(len(rows), window.end_us), _TS),
            "group_id": _named(new["group"], self._groups),
            "group_id_before": _named(self._now["group"][rows], self._groups),
            "from_state": words[self._now["state"][rows]],
            "to_state": words[new["state"]],
            "from_score": self._now["score"][rows].astype(np.float32),
            "to_score": new["score"].astype(np.float32),
            "code": [REASONS[code][0] for code in new["code"]],
            "text": _texts(new, 1),
            "text_zh": _texts(new, 2),
        }
        groups = columns["group_id"].to_pylist()
        keys = zip(touched["event_id"].to_pylist(), groups, columns["to_state"], strict=True)
        columns["revision_id"] = [_revision_id(window.end_us, *key) for key in keys]
        return pa.table({name: columns[name] for name in REVISIONS.names}).cast(REVISIONS)

    def rows(self) -> pa.Table:
        """Give the rows of the likes as they stand after all windows."""
        now, table = self._now, self._touched
        states = pa.array(COUNT_STATES).take(pa.array(now["state"]))
        columns = {
            "score": pa.array(now["score"].astype(np.float32)),
            "count_state": states.cast(table.schema.field("count_state").type),
            "group_id": _named(now["group"], self._groups),
            "evidence": evidence_array(now["nats"]),
            "as_of": pa.array(now["as_of"], _TS),
            "reasons": self._reasons(),
        }
        for name, column in columns.items():
            place = table.schema.get_field_index(name)
            table = table.set_column(place, table.schema.field(name), column)
        return table

    def _reasons(self) -> pa.Array:
        """Put what a group says before weaker reasons, and drop the weakest of too many."""
        kind = self._touched.schema.field("reasons").type
        lists = self._touched["reasons"].to_pylist()
        said = self._now["nats"][:, Family.GROUP] - np.maximum(self._nats[:, Family.GROUP], 0.0)
        english, chinese = _texts(self._now, 1), _texts(self._now, 2)
        for row in np.flatnonzero(said > 0):
            code = REASONS[self._now["code"][row]][0]
            weight = float(said[row])
            own = {
                "code": code, "family": Family.GROUP.word, "side": "for",
                "value": float(self._now["size"][row]), "usual_low": 0.0, "usual_high": 0.0,
                "weight": weight, "text": english[row], "text_zh": chinese[row],
            }  # fmt: skip
            accusing = [r for r in lists[row] or [] if r["side"] == "for"]
            others = [r for r in lists[row] or [] if r["side"] != "for"]
            accusing.append(own)
            accusing.sort(key=lambda reason: -reason["weight"])
            lists[row] = accusing[:FOR_MAX] + others
        return pa.array(lists, kind)


def _codes(
    before: NDArray[np.int64], found: NDArray[np.int64], benign: NDArray[np.bool_]
) -> NDArray[np.int64]:
    """Say why each like is revised."""
    code = np.where(before < 0, FOUND, np.where(before == found, WEIGHED, MOVED))
    code = np.where(benign, BENIGN, code)
    return np.where(found < 0, WITHDRAWN, code).astype(np.int64)


def _coded(column: pa.ChunkedArray, groups: pa.Array) -> NDArray[np.int64]:
    """Number the groups; -1 for none."""
    place = pc.fill_null(pc.index_in(column.cast(pa.string()), groups), -1)
    return np.asarray(place.to_numpy(), np.int64)


def _named(codes: NDArray[np.int64], groups: pa.Array) -> pa.Array:
    return groups.take(pa.array(np.where(codes < 0, 0, codes), mask=codes < 0))


def _texts(rows: dict[str, Any], language: int) -> list[str]:
    return [
        REASONS[code][language].format(size=f"{size:,}") if code >= 0 else ""
        for code, size in zip(rows["code"], rows["size"], strict=True)
    ]


def _revision_id(as_of_us: int, event_id: str, group: str | None, state: str) -> str:
    text = f"{event_id}\0{as_of_us}\0{group or ''}\0{state}"
    return hashlib.blake2b(text.encode(), digest_size=12).hexdigest()


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
