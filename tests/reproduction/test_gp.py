"""Figs. 2C and 3A-C: filters of a Gaussian process that lose lobes with noise, and fits that converge."""

import json
from dataclasses import replace

import numpy as np
import pytest
from scipy.linalg import eigh

from lamina.errors import ArgumentError, DataError, ShapeError
from lamina.experiments.convergence import named
from lamina.experiments.gp import GP, GPConfig, count_lobes, run
from lamina.experiments.gp.run import _draw, population_filters
from lamina.experiments.gp.summary import claims, fitted_lobes, metrics, single_lobed_from
from lamina.resu import ReSU
from lamina.simulate import generate_gp_data


@pytest.fixture(scope="module")
def result():
    return run(GP.quick)


@pytest.mark.parametrize(
    ("noise", "expected"),
    [(0.01, (1.000, 0.992, 0.752)), (0.1, (0.998, 0.836, 0.244)), (0.4, (0.978, 0.510, 0.079))],
)
def test_the_population_is_an_eigenvalue_problem_of_the_kernel(result, noise, expected):
    # straight from the kernel, as a generalised eigenvalue problem: no whitening
    times = np.arange(150)
    joint = 1 / (1 + (times[:, None] - times) ** 2 / (2 * 50.0**2)) + noise**2 * np.eye(150)
    both = np.zeros_like(joint)
    both[:75, :75], both[75:, 75:] = joint[:75, :75], joint[75:, 75:]
    naive = eigh(joint, both, eigvals_only=True)[::-1][:3] - 1
    found = result.noises[noise].population.correlations[:3]
    np.testing.assert_allclose(found, naive, atol=1e-9)
    np.testing.assert_allclose(found, expected, atol=5e-4)


def test_lobes_fall_with_noise(result):
    counted = {
        noise: [count_lobes(each) for each in found.population.filters]
        for noise, found in result.noises.items()
    }
    assert counted == {0.01: [3, 4], 0.1: [3, 4], 0.4: [2, 3]}
    # with much noise the first filter is positive, and has one
    assert np.all(population_filters(GPConfig(), 50.0)[0] > 0)
    assert 0.4 < single_lobed_from(result) < 10
    # filters widen
    assert np.all(np.diff(result.centroids[:, 0]) > 0)


def test_errors_of_fits_fall_with_a_slope_of_minus_one_half(result):
    for found in result.noises.values():
        assert named(found.convergences, "moments").slope == pytest.approx(-0.5, abs=0.03)
        for name in ("moments", "correlations", "filters"):
            each = named(found.convergences, name)
            tolerance = 0.05 + 3 * each.slope_error
            assert each.slope == pytest.approx(-0.5, abs=tolerance)
            # and with the size that theory gives, which no fit sees
            assert each.ratio == pytest.approx(1, abs=0.05 if name == "moments" else 0.7)


def test_fits_are_those_of_the_estimator(result):
    recording = generate_gp_data(20_000, noise_sd=0.4, seed=5)
    fit = result.noises[0.4].population.compare(recording)
    unit = ReSU(75, 75, 2).fit(recording)
    np.testing.assert_allclose(fit.correlations[:2], unit.canonical_correlations_, rtol=1e-9)
    np.testing.assert_allclose(
        np.abs(fit.filters), np.abs(np.asarray(unit.filters_)[:, :, 0]), rtol=1e-6, atol=1e-9
    )


def test_latent_variables_are_white_and_smoother_than_the_noise(result):
    for noise, found in result.noises.items():
        np.testing.assert_allclose(found.latent_covariance, np.eye(2), atol=0.15)
        # the units are the filters over the trace: naive, at one time
        memory = result.config.memory
        window = found.trace[memory - 1 :: -1] if memory > 1 else found.trace[:1]
        np.testing.assert_allclose(
            found.latent[memory - 1], found.population.filters @ window[:memory], rtol=1e-6
        )
        rough = np.std(np.diff(found.trace)) / np.std(found.trace)
        assert np.std(np.diff(found.latent[:, 0])) / np.std(found.latent[:, 0]) < rough or noise == 0.01


def test_claims_metrics_and_folder(result, tmp_path):
    found = claims(result)
    assert [claim.statement for claim in found if claim.holds is False] == []
    assert sum(claim.holds is True for claim in found) >= 20
    stored = json.loads(json.dumps(metrics(result), allow_nan=False))
    assert stored["noises"]["0.4"]["population"]["lobes"] == [2, 3]
    assert fitted_lobes(result, 0.4).shape == (6, 4, 2)
    report = GP.write(result, tmp_path / "gp")
    assert "Perron" in report.read_text(encoding="utf-8")


def red(result):
    return [claim.statement for claim in claims(result) if claim.holds is False]


