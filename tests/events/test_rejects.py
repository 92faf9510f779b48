"""Bad rows are set aside with file, row number and reason; the rest of the log is read."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from zhenzan.events.batch import Batch
from zhenzan.events.ingest import Ingest
from zhenzan.settings import Settings

Read = Callable[..., tuple[list[Batch], Ingest]]

HEADER = "event_id,ts,kind,account_id,item_id,dwell_ms,completion,amount_cents,text"
GOOD = "{id},2024-05-01T10:00:00Z,like,a1,i1,,,,"

BAD_ROWS = [
    (",2024-05-01T10:00:00Z,like,a1,i1,,,,", "missing_required", "`event_id` is missing"),
    ("b2,,like,a1,i1,,,,", "missing_required", "`ts` is missing"),
    ("b3,2024-05-01T10:00:00Z,,a1,i1,,,,", "missing_required", "`kind` is missing"),
    ("b4,2024-05-01T10:00:00Z,like,,i1,,,,", "missing_required", "`account_id` is missing"),
    ("b5,yesterday,like,a1,i1,,,,", "bad_time", "`ts` is not a time from 1990 to 2100"),
    ("b6,1971-01-01T00:00:00Z,like,a1,i1,,,,", "bad_time", "`ts` is not a time"),
    ("b7,2024-02-30T00:00:00Z,like,a1,i1,,,,", "bad_time", "`ts` is not a time"),
    ("b8,2024-05-01T10:00:00Z,lke,a1,i1,,,,", "unknown_kind", "`kind` is none of register"),
    ("b9,2024-05-01T10:00:00Z,view,a1,i1,-5,,,", "bad_value", "`dwell_ms` is below 0"),
    ("b10,2024-05-01T10:00:00Z,view,a1,i1,soon,,,", "bad_value", "`dwell_ms` is not a number"),
    ("b11,2024-05-01T10:00:00Z,view,a1,i1,1.5,,,", "bad_value", "`dwell_ms` is not a number"),
    ("b12,2024-05-01T10:00:00Z,view,a1,i1,,1.01,,", "bad_value", "`completion` is outside 0 to 1"),
    ("b13,2024-05-01T10:00:00Z,purchase,a1,i1,,,-1,", "bad_value", "`amount_cents` is below 0"),
    ("b14,2024-05-01T10:00:00Z,like", "bad_row", "3 cells where the header has 9"),
    ("b15,2024-05-01T10:00:00Z,like,a1,i1,,,,,,,", "bad_row", "12 cells where the header has 9"),
    ("x" * 5000 + ",2024-05-01T10:00:00Z,like,a1,i1,,,,", "too_long", "longer than 4,096 bytes"),
]


def _rejects(path: Path) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = pq.read_table(path).to_pylist()
    return sorted(rows, key=lambda row: row["row"])  # type: ignore[arg-type,return-value]


def test_each_bad_csv_row_is_set_aside_with_its_row_number(tmp_path: Path, read: Read) -> None:
    lines = [HEADER]
    for index, (line, _, _) in enumerate(BAD_ROWS):
        lines += [GOOD.format(id=f"g{index}"), line]
    log = tmp_path / "log.csv"
    log.write_text("\n".join(lines) + "\n", encoding="utf-8")
    batches, ingest = read(log, rejects_path=tmp_path / "rejects.parquet")
    assert sum(map(len, batches)) == len(BAD_ROWS)
    rows = _rejects(tmp_path / "rejects.parquet")
    assert [row["row"] for row in rows] == [2 * (k + 1) for k in range(len(BAD_ROWS))]
    for row, (_, reason, detail) in zip(rows, BAD_ROWS, strict=True):
        assert row["reason"] == reason
        assert detail in str(row["detail"])
        assert row["file"] == str(log)
        assert len(str(row["raw"])) <= 2000
    assert ingest.counts.rejected_rows == len(BAD_ROWS)
    assert ingest.counts.rows_read == 2 * len(BAD_ROWS)


def test_csv_row_numbers_hold_over_blocks_and_quoted_line_ends(tmp_path: Path, read: Read) -> None:
    long = "b" * 200_000
    lines = [HEADER]
    for k in range(120):
        text = f'"two\nlines {long}"'
        bad = k % 10 == 9
        lines.append("torn,row" if bad else GOOD.format(id=f"g{k}") + text)
    (tmp_path / "log.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    batches, _ = read(tmp_path / "log.csv", rejects_path=tmp_path / "rejects.parquet")
    assert sum(map(len, batches)) == 108
    rows = _rejects(tmp_path / "rejects.parquet")
    assert [row["row"] for row in rows] == [10 * (k + 1) for k in range(12)]


def test_each_bad_json_line_is_set_aside_with_its_line_number(tmp_path: Path, read: Read) -> None:
    good = {"event_id": "g", "ts": "2024-05-01T10:00:00+02:00", "kind": "like", "account_id": "a"}
    bad = [
        ("{broken", "bad_json", "the line is not JSON"),
        ('"text"', "bad_json", "the line is not a JSON object"),
        ("[1, 2]", "bad_json", "the line is not a JSON object"),
        (json.dumps({**good, "event_id": "n", "item_id": {"a": 1}}), "bad_type", "`item_id` is"),
        ("[" * 100_000, "bad_json", "the object is nested too deep"),
        ('{"a":' * 5000 + "1" + "}" * 5000, "bad_json", "nested too deep"),
        (json.dumps({**good, "ts": True}), "bad_time", "`ts` is not a time"),
        (json.dumps({**good, "completion": "much"}), "bad_value", "`completion` is not a number"),
        (json.dumps({**good, "account_id": ""}), "missing_required", "`account_id` is missing"),
        ('{"event_id": NaN}', "bad_json", "`NaN` is not a JSON number"),
        ("\x00\x00\x00", "bad_json", "the line is not JSON"),
    ]
    lines = []
    for index, (line, _, _) in enumerate(bad):
        lines += ["", json.dumps({**good, "event_id": f"g{index}"}), line]
    log = tmp_path / "log.jsonl"
    log.write_text("\n".join(lines), encoding="utf-8")
    batches, ingest = read(log, rejects_path=tmp_path / "rejects.parquet")
    rows = _rejects(tmp_path / "rejects.parquet")
    assert [row["row"] for row in rows] == [3 * (k + 1) for k in range(len(bad))]
    for row, (_, reason, detail) in zip(rows, bad, strict=True):
        assert (row["reason"], detail in str(row["detail"])) == (reason, True), row
    assert sum(map(len, batches)) == len(bad)
    assert ingest.counts.rows_read == 2 * len(bad)


def test_fields_of_mixed_types_are_read_as_what_they_say(tmp_path: Path, read: Read) -> None:
    ids = [1, "1x", 2.5, True, 10**30]
    lines = [
        json.dumps({"event_id": f"e{k}", "ts": ts, "kind": "like", "account_id": value})
        for k, (value, ts) in enumerate(
            zip(
                ids,
                [1714557600, "1714557600000", 1714557600.25, "2024-05-01 10:00", "2024-05-01"],
                strict=True,
            )
        )
    ]
    (tmp_path / "log.jsonl").write_text("\n".join(lines), encoding="utf-8")
    batches, ingest = read(tmp_path / "log.jsonl")
    batch = batches[0]
    words = dict(
        zip(
            batch.event_id.to_pylist(),
            ingest.tables["account"].strings(batch.account).to_pylist(),
            strict=True,
        )
    )
    assert words == {"e0": "1", "e1": "1x", "e2": "2.5", "e3": "true", "e4": str(10**30)}
    seconds = dict(zip(batch.event_id.to_pylist(), (batch.ts / 1e6).tolist(), strict=True))
    noon = 1714557600
    assert seconds == {"e0": noon, "e1": noon, "e2": noon + 0.25, "e3": noon, "e4": noon - 36_000}


def test_bytes_that_are_not_utf8_cost_one_row(tmp_path: Path, read: Read) -> None:
    log = tmp_path / "log.csv"
    good = [GOOD.format(id=f"g{k}").encode() for k in range(3)]
    bad = b"b,2024-05-01T10:00:00Z,like,\xff\xfea,i1,,,,"
    log.write_bytes(b"\n".join([HEADER.encode(), good[0], bad, good[1], good[2]]))
    batches, _ = read(log, rejects_path=tmp_path / "rejects.parquet")
    assert sum(map(len, batches)) == 3
    rows = _rejects(tmp_path / "rejects.parquet")
    assert [(row["row"], row["reason"]) for row in rows] == [(2, "bad_text")]


def test_parquet_bytes_that_are_not_utf8_cost_one_row(tmp_path: Path, read: Read) -> None:
    names = pa.array([b"a", b"\xff\xff", b"c"], pa.binary()).view(pa.string())
    table = pa.table(
        {
            "event_id": ["1", "2", "3"],
            "ts": [1714557600, 1714557600, 1714557601],
            "kind": ["like"] * 3,
            "account_id": names,
        }
    )
    pq.write_table(table, tmp_path / "log.parquet")
    batches, _ = read(tmp_path / "log.parquet", rejects_path=tmp_path / "rejects.parquet")
    assert [batch.event_id.to_pylist() for batch in batches] == [["1", "3"]]
    assert [row["row"] for row in _rejects(tmp_path / "rejects.parquet")] == [2]


@pytest.mark.parametrize("kind", ["parquet", "dictionary", "jsonl", "csv"])
def test_an_id_with_a_nul_costs_one_row_and_a_comment_with_one_costs_none(
    tmp_path: Path, read: Read, kind: str
) -> None:
    names = ["a", "b\0", "", "c"]
    columns = {
        "event_id": ["1", "2", "3", "4"],
        "ts": ["2024-05-01T10:00:00Z"] * 4,
        "kind": ["like"] * 4,
        "account_id": ["x"] * 4,
        "item_id": names,
        "text": ["t", "t", "t", "t" if kind == "csv" else "u\0"],
    }
    table = pa.table(columns)
    log = tmp_path / f"log.{'parquet' if kind == 'dictionary' else kind}"
    if kind == "dictionary":
        table = table.set_column(4, "item_id", pa.array(names).dictionary_encode())
    if kind in ("parquet", "dictionary"):
        pq.write_table(table, log)
    elif kind == "jsonl":
        log.write_text("\n".join(json.dumps(row) for row in table.to_pylist()), "utf-8")
    else:
        rows = [",".join(columns), *(",".join(row.values()) for row in table.to_pylist())]
        log.write_text("\n".join(rows), "utf-8")
    batches, _ = read(log, rejects_path=tmp_path / "rejects.parquet")
    found = [name for batch in batches for name in batch.event_id.to_pylist()]
    assert sorted(found) == ["1", "3", "4"]
    (row,) = _rejects(tmp_path / "rejects.parquet")
    assert (row["row"], row["reason"]) == (2, "bad_text")


def test_a_json_line_without_end_is_skipped_and_the_next_lines_are_read(
    tmp_path: Path, read: Read
) -> None:
    good = '{"event_id": "%s", "ts": 1714557600, "kind": "like", "account_id": "a"}\n'
    with (tmp_path / "log.jsonl").open("w") as file:
        file.write(good % "1")
        file.write('{"event_id": "' + "x" * (20 << 20) + "\n")
        file.write(good % "2")
    batches, _ = read(tmp_path / "log.jsonl", rejects_path=tmp_path / "rejects.parquet")
    assert [batch.event_id.to_pylist() for batch in batches] == [["1", "2"]]
    rows = _rejects(tmp_path / "rejects.parquet")
    assert [(row["row"], row["reason"]) for row in rows] == [(2, "too_long")]


@pytest.mark.parametrize("rows_max", [0, 3])
def test_rejects_beyond_their_limit_are_counted_but_not_kept(
    rows_max: int, tmp_path: Path, read: Read
) -> None:
    log = tmp_path / "log.csv"
    log.write_text("\n".join([HEADER, *["torn"] * 4, *[",,,,,,,,"] * 4]), encoding="utf-8")
    settings = Settings(rejects_max=rows_max)
    _, ingest = read(log, rejects_path=tmp_path / "rejects.parquet", settings=settings)
    assert ingest.counts.rejected == {"bad_row": 4, "missing_required": 4}
    assert len(_rejects(tmp_path / "rejects.parquet")) == rows_max


def test_a_quote_that_is_never_closed_costs_its_line_and_not_the_rest(
    tmp_path: Path, read: Read
) -> None:
    for name, tail in (("to the end", ""), ("to the next quote", 'g9,1714557600,like,"a",,,,,\n')):
        lines = [HEADER, GOOD.format(id="g1"), 'b,1714557600,like,"a1,,,,,']
        lines += [GOOD.format(id=f"g{k}") for k in range(2, 9)]
        log = tmp_path / "log.csv"
        log.write_text("\n".join(lines) + "\n" + tail, encoding="utf-8")
        batches, _ = read(log, rejects_path=tmp_path / "rejects.parquet")
        assert sum(map(len, batches)) == (9 if tail else 8), name
        rows = _rejects(tmp_path / "rejects.parquet")
        assert [(row["row"], row["reason"]) for row in rows] == [(2, "bad_row")]


def test_a_torn_csv_row_of_bytes_that_are_not_utf8_is_set_aside(tmp_path: Path, read: Read) -> None:
    good = [GOOD.format(id=f"g{k}").encode() for k in range(2)]
    log = tmp_path / "log.csv"
    log.write_bytes(b"\r\n".join([HEADER.encode(), good[0], b"\xff\xfe,torn", b"", good[1]]))
    batches, _ = read(log, rejects_path=tmp_path / "rejects.parquet")
    assert sum(map(len, batches)) == 2
    assert [row["row"] for row in _rejects(tmp_path / "rejects.parquet")] == [2]
