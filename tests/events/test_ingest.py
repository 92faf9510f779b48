"""From files to batches: formats, order, repeats, and what becomes of every row."""

from __future__ import annotations

import io
import itertools
import sys
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from zhenzan.events.batch import KEYS, Batch
from zhenzan.events.encode import COLUMN_OF, KEPT
from zhenzan.events.ingest import Ingest
from zhenzan.events.runs import RunSorter
from zhenzan.settings import Settings

LogTable = Callable[..., pa.Table]
Write = Callable[[pa.Table, Path], Path]
Read = Callable[..., tuple[list[Batch], Ingest]]
Difference = Callable[[list[Batch], list[Batch]], str]

ENDINGS = [
    f".{name}{packed}" for name in ("parquet", "csv", "jsonl") for packed in ("", ".gz", ".zst")
]


def _shuffled(table: pa.Table, seed: int) -> pa.Table:
    return table.take(pa.array(np.random.default_rng(seed).permutation(table.num_rows)))


def test_batches_are_sorted_by_time_and_never_split_a_tick(
    tmp_path: Path, log_table: LogTable, write: Write, read: Read
) -> None:
    table = log_table(500)
    batches, ingest = read(write(table, tmp_path / "log.parquet"))
    assert sum(map(len, batches)) == 500 == ingest.counts.interactions
    for before, after in itertools.pairwise(batches):
        assert len(before) >= 50
        assert before.ts[-1] < after.ts[0]
    times = np.concatenate([batch.ts for batch in batches])
    assert (np.diff(times) >= 0).all()
    assert (np.diff(times) == 0).any()
    assert not any(batch.late.any() for batch in batches)


def test_peers_stand_in_an_order_that_no_event_id_tells(
    tmp_path: Path, log_table: LogTable, write: Write, read: Read
) -> None:
    table = log_table(500)
    called = table["event_id"].to_pylist()
    others = pa.array([f"x{zlib.crc32(one.encode()):x}" for one in called])
    names = dict(zip(others.to_pylist(), called, strict=True))
    column = table.column_names.index("event_id")
    first, _ = read(write(table, tmp_path / "log.parquet"))
    again, _ = read(write(table.set_column(column, "event_id", others), tmp_path / "x.parquet"))
    found = [one for batch in first for one in batch.event_id.to_pylist()]
    assert [names[one] for batch in again for one in batch.event_id.to_pylist()] == found


def test_codes_and_numbers_say_what_the_log_says(
    tmp_path: Path, log_table: LogTable, write: Write, read: Read
) -> None:
    table = log_table(300)
    batches, ingest = read(write(table, tmp_path / "log.parquet"))
    place = {name: row for row, name in enumerate(table["event_id"].to_pylist())}
    table = table.take([place[name] for batch in batches for name in batch.event_id.to_pylist()])
    for key in sorted(KEPT):
        codes = np.concatenate([getattr(batch, key) for batch in batches])
        words = ingest.tables[key].strings(codes)
        assert words.to_pylist() == table[COLUMN_OF[key]].to_pylist()
    for key in set(COLUMN_OF) - KEPT:
        codes = np.concatenate([getattr(batch, key) for batch in batches])
        words = table[COLUMN_OF[key]].to_pylist()
        assert len(set(zip(codes.tolist(), words, strict=True))) == len(set(words))
        assert [word is None for word in words] == (codes < 0).tolist()
    for name, missing in (("dwell_ms", -1), ("amount_cents", 0)):
        numbers = np.concatenate([getattr(batch, name) for batch in batches])
        assert numbers.tolist() == table[name].fill_null(missing).to_pylist()
    permille = np.concatenate([batch.completion_permille for batch in batches])
    shares = [-1 if x is None else round(x * 1000) for x in table["completion"].to_pylist()]
    assert permille.tolist() == shares
    chars = np.concatenate([batch.text_chars for batch in batches])
    assert chars.tolist() == [-1 if x is None else len(x) for x in table["text"].to_pylist()]


@pytest.mark.parametrize("ending", ENDINGS)
def test_every_format_and_compression_gives_the_same_batches(
    ending: str, tmp_path: Path, log_table: LogTable, write: Write, read: Read,
    difference: Difference,
) -> None:  # fmt: skip
    table = log_table(300)
    expected, _ = read(write(table, tmp_path / "plain.parquet"))
    found, ingest = read(write(table, tmp_path / f"log{ending}"))
    assert difference(expected, found) == ""
    assert ingest.counts.rows_read == 300
    assert ingest.counts.rejected_rows == 0
    assert ingest.done == 1.0


