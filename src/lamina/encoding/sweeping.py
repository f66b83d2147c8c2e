"""Settings spread over what a code can be set to, and those that no other beats in both rate and error."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from lamina._checks import check_seed
from lamina.encoding.code import SpikeCode
from lamina.encoding.comparison import Curve
from lamina.encoding.hooks import Dimension, Values
from lamina.encoding.metrics import rmse, spike_rate
from lamina.errors import LaminaError
from lamina.typing import Array, Progress, Seed

# settings beyond these, for each parameter, add little to a curve
_MOST_POINTS = 60
# what whole numbers that shape a code (its steps, phases, neurons) are set to
_SIZES = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64)


class Point(NamedTuple):
    """Spike rate and error of a setting, and the setting: arrays of the signal's leading shape, by name."""

    spike_rate: float
    error: float
    setting: Values


def sweep(
    code: SpikeCode,
    signal: np.ndarray,
    *,
    trials: int,
    seed: Seed,
    sampling_rate: float | None,
    tell: Progress,
) -> list[Point]:
    """Encode and decode ``(..., time)`` with settings of a code that knows its scaling.

    Parameters with a search space are spread over it; of a code without, the first whole number among its
    arguments is varied. The code itself is changed.
    """
    settings = list(_searched(code, signal, trials, seed) if code.tuned else _sized(code))
    points: list[Point] = []
    for index, setting in enumerate(settings):
        tell(index / len(settings), "curve")
        try:
            used = _set(code, signal, setting)
            spikes = used.encode(signal)
            decoded = used.decode(spikes)
        except LaminaError:
            # a corner of the search space that this signal is too short for, say, is no point of the curve
            continue
        rate = spike_rate(spikes, sampling_rate, rows=used.rows, steps_per_sample=used.steps_per_sample)
        spread = {name: np.broadcast_to(value, signal.shape[:-1]) for name, value in setting.items()}
        points.append(Point(*rate_and_error(signal, decoded, rate), spread))
    return points


def front(points: list[Point]) -> Curve | None:
    """Keep the points that no other beats in both rate and error; None if there is none with an error."""
    kept: list[Point] = []
    for point in sorted(points, key=lambda point: point[:2]):
        if np.isfinite(point.error) and (not kept or point.error < kept[-1].error):
            kept.append(point)
    if not kept:
        return None
    # a point that the search found where nothing was varied has no setting
    names = set.intersection(*(set(point.setting) for point in kept))
    return Curve(
        np.array([point.spike_rate for point in kept]),
        np.array([point.error for point in kept]),
        {name: np.stack([point.setting[name] for point in kept]) for name in sorted(names)},
    )


def rate_and_error(signal: np.ndarray, decoded: Array, rates: Array) -> tuple[float, float]:
    """Return the mean rate, and the mean over the channels that vary of RMSE / standard deviation."""
    deviations = np.asarray(signal.std(axis=-1, dtype=np.float64))
    # equal numbers may deviate from their mean by a rounding error
    varies = np.asarray(signal.max(axis=-1) > signal.min(axis=-1))
    if not varies.any():
        return float(np.mean(rates)), float("nan")
    errors = np.asarray(rmse(signal, decoded))[varies] / deviations[varies]
    return float(np.mean(rates)), float(errors.mean())


def _searched(code: SpikeCode, signal: np.ndarray, trials: int, seed: Seed) -> Iterator[Values]:
    if code.scaling_ is None:
        return
    leading = signal.shape[:-1]
    flat = _flat(signal)
    ranges = code.scaling_.per_channel(leading)
    own = code._values(leading)
    # as in the search, a constant channel keeps the setting that it has
    spaces = [
        code._shown_dimensions(flat[c : c + 1], ranges.only(c)) if flat[c].min() < flat[c].max() else None
        for c in range(len(flat))
    ]
    some = next((space for space in spaces if space is not None), ())
    count = min(trials, _MOST_POINTS) * len(some)
    for place in _design(count, len(some), seed) if some else ():
        yield {
            dimension.name: np.array(
                [
                    own[dimension.name][c] if space is None else _at(space[d], place[d])
                    for c, space in enumerate(spaces)
                ]
            ).reshape(leading)
            for d, dimension in enumerate(some)
        }


def _sized(code: SpikeCode) -> Iterator[Values]:
    for name in code.arguments:
        value = getattr(code, name)
        if isinstance(value, int) and not isinstance(value, bool) and name != "seed":
            yield from ({name: np.array(size)} for size in _SIZES)
            return


def _set(code: SpikeCode, signal: np.ndarray, setting: Values) -> SpikeCode:
    if code.tuned:
        if code.scaling_ is not None:
            code.parameters_ = setting
            code._settle(_flat(signal), code.scaling_.per_channel(signal.shape[:-1]))
        return code
    kind: Any = type(code)
    sizes = {name: int(value) for name, value in setting.items()}
    return kind(**{name: getattr(code, name) for name in code.arguments} | sizes).fit(signal, trials=0)


def _flat(signal: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(signal.reshape(-1, signal.shape[-1]))


def _design(points: int, dimensions: int, seed: Seed) -> np.ndarray:
    """Spread points over the unit cube, the middles of equal parts of every axis each once."""
    middles = (np.arange(points) + 0.5) / points
    if dimensions == 1:
        return middles[:, None]
    rng = check_seed("seed", seed)
    return np.stack([rng.permutation(middles) for _ in range(dimensions)], axis=1)


def _at(dimension: Dimension, place: float) -> float | int:
    low, high = dimension.low, dimension.high
    value = low * (high / low) ** place if dimension.log else low + place * (high - low)
    return round(value) if dimension.integer else float(value)
