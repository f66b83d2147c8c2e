"""Information is Eq. 8, finite, in the unit asked for."""

import jaxtyping
import mpmath
import numpy as np
import pytest
import torch

from lamina.errors import ArgumentError, ArgumentTypeError, ClippedInformationWarning, DataError, ShapeError
from lamina.stats import predictive_information, projection_information


@pytest.mark.parametrize("correlations", [[0.0], [1e-9], [0.3, 0.2], [0.999999999, 0.5, 0.0], [1 - 1e-11]])
def test_eq_8_in_many_digits(correlations):
    with mpmath.workdps(60):
        expected = float(-mpmath.fsum(mpmath.log(1 - mpmath.mpf(value) ** 2) for value in correlations) / 2)
    found = predictive_information(np.array(correlations))
    assert type(found) is float
    np.testing.assert_allclose(found, expected, rtol=1e-15)
    in_bits = predictive_information(torch.tensor(correlations, dtype=torch.float64), unit="bits")
    np.testing.assert_allclose(in_bits, expected / np.log(2), rtol=1e-15)


def test_no_directions_carry_no_information():
    assert predictive_information(np.zeros(0)) == 0


def test_a_perfect_correlation_is_clipped_and_reported():
    with pytest.warns(ClippedInformationWarning, match=r"1 canonical correlation\(s\) of 1"):
        found = predictive_information(np.array([1.0, 0.0]))
    np.testing.assert_allclose(found, -0.5 * np.log(2e-12), rtol=1e-4)


def test_clipping_is_reported_for_projections_too():
    with pytest.warns(ClippedInformationWarning):
        projection_information(np.eye(1), np.ones((1, 1)), np.eye(1))


def test_information_is_that_of_gaussian_entropies_and_blind_to_invertible_maps():
    rng = np.random.default_rng(0)
    data = rng.standard_normal((500, 5)) @ rng.standard_normal((5, 5))
    joint = np.cov(data, rowvar=False)
    C_zz, C_zf, C_ff = joint[:2, :2], joint[:2, 2:], joint[2:, 2:]
    log_determinants = [np.linalg.slogdet(block)[1] for block in (C_zz, C_ff, joint)]
    expected = 0.5 * (log_determinants[0] + log_determinants[1] - log_determinants[2])
    np.testing.assert_allclose(projection_information(C_zz, C_zf, C_ff), expected, rtol=1e-9)
    A = np.array([[1e6, 1.0], [0.0, 1e-3]])
    np.testing.assert_allclose(projection_information(A @ C_zz @ A.T, A @ C_zf, C_ff), expected, rtol=1e-6)


def test_a_projection_that_does_not_vary_tells_nothing():
    assert projection_information(np.zeros((1, 1)), np.zeros((1, 2)), np.eye(2)) == 0


@pytest.mark.parametrize(
    ("correlations", "unit", "kind", "words"),
    [
        ([1.1], "nats", DataError, "numbers from 0 to 1, got 1.1"),
        ([-0.1], "nats", DataError, "from 0 to 1"),
        ([float("nan")], "nats", DataError, "nan"),
        ([[0.5]], "nats", ShapeError, r"of shape \(r,\), got shape \(1, 1\)"),
        ("high", "nats", ArgumentTypeError, "row of numbers"),
        ([0.5], "bit", ArgumentError, "Did you mean 'bits'"),
    ],
)
def test_bad_correlations_are_named(correlations, unit, kind, words, monkeypatch):
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)
    with pytest.raises(kind, match=words):
        predictive_information(correlations, unit)


def test_shapes_that_do_not_fit_are_named():
    with pytest.raises(ShapeError, match=r"C_zf must be of shape \(projection, future\) = \(1, 2\)"):
        projection_information(np.eye(1), np.zeros((2, 1)), np.eye(2))
