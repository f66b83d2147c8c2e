"""The same numbers from NumPy, torch and the strictest reading of the array standard, in either precision."""

import array_api_strict
import numpy as np
import pytest
import torch

import lamina
from lamina.linalg import inverse_sqrt
from lamina.resu.projection import expand, project
from lamina.resu.rectification import recombine, rectify
from lamina.stats import (
    LagMoments,
    causal_filter,
    lag_vectors,
    predictive_information,
    projection_information,
    truncated_cca,
)

DEVICES = [
    pytest.param("cpu", id="cpu"),
    pytest.param(
        "cuda",
        id="cuda",
        marks=pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device here"),
    ),
]
ARRAYS = (
    "filters_",
    "future_filters_",
    "canonical_correlations_",
    "singular_values_",
    "past_mean_",
    "future_mean_",
    "forecast_",
    "reconstruction_",
)


def signal(seed=0, samples=500, channels=3, gaps=True):
    rng = np.random.default_rng(seed)
    y = rng.standard_normal((samples, channels))
    for t in range(2, samples):
        y[t] += 0.8 * y[t - 1] - 0.3 * y[t - 2] + 0.1 * y[t - 2][::-1]
    y += np.arange(1, channels + 1)
    if gaps:
        y[[0, 200, 201, -1], [0, 1, 2, 0]] = np.nan
    return y


def relative(found, expected):
    found = np.asarray(found.detach().cpu() if isinstance(found, torch.Tensor) else found, dtype=float)
    return np.nanmax(np.abs(found - np.asarray(expected))) / max(1e-300, np.nanmax(np.abs(expected)))


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("precision", ["float64", "float32"])
@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"center": False, "gap": 3},
        {"objective": "rrr"},
        {"objective": "pca"},
        {"ridge": 0.1},
        {"half_life": 150.0},
        {"rectify": ["none", "on", "split"]},
        {"rectify": "split"},
    ],
    ids=str,
)
def test_a_unit_is_the_same_in_torch(parameters, precision, device):
    y = signal().astype(precision)
    tensor = torch.from_numpy(y.copy()).to(device)
    expected = lamina.ReSU(6, 4, 3, **parameters).fit(y)
    unit = lamina.ReSU(6, 4, 3, **parameters).fit(tensor)
    # sums are in float64 whatever comes in; filters carry the conditioning of the covariance, here below 1e4
    for name in ARRAYS:
        found = getattr(unit, name)
        assert isinstance(found, torch.Tensor)
        assert found.dtype == torch.float64
        assert found.device.type == device
        assert relative(found, getattr(expected, name)) < 1e-11, name
    assert isinstance(unit.predictive_information_, float)
    np.testing.assert_allclose(unit.predictive_information_, expected.predictive_information_, rtol=1e-11)
    np.testing.assert_allclose(unit.score(tensor), expected.score(y), rtol=1e-10)
    resolution = np.finfo(precision).eps
    for fitted in (unit, expected):  # a unit fitted in one library serves the other
        for method in ("transform", "predict"):
            found, right = getattr(fitted, method)(tensor), getattr(expected, method)(y)
            assert found.dtype == tensor.dtype
            assert found.device == tensor.device
            assert right.dtype == y.dtype
            np.testing.assert_array_equal(np.isnan(found.cpu().numpy()), np.isnan(right))
            assert relative(found, right) < 8 * resolution + 1e-11, method
    if not {"on"} & set(expected.modes_):
        z = unit.transform(tensor)
        assert relative(unit.inverse_transform(z), expected.inverse_transform(z.cpu().numpy())) < (
            8 * resolution + 1e-11
        )
    assert torch.equal(torch.isnan(tensor), torch.isnan(torch.from_numpy(y).to(device)))


@pytest.mark.parametrize("device", DEVICES)
def test_float32_costs_no_more_than_its_own_rounding(device):
    # against the same values in float64: sums are in float64, so only the outputs are rounded
    y = signal(1, gaps=False).astype(np.float32)
    exact = lamina.ReSU(6, 4, 3).fit(y.astype(np.float64))
    for recording in (y, torch.from_numpy(y).to(device)):
        unit = lamina.ReSU(6, 4, 3).fit(recording)
        assert relative(unit.filters_, exact.filters_) < 1e-11
        rounding = np.finfo(np.float32).eps
        assert relative(unit.transform(recording), exact.transform(y.astype(np.float64))) <= rounding
        assert relative(unit.predict(recording), exact.predict(y.astype(np.float64))) <= rounding


@pytest.mark.parametrize("device", DEVICES)
def test_chunks_trials_and_partners_in_torch(device):
    y, response = signal(2), signal(3)
    expected = lamina.ReSU(3, 2, 2).fit([y, y[:90]], future_of=[response, response[:90]])
    unit = lamina.ReSU(3, 2, 2)
    for piece, partner in zip(np.split(y, [1, 170, 171]), np.split(response, [1, 170, 171]), strict=True):
        unit.partial_fit(torch.from_numpy(piece).to(device), future_of=torch.from_numpy(partner).to(device))
    unit.end_trial().partial_fit(
        torch.from_numpy(y[:90]).to(device), future_of=torch.from_numpy(response[:90]).to(device)
    )
    for name in ARRAYS:
        assert relative(getattr(unit, name), getattr(expected, name)) < 1e-10, name


@pytest.mark.parametrize("device", DEVICES)
def test_a_network_in_torch(device):
    layers = [
        lamina.resu.ReSULayer(4, 3, 2, rectify="split"),
        lamina.resu.ReSULayer(2, 1, 3, gap=2, width=2, center=False),
    ]
    movie = signal(4, channels=5, gaps=False)
    expected = lamina.ReSUNetwork(layers).fit(movie)
    tensor = torch.from_numpy(movie).to(device)
    found = lamina.ReSUNetwork(layers).fit(tensor).transform(tensor)
    assert found.device == tensor.device
    assert relative(found, expected.transform(movie)) < 1e-9


