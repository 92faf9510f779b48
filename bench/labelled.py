"""Public logs with labels: how well the product ranks what others called inauthentic.

Each protocol is the one in the README of its data set; no label is read before the ranking is
done, and nothing here is tuned.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from bench.figures import Figure
from bench.foreign import (
    NO_TIME_US,
    Rows,
    answers,
    at_once,
    by_code,
    cpu_clock,
    groups_of,
    mean_by,
    scored,
)
from bench.ranking import Bools, Floats, named, ndcg, ranked, resampled
from zhenzan.audit.growths import _expected
from zhenzan.clock import MINUTE_US, generator
from zhenzan.groups.schema import Groups
from zhenzan.scoring.evaluation import average_precision

_DARPA_START_US = 896_659_200_000_000  # 1998-06-01, the first day of the traffic
_SIGNALS = ("short_window_surge", "like_rate")
_MIDAS = ("MIDAS-R 0.95 published", "0.97")
_NONE = ("none published", "none published")
_BASE_RATE = 0.05  # the highest share that the README of the data sets calls realistic
_DRAWS = 20
_HEAD = (100, 500, 1_000)


def darpa(folder: Path) -> list[Figure]:
    """Score every connection as it comes: the source likes the destination, in 46,572 ticks."""
    edges = pq.read_table(folder / "edges.parquet", columns=["src", "dst", "tick", "is_attack"])
    attack = edges["is_attack"].to_numpy()
    ts = _DARPA_START_US + MINUTE_US * edges["tick"].to_numpy().astype(np.int64)
    rows = Rows(ts, edges["src"].to_numpy(), edges["dst"].to_numpy())
    score, signals, cpu_s = at_once(rows, signals=_SIGNALS)
    figures = _pair("each edge, score at once", ranked(score, attack), _MIDAS)
    figures.append(Figure("CPU seconds, one pass", cpu_s, "MIDAS-R 0.39, written in C++"))
    for name in _SIGNALS:
        figures += _pair(f"each edge, {name} alone", ranked(signals[name], attack), _MIDAS)
    settled = answers(rows)
    figures += _pair("each edge, settled", ranked(settled.score, attack), _MIDAS)
    figures.append(Figure("CPU seconds, file in and decisions out", settled.cpu_s))
    groups, cpu_s = groups_of(rows)
    figures += _pair("each edge, groups", ranked(_by_row(groups, len(ts)), attack), _NONE)
    figures.append(Figure("CPU seconds, groups", cpu_s))
    figures.append(Figure("average precision of a constant", float(attack.mean())))
    return figures


def starscout(folder: Path) -> list[Figure]:
    """Rank the months of repositories by growth, and judge the stars of throw-away accounts."""
    figures = _repo_months(folder / "repo_months_panel.parquet")
    harm = scored(folder / "star_events_low_activity.parquet", "starscout")
    figures += [
        Figure("throw-away stars", harm.likes, "all suspected, none known to be honest"),
        Figure("throw-away stars held", harm.share("held")),
        Figure("throw-away stars excluded", harm.share("excluded")),
        Figure("throw-away accounts", harm.accounts_count),
        Figure("throw-away accounts in groups called fraud", len(harm.accounts(benign=False))),
        Figure("groups called fraud", harm.groups_count(benign=False)),
        Figure("groups called benign", harm.groups_count(benign=True)),
        Figure("CPU seconds, throw-away stars", harm.cpu_s),
    ]
    return figures


def _repo_months(path: Path) -> list[Figure]:
    panel = pq.read_table(path, columns=["repo", "month", "campaign", "n_stars", "age"])
    campaign = panel["campaign"].to_numpy().astype(bool)
    month = _months(panel["month"].cast("string").to_pylist())
    stars, repo = panel["n_stars"].to_numpy().astype(np.int64), panel["repo"].to_numpy()
    before = months_before(repo, month, stars)
    age = panel["age"].to_numpy().astype(np.float64)
    with cpu_clock() as clock:
        surprise = growth_surprise(month, stars, before, age)
    number = stars.astype(np.float64)
    figures = _pair("repository months, surprise of the growth", ranked(surprise, campaign))
    figures += _pair("repository months, number of stars alone", ranked(number, campaign))
    figures.append(Figure("share of months with a campaign", float(campaign.mean())))
    random, drawn = generator(0), []
    for _ in range(_DRAWS):
        rows = resampled(campaign, _BASE_RATE, random)
        again = growth_surprise(month[rows], stars[rows], before[rows], age[rows])
        drawn.append(
            [average_precision(again, campaign[rows]),
             average_precision(number[rows], campaign[rows])]
        )  # fmt: skip
    mean = np.mean(drawn, axis=0)
    figures += [
        Figure("the same at 5 % of months, 20 draws: growth, AP", float(mean[0]), "none published"),
        Figure("the same: number of stars alone, AP", float(mean[1])),
        Figure("CPU seconds, growth of all months", clock.cpu_s),
    ]
    return figures


def _months(names: Sequence[str]) -> NDArray[np.int64]:
    return np.array([12 * int(name[:4]) + int(name[5:7]) for name in names])


def months_before(
    repo: NDArray[np.int32], month: NDArray[np.int64], stars: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Give the stars of the same repository in the month before; 0 where there is none."""
    known = dict(zip(zip(repo.tolist(), month.tolist(), strict=True), stars.tolist(), strict=True))
    wanted = zip(repo.tolist(), (month - 1).tolist(), strict=True)
    return np.array([known.get(key, 0) for key in wanted], np.int64)


