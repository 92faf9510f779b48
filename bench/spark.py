"""Runs the search for groups on Spark SQL and on DuckDB, the same text, and compares the answers.

``python -m bench.spark [--likes 20000]``; needs PySpark (4.3) and a Java of at least 17, which the
product does not install. Question: does every statement of ``zhenzan/groups`` run on a distributed
engine as it stands, and do both name the same groups, members, targets and likes? Spark is not
expected to be fast: a search has some 280 small statements, and each is planned and shuffled.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from bench.groups import make_likes
from zhenzan.clock import HOUR_US
from zhenzan.groups.find import GroupOptions, find_groups, search
from zhenzan.groups.relations import Relations
from zhenzan.groups.schema import LIKES, SCHEMAS, Groups, complete

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


class SparkRelations(Relations):
    """The tables of one search, kept by Spark as Parquet in a folder."""

    def __init__(self, session: SparkSession, folder: Path) -> None:
        self._session = session
        self._folder = folder
        self.statements = 0

    def __exit__(self, *_: object) -> None:
        self._session.stop()

    def give(self, name: str, table: pa.Table) -> None:
        """Let queries read an Arrow table under a name."""
        self._session.createDataFrame(table).createOrReplaceTempView(name)

    def keep(self, name: str, query: str, **facts: object) -> None:
        """Keep the answer of a query as the table ``name``, in place of an older one."""
        self.statements += 1
        # A file of its own each time: a table may be made from its own old self.
        path = str(self._folder / f"{self.statements}-{name}")
        self._session.sql(query.format(**facts)).write.parquet(path)
        self._session.read.parquet(path).createOrReplaceTempView(name)

    def drop(self, *names: str) -> None:
        """Forget tables that no later query reads."""
        for name in names:
            self._session.catalog.dropTempView(name)

    def read(self, query: str, **facts: object) -> pa.Table:
        """Return the answer of a query."""
        self.statements += 1
        return self._session.sql(query.format(**facts)).toArrow()

    def one(self, query: str, **facts: object) -> tuple[Any, ...]:
        """Return the only row of an answer."""
        self.statements += 1
        return tuple(self._session.sql(query.format(**facts)).collect()[0])


def open_session() -> SparkSession:
    """Start Spark in this process, on the machine's cores."""
    try:
        from pyspark.sql import SparkSession
    except ImportError:
        sys.exit("error: PySpark is missing; install `pyspark==4.3.0` beside this package")
    return (
        SparkSession.builder.master("local[2]")
        .config("spark.sql.shuffle.partitions", "2")
        .config("spark.ui.enabled", "false")
        .config("spark.driver.bindAddress", "127.0.0.1")
        .config("spark.driver.host", "127.0.0.1")
        .config("spark.sql.session.timeZone", "UTC")
        .getOrCreate()
    )


def differences(one: Groups, other: Groups) -> list[str]:
    """Compare two answers: rows as sets, numbers within one part in a million."""
    found = []
    for name in SCHEMAS:
        rows, others = (_rounded(getattr(groups, name)) for groups in (one, other))
        if rows != others:
            found.append(f"{name}: {len(rows - others)} rows here only, {len(others - rows)} there")
    return found


def _rounded(table: pa.Table) -> set[tuple[object, ...]]:
    return {
        tuple(float(f"{value:.6g}") if isinstance(value, float) else value for value in row)
        for row in zip(*(column.to_pylist() for column in table.columns), strict=True)
    }


def _with_traits(likes: pa.Table) -> pa.Table:
    """Give every account a device, a block, a channel and a time of registration."""
    account = likes["account"].to_numpy().astype(np.int64)
    columns = {
        "category": likes["item"].to_numpy() % 7,
        "device": account - account % 2,
        "block": account // 60,
        "channel": account % 5,
        "registered_us": account // 40 * HOUR_US,
        "campaign": np.zeros(len(account)),
        "author": likes["item"].to_numpy() % (int(account.max()) + 1),
    }
    for name, values in columns.items():
        likes = likes.append_column(name, pa.array(values, LIKES.field(name).type, safe=False))
    return likes


def main() -> None:
    """Search on both engines; exit 1 where they differ."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--likes", type=int, default=20_000)
    options = parser.parse_args()
    likes = complete(_with_traits(make_likes(options.likes)))
    started = time.perf_counter()
    here = find_groups(likes)
    middle = time.perf_counter()
    with (
        tempfile.TemporaryDirectory() as folder,
        SparkRelations(open_session(), Path(folder)) as relations,
    ):
        there = search(relations, likes, options=GroupOptions())
        statements = relations.statements
    print(
        f"{options.likes:,} likes, {statements} statements: DuckDB {middle - started:.1f} s, "
        f"Spark {time.perf_counter() - middle:.1f} s, {len(here.groups)} groups"
    )
    found = differences(here, there)
    print("\n".join(found) or "the same answers")
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
