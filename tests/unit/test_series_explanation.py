"""A score taken apart: nothing is lost, and what is pointed at is what decides."""

import functools

import numpy as np
import pytest
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import RidgeClassifier

from lamina.errors import ArgumentError, ArgumentTypeError, DataError, ShapeError
from lamina.resu.features.attribution import (
    MEANS,
    MOMENTS,
    back_to_samples,
    differences_to_samples,
    levels_to_samples,
    outputs_of,
    parts,
)
from lamina.resu.features.bank import FeatureUnit
from lamina.resu.features.classifier import ReSUClassifier
from lamina.resu.features.explanation import explain, explain_class
from lamina.resu.features.outputs import unit_output
from lamina.resu.features.pooling import STATISTICS, columns, pool
from lamina.resu.features.regressor import ReSURegressor
from lamina.resu.features.scales import Scale

SMALL = {"n_features": 300, "memories": (4, 8)}


def planted(n, seed, time=160, size=25, height=3.0):
    """Coloured noise with one of two shapes somewhere, and where it begins."""
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % 2
    series = np.stack([np.convolve(rng.standard_normal(time), [0.8, 0.5, 0.3], "same") for _ in range(n)])
    place = np.linspace(-1, 1, size)
    shapes = height * np.stack([np.sin(2 * np.pi * place) * (1 - place**2), 1 - np.abs(place)])
    starts = rng.integers(0, time - size + 1, n)
    for one, label, start in zip(series, labels, starts, strict=True):
        one[start : start + size] += shapes[label]
    return series, labels, starts


@functools.cache
def two_shapes():
    series, labels, _ = planted(60, seed=0)
    return ReSUClassifier(n_features=900, memories=(4, 8, 16)).fit(series, labels)


