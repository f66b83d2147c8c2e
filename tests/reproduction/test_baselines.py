"""CCA beside other ways of choosing filters: what theory promises, and what recordings show."""

import json
from dataclasses import replace

import numpy as np
import pytest
from scipy.linalg import toeplitz
from sklearn.linear_model import LinearRegression, Ridge

from lamina import ReSU
from lamina.errors import ArgumentError
from lamina.experiments.baselines import BASELINES, BaselinesConfig, run
from lamina.experiments.baselines.methods import (
    CCA,
    METHODS,
    PCA,
    RIDGE,
    RRR,
    SLOW,
    best_forecast,
    forecast_error,
    information,
    learn,
    population_moments,
    ridge_coefficients,
    sample_moments,
)
from lamina.experiments.baselines.run import (
    GP,
    OU,
    PROCESSES,
    SCENES,
    _gaussian_process,
    _linear_system,
    _photographs,
    choose_penalty,
)
from lamina.experiments.baselines.summary import claims, forecast_lead, information_lead, metrics
from lamina.experiments.natural_scenes import load_scenes
from lamina.simulate import generate_ou_process, ou_autocovariance


@pytest.fixture(scope="module")
def result():
    return run(BaselinesConfig(n_seeds=1, n_samples=30_000, lengths=(1_000, 10_000), row_step=16))


def windows(trial, memory, horizon):
    """Past, newest first, and future of every window."""
    whole = np.lib.stride_tricks.sliding_window_view(trial, memory + horizon)
    return whole[:, :memory][:, ::-1], whole[:, memory:]


def information_of_determinants(psi, past, future, cross):
    joint = np.block([[psi @ past @ psi.T, psi @ cross.T], [cross @ psi.T, future]])
    parts = (np.linalg.slogdet(part)[1] for part in (psi @ past @ psi.T, future, joint))
    return 0.5 * (next(parts) + next(parts) - next(parts))


def error_of_normal_equations(psi, moments):
    toward = moments.cross @ psi.T
    explained = np.trace(toward @ np.linalg.inv(psi @ moments.past @ psi.T) @ toward.T)
    return 1 - explained / np.trace(moments.future)


@pytest.mark.parametrize("rank", [1, 2, 3])
def test_no_projection_that_a_search_finds_keeps_more_or_forecasts_better(rank):
    moments = population_moments(ou_autocovariance(13), 6, 6)
    parts = (moments.past, moments.future, moments.cross)
    rng = np.random.default_rng(rank)
    most = information_of_determinants(learn(CCA, moments)[:rank], *parts)
    least = error_of_normal_equations(learn(RRR, moments)[:rank], moments)
    assert information(learn(CCA, moments)[:rank], moments) == pytest.approx(most, abs=1e-10)
    goals = (
        (lambda psi: information_of_determinants(psi, *parts), most),
        (lambda psi: -error_of_normal_equations(psi, moments), -least),
    )
    for gain, best in goals:
        found = -np.inf
        for _ in range(8):
            psi = rng.standard_normal((rank, 6))
            value, step = gain(psi), 1.0
            for _ in range(500):
                other = psi + step * rng.standard_normal(psi.shape)
                if gain(other) > value:
                    psi, value = other, gain(other)
                    step *= 1.3
                step *= 0.98
            found = max(found, value)
        assert found <= best + 1e-10
        # the search is a fair rival: it comes close
        assert found > best - 0.02 * abs(best)


def test_at_full_rank_all_methods_are_one_regression():
    rng = np.random.default_rng(0)
    trial = np.convolve(rng.standard_normal(3000), [1.0, 0.8, 0.3, -0.2, 0.4])
    moments = sample_moments([trial], 4, 4)
    past, future = windows(trial[1:], 4, 4)  # one sample more of past is needed to see it change
    fitted = LinearRegression().fit(past, future)
    residual = np.sum((future - fitted.predict(past)) ** 2) / np.sum((future - future.mean(axis=0)) ** 2)
    full = information_of_determinants(np.eye(4), moments.past, moments.future, moments.cross)
    for method in METHODS:
        filters = learn(method, moments, penalty=0.01)
        assert filters.shape == (4, 4)
        assert information(filters, moments) == pytest.approx(full, rel=1e-9)
        forecast = best_forecast(filters, moments)
        np.testing.assert_allclose(forecast, fitted.coef_, rtol=1e-8, atol=1e-10)
        assert forecast_error(forecast, moments, moments) == pytest.approx(residual, rel=1e-9)