@pytest.mark.parametrize("ending", [".parquet", ".parquet.zst", ".csv", ".csv.gz", ".jsonl"])
def test_standard_input_gives_the_same_batches_as_a_file(
    ending: str, tmp_path: Path, log_table: LogTable, write: Write, read: Read,
    difference: Difference, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    table = log_table(300)
    path = write(table, tmp_path / f"log{ending}")
    expected, _ = read(path)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(path.read_bytes())))
    found, _ = read("-")
    assert difference(expected, found) == ""


@pytest.mark.parametrize("ending", [".parquet", ".csv", ".jsonl"])
@pytest.mark.parametrize("lateness_s", [0, 30, 3_600])
def test_any_order_of_the_rows_of_a_file_gives_the_same_batches(
    ending: str, lateness_s: int, tmp_path: Path, log_table: LogTable, write: Write, read: Read,
    difference: Difference,
) -> None:  # fmt: skip
    table = log_table(400)
    settings = Settings(batch_rows=50, lateness_s=lateness_s)
    expected, _ = read(write(table, tmp_path / f"sorted{ending}"), settings=settings)
    path = write(_shuffled(table, 3), tmp_path / f"shuffled{ending}")
    found, ingest = read(path, settings=settings)
    assert difference(expected, found) == ""
    assert (ingest.counts.late_rows > 0) == (lateness_s < 3_600)


def test_a_log_larger_than_memory_allows_is_sorted_on_disk(
    tmp_path: Path, log_table: LogTable, write: Write, read: Read, difference: Difference,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    table = log_table(900)
    settings = Settings(batch_rows=50, lateness_s=0)
    expected, _ = read(write(table, tmp_path / "sorted.parquet"), settings=settings)
    monkeypatch.setattr("zhenzan.events.ingest.RunSorter", _small_runs)
    path = write(_shuffled(table, 5), tmp_path / "shuffled.csv")
    found, _ = read(path, settings=settings)
    assert difference(expected, found) == ""


def _small_runs(folder: Path) -> RunSorter:
    return RunSorter(folder, run_rows=100, step_rows=8)


def test_files_of_a_folder_are_merged_by_time_whatever_their_formats_and_order(
    tmp_path: Path, log_table: LogTable, write: Write, read: Read, difference: Difference
) -> None:
    table = log_table(400)
    expected, _ = read(write(table, tmp_path / "whole.parquet"))
    folder = tmp_path / "logs"
    (folder / "deep").mkdir(parents=True)
    (folder / "_SUCCESS").write_text("")
    (folder / "README.md").write_text("# not a log")
    shard = np.arange(400) % 3
    for k, name in enumerate(["c.parquet", "a.csv.gz", "deep/b.jsonl"]):
        write(table.filter(pa.array(shard == k)), folder / name)
    found, ingest = read(folder)
    assert difference(expected, found) == ""
    assert len(ingest.counts.files) == 3


def test_parquet_files_that_follow_each_other_in_time_are_streamed_in_that_order(
    tmp_path: Path, log_table: LogTable, write: Write, read: Read, difference: Difference
) -> None:
    table = log_table(400)
    expected, _ = read(write(table, tmp_path / "whole.pq.parquet"))
    for k, name in enumerate(["z", "y", "x", "w"]):
        write(table.slice(100 * k, 100), tmp_path / f"part-{name}.parquet")
    settings = Settings(batch_rows=50, lateness_s=0)
    found, _ = read(str(tmp_path / "part-*.parquet"), settings=settings)
    assert difference(expected, found) == ""


def test_a_stream_marks_rows_behind_the_bound_late_and_keeps_them(
    tmp_path: Path, log_table: LogTable, write: Write, read: Read,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    table = log_table(300, span_s=4_000)
    first = table.slice(0, 5)
    moved = pa.concat_tables([table.slice(5), first])
    path = write(moved, tmp_path / "log.jsonl")
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(path.read_bytes())))
    batches, ingest = read("-", settings=Settings(batch_rows=50, lateness_s=60))
    late = [name for batch in batches if batch.late.any() for name in batch.event_id.to_pylist()]
    assert sorted(late) == sorted(first["event_id"].to_pylist())
    assert ingest.counts.late_rows == 5
    assert ingest.counts.interactions == 300


def test_a_stream_in_order_within_the_bound_gives_the_batches_of_the_sorted_file(
    tmp_path: Path, log_table: LogTable, write: Write, read: Read, difference: Difference,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    table = log_table(400, span_s=4_000)
    expected, _ = read(write(table, tmp_path / "log.parquet"))
    draw = np.random.default_rng(1)
    arrival = table["ts"].cast(pa.int64()).to_numpy() + draw.integers(0, 60_000_000, 400)
    path = write(table.take(pa.array(np.argsort(arrival))), tmp_path / "log.csv")
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(path.read_bytes())))
    found, ingest = read("-", settings=Settings(batch_rows=50, lateness_s=60))
    assert difference(expected, found) == ""
    assert ingest.counts.late_rows == 0