def three_classes(n=36):
    rng = np.random.default_rng(1)
    labels = np.repeat(["a", "b", "c"], n // 3)
    series = rng.standard_normal((n, 2, 60)).cumsum(axis=2)
    series[labels == "b", 0] *= 0.3
    series[labels == "c", 1] += rng.standard_normal((n // 3, 60)) * 2
    return series, labels


@functools.cache
def of_three():
    return ReSUClassifier(**SMALL).fit(*three_classes())


def assert_complete(found):
    assert found.base + found.contributions.sum() == pytest.approx(found.score, abs=1e-6)
    levels = found.level_contributions.sum()
    assert found.base + found.moments.sum() + levels == pytest.approx(found.score, abs=1e-6)
    np.testing.assert_allclose(found.moments.sum(axis=1), found.unit_contributions)
    told = sum(one.contribution for one in found.features)
    assert found.base + told == pytest.approx(found.score, abs=1e-6)


# every statistic adds up


def test_every_statistic_has_a_rule():
    assert set(STATISTICS) <= set(MEANS) | set(MOMENTS)


@pytest.mark.parametrize("gaps", [False, True])
@pytest.mark.parametrize("seed", range(4))
def test_what_moments_add_sums_to_the_features(seed, gaps):
    rng = np.random.default_rng(seed)
    z = np.round(rng.standard_normal(37), 1)  # ties, also with thresholds
    if gaps:
        z[rng.random(37) < 0.3] = np.nan
    thresholds = np.round(np.sort(rng.standard_normal(5)), 1)
    statistics = (*MEANS, *MOMENTS)
    names = columns(statistics, 5)
    found = parts(z, thresholds, names)
    sums = found.sum(axis=-1)
    sums[names.index("deviation")] **= 0.5
    np.testing.assert_allclose(sums, pool(z, thresholds, statistics), atol=1e-12)
    assert np.all(found[:, np.isnan(z)] == 0)
    both = parts(np.stack([z, -z]), thresholds, names)
    np.testing.assert_allclose(both[:, 0], found)


def test_a_maximum_belongs_to_its_moments_in_equal_parts_and_none_to_silence():
    (found,) = parts(np.array([0.5, 2.0, -1.0, 2.0]), np.zeros(0), ["max_on"])
    assert found.tolist() == [0, 1, 0, 1]
    (found,) = parts(np.array([-0.5, -2.0]), np.zeros(0), ["max_on"])
    assert found.tolist() == [0, 0]


# from outputs to samples


def random_unit(rng, channels):
    scale = Scale("raw", int(rng.integers(1, 7)), 2, int(rng.integers(1, 4)))
    filter_ = rng.standard_normal((scale.memory, channels)).astype(np.float32)
    return FeatureUnit(scale, 0, filter_, 0.5, np.zeros(1, np.float32))


@pytest.mark.parametrize("seed", range(8))
def test_samples_get_their_share_of_every_output_that_they_made(seed):
    rng = np.random.default_rng(seed)
    channels, time = 1 + seed % 3, int(rng.integers(1, 20))
    unit = random_unit(rng, channels)
    x, moments = rng.standard_normal((channels, time)), rng.standard_normal(time)
    x[:, rng.random(time) < 0.3] = 0.0
    expected = np.zeros((channels, time))
    for t in range(time):
        shares = np.zeros((channels, time))
        for j in range(unit.scale.memory):
            if t - j * unit.scale.dilation >= 0:
                at = t - j * unit.scale.dilation
                shares[:, at] += np.abs(np.float64(unit.filter[j]) * x[:, at])
        if shares.sum() == 0:
            shares[:, t] = 1
        expected += moments[t] * shares / shares.sum()
    found = back_to_samples(moments, x, unit)
    np.testing.assert_allclose(found, expected, atol=1e-12)
    assert found.sum() == pytest.approx(moments.sum(), abs=1e-12)


def test_outputs_are_those_that_the_features_pool():
    rng = np.random.default_rng(0)
    x = rng.standard_normal((3, 2, 30)).astype(np.float32)
    unit = random_unit(rng, 2)
    for one, z in zip(x, outputs_of(x, unit), strict=True):
        np.testing.assert_allclose(z, unit_output(one, unit), rtol=1e-5, atol=1e-6)


def test_what_a_difference_adds_goes_to_both_of_its_samples():
    assert differences_to_samples(np.array([[2.0, 0.0, 4.0]])).tolist() == [[1.0, 1.0, 2.0, 2.0]]


def test_levels_go_to_the_samples_that_make_them():
    series = np.array([[0.0, 3.0, -1.0, 3.0, 0.0], [1.0, 1.0, 1.0, 1.0, 1.0]])
    squares = np.array([1, 4, 4, 4, 1]) / 14
    expected = np.array([[0.2] * 5, squares, [0, 0, 1, 0, 0], [0, 0.5, 0, 0.5, 0], [0.5, 0, 0, 0, 0.5]])
    for place, shares in enumerate(expected):
        adds = np.zeros((2, 5))
        adds[0, place] = 2.0
        np.testing.assert_allclose(levels_to_samples(series, adds), [2 * shares, np.zeros(5)])
    flat = levels_to_samples(series, np.array([[0.0] * 5, [1.0, 2.0, 3.0, 4.0, 5.0]]))
    assert flat.sum() == pytest.approx(15)
    assert levels_to_samples(series[:, :1], np.ones((2, 5))).tolist() == [[5.0], [5.0]]


# nothing is lost


def test_of_two_classes_the_decision_is_explained_for_either():
    series, _, _ = planted(6, seed=5)
    model = two_shapes()
    for one, decision in zip(series, model.decision_function(series), strict=True):
        found = explain(model, one)
        assert_complete(found)
        assert (found.label, found.against) == ((1, 0) if decision > 0 else (0, 1))
        assert found.score == pytest.approx(abs(decision), abs=1e-6)
        second = explain(model, one, 1)
        assert second.score == pytest.approx(decision, abs=1e-6)
        assert second.base == pytest.approx(float(model.intercept_[0]), abs=1e-6)
        first = explain(model, one, 0)
        np.testing.assert_allclose(first.contributions, -second.contributions, atol=1e-12)
        assert first.scores == second.scores


def test_of_more_classes_the_difference_of_two_is_explained():
    series, _ = three_classes()
    model = of_three()
    for one, scores in zip(series[::7], model.decision_function(series[::7]), strict=True):
        first, second = np.argsort(-scores)[:2]
        found = explain(model, one)
        assert_complete(found)
        assert (found.label, found.against) == (model.classes_[first], model.classes_[second])
        assert found.score == pytest.approx(scores[first] - scores[second], abs=1e-6)
        assert list(found.scores) == ["a", "b", "c"]
        asked = explain(model, one, "c", against="a")
        assert_complete(asked)
        assert asked.score == pytest.approx(scores[2] - scores[0], abs=1e-6)
        assert (asked.label, asked.against) == ("c", "a")


def test_gaps_short_series_and_other_lengths_lose_nothing_either():
    rng = np.random.default_rng(2)
    model = of_three()
    series, labels = three_classes()
    gappy = np.where(rng.random((2, 60)) < 0.2, np.nan, series[0])
    gappy[:, 20:30] = np.nan
    gone = series[1].copy()
    gone[1] = np.nan
    apart = np.where(np.arange(60) % 2, np.nan, series[2])  # without any difference between neighbours
    for one in (gappy, gone, apart, series[3][:, :5], series[3][:, :1], np.tile(series[4], 3)):
        for background in (None, series[labels == "a"], [series[0], series[5][:, :30]]):
            found = explain(model, one, background=background)
            assert_complete(found)
            assert found.score == pytest.approx(
                max(model.decision_function([one])[0]) - sorted(model.decision_function([one])[0])[1],
                abs=1e-6,
            )
            assert found.contributions.shape == one.shape


def test_numbers_are_explained_target_by_target():
    rng = np.random.default_rng(3)
    steps = rng.uniform(1, 3, (40, 2))
    series = np.cumsum(steps[:, :, None] * rng.standard_normal((40, 2, 50)), axis=2)
    model = ReSURegressor(**SMALL).fit(series, steps)
    predicted = model.predict(series[:1])[0]
    for target in range(2):
        found = explain(model, series[0], target)
        assert_complete(found)
        assert found.score == pytest.approx(predicted[target], abs=1e-6)
    assert explain(model, series[0]).label == 0
    assert explain(model, series[0]).against is None
    single = ReSURegressor(**SMALL).fit(series, steps[:, 0])
    assert explain(single, series[7]).score == pytest.approx(single.predict(series[[7]])[0], abs=1e-6)


def test_a_background_is_where_the_score_starts():
    series, labels, _ = planted(20, seed=6)
    model = two_shapes()
    around = series[labels == 0]
    found = explain(model, series[1], background=around)
    assert_complete(found)
    assert found.base == pytest.approx(
        -model.decision_function(around).mean() * (-1) ** found.label, abs=1e-6
    )
    # compared with itself, a series has nothing to say, at any time
    same = explain(model, series[1], background=series[[1]])
    np.testing.assert_allclose(same.contributions, 0, atol=1e-9)
    np.testing.assert_allclose(same.moments, 0, atol=1e-9)


def test_a_class_is_explained_by_the_mean_of_its_series():
    series, labels = three_classes()
    model = of_three()
    chosen = series[labels == "b"]
    found = explain_class(model, chosen, "b", against="a", background=series[labels == "a"])
    assert_complete(found)
    each = [explain(model, one, "b", against="a", background=series[labels == "a"]) for one in chosen]
    for name in ("contributions", "moments", "score", "unit_contributions", "series", "outputs"):
        expected = np.mean([getattr(one, name) for one in each], axis=0)
        np.testing.assert_allclose(getattr(found, name), expected, atol=1e-6)
    unequal = [one[:, : 60 - 5 * i] for i, one in enumerate(chosen)]
    longest = explain_class(model, unequal, "b")
    assert_complete(longest)
    assert longest.contributions.shape == (2, 60)
    np.testing.assert_allclose(longest.series[:, -1], chosen[0, :, -1])


# what it points at is what decides


def pointed_at(model, series, labels, starts, around, size=25):
    """Share of series whose strongest stretch covers half of the planted shape or more."""
    found = [
        explain(model, one, label, background=around[label]).stretch(size)[0]
        for one, label in zip(series, labels, strict=True)
    ]
    return np.mean(np.abs(np.array(found) - starts) <= size // 2)


def test_it_points_at_the_shape_that_was_planted():
    # a stretch anywhere would hit 18 % of the time; that a shape is the other one speaks where it is not, too
    series, labels, starts = planted(24, seed=7)
    learnt, kinds, _ = planted(60, seed=0)
    model = two_shapes()
    assert model.score(series, labels) > 0.9
    others = {label: learnt[kinds != label] for label in (0, 1)}
    assert pointed_at(model, series, labels, starts, others) > 0.6


def test_it_points_at_a_shape_that_the_other_class_has_nothing_of():
    series, labels, _ = planted(60, seed=20)
    alone, _, _ = planted(60, seed=21, height=0.0)
    learnt = np.concatenate([series[labels == 1], alone[:30]])
    model = ReSUClassifier(n_features=900, memories=(4, 8, 16)).fit(learnt, np.repeat(["hump", "noise"], 30))
    asked, labels, starts = planted(40, seed=22)
    there = labels == 1
    kinds = ["hump"] * there.sum()
    assert pointed_at(model, asked[there], kinds, starts[there], {"hump": alone[:30]}) > 0.5


def replaced(one, start, stop, filling):
    """The series with a stretch that runs parallel to another series, without a jump at either end."""
    result = one.copy()
    apart = one - filling
    ends = apart[..., max(start - 1, 0)], apart[..., min(stop, one.shape[-1] - 1)]
    result[..., start:stop] = filling[..., start:stop] + np.linspace(*ends, stop - start + 2)[1:-1]
    return result


def fall_without_stretch(model, series, labels, size, background_of, seed=0):
    """Mean fall of the score without the stretch that is pointed at, without any other, and its error."""
    rng = np.random.default_rng(seed)
    gained = []
    for one, label in zip(series, labels, strict=True):
        around = background_of(label)
        filling = np.mean(around, axis=0)
        found = explain(model, one, label, background=around)
        places = [found.stretch(size)[0], *rng.integers(0, len(one) - size + 1, 12)]
        cut = np.stack([replaced(one, start, start + size, filling) for start in places])
        scores = model.decision_function(np.concatenate([one[None], cut])) * (
            1 if label == model.classes_[1] else -1
        )
        fall = scores[0] - scores[1:]
        gained.append((fall[0], fall[1:].mean()))
    pointed, other = np.array(gained).T
    return pointed.mean(), other.mean(), (pointed - other).std() / np.sqrt(len(pointed))


def test_without_the_planted_stretch_the_score_falls_more_than_without_another():
    series, labels, _ = planted(30, seed=8)
    pointed, other, error = fall_without_stretch(
        two_shapes(), series, labels, 25, lambda label: series[labels != label]
    )
    assert pointed > other + 3 * error
    assert pointed > 3 * other


def test_on_recorded_gestures_too():
    datasets = pytest.importorskip("aeon.datasets")
    series, labels = datasets.load_gunpoint(split="train")
    asked, truth = datasets.load_gunpoint(split="test")
    series, asked, truth = series[:, 0], asked[:30, 0], truth[:30]
    model = ReSUClassifier().fit(series, labels)
    right = model.predict(asked) == truth
    assert right.mean() > 0.9
    pointed, other, _ = fall_without_stretch(
        model, asked[right], truth[right], 18, lambda label: series[labels != label]
    )
    # smooth, aligned gestures are the hard case: docs/series/tutorial.md has the figures
    assert pointed > other


# what a person asks of it


def test_the_strongest_come_first():
    found = explain(two_shapes(), planted(1, seed=9)[0][0])
    order = found.strongest_units(4)
    strength = np.abs(found.unit_contributions)
    assert len(order) == 4
    assert strength[order].tolist() == sorted(strength, reverse=True)[:4]
    features = found.strongest_features(6)
    sizes = [abs(one.contribution) for one in features]
    assert sizes == sorted((abs(one.contribution) for one in found.features), reverse=True)[:6]
    model = two_shapes()
    names = list(model.features_.get_feature_names_out())
    at = names.index(features[0].name)
    value = model.features_.transform(found.series)[0, at]
    assert features[0].value == pytest.approx(float(value))
    assert features[0].usual == pytest.approx(float(model.feature_means_[at]))
    expected = features[0].weight * (features[0].value - features[0].usual)
    assert features[0].contribution == pytest.approx(expected)
    assert "contributions" not in repr(found)


def test_outputs_stand_at_the_samples_that_they_follow():
    model = two_shapes()
    one = planted(1, seed=10)[0][0]
    found = explain(model, one)
    for unit, z in zip(found.units, found.outputs, strict=True):
        begin = int(unit.scale.view == "difference")
        assert np.isnan(z[:begin]).all()
        assert np.isfinite(z[begin:]).all()
        if unit.scale.view == "standardised":
            continue
        x = np.diff(one) if unit.scale.view == "difference" else one - model.features_.channel_means_[0]
        span = unit.scale.dilation * np.arange(unit.scale.memory)
        assert z[-1] == pytest.approx(unit.filter[:, 0] @ x[len(x) - 1 - span], abs=1e-4)


def test_padding_with_nan_leaves_no_trace_and_shifts_what_is_told():
    series, _ = three_classes()
    one = series[0]
    padded = np.pad(one, ((0, 0), (4, 3)), constant_values=np.nan)
    plain, moved = explain(of_three(), one), explain(of_three(), padded)
    for name in ("contributions", "moments", "outputs", "series"):
        told = getattr(moved, name)
        np.testing.assert_allclose(told[:, 4:64], getattr(plain, name), atol=1e-9)
        rest = np.delete(told, np.s_[4:64], axis=1)
        assert np.all((rest == 0) | np.isnan(rest))


def test_nothing_is_written_to_and_the_answer_is_the_same_again():
    series, _, _ = planted(4, seed=11)
    before = series.copy()
    one = explain(two_shapes(), series[0], background=series[1:])
    again = explain(two_shapes(), series[:1].tolist()[0], background=series[1:, None])
    np.testing.assert_array_equal(series, before)
    np.testing.assert_allclose(one.contributions, again.contributions, atol=1e-12)


def test_what_cannot_be_explained_is_refused():
    model = two_shapes()
    one = planted(1, seed=0)[0][0]
    with pytest.raises(NotFittedError):
        explain(ReSUClassifier(), one)
    with pytest.raises(ArgumentTypeError, match="ReSUClassifier or a ReSURegressor, got RidgeClassifier"):
        explain(RidgeClassifier(), one)
    with pytest.raises(ArgumentError, match="label must be one of 0, 1, got 2"):
        explain(model, one, 2)
    with pytest.raises(ArgumentError, match="against must be one of 0, got 1"):
        explain(model, one, 1, against=1)
    with pytest.raises(ShapeError, match="of 1 channel"):
        explain(model, np.stack([one, one]))
    with pytest.raises(ShapeError, match="one series"):
        explain(model, np.stack([one, one])[:, None])
    with pytest.raises(ShapeError, match="one series"):
        explain(model, [one, one[:50]])
    with pytest.raises(ShapeError, match="background must be"):
        explain(model, one, background=np.zeros((3, 2, 160)))
    with pytest.raises(DataError, match="inf"):
        explain(model, np.where(one > 1, np.inf, one))
    with pytest.raises(ArgumentError, match="length must be"):
        explain(model, one).stretch(161)
    rng = np.random.default_rng(0)
    regressor = ReSURegressor(**SMALL).fit(rng.standard_normal((10, 40)), np.arange(10.0))
    with pytest.raises(ArgumentError, match="None for a regressor"):
        explain(regressor, rng.standard_normal(40), against=0)
    with pytest.raises(ArgumentError, match="label must be"):
        explain(regressor, rng.standard_normal(40), 1)
