"""Pieces of the experiment on depth: movies, read-out, references and settings."""

import numpy as np
import pytest
from sklearn.linear_model import Ridge
from sklearn.metrics import r2_score

from lamina.errors import ArgumentError, DataError
from lamina.experiments.depth import DepthConfig
from lamina.experiments.depth.config import shares
from lamina.experiments.depth.movies import draw_movies, mirrored
from lamina.experiments.depth.readout import averaged, explained, fit_readout
from lamina.experiments.depth.references import correlators, raw_windows
from lamina.experiments.natural_scenes import load_scenes, split_rows
from lamina.stats import lag_vectors

CONFIG = DepthConfig(row_step=40)


@pytest.fixture(scope="module")
def splits():
    rng = np.random.default_rng(0)
    return [split_rows(scene, CONFIG, rng) for scene in load_scenes(CONFIG)]


def test_movies_move_as_their_velocity_says(splits):
    movies = draw_movies(splits, "train", 0.0, CONFIG, np.random.default_rng(1))
    assert movies.frames.shape == (len(movies.velocity), CONFIG.samples, CONFIG.photoreceptors)
    assert (np.sign(movies.velocity) == np.where(np.arange(len(movies.velocity)) % 2, -1, 1)).all()
    assert (np.abs(movies.velocity) >= CONFIG.slowest_deg_per_s).all()
    assert (np.abs(movies.velocity) <= CONFIG.fastest_deg_per_s).all()
    for frames, velocity in zip(movies.frames[:8], movies.velocity[:8], strict=True):
        delay = CONFIG.spacing_deg / abs(velocity) / CONFIG.dt_s
        early, late = (frames[:, 3], frames[:, 4]) if velocity > 0 else (frames[:, 4], frames[:, 3])
        times = np.arange(CONFIG.samples)
        seen = np.interp(times - delay, times, early)[int(delay) + 1 :]
        # interpolated between samples, which matters where the fastest movies meet an edge
        assert np.abs(late[int(delay) + 1 :] - seen).mean() < 0.03


def test_movies_of_one_way_and_their_mirror_images(splits):
    movies = draw_movies(splits, "test", 0.1, CONFIG, np.random.default_rng(1), both_ways=False)
    assert (movies.velocity > 0).all()
    assert movies.row.tolist() == sorted(movies.row.tolist())
    assert np.bincount(movies.row).tolist() == [CONFIG.shows] * (movies.row[-1] + 1)
    both = mirrored(movies)
    np.testing.assert_array_equal(both.frames[len(movies.row) :, :, 0], movies.frames[:, :, -1])
    assert both.velocity.sum() == 0
    half = draw_movies(splits, "train", 0.1, CONFIG, np.random.default_rng(1)).half()
    assert abs(np.sign(half.velocity).sum()) <= 1


def test_noise_has_the_stated_size(splits):
    clean, noisy = (
        draw_movies(splits, "train", noise, CONFIG, np.random.default_rng(1)).frames for noise in (0.0, 0.3)
    )
    assert (noisy - clean).std() == pytest.approx(0.3, rel=0.02)


def test_a_movie_that_leaves_the_photograph_is_named(splits):
    config = DepthConfig(samples=200, row_step=40, fastest_deg_per_s=400.0, slowest_deg_per_s=300.0)
    with pytest.raises(DataError, match="wide enough for 200 samples"):
        draw_movies(splits, "train", 0.0, config, np.random.default_rng(0))


def test_averages_are_those_of_a_loop():
    outputs = np.random.default_rng(0).standard_normal((2, 12, 3))
    found = averaged(outputs, 4)
    for time in range(12):
        np.testing.assert_allclose(found[:, time], outputs[:, max(0, time - 3) : time + 1].mean(axis=1))
    np.testing.assert_allclose(averaged(outputs, 1), outputs)
    np.testing.assert_allclose(averaged(outputs, 50)[:, -1], outputs.mean(axis=1))


