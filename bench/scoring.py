"""Measures the whole way, file in and decisions out: rate, peak memory, and accuracy.

``python -m bench.scoring [--rows 1000000 ...]``

A simulated log is repeated over other days until it is long enough, so that keys and rhythm stay
real; what passes (events, sessions, devices) is new in every copy. The peak is
that of a process of its own, started after the log was written. CPU seconds are those of the
process, all its threads and what the system does for it; wall seconds mean little on a machine
that others use.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from bench.peak import peak_mib
from zhenzan.events.ingest import Ingest
from zhenzan.scoring.evaluation import evaluate
from zhenzan.scoring.job import score_log
from zhenzan.settings import Settings
from zhenzan.sim import scenarios
from zhenzan.sim.simulation import write

_PASSING = ("event_id", "session_id", "device_id")


def write_log(rows: int, path: Path, *, seed: int = 7) -> int:
    """Write a log of at least ``rows`` interactions; return how many."""
    table = scenarios.run("standard", scenarios.Setup(seed)).interactions
    first, last = table["ts"][0].as_py(), table["ts"][-1].as_py()
    written = 0
    with pq.ParquetWriter(path, table.schema) as writer:
        for copy in range(1 + (rows - 1) // len(table)):
            later = pc.add(table["ts"], pa.scalar((last - first) * copy, pa.duration("us")))
            part = table.set_column(table.column_names.index("ts"), "ts", later)
            for name in _PASSING if copy else ():
                names = pc.binary_join_element_wise(table[name], str(copy), "-")
                part = part.set_column(part.column_names.index(name), name, names)
            part = part.slice(0, min(len(part), rows - written)).cast(table.schema)
            writer.write_table(part)
            written += len(part)
    return written


def score_alone(log: Path, out: Path) -> dict[str, Any]:
    """Score a log in a process of its own; return its seconds, rate and peak memory."""
    command = [sys.executable, "-m", "bench.scoring", "--child", str(log), str(out)]
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    facts: dict[str, Any] = json.loads(text)
    return facts


def _child(log: Path, out: Path) -> None:
    started, used = time.perf_counter(), resource.getrusage(resource.RUSAGE_SELF)
    summary = score_log(Ingest(log, Settings()), out, Settings())
    seconds = time.perf_counter() - started
    usage = resource.getrusage(resource.RUSAGE_SELF)
    cpu = usage.ru_utime + usage.ru_stime - used.ru_utime - used.ru_stime
    rows = summary["counts"]["interactions"]
    facts = {
        "rows": rows,
        "likes": summary["counts"]["likes"],
        "seconds": round(seconds, 2),
        "cpu_seconds": round(cpu, 2),
        "system_seconds": round(usage.ru_stime - used.ru_stime, 2),
        "rows_per_s": round(rows / seconds),
        "rows_per_cpu_s": round(rows / cpu),
        "peak_mib": peak_mib(),
        "stages": summary["seconds"],
        "stages_cpu": summary["cpu_seconds"],
    }
    print(json.dumps(facts))


def measure_rate(rows: int) -> dict[str, Any]:
    """Measure the rate at ``rows`` interactions, kernels compiled."""
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder, "log.parquet")
        write_log(20_000, Path(folder, "warm.parquet"))
        score_alone(Path(folder, "warm.parquet"), Path(folder, "warm"))
        write_log(rows, log)
        return score_alone(log, Path(folder, "out"))


def measure_accuracy(scenario: str = "standard", *, seed: int = 7) -> dict[str, Any]:
    """Score a simulated scenario and evaluate it; weights were fitted on seeds 1 to 4."""
    with tempfile.TemporaryDirectory() as folder:
        paths = write(scenarios.run(scenario, scenarios.Setup(seed)), Path(folder))
        del paths
        out = Path(folder, "out")
        score_log(Ingest(Path(folder, "interactions.parquet"), Settings()), out, Settings())
        likes = pq.read_table(out / "likes.parquet")
        result = evaluate(likes, pq.read_table(Path(folder, "labels.parquet")))
    print(result.text(), file=sys.stderr)
    return result.as_dict()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, nargs="+", default=[1_000_000])
    parser.add_argument("--child", nargs=2, type=Path)
    options = parser.parse_args()
    if options.child:
        _child(*options.child)
    else:
        for rows in options.rows:
            print(json.dumps(measure_rate(rows)))


if __name__ == "__main__":
    main()
