"""The motion experiment's scenes, settings, stimuli and files, on little data."""

import json
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

import lamina
from lamina.datasets import Photograph
from lamina.errors import ArgumentError, ArgumentTypeError, DataError, FileError, OutputError
from lamina.experiments import REGISTRY
from lamina.experiments.motion import MOTION, MotionConfig, run
from lamina.experiments.motion.config import Bar
from lamina.experiments.motion.run import repeat
from lamina.experiments.motion.stimuli import battery, headline_pattern
from lamina.experiments.motion.unit_metrics import unit_metrics
from lamina.experiments.natural_scenes import LEFT, RIGHT, Scene, load_scenes, move, split_rows
from lamina.plotting import figure, save_figure

QUICK = MotionConfig(n_seeds=1, choice_seeds=1, n_untrained=3, row_step=8, level_step=20)


def numbered_scene(rows=200, columns=400, degrees_per_pixel=0.5):
    """Every row holds a pattern of its own, so that it can be recognised."""
    rng = np.random.default_rng(0)
    pattern = rng.standard_normal((rows, columns))
    return Scene(Photograph("numbered", pattern, degrees_per_pixel, "made here"), pattern, False)


@pytest.fixture
def folder(tmp_path):
    rng = np.random.default_rng(0)
    images = tmp_path / "images"
    images.mkdir()
    for name in ("one", "two"):
        coarse = rng.integers(20, 235, (24, 60)).astype(np.uint8)
        Image.fromarray(coarse).resize((480, 192), Image.Resampling.BICUBIC).save(images / f"{name}.png")
    return images


def which_rows(scene, standardised):
    own = scene.contrast - scene.contrast.mean(axis=1, keepdims=True)
    own /= np.maximum(np.linalg.norm(own, axis=1, keepdims=True), 1e-12)
    likeness = (standardised / np.linalg.norm(standardised, axis=1, keepdims=True)) @ own.T
    np.testing.assert_allclose(likeness.max(axis=1), 1.0)
    return likeness.argmax(axis=1)


@pytest.mark.parametrize("seed", range(5))
def test_no_row_near_the_test_band_is_trained_on(seed):
    scene, config = numbered_scene(), replace(QUICK, row_step=1)
    split = split_rows(scene, config, np.random.default_rng(seed))
    train, test = which_rows(scene, split.train), which_rows(scene, split.test)
    assert len(test) == 50
    assert np.array_equal(np.diff(test), np.ones(49))
    assert split.test_band == (test[0], test[-1] + 1)
    distance = np.abs(train[:, None] - test[None, :]).min()
    assert distance > round(config.guard_deg / 0.5)
    assert len(train) + len(test) >= 200 - 2 * round(config.guard_deg / 0.5)


def test_rows_are_in_units_of_their_own_contrast():
    split = split_rows(numbered_scene(), QUICK, np.random.default_rng(0))
    np.testing.assert_allclose(split.train.mean(axis=1), 0, atol=1e-12)
    np.testing.assert_allclose(split.train.std(axis=1), 1)


def test_uniform_rows_are_left_out():
    scene = numbered_scene()
    scene.contrast[::2] = 0.25
    split = split_rows(scene, replace(QUICK, row_step=1), np.random.default_rng(0))
    assert np.all(which_rows(scene, split.train) % 2 == 1)


def test_rounding_errors_are_no_contrast():
    scene = numbered_scene()
    scene.contrast[:] = 0.25 + 1e-16 * np.sign(scene.contrast)
    assert scene.contrast.std() > 0
    with pytest.raises(DataError, match=r"numbered must be .* rows that are not uniform"):
        split_rows(scene, QUICK, np.random.default_rng(0))


@pytest.mark.parametrize("rows", [3, 20])
def test_an_image_that_is_too_low_is_named(rows):
    with pytest.raises(DataError, match=r"numbered must be about .* degrees high"):
        split_rows(numbered_scene(rows=rows), QUICK, np.random.default_rng(0))


def test_an_image_that_is_too_narrow_is_named():
    split = split_rows(numbered_scene(columns=90), QUICK, np.random.default_rng(0))
    with pytest.raises(DataError, match="numbered must be wide enough"):
        move([split], "train", RIGHT, QUICK, 0.0, np.random.default_rng(0))