def strict(array):
    return array_api_strict.asarray(np.asarray(array))


def plain(array):
    assert type(array) is array_api_strict._array_object.Array
    return np.asarray(array)


@pytest.mark.parametrize("precision", ["float64", "float32"])
@pytest.mark.parametrize("half_life", [None, 80.0])
def test_the_strict_standard_suffices_for_moments_and_directions(precision, half_life):
    y = signal(5).astype(precision)
    ours = LagMoments(5, 3, 2, 3, half_life=half_life)
    theirs = LagMoments(5, 3, 2, 3, half_life=half_life)
    for piece in np.split(y, [40, 41, 300]):
        ours.update(piece), theirs.update(strict(piece))
    for center in (True, False):
        expected, found = ours.covariances(center), theirs.covariances(center)
        for name in ("past", "future", "cross", "past_mean", "future_mean"):
            np.testing.assert_allclose(
                plain(getattr(found, name)), getattr(expected, name), rtol=0, atol=1e-12
            )
        for objective in ("cca", "rrr", "pca"):
            one = truncated_cca(expected.past, expected.future, expected.cross, 3, objective=objective)
            other = truncated_cca(found.past, found.future, found.cross, 3, objective=objective)
            np.testing.assert_allclose(plain(other.past_filters), one.past_filters, rtol=0, atol=1e-9)
            np.testing.assert_allclose(plain(other.future_filters), one.future_filters, rtol=0, atol=1e-9)
            np.testing.assert_allclose(
                predictive_information(np.asarray(other.canonical_correlations)),
                predictive_information(one.canonical_correlations),
                rtol=1e-9,
            )
        whitening, rank = inverse_sqrt(found.past)
        assert rank == 15
        np.testing.assert_allclose(
            plain(whitening) @ expected.past @ plain(whitening).T, np.eye(15), rtol=0, atol=1e-10
        )
        cross = plain(found.cross)[:, :2].T
        np.testing.assert_allclose(
            projection_information(found.past[:2, :2], strict(cross), found.future),
            projection_information(expected.past[:2, :2], expected.cross[:, :2].T, expected.future),
            rtol=1e-9,
        )


@pytest.mark.parametrize("gaps", [False, True])
@pytest.mark.parametrize("memory", [4, 90, 300])
def test_the_strict_standard_suffices_for_filtering(memory, gaps):
    rng = np.random.default_rng(6)
    y, filters = signal(7, gaps=gaps), rng.standard_normal((2, memory, 3))
    np.testing.assert_allclose(
        plain(causal_filter(strict(y), strict(filters))), causal_filter(y, filters), rtol=0, atol=1e-9
    )
    mean = rng.standard_normal((memory, 3))
    z = project(y[None], filters, mean)
    found = project(strict(y[None]), strict(filters), strict(mean))
    np.testing.assert_allclose(plain(found), z, rtol=0, atol=1e-9)
    found = project(strict(y[None]), strict(filters), strict(mean), array_api_strict.float32)
    np.testing.assert_allclose(plain(found), z.astype(np.float32), rtol=1e-6, atol=1e-6)
    modes = ["none", "split"]
    outputs = rectify(strict(z[0]), modes)
    np.testing.assert_array_equal(plain(outputs), rectify(z[0], modes))
    np.testing.assert_array_equal(plain(recombine(outputs, modes)), recombine(rectify(z[0], modes), modes))
    weights = rng.standard_normal((3 * memory, 2))
    np.testing.assert_allclose(
        plain(expand(strict(z[0]), strict(weights), strict(mean))),
        expand(z[0], weights, mean),
        rtol=0,
        atol=1e-9,
    )


def test_the_strict_standard_suffices_for_lag_vectors():
    for found, expected in zip(
        lag_vectors(strict(signal(8)), 3, 2, 2), lag_vectors(signal(8), 3, 2, 2), strict=True
    ):
        np.testing.assert_array_equal(plain(found), expected)


@pytest.mark.parametrize("gaps", [False, True])
@pytest.mark.parametrize("parameters", [{}, {"rectify": "split", "gap": 2}, {"center": False, "ridge": 0.1}])
def test_the_strict_standard_suffices_for_a_unit(parameters, gaps):
    y = signal(9, gaps=gaps)
    expected = lamina.ReSU(4, 3, 2, **parameters).fit(y)
    unit = lamina.ReSU(4, 3, 2, **parameters).fit(strict(y))
    for name in ARRAYS:
        np.testing.assert_allclose(plain(getattr(unit, name)), getattr(expected, name), rtol=0, atol=1e-8)
    np.testing.assert_allclose(unit.score(strict(y)), expected.score(y), rtol=1e-9)
    for precision in (array_api_strict.float64, array_api_strict.float32):
        recording = array_api_strict.astype(strict(y), precision)
        rounded = np.asarray(recording)
        tolerance = 1e-8 if precision is array_api_strict.float64 else 1e-5
        z = unit.transform(recording)
        pairs = [(z, expected.transform(rounded)), (unit.predict(recording), expected.predict(rounded))]
        pairs.append((unit.inverse_transform(z), expected.inverse_transform(pairs[0][1])))
        for found, right in pairs:
            assert found.dtype == precision
            np.testing.assert_allclose(plain(found), right, rtol=0, atol=tolerance)
    # several trials, and a unit that was fitted in another library
    for found, right in zip(
        expected.transform([strict(y), strict(y)]), [expected.transform(y)] * 2, strict=True
    ):
        np.testing.assert_allclose(plain(found), right, rtol=0, atol=1e-12)
