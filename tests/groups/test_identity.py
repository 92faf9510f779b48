"""A group stays the same group while members and targets come and go."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from zhenzan.groups.identity import Lineage, trace

Sets = dict[str, tuple[range, range]]


def tables(groups: Sets) -> tuple[pa.Table, pa.Table]:
    """Members and targets of groups, each a range of accounts and a range of items."""
    out = []
    for place, key in ((0, "account"), (1, "item")):
        names = [name for name, sets in groups.items() for _ in sets[place]]
        codes = [code for sets in groups.values() for code in sets[place]]
        out.append(
            pa.table({"group_id": pa.array(names, pa.string()), key: pa.array(codes, pa.int32())})
        )
    return out[0], out[1]


def linked(before: Sets, found: Sets, **first_seen: int) -> Lineage:
    seen = {name: first_seen.get(name, 0) for name in before}
    return trace(tables(before), tables(found), first_seen_us=seen)


def test_a_group_that_grows_keeps_its_id():
    lineage = linked({"A": (range(10), range(3))}, {"x": (range(30), range(8))})
    assert lineage.ids == {"x": "A"}
    assert lineage.parents == {}


def test_a_group_keeps_its_id_over_weeks_in_which_every_member_is_replaced():
    kept = "A"
    before: Sets = {kept: (range(20), range(5))}
    for week in range(1, 12):
        found: Sets = {f"w{week}": (range(4 * week, 4 * week + 20), range(week, week + 5))}
        lineage = linked(before, found)
        assert lineage.ids == {f"w{week}": kept}
        before = {kept: found[f"w{week}"]}
    assert not set(before[kept][0]) & set(range(20))


def test_workers_replaced_for_the_same_customer_stay_a_group_if_some_stay():
    before: Sets = {"A": (range(20), range(4))}
    assert linked(before, {"x": (range(15, 35), range(4))}).ids == {"x": "A"}
    # None of the workers stayed: one shop may buy from two suppliers.
    assert linked(before, {"x": (range(40, 60), range(4))}).ids == {"x": "x"}


def test_a_split_leaves_the_id_with_the_larger_part_and_names_the_parent():
    lineage = linked(
        {"A": (range(30), range(6))},
        {"small": (range(20, 30), range(3)), "large": (range(20), range(6))},
    )
    assert lineage.ids == {"large": "A", "small": "small"}
    assert lineage.parents == {"small": ("A",)}
    assert lineage.merged == {}


def test_a_merger_keeps_the_stronger_id_and_records_the_other_as_parent():
    lineage = linked(
        {"A": (range(20), range(6)), "B": (range(20, 30), range(6, 8))},
        {"x": (range(30), range(8))},
    )
    assert lineage.ids == {"x": "A"}
    assert lineage.merged == {"B": "A"}
    assert lineage.parents == {"A": ("B",)}


def test_of_two_equal_predecessors_the_older_one_lives_on():
    before: Sets = {"A": (range(10), range(4)), "B": (range(10, 20), range(4, 8))}
    lineage = linked(before, {"x": (range(20), range(8))}, A=7, B=3)
    assert lineage.ids == {"x": "B"}
    assert lineage.merged == {"A": "B"}


def test_one_pool_with_two_customers_stays_two_groups():
    pool = range(40)
    lineage = linked(
        {"A": (pool, range(5)), "B": (pool, range(5, 10))},
        {"x": (pool, range(5, 11)), "y": (pool, range(6))},
    )
    assert lineage.ids == {"x": "B", "y": "A"}


def test_a_fresh_group_never_takes_an_id_that_was_used():
    lineage = linked({"A": (range(10), range(3))}, {"A": (range(50, 60), range(9, 12))})
    assert lineage.ids == {"A": "A-2"}


def test_the_order_of_rows_and_the_codes_change_nothing():
    rng = np.random.default_rng(5)
    before: Sets = {"A": (range(30), range(6)), "B": (range(25, 60), range(4, 9))}
    found: Sets = {
        "x": (range(28), range(5)), "y": (range(20, 70), range(3, 9)), "z": (range(3), range(2)),
    }  # fmt: skip
    plain = linked(before, found)
    code = rng.permutation(100).astype(np.int32)
    shuffled = []
    for pair in (tables(before), tables(found)):
        mixed = []
        for table in pair:
            table = table.take(rng.permutation(len(table)))
            mixed.append(table.set_column(1, table.column_names[1], pa.array(code[table[1]])))
        shuffled.append((mixed[0], mixed[1]))
    assert trace(*shuffled, first_seen_us={"A": 0, "B": 0}) == plain
