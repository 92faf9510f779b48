"""Codes, addresses, remembered ids, times and side tables."""

from __future__ import annotations

import datetime
import ipaddress
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zhenzan.events import duplicates as duplicates_module
from zhenzan.events.addresses import read_addresses
from zhenzan.events.batch import Batch
from zhenzan.events.codes import CodeTable
from zhenzan.events.convert import to_time
from zhenzan.events.duplicates import Duplicates
from zhenzan.events.hashing import hash_strings
from zhenzan.events.ingest import Ingest
from zhenzan.settings import Settings

Read = Callable[..., tuple[list[Batch], Ingest]]

WORDS = st.lists(st.one_of(st.none(), st.text(max_size=20)), max_size=60)


@given(st.lists(WORDS, max_size=5))
def test_codes_lead_back_to_the_strings_whatever_the_pieces(pieces: list[list[str | None]]) -> None:
    pieces = [[w and w.encode("utf-8", "replace").decode() for w in piece] for piece in pieces]
    table, known = CodeTable(keep=True), {}
    for piece in pieces:
        codes = table.encode(pa.array(piece, pa.string()))
        assert table.strings(codes).to_pylist() == [word or None for word in piece]
        for word, code in zip(piece, codes.tolist(), strict=True):
            assert code == (known.setdefault(word, len(known)) if word else -1)
        assert table.find(pa.array(piece, pa.string())).tolist() == codes.tolist()
    assert len(table) == len(known) == table.live_count


def test_forgotten_codes_are_used_again_and_memory_follows_the_live_ones() -> None:
    table = CodeTable()
    for round_ in range(60):
        codes = table.encode(pa.array([f"s{round_}-{k}" for k in range(1000)]))
        assert len(set(codes.tolist())) == 1000
        again = table.encode(pa.array([f"s{round_}-{k}" for k in range(1000)]))
        assert np.array_equal(codes, again)
        table.forget(np.append(codes[:900], codes[:10]))
    assert table.live_count == 60 * 100
    assert len(table) < 60 * 100 + 1000
    assert table.find(pa.array(["s3-5", "s3-950"])).tolist()[0] == -1
    assert table.find(pa.array(["s3-950"]))[0] >= 0
    assert table.state_bytes < 1_000_000


def test_dictionary_columns_and_slices_hash_like_plain_ones() -> None:
    plain = pa.array(["a", None, "", "好", "a" * 33, "b"])
    expected = hash_strings(plain)
    assert expected[1] == expected[2] == 0
    assert np.array_equal(hash_strings(plain.dictionary_encode()), expected)
    assert np.array_equal(hash_strings(plain.slice(2, 3)), expected[2:5])
    many = hash_strings(pa.array([f"user{k}" for k in range(200_000)]))
    assert len(np.unique(many)) == 200_000


