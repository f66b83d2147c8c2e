"""Significance and gain as they are drawn: the numbers of the test, the gains of filters in closed form."""

import itertools

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from sklearn.exceptions import NotFittedError

from lamina import ReSU
from lamina.errors import ArgumentTypeError, ShapeError, StateError
from lamina.plotting.filters import plot_filter_map, plot_filters
from lamina.plotting.frequencies import plot_frequency_response
from lamina.plotting.significance import plot_significance
from lamina.resu import Significance

FOUND = Significance(
    method="circular shift",
    singular_values=np.array([0.9, 0.4, 0.06]),
    null=np.linspace(0.0, 0.1, 99)[:, None] * np.ones(3),
    p_values=np.array([0.01, 0.01, 0.5]),
    threshold=np.array([0.1, 0.095, 0.09]),
    standard_errors=np.array([0.01, 0.02, 0.03]),
    n_significant=2,
    level=0.05,
    seed=0,
)


def errorbars(ax):
    return {bars.get_label(): bars for bars in ax.containers}


def test_units_stand_at_their_values_with_errors_over_what_chance_reaches():
    ax = plot_significance(FOUND)
    shown = errorbars(ax)
    assert shown["significant"].lines[0].get_xydata().tolist() == [[1, 0.9], [2, 0.4]]
    assert shown["not significant"].lines[0].get_xydata().tolist() == [[3, 0.06]]
    segments = shown["significant"].lines[2][0].get_segments()
    np.testing.assert_allclose(segments[1], [[2, 0.38], [2, 0.42]])
    tops = [band.get_datalim(ax.transData).y1 for band in ax.collections[:3]]
    np.testing.assert_allclose(tops, FOUND.threshold)
    mean = next(line for line in ax.lines if line.get_label() == "mean of chance")
    np.testing.assert_allclose(mean.get_ydata(), 0.05)
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("Unit", "Canonical correlation σ")


def test_a_unit_is_drawn_by_what_its_test_found_and_must_have_been_tested():
    signal = np.random.default_rng(0).standard_normal(600)
    unit = ReSU(memory=3, horizon=3, rank=2).fit(signal)
    with pytest.raises(StateError, match=r"Call significance\(recording\)"):
        plot_significance(unit)
    unit.significance_ = FOUND
    assert "significant" in errorbars(plot_significance(unit))
    with pytest.raises(ArgumentTypeError, match="a ReSU or a Significance"):
        plot_significance([0.9, 0.4])


def test_the_gain_is_that_of_the_filter_and_stands_at_its_frequency_in_hertz():
    k = np.arange(40)
    decay = 0.8**k
    ax = plot_frequency_response(np.array([decay]), dt_s=0.02)
    (line,) = ax.lines
    hertz, gain = line.get_data()
    assert (hertz[0], hertz[-1]) == (0.0, 25.0)
    z = np.exp(-2j * np.pi * hertz * 0.02)
    np.testing.assert_allclose(gain, np.abs((1 - (0.8 * z) ** 40) / (1 - 0.8 * z)), rtol=1e-9)
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("Frequency (Hz)", "Gain")


def test_a_sine_through_the_filter_comes_out_with_the_gain_that_is_drawn():
    rng = np.random.default_rng(1)
    unit = ReSU(memory=12, horizon=6, rank=2, sampling_rate=100.0).fit(
        np.cumsum(rng.standard_normal(3000)) % 5
    )
    ax = plot_frequency_response(unit, units=[1])
    hertz, gain = ax.lines[0].get_data()
    seconds = np.arange(2000) / 100.0
    place = 128
    out = unit.transform(np.sin(2 * np.pi * hertz[place] * seconds))[16:, 1]
    # whole periods of 8 samples
    assert np.sqrt(2) * out.std() == pytest.approx(gain[place], rel=1e-6)


def test_without_a_rate_frequencies_are_in_cycles_per_sample_and_one_lag_is_enough():
    ax = plot_frequency_response(np.ones((2, 1, 2)), labels=["a", "b"], channels=["x", "y"])
    assert ax.get_xlabel() == "Frequency (cycles per sample)"
    assert ax.get_xlim() == (0.0, 0.5)
    np.testing.assert_array_equal(ax.lines[3].get_ydata(), 1.0)
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["a, x", "a, y", "b, x", "b, y"]
    assert plot_frequency_response(np.ones((1, 1)), dt_s=0.1).lines[0].get_xdata()[-1] == pytest.approx(5.0)


def test_every_picture_of_a_unit_that_knows_its_rate_speaks_in_seconds_or_hertz():
    unit = ReSU(memory=4, horizon=3, rank=2, sampling_rate=50.0).fit(np.sin(np.arange(300.0) ** 1.2))
    labels = [draw(unit).get_xlabel() for draw in (plot_filters, plot_filter_map, plot_frequency_response)]
    assert labels == ["Time relative to the present (s)"] * 2 + ["Frequency (Hz)"]
    np.testing.assert_allclose(plot_filters(unit).lines[0].get_xdata(), [0, -0.02, -0.04, -0.06])


def test_what_cannot_be_drawn_is_refused():
    with pytest.raises(ShapeError, match="at most 4 channels"):
        plot_frequency_response(np.ones((1, 3, 5)))
    with pytest.raises(NotFittedError):
        plot_frequency_response(ReSU(memory=4, horizon=3, rank=2))


@pytest.mark.parametrize(
    "draw",
    [lambda ax: plot_significance(FOUND, ax), lambda ax: plot_frequency_response(np.eye(3), ax, dt_s=0.001)],
)
def test_pictures_stay_inside_their_figure_and_labels_apart(draw):
    given = Figure().subplots()
    assert draw(given) is given
    ax = draw(None)
    renderer = FigureCanvasAgg(ax.figure).get_renderer()
    ax.figure.draw(renderer)
    reached = ax.figure.get_tightbbox(renderer)
    width, height = ax.figure.get_size_inches()
    assert min(reached.x0, reached.y0) > -0.005
    assert reached.x1 < width + 0.01
    assert reached.y1 < height + 0.01
    for axis in (ax.xaxis, ax.yaxis):
        low, high = sorted(axis.get_view_interval())
        ticks = [tick for tick in axis.get_major_ticks() if low <= tick.get_loc() <= high]
        boxes = [tick.label1.get_window_extent(renderer) for tick in ticks]
        assert len(boxes) >= 2
        assert not any(one.padded(-1).overlaps(two.padded(-1)) for one, two in itertools.pairwise(boxes))
