"""From a log to its answers: reads, measures, scores at once, settles, and writes the outputs."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from zhenzan.arrays import release_large_arrays
from zhenzan.detectors.interface import Family
from zhenzan.detectors.registry import all_detectors
from zhenzan.events.ingest import Ingest
from zhenzan.events.schema import Kind
from zhenzan.groups.authors import authors_of
from zhenzan.scoring.ahead import ahead
from zhenzan.scoring.at_once import AtOnceScorer
from zhenzan.scoring.decide import count_states, new_accounts
from zhenzan.scoring.holdout import KEY
from zhenzan.scoring.hook import RuleHook
from zhenzan.scoring.joining import join_groups, settled_states
from zhenzan.scoring.learned.inputs import assemble
from zhenzan.scoring.learned.judge import Answer, joined, strengthen, unaided
from zhenzan.scoring.learned.model import Model, Part
from zhenzan.scoring.learned.windows import windows
from zhenzan.scoring.lockstep import Lockstep, find_lockstep
from zhenzan.scoring.measured import Measured
from zhenzan.scoring.neighbours import NEAR, RunningNeighbours, own_odds, settled_neighbours
from zhenzan.scoring.outputs import Settlement, Stronger, write_outputs
from zhenzan.scoring.settled import Keys, Settled, settle
from zhenzan.scoring.signals import SignalSource, Step
from zhenzan.scoring.spill import KEYS, LikeSpill
from zhenzan.scoring.tally import AccountTally, ItemTally
from zhenzan.scoring.weights import load as load_weights
from zhenzan.settings import Settings
from zhenzan.traces import FollowUpTrace
from zhenzan.traces.follow_up import ENGAGED, FOLLOWED
from zhenzan.traces.hindsight import channel_quality, drip_spread, round_stop

_CHUNK = 131_072

Progress = Callable[[str, float], None]
"""Called with the name of the stage and the part of it that is done, 0 to 1."""


@dataclass(slots=True)
class Run:
    """What reading a log has gathered: everything that the settled answer needs."""

    ingest: Ingest
    settings: Settings
    spill: LikeSpill
    signals: SignalSource = field(default_factory=SignalSource)
    items: ItemTally = field(default_factory=ItemTally)
    accounts: AccountTally = field(default_factory=AccountTally)
    follow_up: dict[str, NDArray[np.int64]] = field(default_factory=dict)
    rules: RuleHook | None = None
    model: Model | None = None
    near: bool = False
    holdout_key: str = KEY
    held_out: NDArray[np.bool_] | None = None
    last_us: int = 0
    seconds: dict[str, float] = field(default_factory=dict)
    cpu_seconds: dict[str, float] = field(default_factory=dict)


def silent(stage: str, part: float) -> None:
    """Show no progress."""
    del stage, part


def score_log(
    ingest: Ingest,
    out: Path,
    settings: Settings,
    *,
    progress: Progress | None = None,
    rules: RuleHook | None = None,
    model: Model | None = None,
    holdout_key: str = KEY,
) -> dict[str, Any]:
    """Score every like of a log and write the outputs to ``out``; return the summary.

    Where ``rules`` are given, their evidence joins that of the detectors at once and settled.

    Memory follows active keys and the likes themselves (about 100 bytes each), not the length of
    the log; what is wide waits on disk beside the outputs.

    Parameters
    ----------
    model
        A trained model that may strengthen answers; None: the evidence alone. Rules come after it,
        so that an analyst's rule has the last word.
    holdout_key
        Secret of the hash that chooses which likes are held out.
    """
    report = progress or silent
    release_large_arrays()
    out.mkdir(parents=True, exist_ok=True)
    with LikeSpill(out) as spill:
        run = start_run(ingest, settings, spill, rules)
        run.model, run.near, run.holdout_key = model, model is not None, holdout_key
        with _timed(run, "read"):
            read(run, report)
        with _timed(run, "settle"):
            settled = settle_run(run, report)
        with _timed(run, "write"):
            report("write", 0.0)
            summary = write_outputs(run, settled, out)
            if rules is not None:
                summary["rules"] = rules.write(spill.event_ids(), out)
        report("write", 1.0)
    summary["seconds"], summary["cpu_seconds"] = run.seconds, run.cpu_seconds
    (out / "summary.json").write_text(json.dumps(summary, indent=2, default=str) + "\n")
    return summary


def start_run(
    ingest: Ingest, settings: Settings, spill: LikeSpill, rules: RuleHook | None = None
) -> Run:
    """Make an empty run, which measures what the rules read as well."""
    if rules is None:
        return Run(ingest, settings, spill)
    return Run(ingest, settings, spill, signals=SignalSource(rules.features), rules=rules)


@contextmanager
def _timed(run: Run, stage: str) -> Iterator[None]:
    started, cpu = time.perf_counter(), time.process_time()
    yield
    run.seconds[stage] = round(time.perf_counter() - started, 3)
    run.cpu_seconds[stage] = round(time.process_time() - cpu, 3)


def read(run: Run, report: Progress = silent) -> None:
    """Read the log to its end: measure and score every like at once, and spill it."""
    scorer = AtOnceScorer(all_detectors(), near=RunningNeighbours() if run.near else None)
    waiting = FollowUpTrace(run.settings.follow_up_s * 1_000_000)
    answers = []
    # Three threads in a row: one reads, one measures, and this one scores.
    for step in ahead(map(run.signals.measure, ahead(run.ingest))):
        _take(run, step, scorer)
        answers.append(waiting.update(step.batch))
        run.last_us = max(run.last_us, int(step.batch.ts.max(initial=0)))
        report("read", run.ingest.done)
    run.ingest.refuse_unreadable()
    answers.append(waiting.close())
    run.signals.watch.close()
    in_time = ~run.spill.key("late") if run.spill.count else np.zeros(0, np.bool_)
    for name in answers[0]:
        # A late like was not in time to be followed; -1 says that nothing is known.
        run.follow_up[name] = np.full(run.spill.count, -1, np.int64)
        run.follow_up[name][in_time] = np.concatenate([answer[name] for answer in answers])


def _take(run: Run, step: Step, scorer: AtOnceScorer) -> None:
    batch, likes = step.batch, run.signals.complete(step, created_us=run.ingest.created_us)
    if batch.forgotten is not None:
        scorer.forget(batch.forgotten.codes["device"])
    run.items.update(batch, repurchase=step.repurchase)
    run.accounts.update(batch)
    is_like = batch.kind == Kind.LIKE
    answers = scorer.score(likes)
    keys: dict[str, NDArray[Any]] = {name: likes[name] for name in KEYS}
    keys["late"] = batch.late[is_like]
    keys["verified_buyer"] = likes["account_merchant_purchases"] > 0
    keys["score_at_once"] = answers.score
    keys["new_account"] = new_accounts(likes["ts"], likes["registered_us"])
    is_new = keys["new_account"]
    states = count_states(answers.score, answers.nats, run.settings, is_new=is_new)
    wide: dict[str, NDArray[Any]] = {"values": answers.values, "bins": answers.bins}
    answer = Answer(answers.score, states, answers.nats, np.zeros(len(states), np.bool_))
    if run.near:
        wide["near"] = answers.near
    if run.model is not None:
        matrix = assemble(answers.values, answers.bins, answers.near)
        answer = strengthen(run.model.parts["at_once"], answer, matrix, is_new=is_new)
    keys["score_shown"], states = answer.score, answer.states
    if run.rules is not None:
        keys["score_shown"], states, kept = run.rules.at_once(
            likes,
            (answer.score, answer.nats, states),
            run.ingest.tables,
            lambda score, nats, rows: count_states(score, nats, run.settings, is_new=is_new[rows]),
        )
        wide |= kept
    keys["state_at_once"] = states
    run.spill.append(batch.event_id.filter(pa.array(is_like)), keys, wide)


def settle_run(run: Run, report: Progress = silent) -> Settlement:
    """Settle every like of a log that was read: groups, hindsight, rules, count states."""
    settlement, own = evidence_of(run, report)
    if run.model is not None and run.spill.count:
        settlement = _strengthened(run, run.model.parts["settled"], settlement, own)
    if run.rules is not None:
        settlement = _ruled(run, run.rules, settlement)
    report("settle", 1.0)
    return settlement


def evidence_of(run: Run, report: Progress = silent) -> tuple[Settlement, Settled]:
    """Settle the likes of a log by the evidence alone; also return it before groups spoke."""
    report("settle", 0.0)
    spill = run.spill
    lockstep = find_lockstep(spill, authors=_authors(run))
    report("settle", 0.3)
    measured = measure(run, lockstep)
    report("settle", 0.6)
    own = settle(
        all_detectors(), measured.bins, keys_of(spill), score_at_once=spill.key("score_at_once")
    )
    score, nats = join_groups(own.score, own.nats, lockstep.nats, lockstep.benign)
    owned, is_new = spill.key("merchant") >= 0, spill.key("new_account").astype(np.bool_)
    states = settled_states(score, nats, owned, run.settings, is_new=is_new)
    settled = replace(own, score=score, nats=nats)
    return Settlement(measured, settled, lockstep, states), own


def _authors(run: Run) -> NDArray[np.int32]:
    """Name the account that made the item of each like; -1 where nobody says it."""
    item, merchant = run.spill.key("item"), run.spill.key("merchant")
    return authors_of(item, merchant, run.ingest.item_authors(), run.ingest.merchant_accounts())


def _ruled(run: Run, rules: RuleHook, plain: Settlement) -> Settlement:
    """Let rules have their say."""
    owned = run.spill.key("merchant") >= 0
    is_new = run.spill.key("new_account").astype(np.bool_)
    score, nats, states = rules.settled(
        (plain.settled.score, plain.settled.nats, plain.states),
        run.spill,
        plain.measured,
        decide=lambda score, nats, rows: settled_states(
            score, nats, owned[rows], run.settings, is_new=is_new[rows]
        ),
        benign=plain.lockstep.benign,
    )
    return replace(plain, settled=replace(plain.settled, score=score, nats=nats), states=states)


def _strengthened(run: Run, part: Part, plain: Settlement, own: Settled) -> Settlement:
    """Let a model strengthen the settled answers, chunk by chunk."""
    spill, settled = run.spill, plain.settled
    near = settled_near(spill, own)
    owned, is_new = spill.key("merchant") >= 0, spill.key("new_account").astype(np.bool_)
    answers = []
    for start in range(0, spill.count, _CHUNK):
        rows = slice(start, start + _CHUNK)
        matrix = assemble(plain.measured.matrix(rows), plain.measured.bins[rows], near[rows])
        before = unaided(settled.score[rows], plain.states[rows], settled.nats[rows])
        answers.append(strengthen(part, before, matrix, is_new=is_new[rows], owned=owned[rows]))
    whole = joined(answers)
    stronger = Stronger(part, near, settled.score, settled.nats, whole.by_model)
    better = replace(settled, score=whole.score, nats=whole.nats)
    return replace(plain, settled=better, states=whole.states, stronger=stronger)


def settled_near(spill: LikeSpill, own: Settled) -> NDArray[np.float32]:
    """Measure what is known, in hindsight, of the neighbours of every like; windows follow.

    The matrix lies on disk, as wide as ``Answers.near``: the windows are those of the moment.
    """
    keys = {name: spill.key(name) for name in ("ts", "item", "account", "device", "block")}
    intercept = load_weights(all_detectors(), "settled").intercept
    odds = own_odds(own.prior, intercept, own.nats)
    near = settled_neighbours(keys, odds, own.nats, prior=own.prior)
    width = len(NEAR) + len(windows())
    at_once, whole = spill.wide("near", width), spill.matrix("settled_near", width, np.float32)
    whole[:, : len(NEAR)] = near
    for start in range(0, spill.count, _CHUNK):
        rows = slice(start, start + _CHUNK)
        whole[rows, len(NEAR) :] = at_once[rows, len(NEAR) :]
    return whole


def keys_of(spill: LikeSpill) -> Keys:
    """Return what the settled answer pools by."""
    return Keys(**{name: spill.key(name) for name in Keys.__dataclass_fields__})


def measure(run: Run, lockstep: Lockstep) -> Measured:
    """Return the values and bins of all detectors, those of hindsight included.

    Lockstep that a benign group explains is no evidence of anything: there the detectors of the
    group family say nothing. Where all likes share one time the log knows none, and no detector
    may say when or how fast something happened (design.md, safety rule 3).
    """
    detectors, spill = all_detectors(), run.spill
    key = {name: spill.key(name) for name in ("ts", "account", "item", "merchant", "category")}
    # Without an owner a group joins at the end only (see ``settled_states``).
    hindsight = _hindsight(run, key)
    for name, nats in (("group_nats", lockstep.nats), ("candidate_nats", lockstep.likely)):
        hindsight[name] = np.where(key["merchant"] >= 0, nats, 0.0)
    bins = spill.matrix("all_bins", len(detectors), np.int8)
    at_once = [column for column, detector in enumerate(detectors) if not detector.settled]
    bins[:, at_once] = spill.wide("bins", len(at_once))
    settled = [column for column, detector in enumerate(detectors) if detector.settled]
    later = spill.matrix("later_values", len(settled), np.float32)
    for place, column in enumerate(settled):
        later[:, place], bins[:, column] = detectors[column].bin(hindsight)
    of_groups = np.array([detector.family == Family.GROUP for detector in detectors])
    bins[np.ix_(lockstep.benign, of_groups)] = 0
    if spill.count and key["ts"].min() == key["ts"].max():
        bins[:, [detector.timed for detector in detectors]] = 0
    return Measured(detectors, spill.wide("values", len(at_once)), later, bins)


def _hindsight(run: Run, key: dict[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """Everything that only the settled answer may know."""
    outcomes = run.follow_up["outcomes"]
    engaged = np.where(outcomes < 0, np.nan, (outcomes & (ENGAGED | FOLLOWED)) != 0)
    review = run.signals.watch.colikes.review()
    channel = run.spill.key("channel")
    # Likes without a channel are a crowd of their own, but no channel.
    crowd = channel_quality(key["item"], channel + 1, engaged)
    return {
        **{f"review_{name}": values for name, values in review.items()},
        **run.follow_up,
        "channel_quality": np.where(channel >= 0, crowd, np.nan),
        "crowd_follow_up": crowd,
        "drip_spread": drip_spread(key["ts"], key["item"]),
        "round_stop": round_stop(key["ts"], key["item"]),
    }