def growth_surprise(
    month: NDArray[np.int64], stars: NDArray[np.int64], before: NDArray[np.int64], age: Floats
) -> Floats:
    """Rank months as the audit ranks growths: against peers of the same age in the same month."""
    expected = np.ones(len(stars))
    for one in np.unique(month):
        at = np.flatnonzero(month == one)
        columns = {"likes": stars[at], "likes_before": before[at]}
        expected[at] = _expected(columns, np.full(len(at), -1), age[at] + 1.0)
    gain = stars - expected
    surprise = stars * np.log(np.maximum(stars, 1) / expected) - gain
    return np.where(gain > 0, surprise, 0.0)


def filmtrust(folder: Path) -> list[Figure]:
    """Name the accounts of an injected average attack; a rating is a like, and time is unknown."""
    ratings = pq.read_table(folder / "average_attack_ratings.parquet")
    users = pq.read_table(folder / "average_attack_users.parquet")
    account = ratings["user"].to_numpy()
    rows = Rows(np.full(len(ratings), NO_TIME_US), account, ratings["item"].to_numpy())
    count = int(account.max()) + 1
    attacker, known = _labels(users, "is_attacker", count)
    groups, _ = groups_of(rows)
    settled = answers(rows)
    accused = accused_accounts(groups, count=count)
    activity = np.bincount(account, minlength=count).astype(np.float64)
    in_groups = by_code(groups.accounts, "account", count=count)
    figures = [
        Figure(f"accounts in groups called fraud, {name}", value, "none published")
        for name, value in named(accused[known], attacker[known]).items()
    ]
    figures.append(
        Figure("honest accounts in groups called fraud", int((accused & ~attacker).sum()))
    )
    for words, value in (
        ("accounts, groups", in_groups),
        ("accounts, mean settled score", mean_by(account, settled.score, count=count)),
        ("accounts, number of ratings alone", activity),
    ):
        figures += _pair(words, ranked(value[known], attacker[known]))
    figures += _states(settled.state)
    return [*figures, Figure("CPU seconds", settled.cpu_s)]


def accused_accounts(groups: Groups, *, count: int) -> Bools:
    """Mark the account codes that are in a group which is not benign."""
    guilty = groups.groups.filter(pc.invert(groups.groups["benign"]))["group_id"]
    members = groups.members.filter(pc.is_in(groups.members["group_id"], guilty.combine_chunks()))
    accused = np.zeros(count, np.bool_)
    accused[members["account"].to_numpy()] = True
    return accused


def yelpchi(folder: Path) -> list[Figure]:
    """Rank reviews and users by who reviewed what; the release has no time, rating or text."""
    reviews = pq.read_table(folder / "reviews.parquet")
    account = reviews["user"].to_numpy()
    rows = Rows(np.full(len(reviews), NO_TIME_US), account,
                reviews["product"].to_numpy().astype(np.int64))  # fmt: skip
    spam = reviews["is_spam"].to_numpy().astype(bool)
    count = int(account.max()) + 1
    spammer, known = _labels(pq.read_table(folder / "users.parquet"), "is_spammer", count)
    settled = answers(rows)
    few = -np.bincount(account, minlength=count).astype(np.float64)
    figures = _pair("reviews, settled", ranked(settled.score, spam),
                    ("SpEagle 0.766 measured, 0.789 published", "0.302, 0.324"))  # fmt: skip
    figures += _pair("reviews, few reviews alone", ranked(few[account], spam), ("0.746", "0.240"))
    for first in _HEAD:
        beside = "SpEagle 0.54 measured" if first == _HEAD[0] else ""
        value = ndcg(settled.score, spam, first=first)
        figures.append(Figure(f"reviews, settled: NDCG@{first}", value, beside))
    mean = mean_by(account, settled.score, count=count)
    figures += _pair("users, mean settled score", ranked(mean[known], spammer[known]),
                     ("SpEagle 0.663 measured, 0.691 published", "0.318, 0.339"))  # fmt: skip
    figures += _pair("users, few reviews alone", ranked(few[known], spammer[known]))
    figures += _states(settled.state)
    return [*figures, Figure("CPU seconds", settled.cpu_s)]


def _labels(users: pa.Table, name: str, count: int) -> tuple[Bools, Bools]:
    """Give the label by account code, and which codes have one."""
    label, known = np.zeros(count, np.bool_), np.zeros(count, np.bool_)
    code = users["user"].to_numpy()
    label[code] = users[name].to_numpy()
    known[code] = True
    return label, known


def _by_row(groups: Groups, count: int) -> Floats:
    return by_code(groups.scores, "row", count=count)


def _pair(words: str, figures: dict[str, float], beside: tuple[str, str] = _NONE) -> list[Figure]:
    return [
        Figure(f"{words}: {name.upper()}", figures[name], other)
        for name, other in zip(("auc", "ap"), beside, strict=True)
    ]


def _states(state: NDArray[np.object_]) -> list[Figure]:
    return [Figure(f"likes {word}", float((state == word).mean())) for word in ("held", "excluded")]
