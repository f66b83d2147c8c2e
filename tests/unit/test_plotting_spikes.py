"""Spikes and comparisons as they are drawn: every tick at its time, every point at its numbers."""

import itertools

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from lamina.encoding import StepForwardConverter
from lamina.encoding.comparison import MEASURES, CodeResult, Comparison, Curve
from lamina.errors import ArgumentError, ArgumentTypeError, DataError, ShapeError
from lamina.plotting import figure
from lamina.plotting.comparison import plot_comparison
from lamina.plotting.spikes import plot_spikes

SIGNAL = np.array([0.0, 1.0, 3.0, 2.0, 0.0])
SPIKES = np.array([[0, 1, 1, 0, 0], [0, 0, 0, -1, -1]])


def drawn(ax):
    FigureCanvasAgg(ax.figure).draw()
    return ax


def ticks(ax, label):
    (collection,) = [part for part in ax.collections if part.get_label() == label]
    return np.array(collection.get_segments())


def line(ax, label):
    (found,) = [part for part in ax.lines if part.get_label() == label]
    return found


def test_ticks_stand_at_their_times_below_the_signal():
    ax = drawn(plot_spikes(SIGNAL, SPIKES, SIGNAL / 2, sampling_rate=10.0))
    np.testing.assert_allclose(line(ax, "signal").get_xydata(), np.stack([np.arange(5) / 10, SIGNAL], axis=1))
    np.testing.assert_allclose(line(ax, "decoded").get_ydata(), SIGNAL / 2)
    up, down = ticks(ax, "up"), ticks(ax, "down")
    np.testing.assert_allclose(up[:, :, 0], [[0.1, 0.1], [0.2, 0.2]])
    np.testing.assert_allclose(down[:, :, 0], [[0.3, 0.3], [0.4, 0.4]])
    # up spikes rise and down spikes fall from one line, all below the least value of the signal
    assert (up[:, 1, 1] > up[:, 0, 1]).all()
    assert (down[:, 1, 1] < down[:, 0, 1]).all()
    assert max(up[..., 1].max(), down[..., 1].max()) < SIGNAL.min()
    assert ax.get_xlabel() == "Time (s)"
    assert ax.get_xlim() == (0.0, 0.5)
    # numbers stand beside the signal, not beside the spikes
    assert min(ax.get_yticks()) >= SIGNAL.min()


def test_steps_within_a_sample_stand_within_it():
    train = np.zeros(20)
    train[[0, 9, 19]] = 1
    ax = plot_spikes(SIGNAL, train)
    np.testing.assert_allclose(ticks(ax, "spikes")[:, 0, 0], [0.0, 2.25, 4.75])
    assert ax.get_xlabel() == "Time (samples)"


def test_neurons_have_rows_the_first_on_top():
    neurons = np.eye(5)[:4]
    ax = plot_spikes(SIGNAL, neurons)
    rows = [part.get_segments() for part in ax.collections]
    assert [row[0][0][0] for row in rows] == [0.0, 1.0, 2.0, 3.0]
    heights = [row[0][0][1] for row in rows]
    assert heights == sorted(heights, reverse=True)
    assert "4 neurons" in ax.get_legend_handles_labels()[1]


def test_channels_have_lanes_with_their_names():
    signal = np.stack([SIGNAL, 100 * SIGNAL])
    spikes = np.stack([SPIKES, SPIKES], axis=1)
    ax = drawn(plot_spikes(signal, spikes, channels=["left", "right"]))
    assert [text.get_text() for text in ax.get_yticklabels()] == ["left", "right"]
    traces = [part.get_ydata() for part in ax.lines if "signal" in part.get_label()]
    # each fills its own lane, the first above
    np.testing.assert_allclose(traces[0] - 1.0, traces[1])
    assert traces[0].min() > 1.0 > traces[1].max()
    assert len(ax.collections) == 4
    lanes = [part.get_segments()[0][0][1] for part in ax.collections]
    assert lanes[0] == lanes[1] > 1.0 > lanes[2] == lanes[3]


def test_many_channels_lose_their_traces_and_very_many_become_an_image():
    rng = np.random.default_rng(0)
    spikes = (rng.random((60, 3000)) < 0.2).astype(float)
    ax = drawn(plot_spikes(np.zeros((20, 3000)), spikes[:20]))
    assert "signal" not in [part.get_label() for part in ax.lines]
    assert len(ax.collections) == 20
    image = drawn(plot_spikes(np.zeros((60, 3000)), spikes)).images[0]
    shares = np.asarray(image.get_array())
    assert shares.shape == (60, 1500)
    # two steps to a column
    np.testing.assert_allclose(shares, spikes.reshape(60, 1500, 2).mean(axis=2))


