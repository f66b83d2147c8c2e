"""Retina and stimuli: geometry, direction, symmetry and bad input."""

import numpy as np
import pytest

import lamina.simulate
from lamina.errors import ArgumentError, ArgumentTypeError
from lamina.simulate import (
    Retina,
    blurred_step,
    drifting_grating,
    luminance_staircase,
    moving_bar,
    moving_edge,
    sine_attenuation,
)

RETINA = Retina(n_pixels=5, spacing_deg=4.0, dt_s=0.01, acceptance_deg=5.0)

STIMULI = {
    "edge": lambda retina, sign, **options: moving_edge(retina, sign * 40.0, **options),
    "dark edge": lambda retina, sign, **options: moving_edge(retina, sign * 40.0, "off", **options),
    "bar": lambda retina, sign, **options: moving_bar(retina, sign * 40.0, 6.0, **options),
    "sine": lambda retina, sign, **options: drifting_grating(retina, 33.0, sign * 2.0, **options),
    "square": lambda retina, sign, **options: drifting_grating(
        retina, 33.0, sign * 2.0, waveform="square", **options
    ),
}


@pytest.fixture(params=STIMULI)
def stimulus(request):
    return STIMULI[request.param]


def test_positions_are_centred_and_even():
    np.testing.assert_array_equal(RETINA.positions_deg, [-8, -4, 0, 4, 8])
    np.testing.assert_array_equal(Retina(2).positions_deg, [-2.5, 2.5])
    assert RETINA.extent_deg == 16.0
    # a Gaussian of this standard deviation has fallen to a half at half its full width
    assert np.exp(-0.5 * (2.5 / RETINA.acceptance_sigma_deg) ** 2) == pytest.approx(0.5, rel=1e-12)


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        ({"n_pixels": 0}, "n_pixels"),
        ({"n_pixels": 3, "spacing_deg": 0}, "spacing_deg"),
        ({"n_pixels": 3, "dt_s": -0.01}, "dt_s"),
        ({"n_pixels": 3, "acceptance_deg": -1}, "acceptance_deg"),
        ({"n_pixels": 3, "dt_s": np.inf}, "dt_s"),
        ({"n_pixels": 2.5}, "n_pixels"),
    ],
)
def test_retina_out_of_range(arguments, name):
    with pytest.raises(ArgumentError, match=name):
        Retina(**arguments)


def test_direction(stimulus):
    """4 degrees take 10 samples at 40 degrees per second, and 6 (6.06) at the 66 of the gratings."""
    movie = stimulus(RETINA, 1, duration_s=1.0)
    left, right = movie[:, 0], movie[:, 1]
    misfit = [np.abs(right[20:-20] - left[20 - delay : -20 - delay]).max() for delay in range(-12, 13)]
    assert np.argmin(misfit) - 12 in (6, 10)
    reverse = stimulus(RETINA, -1, duration_s=1.0)
    np.testing.assert_allclose(reverse, movie[:, ::-1], rtol=0, atol=1e-12)


def test_neighbours_see_the_same_later():
    right = moving_bar(RETINA, 40.0, 6.0)
    np.testing.assert_allclose(right[10:, 1:], right[:-10, :-1], rtol=0, atol=1e-12)
    grating = drifting_grating(RETINA, 40.0, 1.0, waveform="square")
    np.testing.assert_allclose(grating[10:, 1:], grating[:-10, :-1], rtol=0, atol=1e-12)


def test_centre_is_crossed_in_the_middle(stimulus):
    movie = stimulus(RETINA, 1, duration_s=1.01)
    centre = movie[:, 2]
    middle = len(centre) // 2
    if np.allclose(centre, centre[::-1]):  # a bar: even in time
        assert np.argmax(centre) == middle
    else:  # an edge or a grating: odd about its value in the middle
        np.testing.assert_allclose(centre - centre[middle], centre[middle] - centre[::-1], rtol=0, atol=1e-12)


def test_on_and_off_edges_are_opposite_and_start_from_grey():
    on, off = moving_edge(RETINA, 25.0, "on"), moving_edge(RETINA, 25.0, "off")
    np.testing.assert_array_equal(off, -on)
    np.testing.assert_allclose(on[0], 0.0, atol=1e-6)
    np.testing.assert_allclose(on[-1], 1.0, atol=1e-6)


@pytest.mark.parametrize("velocity", [5.0, -300.0])
def test_default_duration_gives_rest_before_and_after(velocity):
    movie = moving_bar(RETINA, velocity, 6.0)
    assert np.abs(movie[:50]).max() < 2e-6
    assert np.abs(movie[-50:]).max() < 2e-6
    assert movie.max() > 0.8


def test_contrast_scales(stimulus):
    whole, third = stimulus(RETINA, 1, duration_s=0.5), stimulus(RETINA, 1, duration_s=0.5, contrast=1 / 3)
    np.testing.assert_allclose(third, whole / 3, rtol=1e-14)


def test_two_edges_make_a_bar():
    bar = moving_bar(RETINA, 40.0, 8.0, duration_s=1.0)
    first = moving_edge(RETINA, 40.0, duration_s=1.2)[20:]
    second = moving_edge(RETINA, 40.0, duration_s=1.2)[:-20]
    np.testing.assert_allclose(bar, first - second, rtol=0, atol=1e-12)


