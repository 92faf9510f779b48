"""What rules may do to an answer: add evidence of their family, hold, and nothing else."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zhenzan.detectors.interface import Family
from zhenzan.errors import RuleError
from zhenzan.events.state import CountState
from zhenzan.rules import tree
from zhenzan.rules.compiled import TableCodes
from zhenzan.rules.hot import HotRules
from zhenzan.rules.joining import Ruled, join_rules, put
from zhenzan.rules.limits import FAMILY_NATS_MAX
from zhenzan.rules.ruleset import CompiledRule, Effects, Mode, RuleSet, compile_rule
from zhenzan.scoring.decide import count_states
from zhenzan.scoring.hook import Decide
from zhenzan.settings import Settings

SIZES = st.integers(1, 20)


def decide(score: np.ndarray, nats: np.ndarray, rows: object = None) -> np.ndarray:
    return count_states(score, nats, Settings(), is_new=np.zeros(len(score), np.bool_))


DECIDE: Decide = decide


def a_rule(name: str, family: str, then: str, mode: Mode) -> CompiledRule:
    nats = None if then == "hold" else tree.Number("3", "nats")
    written = tree.Rule(
        name=name,
        version=1,
        owner="tests",
        family=family,
        valid_from=tree.Date(0),
        valid_until=tree.Date(4_000_000_000),
        reason="a",
        reason_zh="b",
        when=tree.Compare(">=", tree.Name("account_likes_1h"), tree.Number("3")),
        then=tree.Effect(then, nats),  # type: ignore[arg-type]
    )
    return compile_rule(written, {}, mode)


def drawn(seed: int, rows: int, modes: tuple[Mode, ...]) -> tuple[np.ndarray, np.ndarray, Effects]:
    random = np.random.default_rng(seed)
    rules = tuple(
        a_rule(
            f"r{place}",
            str(random.choice([family.word for family in Family])),
            str(random.choice(["for", "for", "against", "hold"])),
            Mode(int(random.choice(modes))),
        )
        for place in range(4)
    )
    nats = random.choice([0.0, 0.3, 0.8, 2.5, -1.0], (rows, len(Family))).astype(np.float32)
    return random.random(rows), nats, Effects(rules, random.random((rows, 4)) < 0.5)


@given(seed=st.integers(0, 2**32), rows=SIZES, holds=st.booleans())
def test_a_shadow_rule_reaches_no_score_no_evidence_and_no_state(seed: int, rows: int, holds: bool):
    score, nats, effects = drawn(seed, rows, (Mode.SHADOW,))
    ruled = join_rules(score, nats, effects, DECIDE, holds=holds)
    assert np.array_equal(ruled.answer.score, score[ruled.rows])
    assert np.array_equal(ruled.answer.nats, nats[ruled.rows])
    assert np.array_equal(ruled.answer.states, decide(score, nats)[ruled.rows])


@given(seed=st.integers(0, 2**32), rows=SIZES)
def test_an_answer_with_shadow_rules_is_that_of_the_live_rules_alone(seed: int, rows: int):
    score, nats, effects = drawn(seed, rows, (Mode.SHADOW, Mode.LIVE))
    both = join_rules(score, nats, effects, DECIDE, holds=True)
    alone = join_rules(score, nats, effects.of(Mode.LIVE), DECIDE, holds=True)
    at = {"score": score, "nats": nats, "states": decide(score, nats)}
    for name, before in at.items():
        with_both = put(before, both.rows, getattr(both.answer, name))
        assert np.array_equal(with_both, put(before, alone.rows, getattr(alone.answer, name)))


def test_what_a_shadow_rule_would_have_done_is_recorded():
    score, nats = np.array([0.02]), np.zeros((1, 6), np.float32)
    rule = a_rule("x", "account", "hold", Mode.SHADOW)
    ruled = join_rules(score, nats, Effects((rule,), np.array([[True]])), DECIDE, holds=True)
    assert ruled.answer.states.tolist() == [CountState.COUNTED]
    assert ruled.would.states.tolist() == [CountState.HELD]


def ruled_by(*rules: CompiledRule, score: float, nats: dict[Family, float]) -> Ruled:
    evidence = np.zeros((1, 6), np.float32)
    for family, number in nats.items():
        evidence[0, family] = number
    effects = Effects(rules, np.ones((1, len(rules)), np.bool_))
    return join_rules(np.array([score]), evidence, effects, DECIDE, holds=True)


@pytest.mark.parametrize("family", [family.word for family in Family])
@pytest.mark.parametrize("score", [0.003, 0.03, 0.15, 0.9])
def test_a_rule_without_other_evidence_never_excludes(family: str, score: float):
    rules = [a_rule(f"x{i}", family, "for", Mode.LIVE) for i in range(9)]
    states = ruled_by(*rules, score=score, nats={}).answer.states
    assert states[0] != CountState.EXCLUDED


@given(seed=st.integers(0, 2**32))
def test_rules_of_one_family_exclude_only_beside_evidence_of_another(seed: int):
    score, nats, effects = drawn(seed, 40, (Mode.LIVE,))
    family = effects.rules[0].family
    one = Effects(effects.rules[:1], effects.fired[:, :1])
    nats[:, [other for other in Family if other != family]] = 0.0
    states = join_rules(score, nats, one, DECIDE, holds=True).answer.states
    assert len(states)
    assert not (states == CountState.EXCLUDED).any()


def test_a_rule_beside_another_family_takes_part_in_an_exclusion():
    rule = a_rule("x", "behaviour", "for", Mode.LIVE)
    ruled = ruled_by(rule, score=0.5, nats={Family.NETWORK: 2.5})
    assert ruled.without.states.tolist() == [CountState.HELD]
    assert ruled.answer.states.tolist() == [CountState.EXCLUDED]


def test_what_a_family_says_already_is_not_said_twice():
    rule = a_rule("x", "account", "for", Mode.LIVE)
    ruled = ruled_by(rule, score=0.5, nats={Family.ACCOUNT: 3.5})
    assert ruled.answer.score.tolist() == [0.5]
    more = ruled_by(rule, score=0.5, nats={Family.ACCOUNT: 1.0})
    assert more.answer.nats[0, Family.ACCOUNT] == 3.0
    assert np.isclose(np.log(more.answer.score[0] / (1 - more.answer.score[0])), 2.0)


def test_all_rules_of_a_family_together_are_bounded():
    rules = [a_rule(f"x{i}", "account", "for", Mode.LIVE) for i in range(5)]
    ruled = ruled_by(*rules, score=0.5, nats={})
    assert ruled.answer.nats[0, Family.ACCOUNT] == FAMILY_NATS_MAX


def test_a_rule_that_speaks_for_the_like_lowers_its_score():
    rule = a_rule("x", "account", "against", Mode.LIVE)
    ruled = ruled_by(rule, score=0.5, nats={Family.NETWORK: 1.0})
    assert ruled.answer.score[0] < 0.06
    assert ruled.answer.nats[0, Family.ACCOUNT] == -3.0


def test_a_hold_holds_what_counts_and_changes_nothing_else():
    rule = a_rule("x", "account", "hold", Mode.LIVE)
    assert ruled_by(rule, score=0.01, nats={}).answer.states.tolist() == [CountState.HELD]
    strong = {Family.ACCOUNT: 3.0, Family.NETWORK: 3.0}
    excluded = ruled_by(rule, score=0.99, nats=strong)
    assert excluded.answer.states.tolist() == [CountState.EXCLUDED]


def test_a_hold_ends_when_the_like_settles():
    rule = a_rule("x", "account", "hold", Mode.LIVE)
    effects = Effects((rule,), np.array([[True]]))
    nats = np.zeros((1, 6), np.float32)
    ruled = join_rules(np.array([0.01]), nats, effects, DECIDE, holds=False)
    assert ruled.answer.states.tolist() == [CountState.COUNTED]


def test_a_rule_fires_only_in_its_time():
    rule = a_rule("x", "account", "for", Mode.LIVE)
    likes = {"ts": np.array([-1, 0, 4_000_000_000_000_000]), "account_likes_1h": np.full(3, 9)}
    fired = RuleSet([rule]).apply(likes, TableCodes({})).fired
    assert fired[:, 0].tolist() == [False, True, False]


def test_a_rule_whose_feature_is_not_there_is_silent():
    rule = a_rule("x", "account", "for", Mode.LIVE)
    assert not RuleSet([rule]).apply({"ts": np.array([5])}, TableCodes({})).fired.any()


def test_a_swap_that_could_never_fire_is_refused_and_the_old_set_stays():
    old = RuleSet([a_rule("old", "account", "for", Mode.LIVE)])
    hot = HotRules(["account_likes_1h"], old)
    written = a_rule("new", "account", "for", Mode.LIVE).rule
    when = tree.Compare(">", tree.Name("account_likes_24h"), tree.Number("3"))
    import dataclasses

    new = RuleSet([compile_rule(dataclasses.replace(written, when=when), {}, Mode.LIVE)])
    with pytest.raises(RuleError, match="RL035"):
        hot.swap(new)
    assert hot.current is old
