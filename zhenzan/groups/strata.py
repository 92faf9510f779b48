"""Subjects where a log names none, or too broad ones: strata of items that the same people like.

People who share a subject meet on its items again and again, and without a word for the subject
that looks like acting together. Where categories are absent, or hold several subjects, the items
are parted by who likes them, times left out, into a few broad strata, and the null model asks of
every account what it likes of each, as it does with categories.

Items are placed by the leading singular vectors of the matrix of accounts and items, over the
roots of the degrees with a multiple of the mean degree added, which keeps small dense blocks, such
as a pool's targets, from having a direction of their own (regularised spectral clustering, Amini,
Chen, Bickel and Levina 2013; co-clustering by singular vectors, Dhillon 2001). Directions count
as far as they exceed what likes show that are dealt out anew with the same degrees. A stratum is
broad: what holds few of the items is given to the others, so that a group cannot explain itself.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from zhenzan.groups.relations import Relations
from zhenzan.groups.schema import MISSING
from zhenzan.kernel import kernel

F64 = NDArray[np.float64]
I32 = NDArray[np.int32]

STRATA_MAX = 24
_ITEM_LIKES_MIN = 3
_ACCOUNT_ITEMS_MAX = 150

_PAIRS_ASKED = 300_000
_PAIRS_PLACED = 20_000_000
"""Likes of accounts drawn by lot that tell whether categories are broad, and that place items."""

BROAD_SHARE_MIN = 0.02
"""A stratum with a smaller share of the items is no subject: pools serve fewer items than that, and
a platform has a few dozen subjects (the simulated one has twelve)."""

CHIEF_SHARE_MIN = 0.5
"""A category is too broad where no stratum gives half of its likes."""

_REGULAR_TIMES = 20.0
_ROUNDS = 8
_STARTS = 4
_STEPS_MAX = 50

_DRAWN = """
WITH given AS (
    SELECT account, item, min(ts) AS ts FROM likes WHERE account >= 0 AND item >= 0
    GROUP BY account, item
), lot AS (
    -- Drawn and numbered by times, so that codes carry no information.
    SELECT account, count(*) AS d, row_number() OVER (ORDER BY (min(ts) % 4294967291 * 1500450271
        + max(ts) % 4294967291 + count(*)) % 4294967296, min(ts), max(ts), avg(ts)) - 1 AS place
    FROM given GROUP BY account HAVING count(*) BETWEEN 2 AND {most}
), running AS (
    SELECT account, place, sum(d) OVER (ORDER BY place) AS so_far FROM lot
)
SELECT CAST(r.place AS INTEGER) AS account, g.item, g.ts
FROM given g JOIN running r USING (account) WHERE r.so_far <= {pairs}
"""

_DRAWN_ITEM = """
SELECT item, CAST(row_number() OVER (ORDER BY count(*), min(ts), max(ts), avg(ts)) - 1 AS INTEGER)
    AS place
FROM drawn GROUP BY item HAVING count(*) >= {likes}
"""

_PAIR = """
SELECT d.account, i.place AS item FROM drawn d JOIN drawn_item i USING (item)
ORDER BY d.account, i.place
"""


def with_strata(relations: Relations, likes: pa.Table) -> pa.Table:
    """Return ``likes``, as they lie in ``relations``, with strata where categories tell too little.

    They stay as they are where categories part the subjects, or accounts show no taste beyond
    chance. An item with fewer than three likes of those drawn is in no
    stratum.
    """
    stratum = _strata(relations, likes, _PAIRS_ASKED)
    category = likes["category"].to_numpy()
    if not _are_broad(category, stratum):
        return likes
    if len(likes) > _PAIRS_ASKED:
        stratum = _strata(relations, likes, _PAIRS_PLACED)
    at = likes.schema.get_field_index("category")
    return likes.set_column(at, likes.schema.field("category"), pa.array(stratum))


def _strata(relations: Relations, likes: pa.Table, pairs_max: int) -> I32:
    """Give the stratum of each like's item."""
    relations.keep("drawn", _DRAWN, most=_ACCOUNT_ITEMS_MAX, pairs=pairs_max)
    relations.keep("drawn_item", _DRAWN_ITEM, likes=_ITEM_LIKES_MIN)
    pairs = relations.read(_PAIR)
    items = relations.read("SELECT item FROM drawn_item ORDER BY place")["item"].to_numpy()
    relations.drop("drawn", "drawn_item")
    account = pairs["account"].to_numpy().astype(np.int32)
    place = pairs["item"].to_numpy().astype(np.int32)
    code = likes["item"].to_numpy()
    stratum = np.full(int(code.max()) + 2, MISSING, np.int32)
    stratum[items] = part(account, place, len(items))
    # The last place, which a missing item reads, stays empty.
    told: I32 = stratum[code]
    return told


def _are_broad(category: I32, stratum: I32) -> bool:
    """Tell whether most likes lie in categories that hold several strata."""
    told = stratum >= 0
    mass = np.zeros((int(category.max()) + 2, int(stratum.max()) + 1))
    if not mass.shape[1]:
        return False
    np.add.at(mass, (category[told] + 1, stratum[told]), 1.0)
    whole = mass.sum(axis=1)
    broad = mass.max(axis=1) < CHIEF_SHARE_MIN * whole
    return bool(2 * whole[broad].sum() >= whole.sum())


