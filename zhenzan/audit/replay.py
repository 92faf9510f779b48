"""Plays what windows have changed over the likes that they name; each change is an event."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from zhenzan.audit.standing import Window
from zhenzan.detectors.interface import Family
from zhenzan.events.state import COUNT_STATES
from zhenzan.scoring.joining import join_groups, settled_states
from zhenzan.scoring.learned.model import odds
from zhenzan.scoring.outputs import evidence_array
from zhenzan.scoring.reasons import FOR_MAX
from zhenzan.settings import Settings

_TS = pa.timestamp("us", tz="UTC")

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

FOUND, MOVED, WEIGHED, WITHDRAWN, BENIGN, LEARNED = range(6)

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
    (
        "REV006",
        "a trained model finds more against this like than the evidence had said",
        "训练所得的模型对该点赞得出比原有证据更强的不利结论",
    ),
)
"""Code, English and Chinese text of each reason; codes are never used again."""


class Replay:
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
        # What a model has said so far: nothing, which is weaker than any answer.
        self._model: dict[str, NDArray[Any]] = {
            "score": np.full(len(touched), -1.0),
            "state": np.full(len(touched), -1, np.int8),
            "nats": np.zeros_like(self._nats),
        }
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
        score, state, nats = self._stronger(rows, score, state, nats)
        group = np.where(found < 0, self._group[rows], found)
        code = _codes(self._now["group"][rows], found, benign)
        new = {
            "score": score,
            "state": state,
            "group": group,
            "nats": nats,
            "size": changes["size"].to_numpy(),
            "code": code,
        }
        return self._take(window, rows, new)

    def hear(self, window: Window, judged: pa.Table) -> pa.Table:
        """Let the answers of a model stand where they are the stronger ones; give the events."""
        place = pc.index_in(judged["event_id"], self._ids)
        judged = judged.filter(pc.is_valid(place))
        rows = place.drop_null().to_numpy().astype(np.int64)
        self._model["score"][rows] = judged["score"].to_numpy()
        self._model["state"][rows] = judged["state"].to_numpy()
        said = judged["nats"].combine_chunks().flatten().to_numpy()
        self._model["nats"][rows] = said.reshape(len(rows), len(Family))
        now = {name: self._now[name][rows] for name in ("score", "state", "nats", "group", "size")}
        score, state, nats = self._stronger(rows, now["score"], now["state"], now["nats"])
        code = np.full(len(rows), LEARNED)
        new = {**now, "score": score, "state": state, "nats": nats, "code": code}
        return self._take(window, rows, new)

    def _stronger(
        self,
        rows: NDArray[np.int64],
        score: NDArray[np.float64],
        state: NDArray[np.int8],
        nats: NDArray[np.float32],
    ) -> tuple[NDArray[np.float64], NDArray[np.int8], NDArray[np.float32]]:
        """Take, for each like, the stronger of an answer and the model's."""
        theirs = {name: values[rows] for name, values in self._model.items()}
        wins = (theirs["state"] > state) | ((theirs["state"] == state) & (theirs["score"] > score))
        return (
            np.maximum(score, theirs["score"]),
            np.maximum(state, theirs["state"]),
            np.where(wins[:, None], theirs["nats"], nats),
        )

    def _take(self, window: Window, rows: NDArray[np.int64], new: dict[str, Any]) -> pa.Table:
        """Make events of the answers that differ from those that stand, and let them stand."""
        moved = [self._now[name][rows] != new[name] for name in ("score", "state", "group")]
        differs = np.logical_or.reduce(moved) if len(rows) else np.zeros(0, np.bool_)
        new["as_of"] = np.full(len(rows), window.end_us)
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
        # A group and a model may come to the same state in one window.
        by = [REASONS[LEARNED][0] if code == LEARNED else "" for code in new["code"]]
        columns["revision_id"] = [
            _revision_id(window.end_us, *key, by=who) for key, who in zip(keys, by, strict=True)
        ]
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
        by_model = self._now["code"] == LEARNED
        said = np.where(by_model, odds(self._now["score"]) - odds(self._score), said)
        value = np.where(by_model, self._now["score"], self._now["size"])
        most = np.argmax(self._now["nats"] - self._nats, axis=1)
        family = np.where(by_model, most, Family.GROUP)
        english, chinese = _texts(self._now, 1), _texts(self._now, 2)
        for row in np.flatnonzero(said > 0):
            code = REASONS[self._now["code"][row]][0]
            own = {
                "code": code, "family": Family(int(family[row])).word, "side": "for",
                "value": float(value[row]), "usual_low": 0.0, "usual_high": 0.0,
                "weight": float(said[row]), "text": english[row], "text_zh": chinese[row],
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


def _revision_id(as_of_us: int, event_id: str, group: str | None, state: str, *, by: str) -> str:
    text = f"{event_id}\0{as_of_us}\0{group or ''}\0{state}" + (f"\0{by}" if by else "")
    return hashlib.blake2b(text.encode(), digest_size=12).hexdigest()
