"""The motion pathway: its measure, what its second layer sees, and its symmetry."""

import numpy as np
import pytest

from lamina import datasets, simulate
from lamina.circuits import (
    MotionDetector,
    choose_detector,
    detector_inputs,
    direction_selectivity_index,
    fit_motion_network,
    learn_motion_detector,
    motion_layers,
    peak_response,
)
from lamina.circuits.detector import choose_output, rectified_peaks, second_layer
from lamina.errors import ArgumentError, ArgumentTypeError, DataError, ShapeError


@pytest.fixture(scope="module")
def movies():
    retina, rng = simulate.Retina(3), np.random.default_rng(1)
    scene = datasets.photographs()[0]
    contrast = datasets.natural_contrast(scene.luminance, scene.degrees_per_pixel)[::6]
    rows = contrast / contrast.std(axis=1, keepdims=True)
    moved = {way: datasets.scan(rows, scene.degrees_per_pixel, retina, way * 40.0) for way in (1, -1)}
    return {way: list(m + 0.05 * rng.standard_normal(m.shape)) for way, m in moved.items()}


@pytest.fixture(scope="module")
def network(movies):
    return fit_motion_network(movies[1], motion_layers())


@pytest.fixture(scope="module")
def detector(movies):
    return learn_motion_detector(movies[1], movies[-1])


@pytest.mark.parametrize(
    ("preferred", "null", "index"), [(1, 0, 1.0), (0, 1, -1.0), (3, 1, 0.5), (0, 0, 0.0), (2, 2, 0.0)]
)
def test_the_index_is_the_difference_over_the_sum(preferred, null, index):
    assert direction_selectivity_index(preferred, null) == index


def test_the_index_broadcasts():
    index = direction_selectivity_index(np.array([[1.0], [3.0]]), np.array([1.0, 0.0]))
    np.testing.assert_allclose(index, [[0, 1], [0.5, 1]])


@pytest.mark.parametrize("bad", [-1.0, np.nan, np.inf])
@pytest.mark.parametrize("place", [0, 1])
def test_the_index_refuses_what_is_no_peak(bad, place):
    peaks = [1.0, 1.0]
    peaks[place] = bad
    with pytest.raises(DataError, match=("preferred", "null")[place]):
        direction_selectivity_index(*peaks)


def test_the_index_refuses_shapes_that_do_not_match():
    with pytest.raises(ShapeError, match="null"):
        direction_selectivity_index(np.ones(3), np.ones(2))


def test_the_peak_is_a_percentile_of_the_rectified_response():
    response = np.random.default_rng(0).standard_normal(401) - 1
    ordered = sorted(max(float(value), 0.0) for value in response)
    assert peak_response(response) == ordered[398]  # 99.5 % of 400 steps


def test_a_silent_response_has_a_peak_of_zero():
    assert peak_response(-np.ones(10)) == 0


@pytest.mark.parametrize("bad", [[], [np.nan, 1.0], [np.inf]])
def test_the_peak_refuses_what_it_cannot_order(bad):
    with pytest.raises(DataError, match="response"):
        peak_response(bad)


def test_the_second_layer_sees_rising_and_following_cells_pixel_by_pixel(network, movies):
    movie = movies[1][0]
    unit = network.layers_[0]
    seen = detector_inputs(network, [movie])
    memory = unit.memory
    for time in (memory - 1, 200, len(movie) - 1):
        for pixel in range(3):
            past = movie[time - memory + 1 : time + 1, pixel][::-1] - unit.past_mean_[:, 0]
            follows, rises = unit.filters_[:, :, 0] @ past
            row = seen[time - memory + 1]
            assert row[2 * pixel] == pytest.approx(max(rises, 0), abs=1e-9)
            assert row[2 * pixel + 1] == pytest.approx(follows, abs=1e-9)


def test_t5_sees_the_falling_half(movies):
    rising = fit_motion_network(movies[1], motion_layers("T4"))
    falling = fit_motion_network(movies[1], motion_layers("T5"))
    first = [movies[1][0]]
    ons, offs = detector_inputs(rising, first)[:, ::2], detector_inputs(falling, first)[:, ::2]
    assert np.all((ons == 0) | (offs == 0))
    assert ons.max() > 0
    assert offs.max() > 0


def test_peaks_of_inputs_equal_peaks_of_the_network(network, movies):
    filters, means = second_layer(network)
    inputs = detector_inputs(network, movies[1])
    outputs = np.concatenate([out[network.valid_from_[-1] :, 0] for out in network.transform(movies[1])])
    np.testing.assert_allclose(
        rectified_peaks(inputs, filters, means, np.ones(6)), peak_response(outputs), rtol=1e-9, atol=1e-12
    )


def test_the_rule_takes_the_largest_magnitude_of_either_sign():
    assert choose_output(np.array([3.0, 1.0, 2.0]), np.array([1.0, 9.0, 2.0])) == (1, -0.8)
    assert choose_output(np.array([9.0, 1.0]), np.array([1.0, 3.0])) == (0, 0.8)


