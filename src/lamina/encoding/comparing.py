"""Every code on one signal: fitted, measured, and its error traced against its spike rate."""

from __future__ import annotations

import copy
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np

from lamina._checks import check_integer, check_real, check_seed
from lamina.encoding.code import SpikeCode
from lamina.encoding.comparison import CodeResult, Comparison, Curve
from lamina.encoding.hooks import Dimension, Values
from lamina.encoding.metrics import fit_per_spike, r_squared, rmse, snr_db, sparsity, spike_bits, spike_rate
from lamina.encoding.registry import CODES, code_named
from lamina.encoding.scaling import ChannelScaling
from lamina.encoding.signals import admit_signal
from lamina.errors import ArgumentError, ArgumentTypeError, LaminaError
from lamina.typing import Array, Progress, Seed

# settings beyond these, for each parameter, add little to a curve
_MOST_POINTS = 60


def compare(
    signal: Array,
    *,
    codes: Sequence[str | type[SpikeCode] | SpikeCode] | None = None,
    trials: int = 100,
    seed: Seed = 0,
    dim: int = -1,
    sampling_rate: float | None = None,
    progress: bool | Progress = False,
) -> Comparison:
    """Fit codes to a signal and tell what each makes of it: its error, its spikes, its bits.

    Each code is fitted (`SpikeCode.fit`: the range of the signal, and the parameters with the least squared
    error), then encodes and decodes the same signal. For the picture of error against spike rate, settings
    spread over each code's search space are tried as well, up to 60 for each of its parameters: evenly for
    one parameter, in a seeded Latin hypercube for several. What no other setting of the code beats in both
    rate and error is kept.

    All numbers are those of the signal that was fitted. To know what a code does on other recordings of the
    kind, encode those with the fitted ``code`` of a result.

    Parameters
    ----------
    signal
        ``(..., time)``, finite; NumPy or torch. The leading axes are channels, each with parameters of its
        own; measures are kept for each.
    codes
        Names, classes or instances, each code once. Instances are copied, not changed; what their constructor
        fixes beside the searched parameters stays. Default: every code of `CODES` that can be decoded.
    trials
        Settings that the search tries for each code and channel, at least 1; it limits the settings of the
        curve, too.
    seed
        Of the searches, of the settings of the curves, and of codes that draw random numbers.
    dim
        The axis of time.
    sampling_rate
        In hertz, above 0, to have spike rates per second. Default: per sample.
    progress
        True shows a bar on the terminal; a function is called with the fraction done and the code at work.

    Returns
    -------
    Comparison
        A code that cannot encode this signal, a constant channel say, is in it with its reason.

    Raises
    ------
    ArgumentTypeError, ShapeError, DataError
        If the signal is no array of real numbers, empty, or not finite.
    ArgumentError
        If there is no code of a name, one is named twice, or ``trials`` or ``sampling_rate`` cannot be.

    Examples
    --------
    >>> found = compare(np.sin(np.arange(400) / 20), codes=["sf"], trials=20)
    >>> found.best().name, bool(found["sf"].mean("r_squared") > 0.9)
    ('sf', True)
    """
    channels = admit_signal("signal", signal, dim)
    chosen = _chosen(codes, seed)
    budget = check_integer("trials", trials, minimum=1)
    if sampling_rate is not None:
        sampling_rate = check_real("sampling_rate", sampling_rate, above=0)
    values = channels.on_cpu().reshape(*channels.leading, -1)
    results = []
    with _telling(progress) as tell:
        for index, code in enumerate(chosen):

            def told(fraction: float, _: str = "", index: int = index, name: str = code.name) -> None:
                tell((index + fraction) / len(chosen), name)

            told(0.0)
            results.append(_result(code, values, budget, seed, sampling_rate, told))
        tell(1.0, "done")
    return Comparison(tuple(results), channels.leading, values.shape[-1], sampling_rate)


def _chosen(codes: Any, seed: Seed) -> list[SpikeCode]:
    if codes is None:
        codes = [code for code in CODES if code.invertible]
    if isinstance(codes, str) or not isinstance(codes, Sequence) or not codes:
        raise ArgumentTypeError(
            "codes",
            allowed="a sequence of names, classes or instances of codes",
            got=repr(codes)[:60],
            remedy=f'Name codes of lamina.encoding.CODES: codes=["{CODES[0].name}"].',
        )
    draw = int(check_seed("seed", seed).integers(2**31)) if not isinstance(seed, int) else seed
    chosen: list[SpikeCode] = []
    for code in codes:
        if isinstance(code, SpikeCode):
            chosen.append(copy.deepcopy(code))
            continue
        kind: Any = code if isinstance(code, type) and issubclass(code, SpikeCode) else code_named(str(code))
        chosen.append(kind(seed=draw) if kind.random and "seed" in kind.arguments else kind())
    names = [code.name for code in chosen]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ArgumentError(
            "codes", allowed="of each code one", got=f"{twice[0]!r} twice", remedy="Compare them one by one."
        )
    return chosen


