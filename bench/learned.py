"""Measures learned scoring on public data: ``python -m bench.learned [--only NAME]``.

Each data set is learned by the protocol in its README, beside LightGBM as it comes on the raw
columns and the figure published or measured there. No setting was chosen on any of these sets, no
split but the training one is read before ranking, and no id, row number or order is a column.
``--only simulator`` runs ``zhenzan sim``, ``train``, ``score`` and ``evaluate`` from end to end.
Writes ``bench/results/learned.json``: figures only, no data.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq

from bench import taught
from bench.around import Graph, Ints, earlier_months, other_labels, other_rows
from bench.figures import Figure
from bench.foreign import NO_TIME_US, Rows, answers, cpu_clock, warm
from bench.labelled import _months, growth_surprise, months_before
from bench.public import DATA_VARIABLE, facts_of, rows_of
from bench.ranking import Bools, Floats, ndcg, resampled
from bench.trees import (
    PLAIN,
    PRODUCT,
    WAYS,
    f1_by_class,
    learn_classes,
    measured,
    splits,
)
from zhenzan.clock import generator
from zhenzan.scoring.evaluation import average_precision

RESULTS = Path(__file__).parent / "results" / "learned.json"
PRODUCT_CODE = (
    "Of the product: how trees are grown (zhenzan.training.fit), pools and log odds of neighbours "
    "(zhenzan.scoring.context), the settled answer, the surprise of a growth. Of the bench: means "
    "and maxima over a graph of accounts, earlier months, out-of-fold scores, splits."
)
_DRAWS = 10
_SEEDED = (0.01, 0.05)
_TAUGHT_UNTIL = "2024-05"
"""Months up to this one teach, later ones are tested: half of the panel on each side."""
_SPLITS = 10
_BASE_RATE = 0.05
_THINNINGS = 20

Told = dict[str, list[dict[str, float]]]
"""Measures of every split, by what was measured."""


def tolokers(folder: Path) -> list[Figure]:
    """Find banned workers on the ten official splits; tuning data are left unused."""
    nodes = pq.read_table(folder / "nodes.parquet")
    edges = pq.read_table(folder / "edges.parquet")
    count = int(nodes["node"].to_numpy().max()) + 1
    assert np.array_equal(nodes["node"].to_numpy(), np.arange(count)), "rows are in node order"
    banned = nodes["is_banned"].to_numpy().astype(bool)
    names = [name for name in nodes.column_names if not name.startswith(("node", "is_", "split"))]
    raw = np.stack([nodes[name].to_numpy().astype(np.float64) for name in names], axis=1)
    graph = Graph.of(edges["src"].to_numpy(), edges["dst"].to_numpy(), count)
    near = np.hstack([raw, graph.columns(raw)])
    told: Told = {}
    with cpu_clock() as clock:
        for one in range(_SPLITS):
            split = nodes[f"split_{one}"].to_numpy()
            train, test = split == 0, split == 2
            prior = float(banned[train].mean())
            score = _first_stage(raw, banned, train)
            pooled = graph.suspicion(score, train, banned & train, prior=prior)
            for words, columns in (
                ("raw columns", raw),
                ("raw and neighbours", near),
                ("raw, neighbours, suspicion of neighbours", np.hstack([near, pooled])),
            ):
                _learn(told, words, columns, banned, train, test)
    beside = {
        "raw columns": "boosted trees 74.01 measured there, ResNet 72.95 published; AP 0.394",
        "raw and neighbours": "boosted trees 84.41 measured there, Polynormer 85.15; AP 0.579",
    }
    return [*_summed(told, beside), Figure("CPU seconds", clock.cpu_s)]


def _first_stage(raw: Floats, positive: Bools, train: Bools) -> Floats:
    """Score all rows by their own columns; those that teach, by folds that they did not teach."""
    score = PRODUCT.learn(raw[train], positive[train], raw)
    rows = np.flatnonzero(train)
    for teach, ask in splits(positive[train], 5, seed=0):
        score[rows[ask]] = PRODUCT.learn(raw[rows[teach]], positive[rows[teach]], raw[rows[ask]])
    return score


def yelpchi(folder: Path) -> list[Figure]:
    """Rank reviews when 1 % and 5 % of them have a label; the others are ranked, ten draws."""
    reviews = pq.read_table(folder / "reviews.parquet")
    account = reviews["user"].to_numpy().astype(np.int64)
    item = reviews["product"].to_numpy().astype(np.int64)
    spam = reviews["is_spam"].to_numpy().astype(bool)
    raw = _yelp_columns(folder, account, item, reviews["prior_review"].to_numpy())
    keys = {"account": account, "item": item}
    told: Told = {}
    with cpu_clock() as clock:
        settled = answers(Rows(np.full(len(spam), NO_TIME_US), account, item)).score
        for share in _SEEDED:
            for draw in range(_DRAWS):
                seeded = generator(draw).random(len(spam)) < share
                prior = float(spam[seeded].mean())
                score = _first_stage(raw, spam, seeded)
                near = np.hstack([raw, other_rows(keys, raw[:, :3], score, prior=prior)])
                labels = other_labels(keys, seeded, spam, prior=prior)
                head = f"{share:.0%} of labels, "
                for words, columns in (
                    ("raw columns", raw),
                    ("raw and neighbours", near),
                    ("raw, neighbours, their labels", np.hstack([near, labels])),
                    ("raw, neighbours, settled answer", np.column_stack([near, settled])),
                ):
                    _learn(told, head + words, columns, spam, seeded, ~seeded, first=100)
                few = measured(raw[~seeded, 2], spam[~seeded])
                told.setdefault(f"{head}few reviews alone", []).append(few)
    beside = {
        f"{share:.0%} of labels, raw columns": "SpEagle without labels 0.766; AP 0.302"
        for share in _SEEDED
    }
    return [*_summed(told, beside), Figure("CPU seconds", clock.cpu_s)]


def _yelp_columns(folder: Path, account: Ints, item: Ints, prior_review: Floats) -> Floats:
    """Give priors, which their authors made from text and stars without labels, and counts."""
    users = pq.read_table(folder / "users.parquet")
    products = pq.read_table(folder / "products.parquet")
    prior_user = np.full(int(account.max()) + 1, np.nan)
    prior_user[users["user"].to_numpy()] = users["prior_user"].to_numpy()
    prior_item = np.full(int(item.max()) + 1, np.nan)
    prior_item[products["product"].to_numpy()] = products["prior_product"].to_numpy()
    columns = (
        prior_review.astype(np.float64),
        prior_user[account],
        1.0 / np.bincount(account)[account],
        prior_item[item],
        np.bincount(item)[item].astype(np.float64),
    )
    return np.stack(columns, axis=1)


def retweeters(folder: Path) -> list[Figure]:
    """Tell customers of retweet services from others, ten folds; there is no graph and no time."""
    table = pq.read_table(folder / "asonam2018.parquet")
    truth = ("label", "class", "is_customer")
    names = [name for name in table.column_names if name not in truth]
    raw = np.stack([table[name].to_numpy().astype(np.float64) for name in names], axis=1)
    customer = table["is_customer"].to_numpy().astype(bool)
    label = table["label"].to_numpy().astype(np.int64)
    told: Told = {}
    with cpu_clock() as clock:
        for train, test in splits(label, _SPLITS, seed=0):
            for way in WAYS:
                score = way.learn(raw[train], customer[train], raw[test])
                found = measured(score, customer[test])
                found["macro F1"] = float(
                    f1_by_class(_yes(score > 0.5), _yes(customer[test])).mean()
                )
                told.setdefault(f"customers, raw columns, {way.words}", []).append(found)
            chosen = learn_classes(raw[train], label[train], raw[test])
            classes = {"macro F1": float(f1_by_class(chosen, label[test]).mean()),
                       "micro F1": float((chosen == label[test]).mean())}  # fmt: skip
            told.setdefault(f"four classes, raw columns, {PLAIN.words}", []).append(classes)
    beside = {
        "customers, raw columns": "boosted trees 0.956 measured there; AP 0.914, macro F1 0.881",
        "four classes, raw columns": "forest macro F1 0.652, micro 0.798 measured there; "
        "0.87 published, with a leak",
    }
    return [*_summed(told, beside), Figure("CPU seconds", clock.cpu_s)]


def _yes(chosen: Bools) -> Ints:
    return chosen.astype(np.int64)


def starscout(folder: Path) -> list[Figure]:
    """Find months of bought stars in later months than those that teach, and fake accounts."""
    columns = ["repo", "month", "campaign", "n_stars", "age"]
    panel = pq.read_table(folder / "repo_months_panel.parquet", columns=columns)
    names = np.array(panel["month"].cast("string").to_pylist())
    month = _months(names.tolist())
    campaign = panel["campaign"].to_numpy().astype(bool)
    repo = panel["repo"].to_numpy().astype(np.int64)
    stars, age = (panel[name].to_numpy().astype(np.float64) for name in ("n_stars", "age"))
    raw = np.stack([stars, age], axis=1)
    told: Told = {}
    with cpu_clock() as clock:
        counts = stars.astype(np.int64)
        before = months_before(repo.astype(np.int32), month, counts)
        surprise = growth_surprise(month, counts, before, age)
        history = np.column_stack([raw, earlier_months(repo, month, stars)])
        train = names <= _TAUGHT_UNTIL
        for words, matrix in (
            ("raw columns", raw),
            ("raw and earlier months", history),
            ("raw, earlier months, surprise", np.column_stack([history, surprise])),
        ):
            _learn(told, f"later months, {words}", matrix, campaign, train, ~train, thinned=True)
        told["later months, number of stars alone"] = [_seen(stars[~train], campaign[~train])]
        for name, key in (("actor_events", "actor"), ("repo_events", "repo")):
            _events(told, folder / f"{name}.parquet", key)
    beside = {
        "actors, three folds": "boosted trees 0.893 measured there; AP 0.910",
        "repos, three folds": "boosted trees 0.944 measured there; AP 0.958",
        "later months": "none published",
    }
    figures = _summed(told, beside)
    figures += [
        Figure("later months", int((~train).sum())),
        Figure("share of later months with a campaign", float(campaign[~train].mean())),
        Figure("share of earlier months with a campaign", float(campaign[train].mean())),
    ]
    return [*figures, Figure("CPU seconds", clock.cpu_s)]


def _events(told: Told, path: Path, key: str) -> None:
    """Learn the suspicion of others from counts of events, in three folds."""
    table = pq.read_table(path)
    fake = table["is_suspected_fake"].to_numpy().astype(bool)
    names = [name for name in table.column_names if name not in (key, "is_suspected_fake")]
    raw = np.stack([table[name].to_numpy().astype(np.float64) for name in names], axis=1)
    for train, test in splits(fake, 3, seed=0):
        _learn(told, f"{key}s, three folds, raw columns", raw, fake, train, test)


def _learn(
    told: Told,
    words: str,
    columns: Floats,
    positive: Bools,
    train: Bools,
    test: Bools,
    *,
    first: int = 0,
    thinned: bool = False,
) -> None:
    """Learn in both ways and add what the test rows say.

    Parameters
    ----------
    first
        Tell the NDCG of so many first ranks as well.
    thinned
        Tell average precision at a realistic share of positives as well.
    """
    for way in WAYS:
        score = way.learn(columns[train], positive[train], columns[test])
        found = (_seen if thinned else measured)(score, positive[test])
        if first:
            found[f"NDCG@{first}"] = ndcg(score, positive[test], first=first)
        told.setdefault(f"{words}, {way.words}", []).append(found)


def _seen(score: Floats, positive: Bools) -> dict[str, float]:
    """Measure, and again with so few positives as the README of the data calls realistic."""
    random, drawn = generator(0), []
    for _ in range(_THINNINGS):
        rows = resampled(positive, _BASE_RATE, random)
        drawn.append(average_precision(score[rows], positive[rows]))
    return measured(score, positive) | {"AP at 5 % of months": float(np.mean(drawn))}


def _summed(told: Told, beside: dict[str, str]) -> list[Figure]:
    """Give mean and standard deviation of every measure over splits."""
    figures = []
    for words, runs in told.items():
        other = next((text for start, text in beside.items() if words.startswith(start)), "")
        for name in runs[0]:
            values = np.array([run[name] for run in runs])
            title = f"{words}: {name.upper() if len(name) < 4 else name}"
            figures.append(Figure(title, float(values.mean()), other))
            if len(values) > 1:
                figures.append(Figure(f"{title}, s.d.", float(values.std(ddof=1))))
    return figures


DATA_SETS: dict[str, Callable[[Path], list[Figure]]] = {
    "tolokers": tolokers,
    "yelpchi": yelpchi,
    "collusive-retweeters": retweeters,
    "starscout-fake-stars": starscout,
}
SIMULATOR = "simulator"


def measure_all(data: Path, only: str | None, results: Path = RESULTS) -> list[str]:
    """Learn what is there, write the figures, and return the lines to print."""
    facts: dict[str, Any] = json.loads(results.read_text("utf-8")) if results.exists() else {}
    lines = [PRODUCT_CODE]
    for name, measure in DATA_SETS.items():
        if only not in (None, name):
            continue
        if not (data / name).is_dir():
            lines.append(f"{name}: skipped, {data} does not hold it")
            continue
        if name == "yelpchi":
            warm()
        lines += _kept(facts, name, measure(data / name), results)
    if only == SIMULATOR:
        lines += _kept(facts, SIMULATOR, taught.simulator(), results)
    return lines


def _kept(facts: dict[str, Any], name: str, figures: list[Figure], results: Path) -> list[str]:
    facts |= {"machine": f"{platform.machine()}, Python {platform.python_version()}",
              "product code": PRODUCT_CODE, name: facts_of(figures)}  # fmt: skip
    order = ["machine", "product code", *DATA_SETS, SIMULATOR]
    ordered = {key: facts[key] for key in order if key in facts}
    results.write_text(json.dumps(ordered, indent=1) + "\n", encoding="utf-8")
    return rows_of(name, [figure for figure in figures if not figure.what.endswith("s.d.")])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=os.environ.get(DATA_VARIABLE))
    parser.add_argument("--only", choices=[*DATA_SETS, SIMULATOR])
    options = parser.parse_args()
    if options.data is None and options.only != SIMULATOR:
        parser.error(f"name the folder of public data with --data or {DATA_VARIABLE}")
    print("\n".join(measure_all(options.data or Path(), options.only)))


if __name__ == "__main__":
    main()
