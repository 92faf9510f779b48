"""Both catalogues say the same things, with the fixed words, in whole sentences."""

from __future__ import annotations

import re
import string
from pathlib import Path

import pytest

import zhenzan.insight
from zhenzan.glossary import FAMILIES, GROUP_KINDS, GROUP_ROLES, LANGUAGES, WORDS
from zhenzan.groups.schema import BENIGN_KINDS, KINDS, MEMBER_ROLES, TARGET_ROLES
from zhenzan.insight.visible import visible
from zhenzan.insight.wording import Wording, messages

TEMPLATES = sorted((Path(zhenzan.insight.__file__).parent / "templates").glob("*.j2"))
ENGLISH, CHINESE = messages("en"), messages("zh")
FIXED = (
    "interaction",
    "account",
    "item",
    "merchant",
    "category",
    "like",
    "claimed",
    "counted",
    "held",
    "excluded",
    "campaign",
    "evidence_family",
    "contamination",
    "natural_like_rate",
    "authentic_engagement",
    "health",
    "view",
    "favorite",
    "cart",
    "purchase",
    "refund",
    "comment",
    "conversion",
    "group",
    "benign_lockstep",
)


def forms(message: str | dict[str, str]) -> list[str]:
    return list(message.values()) if isinstance(message, dict) else [message]


