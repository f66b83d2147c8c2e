"""What is drawn is the data, in the right place, with units; what cannot be drawn is refused by name."""

import functools
import itertools

import matplotlib
import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from sklearn.exceptions import NotFittedError

from lamina import ReSU, ReSUAnomaly, ReSUClassifier, encoding, plotting
from lamina.errors import ArgumentError, ArgumentTypeError, DataError, ShapeError

RNG = np.random.default_rng(3)
FILTERS = np.array([[3.0, 2.0, 1.0], [1.0, -1.0, 0.5]])
WEIGHTS = np.array([[0.37, 1.37, 0.34], [0.20, -0.38, -0.09]])
FREQUENCIES, WAVELENGTHS = np.array([0.5, 1.0, 4.0]), np.array([10.0, 20.0])


@functools.cache
def fitted_unit():
    noise = np.random.default_rng(0).standard_normal(2000)
    return ReSU(n_surrogates=99).fit(np.convolve(noise, 0.9 ** np.arange(60))[:2000])


@functools.cache
def fitted_detector():
    noise = np.random.default_rng(0).standard_normal(1000)
    return ReSUAnomaly(4, 2, 1, sampling_rate=100.0).fit(np.convolve(noise, 0.9 ** np.arange(60))[:1000])


@functools.cache
def explanation():
    series = np.random.default_rng(0).standard_normal((20, 1, 60))
    series[10:, 0, 20:30] += 2
    model = ReSUClassifier(100, memories=(4,), rank=2).fit(series, np.repeat(["flat", "bump"], 10))
    return model.explain(series[15])


SIGNAL = np.sin(np.arange(200) / 9)
CODE = encoding.StepForwardConverter(0.2)

# one call of every function, as a later experiment would make it
DRAWN = {
    "filters": lambda ax=None: plotting.plot_filters(FILTERS, ax, dt_s=0.01, labels=["L3", "L1"]),
    "filter_map": lambda ax=None: plotting.plot_filter_map(
        RNG.standard_normal((1, 5, 6)), ax, channels=[f"{c} {p}" for c in ("L1", "L3") for p in "lcr"]
    ),
    "correlations": lambda ax=None: plotting.plot_canonical_correlations(
        [0.99, 0.5], ax, held_out=[0.98, 0.4], null=RNG.uniform(0, 0.1, (50, 2)), reference=[1.0, 0.6]
    ),
    "frequency_response": lambda ax=None: plotting.plot_frequency_response(FILTERS, ax, dt_s=0.01),
    "selection": lambda ax=None: plotting.plot_selection(fitted_unit().selection_, ax),
    "order": lambda ax=None: plotting.plot_selection(fitted_unit(), ax, what="order"),
    "significance": lambda ax=None: plotting.plot_significance(fitted_unit(), ax),
    "comparison": lambda ax=None: plotting.plot_comparison(
        encoding.compare(SIGNAL, codes=["sf", "lif"], trials=5, sampling_rate=100.0), ax
    ),
    "spikes": lambda ax=None: plotting.plot_spikes(SIGNAL, CODE.encode(SIGNAL), ax=ax, sampling_rate=100.0),
    "traces": lambda ax=None: plotting.plot_traces(
        [0.0, 0.1, 0.2], [[0, 1, 0], [0, 0.2, 0]], ax, labels=["preferred", "null"], band=np.full((2, 3), 0.1)
    ),
    "step_response": lambda ax=None: plotting.plot_step_response(
        [0.0, 1.0, 2.0], [0, 1, 2], [[0, 1, 0.5], [0, 1, 2]], ax, labels=["L1", "L3"]
    ),
    "weights": lambda ax=None: plotting.plot_weights(
        WEIGHTS + RNG.normal(0, 0.1, (10, 2, 3)), ax, reference=WEIGHTS, labels=["L1", "L3"]
    ),
    "selectivity": lambda ax=None: plotting.plot_selectivity(
        {"T4a": [0.7, 0.9], "T4b": [-0.6, -0.8], "the paper's unit (direction 2)": [0.3]},
        ax,
        null=RNG.uniform(-0.5, 0.5, 200),
        level=0.6,
    ),
    "tuning_map": lambda ax=None: plotting.plot_tuning_map(
        FREQUENCIES, WAVELENGTHS, RNG.uniform(-1, 1, (3, 2)), ax
    ),
    "scene": lambda ax=None: plotting.plot_scene(
        RNG.random((20, 30)), ax, degrees_per_pixel=0.5, rows=[2, 9], kind="contrast"
    ),
    "movie": lambda ax=None: plotting.plot_movie(
        RNG.standard_normal((40, 5)), ax, dt_s=0.01, spacing_deg=5.0
    ),
    "forecast": lambda ax=None: plotting.plot_forecast(
        SIGNAL[:60],
        SIGNAL[60:80],
        ax,
        intervals={0.9: (SIGNAL[60:80] - 0.5, SIGNAL[60:80] + 0.5)},
        actual=SIGNAL[60:80] + 0.1,
        dt_s=0.01,
    ),
    "surprise": lambda ax=None: plotting.plot_surprise(fitted_detector(), RNG.standard_normal(300), ax),
    "explanation": lambda ax=None: plotting.plot_explanation(explanation(), ax, sampling_rate=100.0),
    "responses": lambda ax=None: plotting.plot_responses_by_stimulus(
        ["ON edge, 30 °/s", "drifting grating, 20°, 1 Hz"], RNG.random((4, 2)), RNG.random((4, 2)), ax
    ),
}