def test_three_states_are_all_that_the_linear_system_has_and_pca_misses_some():
    memory = 25
    autocovariance = ou_autocovariance(2 * memory + 1)
    moments = population_moments(autocovariance, memory, memory)
    whole = toeplitz(autocovariance[: 2 * memory])
    half = np.linalg.slogdet(whole[:memory, :memory])[1]
    total = 0.5 * (2 * half - np.linalg.slogdet(whole)[1])
    assert total == pytest.approx(0.1024, abs=5e-5)
    for method in (CCA, RRR, RIDGE):
        assert information(learn(method, moments)[:3], moments) == pytest.approx(total, rel=1e-6)
    assert len(learn(PCA, moments)) == 3
    assert information(learn(PCA, moments), moments) < 0.97 * total


def test_forecasts_are_judged_on_recordings_with_means_of_their_own():
    rng = np.random.default_rng(1)
    train, test = (np.cumsum(rng.standard_normal(400)) for _ in range(2))
    learned, judged = sample_moments([train], 3, 2), sample_moments([test], 3, 2)
    psi = learn(CCA, learned)[:1]
    past, future = windows(train[1:], 3, 2)
    regression = LinearRegression().fit(past @ psi.T, future)
    past, future = windows(test[1:], 3, 2)
    wrong = np.sum((future - regression.predict(past @ psi.T)) ** 2)
    spread = np.sum((future - future.mean(axis=0)) ** 2)
    count = len(future)
    # moments are normalised by N - 1, the offset of the means is not
    naive = (wrong - count * _offset(regression, past @ psi.T, future)) / spread
    naive += (count - 1) * _offset(regression, past @ psi.T, future) / spread
    assert forecast_error(best_forecast(psi, learned), learned, judged) == pytest.approx(naive, rel=1e-9)
    assert naive > forecast_error(best_forecast(psi, learned), learned, learned)


def _offset(regression, outputs, future):
    return np.sum((future.mean(axis=0) - regression.predict(outputs).mean(axis=0)) ** 2)


def test_ridge_is_that_of_scikit_learn():
    trial = generate_ou_process(800, seed=2)
    moments = sample_moments([trial], 5, 4)
    past, future = windows(trial[1:], 5, 4)
    alpha = 0.3 * np.trace(moments.past) / 5 * (len(past) - 1)
    fitted = Ridge(alpha=alpha).fit(past, future)
    np.testing.assert_allclose(ridge_coefficients(moments, 0.3), fitted.coef_, rtol=1e-8)
    right = np.linalg.svd(fitted.coef_)[2][:4]
    cosines = np.abs(np.sum(learn(RIDGE, moments, 0.3) * right, axis=1))
    np.testing.assert_allclose(cosines, 1.0, rtol=1e-6)


def test_slow_features_change_least():
    trial = generate_ou_process(2000, seed=3)
    moments = sample_moments([trial], 5, 4)
    # the windows that have a predecessor and a future
    past = np.lib.stride_tricks.sliding_window_view(trial[:-4], 6)[:, ::-1]
    change = np.cov((past[:, :-1] - past[:, 1:]).T)
    np.testing.assert_allclose(moments.change, change, rtol=1e-9, atol=1e-12)
    filters = learn(SLOW, moments)
    outputs = filters @ np.cov(past[:, :-1].T) @ filters.T
    np.testing.assert_allclose(outputs, np.eye(5), atol=1e-9)
    speed = np.diag(filters @ change @ filters.T)
    assert np.all(np.diff(speed) > 0)
    rng = np.random.default_rng(4)
    for psi in rng.standard_normal((200, 5)):
        assert psi @ change @ psi / (psi @ moments.past @ psi) >= speed[0]


@pytest.mark.parametrize(("method", "objective"), [(CCA, "cca"), (RRR, "rrr"), (PCA, "pca")])
def test_three_of_them_are_objectives_of_the_unit(method, objective):
    trial = generate_ou_process(3000, seed=5)
    unit = ReSU(4, 4, 2, objective=objective).fit(trial[1:])
    filters = learn(method, sample_moments([trial], 4, 4))[:2]
    np.testing.assert_allclose(filters, np.asarray(unit.filters_)[:, :, 0], rtol=1e-6)