def part(account: I32, item: I32, items: int) -> I32:
    """Part items by who likes them; ``account`` ascends, and codes count from 0."""
    rng = np.random.default_rng(0)
    stratum = np.zeros(items, np.int32)
    most = min(STRATA_MAX, int(items * BROAD_SHARE_MIN))
    if most < 2 or not len(account):
        return stratum
    # Dealt out anew; nobody likes an item twice.
    dealt = np.sort(account.astype(np.int64) * items + rng.permutation(item))
    dealt = dealt[np.diff(dealt, prepend=-1) > 0]
    _, chance = _directions(
        (dealt // items).astype(np.int32), (dealt % items).astype(np.int32), items, 2, rng
    )
    place, strength = _directions(account, item, items, most, rng)
    kept = int(np.count_nonzero(strength > chance[1]))
    if kept < 2:
        return stratum
    place = place[:, :kept] * strength[:kept]
    place /= np.maximum(np.linalg.norm(place, axis=1, keepdims=True), 1e-12)
    return _broad(place, _gather(place, kept, rng))


def _directions(
    account: I32, item: I32, items: int, wanted: int, rng: np.random.Generator
) -> tuple[F64, F64]:
    """Find the leading right singular vectors and values of the regularised matrix."""
    accounts = int(account.max()) + 1
    given = np.bincount(account, minlength=accounts).astype(np.float64)
    got = np.bincount(item, minlength=items).astype(np.float64)
    row = 1 / np.sqrt(given + _REGULAR_TIMES * given[given > 0].mean())
    column = 1 / np.sqrt(got + _REGULAR_TIMES * got.mean())
    side = rng.standard_normal((items, wanted + 8))
    whole = np.zeros_like(side)
    room = np.zeros(side.shape[1])
    for _ in range(_ROUNDS):
        side = _upright(side)
        _through(account, item, row, column, side, room, whole)
        side = whole.copy()
    side = _upright(side)
    _through(account, item, row, column, side, room, whole)
    values, turn = np.linalg.eigh(side.T @ whole)
    order = np.argsort(-values)[:wanted]
    return side @ turn[:, order], np.sqrt(np.maximum(values[order], 0.0))


def _upright(side: F64) -> F64:
    """Make columns orthonormal; a column that the others explain becomes nought."""
    spread, turn = np.linalg.eigh(side.T @ side)
    told = spread > 1e-12 * spread[-1]
    upright: F64 = side @ (turn * np.where(told, 1 / np.sqrt(np.where(told, spread, 1.0)), 0.0))
    return upright


@kernel
def _through(
    account: I32, item: I32, row: F64, column: F64, side: F64, room: F64, out: F64
) -> None:
    """Multiply by the matrix and by its transpose: from items to accounts and back."""
    out[:] = 0.0
    first = 0
    while first < len(account):
        end = first
        room[:] = 0.0
        while end < len(account) and account[end] == account[first]:
            for place in range(len(room)):
                room[place] += column[item[end]] * side[item[end], place]
            end += 1
        scale = row[account[first]] ** 2
        for at in range(first, end):
            for place in range(len(room)):
                out[item[at], place] += scale * column[item[at]] * room[place]
        first = end


def _gather(place: F64, many: int, rng: np.random.Generator) -> I32:
    """Gather points about ``many`` centres: k-means from several starts, the best one."""
    best, least = np.zeros(len(place), np.int32), np.inf
    for _ in range(_STARTS):
        centre = place[[int(rng.integers(len(place)))]]
        for _ in range(many - 1):
            far = _distance(place, centre).min(axis=1)
            chosen = int(np.searchsorted(np.cumsum(far), rng.random() * far.sum()))
            centre = np.concatenate([centre, place[[min(chosen, len(place) - 1)]]])
        near = np.full(len(place), -1)
        for _ in range(_STEPS_MAX):
            before, near = near, _distance(place, centre).argmin(axis=1)
            if np.array_equal(before, near):
                break
            centre = _centres(place, near, centre)
        spread = float(_distance(place, centre).min(axis=1).sum())
        if spread < least:
            best, least = near.astype(np.int32), spread
    return best


def _broad(place: F64, near: I32) -> I32:
    """Give the items of narrow strata to broad ones; renumber from 0.

    What sets such an item apart from its narrow stratum says whose likes it has beside the pool's.
    """
    many = np.bincount(near)
    broad = np.flatnonzero(many >= BROAD_SHARE_MIN * len(place))
    if not len(broad):
        return np.zeros(len(place), np.int32)
    centre = _centres(place, near, np.zeros((len(many), place.shape[1])))
    toward = (place - centre[near]) @ centre[broad].T
    number = np.full(len(many), -1)
    number[broad] = np.arange(len(broad))
    return np.where(number[near] >= 0, number[near], toward.argmax(axis=1)).astype(np.int32)


def _centres(place: F64, near: NDArray[np.integer], otherwise: F64) -> F64:
    many = np.bincount(near, minlength=len(otherwise)).astype(np.float64)
    total = np.zeros_like(otherwise)
    np.add.at(total, near, place)
    return np.where(many[:, None] > 0, total / np.maximum(many, 1.0)[:, None], otherwise)


def _distance(place: F64, centre: F64) -> F64:
    square = (place**2).sum(axis=1)[:, None] - 2 * place @ centre.T + (centre**2).sum(axis=1)
    distance: F64 = np.maximum(square, 0.0)
    return distance
