"""Groups are written with names and times, and the files say nothing about codes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from zhenzan.events.codes import CodeTable
from zhenzan.groups import schema
from zhenzan.groups.schema import Groups, no_groups
from zhenzan.groups.tables import FILES, output_tables, write_tables

DAY_US = 86_400_000_000


def rows(table: str, **columns: list[object]) -> pa.Table:
    named = schema.SCHEMAS[table]
    return pa.table([pa.array(columns[f.name], f.type) for f in named], schema=named)


def two_groups(code: np.ndarray) -> Groups:
    """Two groups over four accounts and three items; ``code`` renumbers the accounts."""
    account = [int(code[a]) for a in (0, 1, 2, 2, 3)]
    empty = no_groups()
    return Groups(
        groups=rows(
            "groups",
            group_id=["gB", "gA"],
            kind=["scripted_farm", "fan_club"],
            confidence=[0.9, 0.4],
            benign=[False, True],
            size=[3, 2],
            items=[2, 1],
            merchants=[1, 0],
            likes=[6, 2],
            first_us=[DAY_US, 2 * DAY_US],
            last_us=[3 * DAY_US, 4 * DAY_US],
            cohesion=[1.0, 1.0],
            log10_p=[-40.0, -3.0],
            q_value=[1e-30, 0.004],
            order_asymmetry=[0.8, 0.1],
            supplier=["pool-1", None],
        ),
        members=rows(
            "members",
            group_id=["gA", "gB", "gB", "gB", "gA"],
            account=[account[4], account[0], account[1], account[2], account[3]],
            strength=[2.0, 5.0, 9.0, 5.0, 2.0],
            likes=[1, 2, 2, 2, 1],
            first_us=[DAY_US] * 5,
            last_us=[2 * DAY_US] * 5,
            role=["executor"] * 5,
        ),
        targets=rows(
            "targets",
            group_id=["gB", "gB", "gA"],
            item=[0, 1, 2],
            merchant=[0, 0, -1],
            likes=[3, 3, 2],
            role=["beneficiary", "camouflage", "beneficiary"],
        ),
        pairs=rows(
            "pairs",
            group_id=["gB"],
            account_a=[account[0]],
            account_b=[account[1]],
            shared=[2],
            expected=[0.01],
            surprise=[9.0],
            gap_s=[30.0],
        ),
        evidence=rows(
            "evidence",
            row=[4, 4, 1, 2, 2],
            group_id=["gA", "gB", "gA", "gB", "gA"],
            nats=[3.0, 7.0, 1.0, 2.0, 2.0],
        ),
        accounts=empty.accounts,
        scores=empty.scores,
    )


def named(groups: Groups, code: np.ndarray) -> dict[str, pa.Table]:
    accounts = np.empty(len(code), object)
    accounts[code] = ["ann", "bob", "cid", "dan"]
    items, shops = CodeTable(keep=True), CodeTable(keep=True)
    items.encode(pa.array(["hat", "cap", "bag"]))
    shops.encode(pa.array(["shop"]))
    return output_tables(
        groups,
        account=lambda codes: pa.array(accounts[codes], pa.string()),
        item=items.strings,
        merchant=shops.strings,
    )


def test_codes_become_names_and_microseconds_become_times() -> None:
    code = np.arange(4)
    tables = named(two_groups(code), code)
    assert tables["groups"]["group_id"].to_pylist() == ["gB", "gA"]
    assert str(tables["groups"]["last_ts"][0]) == "1970-01-04 00:00:00+00:00"
    assert tables["group_members"]["account_id"].to_pylist() == ["bob", "ann", "cid", "cid", "dan"]
    assert tables["group_targets"]["merchant_id"].to_pylist() == ["shop", "shop", None]
    assert tables["group_targets"]["item_id"].to_pylist() == ["cap", "hat", "bag"]
    pair = tables["group_pairs"].to_pylist()[0]
    assert (pair["account_a_id"], pair["account_b_id"]) == ("ann", "bob")


@pytest.mark.parametrize("code", [[3, 2, 1, 0], [2, 0, 3, 1]])
def test_renumbered_codes_write_the_same_files(code: list[int]) -> None:
    plain, other = np.arange(4), np.array(code)
    assert named(two_groups(other), other) == named(two_groups(plain), plain)


def test_a_log_without_groups_writes_empty_files_of_the_same_columns(tmp_path: Path) -> None:
    code = np.arange(4)
    tables = named(no_groups(), code)
    write_tables(tables, tmp_path)
    for name in FILES.values():
        found = pq.read_table(tmp_path / f"{name}.parquet")
        assert len(found) == 0
        assert found.schema == named(two_groups(code), code)[name].schema


def test_the_order_of_float_sums_does_not_show_in_tiny_numbers():
    groups = two_groups(np.arange(4))
    codes = CodeTable(keep=True)
    codes.encode(pa.array([f"n{k}" for k in range(8)]))
    moved = pa.array([1.0000000000001e-30, 0.0040000000000001])
    at = groups.groups.column_names.index("q_value")
    other = replace(groups, groups=groups.groups.set_column(at, "q_value", moved))
    named = [
        output_tables(one, account=codes.strings, item=codes.strings, merchant=codes.strings)
        for one in (groups, other)
    ]
    assert named[0]["groups"].equals(named[1]["groups"])
    assert named[0]["groups"]["q_value"].to_pylist() == [1e-30, 0.004]
