"""Pieces of the experiment on motion in two dimensions: tuning curves, competition, names, settings."""

from dataclasses import replace

import numpy as np
import pytest

from lamina.errors import ArgumentError
from lamina.experiments.motion_2d import Motion2DConfig
from lamina.experiments.motion_2d.competition import compete, moments_of
from lamina.experiments.motion_2d.detectors import Detector, choose, name_detectors, sector_peaks
from lamina.experiments.motion_2d.scenes import Movies, Picture, move, place_at_random, split
from lamina.experiments.motion_2d.tuning import Tuning, difference, measure

ANGLES = np.arange(24) * 15.0


@pytest.mark.parametrize("preferred", [0.0, 45.0, 200.0, 351.0])
@pytest.mark.parametrize("depth", [0.2, 0.6, 0.9])
def test_a_cosine_curve(preferred, depth):
    curve = 1 + depth * np.cos(np.deg2rad(ANGLES - preferred))
    found = measure(ANGLES, curve)
    assert abs(float(difference(found.preferred_deg, preferred))) < 1e-9
    at = np.deg2rad(min(difference(ANGLES, preferred), key=abs))
    assert found.index == pytest.approx(depth * np.cos(at), abs=1e-9)
    if preferred % 15 == 0:
        half = (1 + depth) / 2 - 1  # where the curve has fallen to half its largest value
        expected = np.rad2deg(np.arccos(half / depth)) if half >= -depth else 180.0
        assert found.half_width_deg == pytest.approx(expected, abs=1.0)


def test_curves_without_a_direction():
    assert measure(ANGLES, np.zeros(24)).index == 0
    assert np.isnan(measure(ANGLES, np.zeros(24)).preferred_deg)
    flat = measure(ANGLES, np.ones(24))
    assert (flat.index, flat.half_width_deg) == (0.0, 180.0)
    one = measure(ANGLES, np.eye(24)[3])
    assert one.preferred_deg == pytest.approx(45.0)
    assert (one.index, one.half_width_deg) == (1.0, 7.5)


def test_differences_take_the_short_way():
    np.testing.assert_allclose(difference([350.0, 10.0, 180.0], [10.0, 350.0, 0.0]), [-20.0, 20.0, -180.0])


def flowing(rng, movies=24, time=120, channels=4):
    """Movies whose channels shift one way or the other from sample to sample, of unequal contrast."""
    ways = np.where(np.arange(movies) % 2 == 0, 1, -1)
    source = rng.standard_normal((movies, time, 1, channels))
    for t in range(1, time):
        for movie, way in enumerate(ways):
            shifted = np.roll(source[movie, t - 1, 0], way)
            source[movie, t, 0] = 0.8 * shifted + 0.6 * source[movie, t, 0]
    contrast = 10.0 ** rng.uniform(-1, 1, (movies, 1, 1, 1))
    return (contrast * source).astype(np.float32), ways


def test_groups_find_two_laws_whatever_the_contrast():
    rng = np.random.default_rng(0)
    y, ways = flowing(rng)
    groups = compete(y[:, :-1], y[:, 1:], 2, 0.2, 0.01, 20, np.random.default_rng(1))
    won = (groups.winners[:, 30:] == 0).mean(axis=(1, 2))
    agree = np.abs(np.mean((won > 0.5) == (ways > 0)) - 0.5) * 2
    assert agree == 1.0
    assert np.all(np.abs(won - 0.5) > 0.4)
    again = compete(y[:, :-1], y[:, 1:], 2, 0.2, 0.01, 20, np.random.default_rng(1))
    np.testing.assert_array_equal(again.winners, groups.winners)
    assert np.isfinite(groups.score)


def test_the_score_is_the_likelihood_of_the_best_group():
    """One round, one window at a time, written out."""
    rng = np.random.default_rng(3)
    past, future = rng.standard_normal((2, 3, 40, 2, 3))
    dealt = np.random.default_rng(5).integers(0, 2, (3, 1, 2))
    labels = np.repeat(dealt, 70, axis=1)[:, :40]
    groups = compete(past, future, 2, 0.05, 0.01, 1, np.random.default_rng(5))
    keep, scores = np.exp(-0.2), np.zeros((2, 3, 40, 2))
    for group in range(2):
        p = np.array([past[w] for w in zip(*np.nonzero(labels == group), strict=True)])
        f = np.array([future[w] for w in zip(*np.nonzero(labels == group), strict=True)])
        law = np.linalg.lstsq(p, f, rcond=None)[0]
        error = (f - p @ law).T @ (f - p @ law) / len(f)
        for movie in range(3):
            for place in range(2):
                recent = 0.0
                for t in range(40):
                    e = future[movie, t, place] - past[movie, t, place] @ law
                    recent = keep * recent + (1 - keep) * (e @ np.linalg.solve(error, e))
                    scores[group, movie, t, place] = -1.5 * np.log(recent) - 0.5 * np.log(
                        np.linalg.det(error)
                    )
    np.testing.assert_array_equal(groups.winners, scores.argmax(axis=0))
    assert groups.score == pytest.approx(scores.max(axis=0).mean(), abs=1e-3)
    chosen = groups.winners == 1
    np.testing.assert_allclose(
        groups.moments[1].cross, np.einsum("ni,nj->ij", future[chosen], past[chosen]) / chosen.sum()
    )


def test_a_group_without_windows_has_no_moments():
    empty = moments_of(np.ones((1, 2, 1, 3)), np.ones((1, 2, 1, 3)), np.zeros((1, 2, 1), dtype=bool))
    assert not any(each.any() for each in empty)


