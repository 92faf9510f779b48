"""What follows a view: like, favourite, cart, purchase, comment, share, follow, and regret."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from zhenzan.clock import DAY_US, HOUR_US, MINUTE_US, SECOND_US
from zhenzan.events.schema import Kind
from zhenzan.sim import wording
from zhenzan.sim.catalogue import Catalogue
from zhenzan.sim.population import Population
from zhenzan.sim.rows import F32, F64, I8, I32, I64, Bools, Rows
from zhenzan.sim.shape import Shape
from zhenzan.sim.world import CATEGORIES, LIST, SHOP

FOLLOW_RATE, SHARE_RATE, UNLIKE_RATE, REFUND_RATE = 0.006, 0.011, 0.025, 0.055
REPORT_RATE = 0.0007


@dataclass(frozen=True, slots=True)
class Views:
    """Visits to items before anything came of them; ``affinity`` is log-odds of liking."""

    ts: I64
    account: I32
    item: I32
    device: I32
    ip: I64
    session: I64
    channel: I8
    affinity: F32

    def __len__(self) -> int:
        return len(self.ts)

    def take(self, chosen: NDArray[np.int64] | Bools) -> Views:
        """Keep the visits that a mask or an index array names."""
        return replace(
            self,
            ts=self.ts[chosen],
            account=self.account[chosen],
            item=self.item[chosen],
            device=self.device[chosen],
            ip=self.ip[chosen],
            session=self.session[chosen],
            channel=self.channel[chosen],
            affinity=self.affinity[chosen],
        )


@dataclass(frozen=True, slots=True)
class Mood:
    """How an audience differs from the usual one: log-odds and factors."""

    like: float = 0.0
    follow_up: float = 1.0
    dwell: float = 1.0
    list_like_share: float = 0.055


def unfold(
    views: Views,
    population: Population,
    catalogue: Catalogue,
    rng: np.random.Generator,
    mood: Mood,
    form: Shape,
) -> Rows:
    """Let people watch, and act on what they watched."""
    category = catalogue.category[views.item]
    interest = rng.normal(0.0, 1.0, len(views)) + 0.5 * views.affinity
    video = _is_video(category) | form.all_video
    dwell, completion = _watch(video, interest, rng, mood, form)
    odds = (mood.like + form.like + population.like_bias[views.account]).astype(np.float64)
    like = _likes(category, odds + catalogue.appeal[views.item], interest, completion, rng)
    hidden = like & (rng.random(len(views)) < mood.list_like_share)
    dwell[like] = (dwell[like] * rng.uniform(1.0, 1.7, int(like.sum()))).astype(np.int64)
    seen = _rows(views, Kind.VIEW, views.ts).with_(
        dwell_ms=dwell.clip(80, 3_600_000),
        completion=np.where(video, completion, np.nan),
    )
    parts = [seen.take(~hidden)]
    haste = population.haste[views.account]
    parts.append(_like_rows(views, like, hidden, dwell, haste, rng))
    keen = np.exp(0.8 * interest - 0.32 + 0.5 * catalogue.pull[views.item] + 0.7 * like)
    keen *= mood.follow_up * form.follow_up
    parts.extend(_after(views, catalogue, keen, interest, dwell, rng, form))
    return Rows.join(parts)


def _is_video(category: I8) -> Bools:
    return np.array([row.video for row in CATEGORIES])[category]


def _rows(views: Views, kind: Kind, ts: I64) -> Rows:
    return Rows.make(
        len(views),
        ts=ts,
        kind=kind,
        account=views.account,
        item=views.item,
        device=views.device,
        ip=views.ip,
        session=views.session,
        channel=views.channel,
    )


def _watch(
    video: Bools, interest: F64, rng: np.random.Generator, mood: Mood, form: Shape
) -> tuple[I64, F32]:
    """Draw how long people look; a third swipe on within two seconds."""
    count = len(video)
    typical_s = np.where(video, 9.0, 6.5) * form.dwell
    seconds = typical_s * rng.lognormal(0.0, 0.95, count) * np.exp(0.35 * interest) * mood.dwell
    swipe = rng.random(count) < 1.0 / (1.0 + np.exp(1.1 - form.swipe + 0.9 * interest))
    seconds = np.where(swipe, rng.lognormal(-0.2, 0.6, count), seconds)
    length_s = rng.lognormal(np.log(16.0), 0.6, count)
    completion = np.minimum(seconds / length_s, 1.0).astype(np.float32)
    return (seconds * 1_000).astype(np.int64), np.round(completion, 3).astype(np.float32)


def _likes(
    category: I8, odds: F64, interest: F64, completion: F32, rng: np.random.Generator
) -> Bools:
    base = np.array([row.like for row in CATEGORIES])[category]
    odds = odds + np.log(base / (1.0 - base)) + 0.9 * interest + 0.8 * (completion - 0.45)
    return np.asarray(rng.random(len(odds)) < 1.0 / (1.0 + np.exp(-odds)))


def _like_rows(
    views: Views,
    like: Bools,
    hidden: Bools,
    dwell: I64,
    haste: F32,
    rng: np.random.Generator,
) -> Rows:
    """Put likes within the look, or a moment after it, and let some people take them back."""
    chosen = views.take(like)
    count = len(chosen)
    part = rng.beta(1.3, 1.0, count)
    # Many tap twice at once, as habit or as a bookmark.
    part = np.where(rng.random(count) < haste[like], rng.random(count) * 0.06, part)
    ts = chosen.ts + (part * dwell[like] * 1_000).astype(np.int64)
    ts += (rng.exponential(0.35, count) * SECOND_US).astype(np.int64)
    channel = np.where(hidden[like] & (rng.random(count) < 0.7), LIST, chosen.channel)
    rows = _rows(chosen, Kind.LIKE, ts).with_(channel=channel)
    regret = rng.random(count) < UNLIKE_RATE
    later = rng.lognormal(np.log(20.0), 2.2, int(regret.sum())) * SECOND_US
    undone = rows.take(regret)
    return Rows.join(
        [rows, undone.with_(kind=Kind.UNLIKE, ts=undone.ts + later.astype(np.int64) + SECOND_US)]
    )


def _after(
    views: Views,
    catalogue: Catalogue,
    keen: F64,
    interest: F64,
    dwell: I64,
    rng: np.random.Generator,
    form: Shape,
) -> list[Rows]:
    """Draw the actions that cost a person more than a tap."""
    category = catalogue.category[views.item]
    leave_us = views.ts + dwell * 1_000

    def rate(name: str) -> F64:
        return np.array([getattr(row, name) for row in CATEGORIES])[category]

    def happens(chance: F64 | float) -> NDArray[np.int64]:
        return np.flatnonzero(rng.random(len(views)) < np.minimum(chance * keen, 0.9))

    def later(chosen: NDArray[np.int64], kind: Kind, median_s: float, spread: float) -> Rows:
        delay = rng.lognormal(np.log(median_s), spread, len(chosen)) * SECOND_US
        rows = _rows(views.take(chosen), kind, leave_us[chosen] + delay.astype(np.int64))
        # What comes later comes in another session, whose id nobody linked to the first.
        away = rows.ts - views.ts[chosen] > 40 * MINUTE_US
        return rows.with_(
            session=np.where(away, rows.session ^ (1 << 46), rows.session),
            channel=np.where(away & (rng.random(len(rows)) < 0.6), SHOP, rows.channel),
        )

    favorite = later(happens(rate("favorite")), Kind.FAVORITE, 4.0, 1.2)
    cart = later(happens(rate("cart") * form.buying), Kind.CART, 25.0, 1.6)
    direct = happens(rate("purchase") * 0.6 * form.buying)
    bought = np.concatenate([direct, _from_cart(cart, views, rng)])
    purchase = later(bought, Kind.PURCHASE, 420.0, 2.3)
    amount = catalogue.price_cents[purchase.item] * rng.choice([1, 1, 1, 1, 2, 3], len(purchase))
    purchase = purchase.with_(amount_cents=(amount * rng.uniform(0.85, 1.0, len(amount))).round())
    back = purchase.take(rng.random(len(purchase)) < REFUND_RATE)
    delay = rng.gamma(2.0, 1.1, len(back)) * DAY_US + 3 * HOUR_US
    refund = back.with_(
        kind=Kind.REFUND, ts=back.ts + delay.astype(np.int64), session=back.session ^ (1 << 47)
    )
    comment = later(happens(rate("comment") * form.talking), Kind.COMMENT, 18.0, 1.3)
    comment = comment.with_(text=wording.people(rng, len(comment)))
    share = later(happens(SHARE_RATE * form.talking), Kind.SHARE, 8.0, 1.2)
    follow = later(happens(FOLLOW_RATE), Kind.FOLLOW, 9.0, 1.3)
    report = np.flatnonzero(rng.random(len(views)) < REPORT_RATE * np.exp(-interest))
    complaint = later(report, Kind.REPORT, 12.0, 1.3)
    return [favorite, cart, purchase, refund, comment, share, follow, complaint]


def _from_cart(cart: Rows, views: Views, rng: np.random.Generator) -> NDArray[np.int64]:
    """Find the visits whose cart is paid: about a third."""
    paid = cart.take(rng.random(len(cart)) < 0.34)
    keys = views.account.astype(np.int64) << 32 | views.item
    order = np.argsort(keys, kind="stable")
    wanted = paid.account.astype(np.int64) << 32 | paid.item
    return np.asarray(order[np.searchsorted(keys[order], wanted)], dtype=np.int64)
