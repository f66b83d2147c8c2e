"""Groups that compete for windows: against naive loops, least squares, and dynamics that are known."""

import numpy as np
import pytest
import torch

from lamina.circuits.competition import compete
from lamina.errors import ArgumentError, DataError, ShapeError


def turning(speeds, length=400, noise=0.1, seed=0):
    """Points that turn in a plane at the given speeds, one recording each."""
    rng = np.random.default_rng(seed)
    movies = []
    for speed in speeds:
        angle = speed * np.arange(length) + rng.uniform(0, 6)
        movies.append(np.stack([np.cos(angle), np.sin(angle)], axis=1))
        movies[-1] += noise * rng.standard_normal((length, 2))
    return movies


@pytest.fixture(scope="module")
def movies():
    return turning([0.2, -0.2] * 6)


@pytest.fixture(scope="module")
def groups(movies):
    return compete(movies, gap=3, leak=20.0, seed=1)


def test_groups_come_to_stand_for_the_two_ways_to_turn(movies, groups):
    won = [each[60:] for each in groups.winners(movies)]
    assert all(each.min() == each.max() for each in won)
    ways = [int(each[0]) for each in won]
    assert ways == ways[:2] * 6
    assert ways[0] != ways[1]
    # new recordings too
    again = [each[60:].mean() for each in groups.winners(turning([0.2, -0.2], seed=9))]
    assert again == ways[:2]
    # what each group has learned is to turn its way: three samples further by 0.2 each
    angle = 0.6 * (1 if ways[0] == 0 else -1)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    np.testing.assert_allclose(groups.forecasts[0], turn, atol=0.05)
    np.testing.assert_allclose(groups.forecasts[1], turn.T, atol=0.05)


@pytest.mark.parametrize("speeds", [(0.1, 0.5, 1.2), (0.2, -0.2, 0.9, -0.9)])
@pytest.mark.parametrize("seed", range(4))
def test_as_many_groups_as_kinds(speeds, seed):
    # without a second chance for groups that lost, about half of these ended with an empty group
    count = len(speeds)
    recordings = turning(speeds * 5, length=500, seed=seed)
    won = compete(recordings, n_groups=count, gap=2, leak=30.0, seed=seed).winners(recordings)
    kinds = [int(np.bincount(each[100:], minlength=count).argmax()) for each in won]
    assert sorted(kinds[:count]) == list(range(count))
    assert kinds == kinds[:count] * 5


def test_the_score_is_that_of_a_plain_loop(movies, groups):
    # it turns one way, then the other: when the winner changes depends on every part of the score
    one, other = turning([0.2, -0.2], length=90, seed=5)
    movie = np.concatenate([one, other, one]) * [1.0, 3.0]
    expected, score = [], np.zeros(2)
    stay = np.exp(-1 / groups.leak)
    errors = []
    for t in range(len(movie) - groups.gap):
        miss = [movie[t + groups.gap] - gain @ movie[t] for gain in groups.forecasts]
        errors.append([np.sum(each**2 / groups.error_variances) for each in miss])
    floor = 1e-3 * np.mean(np.sum(errors, axis=1))
    for each in errors:
        score = stay * score - (1 - stay) * np.array(each) / (sum(each) + floor)
        expected.append(int(score.argmax()))
    assert 0 < np.mean(expected) < 1
    np.testing.assert_array_equal(groups.winners([movie])[0], expected)


def test_forecasts_are_least_squares_over_the_windows_won(movies, groups):
    won = np.concatenate(groups.winners(movies))
    present = np.concatenate([each[:-3] for each in movies])
    future = np.concatenate([each[3:] for each in movies])
    squares = 0.0
    for group in range(2):
        gain, *_ = np.linalg.lstsq(present[won == group], future[won == group], rcond=None)
        # the ridge of 1e-4, and windows that changed hands after the last lesson
        np.testing.assert_allclose(groups.forecasts[group], gain.T, atol=3e-3)
        squares += ((future - present @ gain)[won == group] ** 2).sum(axis=0)
    np.testing.assert_allclose(groups.error_variances, squares / len(won), rtol=0.02)