def test_a_penalty_is_chosen_where_samples_are_few():
    rng = np.random.default_rng(6)
    noise = rng.standard_normal(300)
    assert choose_penalty([noise], 30, 30, (0.0, 1.0, 10.0)) == 10.0
    assert choose_penalty([generate_ou_process(40_000, seed=6)], 5, 5, (0.0, 1.0, 10.0)) == 0.0


def test_theory_holds_on_every_process_and_cca_leads_on_other_recordings(result):
    assert tuple(result.processes) == PROCESSES
    for name, each in result.processes.items():
        for scores in (each.population, each.training):
            if scores is None:
                assert name == SCENES
                continue
            assert information_lead(scores).min() > -1e-9
            assert forecast_lead(scores).min() > -1e-9
            # another unit never takes anything away, but in PCA's forecasts
            assert np.diff(scores.information, axis=-1).min() > -1e-9
    for name in (GP, SCENES):
        held_out = result.processes[name].held_out
        assert information_lead(held_out)[0, 0] > 0.5
        # what forecasts best is not what tells most
        assert forecast_lead(held_out)[0, 0] > -0.01
        own, other = (METHODS.index(method) for method in (CCA, RRR))
        assert held_out.error[0, own, 0] > held_out.error[0, other, 0] + 0.02
    assert not [claim.statement for claim in claims(result) if claim.holds is False]


def naive_moments(trial, memory):
    past, future = windows(trial[1:], memory, memory)  # one sample more of past is needed to see it change
    both = np.cov(np.hstack([past, future]).T)
    return both[:memory, :memory], both[memory:, memory:], both[memory:, :memory]


def test_held_out_numbers_are_those_of_the_recording_that_was_not_learned_from(result):
    config, each = result.config, result.processes[OU]
    (train,), (test,) = _linear_system(config, 0)
    own, held_out = naive_moments(train, 25), naive_moments(test, 25)
    learned = sample_moments([train], 25, 25)
    psi = learn(CCA, learned)[:3]
    at = METHODS.index(CCA)
    assert each.training.information[0, at, 2] == pytest.approx(information_of_determinants(psi, *own))
    assert each.held_out.information[0, at, 2] == pytest.approx(information_of_determinants(psi, *held_out))
    # the forecast is the regression of the recording learned from
    past, future = windows(train[1:], 25, 25)
    regression = LinearRegression().fit(past @ psi.T, future)
    past, future = windows(test[1:], 25, 25)
    error = np.sum((future - regression.predict(past @ psi.T)) ** 2) / np.sum((future - future.mean(0)) ** 2)
    assert each.held_out.error[0, at, 2] == pytest.approx(error, abs=1e-6)
    penalty = choose_penalty([train], 25, 25, config.penalties)
    assert each.penalties[0] == penalty
    coefficients = ridge_coefficients(learned, penalty)
    judged = sample_moments([test], 25, 25)
    for place, on in enumerate((learned, judged)):
        assert each.ridge_error[0, place] == pytest.approx(forecast_error(coefficients, learned, on))
    # learning curves: filters of the beginning, on the same other recording
    few = learn(CCA, sample_moments([train[:1000]], 25, 25))[:3]
    assert each.curves[0, 0, at] == pytest.approx(information_of_determinants(few, *held_out))


def test_the_penalty_is_chosen_on_what_is_learned_from():
    config = BaselinesConfig(n_seeds=2, n_samples=2000, lengths=(1000,), row_step=40, max_rank=2,
                             curve_ranks=(2, 2, 2), penalties=tuple(np.geomspace(1e-2, 10, 60)))  # fmt: skip
    found = run(config).processes[OU].penalties
    draws = [_linear_system(config, number) for number in range(2)]
    own, other = ([choose_penalty(draw[side], 25, 25, config.penalties) for draw in draws] for side in (0, 1))
    np.testing.assert_array_equal(found, own)
    assert own != other


def test_no_recording_is_both_learned_from_and_tested_on(result):
    # without noise, so that a row seen twice would be the same twice
    config = replace(result.config, noise=0.0)
    scenes = load_scenes(config)
    for trials in (_linear_system(config, 0), _gaussian_process(config, 0), _photographs(scenes, config, 0)):
        train, test = trials
        assert train
        assert test
        length = min(len(trial) for trial in train + test)
        likeness = np.corrcoef([trial[:length] for trial in train + test])[: len(train), len(train) :]
        assert np.abs(likeness).max() < 0.999
    # every seed has recordings of its own
    for draw in (_linear_system, _gaussian_process):
        assert np.abs(np.corrcoef(draw(config, 0)[0][0], draw(config, 1)[0][0])[0, 1]) < 0.9


