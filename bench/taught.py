"""What a model taught by injection alone adds on a simulated platform, by the command line."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from bench.figures import Figure

_WORLD = ("--scenario", "standard", "--accounts", "6000", "--days", "10")
_TAUGHT_ON, _TESTED_ON = 11, 7
_LEVEL = "0.10%"
_ANSWERS = ("evidence alone", "with a model")

Told = dict[str, Any]


def simulator(world: tuple[str, ...] = _WORLD) -> list[Figure]:
    """Teach on one simulated platform without its labels, and score another with and without.

    The attacks that teach come from the same simulator as those that are found, though not from
    the same world: this flatters the model, and says nothing about other platforms.
    """
    started = _children_cpu_s()
    with tempfile.TemporaryDirectory(prefix="zhenzan-") as name:
        folder = Path(name)
        for seed in (_TAUGHT_ON, _TESTED_ON):
            _zhenzan("sim", *world, "--seed", seed, "--out", folder / str(seed))
        taught, tested = folder / str(_TAUGHT_ON), folder / str(_TESTED_ON)
        _zhenzan("train", taught / "interactions.parquet", "--out", folder / "models",
                 "--accounts", taught / "accounts.parquet")  # fmt: skip
        (version,) = (path.parent for path in folder.glob("models/**/model.json"))
        told = [
            _answered(tested, folder / "alone"),
            _answered(tested, folder / "with", "--model", version),
        ]
    ratio = told[1]["score_cpu_s"] / told[0]["score_cpu_s"]
    figures = [
        Figure("likes", told[0]["likes"]),
        Figure("CPU seconds of scoring, with a model over alone", round(ratio, 2), "at most 2"),
        *_figures(told),
    ]
    return [*figures, Figure("CPU seconds, everything", _children_cpu_s() - started)]


def _zhenzan(*words: str | int | Path) -> str:
    """Run the command line in a process of its own; return what it prints."""
    command = [sys.executable, "-m", "zhenzan", *map(str, words)]
    environment = os.environ | {"COLUMNS": "200"}
    return subprocess.run(
        command, check=True, stdout=subprocess.PIPE, text=True, env=environment
    ).stdout


def _answered(world: Path, out: Path, *words: str | Path) -> Told:
    """Score a world and measure it against its labels."""
    started = _children_cpu_s()
    _zhenzan("score", world / "interactions.parquet", "--out", out, "--no-report",
             "--accounts", world / "accounts.parquet", *words)  # fmt: skip
    spent_s = _children_cpu_s() - started
    told: Told = json.loads(
        _zhenzan("evaluate", out, "--labels", world / "labels.parquet", "--json")
    )
    return told | {"score_cpu_s": spent_s}


def _figures(told: list[Told]) -> list[Figure]:
    """Lay both answers side by side: all likes, by stealth, and every attack at every stealth."""
    figures = []
    for answer, one in zip(_ANSWERS, told, strict=True):
        overall, harm = one["overall"], one["harm"]
        figures += [
            Figure(f"{answer}: AP, settled", overall["average_precision"]),
            Figure(f"{answer}: AP, at once", overall["average_precision_at_once"]),
            Figure(f"{answer}: recall at {_LEVEL}, settled", overall["recall"][_LEVEL]),
            Figure(f"{answer}: recall at {_LEVEL}, at once", overall["recall_at_once"][_LEVEL]),
            Figure(f"{answer}: honest likes excluded", harm["excluded"]),
            Figure(f"{answer}: honest likes held", harm["held"]),
        ]
    for stealth in ("crude", "medium", "stealthy"):
        for answer, one in zip(_ANSWERS, told, strict=True):
            recalls = [a["recall"][_LEVEL] for a in one["attacks"] if a["stealth"] == stealth]
            if recalls:
                words = f"{stealth}, mean of attacks, {answer}: recall at {_LEVEL}, settled"
                figures.append(Figure(words, float(np.mean(recalls))))
    for alone, taught in zip(told[0]["attacks"], told[1]["attacks"], strict=True):
        words = f"{alone['attack']}, {alone['stealth']}, recall at {_LEVEL}, settled, with a model"
        beside = f"{_ANSWERS[0]} {alone['recall'][_LEVEL]:.3f}"
        figures.append(Figure(words, taught["recall"][_LEVEL], beside))
    return figures


def _children_cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return round(used.ru_utime + used.ru_stime, 2)