@pytest.fixture(autouse=True)
def _settings_untouched():
    # .copy() reads "backend" without resolving it
    before = dict(matplotlib.rcParams.copy())
    yield
    assert dict(matplotlib.rcParams.copy()) == before


def lines(ax):
    """The lines that show data; those that only mark a value have a label with an underscore."""
    return [line for line in ax.lines if not str(line.get_label()).startswith("_")]


def legend(ax):
    shown = ax.get_legend()
    return [] if shown is None else [text.get_text() for text in shown.get_texts()]


@pytest.mark.parametrize("name", DRAWN)
def test_every_function_draws_on_the_axes_it_is_given_and_returns_them(name):
    ax = Figure().subplots()
    assert DRAWN[name](ax) is ax
    assert ax.has_data()


@pytest.mark.parametrize("name", DRAWN)
def test_nothing_reaches_over_the_border_of_a_figure_nor_a_label_over_the_next(name):
    ax = DRAWN[name]()
    renderer = FigureCanvasAgg(ax.figure).get_renderer()
    ax.figure.draw(renderer)
    reached = ax.figure.get_tightbbox(renderer)
    width, height = ax.figure.get_size_inches()
    # a pixel for what is drawn astride the border
    assert min(reached.x0, reached.y0) > -0.005
    assert reached.x1 < width + 0.01
    assert reached.y1 < height + 0.01
    for axis in (ax.xaxis, ax.yaxis):
        low, high = sorted(axis.get_view_interval())
        ticks = [tick for tick in axis.get_major_ticks() if low <= tick.get_loc() <= high]
        boxes = [tick.label1.get_window_extent(renderer) for tick in ticks]
        assert len(boxes) >= 2
        assert not any(one.padded(-1).overlaps(two.padded(-1)) for one, two in itertools.pairwise(boxes))


@pytest.mark.parametrize("name", DRAWN)
def test_every_axis_has_a_label_and_physical_ones_a_unit(name):
    ax = DRAWN[name]()
    labels = {ax.get_xlabel(), ax.get_ylabel()}
    bars = [child for child in ax.child_axes if hasattr(child, "_colorbar")]
    labels |= {bar.get_ylabel() for bar in bars} | {other.get_ylabel() for other in ax.figure.axes}
    expected = {
        "filters": {"Time relative to the present (s)", "Filter weight"},
        "filter_map": {"Time relative to the present (samples)", "Filter weight"},
        "correlations": {"Canonical direction", "Canonical correlation σ"},
        "comparison": {"Spikes per second", "RMSE / standard deviation"},
        "spikes": {"Time (s)", "Signal"},
        "traces": {"Time (s)", "Response (SD)"},
        "step_response": {"Time (s)", "Response (SD)", "Log luminance"},
        "weights": {"Relative weight"},
        "selectivity": {"Direction selectivity index"},
        "frequency_response": {"Frequency (Hz)", "Gain"},
        "selection": {"Rank", "Singular value criterion"},
        "order": {"Autoregressive order", "AIC per sample above its least"},
        "significance": {"Unit", "Canonical correlation σ"},
        "tuning_map": {"Temporal frequency (Hz)", "Wavelength (°)", "Direction selectivity index"},
        "scene": {"Azimuth (°)", "Elevation (°)", "Contrast"},
        "movie": {"Time (s)", "Position (°)", "Contrast"},
        "forecast": {"Time after the newest sample (s)", "Signal"},
        "surprise": {"Time (s)", "Signal", "Surprise"},
        "explanation": {"Time (s)", "Adds, per sample"},
        "responses": {"Peak response (SD)"},
    }[name]
    assert labels - {""} == expected


