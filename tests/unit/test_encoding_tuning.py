"""The search behind optimize: what it may spend, what it must not depend on, and how good it is."""

from collections.abc import Callable

import numpy as np
import pytest
import torch

from lamina.encoding import search_space, tuning
from lamina.encoding.bens_spiker_algorithm import BensSpikerAlgorithm
from lamina.encoding.code import SpikeCode
from lamina.encoding.hooks import Dimension
from lamina.encoding.lif_based_encoding import LIFBasedEncoding
from lamina.encoding.pulse_width_modulation import PulseWidthModulation
from lamina.encoding.registry import CODES
from lamina.encoding.step_forward import StepForwardConverter
from lamina.errors import ArgumentError, ArgumentTypeError, DataError, StateError
from lamina.typing import Progress

Tried = list[tuple[float, ...]]
TUNED = [code for code in CODES if code.tuned and not code.random]


def walks(seed: int, shape: tuple[int, ...], dtype: type = np.float64) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape).cumsum(axis=-1).astype(dtype)


def error_of(code: SpikeCode, signal: np.ndarray) -> float:
    start = signal[..., 0]
    return float(np.square(code.decode(code.encode(signal), initial_value=start) - signal).mean())


@pytest.fixture
def tried(monkeypatch: pytest.MonkeyPatch) -> dict[bytes, Tried]:
    """Every setting that is encoded, one list for each signal."""
    seen: dict[bytes, Tried] = {}

    def watched(kind: type[SpikeCode]) -> Callable[..., np.ndarray]:
        encode = kind._encode

        def _encode(self, signal, values, ranges, carry):
            for row, *setting in zip(signal, *(values[name] for name in kind.tuned), strict=True):
                seen.setdefault(row.tobytes(), []).append(tuple(setting))
            return encode(self, signal, values, ranges, carry)

        return _encode

    for kind in (StepForwardConverter, LIFBasedEncoding, PulseWidthModulation):
        monkeypatch.setattr(kind, "_encode", watched(kind))
    return seen


@pytest.mark.parametrize("trials", [1, 2, 4, 7, 31, 33, 100])
@pytest.mark.parametrize("kind", [StepForwardConverter, LIFBasedEncoding, PulseWidthModulation])
def test_no_more_settings_are_encoded_than_trials_allow(
    kind: type[SpikeCode], trials: int, tried: dict[bytes, Tried], monkeypatch: pytest.MonkeyPatch
) -> None:
    signal = walks(1, (3, 150))
    kind().optimize(signal, trials=trials)
    assert len(tried) == 3
    most = 8 * trials if trials > 1 else 1
    for settings in tried.values():
        assert 0.9 * most <= len(settings) <= most
        assert len(set(settings)) == len(settings)
        assert settings[0] == tuple(getattr(kind(), name).item() for name in kind.tuned)
    # the global search alone
    both = {signal: settings.copy() for signal, settings in tried.items()}
    tried.clear()
    monkeypatch.setattr(tuning, "_FURTHER", 0)
    kind().optimize(signal, trials=trials)
    for row, settings in tried.items():
        assert 0.9 * trials <= len(settings) <= trials
        assert both[row][: len(settings)] == settings


@pytest.mark.parametrize("kind", [StepForwardConverter, LIFBasedEncoding, PulseWidthModulation])
def test_the_refinement_stays_near_the_best_and_comes_nearer(
    kind: type[SpikeCode], tried: dict[bytes, Tried], monkeypatch: pytest.MonkeyPatch
) -> None:
    signal = walks(16, (180,))
    monkeypatch.setattr(tuning, "_CENTRES", 1)
    code = kind().fit(signal, trials=60)
    settings = tried[signal.tobytes()].copy()
    dimensions = code._dimensions(signal[None], code.scaling_.per_channel(()))

    def place(setting: tuple[float, ...]) -> np.ndarray:
        return np.array(
            [
                np.log(value / low) / np.log(high / low) if log else (value - low) / (high - low)
                for value, (_, low, high, _, log) in zip(setting, dimensions, strict=True)
            ]
        )

    errors = [
        error_of(kind(**dict(zip(kind.tuned, each, strict=True))).fit(signal, trials=0), signal)
        for each in settings
    ]
    reach, begin = 0.03, 60
    while begin < 480:
        best = place(settings[int(np.argmin(errors[:begin]))])
        away = [np.abs(place(each) - best).max() for each in settings[begin : begin + 52]]
        assert 0.1 * reach < max(away) <= reach * (1 + 1e-9)
        reach, begin = 0.4 * reach, begin + 52
    assert min(errors) < min(errors[:60])


