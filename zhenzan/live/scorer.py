"""The scorer of the live service: accepted rows in, answers out, in the order of the journal."""

from __future__ import annotations

import hashlib
import itertools
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
import pyarrow as pa
from numba import njit
from numpy.typing import NDArray

import zhenzan
from zhenzan.alarm.gauges import Gauges
from zhenzan.alarm.silence import SilenceAlarm
from zhenzan.alarm.told import Alarm, alarms_on
from zhenzan.clock import SECOND_US
from zhenzan.detectors.registry import all_detectors
from zhenzan.engine.snapshot import Snapshot, put_back, take
from zhenzan.events.batch import LogBatch
from zhenzan.events.encode import Encoder
from zhenzan.events.hashed import HashedRows
from zhenzan.events.network import Networks
from zhenzan.events.schema import Kind
from zhenzan.events.tables import AccountFacts, ItemFacts
from zhenzan.live.interface import Reason
from zhenzan.live.ruling import LiveRules
from zhenzan.scoring.at_once import Answers, AtOnceScorer
from zhenzan.scoring.decide import count_states, new_accounts
from zhenzan.scoring.learned.inputs import assemble
from zhenzan.scoring.learned.judge import strengthen, unaided
from zhenzan.scoring.learned.model import load_model
from zhenzan.scoring.learned.reasons import LearnedReasons
from zhenzan.scoring.measured import Measured
from zhenzan.scoring.neighbours import RunningNeighbours
from zhenzan.scoring.reasons import Reasoner
from zhenzan.scoring.signals import SignalSource
from zhenzan.settings import Settings

I64 = NDArray[np.int64]

LOG = logging.getLogger("zhenzan.live")

_NEVER_US = -(1 << 62)


@dataclass(frozen=True, slots=True)
class Facts:
    """What the service may know beside the interactions: side tables, a rulebook, and models.

    Attributes
    ----------
    rules
        Folder of a ``RuleBook``; what is published or stopped there is in force from the next
        group on.
    model
        Folder of models, or of one version. Answers at once follow the version that was promoted
        when the service started, settled answers the one promoted when a run of the settler began.
    """

    accounts: Path | None = None
    items: Path | None = None
    networks: Path | None = None
    rules: Path | None = None
    model: Path | None = None


@dataclass(frozen=True, slots=True)
class Judged:
    """What the scorer says about rows, in their order.

    Attributes
    ----------
    as_of_us
        The engine's time at which each row was answered: nothing later was known.
    late_by_us
        How far behind the engine's time each row came; 0 in order.
    likes
        The rows that are likes; the columns below have one entry for each.
    reasons
        Strongest first; empty tuples where nobody asked for them.
    rules
        The live rules that fired at each like, as ``name@version``; None where none did.
    merchants
        Who owns each like's item by the items table; None where there is no table.
    """

    as_of_us: I64
    late_by_us: I64
    likes: I64
    score: NDArray[np.float64]
    states: NDArray[np.int8]
    reasons: list[tuple[Reason, ...]]
    rules: list[str | None]
    merchants: list[str | None] | None


@dataclass(slots=True)
class _Part:
    """The answers to the likes of some rows."""

    score: NDArray[np.float64]
    states: NDArray[np.int8]
    bins: NDArray[np.int8]
    reasons: list[tuple[Reason, ...]]
    rules: list[str | None]