def test_motion_to_the_left_is_motion_to_the_right_in_reverse():
    split = split_rows(numbered_scene(), QUICK, np.random.default_rng(0))
    right, left = (move([split], "train", way, QUICK, 0.0, np.random.default_rng(0)) for way in (RIGHT, LEFT))
    for one, other in zip(right, left, strict=True):
        np.testing.assert_allclose(one, other[::-1], atol=1e-9)


def test_noise_has_the_size_that_is_said():
    split = split_rows(numbered_scene(), QUICK, np.random.default_rng(0))
    clean, noisy = (
        np.concatenate(move([split], "train", RIGHT, QUICK, noise, np.random.default_rng(0)))
        for noise in (0.0, 0.3)
    )
    assert (noisy - clean).std() == pytest.approx(0.3, rel=0.02)


def test_the_headline_pattern_is_whole_periods_after_one_memory():
    config = MotionConfig()
    pattern = headline_pattern(config)
    period = round(config.wavelength_deg / config.velocity_deg_per_s / config.dt_s)
    for movie in pattern.values():
        shown = movie[config.memory - 1 :]
        assert len(shown) == config.periods * period
        np.testing.assert_allclose(shown[:period], shown[period:], atol=1e-9)
        # as much light as dark, hence both kinds of edges
        np.testing.assert_allclose(shown.mean(axis=0), 0, atol=1e-9)


def test_every_pattern_is_shown_both_ways():
    for name, pair in battery(MotionConfig()):
        assert pair[RIGHT].shape == pair[LEFT].shape, name
        np.testing.assert_allclose(pair[RIGHT], pair[LEFT][:, ::-1], atol=1e-9, err_msg=name)
        assert not np.allclose(pair[RIGHT], pair[LEFT], atol=0.1), name


@pytest.mark.parametrize(
    ("changes", "error", "name"),
    [
        ({"seed": -1}, ArgumentError, "seed"),
        ({"n_seeds": 0}, ArgumentError, "n_seeds"),
        ({"n_seeds": 2.5}, ArgumentTypeError, "n_seeds"),
        ({"velocity_deg_per_s": 0.0}, ArgumentError, "velocity_deg_per_s"),
        ({"noise": -0.1}, ArgumentError, "noise"),
        ({"noise": float("nan")}, ArgumentError, "noise"),
        ({"test_share": 1.0}, ArgumentError, "test_share"),
        ({"memory": 0}, ArgumentError, "memory"),
        ({"gap": "5"}, ArgumentTypeError, "gap"),
        ({"spacing_deg": -5.0}, ArgumentError, "spacing_deg"),
        ({"surround_deg": 0.0}, ArgumentError, "surround_deg"),
        ({"bar_deg": 0.0}, ArgumentError, "bar_deg"),
        ({"level_step": 0}, ArgumentError, "level_step"),
        ({"speeds_deg_per_s": (40.0, -1.0)}, ArgumentError, "speeds_deg_per_s"),
    ],
)
def test_settings_that_cannot_be_are_named(changes, error, name):
    with pytest.raises(error, match=name):
        MotionConfig(**changes)


def test_a_bar_knows_its_side():
    assert Bar(0.6, at_least=True).passes(0.6)
    assert not Bar(0.6, at_least=True).passes(0.59)
    assert Bar(0.25, at_least=False).passes(0.25)
    assert not Bar(0.25, at_least=False).passes(0.26)


def test_a_folder_and_its_field_of_view_come_together(folder):
    with pytest.raises(ArgumentError, match="field_of_view_deg"):
        load_scenes(QUICK, images=folder)
    with pytest.raises(ArgumentError, match="field_of_view_deg"):
        load_scenes(QUICK, field_of_view_deg=90.0)


def test_a_full_panorama_wraps(folder):
    assert all(scene.wraps for scene in load_scenes(QUICK, folder, 360.0))
    assert not any(scene.wraps for scene in load_scenes(QUICK, folder, 300.0))


def test_an_image_too_small_for_its_surround_is_named(folder):
    with pytest.raises(DataError, match=r"one must be at least 25 degrees wide and high.* 20 x 8 degrees"):
        load_scenes(QUICK, folder, 20.0)


def test_an_image_too_coarse_for_its_blur_is_named(tmp_path):
    grey = np.random.default_rng(0).integers(20, 235, (40, 100)).astype(np.uint8)
    Image.fromarray(grey).save(tmp_path / "coarse.png")
    assert len(load_scenes(QUICK, tmp_path, 285.0)) == 1
    with pytest.raises(DataError, match=r"coarse must be sampled at least every 2\.85 degrees"):
        load_scenes(QUICK, tmp_path, 290.0)