def test_filters_are_lines_with_the_present_at_the_right():
    ax = plotting.plot_filters(FILTERS, dt_s=0.5)
    first, second = lines(ax)
    assert first.get_xdata().tolist() == [0.0, -0.5, -1.0]
    assert (first.get_ydata().tolist(), second.get_ydata().tolist()) == (
        FILTERS[0].tolist(),
        FILTERS[1].tolist(),
    )
    assert legend(ax) == ["unit 1", "unit 2"]
    left, right = ax.get_xlim()
    assert left < right


def test_units_are_chosen_and_channels_are_dashed():
    stacked = np.stack([FILTERS, 10 * FILTERS], axis=2)
    ax = plotting.plot_filters(stacked, units=[1], channels=["left", "right"])
    assert [line.get_ydata().tolist() for line in lines(ax)] == [[1, -1, 0.5], [10, -10, 5]]
    assert legend(ax) == ["unit 2, left", "unit 2, right"]
    assert len({line.get_linestyle() for line in lines(ax)}) == 2
    assert ax.get_xlabel() == "Time relative to the present (samples)"


def test_a_fitted_unit_brings_its_filters_and_its_sampling_rate():
    unit = ReSU(memory=4, horizon=3, rank=2, sampling_rate=50.0).fit(RNG.standard_normal(300))
    first, second = lines(plotting.plot_filters(unit))
    np.testing.assert_allclose(first.get_xdata(), [0, -0.02, -0.04, -0.06])
    np.testing.assert_array_equal(second.get_ydata(), unit.filters_[1, :, 0])
    with pytest.raises(NotFittedError):
        plotting.plot_filters(ReSU(memory=4, horizon=3, rank=2))


def test_a_filter_map_has_a_row_per_channel_and_colours_centred_on_zero():
    filters = np.arange(12.0).reshape(2, 3, 2) - 4
    ax = plotting.plot_filter_map(filters, unit=1, dt_s=0.1)
    (image,) = ax.images
    np.testing.assert_array_equal(image.get_array(), filters[1, ::-1].T)
    assert image.get_clim() == (-7, 7)
    np.testing.assert_allclose(image.get_extent()[:2], [-0.25, 0.05])


def test_canonical_correlations_stand_at_their_direction():
    ax = plotting.plot_canonical_correlations([0.9, 0.5, 0.1])
    (points,) = lines(ax)
    assert points.get_xydata().tolist() == [[1, 0.9], [2, 0.5], [3, 0.1]]
    assert legend(ax) == []


def test_seeds_of_correlations_are_a_mean_with_a_whisker_and_chance_is_a_band():
    seeds = np.array([[0.9, 0.2], [0.7, 0.4]])
    null = np.linspace([0.0, 0.1], [1.0, 0.3], 41)
    ax = plotting.plot_canonical_correlations(
        seeds, null=null, reference=[0.85, 0.35], reference_label="Eq. 9"
    )
    by_name = {line.get_label(): line for line in lines(ax)}
    np.testing.assert_allclose(by_name["fitted"].get_ydata(), [0.8, 0.3])
    np.testing.assert_allclose(by_name["Eq. 9"].get_ydata(), [0.85, 0.35])
    band, whiskers = ax.collections
    corners = band.get_paths()[0].vertices
    # quantiles of 41 equal steps fall on steps 1 and 39
    assert {round(y, 9) for x, y in corners if x == 1} == {0.025, 0.975}
    np.testing.assert_allclose(whiskers.get_segments()[0][:, 1], [0.7, 0.9])


def test_traces_are_drawn_with_their_band_and_gaps_stay_open():
    values = np.array([[0.0, np.nan, 1.0], [1.0, 2.0, 3.0]])
    ax = plotting.plot_traces([0, 1, 2], values, band=np.full((2, 3), 0.5), ylabel="Response (mV)")
    np.testing.assert_array_equal([line.get_ydata() for line in lines(ax)], values)
    low, high = ax.collections[1].get_paths()[0].get_extents().intervaly
    assert (low, high) == (0.5, 3.5)
    assert ax.get_ylabel() == "Response (mV)"