def test_a_response_is_the_weighted_sum_of_the_inputs_rectified(detector, movies):
    inputs = detector_inputs(detector.network, [movies[-1][3]])
    filters, means = second_layer(detector.network)
    z = (inputs - means) @ filters[detector.direction] * detector.sign / detector.scale
    np.testing.assert_allclose(detector.respond(movies[-1][3]), np.maximum(z, 0), atol=1e-9)
    np.testing.assert_allclose(detector.respond(movies[-1][3], 0.5), np.maximum(z - 0.5, 0), atol=1e-9)


def test_responses_are_in_units_of_the_training_response(detector, movies):
    inputs = detector_inputs(detector.network, movies[1])
    filters, _ = second_layer(detector.network)
    assert detector.scale == pytest.approx((inputs @ filters[detector.direction]).std(), rel=1e-9)


def test_weights_are_signed_as_the_kept_half(detector, movies):
    # a push on one input alone moves the response as its weight says
    filters, _ = second_layer(detector.network)
    expected = detector.sign * filters[detector.direction]
    cells = detector.weights
    for pixel in range(3):
        for cell in range(2):
            ratio = cells[cell, pixel] / cells[0, 0]
            assert ratio == pytest.approx(expected[2 * pixel + cell] / expected[0], rel=1e-9)
    assert np.abs(cells).max() == 1


def test_a_mirrored_world_makes_a_mirrored_detector(detector, movies):
    mirrored = {way: [movie[:, ::-1] for movie in movies[way]] for way in (1, -1)}
    other = learn_motion_detector(mirrored[1], mirrored[-1], trained_direction=-1)
    assert other.preferred == -detector.preferred
    assert other.training_index == pytest.approx(detector.training_index, rel=1e-6)
    np.testing.assert_allclose(other.weights, detector.weights[:, ::-1], atol=1e-6)


def test_the_detector_prefers_as_said_on_a_pattern_it_has_not_seen(detector):
    retina = simulate.Retina(3)
    strong, weak = (
        peak_response(
            detector.respond(
                simulate.drifting_grating(
                    retina, 60, side * detector.preferred * 2 / 3, duration_s=3.49, waveform="square"
                )
            )
        )
        for side in (1, -1)
    )
    assert direction_selectivity_index(strong, weak) > 0.6


def test_the_chosen_unit_is_the_best_of_all_on_training_scenes(network, movies):
    own, opposite = (detector_inputs(network, movies[way]) for way in (1, -1))
    chosen = choose_detector(network, "T4", own, opposite, 1)
    outputs = {
        way: np.concatenate([out[network.valid_from_[-1] :, 0] for out in network.transform(movies[way])])
        for way in (1, -1)
    }
    peaks = {way: np.percentile(outputs[way], 99.5, axis=0) for way in (1, -1)}
    index = (peaks[1] - peaks[-1]) / (peaks[1] + peaks[-1])
    assert chosen.output == np.abs(index).argmax()
    assert chosen.training_index == pytest.approx(np.abs(index).max(), rel=1e-6)
    assert chosen.preferred == np.sign(index[chosen.output])


@pytest.mark.parametrize("bad", [np.zeros(80), np.zeros((80, 2)), np.zeros((80, 3, 1))])
def test_a_detector_looks_at_three_pixels(detector, bad):
    with pytest.raises(ShapeError, match="movie"):
        detector.respond(bad)


def test_a_threshold_is_not_negative(detector):
    with pytest.raises(ArgumentError, match="threshold"):
        detector.respond(np.zeros((80, 3)), -0.1)


@pytest.mark.parametrize(("way", "error"), [(0, ArgumentError), (2, ArgumentError), (1.0, ArgumentTypeError)])
def test_the_trained_direction_is_one_of_two(network, movies, way, error):
    inputs = detector_inputs(network, movies[1][:2])
    with pytest.raises(error, match="trained_direction"):
        choose_detector(network, "T4", inputs, inputs, way)


def test_there_are_two_pathways():
    with pytest.raises(ArgumentError, match="T4"):
        motion_layers("T6")


def test_movies_that_are_too_short_or_constant_are_refused():
    with pytest.raises(DataError):
        fit_motion_network([np.zeros((60, 3))], motion_layers())
    with pytest.raises(DataError):
        fit_motion_network([np.zeros((600, 3))], motion_layers())


def test_a_second_filter_that_does_not_answer_increments_is_refused():
    # without noise the covariance is nearly singular, and the second filter of this scene rings
    scene = np.random.default_rng(0).standard_normal(2000).cumsum()
    movie = np.stack([scene[:-40], scene[20:-20], scene[40:]], axis=1) / scene.std()
    with pytest.raises(DataError, match="positive for increments"):
        fit_motion_network([movie], motion_layers(memory=10, horizon=10))


def test_a_detector_is_plain_data(detector):
    assert isinstance(detector, MotionDetector)
    with pytest.raises(AttributeError):
        detector.scale = 2.0
