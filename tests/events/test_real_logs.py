"""Public logs are read as they are, through the shipped mappings."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from zhenzan.events.batch import Batch
from zhenzan.events.ingest import Ingest
from zhenzan.events.mapping import load_mapping, shipped_mappings
from zhenzan.events.schema import Kind

Read = Callable[..., tuple[list[Batch], Ingest]]

LOGS = {
    "starscout": ("starscout-fake-stars/star_events_low_activity.parquet", "actor", "repo"),
    "vk_comments": ("vk-media-comments/comments.parquet", "author", "media"),
    "german_elections": ("german-elections-2021/posts.parquet", "account", "url"),
    "yelpchi": ("yelpchi/reviews.parquet", "user", "product"),
}


def test_every_shipped_mapping_explains_itself_and_has_a_log_here() -> None:
    assert set(shipped_mappings()) == set(LOGS)
    for name in shipped_mappings():
        assert len(load_mapping(name).about) > 100


@pytest.mark.parametrize("name", sorted(LOGS))
def test_a_public_log_becomes_likes_and_no_row_is_lost(name: str, data: Path, read: Read) -> None:
    file, account, item = LOGS[name]
    table = pq.read_table(data / file)
    batches, ingest = read(data / file, mapping=name)
    counts = ingest.counts
    assert counts.rows_read == table.num_rows
    assert counts.rejected_rows == 0
    assert counts.left_out == table[item].null_count
    assert counts.interactions + counts.duplicates + counts.left_out == table.num_rows
    kept = table.filter(table[item].is_valid())
    assert len(ingest.tables["account"]) == len(set(kept[account].to_pylist()))
    assert len(ingest.tables["item"]) == len(set(kept[item].to_pylist()))
    assert all((batch.kind == Kind.LIKE).all() for batch in batches)


def test_a_link_that_a_post_shares_on_several_rows_counts_once(data: Path, read: Read) -> None:
    _, ingest = read(data / LOGS["german_elections"][0], mapping="german_elections")
    assert (ingest.counts.interactions, ingest.counts.duplicates) == (41_100, 9_685)


def test_a_log_without_time_becomes_one_tick(data: Path, read: Read) -> None:
    batches, _ = read(data / LOGS["yelpchi"][0], mapping="yelpchi")
    assert [len(batch) for batch in batches] == [67_395]
    assert len(np.unique(batches[0].ts)) == 1


def test_repeated_texts_stay_visible_through_their_ids(data: Path, read: Read) -> None:
    table = pq.read_table(data / LOGS["vk_comments"][0])
    batches, _ = read(data / LOGS["vk_comments"][0], mapping="vk_comments")
    hashes = np.concatenate([batch.text_hash for batch in batches])
    assert len(np.unique(hashes)) == pc.count_distinct(table["text_id"]).as_py()


def test_addresses_are_classed_by_the_reference_lists(data: Path, tmp_path: Path) -> None:
    from zhenzan.events.network import HOSTING, ORDINARY, UNKNOWN, VPN, Networks

    lists = data / "reference-lists"
    table = pq.read_table(lists / "ipv4_datacenter_vpn_ranges.parquet")
    networks = Networks.read(
        [lists / "ipv4_datacenter_vpn_ranges.parquet", lists / "ipv4_to_asn.parquet"]
    )
    draw = np.random.default_rng(2)
    address = draw.integers(1, 2**32, 300).astype(np.uint32)
    address[:150] = table["ip_start"].to_numpy()[draw.integers(0, len(table), 150)]
    address[0] = 0
    starts, ends = table["ip_start"].to_numpy(), table["ip_end"].to_numpy()
    kinds = np.array(table["kind"].to_pylist())
    expected = []
    for number in address.tolist():
        words = set(kinds[(starts <= number) & (number <= ends)].tolist())
        expected.append(VPN if "vpn" in words else HOSTING if words else ORDINARY)
    expected[0] = UNKNOWN
    assert networks.classes_of(address).tolist() == expected
    assert networks.asn_of(np.array([16777217, 0], np.uint32)).tolist() == [13335, -1]