@given(st.ip_addresses())
def test_addresses_are_read_as_the_standard_library_reads_them(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> None:
    spellings = [str(address), address.exploded, address.compressed.upper()]
    number, block, garbage = read_addresses(pa.array(spellings))
    assert garbage == 0
    mapped = address if address.version == 4 else address.ipv4_mapped
    assert set(number.tolist()) == {0 if mapped is None else int(mapped)}
    assert len(set(block.tolist())) == 1
    prefix = 24 if mapped else 48
    network = ipaddress.ip_network(f"{mapped or address}/{prefix}", strict=False)
    _, edges, _ = read_addresses(pa.array([str(network[0]), str(network[-1])]))
    assert edges.tolist() == [block[0], block[0]]


@given(st.text(alphabet="0123456789abcdf:.%g ", max_size=20))
def test_what_is_no_address_gets_no_block(text: str) -> None:
    plain = text.split("%")[0]
    try:
        ipaddress.ip_address(plain)
        is_address = True
    except ValueError:
        is_address = False
    # The standard library refuses leading zeros; a log may hold them.
    if is_address:
        assert read_addresses(pa.array([plain]))[2] == 0
    elif not any(len(part) > 1 and part[0] == "0" for part in plain.split(".")):
        assert read_addresses(pa.array([plain]))[2] == 1


def test_addresses_of_a_log_share_blocks_and_bad_ones_keep_their_code(
    tmp_path: Path, read: Read
) -> None:
    ips = ["10.0.0.1", "10.0.0.200", "10.0.1.1", "2001:db8:1:2::1", "2001:db8:1:ffff::9",
           "not an address", None]  # fmt: skip
    table = pa.table(
        {
            "event_id": [f"e{k}" for k in range(7)],
            "ts": list(range(1714557600, 1714557607)),
            "kind": ["like"] * 7,
            "account_id": ["a"] * 7,
            "ip": ips,
        }
    )
    pq.write_table(table, tmp_path / "log.parquet")
    batches, ingest = read(tmp_path / "log.parquet")
    assert batches[0].ip.tolist() == [0, 1, 2, 3, 4, 5, -1]
    assert batches[0].block.tolist() == [0, 0, 1, 2, 2, -1, -1]
    assert ingest.ipv4.tolist()[:3] == [0x0A000001, 0x0A0000C8, 0x0A000101]
    assert ingest.counts.bad_addresses == 1
    assert batches[0].network_class.tolist() == [-1] * 7


@pytest.mark.parametrize("ids_min", [1 << 19, 4])
def test_ids_are_remembered_beyond_the_horizon(
    ids_min: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The verdicts equal those of a dictionary that never forgets."""
    monkeypatch.setattr(duplicates_module, "_GENERATION_IDS_MIN", ids_min)
    draw = np.random.default_rng(6)
    memory = Duplicates(memory_us=1000, folder=tmp_path)
    known: dict[int, int] = {}
    for step in range(60):
        numbers = draw.integers(1, 3000, 40).astype(np.uint64)
        ids = numbers * np.uint64(0x9E3779B97F4A7C15)
        contents = draw.integers(1, 3, 40).astype(np.uint64)
        verdicts = memory.check(ids, contents, newest_us=step * 300)
        expected = []
        for name, content in zip(ids.tolist(), contents.tolist(), strict=True):
            first = known.get(name)
            expected.append(0 if first is None else 1 if first == content else 2)
            known.setdefault(name, content)
        # A conflicting id may be remembered with its later content; it is never new again.
        assert [bool(v) for v in verdicts.tolist()] == [bool(v) for v in expected]
    spilled = list(tmp_path.iterdir())
    assert (len(spilled) > 0) == (ids_min == 4)
    assert len(spilled) < 8


@given(st.datetimes(datetime.datetime(1991, 1, 1), datetime.datetime(2099, 1, 1)),
       st.integers(-14 * 60, 14 * 60))  # fmt: skip
def test_times_are_read_in_every_spelling(when: datetime.datetime, minutes: int) -> None:
    zone = datetime.timezone(datetime.timedelta(minutes=minutes))
    aware = when.replace(tzinfo=zone)
    us = (aware - datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)) // datetime.timedelta(
        microseconds=1
    )
    naive_us = us + minutes * 60_000_000
    texts = [aware.isoformat(), aware.isoformat(" "), when.isoformat(), when.isoformat() + "Z"]
    ts, bad = to_time(pa.array(texts))
    assert ts.tolist() == [us, us, naive_us, naive_us]
    assert not bad.any()
    ts, bad = to_time(pa.array([naive_us]))
    assert ts.tolist() == [naive_us]
    for unit, factor in (("s", 1_000_000), ("ms", 1_000)):
        for given_unit in (unit, None):
            ts, _ = to_time(pa.array([naive_us // factor]), unit=given_unit)
            assert ts.tolist() == [naive_us // factor * factor]


def test_side_tables_line_up_with_codes_and_fill_gaps(tmp_path: Path, read: Read) -> None:
    (tmp_path / "accounts.csv").write_text(
        "account_id,created_at,verified,region\na2,2020-01-01,true,north\na1,,false,\n"
    )
    pq.write_table(
        pa.table({"item_id": ["i1", "i3"], "merchant_id": ["m1", "m3"], "category": ["c1", "c3"]}),
        tmp_path / "items.parquet",
    )
    (tmp_path / "log.csv").write_text(
        "event_id,ts,kind,account_id,item_id,merchant_id\n"
        "1,1714557600,like,a1,i1,\n"
        "2,1714557601,like,a2,i1,other\n"
        "3,1714557602,like,a3,i2,\n"
    )
    batches, ingest = read(
        tmp_path / "log.csv",
        accounts=tmp_path / "accounts.csv",
        items=tmp_path / "items.parquet",
    )
    words = {
        key: ingest.tables[key].strings(getattr(batches[0], key)).to_pylist()
        for key in ("merchant", "category")
    }
    assert words == {"merchant": ["m1", "other", None], "category": ["c1", "c1", None]}
    created = 1577836800_000_000
    assert ingest.created_us.tolist() == [-1, created, -1]
    assert ingest.verified is not None
    assert ingest.verified.tolist() == [0, 1, -1]
    assert ingest.accounts is not None
    assert ingest.accounts.region.tolist() == [-1, 0, -1]


def test_authors_are_named_by_the_items_table_or_where_merchants_are_said_to_be_accounts(
    tmp_path: Path, read: Read
) -> None:
    (tmp_path / "items.csv").write_text("item_id,author_id\ni1,a2\ni2,\ni3,nobody\n")
    (tmp_path / "log.csv").write_text(
        "event_id,ts,kind,account_id,item_id,merchant_id\n"
        "1,1714557600,like,a1,i1,a1\n"
        "2,1714557601,like,a2,i2,a2\n"
        "3,1714557602,like,a1,i3,shop\n"
        "4,1714557603,like,a1,i4,\n"
    )
    log, items = tmp_path / "log.csv", tmp_path / "items.csv"
    _, ingest = read(log, items=items)
    assert ingest.item_authors().tolist() == [1, -1, -1, -1]
    assert ingest.merchant_accounts().tolist() == [-1, -1, -1]
    _, ingest = read(log, settings=Settings(merchants_are_accounts=1))
    assert ingest.item_authors().tolist() == [-1] * 4
    assert ingest.merchant_accounts().tolist() == [0, 1, -1]


MAPPED = """
columns:
  event_id: {template: "{who}-{n}"}
  ts: {column: when, format: "%d.%m.%Y %H:%M", timezone: Europe/Berlin}
  kind: {column: what, values: {heart: like, look: view}, default: share}
  account_id: who
  channel: {constant: shop}
where:
  shop: [one, two]
"""


def test_a_mapping_translates_times_kinds_ids_and_leaves_rows_out(
    tmp_path: Path, read: Read
) -> None:
    (tmp_path / "m.yaml").write_text(MAPPED)
    (tmp_path / "log.csv").write_text(
        "who;n;when;what;shop\n"
        "x;1;01.07.2024 12:00;heart;one\n"
        "x;2;01.01.2024 12:00;look;two\n"
        "x;3;01.01.2024 12:00;look;three\n"
        "x;4;01.02.2024 12:00;poke;one\n"
    )
    batches, ingest = read(tmp_path / "log.csv", mapping=tmp_path / "m.yaml")
    batch = batches[0]
    assert batch.event_id.to_pylist() == ["x-2", "x-4", "x-1"]
    hours = [datetime.datetime.fromtimestamp(us / 1e6, datetime.UTC).hour for us in batch.ts]
    assert hours == [11, 11, 10]
    assert batch.kind.tolist() == [2, 10, 3]
    assert ingest.counts.left_out == 1
    assert ingest.tables["channel"].strings(batch.channel).to_pylist() == ["shop"] * 3


def test_row_numbers_make_ids_that_differ_between_files(tmp_path: Path, read: Read) -> None:
    (tmp_path / "m.yaml").write_text(
        "columns: {event_id: {row: file}, ts: {column: t, unit: ms}, account_id: a}"
    )
    for name in ("x.csv", "y.csv"):
        (tmp_path / name).write_text("t,a\n1714557600000,u\n1714557600000,u\n")
    _, ingest = read(str(tmp_path / "*.csv"), mapping=tmp_path / "m.yaml")
    assert ingest.counts.interactions == 4
