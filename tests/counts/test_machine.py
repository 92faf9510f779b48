"""Whatever is applied, repeated, cut and revised in whatever order, the ledger's counters are those
of an oracle that keeps every event in a list and counts from the start each time.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import delete

from zhenzan.counts.interface import STATES, SUBJECTS, LikeState, Revision, Unlike
from zhenzan.counts.ledger import CountLedger
from zhenzan.counts.verify import Taken, verify
from zhenzan.store.engine import Store
from zhenzan.store.tables import METADATA

NAMES = st.sampled_from("abc")
TIMES = st.integers(0, 6)


@dataclass
class Oracle:
    """Every record and every answer, in a list each."""

    records: list[LikeState | Unlike] = field(default_factory=list)
    answers: list[Revision] = field(default_factory=list)

    def likes(self) -> dict[str, LikeState]:
        found: dict[str, LikeState] = {}
        for record in self.records:
            if isinstance(record, LikeState):
                found.setdefault(record.event_id, record)
        return found

    def state(self, like: LikeState) -> str:
        if any(
            isinstance(other, Unlike)
            and (other.account_id, other.item_id) == (like.account_id, like.item_id)
            and other.ts_us >= like.ts_us
            for other in self.records
        ):
            return "withdrawn"
        state, by_person = like.state, False
        for answer in self.answers:
            if answer.event_id == like.event_id and (answer.cause == "review" or not by_person):
                state, by_person = answer.state, answer.cause == "review"
        return state

    def counters(self) -> Counter[tuple[str, str, bool, str]]:
        sums: Counter[tuple[str, str, bool, str]] = Counter()
        for like in self.likes().values():
            for subject in SUBJECTS:
                key = getattr(like, f"{subject}_id")
                if key is not None:
                    sums[subject, key, like.campaign, self.state(like)] += 1
        return sums


RECORD = st.tuples(st.booleans(), NAMES, NAMES, TIMES, st.booleans(), st.sampled_from(STATES))


class Machine(RuleBasedStateMachine):
    """Gives the ledger and the oracle the same, and compares them after every step."""

    def __init__(self, store: Store) -> None:
        super().__init__()
        with store.writing() as connection:
            for table in reversed(METADATA.sorted_tables):
                connection.execute(delete(table))
        self.store = store
        self.ledger = CountLedger(store)
        self.oracle = Oracle()

    @rule(drawn=st.lists(RECORD, max_size=5), back=st.integers(0, 4), beyond=st.integers(0, 2))
    def apply(self, drawn: list[tuple], back: int, beyond: int) -> None:
        """New records, after some that were applied before and before some of other kinds."""
        start = len(self.oracle.records)
        for number, record in enumerate(drawn):
            self.oracle.records.append(self._record(start + number, *record))
        first = max(0, start - back)
        last = start + len(drawn) - 1
        if last < first:
            return
        given = self.oracle.records[first:]
        self.oracle.records += [_other(last + 1 + n) for n in range(beyond)]
        likes = [r for r in given if isinstance(r, LikeState)]
        self.ledger.apply(
            first, last + beyond, likes, [r for r in given if isinstance(r, Unlike) and r.item_id]
        )

    def _record(
        self, position: int, is_like: bool, account: str, item: str, ts_us: int, campaign: bool,
        state: str,
    ) -> LikeState | Unlike:  # fmt: skip
        if not is_like:
            return Unlike(f"u{position}", position, ts_us, account, item)
        # Every fourth like comes with an id that was used before.
        name = f"e{position // 4 * 4 if position % 4 == 3 else position}"
        return LikeState(
            name, position, ts_us, account, item if item != "c" else None,
            "shop" if item == "a" else None, campaign, state, 0.5, ts_us,  # type: ignore[arg-type]
        )  # fmt: skip

    @precondition(lambda self: self.oracle.likes())
    @rule(data=st.data())
    def revise(self, data: st.DataObject) -> None:
        """Several answers at once, some of them twice to one like."""
        names = st.sampled_from(sorted(self.oracle.likes()))
        causes = st.sampled_from(["settled", "group", "rule", "review"])
        shape = st.tuples(names, st.sampled_from(STATES), causes)
        given = [
            Revision(name, state, 0.5, 9, cause)  # type: ignore[arg-type]
            for name, state, cause in data.draw(st.lists(shape, min_size=1, max_size=4))
        ]
        self.ledger.revise(given)
        self.oracle.answers += given

    @invariant()
    def counters_are_those_of_the_oracle(self) -> None:
        wanted = self.oracle.counters()
        found: Counter[tuple[str, str, bool, str]] = Counter()
        for subject, key in {(subject, key) for subject, key, _, _ in wanted}:
            counters = self.ledger.counters(subject, key)  # type: ignore[arg-type]
            assert counters is not None
            for campaign, tally in ((False, counters.likes), (True, counters.campaign)):
                for state in (*STATES, "withdrawn"):
                    found[subject, key, campaign, state] = getattr(tally, state)
        assert +found == wanted

    def teardown(self) -> None:
        """Everything follows from the histories, and the histories from the records."""
        taken, seen = [], set()
        for record in self.oracle.records:
            if record.item_id == "" or record.event_id in seen:
                continue
            seen.add(record.event_id)
            is_like = isinstance(record, LikeState)
            taken.append(
                Taken(
                    record.position,
                    record.event_id,
                    "like" if is_like else "unlike",
                    record.ts_us,
                    record.account_id,
                    record.item_id,
                    record.merchant_id if is_like else None,
                    is_like and record.campaign,
                )
            )
        assert verify(self.store, taken).differences == []


def _other(position: int) -> Unlike:
    """A record of another kind; it holds a position and nothing else."""
    return Unlike(f"o{position}", position, 0, "", "")


@pytest.mark.parametrize("examples", [15])
def test_the_ledger_counts_as_an_oracle_does(store: Store, examples: int):
    few = examples if store.is_sqlite else examples // 3
    run_state_machine_as_test(
        lambda: Machine(store), settings=settings(max_examples=few, stateful_step_count=12)
    )


@pytest.mark.slow
def test_the_ledger_counts_as_an_oracle_does_for_longer(store: Store):
    examples = 60 if store.is_sqlite else 15
    run_state_machine_as_test(
        lambda: Machine(store), settings=settings(max_examples=examples, stateful_step_count=30)
    )
