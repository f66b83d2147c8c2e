"""ReSUNetwork against an explicit re-implementation: loops over positions and windows, no shared code."""

import numpy as np
import pytest
import torch

import lamina
from lamina.errors import ShortTrialWarning
from lamina.resu import ReSULayer


def movie(seed, time=250, pixels=9):
    """A pattern that drifts to the right over a row of pixels, with noise."""
    rng = np.random.default_rng(seed)
    pattern = np.convolve(rng.standard_normal(time + 4 * pixels + 8), np.ones(8) / 3, mode="valid")
    columns = [pattern[4 * (pixels - x) : 4 * (pixels - x) + time] for x in range(pixels)]
    return np.stack(columns, axis=1) + 0.2 * rng.standard_normal((time, pixels)) + 1.0


def explicit_fit(trials, memory, horizon, gap, rank, center):
    past, future = [], []
    for y in trials:
        for t in range(memory - 1, len(y) - gap - horizon + 1):
            window = y[t - memory + 1 : t + gap + horizon]
            if np.isnan(window).any():
                continue
            past.append(y[t - memory + 1 : t + 1][::-1].ravel())
            future.append(y[t + gap : t + gap + horizon].ravel())
    past, future = np.array(past), np.array(future)
    mu = past.mean(0) * center
    p, f = past - mu, future - future.mean(0) * center
    n = len(p) - center

    def root(c):
        values, vectors = np.linalg.eigh(c)
        return vectors @ np.diag(values**-0.5) @ vectors.T

    _, s, vt = np.linalg.svd(root(f.T @ f / n) @ (f.T @ p / n) @ root(p.T @ p / n))
    psi = vt[:rank] @ root(p.T @ p / n)
    psi *= np.sign(np.take_along_axis(psi, np.abs(psi).argmax(1)[:, None], 1))
    return psi.reshape(rank, memory, -1), mu.reshape(memory, -1), s[:rank]


def explicit_apply(y, psi, mu):
    units, memory, _ = psi.shape
    z = np.zeros((len(y), units))
    for t in range(len(y)):
        for lag in range(min(memory, t + 1)):
            z[t] += psi[:, lag, :] @ (y[t - lag] - mu[lag])
    return z


FIRST = {"memory": 5, "horizon": 4, "rank": 2, "gap": 1, "center": True}
SECOND = {"memory": 2, "horizon": 1, "rank": 4, "gap": 3, "center": False}


def explicit_network(movies, width, spacing, inputs):
    """Layer 1: unit 1 unrectified, unit 2 ON and OFF. Layer 2: chosen outputs at several positions, ON."""
    one = explicit_fit([m[:, [x]] for m in movies for x in range(m.shape[1])], **FIRST)

    def below(m):
        outputs = []
        for x in range(m.shape[1]):
            z = explicit_apply(m[:, [x]], *one[:2])
            outputs.append(np.stack([z[:, 0], np.maximum(z[:, 1], 0), np.maximum(-z[:, 1], 0)], axis=1))
        return outputs

    def fields(m):
        outputs = below(m)
        starts = range(len(outputs) - (width - 1) * spacing)
        return [
            np.concatenate([outputs[x + k * spacing][:, inputs] for k in range(width)], axis=1)
            for x in starts
        ]

    two = explicit_fit([f[FIRST["memory"] - 1 :] for m in movies for f in fields(m)], **SECOND)
    outputs = [
        np.stack([np.maximum(explicit_apply(f, *two[:2]), 0) for f in fields(m)], axis=1) for m in movies
    ]
    return one, two, [np.stack(below(m), axis=1) for m in movies], outputs


@pytest.fixture(scope="module")
def movies():
    one, two = movie(0), movie(1, time=180, pixels=7)
    one[60:62, 4] = np.nan
    return [one, two]


