"""Figs. 2D and 4 in short: L1, L2 and L3 from scanned scenes, and filters that widen with noise."""

import json
import math
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image
from scipy.linalg import eigh

from lamina.errors import ArgumentError
from lamina.experiments.motion import MotionConfig
from lamina.experiments.motion.layer1 import plateau_shares
from lamina.experiments.scenes import SCENES, ScenesConfig, run
from lamina.experiments.scenes.findings import (
    carried,
    closed_form_cosines,
    predicted_by_speed,
    products,
    theory_cosines,
    widening,
)
from lamina.experiments.scenes.measures import centre_of_mass, first_lobe
from lamina.experiments.scenes.population import (
    autocovariance_at,
    cut_off_hz,
    leaves_autocovariance,
    power_spectrum,
)
from lamina.experiments.scenes.run import LEAVES, PHOTOGRAPHS, SHARP, WHITE
from lamina.experiments.scenes.staircase import Answer, measure
from lamina.experiments.scenes.worlds import add_noise, leaf_scenes, learn, learn_alone, scans, split
from lamina.simulate import luminance_staircase
from lamina.simulate.dead_leaves import dead_leaves


@pytest.fixture(scope="module")
def result():
    return run(ScenesConfig(n_seeds=2, n_levels=3))


def at_headline(result, name, what):
    world = result.worlds[name]
    return world.each(what)[:, world.at(result.config.headline)]


def test_two_directions_predict_scanned_photographs(result):
    for what in ("correlations", "held_out"):
        first, second = at_headline(result, PHOTOGRAPHS, what).mean(axis=0)
        assert first >= 0.99
        assert second >= 0.85


def test_filters_are_those_of_plain_canonical_correlation_analysis(result):
    config = result.config
    recordings = add_noise(scans(result.splits, "train", config), config.headline, np.random.default_rng(7))
    windows = np.concatenate([np.lib.stride_tricks.sliding_window_view(each, 100) for each in recordings])
    windows = windows - windows.mean(axis=0)
    past, future = windows[:, 49::-1], windows[:, 50:]
    cross = past.T @ future
    explained = cross @ np.linalg.solve(future.T @ future, cross.T)
    squared, directions = eigh(explained, past.T @ past)
    for unit in (0, 1):
        naive = directions[:, -1 - unit] / np.linalg.norm(directions[:, -1 - unit])
        fitted = at_headline(result, PHOTOGRAPHS, "filters")[0, unit]
        # the same rows under other noise
        assert abs(naive @ fitted) > 0.999
        sigma = at_headline(result, PHOTOGRAPHS, "correlations")[0, unit]
        assert math.sqrt(squared[-1 - unit]) == pytest.approx(sigma, abs=0.003)


def test_l3_follows_the_staircase_and_l1_and_l2_are_transient(result):
    config = result.config
    stairs = luminance_staircase()
    shown = (stairs - stairs.mean()) / stairs.std()
    unit = result.worlds[PHOTOGRAPHS].learned[0].units[1]
    filters, means = unit.filters_[:, :, 0], unit.filters_[:, :, 0] @ unit.past_mean_[:, 0]
    l3, second = (np.convolve(shown, filters[place])[: len(shown)] - means[place] for place in (0, 1))
    whole = slice(config.memory, None)
    assert np.corrcoef(l3[whole], stairs[whole])[0, 1] > 0.95
    ends = second[np.arange(1, 10) * 200 - 30]
    up = [second[step * 200 - 20 : step * 200 + 60].max() for step in (1, 2, 3, 4)]
    down = [-second[step * 200 - 20 : step * 200 + 60].min() for step in (5, 6, 7, 8)]
    assert min(up + down) > 0.5
    for marks in result.worlds[PHOTOGRAPHS].marks(config.headline)[:1]:
        assert marks.L3_follows > 0.95
        assert marks.L3_kept > 0.8
        assert marks.L1_plateau == pytest.approx(max(ends.max(), 0.0) / np.mean(up), abs=1e-4)
        assert marks.L2_plateau == pytest.approx(max(-ends.min(), 0.0) / np.mean(down), abs=1e-4)
        assert max(marks.L1_plateau, marks.L2_plateau) < 0.15
        assert max(marks.L1_wrong, marks.L2_wrong) < 0.15
        # one step, as the motion experiment measures it
        step = plateau_shares(unit, MotionConfig())
        assert marks.L3_kept == pytest.approx(step["L3"], abs=0.02)


