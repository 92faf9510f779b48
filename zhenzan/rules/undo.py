"""Takes back everything that one version of a rule did: every like it moved, by an event each.

Nothing has to be scored anew: `batch.RECORDS` holds, for every like at which a rule fired, what
the like is without any rule and what each rule said. The other rules are joined again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from zhenzan.audit.figures import Figures
from zhenzan.detectors.interface import Family
from zhenzan.errors import SourceError, nearest
from zhenzan.events.state import COUNT_STATES
from zhenzan.files import outputs_replaced
from zhenzan.rules.batch import FILE
from zhenzan.rules.faults import refusal
from zhenzan.rules.joining import Answer, raised
from zhenzan.rules.ruleset import Mode
from zhenzan.scoring.evidence import FAMILIES
from zhenzan.scoring.joining import settled_states
from zhenzan.scoring.outputs import evidence_array
from zhenzan.settings import Settings

REVISIONS = pa.schema(
    [
        pa.field("revision_id", pa.string(), nullable=False),
        pa.field("event_id", pa.string(), nullable=False),
        pa.field("from_state", pa.string(), nullable=False),
        pa.field("to_state", pa.string(), nullable=False),
        pa.field("from_score", pa.float64(), nullable=False),
        pa.field("to_score", pa.float64(), nullable=False),
        pa.field("rule", pa.string(), nullable=False),
        pa.field("code", pa.string(), nullable=False),
        pa.field("text", pa.string(), nullable=False),
        pa.field("text_zh", pa.string(), nullable=False),
    ]
)
"""One event per like that the undo moves, in the words of the audit's revisions."""

REVISIONS_FILE = "rule_revisions.parquet"

CODE = "REV006"
TEXT = "a rule that spoke against this like was taken back"
TEXT_ZH = "针对该点赞的规则已被撤回"


UNDONE = "undone"
"""Mode of a record whose effect was taken back."""


def undo_outputs(folder: Path, name: str, version: int, settings: Settings) -> pa.Table:
    """Take a version of a rule back in the outputs of a scoring run; return the events.

    Revises ``likes``, ``items``, ``accounts``, ``merchants`` and ``timeline``, writes the events to
    ``rule_revisions.parquet`` behind those of earlier undos, and marks the records.

    Raises
    ------
    RuleError
        The run knows no such version.
    SourceError
        An output is missing.
    """
    try:
        records = pq.read_table(folder / FILE)
    except OSError as error:
        hint = "score the log with `--rules` first"
        raise SourceError(f"`{folder / FILE}` cannot be read: {error}", hint=hint) from error
    told = without(records, name, version, settings)
    revisions, evidence = _events(told, f"{name}@{version}")
    earlier = folder / REVISIONS_FILE
    events = [pq.read_table(earlier)] if earlier.is_file() else []
    figures = Figures(folder)
    with outputs_replaced(folder, kept="") as out:
        fired = pa.array(told.event_id.tolist(), pa.string())
        _revise_likes(
            folder, out, _Undone(f"{name}@{version}", fired, revisions, evidence), figures
        )
        figures.write(out)
        pq.write_table(pa.concat_tables([*events, revisions]), out / REVISIONS_FILE)
        pq.write_table(_marked(records, revisions, name, version), out / FILE)
    return revisions


@dataclass(frozen=True, slots=True)
class _Undone:
    """What no longer stands: the rule's word at every like at which it fired, and the answers."""

    key: str
    fired: pa.Array
    revisions: pa.Table
    evidence: pa.StructArray


def _revise_likes(folder: Path, out: Path, undone: _Undone, figures: Figures) -> None:
    revisions, evidence = undone.revisions, undone.evidence
    ids = revisions["event_id"].combine_chunks()
    likes = pq.ParquetFile(folder / "likes.parquet")
    target = out / "likes.parquet"
    with pq.ParquetWriter(target, likes.schema_arrow, compression="zstd") as writer:
        for group in range(likes.num_row_groups):
            part = likes.read_row_group(group)
            place = pc.index_in(part["event_id"], ids)
            hit = pc.is_valid(place)
            new = {
                "count_state": revisions["to_state"],
                "score": revisions["to_score"].cast(pa.float32()),
                "evidence": evidence,
            }
            for name, values in new.items():
                at = part.schema.get_field_index(name)
                kind = part.schema.field(name).type
                old = part[name].cast(pa.string()) if name == "count_state" else part[name]
                mixed = (
                    pc.if_else(hit, values.take(place), old)
                    if name != "evidence"
                    else (_chosen(hit, values.take(place.combine_chunks()), old))
                )
                part = part.set_column(at, part.schema.field(name), mixed.cast(kind))
            part = _without_reason(part, undone)
            writer.write_table(part.cast(likes.schema_arrow))
            figures.add(part)


def _chosen(hit: pa.ChunkedArray, new: pa.Array, old: pa.ChunkedArray) -> pa.Array:
    both = pa.concat_arrays([old.combine_chunks(), new])
    rows = np.arange(len(new))
    return both.take(pa.array(np.where(hit.to_numpy(), len(new) + rows, rows)))


def _without_reason(part: pa.Table, undone: _Undone) -> pa.Table:
    """Leave out what the rule said: its reason no longer stands, also where no answer moved."""
    hit = pc.is_in(part["event_id"], undone.fired)
    if not pc.any(hit).as_py():
        return part
    field = part.schema.field("reasons")
    told = part["reasons"].to_pylist()
    for row in np.flatnonzero(hit.to_numpy()):
        told[row] = [reason for reason in told[row] or [] if reason["code"] != undone.key]
    at = part.schema.get_field_index("reasons")
    return part.set_column(at, field, pa.array(told, field.type))


