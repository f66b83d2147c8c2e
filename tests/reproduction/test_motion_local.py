"""Both layers of the motion pathway by the local rule, beside batch CCA on the same recordings."""

import json

import numpy as np
import pytest
from scipy.fft import dct

from lamina.errors import ArgumentError
from lamina.experiments.motion_local import MOTION_LOCAL, MotionLocalConfig, run
from lamina.experiments.motion_local.agreement import filter_cosines, output_correlations, smallest_cosine
from lamina.experiments.motion_local.detectors import (
    ACROSS,
    Seen,
    batch_weights,
    choose,
    layer_2_inputs,
    test_pattern,
)
from lamina.experiments.motion_local.lamina_cells import (
    LaminaCells,
    LocalLamina,
    batch_cells,
    components,
    cosines,
)
from lamina.experiments.motion_local.run import stretches
from lamina.experiments.motion_local.steps import step_responses
from lamina.experiments.motion_local.summary import claims, final_cosines, final_units, metrics
from lamina.experiments.natural_scenes import LEFT, RIGHT
from lamina.resu import ReSU


@pytest.fixture(scope="module")
def result():
    return run(MOTION_LOCAL.quick)


def signal(seed, time=4000):
    rng = np.random.default_rng(seed)
    return np.convolve(rng.standard_normal(time), np.ones(5))[:time] + 0.5 * rng.standard_normal(time)


def test_cosines_are_the_discrete_cosine_transform():
    np.testing.assert_allclose(cosines(5, 12), dct(np.eye(12), axis=0, norm="ortho")[:5], atol=1e-12)
    np.testing.assert_allclose(ACROSS @ ACROSS.T, np.eye(6), atol=1e-12)
    # the second cosine over the pixels is a slope, and mixes no L1 with L3
    slope = ACROSS[2].reshape(3, 2)
    assert slope[0, 0] == pytest.approx(-slope[2, 0])
    assert not slope[:, 1].any()


def test_components_are_products_with_the_last_samples():
    y = signal(0, 40)
    bank = cosines(3, 8)
    naive = np.array([[bank[k] @ y[t - np.arange(8)] for k in range(3)] for t in range(7, 40)])
    np.testing.assert_allclose(components(y, bank), naive, atol=1e-12)


def test_past_and_future_in_cosines_are_past_and_future_in_lags():
    memory = 6
    y = signal(1)
    lags, _ = batch_cells([y], memory)
    seen = components(y, cosines(memory, memory))
    unit = ReSU(1, 1, 2, gap=memory).fit(seen)
    back = np.asarray(unit.filters_)[:, 0, :] @ cosines(memory, memory)
    np.testing.assert_allclose(filter_cosines(back, lags.filters), 1.0, rtol=1e-9)
    correlations = ReSU(memory, memory, 2).fit(y).canonical_correlations_
    np.testing.assert_allclose(unit.canonical_correlations_, correlations, rtol=1e-9)


def test_the_local_layer_ends_at_batch_cca_and_keeps_its_mean():
    y = signal(2, 30_000) + 3.0
    layer = LocalLamina(8, 8, seed=0)
    for _ in range(3):
        layer.learn([components(y, layer.bank)])
    ours, (theirs, covariance) = layer.cells(), batch_cells([y], 8)
    assert output_correlations(ours.filters, theirs.filters, covariance).min() > 0.98
    outputs = ours.respond(y)
    np.testing.assert_allclose(outputs.mean(axis=0), 0.0, atol=0.05)
    windows = np.lib.stride_tricks.sliding_window_view(y, 8)[:, ::-1]
    np.testing.assert_allclose(theirs.respond(y), (windows - y.mean()) @ theirs.filters.T, atol=0.01)


def test_filters_answer_a_rise_by_a_rise():
    # the signs that learning ends at are those of single weights of cosines, and may be either
    for seed in range(4):
        y = signal(seed, 2000)
        layer = LocalLamina(8, 8, seed)
        layer.learn([components(y, layer.bank)])
        for cells in (layer.cells(), batch_cells([y], 8)[0]):
            for step in np.cumsum(cells.filters, axis=1):
                assert step[np.argmax(np.abs(step))] > 0


