"""An explanation as it is drawn: every number stands where it belongs, in the colour that it has."""

import dataclasses
import functools
import itertools

import matplotlib
import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection, QuadMesh
from matplotlib.figure import Figure

from lamina.errors import ArgumentError, ArgumentTypeError
from lamina.plotting import PALETTE
from lamina.plotting.explanations import plot_explanation
from lamina.resu.features.bank import FeatureUnit
from lamina.resu.features.classifier import ReSUClassifier
from lamina.resu.features.evidence import Explanation
from lamina.resu.features.explanation import explain
from lamina.resu.features.regressor import ReSURegressor
from lamina.resu.features.scales import Scale


def made(channels=1, time=30, units=3, **changes):
    """An explanation of numbers that can be told apart."""
    rng = np.random.default_rng(0)
    moments = rng.standard_normal((units, time)) * 0.01
    found = Explanation(
        series=np.cumsum(rng.standard_normal((channels, time)), axis=1),
        label="up",
        against="down",
        score=1.25,
        base=-0.5,
        scores={"up": 1.25, "down": -1.25},
        contributions=np.zeros((channels, time)),
        moments=moments,
        outputs=np.full((units, time), np.nan),
        units=tuple(
            FeatureUnit(
                Scale("raw", 4, 4, k + 1),
                k,
                rng.standard_normal((4, channels)).astype(np.float32),
                0.5,
                np.zeros(1, np.float32),
            )
            for k in range(units)
        ),
        unit_contributions=moments.sum(axis=1),
        level_contributions=np.zeros((channels, 0)),
        features=(),
    )
    found.contributions[:, 10:13] = 0.3
    found.contributions[:, 20:21] = -0.1
    return dataclasses.replace(found, **changes)


@functools.cache
def explained(channels=1):
    rng = np.random.default_rng(1)
    series = rng.standard_normal((40, channels, 100))
    series[20:, :, 40:60] += 4 * np.hanning(20)
    labels = np.repeat(["nothing but noise", "a bump"], 20)
    model = ReSUClassifier(n_features=300, memories=(4, 8)).fit(series, labels)
    return explain(model, series[-1], background=series[:20])


@pytest.fixture(autouse=True)
def _settings_untouched():
    before = dict(matplotlib.rcParams.copy())
    yield
    assert dict(matplotlib.rcParams.copy()) == before


def series_lines(ax):
    return [one for one in ax.collections if isinstance(one, LineCollection)]


def strips(ax):
    return [one for one in ax.collections if isinstance(one, QuadMesh)]


def test_a_line_passes_through_the_samples_at_their_times():
    found = made()
    (line,) = series_lines(plot_explanation(found, sampling_rate=50.0))
    points = np.array([segment[1] for segment in line.get_segments()])
    np.testing.assert_allclose(points[:, 0], np.arange(30) / 50)
    # heights are the values, moved and stretched
    assert np.corrcoef(points[:, 1], found.series[0])[0, 1] == pytest.approx(1)
    ends = [(one[-1], two[0]) for one, two in itertools.pairwise(line.get_segments())]
    assert all(np.allclose(one, two) for one, two in ends)


def test_ticks_say_the_values_of_a_single_series():
    found = made(units=1)
    ax = plot_explanation(found, units=0)
    points = np.array([segment[1] for segment in series_lines(ax)[0].get_segments()])
    slope, offset = np.polyfit(points[:, 1], found.series[0], 1)
    for tick, text in zip(ax.get_yticks(), ax.get_yticklabels(), strict=True):
        assert float(text.get_text()) == pytest.approx(slope * tick + offset, abs=1e-6)
    assert len(ax.get_yticks()) >= 2


def test_what_speaks_for_it_is_orange_and_thick_against_it_blue_and_nothing_thin_and_grey():
    (line,) = series_lines(plot_explanation(made(), smoothing=1))
    colours, widths = line.get_colors()[:, :3], line.get_linewidths()
    red, blue = colours[:, 0], colours[:, 2]
    np.testing.assert_allclose(colours[11], matplotlib.colors.to_rgb(PALETTE[1]), atol=0.01)
    assert red[11] > blue[11] + 0.3
    assert blue[20] > red[20]
    assert np.ptp(colours[0]) < 0.05
    assert widths[11] > widths[20] > widths[0]


def test_colours_are_averaged_over_as_many_samples_as_asked_for():
    (line,) = series_lines(plot_explanation(made(), smoothing=3))
    widths = np.array(line.get_linewidths())
    # averages of 3: 0.1, 0.2, 0.3, 0.2, 0.1 around sample 11
    strength = (widths - widths[0]) / (widths[11] - widths[0])
    np.testing.assert_allclose(strength[8:15], np.array([0, 1, 2, 3, 2, 1, 0]) / 3, atol=1e-9)


