"""The fixed words of the product, in English and simplified Chinese: one idea, one word.

Code, outputs, reports and documents take their words from here; tests compare them.
Source: design.md, "Words"; rows S0-10 (likes, traffic and conversion stay apart) and S1-15.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Language = Literal["en", "zh"]

LANGUAGES: tuple[Language, ...] = ("en", "zh")
"""Languages in which every text exists; the first is the default."""

LANGUAGE_TAGS: dict[Language, str] = {"en": "en", "zh": "zh-Hans"}
"""The tag that a browser or a reading aid needs for each language."""


@dataclass(frozen=True, slots=True)
class Word:
    """One idea with its word and its meaning in each language."""

    en: str
    zh: str
    meaning_en: str
    meaning_zh: str

    def text(self, language: Language) -> str:
        """Give the word in one language."""
        return self.en if language == "en" else self.zh

    def meaning(self, language: Language) -> str:
        """Give the meaning in one language."""
        return self.meaning_en if language == "en" else self.meaning_zh


WORDS: dict[str, Word] = {
    "interaction": Word(
        "interaction",
        "互动",
        "One account did one thing to one item: view, like, favourite and so on.",
        "一个账号对一个条目做了一件事：浏览、点赞、收藏等。",
    ),
    "account": Word("account", "账号", "Who acted.", "做出互动的一方。"),
    "item": Word("item", "条目", "A product, video or post.", "商品、视频或帖子。"),
    "merchant": Word(
        "merchant",
        "商家",
        "Who owns the item and gains from it.",
        "拥有条目并从中受益的一方。",
    ),
    "category": Word(
        "category",
        "品类",
        "The kind of item; usual values are learned in it.",
        "条目的种类；常见值在品类内得出。",
    ),
    "like": Word("like", "点赞", "An expression of approval.", "一次认可的表达。"),
    "claimed": Word(
        "claimed",
        "标称",
        "Every like in the log, whatever its count state.",
        "日志中的全部点赞，不论计数状态。",
    ),
    "count_state": Word(
        "count state",
        "计数状态",
        "Whether a like counts: counted, held or excluded.",
        "点赞是否计数：计入、暂缓或排除。",
    ),
    "counted": Word("counted", "计入", "The like counts.", "该点赞计数。"),
    "held": Word(
        "held",
        "暂缓",
        "Not yet known; it waits and does not count meanwhile.",
        "尚不确定；等待期间不计数。",
    ),
    "excluded": Word(
        "excluded",
        "排除",
        "The like does not count; its row and its reasons are kept.",
        "该点赞不计数；记录和理由予以保留。",
    ),
    "signal": Word("signal", "信号", "One measured number.", "一个测得的数值。"),
    "evidence_family": Word(
        "evidence family",
        "证据类别",
        "Evidence of one kind; two kinds are needed to exclude a like.",
        "同一种类的证据；排除点赞需要两类证据。",
    ),
    "finding": Word(
        "finding",
        "判断",
        "What a detector or a rule claims, with its signals.",
        "检测器或规则的主张及其信号。",
    ),
    "score": Word(
        "score",
        "评分",
        "Calibrated probability that a like is inauthentic.",
        "点赞不真实的校准概率。",
    ),
    "group": Word("group", "群组", "Accounts that act together.", "共同行动的账号。"),
    "benign_lockstep": Word(
        "benign lockstep",
        "善意同步",
        "Accounts that act together for an innocent reason; reported, never excluded by itself.",
        "出于正当缘由而共同行动的账号；予以列示，不因此本身而排除。",
    ),
    "decision": Word(
        "decision",
        "决定",
        "What the policy does, with facts and reasons.",
        "策略采取的措施，附事实与理由。",
    ),
    "sanction": Word(
        "sanction", "处置", "A loss that a decision imposes.", "决定所施加的不利后果。"
    ),
    "case": Word("case", "案件", "What a reviewer works on.", "审核员处理的事项。"),
    "appeal": Word("appeal", "申诉", "A request to look again.", "请求重新审查。"),
    "campaign": Word(
        "campaign",
        "活动",
        "The official channel; its likes are shown apart and weigh nothing in ranking.",
        "官方渠道；其中的点赞单独列示，不影响排名。",
    ),
    "task": Word("task", "任务", "One thing to do in a campaign.", "活动中的一件事。"),
    "team": Word("team", "队伍", "Accounts that share a task.", "共同完成任务的账号。"),
    "posting": Word("posting", "记账", "One movement in the ledger.", "账本中的一笔变动。"),
    "entry": Word("entry", "抽签资格", "One chance in a draw.", "抽签中的一次机会。"),
    "qualified_traffic": Word(
        "qualified traffic",
        "有效流量",
        "Views of an item; never replaced by likes.",
        "条目的浏览次数；不以点赞代替。",
    ),
    "conversion": Word(
        "conversion", "转化率", "Purchases divided by views.", "购买次数除以浏览次数。"
    ),
    "natural_like_rate": Word(
        "natural like rate",
        "自然点赞率",
        "Counted likes divided by views.",
        "计入的点赞数除以浏览次数。",
    ),
    "authentic_engagement": Word(
        "authentic engagement",
        "真实互动分",
        "0 to 100 from dwell, completion, comments, follow-up, repurchase and buyers' likes.",
        "由停留、完播、评论、后续行为、复购和买家点赞得出的 0 至 100 分。",
    ),
    "contamination": Word(
        "contamination",
        "污染比例",
        "Excluded likes divided by likes claimed; it says nothing about who sent them.",
        "被排除点赞占标称点赞的比例；不说明由谁造成。",
    ),
    "health": Word(
        "health",
        "健康分",
        "0 to 100 from the components shown beside it.",
        "由所列各项得出的 0 至 100 分。",
    ),
    "view": Word("view", "浏览", "An account saw the item.", "账号看到了条目。"),
    "favorite": Word("favourite", "收藏", "An account saved the item.", "账号收藏了条目。"),
    "cart": Word(
        "cart", "加购", "An account put the item into its cart.", "账号把条目加入购物车。"
    ),
    "purchase": Word("purchase", "购买", "An account bought the item.", "账号购买了条目。"),
    "refund": Word("refund", "退款", "A purchase was paid back.", "购买款被退回。"),
    "comment": Word("comment", "评论", "An account wrote about the item.", "账号评论了条目。"),
    "share": Word("share", "分享", "An account passed the item on.", "账号转发了条目。"),
}

FAMILIES: dict[str, Word] = {
    "account": Word("account", "账号", "What the account is.", "账号本身的情况。"),
    "behaviour": Word("behaviour", "行为", "What it did before and after.", "点赞前后的行为。"),
    "network": Word(
        "network", "网络", "Where it came from; never enough alone.", "来源网络；不能单独成立。"
    ),
    "target": Word("target", "目标", "What happened to the item.", "条目发生的情况。"),
    "group": Word("group", "群组", "Who acted together.", "谁在共同行动。"),
    "context": Word("context", "情境", "When and through which channel.", "时间与渠道。"),
}
"""The evidence families of design.md; the key is the ``family`` of a reason."""

GROUP_KINDS: dict[str, Word] = {
    "scripted_farm": Word(
        "scripted farm",
        "脚本农场",
        "Accounts that one script drives, in bursts and with little else to their lives.",
        "由同一脚本驱动的账号：集中爆发，几乎没有其他活动。",
    ),
    "paid_crowd": Word(
        "paid crowd",
        "有偿众包",
        "Real people who like what a task tells them to, for a small reward.",
        "为小额报酬按任务点赞的真人。",
    ),
    "mutual_help_ring": Word(
        "mutual-help ring",
        "互赞圈",
        "Owners of items who like each other's items in turn.",
        "条目的主人轮流为彼此点赞。",
    ),
    "nurtured_farm": Word(
        "nurtured farm",
        "养号农场",
        "Accounts that were kept alive for a long time before they acted together.",
        "先长期养号、再共同行动的账号。",
    ),
    "cross_platform_drive": Word(
        "cross-platform drive",
        "跨平台引流",
        "Accounts that a call on another platform sends to the same items.",
        "由其他平台的号召引向相同条目的账号。",
    ),
    "reseller_pool": Word(
        "reseller pool",
        "分销账号池",
        "One stock of accounts that serves many merchants, a part of it at a time.",
        "同一批账号分批服务于多个商家。",
    ),
    "fan_club": Word(
        "fan club",
        "粉丝团",
        "People who follow the same maker and like what it shows.",
        "关注同一作者并为其内容点赞的人。",
    ),
    "page_network": Word(
        "page network",
        "主页矩阵",
        "Pages of one publisher that pass the same posts on.",
        "同一发布者的多个主页，转发相同内容。",
    ),
    "dormitory": Word(
        "dormitory",
        "宿舍",
        "People under one roof: they share a network and some habits.",
        "同住一处的人：共用网络，习惯相近。",
    ),
    "sanctioned_team": Word(
        "sanctioned team",
        "官方组队",
        "A team of an official campaign, acting inside its channel.",
        "官方活动中的队伍，在活动渠道内行动。",
    ),
    "shared_taste": Word(
        "shared taste",
        "同好人群",
        "People who do not know each other and like the same narrow subject.",
        "彼此并不相识、喜好同一细分内容的人。",
    ),
    "friends": Word(
        "circle of friends",
        "朋友圈子",
        "A dozen people at most who know each other and see what the others like.",
        "最多十来个相识的人，彼此看得到对方喜欢的内容。",
    ),
}
"""The kinds of group, by the key that outputs use; the last six are benign."""

GROUP_ROLES: dict[str, Word] = {
    "supplier": Word(
        "supplier", "供应方", "Holds the accounts that others use.", "持有供他人使用的账号。"
    ),
    "distributor": Word(
        "distributor", "分发方", "Passes tasks on and acts first.", "分派任务并率先行动。"
    ),
    "executor": Word("executor", "执行方", "Gives the likes.", "给出点赞。"),
    "beneficiary": Word(
        "beneficiary",
        "受益方",
        "Gained likes; whether it ordered them is another question.",
        "得到点赞；是否由其订购是另一问题。",
    ),
    "camouflage": Word(
        "camouflage",
        "掩护",
        "Liked to look ordinary; it ordered nothing.",
        "为显得平常而被点赞；并未订购。",
    ),
}
"""The roles in a chain (S3-14): three of members, two of targets."""


def word(key: str, language: Language) -> str:
    """Give the fixed word for one idea.

    Examples
    --------
    >>> word("excluded", "en"), word("excluded", "zh")
    ('excluded', '排除')
    """
    return WORDS[key].text(language)
