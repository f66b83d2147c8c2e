"""Surprise as it is drawn: the scores of the detector, its threshold, every alarm, known anomalies."""

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from sklearn.exceptions import NotFittedError

from lamina import ReSU
from lamina.errors import ArgumentError, ArgumentTypeError, DataError, ShapeError
from lamina.plotting.anomalies import plot_surprise
from lamina.resu.anomaly.detector import ReSUAnomaly

RNG = np.random.default_rng(0)
SIGNAL = np.column_stack([np.sin(0.2 * np.arange(900)), np.cos(0.2 * np.arange(900))])
SIGNAL += 0.1 * RNG.standard_normal(SIGNAL.shape)
TEST = SIGNAL[500:].copy()
TEST[200:240] = 0.3
TEST[300, 0] = np.nan
KNOWN = np.zeros(400)
KNOWN[200:240] = 1
DETECTOR = ReSUAnomaly(8, 4, 2, sampling_rate=50.0).fit(SIGNAL[:500])


def test_the_lines_are_the_score_the_threshold_and_the_alarms():
    before = TEST.copy()
    ax = plot_surprise(DETECTOR, TEST, anomalies=KNOWN, labels=["sine", "cosine"])
    score = DETECTOR.surprise(TEST)
    line, threshold, alarms = ax.lines[:3]
    np.testing.assert_array_equal(line.get_ydata(), score)
    np.testing.assert_allclose(line.get_xdata(), np.arange(400) / 50)
    assert set(threshold.get_ydata()) == {DETECTOR.threshold_}
    marked = np.flatnonzero(DETECTOR.predict(TEST) < 0)
    np.testing.assert_allclose(alarms.get_xdata(), marked / 50)
    np.testing.assert_array_equal(alarms.get_ydata(), score[marked])
    (span,) = ax.patches
    np.testing.assert_allclose((span.get_x(), span.get_width()), (199.5 / 50, 40 / 50))
    above = ax.figure.axes[-1]
    np.testing.assert_array_equal(above.lines[1].get_ydata(), TEST[:, 1])
    assert [text.get_text() for text in above.get_legend().get_texts()] == ["sine", "cosine"]
    assert (ax.get_xlabel(), ax.get_ylabel(), above.get_ylabel()) == ("Time (s)", "Surprise", "Signal")
    np.testing.assert_array_equal(TEST, before)


def test_the_score_lies_below_the_signal():
    ax = plot_surprise(DETECTOR, TEST)
    above = ax.figure.axes[-1]
    score = ax.transAxes.inverted().transform(
        ax.transData.transform([[0, np.nanmax(DETECTOR.surprise(TEST))]])
    )
    signal = above.transAxes.inverted().transform(above.transData.transform([[0, np.nanmin(TEST)]]))
    assert score[0, 1] < 0.48
    assert signal[0, 1] > 0.49


def test_time_in_samples_or_as_given_and_one_channel_without_a_legend():
    detector = ReSUAnomaly(8, 4, 2).fit(SIGNAL[:500, 0])
    ax = plot_surprise(detector, TEST[:, 0])
    assert ax.get_xlabel() == "Time (samples)"
    assert ax.lines[0].get_xdata()[-1] == 399
    assert ax.figure.axes[-1].get_legend() is None
    assert plot_surprise(detector, TEST[:, 0], dt_s=0.5).lines[0].get_xdata()[-1] == 199.5
    given = Figure().subplots()
    assert plot_surprise(detector, TEST[:, 0], given) is given


def test_tensors_are_drawn_too():
    torch = pytest.importorskip("torch")
    ax = plot_surprise(DETECTOR, torch.from_numpy(TEST))
    np.testing.assert_array_equal(ax.lines[0].get_ydata(), DETECTOR.surprise(TEST))


def test_what_cannot_be_drawn_is_refused():
    with pytest.raises(ArgumentTypeError, match="a fitted ReSUAnomaly"):
        plot_surprise(ReSU(8, 4, 2).fit(SIGNAL), TEST)
    with pytest.raises(NotFittedError):
        plot_surprise(ReSUAnomaly(), TEST)
    with pytest.raises(ShapeError, match="2 channel"):
        plot_surprise(DETECTOR, TEST[:, 0])
    with pytest.raises(ShapeError, match="anomalies"):
        plot_surprise(DETECTOR, TEST, anomalies=KNOWN[:9])
    with pytest.raises(DataError, match="longer than one window of 12"):
        plot_surprise(DETECTOR, TEST[:11])
    with pytest.raises(ArgumentError, match="labels"):
        plot_surprise(DETECTOR, TEST, labels=["one"])
    with pytest.raises(ArgumentError, match="dt_s"):
        plot_surprise(DETECTOR, TEST, dt_s=0)


def test_the_picture_stays_inside_its_figure():
    ax = plot_surprise(DETECTOR, TEST, anomalies=KNOWN, labels=["sine", "cosine"])
    renderer = FigureCanvasAgg(ax.figure).get_renderer()
    ax.figure.draw(renderer)
    reached = ax.figure.get_tightbbox(renderer)
    width, height = ax.figure.get_size_inches()
    assert min(reached.x0, reached.y0) > -0.005
    assert reached.x1 < width + 0.01
    assert reached.y1 < height + 0.01