class LiveScorer:
    """Answer rows in the order of the journal, whatever groups they come in.

    The engine's time never stands still and never goes back: a row that comes behind it, or with
    it, is taken in one microsecond after it, and the answer says how late it came. A row that is
    later than the lateness bound is answered from what is retained and changes no window
    (design.md, "Time and windows"). So no two rows are peers, and every answer is a function of
    the rows before it alone: the same journal gives the same answers to the last bit, whether it
    is taken in row by row or replayed as a whole, as long as no rule changes meanwhile.
    """

    def __init__(self, settings: Settings, facts: Facts | None = None) -> None:
        facts = facts or Facts()
        self._settings = settings
        self.encoder = Encoder(
            accounts=AccountFacts(facts.accounts) if facts.accounts else None,
            items=ItemFacts(facts.items) if facts.items else None,
            networks=Networks.read(facts.networks),
        )
        self._rules = LiveRules(facts.rules)
        self.signals = SignalSource(self._rules.features, settles=False, threads=1)
        self._rules.run_on(self.encoder.tables, (f.name for f in self.signals.features))
        self.model = load_model(facts.model) if facts.model else None
        self.scorer = AtOnceScorer(
            all_detectors(), renewal="likes", near=RunningNeighbours() if self.model else None
        )
        self.gauges = Gauges(self.scorer.detectors)
        self.silence = SilenceAlarm(len(self.gauges.all))
        self.clock_us = _NEVER_US
        self._reasoner: Reasoner | None = None
        self._reasoned_on: object = None

    @property
    def rules_error(self) -> str | None:
        """Why the rulebook as it stands is not in force; None while it is."""
        return self._rules.error

    @property
    def version(self) -> str:
        """Fingerprint what a state belongs to: package, features, detectors, and the model."""
        told = [zhenzan.__version__, self.signals.engine.feature_hash]
        told += [self.model.version] if self.model else []
        told += [detector.code for detector in self.scorer.detectors]
        return hashlib.blake2b(" ".join(told).encode(), digest_size=8).hexdigest()

    def snapshot(self) -> Snapshot:
        """Copy the whole state."""
        return take({"clock_us": self.clock_us, **self._state()})

    def restore(self, snapshot: Snapshot) -> None:
        """Go on where the scorer stood that gave the snapshot.

        Raises
        ------
        CheckpointError
            The state is of another version.
        """
        whole = {"clock_us": self.clock_us, **self._state()}
        put_back(whole, snapshot)
        self.clock_us = cast(int, whole["clock_us"])
        self._reasoner = None

    def _state(self) -> dict[str, object]:
        return {
            "encoder": self.encoder,
            "signals": self.signals,
            "scorer": self.scorer,
            "silence": self.silence,
        }

    def alarms(self) -> tuple[Alarm, ...]:
        """List what has fallen silent, as of the rows answered so far."""
        channels = self.encoder.tables["channel"]
        return alarms_on(
            self.gauges,
            self.silence,
            lambda code: str(channels.strings(np.array([code], np.int32))[0].as_py()),
        )

    def _watch(self, batch: LogBatch, bins: NDArray[np.int8]) -> None:
        hits, tries = self.gauges.count(batch, bins)
        for change in self.silence.observe(batch.ts, hits, tries):
            gauge = self.gauges.all[change.gauge]
            told = {"what": gauge.what, "name": gauge.name, "share": change.share}
            word = "raised" if change.began else "ended"
            LOG.warning(f"a silence alarm was {word}", extra={"fields": told})

    def answer(self, rows: pa.Table, *, explain: bool = True) -> Judged:
        """Take canonical rows in, in the order of the journal, and answer each.

        Parameters
        ----------
        rows
            As ``Validator`` gives them: accepted, and none of them there before.
        explain
            False where nobody will read the reasons: a replay.
        """
        self._rules.look()
        hashed = HashedRows.of(rows.combine_chunks(), None)
        ts = hashed.ts
        as_of, late = np.empty_like(ts), np.empty(len(ts), np.bool_)
        bound_us = self._settings.lateness_s * SECOND_US
        self.clock_us = _follow(ts, self.clock_us, bound_us, as_of, late)
        hashed.numbers["ts"] = np.where(late, ts, as_of)
        likes = np.flatnonzero(hashed.numbers["kind"] == Kind.LIKE)
        parts = [self._answer(hashed, part, explain) for part in self._runs(hashed.ts, late)]
        return Judged(
            as_of_us=as_of,
            late_by_us=np.maximum(as_of - ts, 0),
            likes=likes,
            score=np.concatenate([part.score for part in parts]),
            states=np.concatenate([part.states for part in parts]),
            reasons=[reasons for part in parts for reasons in part.reasons],
            rules=[keys for part in parts for keys in part.rules],
            merchants=self._owners(hashed, likes) if self.encoder.items else None,
        )

    def _owners(self, hashed: HashedRows, likes: I64) -> list[str | None]:
        """Name the owners of the likes' items by the items table."""
        items, facts = self.encoder.tables["item"], self.encoder.items
        assert facts is not None
        item = items.find(hashed.strings("item_id", likes))
        merchant = np.where(item >= 0, facts.merchant[np.maximum(item, 0)], -1).astype(np.int32)
        owners: list[str | None] = self.encoder.tables["merchant"].strings(merchant).to_pylist()
        return owners

    def _runs(self, ts: I64, late: NDArray[np.bool_]) -> Iterator[tuple[slice, bool]]:
        """Cut rows where the engine must be asked anew, a function of the rows alone.

        A batch is late as a whole or not at all; two late rows with one time would be peers, so
        they go apart; and codes are given back at a row that the stream decides.
        """
        start = 0
        while start < len(ts):
            same = late[start:] == late[start]
            end = start + (int(np.argmin(same)) if not same.all() else len(same))
            if late[start]:
                peers = np.flatnonzero(np.diff(ts[start:end]) == 0)
                end = start + int(peers[0]) + 1 if len(peers) else end
            else:
                due = self.encoder.sweep_due_us
                end = min(end, start + int(np.searchsorted(ts[start:end], due)) + 1)
            yield slice(start, end), bool(late[start])
            start = end

    def _answer(self, hashed: HashedRows, run: tuple[slice, bool], explain: bool) -> _Part:
        rows, is_late = run
        batch = self.encoder.encode([hashed.part(rows.start, rows.stop)], late=is_late)
        accounts = self.encoder.accounts
        created_us = accounts.created_at_us if accounts is not None else np.zeros(0, np.int64)
        likes, _ = self.signals.update(batch, created_us=created_us)
        if batch.forgotten is not None:
            self.scorer.forget(batch.forgotten.codes["device"])
        count = len(likes["ts"])
        bins = np.zeros((count, len(self.scorer.detectors)), np.int8)
        found = _Part(np.empty(count), np.empty(count, np.int8), bins, [], [])
        start = 0
        while start < count:
            part = slice(start, min(count, start + self.scorer.room))
            those = likes if part == slice(0, count) else {k: v[part] for k, v in likes.items()}
            self._judge(those, part, found, explain)
            start = part.stop
        self._watch(batch, bins)
        return found

    def _judge(
        self, likes: dict[str, NDArray[Any]], part: slice, found: _Part, explain: bool
    ) -> None:
        """Answer likes that are judged by the same evidence."""
        answers = self.scorer.score(likes)
        is_new = new_accounts(likes["ts"], likes["registered_us"])

        def decide(
            score: NDArray[np.float64], nats: NDArray[np.float32], rows: I64
        ) -> NDArray[np.int8]:
            return count_states(score, nats, self._settings, is_new=is_new[rows])

        every = np.arange(len(answers.score))
        answer = unaided(answers.score, decide(answers.score, answers.nats, every), answers.nats)
        if self.model is not None:
            matrix = assemble(answers.values, answers.bins, answers.near)
            answer = strengthen(self.model.parts["at_once"], answer, matrix, is_new=is_new)
        ruled = self._rules.join(likes, (answer.score, answer.nats, answer.states), decide)
        found.score[part], found.states[part] = ruled.score, ruled.states
        found.bins[part] = answers.bins
        found.rules.extend(ruled.keys())
        if explain:
            found.reasons.extend(ruled.reasons(self._explain(likes, answers, answer.by_model)))
        else:
            found.reasons.extend([()] * len(every))

    def _explain(
        self, likes: dict[str, NDArray[Any]], answers: Answers, by_model: NDArray[np.bool_]
    ) -> list[tuple[Reason, ...]]:
        evidence = self.scorer.evidence
        if self._reasoner is None or self._reasoned_on is not evidence:
            self._reasoner, self._reasoned_on = Reasoner(self.scorer.detectors, evidence), evidence
        nothing = np.zeros((len(answers.score), 0), np.float32)
        measured = Measured(self.scorer.detectors, answers.values, nothing, answers.bins)
        segments = self.scorer.baseline.segments(likes["category"], likes["campaign"])
        rows = np.arange(len(answers.score))
        if self.model is None:
            return _spelled(self._reasoner.explain(measured, rows, segments))
        part = self.model.parts["at_once"]
        reasons = LearnedReasons(self._reasoner, part, answers.near, by_model)
        return _spelled(reasons.explain(measured, rows, segments))


def _spelled(told: pa.ListArray) -> list[tuple[Reason, ...]]:
    """Turn the reasons of likes into dictionaries."""
    struct = told.flatten()
    columns = []
    for place in range(struct.type.num_fields):
        column = struct.field(place)
        if pa.types.is_dictionary(column.type):
            column = column.dictionary_decode()
        columns.append(column.to_pylist())
    names = [field.name for field in struct.type]
    flat = [
        cast(Reason, dict(zip(names, values, strict=True))) for values in zip(*columns, strict=True)
    ]
    ends = told.offsets.to_pylist()
    return [tuple(flat[low:high]) for low, high in itertools.pairwise(ends)]


@njit(cache=True, nogil=True)
def _follow(ts: I64, clock_us: int, bound_us: int, as_of: I64, late: NDArray[np.bool_]) -> int:
    for row in range(len(ts)):
        late[row] = ts[row] < clock_us - bound_us
        if late[row]:
            as_of[row] = clock_us
        else:
            clock_us = max(ts[row], clock_us + 1)
            as_of[row] = clock_us
    return clock_us
