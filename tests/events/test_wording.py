"""Texts are compared by what they say, and those that trade in likes are known."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zhenzan.events.ingest import Ingest
from zhenzan.events.wording import _letters, _lexicon, _plain, _words, solicits, text_hashes
from zhenzan.settings import Settings

SOLICITS = [
    "互赞",
    "互 赞 吗？",
    "互-赞！！有赞必回",
    "点赞互助群，加我",
    "红包点赞，一单两元",
    "刷赞找我",
    "Like for like?",
    "LIKES 4 LIKES",
    "like4like",
    "anyone l4l",
    "we sell real likes",
    "I will like you back",
]
INNOCENT = [
    "相互赞美是好事",
    "面包赞",
    "外卖赞！",
    "购买赞助商的商品",
    "时代赞歌",
    "好看，点赞",
    "I like 4 eggs",
    "a must buy, like so good",
    "like like like",
    "please like and subscribe",
    "thanks for the likes",
    "",
    None,
]


@pytest.mark.parametrize("text", SOLICITS)
def test_a_text_that_trades_in_likes_is_known(text: str) -> None:
    assert solicits(pa.array([text])).tolist() == [True]


@pytest.mark.parametrize("text", INNOCENT)
def test_a_text_that_only_speaks_of_likes_is_left_alone(text: str | None) -> None:
    assert solicits(pa.array([text], pa.string())).tolist() == [False]


def test_the_lexicon_speaks_both_languages() -> None:
    chinese, latin = _lexicon()
    assert len(chinese) >= 15 and len(latin) >= 10


def test_signs_blanks_and_numbers_make_no_other_text_from_eight_letters_on() -> None:
    same = [
        "很好看，已经推荐给朋友们了",
        "很好看 已经推荐给朋友们了！！ 3",
        "很好看,已经推荐给朋友们了👍",
    ]
    assert len(np.unique(text_hashes(pa.array(same)))) == 1
    assert len(np.unique(text_hashes(pa.array(["第1名", "第2名", "第2名 "])))) == 2
    assert text_hashes(pa.array(["", None], pa.string())).tolist() == [0, 0]


def test_a_log_tells_which_rows_solicit_and_where_they_come_from(tmp_path) -> None:
    log = pa.table(
        {
            "event_id": ["a", "b", "c", "d"],
            "ts": pa.array(np.arange(4) + 10**15, pa.timestamp("us", "UTC")),
            "kind": ["comment"] * 4,
            "account_id": ["p", "q", "r", "s"],
            "item_id": ["i"] * 4,
            "ip": ["10.0.0.7", "10.0.1.7", "10.0.0.9", None],
            "text": ["互赞 加我", "好看", None, "互赞！加我！"],
        }
    )
    pq.write_table(log, tmp_path / "log.parquet")
    pq.write_table(
        pa.table({"account_id": ["p", "q"], "region": ["north", None]}),
        tmp_path / "accounts.parquet",
    )
    starts = [10 << 24, (10 << 24) + 256]
    ranges = {"ip_start": starts, "ip_end": [start + 255 for start in starts]}
    pq.write_table(pa.table({**ranges, "region": ["north", "south"]}), tmp_path / "nets.parquet")
    ingest = Ingest(
        tmp_path / "log.parquet",
        Settings(),
        accounts=tmp_path / "accounts.parquet",
        networks=tmp_path / "nets.parquet",
    )
    (batch,) = list(ingest)
    assert batch.solicits.tolist() == [True, False, False, True]
    north, south, address, unknown = batch.region.tolist()
    assert north == address and north >= 0 and south not in (north, -1) and unknown == -1


@given(st.lists(st.one_of(st.none(), st.text(max_size=20)), min_size=1, max_size=8))
def test_letters_and_words_are_those_of_the_classes_of_unicode(texts: list[str | None]):
    array = pa.array(texts, pa.string())
    plain = _plain(array)
    assert _letters(array).equals(
        pc.replace_substring_regex(plain, pattern=r"[^\p{L}]+", replacement="")
    )
    assert _words(array).equals(
        pc.replace_substring_regex(plain, pattern=r"[^\p{L}\p{N}]+", replacement=" ")
    )
    assert _letters(array.slice(1)).equals(_letters(array).slice(1))
