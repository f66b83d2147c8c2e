"""Burst code: the larger a value, the more spikes in its burst, and the closer they follow each other."""

from __future__ import annotations

import math
from typing import ClassVar, Literal

import numpy as np

from lamina._checks import check_integer
from lamina.encoding.code import SpikeCode
from lamina.encoding.compiling import kernel
from lamina.encoding.hooks import Values
from lamina.encoding.rates import MOST_STEPS
from lamina.encoding.scaling import ChannelScaling
from lamina.encoding.trains import split_trains
from lamina.encoding.unit_interval import from_unit, to_unit
from lamina.errors import ArgumentError
from lamina.typing import Array

# a table of what each count and interval mean, with both at most this, has a million entries
_MOST = 1000


class BurstCode(SpikeCode):
    r"""Burst code: each sample becomes a burst, by its number of spikes and the interval between them.

    A sample :math:`P`, scaled to [0, 1], gives

    .. math::

        N_s = \lceil N_{\max} P \rceil, \qquad
        \mathrm{ISI} = \lceil t_{\max} - (t_{\max} - t_{\min})\, P \rceil,

    :math:`N_s` spikes at the steps 0, ISI, 2 ISI, … (one spike alone has no interval; 0 has no spike).
    Decoding takes the middle of the values that have this number of spikes, and this interval. So the error
    is at most half the width of that range: :math:`1 / (2 N_{\max})` of the signal's range at most, and
    :math:`1 / (2 (t_{\max} - t_{\min}))` at most where there are two spikes or more; 0 and, with
    :math:`N_{\max} \ge 2` and :math:`t_{\max} > t_{\min}`, 1 are exact. A burst that no value has (its first
    interval contradicts its number of spikes) decodes by its number of spikes alone.

    Sample ``t`` is at the steps ``t * n_steps`` to ``(t + 1) * n_steps - 1``: the spikes are ``n_steps``
    times as large as the signal.

    Parameters
    ----------
    n_max
        :math:`N_{\max}`, spikes of the largest value, from 1 to 1000.
    t_min, t_max
        Least and largest interval between spikes, in steps, from 1 to 1000.
    n_steps
        Steps for each sample; None takes as many as the longest burst needs (13 by default).

    Raises
    ------
    ArgumentTypeError
        If an argument is no whole number.
    ArgumentError
        If an argument is beyond its limits, ``t_max`` is below ``t_min``, or the longest burst takes more
        than ``n_steps``.

    References
    ----------
    W. Guo, M. E. Fouda, A. M. Eltawil and K. N. Salama, "Neural coding in spiking neural networks: a
    comparative study for robust neuromorphic systems", Frontiers in Neuroscience 15:638474, 2021.

    Examples
    --------
    >>> code = BurstCode(n_max=3, t_min=1, t_max=3)
    >>> spikes = code.encode(np.array([0.0, 0.3, 0.6, 1.0]))
    >>> spikes.reshape(4, code.n_steps)
    array([[0., 0., 0., 0., 0.],
           [1., 0., 0., 0., 0.],
           [1., 0., 1., 0., 0.],
           [1., 1., 1., 0., 0.]])
    >>> code.decode(spikes).round(3)
    array([0.   , 0.167, 0.583, 1.   ])
    """

    name: ClassVar[str] = "burst"
    source: ClassVar[str] = "Guo et al. 2021"
    arguments: ClassVar[tuple[str, ...]] = ("n_max", "t_min", "t_max", "n_steps")
    rows: ClassVar[Literal["polarity", "neurons"] | None] = None
    interval: ClassVar[tuple[float, float] | None] = (0.0, 1.0)
    outside: ClassVar[str] = "clip"

    def __init__(self, n_max: int = 5, t_min: int = 2, t_max: int = 6, n_steps: int | None = None) -> None:
        self.n_max = check_integer("n_max", n_max, minimum=1, maximum=_MOST)
        self.t_min = check_integer("t_min", t_min, minimum=1, maximum=_MOST)
        self.t_max = check_integer("t_max", t_max, minimum=1, maximum=_MOST)
        if self.t_max < self.t_min:
            raise ArgumentError(
                "t_max",
                allowed=f"at least t_min ({self.t_min})",
                got=str(self.t_max),
                remedy="Swap the two.",
            )
        needed = longest_burst(self.n_max, self.t_min, self.t_max)
        self.n_steps = (
            needed if n_steps is None else check_integer("n_steps", n_steps, minimum=1, maximum=MOST_STEPS)
        )
        if self.n_steps < needed:
            raise ArgumentError(
                "n_steps",
                allowed=f"at least {needed}, the length of the longest burst of n_max={self.n_max}, "
                f"t_min={self.t_min}, t_max={self.t_max}",
                got=str(self.n_steps),
                remedy="Give more steps, or fewer spikes or shorter intervals.",
            )
        super().__init__()

    @property
    def steps_per_sample(self) -> int:
        """How many time steps of spikes stand for one sample of the signal: ``n_steps``."""
        return self.n_steps

    def _encode(
        self, signal: np.ndarray, values: Values, ranges: ChannelScaling | None, carry: Values
    ) -> np.ndarray:
        del values, carry
        kind = signal.dtype.type
        scaled = to_unit(signal, ranges)
        counts = np.ceil(kind(self.n_max) * scaled).astype(np.int32)
        scaled *= kind(self.t_max - self.t_min)
        np.subtract(kind(self.t_max), scaled, out=scaled)
        intervals = np.ceil(scaled, out=scaled).astype(np.int32)
        spikes = np.zeros((*signal.shape, self.n_steps), signal.dtype)
        _write_bursts.over_channels((len(signal), spikes[0].size), counts, intervals, spikes)
        return spikes.reshape(len(signal), -1)

    def _encode_tensor(self, signal: Array, values: Values, ranges: ChannelScaling | None) -> Array:
        del values
        scaled = to_unit(signal, ranges)
        counts = (scaled * self.n_max).ceil().long()
        intervals = (self.t_max - scaled * (self.t_max - self.t_min)).ceil().long()
        spikes = signal.new_zeros((*signal.shape, self.n_steps))
        for spike in range(self.n_max):
            # spikes that a burst does not have are written over its first, where there is one
            present = counts > spike
            at = (intervals * spike * present)[..., None]
            spikes.scatter_(-1, at, (counts > 0).to(signal.dtype)[..., None])
        return spikes.reshape(len(signal), -1)

    def _decode(
        self, spikes: np.ndarray, values: Values, ranges: ChannelScaling | None, initial: np.ndarray | None
    ) -> np.ndarray:
        del values, initial
        trains = split_trains(spikes, self.n_steps)
        decoded = np.empty(trains.shape[:2], spikes.dtype)
        meanings = self._meanings().astype(spikes.dtype)
        _read_bursts.over_channels((len(spikes), spikes.shape[1]), trains, meanings, decoded)
        return from_unit(decoded, ranges)

    def _decode_tensor(
        self, spikes: Array, values: Values, ranges: ChannelScaling | None, initial: np.ndarray | None
    ) -> Array:
        del values, initial
        trains = split_trains(spikes, self.n_steps)
        meanings = spikes.new_tensor(self._meanings())
        so_far = trains.cumsum(-1)
        counts = so_far[..., -1].long().clamp(max=self.n_max)
        # how long exactly one spike has come: from the first to the second
        intervals = (so_far == 1).sum(-1).clamp(max=self.t_max + 1)
        return from_unit(meanings[counts, intervals], ranges)

    def _meanings(self) -> np.ndarray:
        """Return the decoded value of each number of spikes and interval, ``(n_max + 1, t_max + 2)``."""
        counts = np.arange(self.n_max + 1)[:, None]
        intervals = np.arange(self.t_max + 2)[None]
        least = np.broadcast_to((counts - 1) / self.n_max, (self.n_max + 1, self.t_max + 2))
        most = np.broadcast_to(counts / self.n_max, least.shape)
        both = (least + most) / 2
        if self.t_max > self.t_min:
            slope = self.t_max - self.t_min
            low = np.maximum(least, (self.t_max - intervals) / slope)
            high = np.minimum(most, (self.t_max - intervals + 1) / slope)
            # (least, most] and [first, last): of what only touches, the upper end of the former is in both
            some = (low < high) | (low == most)
            both = np.where((counts >= 2) & some, (low + high) / 2, both)
        return np.where(counts == 0, 0.0, both)


