"""Groups in the report: what is claimed, what is drawn, and what is left alone."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from zhenzan.insight import write_report
from zhenzan.insight.graph import draw_graph
from zhenzan.insight.groups import Found, groups
from zhenzan.insight.limits import (
    BENIGN_CARDS_MAX,
    GROUP_CARDS_MAX,
    GROUP_ROWS_MAX,
    MATRIX_MEMBERS_MAX,
    MATRIX_TARGETS_MAX,
)
from zhenzan.insight.matrix import draw_matrix
from zhenzan.insight.outputs import Outputs

Writer = Callable[..., Path]
BYTES_MAX = 3_000_000
"""What the fullest report may weigh: twelve drawn groups and both tables full."""


@pytest.fixture
def folder(tmp_path: Path, write_outputs: Writer, synthetic_groups: ModuleType) -> Path:
    found: Path = synthetic_groups.write_groups(write_outputs(tmp_path))
    return found


@pytest.fixture(scope="module")
def usual(
    tmp_path_factory: pytest.TempPathFactory, write_outputs: Writer, synthetic_groups: ModuleType
) -> Path:
    """One folder with its report, for tests that change nothing."""
    made: Path = synthetic_groups.write_groups(write_outputs(tmp_path_factory.mktemp("usual")))
    write_report(made)
    return made


def found_in(folder: Path) -> Found:
    with Outputs(folder) as outputs:
        return groups(outputs)


def section(folder: Path, language: str) -> str:
    write_report(folder)
    return written(folder, language)


def written(folder: Path, language: str) -> str:
    text = (folder / "report.html").read_text(encoding="utf-8")
    return text.split(f'<section id="{language}-groups"')[1].split("</section>")[0]


def said(folder: Path, language: str) -> str:
    """The words of the section, without tags."""
    return re.sub(r"<[^>]*>", " ", written(folder, language))


def member(name: str) -> dict[str, object]:
    return {"account_id": name, "role": "executor"}


def target(name: str) -> dict[str, object]:
    return {"item_id": name, "role": "beneficiary"}


def like(item: str, t: int) -> dict[str, object]:
    return {"item_id": item, "t": t, "state": "excluded"}


def test_a_group_leads_with_its_claim_in_both_languages(usual: Path) -> None:
    card = found_in(usual).suspected.cards[0]
    row = card.row
    assert (
        f"{row['size']} accounts gave {row['likes']} likes to the same {row['items']} items of "
        f"{row['merchants']} merchants, usually within 4 minutes of each other; the chance of "
        "this by coincidence is below 10⁻⁴⁰."
    ) in written(usual, "en")
    assert (
        f"{row['size']} 个账号为相同的 {row['merchants']} 个商家的 {row['items']} 个条目给出 "
        f"{row['likes']} 个点赞，彼此间隔通常不超过 4 分钟；纯属巧合的可能性低于 10⁻⁴⁰。"
    ) in written(usual, "zh")


def test_kinds_and_roles_are_named_in_the_language_of_the_page(usual: Path) -> None:
    english, chinese = said(usual, "en"), said(usual, "zh")
    for word, zh in (("scripted farm", "脚本农场"), ("fan club", "粉丝团"), ("supplier", "供应方")):
        assert word in english
        assert zh in chinese
        assert word not in chinese
        assert zh not in english


def test_benign_lockstep_stands_apart_under_its_own_heading(usual: Path) -> None:
    found, text = found_in(usual), written(usual, "en")
    apart = text.index('id="en-benign-list-title"')
    for card in found.cards:
        at = text.index(f'id="en-group-{card.number}"')
        assert (at > apart) is card.row["benign"]
    assert "never excludes a like by itself" in text[apart:]
    table = text.split('id="en-group-list-table"')[1].split("</table>")[0]
    for card in found.benign.cards:
        assert card.row["group_id"] not in table


def test_counts_beside_the_innocent_readings_are_those_of_the_likes(usual: Path) -> None:
    likes = pq.read_table(usual / "likes.parquet").to_pylist()
    members = pq.read_table(usual / "group_members.parquet").to_pylist()
    targets = pq.read_table(usual / "group_targets.parquet").to_pylist()
    for card in found_in(usual).cards:
        name, row = card.row["group_id"], card.row
        people = {m["account_id"] for m in members if m["group_id"] == name}
        goods = {t["item_id"] for t in targets if t["group_id"] == name}
        theirs = [x for x in likes if x["account_id"] in people]
        own = [x for x in theirs if x["item_id"] in goods]
        other = [x for x in theirs if x["item_id"] not in goods]
        assert card.counts["own"] == len(own) == row["likes"]
        assert card.counts["elsewhere"] == len(other)
        counted = [x for x in other if x["count_state"] == "counted"]
        assert card.counts["elsewhere_counted"] == len(counted)
        low, high = row["first_ts"], row["last_ts"]
        meanwhile = [
            x
            for x in likes
            if x["item_id"] in goods
            and x["account_id"] not in people
            and low <= round(x["ts"].timestamp() * 1e6) <= high
        ]
        assert card.counts["by_others"] == len(meanwhile)


def test_network_evidence_and_campaign_likes_are_read_from_the_likes(folder: Path) -> None:
    reason = {"code": "NET002", "family": "network", "side": "for"}
    likes = pq.read_table(folder / "likes.parquet")
    reasons = [[reason] if account.startswith("member-0-") else [] for account in
               likes["account_id"].to_pylist()]  # fmt: skip
    place = likes.column_names.index("reasons")
    kind = likes.schema.field("reasons").type
    likes = likes.set_column(place, "reasons", pa.array(reasons, kind))
    pq.write_table(likes, folder / "likes.parquet")
    first, second = found_in(folder).cards[:2]
    assert first.counts["network"] == first.counts["own"]
    assert second.counts["network"] == 0
    assert first.counts["campaign"] == 0


def test_pools_that_serve_several_groups_are_listed_with_them(usual: Path) -> None:
    (pool,) = found_in(usual).pools
    assert pool["supplier"] == "pool-1"
    assert pool["groups"] == 2
    assert pool["accounts"] == 31 + 80
    assert (pool["suppliers"], pool["distributors"]) == (2, 4)
    assert len(pool["group_ids"]) == 2


def test_the_matrix_shades_by_order_and_keeps_private_life_apart() -> None:
    members, targets = [member("a"), member("b")], [target("x"), target("y")]
    likes = {
        "a": [like("x", 1), like("y", 11), like("z", 20)],
        "b": [like("x", 2), like("y", 12)],
    }
    matrix = draw_matrix(members, targets, likes)
    assert matrix is not None
    assert matrix.shades == ("M5 5h0M5 15h0", "", "", "M15 5h0M15 15h0")
    assert matrix.others == "M5 39h0"
    assert (matrix.members, matrix.targets, matrix.other_items) == (2, 2, 1)


def test_likes_at_the_same_time_have_the_same_place_in_the_order() -> None:
    members, targets = [member("a"), member("b")], [target("x")]
    matrix = draw_matrix(members, targets, {"b": [like("x", 5)], "a": [like("x", 5)]})
    assert matrix is not None
    assert matrix.shades == ("M5 5h0M15 5h0", "", "", "")


def test_pictures_of_a_group_without_likes_are_left_out() -> None:
    assert draw_matrix([member("a")], [target("x")], {}) is None
    assert draw_graph([member("a")], [target("x")], [], {}) is None


def test_the_graph_is_the_same_whenever_it_is_drawn() -> None:
    members = [member(f"a{n}") for n in range(20)]
    targets = [target(f"x{n}") for n in range(5)]
    likes = {f"a{n}": [like(f"x{m}", m) for m in range(5)] for n in range(20)}
    pairs = [{"account_a_id": "a0", "account_b_id": "a1"}]
    graph = draw_graph(members, targets, pairs, likes)
    assert graph is not None
    assert graph == draw_graph(members, targets, pairs, likes)
    assert graph.likes.count("L") == 100
    assert graph.pairs.count("L") == 1
    assert list(graph.nodes) == ["executor", "beneficiary"]


def test_no_groups_and_no_search_are_two_different_sentences(
    tmp_path: Path, write_outputs: Writer, synthetic_groups: ModuleType
) -> None:
    folder = write_outputs(tmp_path)
    assert not found_in(folder).searched
    assert "did not look for groups" in section(folder, "en")
    assert "没有查找群组" in section(folder, "zh")
    synthetic_groups.write_groups(folder, ())
    assert found_in(folder).searched
    for language, suspected, benign in (
        ("en", "No group found", "No benign lockstep found."),
        ("zh", "没有发现群组", "没有发现善意同步。"),
    ):
        text = section(folder, language)
        assert suspected in text
        assert benign in text
        assert "<table" not in text


def test_an_older_table_of_groups_counts_as_not_searched(folder: Path) -> None:
    pq.write_table(
        pq.read_table(folder / "groups.parquet").drop_columns(["benign"]),
        folder / "groups.parquet",
    )
    assert not found_in(folder).searched


def test_groups_without_the_tables_beside_them_are_still_listed(folder: Path) -> None:
    for name in ("group_members", "group_targets", "group_pairs"):
        (folder / f"{name}.parquet").unlink()
    found = found_in(folder)
    assert found.cards == ()
    assert found.pools == ()
    assert len(found.suspected.listing.rows) == 3
    assert 'id="en-group-list-table"' in section(folder, "en")


def test_a_log_without_merchants_claims_none(
    tmp_path: Path, write_outputs: Writer, synthetic_groups: ModuleType
) -> None:
    folder = synthetic_groups.write_groups(write_outputs(tmp_path))
    for name, column in (("groups", "merchants"), ("group_targets", "merchant_id")):
        table = pq.read_table(folder / f"{name}.parquet")
        empty = [0 if column == "merchants" else None] * len(table)
        kind = table.schema.field(column).type
        place = table.column_names.index(column)
        table = table.set_column(place, column, pa.array(empty, kind))
        pq.write_table(table, folder / f"{name}.parquet")
    pairs = pq.read_table(folder / "group_pairs.parquet")
    pq.write_table(pairs.slice(0, 0), folder / "group_pairs.parquet")
    text = section(folder, "en")
    assert "to the same 12 items; the chance of this by coincidence" in text
    assert "No pair of accounts was written" in text


@pytest.mark.slow
def test_five_hundred_groups_are_listed_and_the_strongest_drawn(
    tmp_path: Path, write_outputs: Writer, synthetic_groups: ModuleType
) -> None:
    shapes = synthetic_groups.many(500)
    folder = synthetic_groups.write_groups(write_outputs(tmp_path, items=60), shapes)
    found = found_in(folder)
    assert found.suspected.listing.all + found.benign.listing.all == 500 <= GROUP_ROWS_MAX
    assert len(found.suspected.cards) == GROUP_CARDS_MAX
    assert len(found.benign.cards) == BENIGN_CARDS_MAX
    least = [card.row["log10_p"] for card in found.suspected.cards]
    rest = found.suspected.listing.rows[GROUP_CARDS_MAX:]
    assert max(least) <= min(row["log10_p"] for row in rest)
    for card in found.cards:
        assert card.matrix is not None
        assert card.matrix.members == MATRIX_MEMBERS_MAX
        assert card.matrix.targets <= MATRIX_TARGETS_MAX
    path = write_report(folder)
    assert path.stat().st_size < BYTES_MAX
    rows = written(folder, "en").count('href="#en-group-')
    assert rows >= GROUP_CARDS_MAX + BENIGN_CARDS_MAX


def test_hostile_names_are_shown_and_never_run(
    tmp_path: Path, write_outputs: Writer, synthetic_groups: ModuleType
) -> None:
    hostile = '<img src=x onerror="x">\u202e{}'
    folder = synthetic_groups.write_groups(write_outputs(tmp_path), names=hostile)
    text = section(folder, "en")
    assert "<img" not in text
    assert "\u202e" not in text
    assert "&lt;img" in text


def test_what_is_said_of_groups_holds_no_bound_of_the_search(usual: Path) -> None:
    bare = said(usual, "en")
    assert "0.01" not in bare
    assert "threshold" not in bare


def test_order_of_the_rows_does_not_change_the_report(folder: Path) -> None:
    before = section(folder, "en")
    for name in ("groups", "group_members", "group_targets", "group_pairs"):
        table = pq.read_table(folder / f"{name}.parquet")
        turned = table.take(pa.array(range(len(table) - 1, -1, -1)))
        pq.write_table(turned, folder / f"{name}.parquet")
    assert section(folder, "en") == before