def test_a_repeated_interaction_counts_once_and_a_conflicting_one_is_set_aside(
    tmp_path: Path, log_table: LogTable, write: Write, read: Read, difference: Difference
) -> None:
    table = log_table(100)
    expected, _ = read(write(table, tmp_path / "log.parquet"))
    repeats = table.take(pa.array([3, 50, 99, 3]))
    liar = table.slice(10, 1).set_column(3, "account_id", pa.array(["somebody else"]))
    later = liar.set_column(1, "ts", pc.add(liar["ts"], pa.scalar(9_000_000, pa.duration("us"))))
    log = write(pa.concat_tables([table, repeats, later]), tmp_path / "more.csv")
    found, ingest = read(log, rejects_path=tmp_path / "rejects.parquet")
    assert difference(expected, found) == ""
    assert ingest.counts.duplicates == 4
    assert ingest.counts.rejected == {"duplicate_conflict": 1}
    reject = pq.read_table(tmp_path / "rejects.parquet").to_pylist()
    assert [(row["row"], row["reason"]) for row in reject] == [(105, "duplicate_conflict")]
    assert "somebody else" in reject[0]["raw"]
    _every_row_is_somewhere(ingest)


def test_extra_columns_are_ignored_and_named(
    tmp_path: Path, log_table: LogTable, write: Write, read: Read
) -> None:
    table = log_table(20).append_column("mood", pa.array(["x"] * 20))
    table = table.append_column("nested", pa.array([[1]] * 20))
    _, ingest = read(write(table, tmp_path / "log.parquet"))
    assert ingest.counts.unread_columns == ("mood", "nested")


def test_a_log_without_rows_gives_no_batches(
    tmp_path: Path, log_table: LogTable, write: Write, read: Read
) -> None:
    for ending in (".parquet", ".csv"):
        batches, ingest = read(write(log_table(5).slice(0, 0), tmp_path / f"log{ending}"))
        assert batches == []
        assert ingest.counts.rows_read == 0


def test_dictionary_and_wide_string_columns_read_like_plain_ones(
    tmp_path: Path, log_table: LogTable, write: Write, read: Read, difference: Difference
) -> None:
    table = log_table(200)
    expected, _ = read(write(table, tmp_path / "log.parquet"))
    for name in ("account_id", "category", "kind", "event_id"):
        index = table.column_names.index(name)
        table = table.set_column(index, name, table[name].dictionary_encode())
    for name in ("item_id", "ip"):
        index = table.column_names.index(name)
        table = table.set_column(index, name, table[name].cast(pa.large_string()))
    found, _ = read(write(table, tmp_path / "coded.parquet"))
    assert difference(expected, found) == ""


@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)
@given(seed=st.integers(0, 2**32 - 1), rows=st.integers(1, 120), span_s=st.integers(1, 8_000),
       lateness_s=st.sampled_from([0, 5, 600]), batch_rows=st.sampled_from([1, 7, 64]))  # fmt: skip
def test_no_order_no_file_cut_and_no_repeat_changes_a_batch(
    tmp_path: Path, log_table: LogTable, write: Write, read: Read, difference: Difference,
    seed: int, rows: int, span_s: int, lateness_s: int, batch_rows: int,
) -> None:  # fmt: skip
    table = log_table(rows, seed=seed, span_s=span_s)
    settings = Settings(batch_rows=batch_rows, lateness_s=lateness_s)
    expected, _ = read(write(table, tmp_path / "sorted.parquet"), settings=settings)
    draw = np.random.default_rng(seed)
    twice = pa.concat_tables([table, table.take(pa.array(draw.integers(0, rows, 5)))])
    path = write(_shuffled(twice, seed), tmp_path / "other.jsonl")
    found, ingest = read(path, settings=settings)
    assert difference(expected, found) == ""
    assert ingest.counts.duplicates == 5
    _every_row_is_somewhere(ingest)


def _every_row_is_somewhere(ingest: Ingest) -> None:
    """Nothing is dropped in silence: all rows read are accounted for."""
    counts = ingest.counts
    parts = counts.interactions + counts.duplicates + counts.left_out + counts.rejected_rows
    assert counts.rows_read == parts


def test_all_codes_are_dense(tmp_path: Path, log_table: LogTable, write: Write, read: Read) -> None:
    batches, ingest = read(write(log_table(300), tmp_path / "log.parquet"))
    for key in KEYS:
        codes = np.concatenate([getattr(batch, key) for batch in batches])
        assert set(codes[codes >= 0].tolist()) == set(range(len(ingest.tables[key])))
