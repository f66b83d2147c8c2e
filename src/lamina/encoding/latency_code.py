"""Latency code: the larger a value, the sooner its one spike."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Literal

import numpy as np

from lamina._checks import check_choice, check_integer
from lamina.encoding.code import SpikeCode
from lamina.encoding.compiling import kernel
from lamina.encoding.hooks import Dimension, Values
from lamina.encoding.parameters import Parameter
from lamina.encoding.rates import MOST_STEPS
from lamina.encoding.scaling import ChannelScaling
from lamina.encoding.trains import split_trains
from lamina.encoding.unit_interval import from_unit, to_unit
from lamina.typing import Array


class LatencyCode(SpikeCode):
    r"""Latency code: each sample becomes one spike, whose time says how large it is (time to first spike).

    A sample :math:`s`, scaled to [0, 1], spikes at step :math:`t` of :math:`T`:

    - ``"linear"``: :math:`t = \mathrm{round}((T - 1)(1 - s))`, halves to the even step. Decoding is
      :math:`\hat s = 1 - t / (T - 1)`, which errs by at most :math:`1 / (2 (T - 1))`; 0 and 1 are exact.
    - ``"log"``: a unit that charges as :math:`s\,(1 - e^{-t/\tau})` spikes when it reaches θ, at
      :math:`t = \mathrm{round}(\tau \ln \frac{s}{s - \theta})`, halves to the earlier step. So step :math:`t`
      belongs to the values from :math:`b_t` to :math:`b_{t-1}`, where
      :math:`b_t = \theta / (1 - e^{-(t + 1/2)/\tau})`, and decodes to the middle of them, within [0, 1].
      Small values are told apart better than large ones. Limits are computed in double precision, rounded to
      the type of the signal, and compared with :math:`s`.

    Values that are too small to spike in time (``"log"``: below :math:`b_{T-1}`), or below the threshold
    (``"linear"``, with ``below="silent"``), spike at the last step or not at all; silence decodes to 0.
    If a train holds several spikes, the first one counts. One step alone, of the linear code, decodes to the
    middle, 1/2.

    Sample ``t`` is at the steps ``t * n_steps`` to ``(t + 1) * n_steps - 1``: the spikes are ``n_steps``
    times as large as the signal.

    Parameters
    ----------
    n_steps
        T, steps for each sample, from 1 to 2³⁰.
    method
        ``"linear"`` or ``"log"``.
    threshold
        θ, in units of the scaled signal, above 0 and below 1; one number, or one for each channel.
    tau
        τ, time constant of the logarithmic code, in steps, above 0; one number, or one for each channel.
        ``"balanced"`` takes :math:`\tau = (2 T^3 / 15)^{1/5} / \ln \frac{1}{1 - \theta}`: for a small
        threshold and values that are equally likely, the errors of small values, which come too late, and of
        large ones, which come close together, are then least in sum.
    below
        What values do that are too small: ``"last"``, spike at the last step, or ``"silent"``.

    Raises
    ------
    ArgumentTypeError, ArgumentError
        If an argument is of another kind, or beyond its limits.

    References
    ----------
    S. J. Thorpe, "Spike arrival times: a highly efficient coding scheme for neural networks", in Parallel
    Processing in Neural Systems and Computers, 91–94, 1990.
    S. Thorpe, A. Delorme and R. Van Rullen, "Spike-based strategies for rapid processing", Neural Networks
    14, 715–725, 2001.

    Examples
    --------
    >>> code = LatencyCode(n_steps=5)
    >>> spikes = code.encode(np.array([0.0, 0.5, 2.0]))
    >>> spikes.reshape(3, 5)
    array([[0., 0., 0., 0., 1.],
           [0., 0., 0., 1., 0.],
           [1., 0., 0., 0., 0.]])
    >>> code.decode(spikes)
    array([0. , 0.5, 2. ])
    """

    name: ClassVar[str] = "latency"
    source: ClassVar[str] = "Thorpe 1990"
    arguments: ClassVar[tuple[str, ...]] = ("n_steps", "method", "threshold", "tau", "below")
    parameters: ClassVar[tuple[Parameter, ...]] = (
        Parameter("threshold", above=0.0, below=1.0),
        Parameter("tau", above=0.0),
    )
    rows: ClassVar[Literal["polarity", "neurons"] | None] = None
    interval: ClassVar[tuple[float, float] | None] = (0.0, 1.0)
    outside: ClassVar[str] = "clip"

    def __init__(
        self,
        n_steps: int = 10,
        method: Literal["linear", "log"] = "linear",
        threshold: float | Array = 0.01,
        tau: float | Array | Literal["balanced"] = "balanced",
        below: Literal["last", "silent"] = "last",
    ) -> None:
        self.n_steps = check_integer("n_steps", n_steps, minimum=1, maximum=MOST_STEPS)
        self.method = check_choice("method", method, ("linear", "log"))
        self.threshold = self.parameters[0].check(threshold)
        balanced = isinstance(tau, str) and tau == "balanced"
        self.tau = balanced_constant(self.threshold, self.n_steps) if balanced else tau
        self.below = check_choice("below", below, ("last", "silent"))
        # the linear code has nothing to search; the class itself answers for the default
        self.tuned = ("threshold", "tau") if method == "log" else ()
        super().__init__()

    @property
    def steps_per_sample(self) -> int:
        """How many time steps of spikes stand for one sample of the signal: ``n_steps``."""
        return self.n_steps

    def _encode(
        self, signal: np.ndarray, values: Values, ranges: ChannelScaling | None, carry: Values
    ) -> np.ndarray:
        del carry
        scaled = to_unit(signal, ranges)
        spikes = np.zeros((*signal.shape, self.n_steps), signal.dtype)
        shape = (len(signal), spikes[0].size)
        silent = self.below == "silent"
        if self.method == "log":
            limits = self._limits(values).astype(signal.dtype)
            _spike_by_limits.over_channels(shape, scaled, limits, silent, spikes)
            return spikes.reshape(len(signal), -1)
        # what never spikes has a time behind the last
        quiet = scaled < values["threshold"].astype(signal.dtype)[:, None] if silent else None
        np.subtract(signal.dtype.type(1), scaled, out=scaled)
        scaled *= signal.dtype.type(self.n_steps - 1)
        times = np.rint(scaled, out=scaled).astype(np.int32)
        if quiet is not None:
            times[quiet] = self.n_steps
        _spike_at.over_channels(shape, times, spikes)
        return spikes.reshape(len(signal), -1)

    def _encode_tensor(self, signal: Array, values: Values, ranges: ChannelScaling | None) -> Array:
        scaled = to_unit(signal, ranges)
        if self.method == "log":
            limits = signal.new_tensor(self._limits(values))
            times = scaled.new_zeros(scaled.shape).long()
            for step in range(self.n_steps):
                times += scaled < limits[:, step, None]
            quiet = times == self.n_steps
        else:
            times = ((1 - scaled) * (self.n_steps - 1)).round().long()
            quiet = scaled < signal.new_tensor(values["threshold"])[:, None]
        times = times.clamp(max=self.n_steps - 1)
        spikes = signal.new_zeros((*signal.shape, self.n_steps))
        fires = (~quiet).to(signal.dtype) if self.below == "silent" else signal.new_ones(signal.shape)
        spikes.scatter_(-1, times[..., None], fires[..., None])
        return spikes.reshape(len(signal), -1)

    def _decode(
        self, spikes: np.ndarray, values: Values, ranges: ChannelScaling | None, initial: np.ndarray | None
    ) -> np.ndarray:
        del initial
        trains = split_trains(spikes, self.n_steps)
        decoded = np.empty(trains.shape[:2], spikes.dtype)
        levels = np.ascontiguousarray(self._levels(values).astype(spikes.dtype))
        _first_level.over_channels((len(spikes), spikes.shape[1]), trains, levels, decoded)
        return from_unit(decoded, ranges)

    def _decode_tensor(
        self, spikes: Array, values: Values, ranges: ChannelScaling | None, initial: np.ndarray | None
    ) -> Array:
        del initial
        trains = split_trains(spikes, self.n_steps)
        levels = spikes.new_tensor(self._levels(values))
        # of several maxima, argmax promises none: the first spike is where none came before
        times = (trains.cumsum(-1) == 0).sum(-1)
        return from_unit(levels.gather(1, times), ranges)

    def _limits(self, values: Values) -> np.ndarray:
        """Return the least value of each step of the logarithmic code, ``(channels, n_steps)``."""
        later = np.arange(self.n_steps) + 0.5
        with np.errstate(divide="ignore", over="ignore"):
            return values["threshold"][:, None] / -np.expm1(-later / values["tau"][:, None])

    def _levels(self, values: Values) -> np.ndarray:
        """Return what a first spike at each step decodes to, and last what silence does."""
        channels = len(values["tau"])
        if self.method == "linear":
            times = np.arange(self.n_steps)
            line = 1 - times / (self.n_steps - 1) if self.n_steps > 1 else np.array([0.5])
            return np.tile(np.append(line, 0.0), (channels, 1))
        least = np.minimum(self._limits(values), 1)
        if self.below == "last":
            least[:, -1] = 0
        most = np.concatenate([np.ones((channels, 1)), least[:, :-1]], axis=1)
        return np.concatenate([(least + most) / 2, np.zeros((channels, 1))], axis=1)

    def _dimensions(self, signal: np.ndarray, ranges: ChannelScaling) -> tuple[Dimension, ...]:
        del signal, ranges
        return (
            Dimension("threshold", 1e-3, 0.9, log=True),
            Dimension("tau", 0.1, 1e3 * self.n_steps, log=True),
        )

    def _likely(self, signal: np.ndarray, ranges: ChannelScaling) -> Sequence[tuple[float, ...]]:
        del signal, ranges
        # what serves lies in a narrow valley, along which the unit charges alike
        thresholds = np.array([0.003, 0.03, 0.3])
        constants = balanced_constant(thresholds, self.n_steps)
        return [
            (float(threshold), float(factor * constant))
            for factor in (0.5, 0.2, 1.0, 0.05)
            for threshold, constant in zip(thresholds, constants, strict=True)
        ]


def balanced_constant(threshold: np.ndarray, n_steps: int) -> np.ndarray:
    """Return the time constant of the logarithmic code that suits equally likely values."""
    # with k = tau ln(1 / (1 - theta)) and a small theta, s spikes at about k / s: the values below k / T, of
    # mean square error k^3 / 12 T^3 in sum, come too late, and the others err by 1 / 60 k^2
    return (2 * n_steps**3 / 15) ** 0.2 / -np.log1p(-threshold)


@kernel
def _spike_at(first: int, last: int, times: np.ndarray, spikes: np.ndarray) -> None:
    steps = spikes.shape[2]
    for c in range(first, last):
        for t in range(times.shape[1]):
            if times[c, t] < steps:
                spikes[c, t, times[c, t]] = 1


@kernel
def _spike_by_limits(
    first: int, last: int, scaled: np.ndarray, limits: np.ndarray, silent: bool, spikes: np.ndarray
) -> None:
    steps = limits.shape[1]
    for c in range(first, last):
        for t in range(scaled.shape[1]):
            # limits fall: those above the value come first, and their number is the time
            low, high = 0, steps
            while low < high:
                middle = (low + high) // 2
                if scaled[c, t] < limits[c, middle]:
                    low = middle + 1
                else:
                    high = middle
            if low < steps:
                spikes[c, t, low] = 1
            elif not silent:
                spikes[c, t, steps - 1] = 1


@kernel
def _first_level(first: int, last: int, trains: np.ndarray, levels: np.ndarray, decoded: np.ndarray) -> None:
    steps = trains.shape[2]
    for c in range(first, last):
        for t in range(trains.shape[1]):
            time = 0
            while time < steps and trains[c, t, time] == 0:
                time += 1
            decoded[c, t] = levels[c, time]
