"""Measures what a surviving like costs, model by model: ``python -m bench.redteam``.

A simulated platform is attacked through its evidence alone, then through the models that learn from
what was found. At the end all finds are played again with other seeds, and the same plays have a
price under each model. What the models cost honest people is measured on other platforms of the
simulator, which taught nothing. Writes ``bench/results/redteam.json``; takes some CPU minutes.
"""

from __future__ import annotations

import argparse
import json
import platform
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from zhenzan.events.state import CountState
from zhenzan.scoring.evaluation import average_precision
from zhenzan.scoring.learned.model import Model, load_model
from zhenzan.sim import Simulation
from zhenzan.sim.scenarios import Setup, run
from zhenzan.training.history import History
from zhenzan.training.job import Plan
from zhenzan.training.measure import Likes, index_of, measure
from zhenzan.training.pricing import WANTED, advertising_yuan
from zhenzan.training.redteam import Search, attack
from zhenzan.training.shadow import NONE, answers

RESULTS = Path(__file__).parent / "results" / "redteam.json"
ATTACKED = Setup(seed=41, accounts=4_000, days=10)
OTHERS = {
    "another platform of the kind": ("day", Setup(seed=43, accounts=4_000, days=10)),
    "a platform of another kind": ("standard", Setup(seed=43, accounts=4_000, days=8)),
}
"""Platforms that taught nothing. A model is made for one platform; the second shows why."""

ROUNDS = 4

Facts = dict[str, Any]


def measured(*, rounds: int = ROUNDS, wanted: int = WANTED, seed: int = 7) -> Facts:
    """Attack a platform round by round, and tell prices and harm under each model."""
    started = time.process_time()
    history = _history(run("day", ATTACKED))
    search = Search(rounds=rounds, wanted=wanted, seed=seed)
    with tempfile.TemporaryDirectory(prefix="zhenzan-") as name:
        models = Path(name)
        outcome = attack(
            history, models, Plan(seed=seed, rounds=1), search, version=NONE, report=print
        )
        judges = [None if a.version == NONE else load_model(models, a.version)
                  for a in outcome.again]  # fmt: skip
        harm = {}
        for words, (scenario, setup) in OTHERS.items():
            other = run(scenario, setup)
            likes = measure(_history(other))
            harm[words] = [_harm(likes, other.labels, model) for model in judges]
    return {
        "machine": f"{platform.machine()}, Python {platform.python_version()}",
        "wanted": wanted,
        "seed": seed,
        "likes": int(pc.sum(pc.equal(history.table["kind"], "like")).as_py()),
        "advertising_yuan": advertising_yuan(history),
        **outcome.as_dict(),
        "elsewhere": harm,
        "cpu_s": round(time.process_time() - started, 1),
    }


def _history(made: Simulation) -> History:
    table = made.interactions.sort_by([("ts", "ascending"), ("event_id", "ascending")])
    return History(table, made.accounts)


def _harm(likes: Likes, labels: pa.Table, model: Model | None) -> Facts:
    """Tell what a model does on a platform that has taught it nothing."""
    place = index_of(
        np.array(labels["event_id"].to_pylist(), dtype=object), pa.array(likes.event_id.tolist())
    )
    bad = labels["is_inauthentic"].to_numpy()[place]
    twin = np.array([word or "" for word in labels["twin"].to_pylist()], dtype=object)[place]
    answer = answers(likes, model)
    gone = answer.states != CountState.COUNTED
    twins = {word: float(gone[(twin == word) & ~bad].mean()) for word in sorted(set(twin[~bad]))}
    twins.pop("", None)
    worst = max(twins, key=lambda word: twins[word])
    return {
        "model": NONE if model is None else model.version,
        "average_precision": round(average_precision(answer.score, bad), 4),
        "honest_excluded": round(float((answer.states[~bad] == CountState.EXCLUDED).mean()), 5),
        "honest_held": round(float((answer.states[~bad] == CountState.HELD).mean()), 5),
        "bought_not_counted": round(float(gone[bad].mean()), 4),
        "viral_hit_not_counted": round(twins.get("viral_hit", 0.0), 4),
        "worst_twin": [worst, round(twins[worst], 4)],
    }


def table_of(facts: Facts) -> list[str]:
    """Lay prices and harm side by side, one row a model."""
    lines = [
        "| model | sold | in kind | items served | honest held, AP: of the kind | of another |",
        "|---|---|---|---|---|---|",
    ]
    for number, again in enumerate(facts["all_finds_again"]):
        best = [
            f"{one['yuan_per_like']:.3f} ({one['attack']})" if one else "none"
            for one in again["cheapest"].values()
        ]
        name = "the evidence alone" if again["model"] == NONE else f"taught {number} times"
        harm = [
            f"{rows[number]['honest_held']:.2%}, {rows[number]['average_precision']:.3f}"
            for rows in facts["elsewhere"].values()
        ]
        lines.append(
            f"| {name} | {best[0]} | {best[1]} | {again['served_share']:.0%} | {' | '.join(harm)} |"
        )
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--wanted", type=int, default=WANTED)
    parser.add_argument("--seed", type=int, default=7)
    options = parser.parse_args()
    facts = measured(rounds=options.rounds, wanted=options.wanted, seed=options.seed)
    RESULTS.write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")
    print("\n".join(table_of(facts)))


if __name__ == "__main__":
    main()
