"""Answers groups in the order of the journal, and repeats by what was said first."""

from __future__ import annotations

import contextlib
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Protocol, cast

import pyarrow as pa

from zhenzan.counts.interface import StateRow
from zhenzan.events.state import COUNT_STATES
from zhenzan.live.calls import Taken
from zhenzan.live.counting import Counted, Ledger
from zhenzan.live.interface import Answer, Reason
from zhenzan.live.recovery import count
from zhenzan.live.scorer import Judged, LiveScorer

RECENT_MAX = 4_096
"""Answers kept in memory for a repeat, beside those that the ledger does not hold yet."""


class CountsLedger(Ledger, Protocol):
    """A ledger that also says what it answered first."""

    def first_answers(self, event_ids: Sequence[str]) -> Mapping[str, StateRow]:
        """Give the answer at once of each like that the ledger holds."""
        ...


class Answering:
    """Answers what is on disk, and says what it means for the counts.

    Parameters
    ----------
    end
        The position up to which all is answered.
    counted
        Gives the position that the ledger has reached.
    """

    def __init__(
        self, scorer: LiveScorer, ledger: CountsLedger, *, end: int, counted: Callable[[], int]
    ) -> None:
        self._scorer, self._ledger, self._counted = scorer, ledger, counted
        self._recent: OrderedDict[str, Answer] = OrderedDict()
        self._end = end

    @property
    def end(self) -> int:
        """The position of the first record that is not answered yet."""
        return self._end

    def answer(self, taken: list[Taken]) -> Counted:
        """Answer groups that follow on those before; give their effect and who is to be told."""
        fresh = [one for one in taken if one.rows.num_rows]
        effect = Counted(self._end, self._end - 1)
        if fresh:
            rows = pa.concat_tables([one.rows for one in fresh])
            assert fresh[0].position == self._end, "records are answered in their order"
            judged = self._scorer.answer(rows)
            effect = count(rows, self._end, judged, version=self._scorer.version)
            self._place(fresh, rows, judged)
            self._end += rows.num_rows
        for one in taken:
            self._answer_repeated(one)
            start = 0
            for call in one.calls:
                end = start + len(call.rows)
                answers = [answer for answer in one.answers[start:end] if answer is not None]
                assert len(answers) == len(call.rows), "every row is answered"
                effect.told.append((call.done, answers))
                start = end
        return effect

    def _place(self, fresh: list[Taken], rows: pa.Table, judged: Judged) -> None:
        """Put the answers of accepted rows where their callers look for them."""
        owners = [(one, place) for one in fresh for place in one.places]
        ids = rows.column("event_id").to_pylist()
        as_of, late = judged.as_of_us.tolist(), judged.late_by_us.tolist()
        like_at = dict(zip(judged.likes.tolist(), range(len(judged.likes)), strict=True))
        score, states = judged.score.tolist(), judged.states.tolist()
        for at, (one, place) in enumerate(owners):
            told = Answer(
                ids[at], "accepted", self._end + at, as_of_us=as_of[at], late_by_us=late[at]
            )
            if (like := like_at.get(at)) is not None:
                told = replace(
                    told,
                    score=score[like],
                    count_state=COUNT_STATES[states[like]],
                    reasons=judged.reasons[like],
                )
            one.answers[place] = told
            self._recent[ids[at]] = told
        while len(self._recent) > RECENT_MAX:
            oldest = next(iter(self._recent.values()))
            if (oldest.position or 0) > self._counted():
                break
            self._recent.popitem(last=False)

    def _answer_repeated(self, one: Taken) -> None:
        asked = [one.ids[place] for place in one.repeated]
        unknown = [name for name in asked if name not in self._recent]
        held: Mapping[str, StateRow] = {}
        if unknown:
            # The answer to a repeat is worth no waiting for a database that is away.
            with contextlib.suppress(Exception):
                held = self._ledger.first_answers(unknown)
        for place, name in zip(one.repeated, asked, strict=True):
            if name in self._recent:
                one.answers[place] = replace(self._recent[name], status="repeated")
            elif name in held:
                row = held[name]
                one.answers[place] = Answer(
                    name,
                    "repeated",
                    row.position,
                    row.score,
                    row.state,
                    cast("tuple[Reason, ...]", tuple(row.reasons)),
                    row.as_of_us,
                )
            else:
                one.answers[place] = Answer(name, "repeated")
