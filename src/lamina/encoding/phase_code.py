"""Phase code: a spike weighs less the later it comes, as the digits of a binary fraction do."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np

from lamina._checks import check_integer
from lamina.encoding.code import SpikeCode
from lamina.encoding.compiling import kernel
from lamina.encoding.hooks import Values
from lamina.encoding.scaling import ChannelScaling
from lamina.encoding.trains import split_trains
from lamina.encoding.unit_interval import from_unit, to_unit
from lamina.typing import Array

# more digits than double precision holds would all be those of rounding
_MOST_PHASES = 52


class PhaseCode(SpikeCode):
    r"""Phase code: each sample becomes its binary digits (weighted spikes).

    A sample :math:`s`, scaled to [0, 1], is cut to K binary digits, and phase :math:`k = 0 \dots K-1` spikes
    if digit :math:`k` is 1:

    .. math:: \hat s = \sum_k 2^{-(1+k)}\, \mathrm{spike}_k, \qquad 0 \le s - \hat s \le 2^{-K},

    which is also how it is decoded. 0 has no spike; 1, which would need another digit, spikes at every phase
    and is the one value that errs by :math:`2^{-K}` itself.

    Sample ``t`` is at the steps ``t * n_phases`` to ``(t + 1) * n_phases - 1``: the spikes are ``n_phases``
    times as large as the signal.

    Parameters
    ----------
    n_phases
        K, phases for each sample, from 1 to 52. Single precision holds 24 digits.

    Raises
    ------
    ArgumentTypeError, ArgumentError
        If ``n_phases`` is no whole number, or beyond its limits.

    References
    ----------
    J. Kim, H. Kim, S. Huh, J. Lee and K. Choi, "Deep neural networks with weighted spikes", Neurocomputing
    311, 373–386, 2018.

    Examples
    --------
    >>> code = PhaseCode(n_phases=4)
    >>> spikes = code.encode(np.array([0.0, 1 / 16, 3 / 4, 1.0]))
    >>> spikes.reshape(4, 4)
    array([[0., 0., 0., 0.],
           [0., 0., 0., 1.],
           [1., 1., 0., 0.],
           [1., 1., 1., 1.]])
    >>> code.decode(spikes)
    array([0.    , 0.0625, 0.75  , 0.9375])
    """

    name: ClassVar[str] = "phase"
    source: ClassVar[str] = "Kim et al. 2018"
    arguments: ClassVar[tuple[str, ...]] = ("n_phases",)
    rows: ClassVar[Literal["polarity", "neurons"] | None] = None
    interval: ClassVar[tuple[float, float] | None] = (0.0, 1.0)
    outside: ClassVar[str] = "clip"

    def __init__(self, n_phases: int = 8) -> None:
        self.n_phases = check_integer("n_phases", n_phases, minimum=1, maximum=_MOST_PHASES)
        super().__init__()

    @property
    def steps_per_sample(self) -> int:
        """How many time steps of spikes stand for one sample of the signal: ``n_phases``."""
        return self.n_phases

    def _encode(
        self, signal: np.ndarray, values: Values, ranges: ChannelScaling | None, carry: Values
    ) -> np.ndarray:
        del values, carry
        scaled = to_unit(signal, ranges)
        # a power of two: exact in every floating type
        scaled *= signal.dtype.type(2**self.n_phases)
        spikes = np.empty((*signal.shape, self.n_phases), signal.dtype)
        most = 2**self.n_phases - 1
        _write_digits.over_channels((len(signal), spikes[0].size), scaled, most, spikes)
        return spikes.reshape(len(signal), -1)

    def _encode_tensor(self, signal: Array, values: Values, ranges: ChannelScaling | None) -> Array:
        del values
        left = to_unit(signal, ranges)
        spikes = signal.new_empty((*signal.shape, self.n_phases))
        for phase in range(self.n_phases):
            # doubling and taking 1 away are exact; the rest of the value 1 stays 1
            left = left + left
            fires = (left >= 1).to(signal.dtype)
            left = left - fires
            spikes[..., phase] = fires
        return spikes.reshape(len(signal), -1)

    def _decode(
        self, spikes: np.ndarray, values: Values, ranges: ChannelScaling | None, initial: np.ndarray | None
    ) -> np.ndarray:
        del values, initial
        trains = split_trains(spikes, self.n_phases)
        decoded = np.empty(trains.shape[:2], spikes.dtype)
        weights = 0.5 ** np.arange(1, self.n_phases + 1)
        _add_digits.over_channels((len(spikes), spikes.shape[1]), trains, weights, decoded)
        return from_unit(decoded, ranges)

    def _decode_tensor(
        self, spikes: Array, values: Values, ranges: ChannelScaling | None, initial: np.ndarray | None
    ) -> Array:
        del values, initial
        trains = split_trains(spikes, self.n_phases)
        decoded = spikes.new_zeros(trains.shape[:2])
        # from the least digit on, so that small ones are not lost before they add up
        for phase in reversed(range(self.n_phases)):
            decoded = decoded + trains[..., phase] * 0.5 ** (phase + 1)
        return from_unit(decoded, ranges)


@kernel
def _write_digits(first: int, last: int, scaled: np.ndarray, most: int, spikes: np.ndarray) -> None:
    phases = spikes.shape[2]
    for c in range(first, last):
        for t in range(scaled.shape[1]):
            number = min(np.int64(scaled[c, t]), most)
            for phase in range(phases):
                spikes[c, t, phase] = (number >> (phases - 1 - phase)) & 1


@kernel
def _add_digits(first: int, last: int, trains: np.ndarray, weights: np.ndarray, decoded: np.ndarray) -> None:
    for c in range(first, last):
        for t in range(trains.shape[1]):
            total = 0.0
            for phase in range(trains.shape[2]):
                total += weights[phase] * trains[c, t, phase]
            # double precision holds all digits, so that this rounds once
            decoded[c, t] = total