def test_the_stimulus_stands_behind_the_responses_on_its_own_axis():
    ax = plotting.plot_step_response([0, 1, 2], [0.0, 1.0, 1.0], [5.0, 6.0, 7.0], labels=["L1"])
    (behind,) = (other for other in ax.figure.axes if other is not ax)
    assert behind.lines[0].get_ydata().tolist() == [0, 1, 1]
    assert lines(ax)[0].get_ydata().tolist() == [5, 6, 7]
    assert behind.get_zorder() < ax.get_zorder()
    assert not ax.patch.get_visible()


def test_weights_are_the_mean_of_the_seeds_with_each_seed_as_a_dot():
    seeds = np.stack([WEIGHTS - 0.1, WEIGHTS + 0.3])
    ax = plotting.plot_weights(seeds, reference=WEIGHTS, labels=["L1", "L3"])
    heights = [bar.get_height() for bar in ax.patches]
    np.testing.assert_allclose(heights[:6], WEIGHTS.ravel() + 0.1)
    np.testing.assert_array_equal(heights[6:], WEIGHTS.ravel())
    (dots,) = lines(ax)
    np.testing.assert_array_equal(dots.get_ydata(), seeds.ravel())
    for dot, bar in zip(dots.get_xdata(), ax.patches[:6] * 2, strict=True):
        assert bar.get_x() < dot < bar.get_x() + bar.get_width()
    assert legend(ax) == ["learned", "2 seeds", "connectome"]
    assert [t.get_text() for t in ax.get_xticklabels()] == ["left", "centre", "right"] * 2


def test_bars_of_weights_and_reference_do_not_cover_each_other():
    ax = plotting.plot_weights(WEIGHTS, reference=WEIGHTS)
    spans = sorted((bar.get_x(), bar.get_x() + bar.get_width()) for bar in ax.patches)
    assert all(end <= start + 1e-12 for (_, end), (start, _) in itertools.pairwise(spans))


def test_selectivity_shows_every_seed_and_the_reach_of_chance():
    null = np.linspace(-1, 0, 101)
    ax = plotting.plot_selectivity({"T4a": [0.7, 0.9], "T4b": [-0.6]}, null=null, level=0.6)
    a, b, untrained = lines(ax)
    assert (a.get_xdata().tolist(), b.get_xdata().tolist()) == ([0.7, 0.9], [-0.6])
    np.testing.assert_array_equal(untrained.get_xdata(), null)
    for place, line in enumerate((a, b, untrained)):
        assert np.abs(line.get_ydata() - place).max() < 0.45
    (span,) = (patch for patch in ax.patches if patch.get_width() > 0)
    assert (span.get_x(), span.get_x() + span.get_width()) == pytest.approx((-0.99, 0.99))
    assert "99 % of |untrained| below 0.99" in [text.get_text() for text in ax.texts]
    levels = [line.get_xdata()[0] for line in ax.lines if line.get_label() == "_level"]
    assert levels == [0.6, -0.6]


def test_selectivity_of_magnitudes_needs_no_negative_half():
    ax = plotting.plot_selectivity({"T4a": [0.7]}, null=[0.0, 0.1, 0.2], percentile=50, level=0.6)
    (span,) = ax.patches
    assert (span.get_x(), span.get_width()) == pytest.approx((0.0, 0.1))
    assert ax.get_xlim()[0] > -0.1
    assert len([line for line in ax.lines if line.get_label() == "_level"]) == 1


def test_equal_indices_do_not_hide_each_other():
    (dots,) = lines(plotting.plot_selectivity({"T4a": [0.5, 0.5, 0.5]}))
    assert len(np.unique(dots.get_ydata())) == 3


def test_a_tuning_map_puts_each_value_at_its_frequency_and_wavelength():
    values = np.array([[0.1, 0.2], [0.3, 0.4], [0.5, -0.6]])
    ax = plotting.plot_tuning_map(FREQUENCIES, WAVELENGTHS, values)
    (mesh,) = ax.collections
    corners = mesh.get_coordinates()
    for i, frequency in enumerate(FREQUENCIES):
        for j, wavelength in enumerate(WAVELENGTHS):
            assert corners[j, i, 0] < frequency < corners[j, i + 1, 0]
            assert corners[j, i, 1] < wavelength < corners[j + 1, i, 1]
            assert mesh.get_array()[j, i] == values[i, j]
    # between 1 and 4 the border is their geometric mean
    assert corners[0, 2, 0] == pytest.approx(2.0)
    assert mesh.get_clim() == (-1, 1)
    assert [t.get_text() for t in ax.get_xticklabels()] == ["0.5", "1", "4"]
    assert [t.get_text() for t in ax.get_yticklabels()] == ["10", "20"]


