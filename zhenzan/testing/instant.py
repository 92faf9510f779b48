"""A live service in memory, for tests of what stands on one: it answers by rule and keeps nothing.

An account whose id begins with ``bot`` gets its likes excluded, one that begins with ``new`` held,
every other counted. It keeps the promises of `zhenzan.live.interface.Service` but durability.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from threading import Lock
from typing import TYPE_CHECKING, Any

from zhenzan.errors import Overloaded, Unavailable
from zhenzan.live.interface import Answer, Problem, Reason

if TYPE_CHECKING:
    from zhenzan.counts.ledger import CountLedger

REASON: Reason = {
    "code": "BEH001",
    "family": "behaviour",
    "side": "for",
    "value": 30.0,
    "usual_low": 0.0,
    "usual_high": 2.0,
    "weight": 0.8,
    "text": "the account liked 30 items in a minute (usual: 0 to 2)",
    "text_zh": "该账号一分钟内点赞了 30 个条目（通常为 0 至 2 个）",
}

_TEXTS = ("kind", "item_id", "merchant_id", "campaign_id")


class InstantService:
    """Answers at once and applies every interaction to a ledger before it does.

    Parameters
    ----------
    ledger
        Where likes and unlikes are counted.
    """

    def __init__(self, ledger: CountLedger) -> None:
        self._ledger = ledger
        self._bodies: dict[str, tuple[Mapping[str, object], Answer]] = {}
        self._next = ledger.applied_position() + 1
        self._lock = Lock()
        self.retry_after_s: float | None = None
        self.closed = False

    def submit(self, rows: Sequence[Mapping[str, object]]) -> Future[list[Answer]]:
        """Answer rows in their order."""
        if self.retry_after_s is not None:
            raise Overloaded(self.retry_after_s)
        if self.closed:
            raise Unavailable("the service is closing")
        done: Future[list[Answer]] = Future()
        with self._lock:
            done.set_result([self._answered(dict(row)) for row in rows])
        return done

    def drain(self) -> None:
        """Take nothing more in."""
        self.closed = True

    def close(self) -> None:
        """Take nothing more in."""
        self.closed = True

    def health(self) -> dict[str, object]:
        """Say whether interactions are taken, and how many were."""
        return {"ready": not self.closed, "position": self._next - 1}

    def _answered(self, row: dict[str, Any]) -> Answer:
        event_id = row.get("event_id")
        if not (isinstance(event_id, str) and isinstance(row.get("account_id"), str)):
            problem = Problem("missing_required", "`event_id` is missing", "缺少 `event_id`")
            return Answer(event_id if isinstance(event_id, str) else "", "refused", problem=problem)
        wrong = [n for n in _TEXTS if not isinstance(row.get(n), str | None)]
        if wrong:
            problem = Problem("bad_value", f"`{wrong[0]}` is no text", f"`{wrong[0]}` 不是文本")
            return Answer(event_id, "refused", problem=problem)
        if event_id in self._bodies:
            body, answer = self._bodies[event_id]
            if body == row:
                return Answer(**{**_fields(answer), "status": "repeated"})
            problem = Problem(
                "duplicate_conflict", f"`{event_id}` had another body", f"`{event_id}` 内容不同"
            )
            return Answer(event_id, "refused", problem=problem)
        answer = self._taken(row, event_id)
        self._bodies[event_id] = (row, answer)
        return answer

    def _taken(self, row: dict[str, Any], event_id: str) -> Answer:
        from zhenzan.counts.interface import LikeState, State, Unlike

        position, self._next = self._next, self._next + 1
        likes, unlikes = [], []
        account, item, ts_us = str(row["account_id"]), row.get("item_id"), 1_000_000 + position
        score: float | None = None
        state: State | None = None
        if row.get("kind") == "like":
            by_prefix: dict[str, tuple[State, float]] = {
                "bot": ("excluded", 0.9),
                "new": ("held", 0.5),
            }
            state, score = by_prefix.get(account[:3], ("counted", 0.1))
            merchant, campaign = row.get("merchant_id"), row.get("campaign_id") is not None
            likes.append(
                LikeState(
                    event_id, position, ts_us, account, item, merchant, campaign,
                    state, score, ts_us, (REASON,),
                )
            )  # fmt: skip
        elif row.get("kind") == "unlike" and item is not None:
            unlikes.append(Unlike(event_id, position, ts_us, account, item))
        self._ledger.apply(position, position, likes, unlikes)
        reasons = (REASON,) if likes else ()
        return Answer(event_id, "accepted", position, score, state, reasons, ts_us)


def _fields(answer: Answer) -> dict[str, Any]:
    return {name: getattr(answer, name) for name in Answer.__dataclass_fields__}
