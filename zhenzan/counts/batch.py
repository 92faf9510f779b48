"""Works out what one transaction changes: rows to add, likes to rewrite, counters to move.

Nothing here touches a database, so the arithmetic of counts stands in one place: `Batch._place`
is the only way into a history, and it moves every counter that the state belongs to.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

from zhenzan.counts.interface import (
    CAUSES,
    STATES,
    SUBJECTS,
    LikeState,
    Reason,
    Revision,
    Unlike,
)
from zhenzan.errors import LedgerError

Row = dict[str, Any]

COUNTED_AS: tuple[str, ...] = (*STATES, "withdrawn")
"""What a like is counted as: its state, or that its account took it back."""

_COLUMNS = (*COUNTED_AS, *(f"campaign_{name}" for name in COUNTED_AS))
_PLACE = {name: place for place, name in enumerate(_COLUMNS)}
CURRENT = (
    "withdrawn", "state", "score", "as_of_us", "group_id", "rule_version", "model_version", "seq",
    "revision", "cause",
)  # fmt: skip
"""Columns of a like that a state may change."""


class Batch:
    """Gathers the changes of one transaction.

    Parameters
    ----------
    revision
        The last number given to a state so far.
    known
        The likes that the batch may touch, by ``event_id``, as the database holds them.
    unlikes
        The latest time at which each account took back what it gave to an item.
    """

    def __init__(
        self, revision: int, known: Mapping[str, Row], unlikes: Mapping[tuple[str, str], int]
    ) -> None:
        self.revision = revision
        self.states: list[Row] = []
        self.added: dict[str, Row] = {}
        self.changed: dict[str, Row] = {}
        self.unlikes: list[Row] = []
        self.moves: dict[tuple[str, str], list[int]] = {}
        self._known = dict(known)
        self._unliked = dict(unlikes)
        self._standing: dict[tuple[str, str], list[Row]] = {}
        for row in self._known.values():
            self._stand(row)

    def like(self, like: LikeState) -> None:
        """Add a like with its first state."""
        _check(like.event_id, like.state, like.score, like.cause)
        pair = (like.account_id, like.item_id or "")
        taken_back_us = self._unliked.get(pair, like.ts_us - 1)
        row: Row = {
            "event_id": like.event_id,
            "position": like.position,
            "ts_us": like.ts_us,
            "account_id": like.account_id,
            "item_id": like.item_id,
            "merchant_id": like.merchant_id,
            "campaign": like.campaign,
            "withdrawn": None,
            "state": None,
            "seq": 0,
        }
        self.added[like.event_id] = self._known[like.event_id] = row
        answer = _answer(like)
        answer["withdrawn"] = like.item_id is not None and taken_back_us >= like.ts_us
        self._place(row, answer, reasons=written(like.reasons), position=like.position)
        self._stand(row)

    def unlike(self, unlike: Unlike) -> None:
        """Take back every standing like of the account on the item up to the time of the unlike."""
        pair = (unlike.account_id, unlike.item_id)
        self._unliked[pair] = max(unlike.ts_us, self._unliked.get(pair, unlike.ts_us))
        self.unlikes.append(
            {
                "event_id": unlike.event_id,
                "position": unlike.position,
                "ts_us": unlike.ts_us,
                "account_id": unlike.account_id,
                "item_id": unlike.item_id,
            }
        )
        standing = self._standing.get(pair, [])
        for row in sorted(standing, key=lambda row: int(row["position"])):
            if row["ts_us"] <= unlike.ts_us:
                answer = {name: row[name] for name in CURRENT}
                answer |= {"withdrawn": True, "taken_back_us": unlike.ts_us}
                self._place(row, answer, reasons="[]", position=unlike.position)
        self._standing[pair] = [row for row in standing if not row["withdrawn"]]

    def revise(self, revision: Revision) -> str:
        """Give a like another answer; return what came of it, a name of `Applied`.

        An answer that a person gave stands against every automatic one (E-20: a decision under
        qualified staff is not undone by automation).
        """
        _check(revision.event_id, revision.state, revision.score, revision.cause)
        if revision.cause in ("at_once", "unlike"):
            raise LedgerError(f"`{revision.cause}` is no cause of a revision")
        row = self._known.get(revision.event_id)
        if row is None:
            return "unknown"
        answer = _answer(revision)
        same = ("state", "score", "cause", "group_id", "rule_version", "model_version")
        if all(answer[name] == row[name] for name in same):
            return "unchanged"
        if row["cause"] == "review" and revision.cause != "review":
            return "kept"
        answer["withdrawn"] = row["withdrawn"]
        self._place(row, answer, reasons=written(revision.reasons), position=None)
        return "states"

    def counters(self) -> list[Row]:
        """Give what is to be added to each counter, in the order of their keys."""
        return [
            {"subject": subject, "key": key, **dict(zip(_COLUMNS, moves, strict=True))}
            for (subject, key), moves in sorted(self.moves.items())
            if any(moves)
        ]

    def _place(self, row: Row, answer: Row, *, reasons: str, position: int | None) -> None:
        """Write the next state of a like and move its counters from the last one."""
        before = row["state"]
        if before is not None:
            self._move(row, -1)
        taken_back_us = answer.pop("taken_back_us", None)
        row |= answer
        self.revision += 1
        row["seq"] += 1
        row["revision"] = self.revision
        self._move(row, 1)
        told = ("event_id", "seq", "revision", "state", "withdrawn", "score", "group_id",
                "rule_version", "model_version", "cause", "as_of_us")  # fmt: skip
        state = {name: row[name] for name in told}
        state |= {"state_before": before, "reasons": reasons, "position": position}
        if taken_back_us is not None:
            # The answer stands; what happened is that the account took the like back.
            state |= {"cause": "unlike", "as_of_us": taken_back_us}
        self.states.append(state)
        if row["event_id"] not in self.added:
            self.changed[row["event_id"]] = row

    def _move(self, row: Row, step: int) -> None:
        name = "withdrawn" if row["withdrawn"] else row["state"]
        place = _PLACE[f"campaign_{name}" if row["campaign"] else name]
        for subject in SUBJECTS:
            key = row[f"{subject}_id"]
            if key is not None:
                self.moves.setdefault((subject, key), [0] * len(_COLUMNS))[place] += step

    def _stand(self, row: Row) -> None:
        if row["item_id"] is not None and not row["withdrawn"]:
            self._standing.setdefault((row["account_id"], row["item_id"]), []).append(row)


def changes(row: Row) -> Row:
    """Give the columns of a like that a state may have changed, with its id under ``of``."""
    return {"of": row["event_id"]} | {name: row[name] for name in CURRENT}


def written(reasons: Sequence[Reason]) -> str:
    """Write reasons as JSON; a number that JSON cannot hold becomes null."""
    try:
        return _ENCODER.encode(list(reasons))
    except ValueError:
        return _ENCODER.encode([_finite(reason) for reason in reasons])


_ENCODER = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def _finite(reason: Reason) -> Reason:
    return {
        name: None if isinstance(value, float) and not math.isfinite(value) else value
        for name, value in reason.items()
    }


def _answer(given: LikeState | Revision) -> Row:
    return {
        "state": given.state,
        "score": float(given.score),
        "as_of_us": given.as_of_us,
        "group_id": given.group_id,
        "rule_version": given.rule_version,
        "model_version": given.model_version,
        "cause": given.cause,
    }


def _check(event_id: str, state: str, score: float, cause: str) -> None:
    if state not in STATES or cause not in CAUSES or not 0.0 <= score <= 1.0:
        raise LedgerError(
            f"the answer to `{event_id}` is none: state `{state}`, score {score}, cause `{cause}`",
            hint=f"states are {', '.join(STATES)}; a score lies in 0..1",
        )