def test_marks_of_a_made_answer():
    # nine plateaus of 200 samples; the blur lets a step be noticed 28 samples early
    time = np.arange(1800)
    level = np.minimum(time // 200, 8 - time // 200)
    l1, l2 = np.zeros(1800), np.zeros(1800)
    for step in (1, 2, 3, 4):
        l1[200 * step - 10] = 2.0
        l2[200 * (step + 4) + 5] = 4.0
    l1[700] = -3.0
    l1[200 * 3 - 40] = 0.5  # one sample of a settled plateau
    l2[200 * 2 + 3] = 1.0  # a step up
    l3 = level.astype(float)
    for step in range(1, 9):
        l3[200 * step + 10] += 0.25 if step <= 4 else -0.25
    found = measure(Answer(time * 0.01, level * 0.3, np.array([l3, l1, l2]), 49), ScenesConfig())
    assert (found.L1_plateau, found.L2_plateau) == (0.25, 0.0)
    assert (found.L1_wrong, found.L2_wrong) == (0.0, 0.0625)
    assert found.L3_kept == pytest.approx(0.8)
    assert found.L3_follows == pytest.approx(np.corrcoef(l3[49:], level[49:])[0, 1])


def test_filters_widen_in_proportion_to_the_period_of_the_cut_off(result):
    for name in (PHOTOGRAPHS, LEAVES):
        wide = widening(result.worlds[name])
        assert (np.diff(wide.first_lobe_ms, axis=1) > 0).all()
        assert (wide.lobes[:, -1] < wide.lobes[:, 0]).all()
        assert (wide.centre_of_mass_ms[:, -1].mean(axis=0) > wide.centre_of_mass_ms[:, 0].mean(axis=0)).all()
        product = products(result.worlds[name])
        assert (product.max(axis=0) / product.min(axis=0) < 1.3).all()
        assert (wide.first_lobe_ms[:, -1] / wide.first_lobe_ms[:, 0] > 1.8).all()


def test_filters_are_those_of_the_autocovariance_and_of_the_closed_form(result):
    for world in result.worlds[PHOTOGRAPHS], result.worlds[LEAVES]:
        assert theory_cosines(world).min() > 0.99
    assert closed_form_cosines(result).mean(axis=0).min() > 0.99
    closed = result.closed_form[1].correlations
    fitted = at_headline(result, LEAVES, "correlations")
    np.testing.assert_allclose(fitted.mean(axis=0), closed, atol=0.01)


def test_the_closed_form_is_what_a_blurred_field_of_leaves_has():
    # leaves of one size and no surround: the correlation of points, blurred by going through pairs of points
    config = ScenesConfig(smallest_leaf_deg=20.0, largest_leaf_deg=20.0, surround_deg=1e4, acceptance_deg=8.0)
    width = 200.0
    found = leaves_autocovariance(config, width, 76)[::25]
    sigma = 8.0 / math.sqrt(8 * math.log(2))
    grid = np.arange(-20.0, 20.01, 0.5)
    x, y = np.meshgrid(grid, grid)
    # two blurs are one of both variances
    weight = np.exp(-(x**2 + y**2) / (4 * sigma**2))

    def covariance(shift):
        half = np.minimum(np.hypot(x + shift, y) / 40.0, 1.0)
        lens = 2 / np.pi * (np.arccos(half) - half * np.sqrt(1 - half**2))
        return np.sum(weight * lens / (2 - lens)) / np.sum(weight)

    # each row's own mean is taken off
    shifts = np.arange(0.5, width, 1.0)
    of_the_mean = np.sum((width - shifts) * [covariance(shift) for shift in shifts]) * 2 / width**2
    expected = np.array([covariance(shift) for shift in (0.0, 10.0, 20.0, 30.0)]) - of_the_mean
    np.testing.assert_allclose(found, expected / expected[0], atol=1e-3)


def test_the_blur_makes_the_second_filter_and_not_the_scene(result):
    assert at_headline(result, WHITE, "correlations")[:, 1].min() > 0.85
    assert at_headline(result, SHARP, "correlations")[:, 1].max() < 0.3


def test_scans_at_one_speed_predict_those_at_others(result):
    for velocity, world in result.velocities.items():
        measured = world.each("correlations")[:, 1].mean(axis=0)
        np.testing.assert_allclose(predicted_by_speed(result, velocity).mean(axis=0), measured, atol=0.02)
    slow, fast = (
        result.velocities[velocity].each("correlations")[:, 1, 1].mean() for velocity in (20.0, 80.0)
    )
    assert slow > at_headline(result, PHOTOGRAPHS, "correlations")[:, 1].mean() > fast


def test_filters_carry_over_to_the_other_photograph(result):
    assert carried(result).shape == (2, 2, 2)
    assert carried(result).mean(axis=0).min() > 0.9


def test_widths_of_known_filters():
    lags = np.arange(200)
    assert first_lobe(np.cos(2 * np.pi * lags / 80)) == pytest.approx(20, abs=1e-6)
    assert first_lobe(-np.cos(2 * np.pi * lags / 77)) == pytest.approx(77 / 4, abs=0.01)
    assert first_lobe(np.ones(5)) == 5
    assert first_lobe(np.array([1.0, 0.5, 0.0, -1.0])) == 2
    assert first_lobe(np.zeros(3)) == 0
    decay = np.exp(-lags / 10)
    for power in (1, 2):
        ratio = math.exp(-power / 10)
        assert centre_of_mass(decay, power) == pytest.approx(ratio / (1 - ratio), rel=1e-6)


def test_spectrum_cut_off_and_autocovariance_of_known_signals():
    rng = np.random.default_rng(3)
    white = [rng.standard_normal(600) for _ in range(400)]
    frequencies, power = power_spectrum(white)
    assert power[10:-10].mean() == pytest.approx(1.0, abs=0.01)
    assert power[50:-50].max() < 1.4
    np.testing.assert_allclose(autocovariance_at(frequencies, power, np.arange(1, 20)), 0.0, atol=0.03)
    # a Gaussian spectrum has a Gaussian autocovariance, and meets the noise where its logarithm says
    width = 0.04
    power = np.exp(-(frequencies**2) / (2 * width**2))
    lags = np.array([0.0, 2.5, 5.0])
    np.testing.assert_allclose(
        autocovariance_at(frequencies, power, lags), np.exp(-2 * (np.pi * width * lags) ** 2), atol=1e-6
    )
    expected = width * math.sqrt(-4 * math.log(0.05)) / 0.01
    assert cut_off_hz(frequencies, power, 0.05, 0.01) == pytest.approx(expected, rel=1e-3)
    assert cut_off_hz(frequencies, power, 2.0, 0.01) == 0.0
    assert cut_off_hz(frequencies, np.ones_like(power), 0.5, 0.01) == 50.0


def test_claims_metrics_and_folder(result, tmp_path):
    claims = SCENES.claims(result)
    assert [claim.statement for claim in claims if claim.holds is False] == []
    assert len({claim.statement for claim in claims}) == len(claims)
    # two repetitions are too few for what carries over; three are judged
    assert {claim.holds for claim in claims if "elsewhere" in claim.statement} == {None}
    assert max(len(claim.statement) for claim in claims) <= 80
    stored = json.loads(json.dumps(SCENES.metrics(result), allow_nan=False))
    np.testing.assert_allclose(
        stored["worlds"][PHOTOGRAPHS]["canonical_correlations"],
        result.worlds[PHOTOGRAPHS].each("correlations"),
    )
    report = SCENES.write(result, tmp_path / "scenes").read_text(encoding="utf-8")
    assert "cut-off" in report
    assert {path.stem for path in (tmp_path / "scenes" / "figures").glob("*.svg")} >= {
        panel.figure for panel in SCENES.panels
    }


TINY = ScenesConfig(n_seeds=1, n_levels=2, leaf_rows=110, leaf_columns=340, row_step=4, leaf_scenes=1,
                    other_velocities_deg_per_s=())  # fmt: skip


def test_other_images_are_reported_and_not_judged(tmp_path):
    for number in range(2):
        luminance = dead_leaves((100, 320), 0.5, smallest_deg=2.0, largest_deg=30.0, seed=number)
        Image.fromarray(np.uint8(255 * np.clip(luminance / 3, 0, 1))).save(tmp_path / f"{number}.png")
    found = run(TINY, images=tmp_path, field_of_view_deg=160.0)
    assert [scene.photograph.name for scene in found.scenes] == ["0", "1"]
    assert {claim.holds for claim in SCENES.claims(found)} == {None}
    (tmp_path / "1.png").unlink()
    alone = run(TINY, images=tmp_path, field_of_view_deg=160.0)
    assert alone.alone == [[]]
    assert not [claim for claim in SCENES.claims(alone) if "alone" in claim.statement]
    json.dumps(SCENES.metrics(alone), allow_nan=False)


def test_the_same_seed_gives_the_same_run():
    state = np.random.get_state()[1].copy()  # noqa: NPY002
    first, again, other = (run(replace(TINY, seed=seed)) for seed in (1, 1, 2))
    np.testing.assert_array_equal(state, np.random.get_state()[1])  # noqa: NPY002
    assert SCENES.metrics(first) == SCENES.metrics(again)
    for name in (PHOTOGRAPHS, LEAVES, WHITE, SHARP):
        assert not np.array_equal(first.worlds[name].each("filters"), other.worlds[name].each("filters"))


def small_splits():
    return split(leaf_scenes(replace(TINY, leaf_scenes=2), 0), TINY, 0)


def test_what_is_learned_does_not_see_the_rows_that_test_it():
    splits = small_splits()
    other = [replace(each, test=np.random.default_rng(5).standard_normal(each.test.shape)) for each in splits]
    first, again = (learn(each, TINY, 0, (0.05,)) for each in (splits, other))
    np.testing.assert_array_equal(first.filters, again.filters)
    np.testing.assert_array_equal(first.theory, again.theory)
    np.testing.assert_array_equal(first.cut_off_hz, again.cut_off_hz)
    # rows of white noise cannot be predicted
    assert again.held_out.max() < 0.5 < first.held_out.min()


def test_filters_learned_elsewhere_have_not_seen_the_photograph():
    first, second = small_splits()
    other = replace(first, train=np.random.default_rng(5).standard_normal(first.train.shape))
    found, changed = (learn_alone([own, second], TINY, 0)[0] for own in (first, other))
    np.testing.assert_array_equal(found.foreign, changed.foreign)
    assert found.held_out[1] > changed.held_out[1] + 0.1
    assert changed.trained[1] < 0.5 < found.trained[1]


def test_repetitions_choose_other_rows_and_other_scenes(result):
    bands = [
        [each.test_band for each in split(result.scenes, result.config, repetition)]
        for repetition in (0, 0, 1)
    ]
    assert bands[0] == bands[1] == [each.test_band for each in result.splits]
    assert all(first != second for first, second in zip(bands[0], bands[2], strict=True))
    for world in result.worlds.values():
        first, second = world.each("filters")
        assert not np.array_equal(first, second)
    drawn = [leaf_scenes(TINY, repetition)[0].photograph.luminance for repetition in (0, 1)]
    assert not np.array_equal(*drawn)


def test_claims_say_what_was_measured(result):
    said = {claim.statement: claim for claim in SCENES.claims(result)}
    for rows, what in (("training rows", "correlations"), ("rows not trained on", "held_out")):
        values = at_headline(result, PHOTOGRAPHS, what)
        for unit, sign in enumerate("₁₂"):
            ours = said[f"σ{sign} at noise 0.05, {rows}"].ours
            assert ours == f"{values[:, unit].mean():.4f} ± {values[:, unit].std():.4f}"
    share = [[each.foreign[1] / each.held_out[1] for each in seed] for seed in result.alone]
    for place, scene in enumerate(result.scenes):
        ours = said[
            f"{scene.photograph.name}: σ₂ of filters learned elsewhere, as a share of its own filters'"
        ].ours
        assert ours.startswith(f"{np.mean(share, axis=0)[place]:.3f} ")

    for velocity, world in result.velocities.items():
        away = predicted_by_speed(result, velocity).mean(axis=0)
        away = np.abs(away - world.each("correlations")[:, world.at(0.05)].mean(axis=0))
        ours = said[f"{velocity:g}°/s: σ₁, σ₂ less what scans at 40°/s predict"].ours
        assert ours.startswith(f"{away.max():.3f} ")


def test_claims_turn_red_where_filters_narrow_or_know_little(result):
    before = {claim.statement: claim for claim in SCENES.claims(result)}
    world = result.worlds[PHOTOGRAPHS]
    turned = [replace(one, units=one.units[::-1], held_out=one.held_out / 2) for one in world.learned]
    changed = replace(result, worlds={**result.worlds, PHOTOGRAPHS: replace(world, learned=turned)})
    red = {claim.statement: claim for claim in SCENES.claims(changed) if claim.holds is False}
    assert all(before[statement].holds for statement in red)
    for unit in (1, 2):
        for said in (
            "first lobe at noise 0.005, 0.05, 0.5",
            "centre of mass (squared weights)",
            "number of lobes",
        ):
            assert f"photographs: unit {unit}, {said}" in red
        assert f"cosine with the filter of the autocovariance, worst level, unit {unit}" in red
        assert f"σ{'₁₂'[unit - 1]} at noise 0.05, rows not trained on" in red
    assert all(len(claim.why) > 20 for claim in red.values())
    assert "0 of 2 seeds" in red["photographs: unit 1, first lobe at noise 0.005, 0.05, 0.5"].why


def test_levels_hold_those_of_the_paper_once():
    config = ScenesConfig()
    assert len(config.levels) == 9
    assert set(config.noises) <= set(config.levels)
    assert ScenesConfig(n_levels=4).levels[1:3] == pytest.approx((0.005 * 100 ** (1 / 3), 0.05))
    with pytest.raises(ArgumentError, match="noises"):
        ScenesConfig(noises=(0.5, 0.05, 0.005))
    with pytest.raises(ArgumentError, match="noises"):
        ScenesConfig(noises=(0.05, 0.5))
    with pytest.raises(ArgumentError, match="n_levels"):
        ScenesConfig(n_levels=1)
    with pytest.raises(ArgumentError, match="velocit"):
        ScenesConfig(other_velocities_deg_per_s=(0.0,))


@pytest.mark.slow
def test_the_full_run():
    assert not [claim for claim in SCENES.reproduce(None).claims if claim.holds is False]