def test_settings_apart_are_refined_though_others_err_less() -> None:
    points = np.array([[0.5, 0.5], [0.52, 0.5], [0.5, 0.7], [0.1, 0.1], [0.9, 0.9]])
    errors = np.array([1.0, 2.0, 3.0, 5.0, 4.0])
    apart = search_space.best_apart(points, errors, 3, 0.1)
    np.testing.assert_array_equal(apart, points[[0, 2, 4]])
    np.testing.assert_array_equal(search_space.best_apart(points, errors, 9, 0.1), points[[0, 2, 4, 3]])
    np.testing.assert_array_equal(search_space.best_apart(points, errors, 9, 1.0), points[:1])
    np.testing.assert_array_equal(search_space.best_apart(points, np.full(5, np.inf), 2, 0.1), points[:1])


def test_clouds_fill_their_box() -> None:
    points = search_space.cloud(8, 3, np.random.default_rng(0))
    assert points.shape == (8, 3)
    for column in points.T:
        # one in each eighth of -1 to 1
        np.testing.assert_array_equal(np.sort(np.floor((column + 1) * 4)), np.arange(8))
    assert len(np.unique(points)) == 24


def test_points_and_settings_are_each_others_inverse() -> None:
    dimensions = (Dimension("a", 0.5, 8, log=True), Dimension("b", -1, 3), Dimension("c", 5, 5))
    settings = [(0.5, -1.0, 5.0), (2.0, 0.0, 5.0), (8.0, 3.0, 5.0)]
    points = search_space.points_of(settings, dimensions)
    np.testing.assert_allclose(points, [[0, 0, 0], [0.5, 0.25, 0], [1, 1, 0]])
    np.testing.assert_allclose(search_space.settings_at(points, dimensions), settings)
    # what lies outside becomes the nearest within, zero on a logarithm too
    np.testing.assert_array_equal(search_space.points_of([(0.0, 9.0, 7.0)], dimensions), [[0, 1, 0]])
    assert search_space.points_of([], dimensions).shape == (0, 3)


@pytest.mark.parametrize("kind", [StepForwardConverter, PulseWidthModulation])
def test_the_best_of_the_settings_tried_is_returned(kind: type[SpikeCode], tried: dict[bytes, Tried]) -> None:
    signal = walks(2, (200,))
    best = kind().optimize(signal, trials=40)
    settings = tried[signal.tobytes()].copy()
    errors = [error_of(kind(**dict(zip(kind.tuned, each, strict=True))), signal) for each in settings]
    assert float(best) == settings[int(np.argmin(errors))][0]


@pytest.mark.parametrize("kind", TUNED, ids=lambda kind: kind.name)
def test_nothing_worse_than_the_constructors_own_setting_comes_out(kind: type[SpikeCode]) -> None:
    for seed in range(3):
        signal = walks(seed, (120,))
        # a search that has trials for the constructor's own only must return it
        first = kind()
        first.optimize(signal, trials=1)
        for name in kind.tuned:
            assert first.parameters_[name].tolist() == getattr(first, name).tolist()
        # the alignment of BSA, too, is chosen
        own = error_of(kind().fit(signal, trials=0), signal)
        found = error_of(kind().fit(signal, trials=30), signal)
        assert found <= own


@pytest.mark.parametrize("kind", TUNED, ids=lambda kind: kind.name)
def test_a_channel_is_found_alone_as_among_others_and_again(kind: type[SpikeCode]) -> None:
    signal = walks(3, (2, 2, 90))
    together = kind()
    together.optimize(signal, trials=35, seed=4)
    alone, again = kind(), kind()
    alone.optimize(signal[1, 0], trials=35, seed=4)
    again.optimize(signal, trials=35, seed=np.random.default_rng(4))
    for name in kind.tuned:
        assert together.parameters_[name].shape == (2, 2)
        assert together.parameters_[name][1, 0] == alone.parameters_[name]
        np.testing.assert_array_equal(again.parameters_[name], together.parameters_[name])


