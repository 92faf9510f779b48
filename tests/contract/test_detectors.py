"""Every detector that the registry finds keeps the promises of the interface."""

import importlib
import re
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import pytest

import zhenzan.detectors as package
from zhenzan.detectors.interface import Detector, Family
from zhenzan.detectors.registry import all_detectors

LIKES = 257
SHARE = re.compile(
    r"_share_|^cohort_(?!lift)|^channel_quality$|^crowd_follow_up$|led_share$|^new_network$|^round_stop$"
)
TRACE = {
    "account_age_days", "candidate_nats", "drip_spread", "partner_likes", "partners",
    "registration_batch", "review_partners", "rhythm_spread", "wake_gap_days",
}  # fmt: skip
SETTLED = re.compile(
    r"^(review_|outcomes$|together$|next_ms$|candidate_nats$|group_nats$|channel_quality$|drip_|round_)"
    r"|^crowd_follow_up$"
)
WINDOW_EN = re.compile(r"\b\d+ (min|h|d)\b")
WINDOW_ZH = re.compile(r"\d+ (分钟|小时|天)")
BANNED = re.compile(r"\b(simply|just|obviously|easy|fake|bot)\b", re.IGNORECASE)

every_detector = pytest.mark.parametrize("detector", all_detectors(), ids=lambda d: d.name)


class OnlyDeclared(Mapping):
    """Likes of one detector: reading a name that it does not declare fails."""

    def __init__(self, detector: Detector, arrays: dict[str, np.ndarray]) -> None:
        self._arrays = {name: arrays[name] for name in detector.reads}
        self.read: set[str] = set()

    def __getitem__(self, name: str) -> np.ndarray:
        assert name in self._arrays, f"`{name}` is read but not declared"
        self.read.add(name)
        return self._arrays[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._arrays)

    def __len__(self) -> int:
        return len(self._arrays)


def column(name: str, rng: np.random.Generator, *, unknown: float) -> np.ndarray:
    """Draw likely values of a feature or trace, a share of them unknown."""
    blank = rng.random(LIKES) < unknown
    if SHARE.search(name):
        return np.where(blank, np.nan, rng.random(LIKES))
    size = 1e12 if name.endswith(("_gap_1h", "_age_seen")) else 400.0
    value = np.exp(rng.uniform(-1.0, np.log(size), LIKES))
    value[rng.random(LIKES) < 0.2] = 0.0
    if name in TRACE:
        return np.where(blank, np.nan, np.minimum(value, 60.0))
    return np.where(blank, -1, value).astype(np.int64)


def sample(detector: Detector, *, seed: int = 7, unknown: float = 0.2) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    return {name: column(name, rng, unknown=unknown) for name in sorted(detector.reads)}


def measured(detector: Detector, arrays: dict[str, np.ndarray]) -> np.ndarray:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return detector.measure(OnlyDeclared(detector, arrays))


@every_detector
def test_a_detector_answers_with_one_finite_float_or_nan_per_like(detector: Detector) -> None:
    answer = measured(detector, sample(detector))
    assert answer.dtype == np.float64
    assert answer.shape == (LIKES,)
    assert not np.isinf(answer).any()
    assert (~np.isnan(answer)).sum() > 0


@every_detector
def test_a_detector_does_not_change_its_input(detector: Detector) -> None:
    arrays = sample(detector)
    before = {name: values.copy() for name, values in arrays.items()}
    for values in arrays.values():
        values.flags.writeable = False
    measured(detector, arrays)
    for name, values in arrays.items():
        np.testing.assert_array_equal(values, before[name])


@every_detector
def test_the_order_of_the_likes_does_not_change_an_answer(detector: Detector) -> None:
    arrays = sample(detector)
    order = np.random.default_rng(3).permutation(LIKES)
    shuffled = {name: values[order] for name, values in arrays.items()}
    np.testing.assert_array_equal(measured(detector, shuffled), measured(detector, arrays)[order])


@every_detector
def test_a_like_is_judged_alone_whatever_the_batch_holds(detector: Detector) -> None:
    arrays = sample(detector)
    part = {name: values[40:55] for name, values in arrays.items()}
    np.testing.assert_array_equal(measured(detector, part), measured(detector, arrays)[40:55])


