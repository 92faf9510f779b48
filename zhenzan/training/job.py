"""From a history to a version of a model: inject, measure, fit, calibrate, test, write."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray

import zhenzan
from zhenzan.errors import SettingError
from zhenzan.features.compile import feature_hash
from zhenzan.scoring.evaluation import HARM_LEVELS, average_precision, recall_at_harm
from zhenzan.scoring.job import Progress, silent
from zhenzan.scoring.learned.calibration import Calibration
from zhenzan.scoring.learned.inputs import PATTERNS, inputs, patterns, patterns_zh
from zhenzan.scoring.learned.model import Bands, Part, version_of
from zhenzan.scoring.weights import Moment
from zhenzan.sim.order import Order
from zhenzan.training.calibrate import (
    NEVER,
    Aim,
    choose_bands,
    choose_calibration,
    expected_calibration_error,
)
from zhenzan.training.card import write_card
from zhenzan.training.drift import reference_of
from zhenzan.training.examples import Examples, Material, Source, joined, weighed
from zhenzan.training.fit import Fitted, fit
from zhenzan.training.history import CALIBRATE, TEST, TRAIN, History, split
from zhenzan.training.injection import BOUGHT_SHARE, Played, play
from zhenzan.training.measure import Likes, measure_parts
from zhenzan.training.orders import names_of
from zhenzan.training.reliability import curve, diagram
from zhenzan.training.segments import BOUGHT_MIN, NAMES, by_segment, curves_of, reach_of
from zhenzan.training.truth import Verdicts

JUDGED_MIN = 100
"""Likes called inauthentic from which judged likes teach the trees and injected ones step back."""

STEPS_BACK = 0.1
"""What the weight of injection is multiplied by then: beside labels it took average precision from
0.93 to 0.89 and from 0.92 to 0.89 on two platforms written by others."""

BLANKS: tuple[tuple[str, ...], ...] = ((), ("network",), ("visits", "age"))
"""What the platform is imagined not to log, round by round, so that missing fields are known."""

F64 = NDArray[np.float64]

MOMENTS: dict[Moment, tuple[str, str]] = {
    "at_once": ("at once", "当时"),
    "settled": ("settled", "定案"),
}
"""What a person reads of each moment, in English and Chinese."""

_RAW = Calibration("platt", (1.0, 0.0))
_OPEN = Bands(np.full(len(PATTERNS), NEVER), np.full(len(PATTERNS), NEVER))


@dataclass(frozen=True, slots=True)
class Plan:
    """How to train.

    ``attacks`` are drawn from all where empty; ``found`` are orders of a red team.
    """

    seed: int = 7
    rounds: int = 3
    attacks: tuple[str, ...] = ()
    found: tuple[Order, ...] = ()
    source: Source = field(default_factory=Source)
    aim: Aim = field(default_factory=Aim)

    def __post_init__(self) -> None:
        """Refuse plans without a round.

        Raises
        ------
        SettingError
            There is no round, or a weight is negative.
        """
        if self.rounds < 1:
            raise SettingError(f"rounds is {self.rounds}", hint="min 1")
        for name, weight in asdict(self.source).items():
            if weight < 0:
                raise SettingError(f"the weight of {name} is {weight}", hint="min 0")


@dataclass(frozen=True, slots=True)
class _Trained:
    """One moment: trees, the part that scores with them, and what was measured of it.

    ``drawings`` are reliability diagrams (SVG) by file name.
    """

    fitted: Fitted
    part: Part
    facts: dict[str, Any]
    drawings: dict[str, str]


def train(
    history: History,
    out: Path,
    plan: Plan,
    *,
    verdicts: Sequence[Verdicts] = (),
    progress: Progress = silent,
) -> dict[str, Any]:
    """Train both moments and write a version under ``out``; return its facts.

    Nothing is promoted: a new version is compared with the promoted one first.
    """
    material = gather(history, plan, verdicts=verdicts, progress=progress)
    return train_on(material, out, plan, progress=progress)


def gather(
    history: History,
    plan: Plan,
    *,
    verdicts: Sequence[Verdicts] = (),
    progress: Progress = silent,
    clean: Likes | None = None,
) -> Material:
    """Measure the clean history and its rounds with injected attacks.

    Parameters
    ----------
    clean
        The clean history as it was measured before; None: it is measured now.
    """
    parts = split(history)
    names = names_of(plan.attacks)
    progress("measure", 0.0)
    clean = measure_parts(history, parts) if clean is None else clean
    rounds: list[tuple[Likes, Played]] = []
    for number in range(plan.rounds):
        # Round by round other finds come first, since a part holds few of them.
        first = number * len(plan.found) // plan.rounds
        blank = BLANKS[number % len(BLANKS)]
        played = play(
            history.without(blank),
            parts,
            seed=plan.seed * 64 + number,
            names=names,
            found=(*plan.found[first:], *plan.found[:first]),
        )
        rounds.append((measure_parts(played.history, parts), played))
        progress("measure", (number + 1) / plan.rounds)
    return Material(parts, clean, rounds, verdicts)


def train_on(
    material: Material, out: Path, plan: Plan, *, progress: Progress = silent
) -> dict[str, Any]:
    """Fit, calibrate and test both moments on what was gathered; write the version."""
    trained: dict[Moment, _Trained] = {}
    for moment in get_args(Moment):
        progress("fit", len(trained) / 2)
        trained[moment] = _moment(material, moment, plan)
    progress("fit", 1.0)
    return _write(material, trained, out, plan)


def _moment(material: Material, moment: Moment, plan: Plan) -> _Trained:
    judged = material.judged_bought(TRAIN) >= JUDGED_MIN
    examples = _examples(material, moment, TRAIN, plan, judged=judged)
    told = material.judged_bought(CALIBRATE) >= JUDGED_MIN // 4
    held = _to_prior(_examples(material, moment, CALIBRATE, plan, judged=told), material, told)
    later = held if told else None
    fitted = fit(examples, moment, seed=plan.seed, judged=judged, later=later)
    draft = Part(moment, fitted.forest, fitted.slope, fitted.offset, _RAW, _OPEN)
    margin = draft.margin(held.score, held.matrix)
    other = np.arange(len(margin)) % 2 == 1
    calibration, losses = choose_calibration(margin, held.bought, held.weight, held_out=other)
    part = Part(moment, fitted.forest, fitted.slope, fitted.offset, calibration, _OPEN)
    bands = _bands(material, part, plan)
    part = Part(moment, fitted.forest, fitted.slope, fitted.offset, calibration, bands)
    # One truth of the last part for the tables and the drawings: its own verdicts, where there are
    # enough, whatever taught the calibration.
    judged_last = material.judged_bought(TEST) >= JUDGED_MIN // 4
    test = _examples(material, moment, TEST, plan, judged=judged_last)
    test = _to_prior(test, material, judged_last)
    said = part.probability(test.score, test.matrix)
    facts_of_test = _tested(material, part, test, said, judged=judged_last)
    drawings = _drawings(test, said, part)
    facts_of_test["drawings"] = list(drawings)
    facts = {
        "slope": fitted.slope,
        "offset": fitted.offset,
        "heard": fitted.heard,
        "trees": len(fitted.forest.root),
        "calibration": calibration.as_dict(),
        "bands": bands.as_dict(),
        "calibration_losses": {k: round(v, 6) for k, v in losses.items()},
        "examples": {
            "bought": int(examples.bought.sum()),
            "others": int((~examples.bought).sum()),
            "judged_teach": judged,
        },
        "test": facts_of_test,
    }
    return _Trained(fitted, part, facts, drawings)


def _drawings(test: Examples, said: F64, part: Part) -> dict[str, str]:
    """Draw the reliability of one moment: by evidence present, and by each segment."""
    curves = {"all / 全部": curve(said, test.bought, test.weight)}
    which = patterns(test.matrix, part.forest.inputs)
    for code in np.unique(which).tolist():
        chosen = which == code
        if test.bought[chosen].sum() >= BOUGHT_MIN:
            name = f"{PATTERNS[code]} / {patterns_zh(code)}"
            curves[name] = curve(said[chosen], test.bought[chosen], test.weight[chosen])
    moment, moment_zh = MOMENTS[part.moment]
    drawings = {
        f"reliability_{part.moment}.svg": diagram(
            curves, f"Reliability, {moment}, by evidence", f"校准图，{moment_zh}，按证据"
        )
    }
    for name, (words, words_zh) in NAMES.items():
        curves = curves_of(test, said, name)
        if curves:
            drawings[f"reliability_{part.moment}_{name}.svg"] = diagram(
                curves, f"Reliability, {moment}, by {words}", f"校准图，{moment_zh}，按{words_zh}"
            )
    return drawings


def _examples(
    material: Material, moment: Moment, part: str, plan: Plan, *, judged: bool
) -> Examples:
    """Mix the sources of truth by their weights."""
    if not judged:
        return weighed(material.injected(moment, part), max(plan.source.injection, 1e-9))
    told = material.told(moment, part)
    factor = max(plan.source.labels, plan.source.outcomes)
    if part != TRAIN:
        # Calibration and test on what people have said alone: its shares are the true ones.
        return told
    back = plan.source.injection * STEPS_BACK / len(material.rounds)
    return joined([weighed(told, factor), weighed(material.injected(moment, part), back)])


def _to_prior(examples: Examples, material: Material, judged: bool) -> Examples:
    """Weigh bought likes so that their share is that which the evidence finds on the platform.

    Where people have judged, the shares are those of their verdicts already.
    """
    if judged:
        return examples
    weight = examples.weight.copy()
    bought, rest = weight[examples.bought].sum(), weight[~examples.bought].sum()
    prior = material.clean.prior
    weight[examples.bought] *= prior / (1 - prior) * rest / max(bought, 1e-12)
    return replace(examples, weight=weight)


def _bands(material: Material, part: Part, plan: Plan) -> Bands:
    """Choose thresholds on the background of the calibration part: clean, and with fields gone."""
    rows = []
    for likes in (material.clean, *(likes for likes, _ in material.rounds)):
        weight = material.honest_weight(likes, CALIBRATE)
        chosen = weight > 0
        matrix = likes.matrix[part.moment][chosen]
        said = part.probability(likes.score[part.moment][chosen], matrix)
        rows.append((said, weight[chosen], patterns(matrix, part.forest.inputs)))
    said, weight, which = (np.concatenate(column) for column in zip(*rows, strict=True))
    return choose_bands(said, weight, which, plan.aim)


def _tested(
    material: Material, part: Part, test: Examples, said: F64, *, judged: bool
) -> dict[str, Any]:
    """Measure on the last part: evidence, model and the stronger of both, and honest harm."""
    both = np.maximum(said, test.score)
    honest = ~test.bought
    facts: dict[str, Any] = {"truth": "verdicts" if judged else "injected attacks"}
    for name, score in (("evidence", test.score), ("model", said), ("stronger", both)):
        facts[name] = {
            "average_precision": round(average_precision(score, test.bought), 4),
            "calibration_error": round(
                expected_calibration_error(score, test.bought, test.weight), 4
            ),
            "recall": {
                f"{harm:.2%}": round(
                    recall_at_harm(score[honest], score[test.bought], harm=harm), 4
                )
                for harm in HARM_LEVELS
            },
        }
    reach = reach_of(part, material.clean, material.honest_weight(material.clean, TEST))
    facts["harm"] = {
        "likes": len(reach.honest),
        "reach_held": reach.share(reach.held),
        "reach_excluded": reach.share(reach.excluded),
        "note": "before the safety rules, which only spare more",
    }
    facts["segments"] = by_segment(test, said, reach)
    facts["patterns"] = _by_pattern(part, test, said)
    return facts


def _by_pattern(part: Part, test: Examples, said: F64) -> dict[str, Any]:
    """Tell the calibration error per pattern of evidence."""
    which = patterns(test.matrix, part.forest.inputs)
    table = {}
    for code in np.unique(which).tolist():
        chosen = which == code
        error = expected_calibration_error(said[chosen], test.bought[chosen], test.weight[chosen])
        table[PATTERNS[code]] = {
            "likes": int(chosen.sum()),
            "bought": int(test.bought[chosen].sum()),
            "calibration_error": round(error, 4),
        }
    return table


def _write(
    material: Material, trained: dict[Moment, _Trained], out: Path, plan: Plan
) -> dict[str, Any]:
    """Write the version's folder under its hash."""
    likes = material.clean
    facts: dict[str, Any] = {
        "format": 1,
        "zhenzan": zhenzan.__version__,
        "feature_hash": feature_hash(),
        "plan": {
            "seed": plan.seed,
            "rounds": plan.rounds,
            "attacks": list(names_of(plan.attacks)),
            "found": [asdict(order) for order in plan.found],
            "weights": asdict(plan.source),
            "harm_max": plan.aim.harm_max,
            "cost": plan.aim.cost,
            "injected_share": BOUGHT_SHARE,
        },
        "data": {
            "likes": len(likes),
            "first_us": int(likes.ts.min()),
            "last_us": int(likes.ts.max()),
            "prior": round(likes.prior, 5),
            "injected": [len(played.labels) for _, played in material.rounds],
            "verdicts": {one.source: len(one.event_id) for one in material.verdicts},
        },
        "split": {
            **{name: list(bounds) for name, bounds in material.split.parts.items()},
            "embargo_us": material.split.embargo_us,
            "embargo_wanted_us": material.split.embargo_wanted_us,
        },
        "inputs": {moment: [asdict(row) for row in inputs(moment)] for moment in get_args(Moment)},
        "moments": {moment: one.facts for moment, one in trained.items()},
    }
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out) as scratch:
        folder = Path(scratch) / "version"
        folder.mkdir()
        for moment, one in trained.items():
            (folder / f"{moment}.txt").write_text(one.fitted.text, "utf-8")
            for name, svg in one.drawings.items():
                (folder / name).write_text(svg, "utf-8")
        reference = reference_of(likes)
        (folder / "reference.json").write_text(json.dumps(reference), "utf-8")
        # As it is read back: tuples are lists, and NaN is null.
        facts = json.loads(json.dumps(facts, allow_nan=True))
        facts["version"] = version_of(folder, facts)
        (folder / "model.json").write_text(json.dumps(facts, indent=1), "utf-8")
        write_card(folder, facts)
        final = out / "versions" / facts["version"]
        if final.exists():
            shutil.rmtree(final)
        final.parent.mkdir(exist_ok=True)
        folder.rename(final)
    facts["folder"] = str(final)
    return facts
