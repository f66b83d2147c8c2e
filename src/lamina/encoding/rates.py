"""Firing rates to spike trains: evenly spaced with an exact count, or drawn at random."""

from __future__ import annotations

from typing import Any, Literal

import array_api_compat
import numpy as np

from lamina._checks import as_floating, check_choice, check_integer, check_seed
from lamina.encoding.compiling import kernel
from lamina.errors import ArgumentTypeError, DataError
from lamina.typing import Array, Seed

RateMethod = Literal["deterministic", "poisson"]
METHODS = ("deterministic", "poisson")
# int32 accumulators, which hold less than two periods, never overflow below this
MOST_STEPS = 2**30
# numbers that are drawn, or trains that are counted, together: what stays in a processor's cache
_BLOCK = 2**13


def rates_to_spikes(
    rates: Array, n_steps: int, *, method: RateMethod = "deterministic", seed: Seed | None = None
) -> Array:
    r"""Turn each firing rate into a train of spikes.

    With ``"deterministic"``, a rate :math:`r` gives :math:`n = \mathrm{round}(rT)` spikes in :math:`T` steps
    (halves go to the even number; the product is taken in the type of the rates), at the steps
    :math:`\lceil (i+1)\,T/n \rceil - 1` for :math:`i = 0 \dots n-1`, in whole numbers: the count is exact for
    every rate, gaps differ by at most one step, and the last spike is at the last step. With ``"poisson"``,
    each step holds a spike with probability :math:`r`, independently of all others (a Bernoulli process, the
    Poisson process in discrete time); a rate of 1 always spikes and one of 0 never does.

    Parameters
    ----------
    rates
        Spikes per step, of any shape; in [0, 1]. NumPy or torch, on any device. Integers count as float64,
        half precision as float32. They are not modified.
    n_steps
        T, length of the trains, from 1 to 2³⁰. The result is T times as large as the rates.
    method
        ``"deterministic"`` or ``"poisson"``.
    seed
        Of the random draws: an integer gives the same spikes at every call, a ``numpy.random.Generator`` goes
        on with each, and None is different each time. NumPy and torch on the CPU give the same spikes; on
        other devices they come from a ``torch.Generator`` of that device, which is seeded from this one.

    Returns
    -------
    array
        0 and 1, of shape ``(n_steps, *rates.shape)``, of the library, device and floating type of the rates.

    Raises
    ------
    ArgumentTypeError
        If the rates are no real numbers, ``n_steps`` no whole number, or ``seed`` neither a whole number nor
        a generator.
    ArgumentError
        If ``n_steps`` is out of its limits, ``method`` is neither of the two, or ``seed`` is negative.
    DataError
        If a rate is NaN or outside [0, 1].

    References
    ----------
    R. Brette, "Philosophy of the spike: rate-based vs. spike-based theories of the brain", Frontiers in
    Systems Neuroscience 9:151, 2015, for what is meant by a rate.

    Examples
    --------
    >>> rates_to_spikes(np.array([0.0, 0.3, 0.5, 1.0]), 6).T
    array([[0., 0., 0., 0., 0., 0.],
           [0., 0., 1., 0., 0., 1.],
           [0., 1., 0., 1., 0., 1.],
           [1., 1., 1., 1., 1., 1.]])
    >>> rates_to_spikes(np.array([0.2, 0.9]), 1000, method="poisson", seed=0).mean(axis=0)
    array([0.203, 0.902])
    """
    steps = check_integer("n_steps", n_steps, minimum=1, maximum=MOST_STEPS)
    check_choice("method", method, METHODS)
    array = as_floating("rates", rates, True)
    generator = None if method == "deterministic" else random_source(seed)
    if generator is None and seed is not None:
        check_seed("seed", seed)
    if not array_api_compat.is_torch_array(array):
        if not isinstance(array, np.ndarray):
            raise ArgumentTypeError(
                "rates",
                allowed="an array of NumPy or torch",
                got=f"a {type(array).__module__} array",
                remedy="Convert it with numpy.asarray.",
            )
        return _to_spikes(array, steps, generator)
    array = array.detach()
    if array.device.type == "cpu":
        import torch

        return torch.from_numpy(_to_spikes(array.numpy(), steps, generator))
    if not bool(((array >= 0) & (array <= 1)).all()):
        raise _outside(array.cpu().numpy())
    spikes = array.new_empty((steps, *array.shape))
    if generator is None:
        spread_tensor(array, spikes)
    else:
        draw_tensor(array, spikes, generator)
    return spikes