def _result(
    code: SpikeCode, signal: np.ndarray, trials: int, seed: Seed, sampling_rate: float | None, tell: Progress
) -> CodeResult:
    before = copy.deepcopy(code)
    try:
        # first, so that what is compiled on the way is not timed
        points = _sweep(copy.copy(code).fit(signal, trials=0), signal, trials, seed, sampling_rate, tell)
        start = time.perf_counter()
        code.fit(signal, trials=trials, seed=seed, progress=lambda done, part: tell(0.5 + 0.5 * done, part))
        seconds = time.perf_counter() - start
        spikes = code.encode(signal)
        decoded = code.decode(spikes)
    except LaminaError as error:
        return CodeResult(before.name, before, {}, {}, float("nan"), None, str(error))
    layout: dict[str, Any] = {"rows": code.rows}
    steps = code.steps_per_sample
    measures = {
        "rmse": rmse(signal, decoded),
        "snr_db": snr_db(signal, decoded),
        "r_squared": r_squared(signal, decoded),
        "spike_rate": spike_rate(spikes, sampling_rate, steps_per_sample=steps, **layout),
        "sparsity": sparsity(spikes, **layout),
        "bits_per_sample": spike_bits(spikes, **layout) / signal.shape[-1],
        "fit_per_spike": fit_per_spike(signal, decoded, spikes, **layout),
    }
    best = {name: np.asarray(value) for name, value in code.parameters_.items()}
    points.append((*_rate_and_error(signal, decoded, measures["spike_rate"]), best))
    return CodeResult(
        code.name,
        code,
        best,
        {name: np.asarray(value) for name, value in measures.items()},
        seconds,
        _front(points),
    )


_Point = tuple[float, float, Values]


def _sweep(
    code: SpikeCode, signal: np.ndarray, trials: int, seed: Seed, sampling_rate: float | None, tell: Progress
) -> list[_Point]:
    """Return spike rate, error and setting for settings spread over the search space of a fitted code."""
    if not code.tuned or code.scaling_ is None:
        return []
    leading = signal.shape[:-1]
    flat = np.ascontiguousarray(signal.reshape(-1, signal.shape[-1]))
    ranges = code.scaling_.per_channel(leading)
    spaces = [code._dimensions(flat[c : c + 1], _of_channel(ranges, c)) for c in range(len(flat))]
    points: list[_Point] = []
    dimensions = len(spaces[0])
    design = _design(min(trials, _MOST_POINTS) * dimensions, dimensions, seed)
    for index, place in enumerate(design):
        code.parameters_ = {
            dimension.name: np.array([_at(space[d], place[d]) for space in spaces]).reshape(leading)
            for d, dimension in enumerate(spaces[0])
        }
        tell(0.5 * index / len(design), "curve")
        try:
            code._settle(flat, ranges)
            spikes = code.encode(signal)
            decoded = code.decode(spikes)
        except LaminaError:
            # a corner of the search space that this signal is too short for, say, is no point of the curve
            continue
        rate = spike_rate(spikes, sampling_rate, rows=code.rows, steps_per_sample=code.steps_per_sample)
        points.append((*_rate_and_error(signal, decoded, rate), code.parameters_))
    return points


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


def _of_channel(ranges: ChannelScaling, channel: int) -> ChannelScaling:
    names = ("minimum", "maximum", "initial", "change_mean", "change_deviation")
    parts = {name: getattr(ranges, name) for name in names}
    one = {
        name: None if part is None else np.ascontiguousarray(part[channel : channel + 1])
        for name, part in parts.items()
    }
    return replace(ranges, **one, leading=())


def _rate_and_error(signal: np.ndarray, decoded: np.ndarray, rates: Any) -> tuple[float, float]:
    deviations = np.asarray(signal.std(axis=-1, dtype=np.float64))
    # equal numbers may deviate from their mean by a rounding error
    varies = np.asarray(signal.max(axis=-1) > signal.min(axis=-1))
    if not varies.any():
        return float(np.mean(rates)), float("nan")
    errors = np.asarray(rmse(signal, decoded))[varies] / deviations[varies]
    return float(np.mean(rates)), float(errors.mean())


def _front(points: list[_Point]) -> Curve | None:
    """Keep the points that no other beats in both rate and error."""
    kept: list[_Point] = []
    for point in sorted(points, key=lambda point: point[:2]):
        if np.isfinite(point[1]) and (not kept or point[1] < kept[-1][1]):
            kept.append(point)
    if not kept:
        return None
    return Curve(
        np.array([rate for rate, _, _ in kept]),
        np.array([error for _, error, _ in kept]),
        {name: np.stack([setting[name] for *_, setting in kept]) for name in kept[0][2]},
    )


@contextmanager
def _telling(progress: bool | Progress) -> Iterator[Progress]:
    if progress is False or progress is None:
        yield lambda fraction, part: None
    elif progress is True:
        from rich.console import Console
        from rich.progress import Progress as Bar

        console = Console(stderr=True)
        with Bar(console=console, transient=True, disable=not console.is_terminal) as bar:
            task = bar.add_task("comparing", total=1.0)
            yield lambda fraction, part: bar.update(task, completed=fraction, description=part)
    elif callable(progress):
        yield progress
    else:
        raise ArgumentTypeError(
            "progress",
            allowed="True, False, or a function of a fraction and a text",
            got=repr(progress),
            remedy="Pass True for a bar in the terminal.",
        )