def _marked(records: pa.Table, revisions: pa.Table, name: str, version: int) -> pa.Table:
    """Mark the records of a version as undone, and tell the new states."""
    mine = pc.and_(
        pc.equal(records["rule"], pa.scalar(name)), pc.equal(records["version"], version)
    )
    place = pc.index_in(records["event_id"], revisions["event_id"].combine_chunks())
    states = pc.if_else(pc.is_valid(place), revisions["to_state"].take(place), records["state"])
    mode = pc.if_else(mine, UNDONE, records["mode"])
    for column, values in (("mode", mode), ("state", states)):
        at = records.schema.get_field_index(column)
        records = records.set_column(at, records.schema.field(column), values)
    return records


def undo(records: pa.Table, name: str, version: int, settings: Settings) -> pa.Table:
    """Give the events that take a version of a rule back.

    Parameters
    ----------
    records
        `batch.RECORDS` of a scoring run.

    Returns
    -------
    pa.Table
        `REVISIONS`, by event id. A shadow rule moved nothing, so its undo is empty.

    Raises
    ------
    RuleError
        The records know no such version.
    """
    return _events(without(records, name, version, settings), f"{name}@{version}")[0]


@dataclass(frozen=True, slots=True)
class Without:
    """Every like at which a live version fired: what it is, and what it is without the rule."""

    event_id: NDArray[np.object_]
    before: Answer
    after: Answer


def without(records: pa.Table, name: str, version: int, settings: Settings) -> Without:
    """Join the rules that are left again, at every like at which the version fired.

    Raises
    ------
    RuleError
        The records know no such version.
    """
    touched, left = _touched(records, name, version)
    return _joined_again(touched, left, settings)


def _touched(records: pa.Table, name: str, version: int) -> tuple[pa.Table, pa.Table]:
    """Give the records of live rules at those likes, and of them those of other rules."""
    mine = pc.and_(
        pc.equal(records["rule"], pa.scalar(name)), pc.equal(records["version"], version)
    )
    if not pc.any(mine).as_py():
        known = {f"{r['rule']}@{r['version']}" for r in _versions(records)}
        hint = nearest(f"{name}@{version}", known) if known else "no rule fired in this run"
        raise refusal("RL033", f"{name}@{version}", "fired at no like", hint)
    live = pc.equal(records["mode"], Mode.LIVE.word)
    ids = pc.unique(records.filter(pc.and_(mine, live))["event_id"])
    of_those = pc.and_(live, pc.is_in(records["event_id"], ids))
    touched = records.filter(of_those)
    return touched, touched.filter(pc.invert(mine.filter(of_those)))


def _versions(records: pa.Table) -> list[Mapping[str, object]]:
    told: list[Mapping[str, object]] = (
        records.select(["rule", "version"]).group_by(["rule", "version"]).aggregate([]).to_pylist()
    )
    return told


def _joined_again(touched: pa.Table, left: pa.Table, settings: Settings) -> Without:
    ids, first = np.unique(np.array(touched["event_id"].to_pylist(), object), return_index=True)
    base = touched.take(pa.array(first))
    score = base["score_without"].to_numpy().astype(np.float64)
    evidence = base["evidence_without"].combine_chunks()
    nats = np.stack([evidence.field(f.word).to_numpy() for f in Family], axis=1).astype(np.float32)
    owned = base["owned"].to_numpy(zero_copy_only=False)
    is_new = base["new_account"].to_numpy(zero_copy_only=False)

    def answered(said: pa.Table) -> Answer:
        after, joined = raised(score, nats, _said(said, ids))
        states = settled_states(after, joined, owned, settings, is_new=is_new)
        return Answer(after, joined, states)

    return Without(ids, answered(touched), answered(left))


def _events(told: Without, key: str) -> tuple[pa.Table, pa.StructArray]:
    """Give what comes out otherwise without the rule, and its evidence by family."""
    ids = told.event_id
    was_score, was = told.before.score, told.before.states
    now_score, now = told.after.score, told.after.states
    moved = np.flatnonzero((was != now) | (was_score != now_score))
    words = np.array(COUNT_STATES)
    columns = {
        "revision_id": [_revision_id(str(ids[row]), key) for row in moved],
        "event_id": ids[moved].tolist(),
        "from_state": words[was[moved]],
        "to_state": words[now[moved]],
        "from_score": was_score[moved],
        "to_score": now_score[moved],
        "rule": [key] * len(moved),
        "code": [CODE] * len(moved),
        "text": [f"{TEXT} (rule {key})"] * len(moved),
        "text_zh": [f"{TEXT_ZH}（规则 {key}）"] * len(moved),
    }
    return pa.table(columns, schema=REVISIONS), evidence_array(told.after.nats[moved])


def _said(records: pa.Table, ids: NDArray[np.object_]) -> NDArray[np.float64]:
    """Sum what rules say of each like, by family."""
    said = np.zeros((len(ids), FAMILIES))
    family = {f.word: int(f) for f in Family}
    row = np.searchsorted(ids, np.array(records["event_id"].to_pylist(), object))
    column = np.array([family[word] for word in records["family"].to_pylist()], np.int64)
    np.add.at(said, (row, column), records["nats"].to_numpy())
    return said


def _revision_id(event_id: str, key: str) -> str:
    return hashlib.blake2b(f"undo\0{event_id}\0{key}".encode(), digest_size=12).hexdigest()