def test_layer_2_sees_rectified_and_plain_outputs_pixel_by_pixel():
    rng = np.random.default_rng(4)
    cells = LaminaCells(rng.standard_normal((2, 3)), np.array([0.2, -0.1]))
    movie = rng.standard_normal((20, 3))
    for pathway, half in (("T4", 1), ("T5", -1)):
        (shown,) = layer_2_inputs(cells, [movie], pathway)
        assert shown.shape == (18, 6)
        for pixel in range(3):
            for t in (0, 9, 17):
                z = cells.filters @ movie[t + 2 - np.arange(3), pixel] - cells.offsets
                assert shown[t, 2 * pixel] == pytest.approx(max(half * z[1], 0.0))
                assert shown[t, 2 * pixel + 1] == pytest.approx(z[0])


def test_uncentred_batch_weights_solve_the_eigenvalue_problem():
    rng = np.random.default_rng(5)
    x = np.abs(rng.standard_normal((3000, 6))) @ rng.standard_normal((6, 6))
    x = np.concatenate([x[:1], 0.7 * x[:-1] + x[1:]])
    weights, correlations = batch_weights([x], 2)
    past, future = x[:-2], x[2:]
    across, own, other = future.T @ past, past.T @ past, future.T @ future
    found = np.linalg.eigvals(np.linalg.inv(own) @ across.T @ np.linalg.inv(other) @ across)
    outputs, targets = past @ weights.T, future
    fitted = targets @ np.linalg.lstsq(targets, outputs, rcond=None)[0]
    kept = np.sum(fitted**2, axis=0) / np.sum(outputs**2, axis=0)
    np.testing.assert_allclose(np.sort(kept), np.sort(found.real), rtol=1e-8)
    np.testing.assert_allclose(np.sort(correlations) ** 2, np.sort(found.real), rtol=1e-8)


def test_agreement_of_filters_outputs_and_spaces():
    rng = np.random.default_rng(6)
    inputs = rng.standard_normal((500, 4)) @ rng.standard_normal((4, 4))
    moments = inputs.T @ inputs / 500
    ours, theirs = rng.standard_normal((2, 2, 4))
    one, two = inputs @ ours.T, inputs @ theirs.T
    naive = [
        abs(one[:, u] @ two[:, u]) / np.sqrt(one[:, u] @ one[:, u] * (two[:, u] @ two[:, u])) for u in (0, 1)
    ]
    np.testing.assert_allclose(output_correlations(ours, theirs, moments), naive, rtol=1e-10)
    # any mixture of the same units spans the same space
    assert smallest_cosine(np.array([[1.0, 2.0], [-3.0, 0.5]]) @ ours, ours, moments) == pytest.approx(1)
    bases = [np.linalg.qr(z)[0] for z in (one, two)]
    angles = np.linalg.svd(bases[0].T @ bases[1])[1]
    assert smallest_cosine(ours, theirs, moments) == pytest.approx(angles.min())


def test_rows_keep_their_order_inside_and_every_pass_sees_all():
    rows = [np.zeros((size, 2)) for size in (5, 6, 7, 8)]
    pieces = list(stretches(rows, 3, (0.1, 1.0, 2.0, 9.0), np.random.default_rng(0)))
    assert [len(piece) for piece, _ in pieces] == [1, 3, 4, 4]
    assert [count for _, count in pieces][1:] == [26, 52, 78]
    flat = [row for piece, _ in pieces for row in piece]
    assert all(sorted(flat[start : start + 4]) == [0, 1, 2, 3] for start in (0, 4, 8))


def test_the_rule_chooses_on_training_scenes_and_judges_on_the_rest():
    rng = np.random.default_rng(7)
    noise = rng.uniform(-1, 1, (400, 6))
    train = {RIGHT: noise.copy(), LEFT: noise.copy()}
    train[LEFT][:, 2] = np.maximum(train[LEFT][:, 2], 0) * 3 - np.abs(noise[:, 2]) * 0.1
    pattern = {RIGHT: 0.5 * np.ones((9, 6)), LEFT: 0.25 * np.ones((9, 6))}
    verdict = choose(Seen(train, pattern, pattern), np.eye(6), RIGHT)
    # the negative half of the third input is much weaker for the left: it prefers the right
    assert verdict.output == 5
    assert verdict.training_index > 0.4
    assert verdict.preferred == verdict.null == 0
    other = choose(Seen(train, {RIGHT: -pattern[RIGHT], LEFT: -pattern[LEFT]}, pattern), np.eye(6), RIGHT)
    assert other.index == pytest.approx((0.5 - 0.25) / (0.5 + 0.25))
    # trained on the left, it is the same unit, which prefers the motion that it was not trained on
    turned = choose(Seen(train, {RIGHT: -pattern[RIGHT], LEFT: -pattern[LEFT]}, pattern), np.eye(6), LEFT)
    assert turned.output == 5
    assert turned.index == pytest.approx(other.index)


