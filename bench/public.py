"""Measures the product on public data: ``python -m bench.public [--data FOLDER] [--only NAME]``.

Each data set is measured by the protocol in its README, beside the figure published or measured
there. Writes ``bench/results/public.json``: figures only, no data. A data set that is absent is
skipped, and the figures of earlier runs stay.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench import benign, labelled
from bench.figures import Figure
from bench.foreign import warm

RESULTS = Path(__file__).parent / "results" / "public.json"
DATA_VARIABLE = "ZHENZAN_DATA"


@dataclass(frozen=True, slots=True)
class DataSet:
    """A public data set: its folder and what measures it."""

    folder: str
    measure: Callable[[Path], list[Figure]]


DATA_SETS = (
    DataSet("darpa-1998-edges", labelled.darpa),
    DataSet("starscout-fake-stars", labelled.starscout),
    DataSet("filmtrust-shilling", labelled.filmtrust),
    DataSet("yelpchi", labelled.yelpchi),
    DataSet("german-elections-2021", benign.german),
    DataSet("coortweet-russian", benign.coortweet),
    DataSet("vk-media-comments", benign.vk),
)

LEFT_OUT = {
    "instafake": "profile counts of single accounts, and like counts without likers: no log",
    "mib-fake-followers": "profile counts of single accounts: no log",
    "collusive-retweeters": "aggregates per account, and a protocol that trains on labels: no log",
    "tolokers": "a graph without time or items, and a protocol that trains on labels: no log",
    "starscout-fake-stars, event tables": "counts, and a protocol that trains on labels",
}
"""Why a data set is not measured: its rows are not interactions, and nothing here is trained."""


def rows_of(name: str, figures: list[Figure]) -> list[str]:
    """Write the shown figures of a data set as lines of a table."""
    return [f"{name:22} {f.what:58} {f.text:>12}  {f.beside}" for f in figures]


def facts_of(figures: list[Figure]) -> dict[str, dict[str, Any]]:
    """Turn figures into plain values for JSON."""
    return {
        f.what: {
            "value": f.value if isinstance(f.value, int) else round(f.value, 5),
            **({"beside": f.beside} if f.beside else {}),
        }
        for f in figures
    }


def write_facts(facts: dict[str, Any], path: Path) -> None:
    """Write the figures in the order of `DATA_SETS`, whichever was measured last."""
    names = ["machine", *(data_set.folder for data_set in DATA_SETS)]
    ordered = {name: facts[name] for name in names if name in facts}
    path.write_text(json.dumps(ordered, indent=1) + "\n", encoding="utf-8")


def measure_all(data: Path, only: str | None, results: Path = RESULTS) -> list[str]:
    """Measure what is there, write the figures, and return the lines to print."""
    facts: dict[str, Any] = json.loads(results.read_text("utf-8")) if results.exists() else {}
    lines, is_warm = [], False
    for data_set in DATA_SETS:
        if only is not None and data_set.folder != only:
            continue
        folder = data / data_set.folder
        if not folder.is_dir():
            lines.append(f"{data_set.folder}: skipped, {data} does not hold it")
            continue
        if not is_warm:
            warm()
            is_warm = True
        figures = data_set.measure(folder)
        facts["machine"] = f"{platform.machine()}, Python {platform.python_version()}"
        facts[data_set.folder] = facts_of(figures)
        write_facts(facts, results)
        lines += rows_of(data_set.folder, figures)
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=os.environ.get(DATA_VARIABLE))
    parser.add_argument("--only", choices=[data_set.folder for data_set in DATA_SETS])
    options = parser.parse_args()
    if options.data is None:
        parser.error(f"name the folder of public data with --data or {DATA_VARIABLE}")
    print("\n".join(measure_all(options.data, options.only)))
    if options.only is None:
        print("\n".join(f"{name}: left out, {why}" for name, why in LEFT_OUT.items()))


if __name__ == "__main__":
    main()
