"""A forecast drawn: history, what follows, how sure that is."""

import matplotlib
import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from lamina.errors import ArgumentError, ArgumentTypeError, DataError, ShapeError
from lamina.plotting.forecasts import plot_forecast
from lamina.resu.forecasting import ReSUForecaster

HISTORY = np.array([[1.0, 10.0], [2.0, np.nan], [3.0, 30.0]])
FORECAST = np.array([[4.0, 40.0], [5.0, 50.0]])


@pytest.fixture(autouse=True)
def _settings_untouched():
    before = dict(matplotlib.rcParams.copy())
    yield
    assert dict(matplotlib.rcParams.copy()) == before


def lines(ax):
    return [line for line in ax.lines if line.get_label() != "_now"]


def legend(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


def test_the_forecast_continues_the_newest_sample():
    ax = Figure().subplots()
    assert plot_forecast(HISTORY[:, 0], FORECAST[:, 0], ax, actual=[4.5, np.nan]) is ax
    known, forecast, came = lines(ax)
    assert known.get_xydata().tolist() == [[-2, 1], [-1, 2], [0, 3]]
    assert forecast.get_xydata().tolist() == [[0, 3], [1, 4], [2, 5]]
    assert came.get_xydata()[0].tolist() == [1, 4.5]
    assert legend(ax) == ["known", "forecast", "came"]
    assert ax.get_xlabel() == "Time after the newest sample (samples)"


def test_time_can_be_in_seconds_and_the_history_cut():
    ax = plot_forecast(HISTORY[:, 0], FORECAST[:, 0], dt_s=0.5, last=2, ylabel="Signal (mV)")
    assert lines(ax)[0].get_xdata().tolist() == [-0.5, 0]
    assert lines(ax)[1].get_xdata().tolist() == [0, 0.5, 1]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("Time after the newest sample (s)", "Signal (mV)")
    assert len(lines(plot_forecast(HISTORY[:, 0], FORECAST[:, 0], last=99))[0].get_xdata()) == 3


def test_channels_keep_their_colour_and_name():
    ax = plot_forecast(HISTORY, FORECAST, labels=["left", "right"])
    found = lines(ax)
    assert [line.get_ydata()[-1] for line in found] == [3, 5, 30, 50]
    assert found[0].get_color() == found[1].get_color() != found[2].get_color()
    assert legend(ax) == ["left", "forecast", "right"]
    assert np.isnan(found[2].get_ydata()[1])


def test_intervals_lie_on_each_other_the_widest_first():
    low, high = FORECAST - 1, FORECAST + 1
    ax = plot_forecast(HISTORY, FORECAST, intervals={0.8: (low, high), 0.95: (low - 1, high + 1)})
    wide, narrow = ax.collections[:2]
    assert (wide.get_label(), narrow.get_label()) == ("95 %", "80 %")
    spans = [band.get_paths()[0].get_extents() for band in ax.collections]
    assert [(span.y0, span.y1) for span in spans] == [(2, 7), (3, 6), (38, 52), (39, 51)]
    assert {(span.x0, span.x1) for span in spans} == {(1, 2)}


def test_a_forecaster_feeds_it_and_nothing_reaches_over_the_border():
    y = 5 + np.sin(np.arange(60.0))
    forecaster = ReSUForecaster(horizon=6, memory=4).fit(y)
    levels = {level: forecaster.forecast_interval(level=level) for level in (0.8, 0.95)}
    ax = plot_forecast(y, forecaster.forecast(), intervals=levels)
    renderer = FigureCanvasAgg(ax.figure).get_renderer()
    ax.figure.draw(renderer)
    reached = ax.figure.get_tightbbox(renderer)
    width, height = ax.figure.get_size_inches()
    assert min(reached.x0, reached.y0) > -0.005
    assert reached.x1 < width + 0.01
    assert reached.y1 < height + 0.01


BAD = {
    "history": (lambda: plot_forecast([], [1.0]), ShapeError),
    "forecast": (lambda: plot_forecast(HISTORY, [1.0, 2.0]), ShapeError),
    "forecast, NaN": (lambda: plot_forecast(HISTORY, FORECAST * np.nan), DataError),
    "actual": (lambda: plot_forecast(HISTORY, FORECAST, actual=FORECAST[:1]), ShapeError),
    "last": (lambda: plot_forecast(HISTORY, FORECAST, last=0), ArgumentError),
    "dt_s": (lambda: plot_forecast(HISTORY, FORECAST, dt_s=0.0), ArgumentError),
    "labels": (lambda: plot_forecast(HISTORY, FORECAST, labels=["one"]), ArgumentError),
    "ax": (lambda: plot_forecast(HISTORY, FORECAST, "here"), ArgumentTypeError),
    "intervals": (lambda: plot_forecast(HISTORY, FORECAST, intervals=(1, 2)), ArgumentTypeError),
    "intervals, one bound": (
        lambda: plot_forecast(HISTORY, FORECAST, intervals={0.5: (FORECAST,)}),
        ArgumentError,
    ),
    "intervals, a number": (lambda: plot_forecast(HISTORY, FORECAST, intervals={0.5: 1.0}), ArgumentError),
    "intervals, level": (
        lambda: plot_forecast(HISTORY, FORECAST, intervals={95: (FORECAST, FORECAST)}),
        ArgumentError,
    ),
    r"intervals\[0.5\]": (
        lambda: plot_forecast(HISTORY, FORECAST, intervals={0.5: (FORECAST + 1, FORECAST)}),
        DataError,
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_what_does_not_belong_together_is_named(name):
    call, error = BAD[name]
    with pytest.raises(error, match=rf"^{name.partition(',')[0]} must be"):
        call()