def red(result):
    return [claim.statement for claim in claims(result) if claim.holds is False]


def changed(result, name, part, method, values, **parts):
    """The same with other values of one method."""
    scores = vars(getattr(result.processes[name], part)) | {}
    moved = {kind: scores[kind].copy() for kind in parts}
    for kind, rank in parts.items():
        moved[kind][..., METHODS.index(method), rank] += values
    each = replace(result.processes[name], **{part: replace(getattr(result.processes[name], part), **moved)})
    return replace(result, processes={**result.processes, name: each})


def test_claims_turn_red_where_the_numbers_are_off(result):
    assert red(result) == []
    # less than the best at one rank, in closed form and on recordings
    for part, name, found in (
        ("population", GP, "in closed form: CCA"), ("training", SCENES, "recordings learned from: CCA"),
    ):  # fmt: skip
        off = red(changed(result, name, part, CCA, -10.0, information=4))
        assert len(off) == 1
        assert found in off[0]
    off = changed(result, SCENES, "held_out", CCA, -0.1, information=6)
    assert [each for each in red(off) if "keeps less than the best" in each]
    row = next(each for each in claims(off) if "photographs, other recordings: share" in each.statement)
    assert "at rank 7" in row.ours
    row = next(each for each in claims(off) if "photographs, other recordings: ranks" in each.statement)
    assert "7" not in row.ours
    assert row.ours.startswith("1, 2, 3")
    off = red(changed(result, GP, "training", RRR, 0.1, error=4))
    assert len(off) == 1
    assert "RRR forecasts best" in off[0]
    # the specification gives four digits, and all of them count
    off = red(changed(result, OU, "population", CCA, 1e-4, information=2))
    assert off == [f"{OU}, in closed form: information that three directions keep (nats)"]


def test_samples_come_near_the_population(result):
    # four standard errors, √(Σσ²/N) of information where samples are nearly independent, and the bias rh/2N
    for name, tolerance in ((OU, 0.12), (GP, 0.1)):
        each = result.processes[name]
        np.testing.assert_allclose(
            each.held_out.information[0, 0, :3], each.population.information[0, :3], rtol=tolerance
        )
    curves = result.processes[GP].curves[0, :, METHODS.index(RRR)]
    assert curves[0] < curves[-1]


def test_numbers_and_folder(result, tmp_path):
    stored = json.loads(json.dumps(metrics(result), allow_nan=False))
    np.testing.assert_array_equal(stored["processes"][OU]["held_out"]["information"],
                                  result.processes[OU].held_out.information)  # fmt: skip
    assert stored["processes"][SCENES]["population"] is None
    page = BASELINES.write(result, tmp_path / "baselines").read_text(encoding="utf-8")
    assert "keeps the most" in page
    assert {panel.figure for panel in BASELINES.panels} <= {
        each.stem for each in (tmp_path / "baselines" / "figures").iterdir()
    }


def test_the_same_seed_gives_the_same_numbers():
    config = BaselinesConfig(seed=3, n_seeds=1, n_samples=2000, lengths=(1000,), row_step=40, max_rank=2,
                             curve_ranks=(2, 2, 2))  # fmt: skip
    one, two = (json.dumps(metrics(run(config))) for _ in range(2))
    assert one == two


@pytest.mark.parametrize(
    "wrong",
    [
        {"n_seeds": 0},
        {"max_rank": 26},
        {"lengths": (600,)},
        {"curve_ranks": (9, 1, 1)},
        {"row_step": 0},
        {"lengths": ()},
        {"lengths": (10_000, 1000)},
        {"curve_ranks": (1, 1)},
        {"penalties": ()},
    ],
)
def test_settings_that_cannot_be(wrong):
    with pytest.raises(ArgumentError, match=next(iter(wrong))):
        BaselinesConfig(**wrong)


@pytest.mark.slow
def test_the_full_run():
    assert not [claim.statement for claim in BASELINES.reproduce(None).claims if claim.holds is False]