def test_a_million_steps_take_no_more_marks_than_a_page_can_show():
    rng = np.random.default_rng(1)
    signal = rng.standard_normal(1_000_000)
    up = rng.random(1_000_000) < 0.3
    ax = drawn(plot_spikes(signal, np.stack([up, np.zeros_like(up)])))
    segments = ticks(ax, "up")
    assert len(segments) == 1500
    # the height of a tick is its share of the fullest bin
    edges = np.arange(1501) * 1_000_000 // 1500
    counts = np.array([up[a:b].sum() for a, b in itertools.pairwise(edges)])
    heights = segments[:, 1, 1] - segments[:, 0, 1]
    np.testing.assert_allclose(heights / heights.max(), counts / counts.max(), rtol=1e-12)
    # and it stands in the middle of its bin
    np.testing.assert_allclose(segments[:, 0, 0], [(a + b - 1) / 2 for a, b in itertools.pairwise(edges)])
    trace = line(ax, "signal").get_ydata()
    assert len(trace) == 3000
    assert (trace.min(), trace.max()) == (signal.min(), signal.max())


def test_silence_and_a_constant_signal_can_be_drawn():
    ax = drawn(plot_spikes(np.full(10, 3.0), np.zeros((2, 10))))
    assert len(ticks(ax, "up")) == 0
    assert len(drawn(plot_spikes([1.0], [0.0])).lines) >= 1


@pytest.mark.parametrize(
    ("words", "kind", "message"),
    [
        ({"spikes": SPIKES[:, :4]}, ShapeError, "spikes must be of shape"),
        ({"spikes": SPIKES[:, None, None]}, ShapeError, "spikes must be of shape"),
        ({"decoded": SIGNAL[:4]}, ShapeError, "decoded must be of the signal's shape"),
        ({"signal": SIGNAL * np.nan}, DataError, "signal must be finite"),
        ({"sampling_rate": 0.0}, ArgumentError, "sampling_rate must be"),
        ({"channels": ["a", "b"]}, ArgumentError, "channels must be"),
        ({"ax": 3}, ArgumentTypeError, "ax must be"),
        ({"signal": np.zeros((1001, 5)), "spikes": np.zeros((1001, 5))}, ShapeError, "at most 1000 channels"),
        ({"signal": np.zeros((2, 5)), "spikes": np.zeros((3, 2, 5))}, ShapeError, "one channel at a time"),
    ],
    ids=["steps", "axes", "decoded", "nan", "rate", "names", "ax", "channels", "population"],
)
def test_spikes_that_do_not_belong_to_the_signal_are_refused(words, kind, message):
    with pytest.raises(kind, match=message):
        plot_spikes(**{"signal": SIGNAL, "spikes": SPIKES, **words})


def result(name, rates, errors, best=-1):
    measures = {key: np.array(0.5) for key in MEASURES} | {
        "spike_rate": np.array(rates[best]),
        "r_squared": np.array(1 - errors[best] ** 2),
    }
    return CodeResult(
        name, StepForwardConverter(), {}, measures, 1.0, Curve(np.array(rates), np.array(errors))
    )


def test_curves_stand_at_their_numbers_and_the_fitted_setting_is_marked():
    found = Comparison(
        (result("sf", [0.0, 0.1, 0.2, 0.4], [1.0, 0.5, 0.3, 0.1]), result("lif", [0.3], [0.05])), (), 10, 8.0
    )
    ax = drawn(plot_comparison(found))
    # without the point of no spikes, which logarithmic axes cannot show
    np.testing.assert_allclose(line(ax, "sf").get_xydata(), [[0.1, 0.5], [0.2, 0.3], [0.4, 0.1]])
    best = [part.get_xydata()[0].round(9).tolist() for part in ax.lines if part.get_label() == "_best"]
    assert best == [[0.3, 0.05], [0.4, 0.1]]
    assert (ax.get_xscale(), ax.get_yscale()) == ("log", "log")
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("Spikes per second", "RMSE / standard deviation")
    # the least error first
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["lif", "sf"]


def test_fourteen_codes_can_be_told_apart_without_colours():
    many = tuple(result(f"code{n}", [0.1, 0.2], [0.5, 0.4 - n / 100]) for n in range(14))
    ax = plot_comparison(Comparison(many, (), 10))
    lines = [part for part in ax.lines if part.get_label().startswith("code")]
    assert len({(part.get_marker(), part.get_linestyle()) for part in lines}) == 14
    assert len({(part.get_color(), part.get_linestyle()) for part in lines}) == 14
    # nor without dashes, which the large markers do not have
    assert len({(part.get_color(), part.get_marker()) for part in lines}) == 14
    drawn(ax)


def test_a_comparison_can_be_drawn_beside_other_pictures():
    page, axes = figure(1, 2)
    assert plot_comparison(Comparison((result("sf", [0.1], [0.5]),), (), 10), axes[0, 1]) is axes[0, 1]
    assert plot_spikes(SIGNAL, SPIKES, ax=axes[0, 0]) is axes[0, 0]
    FigureCanvasAgg(page).draw()


def test_what_is_no_comparison_or_an_empty_one_is_refused():
    with pytest.raises(ArgumentTypeError, match="comparison must be a Comparison"):
        plot_comparison([0.1, 0.2])
    nothing = CodeResult("lif", StepForwardConverter(), {}, {}, float("nan"), None, "constant")
    for results in ((nothing,), (), (result("sf", [0.0], [1.0]),)):
        with pytest.raises(DataError, match="comparison must be one with at least one code"):
            plot_comparison(Comparison(results, (), 10))
