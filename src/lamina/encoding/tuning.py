"""The search for the parameters with which decoded spikes come nearest to the signal."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from lamina._checks import check_integer, check_seed
from lamina.encoding.hooks import CodeHooks, Dimension, Values
from lamina.encoding.parameters import spread
from lamina.encoding.progress import reporting
from lamina.encoding.scaling import ChannelScaling
from lamina.errors import DataError
from lamina.typing import Progress, Seed

Setting = tuple[float | int, ...]
"""One value for each tuned parameter of a code."""

# numbers of spikes that one call of the kernels may make, so that long signals do not fill the memory
_BLOCK = 2**22
# settings tried before evolution starts, how many of them are at least spread evenly over the bounds, and how
# many of the best it starts from
_FIRST = 20
_SPREAD = 8
_POPULATION = 10
# with fewer, SciPy cannot mix them
_SMALLEST = 5


def search(
    code: CodeHooks,
    signal: np.ndarray,
    ranges: ChannelScaling,
    *,
    trials: int,
    seed: Seed,
    progress: bool | Progress,
) -> Values:
    """Find the parameters of each channel that leave the smallest mean squared error.

    The first setting tried is the constructor's own, so that nothing worse can come out; then some that
    the code thinks likely and some that are spread over the bounds that it names; and from the best of these,
    `scipy.optimize.differential_evolution` goes on until all trials are spent. A generation is encoded and
    decoded at once, as so many channels; no setting is tried twice. Every channel is searched for itself,
    with the same random numbers, so that what is found does not depend on which others there are. A constant
    channel keeps the constructor's setting.

    Parameters
    ----------
    code
        The code; it is not changed.
    signal
        ``(channels, time)``, float32 or float64, at least two samples.
    ranges
        The scaling of the channels, with the first values.
    trials
        Settings to try for each channel, at least 1; never more are encoded.
    seed
        Of the search: an integer, or a generator, which is drawn from once.
    progress
        As in `reporting`, counted in settings of all channels.

    Returns
    -------
    dict
        Arrays ``(channels,)`` by the names in ``tuned``: float64, or int64 for whole numbers.

    Raises
    ------
    ArgumentTypeError, ArgumentError
        If ``trials`` is no integer of at least 1, or the seed none of at least 0.
    DataError
        If the signal has a single sample.
    """
    trials = check_integer("trials", trials, minimum=1)
    number = int(check_seed("seed", seed).integers(2**63))
    channels, samples = signal.shape
    if samples < 2:
        raise DataError(
            "signal",
            allowed="at least 2 samples long, to find parameters",
            got="1 sample",
            remedy="Give a longer signal, or learn the scaling only: fit(signal, trials=0).",
        )
    limits = {parameter.name: parameter for parameter in code.parameters}
    own = {name: spread(name, limits[name].check(getattr(code, name)), ranges.leading) for name in code.tuned}
    values = {**code._values(ranges.leading), **own}
    found = {name: value.copy() for name, value in own.items()}
    changing = signal.min(axis=1) < signal.max(axis=1)
    with reporting(progress, channels * trials, "settings") as report:
        for c in range(channels):
            if changing[c]:
                begun = c * trials
                attempts = _Attempts(
                    _Channel(
                        code,
                        signal[c : c + 1],
                        {name: value[c : c + 1] for name, value in values.items()},
                        _only(ranges, [c]),
                    ),
                    trials,
                    lambda done, begun=begun: report(begun + done),
                )
                attempts.errors([tuple(own[name][c].item() for name in code.tuned)])
                _evolve(attempts, np.random.default_rng(number))
                for name, value in zip(code.tuned, attempts.best(1)[0], strict=True):
                    found[name][c] = value
            report((c + 1) * trials)
    return found


class _Channel:
    """One channel, which any number of settings can be tried on at once."""

    def __init__(self, code: CodeHooks, signal: np.ndarray, values: Values, ranges: ChannelScaling) -> None:
        self.code, self.signal, self.values, self.ranges = code, signal, values, ranges
        self.dimensions = code._dimensions(signal, ranges)
        self.likely = code._likely(signal, ranges)
        steps = signal.shape[1] * (code.n_rows or 1) * code.steps_per_sample
        self.at_once = max(1, _BLOCK // steps)

    def errors(self, settings: list[Setting]) -> list[float]:
        """Return the mean squared error of each setting, of which there is at least one."""
        errors: list[float] = []
        for begin in range(0, len(settings), self.at_once):
            some = settings[begin : begin + self.at_once]
            # each setting is a channel of its own, so that one call of the kernels does them all
            copies = np.repeat(self.signal, len(some), axis=0)
            values = {name: value.repeat(len(some)) for name, value in self.values.items()}
            for column, name in zip(zip(*some, strict=True), self.code.tuned, strict=True):
                values[name] = np.array(column, dtype=values[name].dtype)
            again = self.code._reproduce(copies, values, _only(self.ranges, [0] * len(some)))
            with np.errstate(over="ignore", invalid="ignore"):
                again = np.square(np.subtract(again, copies, out=again), out=again)
                means = again.mean(axis=1, dtype=np.float64)
            errors += np.where(np.isnan(means), np.inf, means).tolist()
        return errors


class _Attempts:
    """The settings that were tried so far, each of them once, and the best of them."""

    def __init__(self, channel: _Channel, trials: int, told: Callable[[int], None]) -> None:
        self.channel, self.trials, self.told = channel, trials, told
        self.known: dict[Setting, float] = {}

    @property
    def left(self) -> int:
        """How many more may be tried."""
        return self.trials - len(self.known)

    def errors(self, settings: list[Setting]) -> np.ndarray:
        """Return the error of each setting; infinity for those that there was no trial left for."""
        new = [setting for setting in dict.fromkeys(settings) if setting not in self.known][: self.left]
        if new:
            self.known |= zip(new, self.channel.errors(new), strict=True)
            self.told(len(self.known))
        return np.array([self.known.get(setting, math.inf) for setting in settings])

    def best(self, count: int) -> list[Setting]:
        """Return the settings that err least, of equals the one that was tried first."""
        return sorted(self.known, key=self.known.__getitem__)[:count]


def _evolve(attempts: _Attempts, generator: np.random.Generator) -> None:
    """Spend the trials that are left: some spread over the bounds, the others by differential evolution."""
    from scipy.optimize import differential_evolution

    dimensions = attempts.channel.dimensions
    if not attempts.left:
        return
    likely = attempts.channel.likely
    count = min(max(_SPREAD, _FIRST - len(likely)), max(0, attempts.left - len(likely)))
    spread_out = _spread_out(count, len(dimensions), generator)
    points = np.concatenate([*(_point(setting, dimensions)[None] for setting in likely), spread_out])
    # what there is no trial left for errs infinitely
    errors = attempts.errors([_place(point, dimensions) for point in points])
    if not attempts.left or len(points) < _SMALLEST:
        return
    best: Any = points[np.argsort(errors, kind="stable")[:_POPULATION]]
    differential_evolution(
        lambda population: attempts.errors([_place(point, dimensions) for point in population.T]),
        [(0.0, 1.0)] * len(dimensions),
        init=best,
        rng=generator,
        vectorized=True,
        updating="deferred",
        polish=False,
        mutation=(0.3, 0.6),
        recombination=0.9,
        tol=0.0,
        maxiter=attempts.trials,
        callback=lambda intermediate_result: attempts.left == 0,
    )


def _spread_out(count: int, dimensions: int, generator: np.random.Generator) -> np.ndarray:
    """Return ``(count, dimensions)`` points in [0, 1): in each dimension, one in each of ``count`` parts."""
    columns = [(np.arange(count) + 0.5) / count]
    columns += [generator.permutation(columns[0]) for _ in range(dimensions - 1)]
    return np.stack(columns, axis=1)


def _place(point: np.ndarray, dimensions: tuple[Dimension, ...]) -> Setting:
    """Map a point of the unit cube to a setting."""
    setting: list[float | int] = []
    for part, (_, low, high, integer, log) in zip(point.tolist(), dimensions, strict=True):
        if integer:
            # every whole number gets the same share of the interval, or of its logarithm
            low, high = low - 0.5, high + 0.5
        value = low * (high / low) ** part if log else low + (high - low) * part
        setting.append(int(min(max(round(value), math.ceil(low)), math.floor(high))) if integer else value)
    return tuple(setting)


def _point(setting: tuple[float, ...], dimensions: tuple[Dimension, ...]) -> np.ndarray:
    """Return the point of the unit cube that maps to a setting."""
    values = np.array(setting, dtype=np.float64)
    for i, (_, low, high, integer, log) in enumerate(dimensions):
        if integer:
            low, high = low - 0.5, high + 0.5
        values[i] = (
            math.log(values[i] / low) / math.log(high / low) if log else (values[i] - low) / (high - low)
        )
    return values.clip(0.0, 1.0)


def _only(ranges: ChannelScaling, channels: list[int]) -> ChannelScaling:
    """Return the ranges of some channels, each as often as it is named."""
    return ChannelScaling(
        ranges.minimum[channels],
        ranges.maximum[channels],
        *(
            None if part is None else part[channels]
            for part in (ranges.initial, ranges.change_mean, ranges.change_deviation)
        ),
        leading=(len(channels),),
    )
