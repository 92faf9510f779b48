"""Checks every count of a live service against what its journal and its callers know."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from zhenzan.counts.interface import SUBJECTS
from zhenzan.counts.ledger import CountLedger
from zhenzan.events.schema import Kind
from zhenzan.events.state import COUNT_STATES
from zhenzan.live.interface import Answer
from zhenzan.live.journal import read_groups
from zhenzan.live.scorer import LiveScorer
from zhenzan.live.wire import unpack
from zhenzan.settings import Settings


def check_counts(
    folder: Path,
    ledger: CountLedger,
    told: Mapping[str, Answer],
    rows: Sequence[Mapping[str, object]],
    settings: Settings,
) -> None:
    """Assert that nothing acknowledged is lost, nothing counted twice, and every answer right.

    Parameters
    ----------
    told
        What callers were told, by event id.
    rows
        All rows that callers may have sent.
    """
    groups = [unpack(group) for group in read_groups(folder / "journal")]
    ids = [name for group in groups for name in group.column("event_id").to_pylist()]
    assert len(ids) == len(set(ids)), "an id stands in the journal once"
    assert set(told) <= set(ids), "what was acknowledged is in the journal"
    for position, name in enumerate(ids):
        if name in told and told[name].position is not None:
            assert told[name].position == position
    # The answers of a run that nothing interrupted.
    scorer, expected = LiveScorer(settings), {}
    for group in groups:
        judged = scorer.answer(group)
        for place, like in enumerate(judged.likes.tolist()):
            name = group.column("event_id")[like].as_py()
            state = COUNT_STATES[int(judged.states[place])]
            expected[name] = (float(judged.score[place]), state, judged.reasons[place])
    held = ledger.first_answers(list(expected))
    assert {k: (v.score, v.state, v.reasons) for k, v in held.items()} == expected
    for name, answer in told.items():
        if answer.score is not None:
            assert (answer.score, answer.count_state, answer.reasons) == expected[name]
    by_id = {row["event_id"]: row for row in rows}
    likes = [by_id[name] for name in ids if by_id[name]["kind"] == Kind.LIKE.word]
    for subject in SUBJECTS:
        for key, count in Counter(row[f"{subject}_id"] for row in likes).items():
            found = ledger.counters(subject, str(key))
            assert found is not None
            assert found.likes.claimed + found.campaign.claimed == count
    assert ledger.applied_position() == len(ids) - 1