def test_another_seed_searches_elsewhere() -> None:
    signal = walks(5, (300,))
    found = {float(StepForwardConverter().optimize(signal, seed=seed)) for seed in range(4)}
    assert len(found) > 1


def test_blocks_of_settings_give_what_one_block_gives(monkeypatch: pytest.MonkeyPatch) -> None:
    signal = walks(6, (2, 100))
    whole = LIFBasedEncoding().optimize(signal, trials=60)
    monkeypatch.setattr(tuning, "_BLOCK", 2 * 100 * 3)
    in_blocks = LIFBasedEncoding().optimize(signal, trials=60)
    np.testing.assert_array_equal(in_blocks, whole)


def test_blocks_are_as_short_as_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    lengths = []
    encode = StepForwardConverter._encode

    def watched(self, signal, *rest):
        lengths.append(len(signal))
        return encode(self, signal, *rest)

    monkeypatch.setattr(StepForwardConverter, "_encode", watched)
    monkeypatch.setattr(tuning, "_BLOCK", 2 * 100 * 3)
    StepForwardConverter().optimize(walks(6, (100,)), trials=60)
    assert max(lengths) == 3
    monkeypatch.setattr(tuning, "_BLOCK", 10)
    lengths.clear()
    StepForwardConverter().optimize(walks(6, (100,)), trials=60)
    assert max(lengths) == 1


@pytest.mark.parametrize("kind", [StepForwardConverter, LIFBasedEncoding])
def test_a_hundred_trials_come_near_a_dense_grid(kind: type[SpikeCode]) -> None:
    signal = np.sin(np.arange(1000) / 37) + 0.4 * np.sin(np.arange(1000) / 11)
    grids = {
        StepForwardConverter: [{"threshold": theta} for theta in np.geomspace(0.001, 2, 2000)],
        LIFBasedEncoding: [
            {"threshold": theta, "membrane_constant": decay}
            for theta in np.linspace(0.1, 1, 46)
            for decay in np.linspace(0, 0.9, 46)
        ],
    }
    grid = {name: [each[name] for each in grids[kind]] for name in kind.tuned}
    rows = np.repeat(signal[None], len(grids[kind]), axis=0)
    code = kind(**grid)
    best = np.square(code.decode(code.encode(rows), initial_value=rows[:, 0]) - rows).mean(axis=1).min()
    found = kind()
    found.fit(signal)
    assert error_of(found, signal) < 1.1 * best


def test_whole_numbers_are_found_among_whole_numbers() -> None:
    code = BensSpikerAlgorithm()
    order, cutoff, threshold = code.optimize(walks(7, (2, 300), np.float32), trials=60)
    assert order.dtype == np.int64
    assert cutoff.dtype == threshold.dtype == np.float64
    assert (order >= 1).all()
    assert set(code.parameters_) == {"filter_order", "filter_cutoff", "threshold"}


def test_few_whole_numbers_are_each_tried_once(
    monkeypatch: pytest.MonkeyPatch, tried: dict[bytes, Tried]
) -> None:
    def three(self, signal, ranges):
        del self, signal, ranges
        return (Dimension("threshold", 1, 3, integer=True),)

    monkeypatch.setattr(StepForwardConverter, "_dimensions", three)
    signal = np.linspace(0, 40, 21)
    assert float(StepForwardConverter(7.0).optimize(signal, trials=50)) == 2.0
    assert sorted(tried[signal.tobytes()]) == [(1.0,), (2.0,), (3.0,), (7.0,)]


@pytest.mark.parametrize(("log", "low"), [(False, 2), (True, 2), (True, 1)])
def test_every_whole_number_between_the_bounds_can_be_found(log: bool, low: int) -> None:
    dimensions = (Dimension("n", low, 9, integer=True, log=log),)
    parts = np.linspace(0, 1, 2001)
    places = [place for (place,) in search_space.settings_at(parts[:, None], dimensions)]
    assert sorted(set(places)) == list(range(low, 10))
    whole = [(n,) for n in range(low, 10)]
    assert search_space.settings_at(search_space.points_of(whole, dimensions), dimensions) == whole
    assert all(isinstance(place, int) for place in places)
    assert places == sorted(places)


