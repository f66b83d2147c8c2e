"""Fig. 2B: a system whose answer is known, and fits that converge to it as 1/√T."""

import copy
import json
from dataclasses import replace

import numpy as np
import pytest

from lamina.errors import ArgumentError
from lamina.experiments.convergence import named
from lamina.experiments.ou import OU, OUConfig, run
from lamina.experiments.ou.observer import (
    kalman_filters,
    subspace_cosines,
    subspace_sines,
    windowed_kalman_filters,
)
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
    assert result.observer_sines.max() < 1e-9
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
    # one that has seen little more than there are states is not yet steady, and is exact nonetheless
    memory = 4
    few = np.linalg.solve(past[:memory, :memory], cross[:, :memory].T).T
    np.testing.assert_allclose(windowed_kalman_filters(system, memory), few, atol=1e-12)
    assert np.abs(kalman_filters(system, memory) - few).max() > 1e-4


def test_sines_and_cosines_are_those_of_the_same_angles():
    rng = np.random.default_rng(0)
    one, other = rng.standard_normal((2, 3, 8))
    covariance = np.cov(rng.standard_normal((8, 50)))
    sines, cosines = (each(one, other, covariance) for each in (subspace_sines, subspace_cosines))
    np.testing.assert_allclose(sines**2 + cosines**2, 1.0)
    # far below the root of rounding, where a cosine tells nothing
    tilted = one + 1e-11 * other
    assert 1e-13 < subspace_sines(one, tilted, covariance).max() < 1e-9


def red(result):
    return [claim.statement for claim in claims(result) if claim.holds is False]


def test_claims_turn_red_where_the_numbers_are_off(result):
    sweep, at = result.sweep, list(result.sweep.lengths).index(100_000)
    windows = sweep.lengths - 49
    count = len(sweep.correlations)
    # five standard errors to one side of what theory says
    moved = sweep.correlations.copy()
    for unit in range(2):
        expected = result.population.correlations[unit] + result.bias[unit] / windows[at]
        moved[:, at, unit] += expected - moved[:, at, unit].mean()
        moved[:, at, unit] += 5 * result.theory.correlation_sd[unit] / np.sqrt(windows[at] * count)
    assert [each[:7] for each in red(replace(result, sweep=replace(sweep, correlations=moved)))] == [
        "mean σ₁", "mean σ₂"
    ]  # fmt: skip
    theory = replace(result.theory, spurious=1.4 * result.theory.spurious)
    assert [each[:2] for each in red(replace(result, theory=theory))] == ["σ₄"]
    larger = [replace(each, errors=3 * each.errors) for each in result.convergences]
    assert [each[:11] for each in red(replace(result, convergences=larger))] == ["error of σ₁", "error of σ₂"]
    slower = [replace(each, errors=each.errors * sweep.lengths**0.3) for each in result.convergences]
    assert sum("slope" in each for each in red(replace(result, convergences=slower))) == 3
    population = copy.copy(result.population)
    population.correlations = result.population.correlations + 1e-4 * (np.arange(25) < 4)
    found = red(replace(result, population=population))
    assert sum("canonical correlation" in each for each in found) == 3
    assert sum("as many directions" in each for each in found) == 1
    assert any("span" in each for each in red(replace(result, observer_sines=result.observer_sines + 1e-5)))


def test_the_published_fit_is_set_beside_theory_for_its_length(result):
    claim = next(each for each in claims(result) if "10⁶" in each.statement)
    count = 10**6 - 49
    expected = result.population.correlations[:3] + result.bias / count
    sd = result.theory.correlation_sd / np.sqrt(count)
    scores = np.abs(np.array([0.3765, 0.2227, 0.0495]) - expected) / sd
    assert claim.ours == f"{scores.max():.2f}"


def test_one_recording_has_no_spread():
    found = claims(run(OUConfig(n_seeds=1, lengths=(1000, 2000), length=2000, slope_from=1000, n_draws=1)))
    assert not [claim.ours for claim in found if "± 0.0000" in claim.ours]


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
        {"lengths": ()},
        {"lengths": (1000, "many")},
        {"slope_from": "early"},
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