def random_source(seed: Seed | None) -> np.random.Generator:
    """Return a generator of its own for an integer or None, and a ``numpy.random.Generator`` as it is."""
    return np.random.default_rng() if seed is None else check_seed("seed", seed)


def spread_tensor(rates: Array, spikes: Array) -> None:
    """Write evenly spaced spikes for ``rates`` into a tensor ``(n_steps, *rates.shape)``."""
    steps = spikes.shape[0]
    counts = (rates * steps).round().long()
    reached = counts.new_zeros(counts.shape)
    for step in range(steps):
        reached += counts
        fires = reached >= steps
        spikes[step] = fires
        reached -= fires * steps


def draw_tensor(rates: Array, spikes: Array, generator: np.random.Generator) -> None:
    """Write random spikes for ``rates`` into a tensor ``(n_steps, *rates.shape)``, drawn on its device."""
    import torch

    own = torch.Generator(device=rates.device)
    own.manual_seed(int(generator.integers(2**63)))
    # not every device knows double precision, whose draws would not favour tiny rates
    wide = torch.float32 if rates.device.type == "mps" else torch.float64
    for step in range(spikes.shape[0]):
        spikes[step] = torch.rand(rates.shape, generator=own, dtype=wide, device=rates.device) < rates


def _to_spikes(rates: np.ndarray, steps: int, generator: np.random.Generator | None) -> np.ndarray:
    flat = np.ascontiguousarray(rates, dtype=rates.dtype.newbyteorder("=")).reshape(-1)
    if flat.size and not (flat.min() >= 0 and flat.max() <= 1):
        raise _outside(rates)
    if generator is None:
        spikes = np.empty((steps, flat.size), flat.dtype)
        counts = np.rint(flat * flat.dtype.type(steps)).astype(np.int32)
        _spread.over_channels((flat.size, steps), counts, np.int32(steps), np.int32(_BLOCK), spikes)
        return spikes.reshape(steps, *rates.shape)
    spikes = np.empty((steps, flat.size), flat.dtype)
    together = max(1, _BLOCK // max(1, flat.size))
    for start in range(0, steps, together):
        part = spikes[start : start + together]
        # one draw of double precision for each spike, step after step: the same for every type of rates,
        # and fine enough for rates that single precision can write but not draw
        np.less(generator.random(part.shape), flat, out=part)
    return spikes.reshape(steps, *rates.shape)


def _outside(rates: np.ndarray) -> DataError:
    wrong = np.argwhere(~((rates >= 0) & (rates <= 1)))
    position: Any = tuple(int(part) for part in wrong[0])
    at = "" if not position else f" at position {position[0] if len(position) == 1 else position}"
    return DataError(
        "rates",
        allowed="spikes per step, in [0, 1]",
        got=f"{rates[position]:.6g}{at} ({len(wrong)} such value(s))",
        remedy="Scale them: divide by the largest rate, or multiply rates per second by the step in seconds.",
    )


@kernel
def _spread(
    first: int, last: int, counts: np.ndarray, steps: np.int32, block: np.int32, spikes: np.ndarray
) -> None:
    # step t holds a spike if a multiple of T lies in (t n, (t + 1) n]: what is reached is (t + 1) n modulo T
    reached = np.empty(block, np.int32)
    for start in range(first, last, block):
        size = min(block, last - start)
        reached[:size] = 0
        for step in range(steps):
            for i in range(size):
                level = reached[i] + counts[start + i]
                fires = level >= steps
                spikes[step, start + i] = fires
                reached[i] = level - steps if fires else level