def test_strips_are_the_strongest_units_with_what_they_add_at_its_time():
    found = made(units=6, outputs=np.sin(np.arange(180.0)).reshape(6, 30))
    ax = plot_explanation(found, units=3, smoothing=1)
    order = found.strongest_units(3)
    for strip, unit in zip(strips(ax), order, strict=True):
        np.testing.assert_allclose(np.ravel(strip.get_array()), found.moments[unit])
        assert strip.norm.vmax == -strip.norm.vmin == pytest.approx(np.abs(found.moments[order]).max())
    texts = [text.get_text() for text in ax.get_yticklabels() if "raw" in text.get_text()]
    for text, unit in zip(texts, order, strict=True):
        name, added = text.replace("−", "-").split("\n")
        assert name == found.units[unit].name
        assert float(added) == pytest.approx(found.unit_contributions[unit], abs=5e-4)
    outputs = [line for line in ax.lines if line.get_label() == "_output"]
    for line, unit in zip(outputs, order, strict=True):
        inside = np.abs(found.outputs[unit]) < 0.9
        both = np.corrcoef(line.get_ydata()[inside], found.outputs[unit][inside])
        assert both[0, 1] == pytest.approx(1)
    # the filter beside each, oldest lag at the left
    for inset, unit in zip(ax.child_axes, order, strict=False):
        x, y = inset.lines[-1].get_data()
        assert x.tolist() == [0, -1, -2, -3]
        np.testing.assert_array_equal(y, found.units[unit].filter[:, 0])
    spans = [text.get_text() for text in ax.texts]
    assert spans == [f"{3 * (unit + 1) + 1} samples" for unit in order]


def test_channels_are_drawn_below_each_other_those_that_say_most_of_many():
    found = made(channels=9)
    found.contributions[:] = 0
    found.contributions[[0, 2, 3, 5, 7, 8], 5] = [1, -2, 3, 4, 5, 6]
    names = [f"sensor {letter}" for letter in "abcdefghi"]
    ax = plot_explanation(found, channels=names, units=1)
    assert len(series_lines(ax)) == 6
    labels = [text.get_text() for text in ax.get_yticklabels()][:6]
    assert labels == [f"sensor {letter}" for letter in "acdfhi"]
    assert np.all(np.diff(ax.get_yticks()) < 0)
    # a filter of many channels is a map
    assert ax.child_axes[0].images[0].get_array().shape == (9, 4)
    np.testing.assert_array_equal(
        ax.child_axes[0].images[0].get_array()[:, -1], found.units[found.strongest_units(1)[0]].filter[0]
    )


def test_the_title_says_for_what_against_what_and_how_much():
    title = plot_explanation(made()).get_title(loc="left")
    assert title == "up, not down\nscore 1.25 = −0.50 (usual) +1.75 (units)"
    leveled = plot_explanation(made(level_contributions=np.array([[0.2, -0.1, 0, 0, 0.05]])))
    assert leveled.get_title(loc="left").endswith("(usual) +1.60 (units) +0.15 (levels)")
    assert "= 0.00 (usual)" in plot_explanation(made(base=-1e-9)).get_title(loc="left")
    rng = np.random.default_rng(0)
    model = ReSURegressor(n_features=100).fit(rng.standard_normal((12, 40)), np.arange(12.0))
    assert (
        plot_explanation(explain(model, rng.standard_normal(40))).get_title(loc="left").startswith("target 0")
    )


def test_gaps_constant_series_and_no_contributions_at_all_are_drawn():
    gappy = made()
    gappy.series[0, 5:9] = np.nan
    (line,) = series_lines(plot_explanation(gappy))
    points = [len(segment) for segment in line.get_segments()]
    assert points[5:9] == [0] * 4
    assert points[10:] == [3] * 20
    flat = made(series=np.ones((1, 30)), contributions=np.zeros((1, 30)), moments=np.zeros((3, 30)))
    FigureCanvasAgg(plot_explanation(flat).figure).draw()
    short = made(time=1)
    FigureCanvasAgg(plot_explanation(short).figure).draw()


@pytest.mark.parametrize("channels", [1, 2, 3])
def test_pictures_stay_inside_their_figure_and_labels_apart(channels):
    given = Figure().subplots()
    assert plot_explanation(explained(channels), given) is given
    assert given.has_data()
    ax = plot_explanation(explained(channels), sampling_rate=10.0)
    renderer = FigureCanvasAgg(ax.figure).get_renderer()
    ax.figure.draw(renderer)
    reached = ax.figure.get_tightbbox(renderer)
    width, height = ax.figure.get_size_inches()
    assert min(reached.x0, reached.y0) > -0.005
    assert reached.x1 < width + 0.01
    assert reached.y1 < height + 0.01
    for axis in (ax.xaxis, ax.yaxis):
        boxes = [tick.label1.get_window_extent(renderer) for tick in axis.get_major_ticks()]
        assert len(boxes) >= 2
        assert not any(one.padded(-1).overlaps(two.padded(-1)) for one, two in itertools.pairwise(boxes))


def test_what_cannot_be_drawn_is_refused():
    with pytest.raises(ArgumentTypeError, match="an Explanation, got dict"):
        plot_explanation({})
    with pytest.raises(ArgumentError, match="units must be"):
        plot_explanation(made(), units=-1)
    with pytest.raises(ArgumentError, match="smoothing must be"):
        plot_explanation(made(), smoothing=0)
    with pytest.raises(ArgumentError, match="sampling_rate must be"):
        plot_explanation(made(), sampling_rate=0)
    with pytest.raises(ArgumentError, match="channels must be a sequence of 1 name"):
        plot_explanation(made(), channels=["a", "b"])
    with pytest.raises(ArgumentTypeError, match="ax must be"):
        plot_explanation(made(), "nowhere")