def test_settings_spread_over_every_dimension() -> None:
    points = search_space.spread_out(10, 3, np.random.default_rng(0))
    assert points.shape == (10, 3)
    for column in points.T:
        np.testing.assert_allclose(np.sort(column), (np.arange(10) + 0.5) / 10)
    assert not np.array_equal(points[:, 1], points[:, 2])


def test_a_constant_channel_keeps_the_constructors_setting() -> None:
    signal = np.stack([np.full(60, 3.0), walks(8, (60,))])
    found = StepForwardConverter(0.7).optimize(signal, trials=40)
    assert found[0] == 0.7
    assert found[1] == StepForwardConverter(0.7).optimize(signal[1], trials=40)


def test_two_samples_are_enough_and_one_is_not() -> None:
    assert StepForwardConverter().optimize(np.array([0.0, 1.0]), trials=20) > 0
    with pytest.raises(DataError, match="at least 2 samples"):
        StepForwardConverter().optimize(np.array([1.0]))
    code = StepForwardConverter().fit(np.array([1.0]), trials=0)
    assert code.scaling_ is not None


@pytest.mark.parametrize(
    ("arguments", "error", "word"),
    [
        ({"trials": 0}, ArgumentError, "trials"),
        ({"trials": 2.5}, ArgumentTypeError, "trials"),
        ({"seed": -1}, ArgumentError, "seed"),
        ({"seed": "1"}, ArgumentTypeError, "seed"),
        ({"progress": 3}, ArgumentTypeError, "progress"),
    ],
)
def test_bad_arguments_are_named(arguments: dict, error: type[Exception], word: str) -> None:
    with pytest.raises(error, match=word):
        StepForwardConverter().optimize(walks(9, (50,)), **arguments)


def test_progress_rises_to_one_and_says_what_is_done() -> None:
    told: list[tuple[float, str]] = []
    StepForwardConverter().optimize(walks(10, (3, 80)), trials=50, progress=lambda *step: told.append(step))
    fractions = [fraction for fraction, _ in told]
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1.0
    assert len(fractions) > 6
    assert told[-1][1] == "1,200 settings"


def test_the_bar_stays_off_where_there_is_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    StepForwardConverter().optimize(walks(10, (80,)), trials=20, progress=True)
    assert "".join(capsys.readouterr()).strip() == ""


class InterruptedSearchError(Exception):
    """What a user's function raises."""


def _stop(after: float) -> Progress:
    def told(fraction: float, text: str) -> None:
        if fraction > after:
            raise InterruptedSearchError(text)

    return told


@pytest.mark.parametrize("kind", [StepForwardConverter, BensSpikerAlgorithm])
@pytest.mark.parametrize("fitted", [False, True])
@pytest.mark.parametrize("method", ["fit", "optimize"])
@pytest.mark.parametrize("after", [0.0, 0.9], ids=["at once", "while it refines"])
def test_a_search_that_is_interrupted_changes_nothing(
    kind: type[SpikeCode], fitted: bool, method: str, after: float
) -> None:
    signal = walks(11, (2, 90))
    other = signal[:, ::-1] / 2
    code = kind().fit(signal, trials=6) if fitted else kind()
    before = code.decode(code.encode(signal))
    state = vars(code).copy()
    with pytest.raises(InterruptedSearchError):
        getattr(code, method)(other, progress=_stop(after))
    assert vars(code).keys() == state.keys()
    assert all(vars(code)[name] is value for name, value in state.items())
    np.testing.assert_array_equal(code.decode(code.encode(signal)), before)


def test_codes_without_tuned_parameters_say_so() -> None:
    plain = [code for code in CODES if not code.tuned]
    for kind in plain:
        with pytest.raises(StateError, match="no parameter to optimise"):
            kind().optimize(walks(13, (50,)))


def test_torch_in_torch_out_and_time_anywhere() -> None:
    signal = walks(14, (60, 3), np.float32)
    expected = StepForwardConverter().optimize(signal.T.copy(), trials=40)
    found = StepForwardConverter().optimize(torch.from_numpy(signal), dim=0, trials=40)
    assert isinstance(found, torch.Tensor)
    np.testing.assert_array_equal(found.numpy(), expected)
    single = StepForwardConverter().optimize(signal[:, 0], trials=40)
    assert isinstance(single, float)
    assert single == expected[0]
