"""Measures speed, memory and accuracy in one run: ``python -m bench [--long]``.

Writes ``bench/results/bench.json`` and the table in ``README.md``. ``--long`` adds 10 million
interactions.
"""

from __future__ import annotations

import argparse
import json
import platform
from pathlib import Path
from typing import Any

from bench import features, groups, scoring

ROOT = Path(__file__).parents[1]
COMMAND = "`make bench`"


def rows_of(facts: dict[str, Any]) -> list[tuple[str, str]]:
    """Name the figures that the README shows."""
    speed, accuracy = facts["features"], facts["accuracy"]
    overall = accuracy["overall"]
    rows = [
        (
            "40 windowed features on 6 keys, embedded engine",
            f"{speed['embedded_rows_per_cpu_s']:,} interactions a CPU second",
        ),
        ("the same against DuckDB's window functions", f"{speed['times_duckdb']} times"),
        ("the same against bare memory touches", f"{speed['share_of_bare']:.2f}"),
    ]
    for rate in facts["rates"]:
        rows.append(
            (
                f"`zhenzan score`, {rate['rows']:,} interactions, Parquet to Parquet",
                f"{rate['rows_per_s']:,} a second, {rate['peak_mib']:,} MiB",
            )
        )
    for size in facts["groups"]["sizes"]:
        rows.append(
            (
                f"search for groups, {size['likes']:,} likes",
                f"{size['cpu_s']} CPU seconds, {size['peak_mib']:,} MiB",
            )
        )
    rows.append(("growth of that with the likes, exponent", f"{facts['groups']['exponent']:.2f}"))
    for words, key, recall in (
        ("settled", "average_precision", "recall"),
        ("at once", "average_precision_at_once", "recall_at_once"),
    ):
        rows.append(
            (
                f"standard simulation, {words}",
                (
                    f"average precision {overall[key]:.3f}, recall at 0.1 % honest harm "
                    f"{overall[recall]['0.10%']:.3f}"
                ),
            )
        )
    harm = accuracy["harm"]
    rows.append(("honest likes excluded, settled", f"{100 * harm['excluded']:.4f} %"))
    return rows


def write_table(rows: list[tuple[str, str]]) -> None:
    """Put the figures between the marks in the README."""
    path = ROOT / "README.md"
    text = path.read_text(encoding="utf-8")
    head, rest = text.split("<!-- bench:begin -->")
    _, tail = rest.split("<!-- bench:end -->")
    lines = ["| what | figure | command |", "|---|---|---|"]
    lines += [f"| {what} | {figure} | {COMMAND} |" for what, figure in rows]
    table = "\n".join(lines)
    path.write_text(
        f"{head}<!-- bench:begin -->\n{table}\n<!-- bench:end -->{tail}", encoding="utf-8"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--long", action="store_true", help="10 million interactions as well")
    options = parser.parse_args()
    sizes = [1_000_000, 10_000_000] if options.long else [1_000_000]
    facts = {
        "machine": f"{platform.machine()}, Python {platform.python_version()}",
        "features": features.measure(1_000_000, 200_000),
        "rates": [scoring.measure_rate(rows) for rows in sizes],
        "groups": groups.measure_scale([size // 4 for size in sizes[:1]] + sizes),
        "accuracy": scoring.measure_accuracy(),
    }
    results = ROOT / "bench" / "results"
    results.mkdir(exist_ok=True)
    (results / "bench.json").write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")
    rows = rows_of(facts)
    write_table(rows)
    for what, figure in rows:
        print(f"{what:62} {figure}")


if __name__ == "__main__":
    main()