def test_a_map_of_responses_begins_at_zero():
    (mesh,) = plotting.plot_tuning_map([1.0], [9.0], [[2.5]], kind="response").collections
    assert mesh.get_clim() == (0, 2.5)


def test_a_scene_is_drawn_in_degrees_with_its_rows_marked():
    scene = np.arange(12.0).reshape(3, 4)
    ax = plotting.plot_scene(scene, degrees_per_pixel=2.0, rows=[0, 1])
    (image,) = ax.images
    np.testing.assert_array_equal(image.get_array(), scene)
    assert list(image.get_extent()) == [-4, 4, -3, 3]
    assert image.origin == "upper"
    assert [line.get_ydata()[0] for line in ax.lines] == [2, 0]


@pytest.mark.parametrize("height_in", [1.7, 2.02, 2.04, 2.6])
def test_a_picture_of_fixed_aspect_fits_into_figures_of_any_aspect(height_in):
    made, axes = plotting.figure(height_in=height_in)
    plotting.plot_scene(RNG.standard_normal((66, 100)), axes[0, 0], degrees_per_pixel=2.5, kind="contrast")
    made.draw_without_rendering()
    reached = made.get_tightbbox(FigureCanvasAgg(made).get_renderer())
    assert min(reached.x0, reached.y0) > -0.005
    assert reached.x1 < 3.405
    assert reached.y1 < height_in + 0.01


def test_contrast_is_centred_on_grey():
    (image,) = plotting.plot_scene([[-1.0, 3.0]], kind="contrast").images
    low, high = image.get_clim()
    assert low == -high
    assert to_hex(image.cmap(image.norm(0.0))) == "#808080"


def test_motion_to_the_right_rises_in_a_movie():
    movie = np.eye(4)
    ax = plotting.plot_movie(movie, dt_s=0.1, spacing_deg=5.0)
    (image,) = ax.images
    np.testing.assert_array_equal(image.get_array(), movie.T)
    assert image.origin == "lower"
    np.testing.assert_allclose(image.get_extent(), [-0.05, 0.35, -10, 10])


def test_responses_by_stimulus_are_pairs_of_bars_from_the_top():
    preferred = np.array([[1.0, 2.0, 3.0], [3.0, 2.0, 1.0]])
    ax = plotting.plot_responses_by_stimulus(["a", "b", "c"], preferred, [0.1, 0.2, 0.3])
    assert [bar.get_width() for bar in ax.patches] == [2, 2, 2, 0.1, 0.2, 0.3]
    np.testing.assert_array_equal(ax.collections[0].get_segments()[0][:, 0], [1, 3])
    bottom, top = ax.get_ylim()
    assert bottom > top
    assert [t.get_text() for t in ax.get_yticklabels()] == ["a", "b", "c"]


def test_input_is_neither_modified_nor_needed_as_numpy():
    torch = pytest.importorskip("torch")
    values = np.array([1.0, 2.0, 3.0])
    values.setflags(write=False)
    ax = plotting.plot_traces(torch.arange(3), torch.tensor([1, 2, 3]))
    same = plotting.plot_traces([0, 1, 2], values)
    np.testing.assert_array_equal(lines(ax)[0].get_xydata(), lines(same)[0].get_xydata())