@pytest.mark.parametrize(("width", "spacing", "inputs"), [(3, 2, [0, 1]), (2, 1, [0, 1, 2]), (1, 1, [2, 0])])
def test_two_layers(movies, width, spacing, inputs):
    one, two, below, above = explicit_network(movies, width, spacing, inputs)
    rank = min(SECOND["rank"], width * len(inputs))
    first = ReSULayer(**FIRST, rectify=["none", "split"])
    second = ReSULayer(**SECOND | {"rank": rank}, rectify="on", width=width, spacing=spacing, inputs=inputs)
    network = lamina.ReSUNetwork([first, second]).fit(movies)

    assert network.valid_from_ == [4, 5]
    for unit, (psi, mu, sigma) in zip(network.layers_, (one, two), strict=True):
        np.testing.assert_allclose(unit.canonical_correlations_, sigma[: len(unit.filters_)], atol=1e-9)
        np.testing.assert_allclose(unit.filters_, psi[: len(unit.filters_)], atol=1e-6)
        np.testing.assert_allclose(unit.past_mean_, mu, atol=1e-9)
    for index, m in enumerate(movies):
        got = network.transform(m, layer=0)
        np.testing.assert_allclose(got, below[index], atol=1e-6)
        top = network.transform(m)
        assert top.shape[1] == network.positions(m.shape[1])[1]
        np.testing.assert_allclose(top, above[index][..., :rank], atol=1e-6)
        np.testing.assert_array_equal(network.transform(m, layer=1), top)
    for answer, m in zip(network.transform(movies), movies, strict=True):
        np.testing.assert_array_equal(answer, network.transform(m))


def test_a_gap_reaches_exactly_the_positions_and_samples_that_see_it(movies):
    network = lamina.ReSUNetwork([ReSULayer(5, 4, 1), ReSULayer(2, 1, 1, gap=3, width=2, spacing=3)]).fit(
        movies
    )
    gone = np.isnan(network.transform(movies[0], layer=0)).any(-1)
    expected = np.zeros_like(gone)
    expected[60:66, 4] = True  # samples 60 and 61 are missing, a window holds 5
    np.testing.assert_array_equal(gone, expected)
    gone = np.isnan(network.transform(movies[0])).any(-1)
    expected = np.zeros_like(gone)
    expected[60:67, [1, 4]] = True  # positions 1 and 4 look at pixel 4; one more sample of memory
    np.testing.assert_array_equal(gone, expected)


def test_torch_equals_numpy(movies):
    plan = [ReSULayer(**FIRST, rectify="split"), ReSULayer(**SECOND, width=2)]
    network = lamina.ReSUNetwork(plan).fit(movies)
    tensors = [torch.from_numpy(m) for m in movies]
    other = lamina.ReSUNetwork(plan).fit(tensors)
    for fitted in (network, other):
        top = fitted.transform(tensors[1])
        assert isinstance(top, torch.Tensor)
        np.testing.assert_allclose(top.numpy(), network.transform(movies[1]), atol=1e-7)
    assert network.transform(movies[1].astype(np.float32)).dtype == np.float32


def test_progress_runs_from_nothing_to_one_and_names_the_layer(movies):
    seen = []
    plan = [ReSULayer(**FIRST), ReSULayer(**SECOND, width=2)]
    lamina.ReSUNetwork(plan).fit(movies, progress=lambda fraction, words: seen.append((fraction, words)))
    fractions = [fraction for fraction, _ in seen]
    assert fractions == sorted(fractions)
    assert fractions[0] == 0
    assert fractions[-1] == 1
    assert {"learning layer 1 of 2", "learning layer 2 of 2"} <= {words for _, words in seen}


def test_a_movie_too_short_for_the_second_layer_is_said(movies):
    plan = [ReSULayer(5, 1, 1), ReSULayer(1, 1, 1, gap=5)]
    with pytest.warns(ShortTrialWarning, match="trials"):
        network = lamina.ReSUNetwork(plan).fit([movies[0], movies[1][:8]])
    np.testing.assert_allclose(network.layers_[1].n_windows_, 9 * (250 - 4 - 5) - 11)


def test_one_pixel_is_a_recording(movies):
    y = movies[1][:, 3]
    network = lamina.ReSUNetwork([ReSULayer(**FIRST, rectify="split")]).fit(y)
    unit = lamina.ReSU(**FIRST, rectify="split").fit(y)
    np.testing.assert_allclose(network.transform(y)[:, 0], unit.transform(y), atol=1e-10)


def test_the_order_of_movies_does_not_matter(movies):
    plan = [ReSULayer(**FIRST), ReSULayer(**SECOND, width=2)]
    one, other = lamina.ReSUNetwork(plan).fit(movies), lamina.ReSUNetwork(plan).fit(movies[::-1])
    np.testing.assert_allclose(one.transform(movies[1]), other.transform(movies[1]), atol=1e-7)
