"""A log that cannot be read gets one clear error that names the file and the next step."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from zhenzan.errors import MappingError, SchemaError, SourceError, ZhenzanError
from zhenzan.events.batch import Batch
from zhenzan.events.ingest import Ingest

LogTable = Callable[..., pa.Table]
Write = Callable[[pa.Table, Path], Path]
Read = Callable[..., tuple[list[Batch], Ingest]]

STRANGERS = [
    ("log.parquet", b"event_id,ts\n1,2\n", "claims to be Parquet but looks like CSV"),
    ("log.csv", b'{"event_id": 1}\n', "claims to be CSV but looks like JSON Lines"),
    ("log.jsonl", b"event_id,ts\n1,2\n", "claims to be JSON Lines but looks like CSV"),
    ("log.csv.gz", b"event_id,ts\n1,2\n", "claims to be .gz but looks plain"),
    ("log.csv", gzip.compress(b"event_id,ts\n1,2\n"), "claims to be plain CSV but looks .gz"),
    ("log.csv", b"PK\x03\x04" + bytes(50), "looks like a ZIP archive or an Excel workbook"),
    ("log.csv", b"\xff\xfea\x00,\x00", "looks like UTF-16 text"),
    ("log.csv", bytes(range(256)) * 20, "looks like binary data"),
    ("log.jsonl", b'[{"event_id": 1}]', "looks like one JSON array"),
    ("log.jsonl", b'{\n "event_id": 1\n}', "looks like one JSON object over several lines"),
    ("log.csv", b"", "is empty"),
    ("log.parquet", b"PAR1" + bytes(100), "is a damaged or cut-off Parquet file"),
    ("log.csv", b"event_id,ts,ts\n", "has the column `ts` twice"),
]


@pytest.mark.parametrize(("name", "content", "message"), STRANGERS)
def test_a_file_that_is_not_what_it_claims_to_be_is_named(
    name: str, content: bytes, message: str, tmp_path: Path, read: Read
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(SourceError) as caught:
        read(path)
    assert f"`{path}`" in str(caught.value)
    assert message in str(caught.value)
    assert caught.value.hint
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("ending", [".parquet", ".csv.gz", ".jsonl.zst", ".parquet.gz"])
def test_a_file_that_is_cut_off_is_an_error_and_never_a_shorter_log(
    ending: str, tmp_path: Path, log_table: LogTable, write: Write, read: Read
) -> None:
    path = write(log_table(3000), tmp_path / f"log{ending}")
    data = path.read_bytes()
    for part in (0.3, 0.9, 0.999):
        path.write_bytes(data[: int(len(data) * part)])
        with pytest.raises(SourceError, match="damaged or cut-off"):
            read(path)


def test_a_path_that_does_not_exist_names_the_nearest(tmp_path: Path, read: Read) -> None:
    (tmp_path / "events.csv").write_text("x")
    with pytest.raises(SourceError, match=r"there is no log at .*did you mean `events.csv`\?"):
        read(tmp_path / "event.csv")
    with pytest.raises(SourceError, match="nothing matches"):
        read(str(tmp_path / "*.parquet"))
    (tmp_path / "empty").mkdir()
    with pytest.raises(SourceError, match="holds no log"):
        read(tmp_path / "empty")
    with pytest.raises(SourceError, match="no format is named `cvs`; did you mean `csv`"):
        read(tmp_path / "events.csv", format="cvs")


def test_a_missing_required_column_names_the_nearest_one(tmp_path: Path, read: Read) -> None:
    (tmp_path / "log.csv").write_text("event_id,ts,kind,account\n1,2,like,4\n")
    with pytest.raises(SchemaError, match=r"no column `account_id`.*did you mean `account`\?"):
        read(tmp_path / "log.csv")


def test_nested_values_in_a_contract_column_are_an_error(tmp_path: Path, read: Read) -> None:
    table = pa.table({"event_id": ["1"], "ts": [1], "kind": ["like"], "account_id": [["a"]]})
    pq.write_table(table, tmp_path / "log.parquet")
    with pytest.raises(SchemaError, match=r"column `account_id` .* holds nested values"):
        read(tmp_path / "log.parquet")


MAPPINGS = [
    ("columns: {event_id: idd, ts: t, account_id: a}", MappingError,
     "reads `idd`, which .* does not have; did you mean `id`"),
    ("columns: {event_id: id, ts: t, acount_id: a}", MappingError,
     "fills `acount_id`, which is no contract column; did you mean `account_id`"),
    ("columns: {event_id: id, ts: t}", SchemaError, "the mapping gives no `account_id`"),
    ("columns: {event_id: id, ts: {column: t, unit: sec}, account_id: a}", MappingError,
     "no time unit is `sec`"),
    ("columns: {event_id: {colum: id}, ts: t, account_id: a}", MappingError,
     "unknown word `colum`; did you mean `column`"),
    ("columns: {event_id: {column: id, row: file}}", MappingError, "exactly one of"),
    ("columns: {event_id: 5}", MappingError, "neither a column nor a rule"),
    ("nothing: here", MappingError, "has no `columns`"),
    ("columns: [", MappingError, "is not YAML"),
    ("columns: {event_id: id, ts: t, account_id: a}\nwhere: {id: {is: 1}}", MappingError,
     "the filter on `id`"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "error", "message"), MAPPINGS)
def test_a_mapping_that_cannot_work_says_what_to_change(
    text: str, error: type[ZhenzanError], message: str, tmp_path: Path, read: Read
) -> None:
    (tmp_path / "log.csv").write_text("id,t,a\n1,1714557600,x\n")
    (tmp_path / "m.yaml").write_text(text)
    with pytest.raises(error, match=message) as caught:
        read(tmp_path / "log.csv", mapping=tmp_path / "m.yaml")
    assert "\n" not in str(caught.value)


def test_an_unknown_shipped_mapping_names_the_nearest(tmp_path: Path, read: Read) -> None:
    with pytest.raises(MappingError, match=r"no mapping is named `starscot`; did you mean `star"):
        read(tmp_path, mapping="starscot")


def test_random_bytes_never_raise_anything_but_a_taught_error(tmp_path: Path, read: Read) -> None:
    """Random bytes, bytes after a valid start, and damaged copies of valid logs."""
    draw = np.random.default_rng(11)
    starts = [b"", b"event_id,ts,kind,account_id\n", b'{"event_id": "1", "ts": 1', b"PAR1",
              b"\x1f\x8b\x08\x00", b"\x28\xb5\x2f\xfd", b"event_id\n\"unclosed, "]  # fmt: skip
    outcomes = set()
    for round_ in range(140):
        size = int(draw.integers(0, 3000))
        high = 256 if round_ % 2 else 127
        low = 0 if round_ % 4 < 2 else 32
        noise = draw.integers(low, high, size).astype(np.uint8).tobytes()
        path = tmp_path / "noise.log"
        path.write_bytes(starts[round_ % len(starts)] + noise)
        try:
            read(path, rejects_path=tmp_path / "rejects.parquet")
            outcomes.add("read")
        except ZhenzanError as error:
            assert "\n" not in str(error), error
            outcomes.add(type(error).__name__)
    assert outcomes >= {"read", "SourceError", "SchemaError"}


@pytest.mark.parametrize("ending", [".parquet", ".csv", ".jsonl", ".csv.gz"])
def test_flipped_bytes_are_an_error_or_a_reject_but_never_a_crash(
    ending: str, tmp_path: Path, log_table: LogTable, write: Write, read: Read
) -> None:
    data = write(log_table(100), tmp_path / f"log{ending}").read_bytes()
    draw = np.random.default_rng(4)
    for _ in range(25):
        broken = bytearray(data)
        for place in draw.integers(0, len(data), 8).tolist():
            broken[place] = int(draw.integers(0, 256))
        (tmp_path / f"log{ending}").write_bytes(bytes(broken))
        try:
            read(tmp_path / f"log{ending}")
        except ZhenzanError as error:
            assert "\n" not in str(error)