BAD = {
    "text for numbers": (lambda: plotting.plot_filters("abc"), ArgumentTypeError, "filters"),
    "no numbers": (lambda: plotting.plot_traces([0, 1], None), ArgumentTypeError, "traces"),
    "complex": (lambda: plotting.plot_weights([[1j]]), ArgumentTypeError, "weights"),
    "ragged": (lambda: plotting.plot_weights([[1, 2], [3]]), ArgumentTypeError, "weights"),
    "one axis too few": (lambda: plotting.plot_filters([1.0, 2.0]), ShapeError, "filters"),
    "empty": (lambda: plotting.plot_canonical_correlations([]), ShapeError, "correlations"),
    "infinite": (lambda: plotting.plot_traces([0, 1], [0, np.inf]), DataError, "traces"),
    "NaN weights": (lambda: plotting.plot_weights([[np.nan]], positions="x"), DataError, "weights"),
    "not axes": (lambda: plotting.plot_filters(FILTERS, "here"), ArgumentTypeError, "ax"),
    "no such unit": (lambda: plotting.plot_filters(FILTERS, units=[2]), ArgumentError, "units"),
    "a unit that is no index": (
        lambda: plotting.plot_filters(FILTERS, units=[0.5]),
        ArgumentTypeError,
        "units",
    ),
    "no units": (lambda: plotting.plot_filters(FILTERS, units=[]), ArgumentTypeError, "units"),
    "a step of 0": (lambda: plotting.plot_filters(FILTERS, dt_s=0), ArgumentError, "dt_s"),
    "names too few": (lambda: plotting.plot_filters(FILTERS, labels=["a"]), ArgumentError, "labels"),
    "names not text": (lambda: plotting.plot_filters(FILTERS, labels=[1, 2]), ArgumentTypeError, "labels"),
    "many channels": (lambda: plotting.plot_filters(np.ones((1, 2, 5))), ShapeError, "filters"),
    "above 1": (lambda: plotting.plot_canonical_correlations([1.2]), DataError, "correlations"),
    "other directions": (
        lambda: plotting.plot_canonical_correlations([0.5], held_out=[0.5, 0.4]),
        ShapeError,
        "held_out",
    ),
    "time backwards": (lambda: plotting.plot_traces([1, 0], [0, 1]), DataError, "time_s"),
    "other times": (lambda: plotting.plot_traces([0, 1], [0, 1, 2]), ShapeError, "traces"),
    "negative band": (lambda: plotting.plot_traces([0, 1], [0, 1], band=[0, -1]), DataError, "band"),
    "other band": (lambda: plotting.plot_traces([0, 1], [0, 1], band=[0, 0, 0]), ShapeError, "band"),
    "other stimulus": (lambda: plotting.plot_step_response([0, 1], [0], [0, 1]), ShapeError, "stimulus"),
    "other reference": (
        lambda: plotting.plot_weights(WEIGHTS, reference=WEIGHTS[:1]),
        ShapeError,
        "reference",
    ),
    "no groups": (lambda: plotting.plot_selectivity({}), ArgumentTypeError, "groups"),
    "groups not named": (lambda: plotting.plot_selectivity([0.5]), ArgumentTypeError, "groups"),
    "an index above 1": (lambda: plotting.plot_selectivity({"T4a": [1.5]}), DataError, "T4a"),
    "percentile": (
        lambda: plotting.plot_selectivity({"a": [0.5]}, null=[0.1], percentile=101),
        ArgumentError,
        "percentile",
    ),
    "frequency 0": (
        lambda: plotting.plot_tuning_map([0, 1], [1, 2], np.zeros((2, 2))),
        DataError,
        "temporal_frequencies_hz",
    ),
    "transposed": (
        lambda: plotting.plot_tuning_map(FREQUENCIES, WAVELENGTHS, np.zeros((2, 3))),
        ShapeError,
        "values",
    ),
    "a response as an index": (lambda: plotting.plot_tuning_map([1], [1], [[2.0]]), DataError, "values"),
    "a kind unknown": (lambda: plotting.plot_tuning_map([1], [1], [[1]], kind="indx"), ArgumentError, "kind"),
    "a row outside": (lambda: plotting.plot_scene(np.ones((3, 3)), rows=[3]), ArgumentError, "rows"),
    "a movie of one axis": (lambda: plotting.plot_movie([1.0]), ShapeError, "movie"),
    "names and bars": (
        lambda: plotting.plot_responses_by_stimulus(["a"], [1, 2], [1, 2]),
        ArgumentError,
        "names",
    ),
    "no rows": (lambda: plotting.figure(0), ArgumentError, "rows"),
    "no width": (lambda: plotting.figure(width_in=0), ArgumentError, "width_in"),
}


@pytest.mark.parametrize("case", BAD)
def test_what_cannot_be_drawn_is_refused_by_name(case):
    call, error, argument = BAD[case]
    with pytest.raises(error, match=rf"^\S*{argument}\S* must be "):
        call()


def test_everything_public_is_drawn_in_these_tests():
    functions = {name for name in plotting.__all__ if name.startswith("plot_")}
    short = {name.removeprefix("plot_") for name in functions}
    renamed = {"correlations": "canonical_correlations", "responses": "responses_by_stimulus"}
    renamed["order"] = "selection"
    assert short == {renamed.get(name, name) for name in DRAWN}
    assert isinstance(plotting.plot_filters(FILTERS), Axes)