@every_detector
def test_the_same_input_gives_the_same_answer_twice(detector: Detector) -> None:
    np.testing.assert_array_equal(
        measured(detector, sample(detector)), measured(detector, sample(detector))
    )


@every_detector
def test_no_likes_give_no_answers(detector: Detector) -> None:
    empty = {name: values[:0] for name, values in sample(detector).items()}
    assert measured(detector, empty).shape == (0,)


@every_detector
def test_a_detector_says_nothing_where_nothing_is_known(detector: Detector) -> None:
    """Missing data is not negative evidence (T17); only a like that never went on says so."""
    unknown = measured(detector, sample(detector, unknown=1.1))
    if detector.reads == ("next_ms",):
        return
    assert np.isnan(unknown).all()


@every_detector
def test_a_detector_reads_all_that_it_declares(detector: Detector) -> None:
    likes = OnlyDeclared(detector, sample(detector))
    detector.measure(likes)
    assert likes.read == set(detector.reads)


@every_detector
def test_bins_cover_the_edges_and_zero_means_unknown(detector: Detector) -> None:
    values, bins = detector.bin(OnlyDeclared(detector, sample(detector)))
    assert bins.dtype == np.int8
    assert detector.bins <= 126
    assert np.isfinite(detector.edges).all()
    np.testing.assert_array_equal(bins == 0, np.isnan(values))
    edges = np.array([-np.inf, *detector.edges, np.inf])
    said = bins > 0
    assert (edges[bins[said] - 1] <= values[said]).all()
    assert (values[said] < edges[bins[said]]).all()
    assert bins.max() <= detector.bins


@every_detector
def test_weights_stay_within_what_one_signal_may_say(detector: Detector) -> None:
    assert 0.0 < detector.weight_max <= 4.5
    assert 0.0 < detector.clears_max <= 2.0


@every_detector
def test_a_detector_that_looks_at_what_came_later_is_settled(detector: Detector) -> None:
    later = [name for name in detector.reads if SETTLED.search(name)]
    assert detector.settled == bool(later)


@every_detector
def test_code_family_and_file_agree(detector: Detector) -> None:
    prefixes = {"ACC": "account", "BEH": "behaviour", "NET": "network", "TGT": "target",
                "CTX": "context", "GRP": "group"}  # fmt: skip
    assert re.fullmatch(r"[A-Z]{3}\d{3}", detector.code)
    assert prefixes[detector.code[:3]] == detector.family.word
    assert (Path(package.__path__[0]) / f"{detector.name}.py").is_file()


@every_detector
def test_the_module_says_what_it_assumes_whom_it_may_hit_and_what_it_costs(
    detector: Detector,
) -> None:
    text = importlib.import_module(f"{package.__name__}.{detector.name}").__doc__ or ""
    assert text.splitlines()[0].endswith(".")
    for section in ("Assumption:", "Known false positives:", "Cost:"):
        assert f"\n\n{section} " in text
    assert re.search(r"\b(S[0-4]|T|C[1-9])-?\d", text), "cite the rows that ask for it"
    assert not BANNED.search(text)


@every_detector
def test_reasons_are_written_in_both_languages(detector: Detector) -> None:
    english = detector.reason.format(value="VALUE")
    chinese = detector.reason_zh.format(value="VALUE")
    assert re.search(r"[一-鿿]", chinese)
    assert not re.search(r"[一-鿿]", english)
    assert ("VALUE" in english) == ("VALUE" in chinese)
    assert not english.endswith((".", ";")) and not chinese.endswith(("。", "；"))
    assert not BANNED.search(english)


@every_detector
def test_reasons_name_windows_but_no_threshold(detector: Detector) -> None:
    """Whoever reads a reason learns their own facts, not where the line is (T16)."""
    assert not re.search(r"\d", WINDOW_EN.sub("", detector.reason))
    assert not re.search(r"\d", WINDOW_ZH.sub("", detector.reason_zh))
    windows = re.compile(r"(\d+) (?:min|h|d|分钟|小时|天)(?![a-z])")
    assert windows.findall(detector.reason) == windows.findall(detector.reason_zh)