def detector(preferred):
    tuning = Tuning(preferred, 0.5, 1.0, 90.0)
    return Detector(np.ones((5, 3)), 0, 0.0, tuning, True, {}, np.empty(0))


def test_every_name_is_given_once():
    four = [detector(angle) for angle in (100.0, 350.0, 275.0, 80.0)]
    named = name_detectors(four)
    assert list(named) == ["T4a", "T4b", "T4c", "T4d"]
    assert named["T4a"] is four[1]
    assert named["T4d"] is four[2]
    assert {id(each) for each in named.values()} == {id(each) for each in four}
    assert named["T4b"] is four[0]  # 100 is nearer to 180 than 80 is


def test_the_rule_takes_the_most_selective_half_that_l1_excites():
    """Three directions: a T5 more selective than its T4, a T4 off the axis, and a T4 that is the one."""
    angles = np.arange(12) * 30.0 + 15.0
    ways = np.deg2rad(angles)
    left, up = (np.maximum(np.cos(ways - way), 0.0) for way in (np.pi, np.pi / 2))
    inputs = np.zeros((12, 8, 1, 1, 15), dtype=np.float32)
    # of L2 alone: the positive half is the T5
    for channel, (positive, negative) in {
        2: (9 * left, left + 3),
        4: (9 * up, 9 * up),
        5: (left + 0.5, left + 1),
    }.items():
        inputs[:, ::2, 0, 0, channel], inputs[:, 1::2, 0, 0, channel] = positive[:, None], -negative[:, None]
    directions = np.eye(15)[[2, 4, 5]] * 4.0
    found = choose(directions, 0.0, inputs, Movies([], angles), replace(CONFIG, every=1))
    assert (found.direction, found.on_rule) == (2, True)
    scale = np.sqrt(np.mean(np.square(inputs[..., 5])))
    np.testing.assert_allclose(found.weights, -np.eye(15)[5].reshape(5, 3) / scale, rtol=1e-6)
    assert abs(float(difference(found.training.preferred_deg, 180.0))) < 1e-5
    top = left.max()
    assert found.training.index == pytest.approx(top / (top + 2), abs=1e-6)
    # where none is on the axis, the most selective of the others
    up_only = choose(directions[[1]], 0.0, inputs, Movies([], angles), replace(CONFIG, every=1))
    assert (up_only.direction, up_only.on_rule) == (0, False)


def test_peaks_are_sorted_by_direction():
    directions = np.array([15.0, 45.0, 345.0, 375.0])
    responses = np.zeros((4, 3, 1, 1, 2))
    responses[0, ..., 0], responses[1, ..., 1], responses[2, ..., 0] = 1.0, -2.0, 3.0
    responses[3, ..., 0] = 1.0
    every = Movies([], np.concatenate([directions, np.arange(12) * 30.0 + 15.0]))
    peaks = sector_peaks(np.concatenate([responses, np.zeros((12, 3, 1, 1, 2))]), every)
    assert peaks.shape == (12, 4)
    assert peaks[0, 0] == pytest.approx(1.0)
    assert peaks[1, 3] == pytest.approx(2.0)
    assert peaks[11, 0] == pytest.approx(3.0)
    assert peaks[2:11].sum() == 0


CONFIG = Motion2DConfig(movies=3, samples=120)


def picture():
    return Picture("noise", np.random.default_rng(0).standard_normal((300, 400)), 0.5)


def test_parts_to_learn_from_and_to_test_on_do_not_touch():
    marked = Picture("columns", np.arange(400.0) + np.zeros((300, 1)), 0.5)
    for seed in range(4):
        train, test = split([marked], CONFIG, np.random.default_rng(seed))
        assert len(train) == 2
        np.testing.assert_array_equal(train[1].contrast, train[0].contrast[:, ::-1])
        learned, kept = set(train[0].contrast[0]), set(test[0].contrast[0])
        gap = min(abs(a - b) for a in learned for b in kept)
        assert gap * 0.5 >= CONFIG.guard_deg


def test_every_path_is_played_forwards_and_backwards():
    movies = move([picture()], replace(CONFIG, noise=0.0), np.random.default_rng(0))
    assert len(movies.seen) == 6
    for forwards, backwards in zip(movies.seen[::2], movies.seen[1::2], strict=True):
        np.testing.assert_array_equal(backwards, forwards[::-1])
    np.testing.assert_allclose(movies.directions[1::2] - movies.directions[::2], 180.0)
    assert np.all(np.diff(movies.directions[::2]) > 0)


def test_places_keep_the_eye_within_the_scene():
    rng = np.random.default_rng(0)
    for way in (0.0, 30.0, 90.0, 225.0):
        move([picture()], CONFIG, rng)
        across, up = place_at_random(picture(), CONFIG.retina, CONFIG, way, 120, rng)
        assert abs(across) < 90
        assert abs(up) < 65


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"seed": -1}, "seed"),
        ({"n_seeds": 0}, "n_seeds"),
        ({"eye": 2}, "eye"),
        ({"samples": 100}, "samples"),
        ({"leak_s": 0.0}, "leak_s"),
        ({"noise": -0.1}, "noise"),
        ({"test_share": 0.9}, "test_share"),
        ({"directions": 7}, "directions"),
        ({"directions": 26}, "directions"),
    ],
)
def test_settings_out_of_range(changes, says):
    with pytest.raises(ArgumentError, match=f"^{says}"):
        Motion2DConfig(**changes)