def test_the_read_out_is_ridge_regression():
    rng = np.random.default_rng(0)
    features = rng.standard_normal((300, 5)) * [1, 10, 0.1, 1, 1] + 3
    targets = features @ rng.standard_normal((5, 2)) + 5 * rng.standard_normal((300, 2))
    readout = fit_readout(features, targets, np.arange(300) // 10, 5)
    scaled = (features - features.mean(axis=0)) / features.std(axis=0)
    for place, penalty in enumerate(readout.penalty):
        expected = Ridge(alpha=300 * penalty).fit(scaled, targets[:, place]).predict(scaled)
        np.testing.assert_allclose(readout(features)[:, place], expected, rtol=1e-9)
        assert explained(expected, targets[:, place]) == pytest.approx(r2_score(targets[:, place], expected))


def test_the_penalty_is_large_for_noise_and_groups_stay_together():
    rng = np.random.default_rng(0)
    features = rng.standard_normal((200, 20))
    noise = fit_readout(features, rng.standard_normal((200, 1)), np.arange(200), 5)
    truth = fit_readout(features, features[:, :1], np.arange(200), 5)
    assert noise.penalty[0] >= 1 > 1e-3 >= truth.penalty[0]
    # groups can be told from each other, but nothing carries over from one to the next
    groups = np.repeat(np.arange(20), 10)
    known = rng.standard_normal((20, 15))[groups] + 0.01 * rng.standard_normal((200, 15))
    target = rng.standard_normal(20)[groups][:, None]
    assert fit_readout(known, target, groups, 5).penalty[0] >= 0.1
    assert fit_readout(known, target, np.arange(200), 5).penalty[0] <= 1e-2


def test_a_constant_output_does_no_harm():
    features = np.ones((50, 2))
    features[:, 1] = np.arange(50)
    readout = fit_readout(features, features[:, 1:], np.arange(50), 5)
    np.testing.assert_allclose(readout(features), features[:, 1:], atol=1e-3)


def test_raw_windows_are_lag_vectors():
    frames = np.random.default_rng(0).standard_normal((2, 9, 3))
    windows = raw_windows(frames, 4)
    past, _ = lag_vectors(frames[1], memory=4, horizon=1)
    np.testing.assert_allclose(windows[1, 3:8], past.reshape(5, -1))


def test_correlators_know_left_from_right():
    time, pixels = np.arange(60)[:, None], np.arange(9)[None]
    right = np.sin((time - 3 * pixels) / 4)[None]
    left = right[:, :, ::-1]
    one, other = (correlators(frames, 21, (3.0,))[0, 30:] for frames in (right, left))
    # mean squares of light and of change, then difference and sum for two distances
    assert one.shape == (30, 6)
    assert (one[:, 2] > 0).all()
    np.testing.assert_allclose(other[:, [2, 4]], -one[:, [2, 4]], atol=1e-12)
    np.testing.assert_allclose(other[:, [0, 1, 3, 5]], one[:, [0, 1, 3, 5]], atol=1e-12)


def test_shares_are_even():
    assert shares(20, 3) == [7, 7, 6]
    assert shares(8, 4) == [2, 2, 2, 2]


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"depths": (2, 3)}, "depths"),
        ({"depths": (1, 3, 2)}, "depths"),
        ({"depths": (1, 9)}, "depths"),
        ({"seed": -1}, "seed"),
        ({"n_seeds": 0}, "n_seeds"),
        ({"noises": ()}, "noises"),
        ({"averages_s": (0.5, 0.1)}, "averages_s"),
        ({"samples": 40}, "samples"),
        ({"grown_memory": 12}, "grown_width and grown_memory"),
        ({"fastest_deg_per_s": 5.0}, "fastest_deg_per_s"),
        ({"test_share": 0.9}, "test_share"),
    ],
)
def test_settings_that_cannot_be_are_named(settings, named):
    with pytest.raises(ArgumentError) as caught:
        DepthConfig(**settings)
    assert caught.value.argument == named