def fields(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_both_languages_have_the_same_messages() -> None:
    assert list(ENGLISH) == list(CHINESE)


@pytest.mark.parametrize("key", ENGLISH)
def test_messages_are_translated_with_the_same_values(key: str) -> None:
    expected = fields(forms(ENGLISH[key])[-1])
    for text in forms(ENGLISH[key]) + forms(CHINESE[key]):
        assert text == text.strip() != ""
        assert not set(text) & set('<>&"')
        assert fields(text) - {"count"} == expected - {"count"}
    for text in forms(CHINESE[key]):
        bare = re.sub(r"\{\w+\}", "", text)
        assert key in ("own_name", "ranks", "period") or re.search(r"[\u4e00-\u9fff]", bare), text
        assert not re.search(r"[A-Za-z]{4,}", bare), text


@pytest.mark.parametrize("key", ENGLISH)
def test_messages_use_the_fixed_words(key: str) -> None:
    english = re.sub(r"\{\w+\}", "", " ".join(forms(ENGLISH[key])).lower())
    chinese = " ".join(forms(CHINESE[key]))
    for word in FIXED:
        if re.search(rf"\b{WORDS[word].en}s?\b", english):
            assert WORDS[word].zh in chinese, f"{key}: {WORDS[word].en}"


def test_messages_avoid_words_that_accuse_or_belittle() -> None:
    for message in ENGLISH.values():
        for text in forms(message):
            banned = r"\b(fake|bot|bots|fraudster|cheater|simply|just|obviously|easy|like event)\b"
            assert not re.search(banned, text.lower()), text


def test_templates_hold_no_words_and_use_every_message() -> None:
    source = "\n".join(path.read_text(encoding="utf-8") for path in TEMPLATES)
    bare = re.sub(r"\{%.*?%\}|\{\{.*?\}\}|<[^>]*>|\{#.*?#\}", " ", source, flags=re.DOTALL)
    bare = re.sub(r"[\w-]+=\"[^\"]*\"", " ", bare)
    assert not re.search(r"[A-Za-z\u4e00-\u9fff]{2,}", bare), re.findall(r"[A-Za-z]{2,}", bare)
    used = set(re.findall(r"say\(\"(\w+)\"", source)) | set(re.findall(r'"(\w+)"', source))
    built = ("tile_", "mark_", "nav_", "horizon_", "funnel_", "step_", "component_", "reject_",
             "duration_", "first_of", "likes_n", "chance_", "kind_", "confidence")  # fmt: skip
    for key in ENGLISH:
        assert key in used or key.startswith(built), key
    for key in re.findall(r"say\(\"(\w+)\"[,)]", source):
        assert key in ENGLISH, key


def test_templates_join_no_sentences_from_pieces() -> None:
    for path in TEMPLATES:
        for call in re.findall(r"say\((.*?)\)", path.read_text(encoding="utf-8")):
            first = call.split(",")[0]
            assert "+" not in first
            assert "~" not in first or re.match(r'"\w+_" ~ [\w.]+$|prefix ~ name$', first), call


def test_health_components_have_names_in_both_languages() -> None:
    from zhenzan.scoring.health import ACCOUNT_WEIGHTS, MERCHANT_WEIGHTS

    for name in (*ACCOUNT_WEIGHTS, *MERCHANT_WEIGHTS):
        assert f"component_{name}" in ENGLISH


def test_glossary_words_differ_and_have_meanings() -> None:
    for language in LANGUAGES:
        said = [word.text(language) for word in WORDS.values()]
        assert len(said) == len(set(said))
        kinds = [word.text(language) for word in (*GROUP_KINDS.values(), *GROUP_ROLES.values())]
        assert len(kinds) == len(set(kinds))
        every = (WORDS, FAMILIES, GROUP_KINDS, GROUP_ROLES)
        for word in (word for words in every for word in words.values()):
            assert word.text(language)
            assert word.meaning(language)[-1] in ".。"


def test_every_kind_and_role_of_a_group_has_its_word() -> None:
    assert set(GROUP_KINDS) == set(KINDS)
    assert set(GROUP_ROLES) == {*MEMBER_ROLES, *TARGET_ROLES}
    assert set(list(GROUP_KINDS)[-len(BENIGN_KINDS) :]) == BENIGN_KINDS


@pytest.mark.parametrize(
    ("log10", "english", "chinese"),
    [
        (-0.1, "1 in 1", "1 分之一"),
        (-1, "1 in 10", "10 分之一"),
        (-3.5, "1 in 3,162", "3,162 分之一"),
        (-6, "10⁻⁶", "10⁻⁶"),
        (-38.9, "10⁻³⁸", "10⁻³⁸"),
        (-2_113, "10⁻⁴⁰", "10⁻⁴⁰"),
        (float("-inf"), "10⁻⁴⁰", "10⁻⁴⁰"),
    ],
)
def test_a_chance_is_written_as_a_bound_that_holds(
    log10: float, english: str, chinese: str
) -> None:
    assert Wording("en").chance(log10) == english
    assert Wording("zh").chance(log10) == chinese


@pytest.mark.parametrize(
    ("value", "english", "chinese"),
    [(0, "0", "0"), (950, "950", "950"), (1_200, "1.2k", "1,200"), (5_200_000, "5.2M", "520万")],
)
def test_axis_numbers_follow_the_language(value: int, english: str, chinese: str) -> None:
    assert Wording("en").compact(value) == english
    assert Wording("zh").compact(value) == chinese


def test_numbers_percentages_and_times_are_written_for_people() -> None:
    english, chinese = Wording("en"), Wording("zh")
    assert english.number(1_234_567) == "1,234,567"
    assert english.number(0.012345) == "0.0123"
    assert english.number(None) == english.number(float("nan")) == "–"
    assert english.percent(1, 100_000) == "<0.1%"
    assert english.percent(99_999, 100_000) == ">99.9%"
    assert english.percent(1, 0) == "–"
    moment = 1_780_272_000_000_000
    assert english.time(moment) == "1 Jun 2026, 00:00"
    assert chinese.time(moment) == "2026年6月1日 00:00"
    assert english.time(9 * 10**18) == "–"
    assert english.say("duration_hours", count=1) == "1 hour"


def test_hidden_characters_show_and_emoji_stay() -> None:
    assert visible("a\u202eb\u0000c\nd") == "a\\u202eb\\u0000c\\u000ad"
    assert visible("👩‍👧") == "👩‍👧"
    assert len(visible("é" * 500)) == 40


def test_a_kind_that_is_less_likely_than_not_is_called_unclear() -> None:
    row = {"kind": "paid_crowd", "confidence": 0.45, "benign": False}
    assert Wording("en").group_kind(row) == "Kind unclear; nearest: paid crowd, 45%"
    assert "类型不明" in Wording("zh").group_kind(row)
    assert "unclear" not in Wording("en").group_kind(row | {"confidence": 0.5})
    assert "unclear" not in Wording("en").group_kind(row | {"benign": True})