def test_the_local_rule_comes_to_batch_cca_in_layer_1(result):
    cosines_ = final_cosines(result)
    assert cosines_.shape == (2, 2)
    assert cosines_.min() > 0.95
    for layer in result.repetitions[0].layer1.values():
        # it had a way to go
        assert layer.cosines[0].min() < layer.cosines[-1].min()
        times, ours = step_responses(layer.local, result.config)
        theirs = step_responses(layer.batch, result.config)[1]
        assert np.abs(ours - theirs).max() < 0.1 * np.abs(theirs).max()
        # L3 stays, L1 is transient
        settled = times > 0.4
        assert theirs[settled, 0].min() > 0.6 * theirs[:, 0].max()
        assert theirs[settled, 1].max() < 0.3 * theirs[:, 1].max()


def test_lags_as_they_are_do_not(result):
    by_name = {(each.name, each.noise): each for each in result.attempts}
    plain = by_name["lags as they are", result.config.noise]
    chosen = by_name["25 cosines, own gains", result.config.noise]
    assert plain.cosines.min() < 0.9 < chosen.cosines.min()
    assert plain.condition > 100 * chosen.condition
    few = by_name["8 cosines, own gains", result.config.noise]
    assert few.cosines[1] < 0.9 < few.correlations[1]


def test_layer_2_finds_the_directions_and_its_detectors_are_selective(result):
    assert final_units(result).shape == (2, 6)
    for cell in result.repetitions[0].cells.values():
        assert cell.subspace[-1] > 0.9
        assert cell.subspace[-1] > cell.subspace[0]
        assert cell.batch_verdict.index > 0.6
        assert abs(cell.mixed_verdict.index - cell.batch_verdict.index) < 0.2
    assert not [claim.statement for claim in claims(result) if claim.holds is False]


def test_the_pattern_is_whole_periods_after_one_memory():
    config = MotionLocalConfig()
    pattern = test_pattern(config)
    period = round(config.wavelength_deg / config.velocity_deg_per_s / config.dt_s)
    right = pattern[RIGHT][config.memory - 1 :]
    assert right.shape == (config.periods * period, 3)
    np.testing.assert_allclose(right[:period], right[period:], atol=1e-9)
    # moving left, the right pixel sees first what the left one sees later
    np.testing.assert_allclose(pattern[LEFT][:, ::-1], pattern[RIGHT], atol=1e-9)


def test_numbers_and_folder(result, tmp_path):
    stored = json.loads(json.dumps(metrics(result), allow_nan=False))
    np.testing.assert_array_equal(
        stored["repetitions"][0]["layer1"]["right"]["cosines"],
        result.repetitions[0].layer1[RIGHT].cosines,
    )
    page = MOTION_LOCAL.write(result, tmp_path / "motion-local").read_text(encoding="utf-8")
    assert "one sample after another" in page
    figures = {each.stem for each in (tmp_path / "motion-local" / "figures").iterdir()}
    assert {panel.figure for panel in MOTION_LOCAL.panels} <= figures


@pytest.mark.parametrize(
    "wrong",
    [{"n_seeds": 0}, {"horizon": 40}, {"components": 51}, {"checkpoints": (0.0,)}, {"pathways": ("T6",)}],
)
def test_settings_that_cannot_be(wrong):
    with pytest.raises(ArgumentError, match=next(iter(wrong))):
        MotionLocalConfig(**wrong)


@pytest.mark.slow
def test_the_full_run():
    assert not [claim.statement for claim in MOTION_LOCAL.reproduce(None).claims if claim.holds is False]