def test_an_empty_folder_is_named(tmp_path):
    with pytest.raises(FileError, match="image"):
        run(QUICK, images=tmp_path, field_of_view_deg=90.0)


@pytest.fixture(scope="module")
def watched():
    """One run, and the progress that it told of."""
    seen = []
    return run(QUICK, progress=lambda done, what: seen.append((done, what))), seen


def test_a_repetition_is_reproducible_and_seeds_differ(watched):
    (first,) = watched[0].repetitions
    again, other = (repeat(watched[0].scenes, replace(QUICK, seed=seed), 0) for seed in (0, 1))
    names = list(first.cells)
    kept, twice, others = (
        json.dumps([unit_metrics([each.cells[name]], [each.studies[name]]) for name in names])
        for each in (first, again, other)
    )
    assert kept == twice
    assert kept != others
    assert np.array_equal(first.untrained, again.untrained)
    assert not np.array_equal(first.untrained, other.untrained)


def test_progress_rises_from_nothing_to_all(watched):
    fractions = [done for done, _ in watched[1]]
    assert fractions[0] == 0
    assert fractions[-1] == 1
    assert fractions == sorted(fractions)
    assert all(what for _, what in watched[1])


FIGURES = (
    *("layer1", "overview", "responses", "scenes", "selectivity", "stimuli", "tuning", "weights"),
    *("contributions", "controls", "inputs", "robustness", "speeds", "thresholds"),
)


def one_figure_for_all(result, folder):
    """Draw the same line for every figure; the real ones are drawn where every experiment is."""
    made, axes = figure()
    axes[0, 0].plot(result.each("T4a", "index"))
    return {name: save_figure(made, folder, name)[1] for name in FIGURES}


def test_own_images_are_measured_but_held_to_nothing(folder, tmp_path):
    out = tmp_path / "mine"
    experiment = replace(MOTION, draw=one_figure_for_all, quick=QUICK)
    result = experiment.reproduce(out, quick=True, images=folder, field_of_view_deg=200.0)
    assert {row.ok for _, rows in result.table for row in rows} == {None}
    assert not any(
        str(row.expected).startswith(("≥", "≤", "<", ">")) for _, rows in result.table for row in rows
    )
    assert result.report == out / "report.html"
    assert [scene["name"] for scene in result.metrics["scenes"]] == ["one", "two"]
    names = {path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file()}
    assert names == {
        ".lamina",
        "claims.json",
        "metrics.json",
        "report.html",
        "t4a.safetensors",
        "t4b.safetensors",
        *(f"figures/{name}.{kind}" for name in FIGURES for kind in ("png", "svg")),
    }
    stored = json.loads((out / "metrics.json").read_text(encoding="utf-8"))
    assert stored == json.loads(json.dumps(result.metrics))
    page = (out / "report.html").read_text(encoding="utf-8")
    assert "one, two" in page
    assert "scikit-learn" not in page.split("Versions")[0]
    network = lamina.load(out / "t4a.safetensors")
    assert network.transform(np.zeros((60, 3))).shape == (60, 1, 12)
    assert {path.name for path in tmp_path.iterdir()} == {"images", "mine"}
    # of mathematics alone something may still hold
    assert not any(claim.holds is False for claim in result.claims)
    assert {claim.holds for claim in result.claims if claim.source.startswith("Fig.")} == {None}


def test_a_folder_with_other_files_is_left_alone(watched, tmp_path):
    out = tmp_path / "precious"
    out.mkdir()
    (out / "thesis.tex").write_text("...", encoding="utf-8")
    with pytest.raises(OutputError, match="precious"):
        MOTION.write(watched[0], out)
    assert [path.name for path in out.iterdir()] == ["thesis.tex"]


def test_the_registry_knows_it():
    assert REGISTRY["motion"] is MOTION
    assert MOTION.summary


def test_a_threshold_is_taken_off_every_response(watched):
    free = watched[0].repetitions[0]
    held = repeat(watched[0].scenes, replace(QUICK, threshold=0.3), 0)
    for cell in ("T4a", "T5b"):
        before, after = (each.cells[cell] for each in (free, held))
        assert after.detector.output == before.detector.output
        for one, other in ((before.headline, after.headline), (before.held_out, after.held_out)):
            assert other.preferred == pytest.approx(one.preferred - 0.3, abs=1e-9)
            assert other.null == pytest.approx(max(one.null - 0.3, 0), abs=0.02)