def test_gratings_have_mean_zero_and_their_period():
    for waveform in ("sine", "square"):
        movie = drifting_grating(RETINA, 20.0, 2.0, duration_s=1.0, waveform=waveform)
        np.testing.assert_allclose(movie.mean(axis=0), 0.0, atol=1e-14)
        np.testing.assert_allclose(movie[50:], movie[:50], atol=1e-13)


def test_without_blur_the_patterns_are_sharp():
    sharp = Retina(n_pixels=3, acceptance_deg=0.0)
    assert set(np.unique(moving_edge(sharp, 40.0, duration_s=1.0))) <= {0.0, 0.5, 1.0}
    square = drifting_grating(sharp, 20.0, 1.7, waveform="square")
    assert set(np.unique(square)) <= {-1.0, 0.0, 1.0}
    assert np.abs(drifting_grating(sharp, 20.0, 2.0)).max() == pytest.approx(1.0, abs=1e-2)


def test_fine_patterns_vanish_without_overflow():
    fine = drifting_grating(RETINA, 1e-3, 2.0, waveform="square")
    assert np.abs(fine).max() == 0.0
    assert sine_attenuation(1e-3, 2.0) == 0.0


@pytest.mark.parametrize("polarity", ["ON", "up", None])
def test_polarity(polarity):
    with pytest.raises(ArgumentError, match="polarity must be one of 'on', 'off'"):
        moving_edge(RETINA, 40.0, polarity)


@pytest.mark.parametrize(
    ("call", "name"),
    [
        (lambda: moving_edge(RETINA, 0.0), "velocity_deg_per_s must be different from 0"),
        (lambda: moving_edge(RETINA, np.nan), "velocity_deg_per_s"),
        (lambda: moving_edge(RETINA, 40.0, contrast=0.0), "contrast"),
        (lambda: moving_edge(RETINA, 40.0, duration_s=0.0), "duration_s"),
        (lambda: moving_edge(RETINA, 40.0, duration_s=0.001), "duration_s must be at least one sample"),
        (lambda: moving_bar(RETINA, 40.0, 0.0), "width_deg"),
        (lambda: drifting_grating(RETINA, 0.0, 1.0), "wavelength_deg"),
        (lambda: drifting_grating(RETINA, 20.0, 0.0), "temporal_frequency_hz must be different from 0"),
        (lambda: drifting_grating(RETINA, 20.0, -50.0), "temporal_frequency_hz must be below half"),
        (lambda: drifting_grating(RETINA, 20.0, 1.0, waveform="saw"), "waveform"),
        (lambda: luminance_staircase(plateau_s=0.001), "plateau_s"),
        (lambda: luminance_staircase(steps_up=0, steps_down=0), "steps_up"),
        (lambda: luminance_staircase(steps_up=-1), "steps_up"),
        (lambda: luminance_staircase(velocity_deg_per_s=0), "velocity_deg_per_s"),
        (lambda: luminance_staircase(step_log10=0), "step_log10"),
    ],
)
def test_out_of_range(call, name):
    with pytest.raises(ArgumentError, match=name):
        call()


@pytest.mark.parametrize("make", STIMULI)
def test_number_in_place_of_a_retina(make):
    with pytest.raises(ArgumentTypeError, match="retina must be a Retina, got int"):
        STIMULI[make](3, 1)


def test_text_in_place_of_a_number():
    with pytest.raises(ArgumentTypeError, match="velocity_deg_per_s"):
        moving_edge(RETINA, "fast")


def test_staircase_plateaus_and_direction():
    log = luminance_staircase(dt_s=0.01, step_log10=0.3, plateau_s=1.0)
    assert log.shape == (900,)
    np.testing.assert_allclose(log[50::100], 0.3 * np.array([0, 1, 2, 3, 4, 3, 2, 1, 0]), atol=1e-9)
    assert np.all(np.diff(log[:450]) >= -1e-12)
    assert np.all(np.diff(log[450:]) <= 1e-12)


def test_staircase_is_as_steep_as_the_scene_is_fast():
    slow, fast = (luminance_staircase(velocity_deg_per_s=v, steps_up=1, steps_down=0) for v in (20.0, -80.0))
    # a Gaussian in time, whose width goes with 1 / velocity: so does the steepest slope of luminance
    steepest = [np.diff(10**log).max() for log in (slow, fast)]
    assert steepest[1] / steepest[0] == pytest.approx(4.0, rel=0.03)
    sharp = luminance_staircase(acceptance_deg=0.0, steps_up=1, steps_down=1, step_log10=0.3)
    assert len(np.unique(sharp.round(12))) == 2


def test_step_far_away_is_exact():
    np.testing.assert_array_equal(blurred_step(np.array([-1e300, 1e300]), 1e-3), [0.0, 1.0])


def test_all_lists_what_is_there():
    assert all(callable(getattr(lamina.simulate, name)) for name in lamina.simulate.__all__)
    assert lamina.simulate.__all__ == sorted(lamina.simulate.__all__)