@every_detector
def test_a_sentence_without_its_value_is_never_shown_as_a_reason_against(
    detector: Detector,
) -> None:
    """A flag's sentence states the suspicious case, so its absence may clear next to nothing."""
    if detector.unit == "flag":
        assert detector.clears_max <= 0.15


def test_every_family_has_detectors_and_codes_are_unique() -> None:
    codes = [detector.code for detector in all_detectors()]
    assert len(codes) == len(set(codes))
    assert {detector.family for detector in all_detectors()} == set(Family)


def test_bursts_open_a_look_and_are_no_verdict() -> None:
    """T19: a genuine viral item keeps its likes."""
    bursts = {"short_window_surge", "hour_concentration", "hostile_boost"}
    found = {detector.name: detector for detector in all_detectors()}
    for name in bursts:
        assert found[name].weight_max <= 0.8


def test_being_new_or_untraced_weighs_little() -> None:
    """T17: missing evidence is not negative evidence."""
    found = {detector.name: detector for detector in all_detectors()}
    assert found["young_account"].weight_max < 0.5
    assert found["missing_telemetry"].weight_max <= 1.8
    assert found["not_a_buyer"].weight_max <= 0.2


def test_who_leads_the_coincidences_is_a_victim_and_gets_no_lockstep_evidence() -> None:
    """Rule 10: an honest account shadowed within seconds by others is always first."""
    found = {detector.name: detector for detector in all_detectors()}
    led = np.array([0.0, 0.5, 1.0, np.nan])
    many = np.array([20.0, 20.0, 20.0, 0.0])
    answer = found["lockstep_follow"].measure({"partners": many, "led_share": led})
    np.testing.assert_array_equal(answer, [20.0, 20.0, 0.0, 0.0])
    answer = found["lockstep_both_ways"].measure({"review_partners": many, "review_led_share": led})
    np.testing.assert_array_equal(answer, [20.0, 20.0, 0.0, 0.0])
    answer = found["partner_depth"].measure({"partner_likes": many, "led_share": led})
    np.testing.assert_array_equal(answer, [20.0, 20.0, 0.0, 0.0])


def test_a_dormitory_and_a_farm_differ_in_turnout_though_not_in_crowd() -> None:
    """T18: many accounts behind one address are no farm if few of them like the same item."""
    found = {detector.name: detector for detector in all_detectors()}
    turnout = found["block_turnout"].measure(
        {"block_accounts_24h": np.array([400, 22]), "item_block_accounts_24h": np.array([20, 20])}
    )
    assert turnout[0] < 0.1 < 0.8 < turnout[1]


def test_one_hundred_thousand_likes_with_one_hundred_comments_stand_out() -> None:
    """S1-19: the example of the requirements lies in the upper bins, a normal item does not."""
    found = {detector.name: detector for detector in all_detectors()}
    detector = found["likes_beyond_comments"]
    likes = {
        "item_likes_7d": np.array([100_000, 900]),
        "item_comments_7d": np.array([100, 90]),
        "item_views_24h": np.array([5_000, 5_000]),
    }
    _, bins = detector.bin(likes)
    assert bins[0] >= detector.bins - 2
    assert bins[1] <= 3


def test_a_log_without_views_or_comments_charges_no_popular_item() -> None:
    """A log of stars or reposts carries likes only; a funnel that is not there is not broken."""
    found = {detector.name: detector for detector in all_detectors()}
    for name in ("funnel_disconnect", "likes_beyond_views", "likes_beyond_comments",
                 "no_consumption_record", "like_without_view", "stranger_to_shop"):  # fmt: skip
        detector = found[name]
        likes = {read: np.array([0]) for read in detector.reads}
        likes |= {read: np.array([9_000]) for read in detector.reads if "item_likes" in read}
        likes |= {read: np.array([50]) for read in detector.reads if "account_likes" in read}
        assert np.isnan(detector.measure(likes)).all(), name
