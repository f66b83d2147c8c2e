"""Fig. 2B: a system whose answer is known, and fits that converge to it as 1/√T."""

import json
from dataclasses import replace

import numpy as np
import pytest

from lamina.errors import ArgumentError
from lamina.experiments.convergence import named
from lamina.experiments.ou import OU, OUConfig, run
from lamina.experiments.ou.observer import kalman_filters, subspace_cosines
from lamina.experiments.ou.summary import claims, metrics
from lamina.simulate import OUSystem

QUICK = OUConfig(n_seeds=6, lengths=(1000, 10_000, 100_000, 300_000), n_draws=100)


@pytest.fixture(scope="module")
def result():
    return run(QUICK)


def test_the_population_has_three_correlations(result):
    np.testing.assert_allclose(result.population.correlations[:3], [0.3757, 0.2214, 0.0485], atol=5e-5)
    np.testing.assert_allclose(result.population.correlations[3:], 0, atol=1e-6)


def test_the_population_is_what_kalman_filters_of_past_and_future_give():
    # no covariance of lag vectors: the states, whitened, as they are known from the past and from the future;
    # given the state they have nothing to do with each other
    system = OUSystem()
    A, C, r = system.transition, system.readout[None, :], system.observation_variance
    P = system.stationary_covariance
    Q = system.drive @ system.drive.T
    backwards = P @ A.T @ np.linalg.inv(P)

    def known(transition, noise):
        error = P
        for _ in range(25):
            error = error - error @ C.T @ C @ error / (C @ error @ C.T + r)
            error = transition @ error @ transition.T + noise
        return P - error

    past = known(A, Q)
    # the future begins at the state itself: one step less
    behind = known(backwards, P - backwards @ P @ backwards.T)
    future = np.linalg.solve(backwards, np.linalg.solve(backwards, behind).T).T
    squares = np.linalg.eigvals(np.linalg.solve(P, past) @ np.linalg.solve(P, future))
    np.testing.assert_allclose(np.sort(np.sqrt(squares.real))[::-1], [0.3757, 0.2214, 0.0485], atol=5e-5)


def test_errors_of_fits_fall_with_a_slope_of_minus_one_half(result):
    for name, allowed in (("moments", 0.03), ("filters", 0.06), ("correlations", 0.2)):
        found = named(result.convergences, name)
        assert found.slope == pytest.approx(-0.5, abs=allowed)
        # and with the size that theory gives, which no fit sees
        assert found.rms[1:] == pytest.approx(found.theory[1:], rel=0.6 if name == "correlations" else 0.2)


def test_short_recordings_are_biased_as_theory_says(result):
    count = len(result.sweep.correlations)
    windows = 1000 - 2 * 25 + 1
    missed = result.sweep.correlations[:, 0, :2] - result.population.correlations[:2]
    error = result.theory.correlation_sd[:2] / np.sqrt(windows * count)
    assert np.all(np.abs(missed.mean(axis=0) - result.bias[:2] / windows) < 3 * error)
    # it is there, and it is taken off before errors are compared with theory
    assert np.all(missed.mean(axis=0) > 2 * error)
    found = named(result.convergences, "correlations")
    assert found.rms[0] < 1.5 * found.theory[0]


def test_units_come_to_span_what_the_optimal_observer_does(result):
    sines = np.sqrt(1 - result.state_cosines**2).mean(axis=0)
    assert result.observer_cosines.min() > 1 - 1e-5
    # the first at once, the third, whose correlation is 0.05, last
    assert sines[0, 0] < 0.6
    assert sines[0, 2] > 0.9
    assert sines[-1, 2] < 0.35


def test_the_observer_foresees_the_states():
    # against the projection of the next state on the past, from the covariances
    system, memory = OUSystem(), 80
    A, C, P = system.transition, system.readout, system.stationary_covariance
    powers = [np.linalg.matrix_power(A, lag) for lag in range(memory + 1)]
    R = np.array([C @ power @ P @ C for power in powers])
    lags = np.arange(memory)
    past = R[np.abs(lags[:, None] - lags)] + system.observation_variance * np.eye(memory)
    cross = np.array([powers[lag + 1] @ P @ C for lag in lags]).T
    expected = np.linalg.solve(past, cross.T).T
    np.testing.assert_allclose(kalman_filters(system, memory), expected, atol=1e-8)
    assert subspace_cosines(expected, 2 * expected[::-1], past) == pytest.approx(np.ones(3))


def test_spurious_correlations_are_as_large_as_theory_says(result):
    at = list(result.sweep.lengths).index(100_000)
    found = result.sweep.correlations[:, at, 3].mean()
    # 0.03 for white noise (specification); here the same
    assert found == pytest.approx(result.theory.spurious[:, 0].mean() / np.sqrt(1e5), rel=0.2)
    assert found == pytest.approx(0.03, abs=0.008)


def test_claims_metrics_and_folder(result, tmp_path):
    found = claims(result)
    assert [claim.statement for claim in found if claim.holds is False] == []
    assert sum(claim.holds is True for claim in found) >= 12
    stored = json.loads(json.dumps(metrics(result), allow_nan=False))
    assert stored["convergence"]["moments"]["slope"] == named(result.convergences, "moments").slope
    report = OU.write(result, tmp_path / "ou")
    assert "Lyapunov" in report.read_text(encoding="utf-8")


def test_it_repeats_itself():
    config = OUConfig(n_seeds=1, lengths=(1000, 2000), length=2000, slope_from=1000, n_draws=1)
    once, again, other = (run(each) for each in (config, config, replace(config, seed=1)))
    np.testing.assert_array_equal(once.sweep.correlations, again.sweep.correlations)
    assert np.abs(once.sweep.correlations - other.sweep.correlations).max() > 1e-3
    json.dumps(metrics(once), allow_nan=False)


@pytest.mark.parametrize(
    "wrong",
    [
        {"seed": -1},
        {"n_seeds": 0},
        {"memory": 3},
        {"lengths": (1000, 500)},
        {"length": 17},
        {"slope_from": 10**7},
    ],
)
def test_settings_that_cannot_be(wrong):
    with pytest.raises(ArgumentError):
        OUConfig(**wrong)


@pytest.mark.slow
def test_the_full_run():
    found = OU.reproduce(None)
    assert [claim.statement for claim in found.claims if claim.holds is False] == []
    assert -0.52 < found.metrics["convergence"]["moments"]["slope"] < -0.48
