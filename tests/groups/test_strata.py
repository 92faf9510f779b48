"""Subjects found from who likes what, where categories are absent or too broad."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from zhenzan.clock import DAY_US, HOUR_US, generator
from zhenzan.groups.find import find_groups
from zhenzan.groups.relations import Relations
from zhenzan.groups.schema import complete
from zhenzan.groups.strata import part, with_strata
from zhenzan.testing.likes import members_of

ITEMS, PEOPLE, SUBJECTS = 600, 3_000, 6


def platform(seed: int, *, devoted: float) -> dict[str, np.ndarray]:
    """People who give a share of their likes to one of six subjects each, and the rest anywhere."""
    rng = generator(seed)
    subject = np.arange(ITEMS) % SUBJECTS
    popular = 1 / np.arange(1, ITEMS + 1) ** 0.7
    d = np.minimum(rng.lognormal(2.3, 0.6, PEOPLE).astype(int) + 1, 60)
    account = np.repeat(np.arange(PEOPLE), d)
    item = rng.choice(ITEMS, len(account), p=popular / popular.sum())
    for one in range(SUBJECTS):
        own = (account % SUBJECTS == one) & (rng.random(len(account)) < devoted)
        chance = np.where(subject == one, popular, 0.0)
        item[own] = rng.choice(ITEMS, int(own.sum()), p=chance / chance.sum())
    ts = rng.integers(0, 14 * DAY_US, len(account))
    return {"account": account, "item": item, "ts": ts, "category": subject[item]}


def with_order(log: dict[str, np.ndarray], seed: int, *, members: int, targets: int):
    """Have bought accounts, who like other things as people do, like targets of every subject."""
    rng = generator(seed)
    crew = np.arange(PEOPLE, PEOPLE + members)
    order = ITEMS + np.arange(targets)
    taken = rng.random((members, targets)) < 0.7
    who, what = np.nonzero(taken)
    life = 8 * members
    return crew, {
        "account": np.concatenate([log["account"], crew[who], np.repeat(crew, 8)]),
        "item": np.concatenate([log["item"], order[what], rng.choice(log["item"], life)]),
        "ts": np.concatenate(
            [
                log["ts"],
                DAY_US * (what % 7) + rng.integers(0, 6 * HOUR_US, len(what)),
                rng.integers(0, 14 * DAY_US, life),
            ]
        ),
        "category": np.concatenate(
            [log["category"], what % SUBJECTS, rng.integers(0, SUBJECTS, life)]
        ),
    }


def table(log: dict[str, np.ndarray], **changes: np.ndarray | None) -> pa.Table:
    log = {**log, "merchant": log["item"] // 5, **changes}
    key = log["account"].astype(np.int64) * 100_000 + log["item"]
    _, first = np.unique(key, return_index=True)
    told = {name: column[first] for name, column in log.items() if column is not None}
    whole = {n: c if n == "ts" else c.astype(np.int32) for n, c in told.items()}
    return complete(pa.table({"row": np.arange(len(first)), **whole}))


def strata(likes: pa.Table) -> np.ndarray:
    with Relations(memory_limit="500MB", threads=1) as relations:
        relations.give("likes", likes)
        return with_strata(relations, likes)["category"].to_numpy()


def agreement(found: np.ndarray, truth: np.ndarray) -> float:
    """Share of likes whose stratum is mostly of the like's own subject."""
    told = found >= 0
    counts = np.zeros((found.max() + 1, SUBJECTS))
    np.add.at(counts, (found[told], truth[told]), 1)
    return float(counts.max(axis=1).sum() / counts.sum())


@pytest.mark.parametrize("seed", range(3))
def test_strata_are_the_subjects_of_people(seed):
    log = platform(seed, devoted=0.6)
    likes = table(log, category=None)
    subject = likes["item"].to_numpy() % SUBJECTS
    found = strata(likes)
    assert len(np.unique(found[found >= 0])) == SUBJECTS
    assert agreement(found, subject) > 0.95


def test_likes_at_random_have_no_strata():
    likes = table(platform(3, devoted=0.0), category=None)
    assert (strata(likes) == -1).all()


def test_categories_stand_where_they_part_the_subjects():
    likes = table(platform(4, devoted=0.6))
    assert strata(likes).tolist() == likes["category"].to_pylist()


def test_categories_that_hold_several_subjects_give_way():
    log = platform(4, devoted=0.6)
    found = strata(table(log, category=log["category"] // 3))
    assert agreement(found, table(log)["category"].to_numpy()) > 0.95


def test_codes_and_order_of_rows_mean_nothing_to_strata():
    likes = table(platform(5, devoted=0.6), category=None)
    rng = generator(6)
    turn = rng.permutation(len(likes))
    account, item = rng.permutation(PEOPLE), rng.permutation(ITEMS)
    other = likes.set_column(
        2, "account", pa.array(account[likes["account"].to_numpy()].astype(np.int32))
    )
    other = other.set_column(3, "item", pa.array(item[likes["item"].to_numpy()].astype(np.int32)))
    assert strata(other.take(turn)).tolist() == strata(likes)[turn].tolist()


def test_the_items_of_a_pool_are_no_stratum():
    # A dense block of few items: it would explain itself.
    log = platform(7, devoted=0.6)
    _, log = with_order(log, 8, members=150, targets=8)
    likes = table(log, category=None)
    found = strata(likes)
    bought = likes["item"].to_numpy() >= ITEMS
    assert len(np.unique(found[found >= 0])) == SUBJECTS
    assert all((~bought & (found == one)).sum() > 1_000 for one in np.unique(found[bought]))


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("words", ["absent", "one for everything"])
def test_without_categories_a_crew_is_found_and_people_of_one_subject_are_not(seed, words):
    log = platform(10 + seed, devoted=0.7)
    crew, log = with_order(log, 20 + seed, members=60, targets=12)
    category = None if words == "absent" else np.zeros(len(log["item"]), np.int64)
    accused = set().union(*members_of(find_groups(table(log, category=category))).values())
    assert len(accused & set(crew.tolist())) >= 0.9 * len(crew)
    assert len(accused - set(crew.tolist())) <= 3


def test_few_items_have_no_strata():
    account = np.repeat(np.arange(30, dtype=np.int32), 3)
    item = (account + np.tile(np.arange(3, dtype=np.int32), 30)) % 40
    assert (part(account, item.astype(np.int32), 40) == 0).all()
