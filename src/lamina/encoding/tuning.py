"""The search for the parameters with which decoded spikes come nearest to the signal."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from lamina._checks import check_integer, check_seed
from lamina._progress import reporting
from lamina.encoding.hooks import CodeHooks, Values
from lamina.encoding.parameters import spread
from lamina.encoding.scaling import ChannelScaling
from lamina.encoding.search_space import Setting, best_apart, cloud, points_of, settings_at, spread_out
from lamina.errors import DataError
from lamina.typing import Progress, Seed

# numbers of spikes that one call of the kernels may make, so that long signals do not fill the memory
_BLOCK = 2**22
# settings tried before evolution starts, how many of them are at least spread evenly over the bounds, and how
# many of the best it starts from
_FIRST = 20
_SPREAD = 8
_POPULATION = 10
# with fewer, SciPy cannot mix them
_SMALLEST = 5
# settings of the refinement, for each trial of the search; around how many of the best it looks at once; in
# how many rounds; how far in the first, in parts of the bounds; and how much nearer in each further one
_FURTHER = 7
_CENTRES = 6
_ROUNDS = 8
_REACH = 0.03
_SHRINKING = 0.4


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
    `scipy.optimize.differential_evolution` goes on until all trials are spent. Then the surroundings of the
    best few settings that lie apart are tried, nearer and nearer: the error jumps from one setting to the
    next, so that there is no slope to follow. A generation is encoded and decoded at once, as so many
    channels; no setting is tried twice. Every channel is searched for itself, with the same random numbers,
    so that what is found does not depend on which others there are. A constant channel keeps the
    constructor's setting.

    Parameters
    ----------
    code
        The code; it is not changed.
    signal
        ``(channels, time)``, float32 or float64, at least two samples.
    ranges
        The scaling of the channels, with the first values.
    trials
        Settings that the global search tries for each channel, at least 1. The refinement tries at most three
        times as many further ones, and none if there is a single trial, which is the constructor's setting.
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
    further = _FURTHER * trials if trials > 1 else 0
    each = trials + further
    with reporting(progress, channels * each, "settings", "searching") as report:
        for c in range(channels):
            if changing[c]:
                begun = c * each
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
                generator = np.random.default_rng(number)
                _evolve(attempts, generator)
                attempts.allowed = len(attempts.known) + further
                _refine(attempts, generator)
                for name, value in zip(code.tuned, attempts.best(1)[0], strict=True):
                    found[name][c] = value
            report((c + 1) * each)
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

    def __init__(self, channel: _Channel, allowed: int, told: Callable[[int], None]) -> None:
        self.channel, self.allowed, self.told = channel, allowed, told
        self.known: dict[Setting, float] = {}

    @property
    def left(self) -> int:
        """How many more may be tried."""
        return self.allowed - len(self.known)

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
    points = np.concatenate([points_of(likely, dimensions), spread_out(count, len(dimensions), generator)])
    # what there is no trial left for errs infinitely
    errors = attempts.errors(settings_at(points, dimensions))
    if not attempts.left or len(points) < _SMALLEST:
        return
    best: Any = points[np.argsort(errors, kind="stable")[:_POPULATION]]
    differential_evolution(
        lambda population: attempts.errors(settings_at(population.T, dimensions)),
        [(0.0, 1.0)] * len(dimensions),
        init=best,
        rng=generator,
        vectorized=True,
        updating="deferred",
        polish=False,
        mutation=(0.3, 0.6),
        recombination=0.9,
        tol=0.0,
        maxiter=attempts.allowed,
        callback=lambda intermediate_result: attempts.left == 0,
    )


def _refine(attempts: _Attempts, generator: np.random.Generator) -> None:
    """Spend the trials that are left around the best settings, nearer and nearer to them."""
    dimensions = attempts.channel.dimensions
    in_a_round = max(1, attempts.left // _ROUNDS)
    reach = _REACH
    while attempts.left:
        points = points_of(list(attempts.known), dimensions)
        centres = best_apart(points, np.array(list(attempts.known.values())), _CENTRES, reach)[:in_a_round]
        each = in_a_round // len(centres)
        around = [centre + reach * cloud(each, len(dimensions), generator) for centre in centres]
        before = attempts.left
        attempts.errors(settings_at(np.concatenate(around).clip(0.0, 1.0), dimensions))
        if attempts.left == before:
            # whole numbers all of whose neighbours are known
            return
        reach *= _SHRINKING


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
