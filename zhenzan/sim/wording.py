"""Comment texts: what people write, and what a farm pastes."""

from __future__ import annotations

import numpy as np

from zhenzan.sim.rows import I32

_OPENINGS = (
    "", "", "", "哈哈 ", "真的 ", "刚收到，", "第二次买了，", "honestly ", "ok so ", "终于等到，",
    "朋友推荐的，", "妈妈说", "wow ", "用了一周，", "说实话", "今天试了，", "after two weeks: ",
)  # fmt: skip
_MIDDLES = (
    "颜色比图上深一点", "味道不错", "尺码偏小", "物流很快", "做工一般", "孩子很喜欢", "有点贵",
    "音质可以", "包装破了", "和描述一样", "笑死我了", "求链接", "这首歌叫什么", "在哪里拍的",
    "the fit is a bit tight", "colour is lovely", "took nine days to arrive", "works fine",
    "not for me", "better than the old one", "which size did you take", "where is this",
    "my dog loves it", "质量还行", "夏天穿正好", "已经回购", "客服态度好", "电池不太耐用",
    "比店里便宜", "看着很好吃", "教程太快了", "剪辑真好", "下次还来", "有没有蓝色的",
)  # fmt: skip
_ENDINGS = (
    "", "", "", "", "。", "！", "～", " 👍", " 😂", "……", "，推荐", "，再看看", " tbh", ", thanks",
    " ❤️", "，不后悔", "，给四星", " lol", "，希望改进", "!!",
)  # fmt: skip
_SHORT = ("好看", "👍", "哈哈哈", "666", "nice", "想要", "不错", "❤️", "太可爱了", "same", "支持")
_PASTED = (
    "宝贝很好，质量很棒，值得购买，下次还会再来！",
    "非常满意的一次购物，卖家服务好，物流快，好评！",
    "东西收到了，和图片一样，很喜欢，推荐大家购买！",
    "Very good product, fast delivery, I recommend to everyone!",
    "支持支持，越来越好！",
    "太棒了，已经分享给朋友们了！",
)


def texts() -> tuple[str, ...]:
    """List every text that can be written; rows hold an index into this list."""
    free = [a + b + c for a in _OPENINGS for b in _MIDDLES for c in _ENDINGS]
    return (*_SHORT, *_PASTED, *free)


def people(rng: np.random.Generator, count: int) -> I32:
    """Draw what people write: short cheers often, their own words mostly, pasted praise rarely."""
    free = len(_SHORT) + len(_PASTED)
    total = free + len(_OPENINGS) * len(_MIDDLES) * len(_ENDINGS)
    text = rng.integers(free, total, count)
    lot = rng.random(count)
    text = np.where(lot < 0.24, rng.integers(0, len(_SHORT), count), text)
    text = np.where(lot > 0.985, rng.integers(len(_SHORT), free, count), text)
    return text.astype(np.int32)


def pasted(rng: np.random.Generator, count: int) -> I32:
    """Draw from the few texts that a farm pastes."""
    low = len(_SHORT)
    return rng.integers(low, low + len(_PASTED), count).astype(np.int32)
