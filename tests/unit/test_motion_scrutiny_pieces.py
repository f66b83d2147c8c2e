"""Which settings the motion experiment varies, and the small pieces of its controls."""

from dataclasses import replace

import numpy as np
import pytest

from lamina.experiments.motion import MotionConfig
from lamina.experiments.motion.choices import choices_of
from lamina.experiments.motion.controls import flicker
from lamina.experiments.motion.held_out_images import leave_each_out, whole
from lamina.experiments.motion.robustness import (
    AS_REPORTED,
    GAPS,
    SCALED,
    changes,
    delay,
    papers,
    repetition_splits,
    vary,
)
from lamina.experiments.motion.scrutiny import FACTORS
from lamina.experiments.motion.scrutiny_claims import standard_error
from lamina.experiments.natural_scenes import load_scenes

QUICK = MotionConfig(n_seeds=1, choice_seeds=1, n_untrained=40, row_step=12)


def quiet(done, what):
    del done, what


def test_the_papers_settings_are_thirteen_pixels_and_five_samples():
    config = papers(replace(QUICK, memory=20, gap=9, center=True, threshold=0.1))
    assert config.spacing_deg == pytest.approx(5.0485, abs=1e-4)
    assert config.velocity_deg_per_s * config.dt_s * 2.575 == pytest.approx(1.0)
    assert delay(config) == pytest.approx(13)
    assert (config.memory, config.horizon, config.gap) == (50, 50, 5)
    assert (config.center, config.noise, config.threshold) == (False, 0.05, 0.0)


def everything(config, step=1):
    for change in changes(config, step):
        yield change
        yield from change.further


def test_no_setting_is_tried_twice():
    planned = list(everything(MotionConfig()))
    names = [change.name for change in planned]
    assert len(names) == len(set(names))
    kept = [change for change in planned if change.factor in FACTORS]
    assert len({change.config for change in kept}) == len(kept)
    assert MotionConfig() not in {change.config for change in kept}


@pytest.mark.parametrize("step", [1, 3, 20])
def test_the_ends_of_every_range_are_tried(step):
    config = MotionConfig()
    planned = list(everything(config, step))
    values = {name: [c.value for c in planned if c.factor == name] for name in FACTORS}
    assert max(values["gap"]) == 20
    assert max(values["memory"]) == 100
    assert max(values["noise"]) == 0.5
    assert max(values["spacing"]) == 10
    if step == 1:
        assert sorted([*values["gap"], config.gap]) == list(GAPS)
        assert min(values["noise"]) == 0.002
        assert min(values["memory"]) == 10
        assert min(values["spacing"]) == pytest.approx(3.2)


def test_only_what_is_named_is_changed():
    default = MotionConfig()
    for change in everything(default):
        if change.factor in ("gap", "memory", "noise", "spacing"):
            field = {"spacing": "spacing_deg"}.get(change.factor, change.factor)
            assert replace(change.config, **{field: getattr(default, field)}) == default
            assert getattr(change.config, field) == change.value
        if change.factor == SCALED:
            ratio = change.config.gap / delay(change.config)
            assert ratio == pytest.approx(default.gap / delay(default), abs=0.5 / delay(change.config))


def test_what_cannot_be_learned_is_said_and_left_out():
    # as wide as a window of the default memory, and not of the longest
    narrow = [replace(scene, contrast=scene.contrast[:, :180]) for scene in load_scenes(QUICK)]
    result = vary(narrow, QUICK, quiet, step=20)
    level = result["memory 100"]
    assert level.outcomes == ()
    assert "wide enough" in level.failure
    assert level not in result.factor("memory", QUICK)
    assert AS_REPORTED in {choice.name for choice in choices_of(result)}
    assert "memory 100" not in {choice.name for choice in choices_of(result)}


def test_every_usable_row_of_the_image_left_out_is_looked_at():
    scenes = load_scenes(QUICK)
    (split,) = repetition_splits(scenes[:1], QUICK, 0)
    all_of_it = whole(split)
    assert len(all_of_it.train) == 0
    assert len(all_of_it.test) == len(split.train) + len(split.test)


def test_one_image_alone_leaves_nothing_out():
    assert leave_each_out(load_scenes(QUICK)[:1], QUICK, quiet) == []


def test_flicker_does_not_move():
    rng = np.random.default_rng(0)
    movie = rng.standard_normal((20_000, 3)).cumsum(axis=0) / 100
    shown = flicker(movie, 0.1, rng)
    difference = shown - movie[:, [1]]
    assert difference.std(axis=0) == pytest.approx(0.1, rel=0.05)
    assert np.abs(np.corrcoef(difference.T) - np.eye(3)).max() < 0.03


def test_a_standard_error_is_that_of_a_mean():
    assert standard_error(np.array([1.0, 2.0, 3.0])) == pytest.approx(1 / np.sqrt(3))
    assert standard_error(np.array([1.0])) == np.inf
