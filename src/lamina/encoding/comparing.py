"""Every code on one signal: fitted, measured, and its error traced against its spike rate."""

from __future__ import annotations

import copy
import importlib
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from lamina._checks import check_integer, check_real, check_seed
from lamina.encoding.code import SpikeCode
from lamina.encoding.comparison import CodeResult, Comparison
from lamina.encoding.metrics import fit_per_spike, r_squared, rmse, snr_db, sparsity, spike_bits, spike_rate
from lamina.encoding.registry import CODES, code_named
from lamina.encoding.signals import admit_signal
from lamina.encoding.sweeping import Point, front, rate_and_error, sweep
from lamina.errors import ArgumentError, ArgumentTypeError, LaminaError
from lamina.typing import Array, Progress, Seed


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
    one parameter, in a seeded Latin hypercube for several. Of a code that searches nothing, the first whole
    number among its arguments (the steps of a rate code) is varied from 1 to 64. What no other setting of the
    code beats in both rate and error is kept.

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
    # loaded by the first search, whose time it would count as
    importlib.import_module("scipy.optimize")
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
    generator = check_seed("seed", seed)
    draw = int(generator.integers(2**31)) if generator is seed else int(seed)
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
        points = sweep(
            copy.copy(code).fit(signal, trials=0),
            signal,
            trials=trials,
            seed=seed,
            sampling_rate=sampling_rate,
            tell=lambda done, part: tell(0.5 * done, part),
        )
        start = time.perf_counter()
        code.fit(signal, trials=trials, seed=seed, progress=lambda done, part: tell(0.5 + 0.5 * done, part))
        seconds = time.perf_counter() - start
        spikes = code.encode(signal)
        decoded = code.decode(spikes)
    except LaminaError as error:
        return CodeResult(before.name, before, {}, {}, float("nan"), None, str(error))
    layout: dict[str, Any] = {"rows": code.rows}
    steps = code.steps_per_sample
    means = signal.mean(axis=-1, keepdims=True, dtype=np.float64)
    measures = {
        "rmse": rmse(signal, decoded),
        # decibels of an offset would say nothing of the code
        "snr_db": snr_db(signal - means, decoded - means),
        "r_squared": r_squared(signal, decoded),
        "spike_rate": spike_rate(spikes, sampling_rate, steps_per_sample=steps, **layout),
        "sparsity": sparsity(spikes, **layout),
        "bits_per_sample": spike_bits(spikes, **layout) / signal.shape[-1],
        "fit_per_spike": fit_per_spike(signal, decoded, spikes, **layout),
    }
    best = {name: np.asarray(value) for name, value in code.parameters_.items()}
    points.append(Point(*rate_and_error(signal, decoded, measures["spike_rate"]), best))
    return CodeResult(
        code.name,
        code,
        best,
        {name: np.asarray(value) for name, value in measures.items()},
        seconds,
        front(points),
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