def test_claims_turn_red_where_the_numbers_are_off(result):
    found = result.noises[0.4]

    def changed(**parts):
        return replace(result, noises={**result.noises, 0.4: replace(found, **parts)})

    larger = [replace(each, errors=2.5 * each.errors) for each in found.convergences]
    assert [each.split(",")[0] for each in red(changed(convergences=larger))] == ["noise 0.4"] * 2
    slower = [replace(each, errors=each.errors * each.lengths**0.4) for each in found.convergences]
    assert sum("slope" in each for each in red(changed(convergences=slower))) == 3
    # the filters of another noise have other lobes
    swapped = {**result.noises, 0.4: replace(found, population=result.noises[0.01].population)}
    off = red(replace(result, noises=swapped))
    assert sum("of the population" in each for each in off) == 3
    assert sum("lobes" in each for each in off) == 2
    assert any("much noise" in each for each in red(replace(result, lobes=result.lobes + 1)))


def test_lobes_of_fits_and_where_one_lobe_stays(result):
    fitted = fitted_lobes(result, 0.1)
    expected = [count_lobes(each) for each in result.noises[0.1].population.filters]
    shares = metrics(result)["noises"]["0.1"]["fits"]["share_with_lobes_of_population"]
    np.testing.assert_allclose(shares, np.mean(fitted == np.array(expected), axis=0))
    # some have more lobes and some have fewer
    assert (fitted > expected).any()
    # one lobe for a while does not count
    lobes = np.full((len(result.lobe_noises), 2), 2)
    lobes[[1, -2, -1], 0] = 1
    assert single_lobed_from(replace(result, lobes=lobes)) == result.lobe_noises[-2]
    assert single_lobed_from(replace(result, lobes=np.full_like(lobes, 2))) is None


def test_recordings_are_not_each_others():
    config = GPConfig(n_seeds=2, lengths=(1000, 2000), length=2000, slope_from=1000, noises=(0.4,))
    draws = [_draw(config, *at) for at in ((0, 0, 500), (0, 1, 500), (1, 0, 500))]
    draws.append(_draw(replace(config, seed=1), 0, 0, 500))
    for part in range(2):
        one = np.corrcoef([np.diff(draw[part], n=2 - 2 * part) for draw in draws]) - np.eye(4)
        assert np.abs(one).max() < 0.9


def test_four_noises_and_one_recording_can_be_drawn(tmp_path):
    config = GPConfig(
        n_seeds=1, lengths=(1000, 2000), length=2000, slope_from=1000,
        noises=(0.01, 0.1, 0.2, 0.4), n_lobe_noises=3,
    )  # fmt: skip
    assert GP.write(run(config), tmp_path / "gp").exists()


@pytest.mark.parametrize(
    ("weights", "lobes"),
    [
        ([1.0], 1),
        ([-3.0, -1.0, -2.0], 1),
        ([1.0, -1.0, 1.0, -1.0], 4),
        # small ones neither make a lobe nor part one
        ([1.0, 0.04, -0.04, 0.3], 1),
        ([1.0, 0.0, 0.3, 0.0, -0.3], 2),
        # at the threshold is not above it
        ([1.0, -0.05], 1),
        ([1.0, -0.0501], 2),
        ([0.05, -1.0, -0.06, 0.06], 2),
    ],
)
def test_lobes(weights, lobes):
    assert count_lobes(weights) == lobes
    # no sign, no scale, no direction of time
    assert count_lobes(-1e-9 * np.array(weights)[::-1]) == lobes


def test_lobes_of_a_cosine_are_its_half_periods():
    time = np.arange(300)
    assert [count_lobes(np.cos(2 * np.pi * time / period)) for period in (60, 100, 1000)] == [11, 7, 2]
    assert count_lobes(np.exp(-time / 50) * np.cos(2 * np.pi * time / 60), threshold=0.5) == 2
    assert count_lobes([1.0, -0.4], threshold=0.5) == 1


def test_what_has_no_lobes():
    for weights, error in (
        ([], ShapeError),
        ([[1.0]], ShapeError),
        ([0.0, 0.0], DataError),
        ([np.nan], DataError),
    ):
        with pytest.raises(error):
            count_lobes(weights)
    with pytest.raises(ArgumentError):
        count_lobes([1.0], threshold=1.0)


@pytest.mark.parametrize(
    "wrong",
    [
        {"seed": -1}, {"n_seeds": 0}, {"memory": 2}, {"noises": (0.4, 0.1)}, {"noises": ()},
        {"noises": (0.0,)}, {"noises": (0.1, 0.2, 0.3, 0.4, 0.5)},
        {"lengths": (1000, 500)}, {"lengths": ()}, {"lengths": (1000, "many")}, {"most_noise": 0.005},
        {"length": 17}, {"slope_from": 10**7}, {"alpha": 0.0}, {"n_lobe_noises": 1},
    ],
)  # fmt: skip
def test_settings_that_cannot_be(wrong):
    with pytest.raises(ArgumentError):
        GPConfig(**wrong)


@pytest.mark.slow
def test_the_full_run():
    found = GP.reproduce(None)
    assert [claim.statement for claim in found.claims if claim.holds is False] == []
    for each in found.metrics["noises"].values():
        assert -0.52 < each["convergence"]["moments"]["slope"] < -0.48