def longest_burst(n_max: int, t_min: int, t_max: int) -> int:
    """Return how many steps the longest burst takes."""
    # n spikes begin just above P = (n - 1) / n_max, where their interval is longest
    return max(
        [1]
        + [
            (count - 1) * math.ceil((t_max * n_max - (t_max - t_min) * (count - 1)) / n_max) + 1
            for count in range(2, n_max + 1)
        ]
    )


@kernel
def _write_bursts(
    first: int, last: int, counts: np.ndarray, intervals: np.ndarray, spikes: np.ndarray
) -> None:
    for c in range(first, last):
        for t in range(counts.shape[1]):
            for spike in range(counts[c, t]):
                spikes[c, t, spike * intervals[c, t]] = 1


@kernel
def _read_bursts(
    first: int, last: int, trains: np.ndarray, meanings: np.ndarray, decoded: np.ndarray
) -> None:
    most, longest = meanings.shape[0] - 1, meanings.shape[1] - 1
    for c in range(first, last):
        for t in range(trains.shape[1]):
            count = interval = 0
            for step in range(trains.shape[2]):
                # how long exactly one spike has come: from the first to the second
                count += trains[c, t, step] != 0
                interval += count == 1
            decoded[c, t] = meanings[min(count, most), min(interval, longest)]