def test_filters_are_canonical_directions_of_the_windows_won():
    recordings = turning([0.2, -0.3] * 4, length=300)
    # blocks that stay as they were given out, so that it is known what each group learned from
    groups = compete(recordings, gap=2, block=30, max_rounds=0, seed=4)
    assert groups.changed == ()
    rng = np.random.default_rng(4)
    blocks = [np.repeat(rng.integers(2, size=10), 30)[:298] for _ in recordings]
    won = np.concatenate(blocks)
    np.testing.assert_allclose(groups.shares, [np.mean(won == 0), np.mean(won == 1)])
    present = np.concatenate([each[:-2] for each in recordings])
    future = np.concatenate([each[2:] for each in recordings])
    for group, (filters, correlations) in enumerate(
        zip(groups.filters, groups.canonical_correlations, strict=True)
    ):
        p, f = present[won == group], future[won == group]
        np.testing.assert_allclose(filters @ (p.T @ p / len(p)) @ filters.T, np.eye(2), atol=1e-9)
        # correlations of projections, by regression of each on the whole future
        fitted = f @ np.linalg.lstsq(f, p @ filters.T, rcond=None)[0]
        np.testing.assert_allclose((fitted**2).mean(axis=0) ** 0.5, correlations, atol=1e-9)


@pytest.mark.parametrize("units", [(1e6, 1e6), (1.0, 1e-5)])
def test_the_units_of_channels_do_not_matter(movies, groups, units):
    again = compete([each * units for each in movies], gap=3, leak=20.0, seed=1)
    assert again.changed == groups.changed
    turned = np.concatenate([movies[0][:100], movies[1][:100]])
    won, expected = again.winners([turned * units])[0], groups.winners([turned])[0]
    assert 0 < expected.mean() < 1
    np.testing.assert_array_equal(won, expected)


def test_seeds_decide_and_nothing_else(movies, groups):
    before = np.random.get_state()[1].copy()  # noqa: NPY002 -- it must stay as it was
    again = compete(movies, gap=3, leak=20.0, seed=1)
    np.testing.assert_array_equal(again.forecasts, groups.forecasts)
    np.testing.assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002
    first = compete(movies, gap=3, max_rounds=0, seed=1)
    other = compete(movies, gap=3, max_rounds=0, seed=2)
    assert not np.array_equal(first.forecasts, other.forecasts)
    assert groups.shares.sum() == pytest.approx(1)
    assert groups.changed[-1] <= 1e-3
    assert groups.n_rounds == len(groups.changed)


def test_where_nothing_moves_nothing_is_decided_by_rounding():
    pause = 1e-5 * np.random.default_rng(0).standard_normal((200, 2))
    still = [np.concatenate([each, pause]) for each in turning([0.2, -0.2] * 6)]
    groups = compete(still, gap=3, leak=20.0, seed=1)
    # the leaky memory keeps the last winner through the pause
    for each in groups.winners(still):
        np.testing.assert_array_equal(each[380:], each[380])


def test_a_channel_that_is_silent_does_no_harm(movies, groups):
    silent = [np.concatenate([each, np.zeros((len(each), 1))], axis=1) for each in movies]
    again = compete(silent, gap=3, leak=20.0, seed=1)
    assert again.changed == groups.changed
    assert again.filters.shape == (2, 2, 3)


def test_tensors_with_a_gradient_and_blocks_longer_than_any_recording(movies, groups):
    tensors = [torch.from_numpy(each).requires_grad_() for each in movies]
    again = compete(tensors, gap=3, leak=20.0, seed=1)
    np.testing.assert_array_equal(again.forecasts, groups.forecasts)
    # one group for each recording, and no memory for a block that nobody sees the end of
    whole = compete(movies, gap=3, block=10**15, max_rounds=0, seed=1)
    rng = np.random.default_rng(1)
    drawn = np.array([rng.integers(2, size=1)[0] for _ in movies])
    np.testing.assert_allclose(whole.shares, [np.mean(drawn == 0), np.mean(drawn == 1)])


def test_errors_name_the_argument(movies):
    with pytest.raises(ArgumentError, match="n_groups must be"):
        compete(movies, n_groups=1)
    with pytest.raises(ArgumentError, match="ridge must be"):
        compete(movies, ridge=0.0)
    with pytest.raises(DataError, match="recordings must be finite"):
        compete([np.array([[1.0, 2.0], [np.nan, 1.0], [2.0, 1.0]])], gap=1)
    with pytest.raises(ShapeError, match="longer than the gap of 7 samples, got 5"):
        compete([movies[0], movies[1][:5]], gap=7)
    with pytest.raises(ShapeError):
        compete([movies[0], movies[1][:, :1]])
    with pytest.raises(DataError, match=r"got \d window"):
        compete([movies[0][:8]], n_groups=4, block=1)
    with pytest.raises(ShapeError):
        compete(movies, gap=3, max_rounds=1).winners([movies[0][:, :1]])
