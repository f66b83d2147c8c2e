"""Pulse-width modulation (PWM): the signal is compared with a carrier that rises from 0 to 1."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from lamina._checks import check_real
from lamina.encoding.code import SpikeCode
from lamina.encoding.compiling import kernel
from lamina.encoding.hooks import Dimension, Values
from lamina.encoding.parameters import Parameter, check_flag
from lamina.encoding.scaling import ChannelScaling
from lamina.errors import ArgumentError
from lamina.typing import Array


class PulseWidthModulation(SpikeCode):
    r"""Pulse-width modulation (PWM): spikes where a sawtooth passes the signal.

    The signal is scaled to :math:`s_t \in [0, 1]`; what lies beyond the fitted range is clipped, with one
    warning. The carrier :math:`c_t = \operatorname{frac}(f t / f_s)` rises from 0 to 1 and starts again. The
    level is +1 while :math:`s_t < c_t`, −1 while :math:`s_t > 1 - c_t` (which wins where both hold), and 0
    otherwise; an up spike marks the first sample of a level of +1, a down spike the first of −1. At a spike
    the signal was close to :math:`c_t`, or to :math:`1 - c_t`: decoding draws straight lines through these
    points, from the initial value at t = 0 on, holds the last one, and scales back.

    The carrier and its comparison with the signal are in float64, whatever the signal's type. It starts with
    the first sample that is encoded: a stream that is joined later has another phase, and decodes no worse.

    Parameters
    ----------
    frequency
        f, of the carrier, in Hz, above 0 and at most half of ``sampling_rate``: a carrier that is sampled
        less than twice in a period does not rise (it is the mirror image of the one at
        ``sampling_rate - frequency``). One number, or one for each channel.
    down_spike
        Whether there are down spikes.
    sampling_rate
        :math:`f_s`, samples per second, above 0.

    Raises
    ------
    ArgumentTypeError, ArgumentError
        If a frequency or the sampling rate is no number or out of its range.

    Notes
    -----
    The description of the package spike-encoding has an example of PWM (0.2, 0.4, ... 0.2, with down spikes
    at samples 2 and 5, and an up spike at 8) that no released version of it gives, 0.1.0 to 1.8.2. Nor
    does this class, which follows the definition above. The released code starts its carrier anew after
    1000 samples or when it falls, so that its frequency is not quite the one that is asked for.

    References
    ----------
    A. Arriandiaga, E. Portillo, J. I. Espinosa-Ramos and N. K. Kasabov, "Pulsewidth modulation-based
    algorithm for spike phase encoding and decoding of time-dependent analog data", IEEE Transactions on
    Neural Networks and Learning Systems 31(10), 3920–3931, 2020.

    Examples
    --------
    A ramp meets a carrier of five periods in twenty samples:

    >>> code = PulseWidthModulation(frequency=5, sampling_rate=20)
    >>> spikes = code.encode(np.linspace(0.0, 1.0, 9))
    >>> spikes[0]
    array([0., 1., 0., 0., 0., 0., 0., 0., 0.])
    >>> spikes[1]
    array([ 0.,  0.,  0., -1.,  0.,  0., -1.,  0.,  0.])
    >>> code.decode(spikes).round(3)
    array([0.   , 0.25 , 0.25 , 0.25 , 0.333, 0.417, 0.5  , 0.5  , 0.5  ])
    """

    name: ClassVar[str] = "pwm"
    source: ClassVar[str] = "Arriandiaga et al. 2020"
    arguments: ClassVar[tuple[str, ...]] = ("frequency", "down_spike", "sampling_rate")
    parameters: ClassVar[tuple[Parameter, ...]] = (Parameter("frequency", above=0.0),)
    tuned: tuple[str, ...] = ("frequency",)
    interval: ClassVar[tuple[float, float] | None] = (0.0, 1.0)
    outside: ClassVar[str] = "clip"

    def __init__(
        self, frequency: float | Array = 1.0, down_spike: bool = True, sampling_rate: float = 1000.0
    ) -> None:
        self.frequency = frequency
        self.down_spike = check_flag("down_spike", down_spike)
        self.sampling_rate = check_real("sampling_rate", sampling_rate, above=0.0)
        super().__init__()
        self._check_rates(np.asarray(self.frequency))

    def _values(self, leading: tuple[int, ...]) -> Values:
        values = super()._values(leading)
        # both may have been changed since, or fitted at another sampling rate
        self._check_rates(values["frequency"])
        return values

    def _check_rates(self, frequencies: np.ndarray) -> None:
        limit = check_real("sampling_rate", self.sampling_rate, above=0.0) / 2
        highest = float(frequencies.max())
        # a limit that was computed may lie a rounding above it
        if highest > limit * (1 + 1e-9):
            raise ArgumentError(
                "frequency",
                allowed=f"at most half of the sampling rate, {limit:g} Hz",
                got=f"{highest:g}",
                remedy="Lower the frequency, or say what the sampling_rate is.",
            )

    def _start(self, channels: int, dtype: np.dtype) -> Values:
        del dtype
        return {"time": np.zeros(channels, np.int64), "level": np.zeros(channels, np.int8)}

    def _encode(
        self, signal: np.ndarray, values: Values, ranges: ChannelScaling | None, carry: Values
    ) -> np.ndarray:
        assert ranges is not None  # a code that scales is never without
        spikes = np.zeros((2, *signal.shape), signal.dtype)
        low, high = ranges.limits(signal.dtype)
        _compare.over_channels(
            signal.shape,
            signal,
            values["frequency"],
            self.sampling_rate,
            low,
            high - low,
            self.down_spike,
            carry["time"],
            carry["level"],
            spikes,
        )
        return spikes

    def _encode_tensor(self, signal: Array, values: Values, ranges: ChannelScaling | None) -> Array:
        assert ranges is not None  # a code that scales is never without
        low, high = (signal.new_tensor(limit)[:, None] for limit in (ranges.minimum, ranges.maximum))
        scaled = ((signal - low) / (high - low)).clamp(0, 1).double()
        carrier = self._carrier(scaled, values)
        up = scaled < carrier
        spikes = signal.new_zeros((2, *signal.shape))
        if self.down_spike:
            down = scaled > 1 - carrier
            up = up & ~down
            spikes[1, :, 1:].masked_fill_(down[:, 1:] & ~down[:, :-1], -1)
        spikes[0, :, 1:] = up[:, 1:] & ~up[:, :-1]
        return spikes

    def _decode(
        self, spikes: np.ndarray, values: Values, ranges: ChannelScaling | None, initial: np.ndarray | None
    ) -> np.ndarray:
        decoded = np.empty(spikes.shape[1:], spikes.dtype)
        low, span, first = _lines(ranges, initial, len(decoded))
        _connect.over_channels(
            decoded.shape, spikes, values["frequency"], self.sampling_rate, low, span, first, decoded
        )
        return decoded

    def _decode_tensor(
        self, spikes: Array, values: Values, ranges: ChannelScaling | None, initial: np.ndarray | None
    ) -> Array:
        wide = spikes.double()
        channels, samples = wide.shape[1:]
        low, span, first = (wide.new_tensor(part)[:, None] for part in _lines(ranges, initial, channels))
        carrier = self._carrier(wide[0], values)
        marked = (wide != 0).any(dim=0)
        level = carrier.where(wide[1] == 0, 1 - carrier)
        level = level.where(marked, first)  # which is read at t = 0 only
        time = wide.new_ones(marked.shape).cumsum(dim=1) - 1
        # the last point at or before each sample, and the first behind it; none is held from the left
        left = time.where(marked, 0.0).cummax(dim=1).values
        behind = time.where(marked, float(samples)).flip(1).cummin(dim=1).values.flip(1)
        right = behind.clone()
        right[:, :-1] = behind[:, 1:]
        right[:, -1] = samples
        right = right.where(right < samples, left)
        begin, end = level.gather(1, left.long()), level.gather(1, right.long())
        slope = (end - begin) / (right - left).clamp(min=1)
        return (low + (begin + (time - left) * slope) * span).to(spikes.dtype)

    def _carrier(self, like: Array, values: Values) -> Array:
        """Return the carrier of every channel as a float64 tensor ``(channels, time)``."""
        time = like.new_ones(like.shape[1]).cumsum(dim=0) - 1
        phase = like.new_tensor(values["frequency"])[:, None] * time / self.sampling_rate
        return phase - phase.floor()

    def _dimensions(self, signal: np.ndarray, ranges: ChannelScaling) -> tuple[Dimension, ...]:
        del ranges
        highest = self.sampling_rate / 2
        # from one period in the whole signal on, or from steps of a thousandth of the range on: finer ones
        # gain nothing
        lowest = min(self.sampling_rate / min(signal.shape[1], 1000), highest)
        return (Dimension("frequency", lowest, highest, log=True),)

    def _likely(self, signal: np.ndarray, ranges: ChannelScaling) -> Sequence[tuple[float, ...]]:
        del ranges
        # carriers that repeat exactly, after so many samples: all periods up to 80 serve no better
        periods = (8, 10, 12, 13, 14, 15, 16, 17, 18, 20, 22, 24, 27, 30, 32, 34, 36, 38, 41, 45)
        return [(self.sampling_rate / samples,) for samples in periods if samples <= signal.shape[1]]


def _lines(
    ranges: ChannelScaling | None, initial: np.ndarray | None, channels: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return minimum, range and scaled first value of each channel; without a scaling, of [0, 1] itself."""
    low = np.zeros(channels) if ranges is None else ranges.minimum
    span = np.ones(channels) if ranges is None else ranges.maximum - ranges.minimum
    return low, span, np.zeros(channels) if initial is None else (initial - low) / span


@kernel
def _compare(
    first: int,
    last: int,
    signal: np.ndarray,
    frequencies: np.ndarray,
    sampling_rate: float,
    lows: np.ndarray,
    spans: np.ndarray,
    down_spike: bool,
    times: np.ndarray,
    levels: np.ndarray,
    spikes: np.ndarray,
) -> None:
    # numbers written out would turn float32 into float64
    zero, one = signal.dtype.type(0), signal.dtype.type(1)
    for c in range(first, last):
        frequency, low, span = frequencies[c], lows[c], spans[c]
        start, before = times[c], levels[c]
        for t in range(signal.shape[1]):
            phase = frequency * (start + t) / sampling_rate
            carrier = phase - np.floor(phase)
            scaled = min(max((signal[c, t] - low) / span, zero), one)
            if down_spike and scaled > 1.0 - carrier:
                if before != -1:
                    spikes[1, c, t] = -one
                before = -1
            elif scaled < carrier:
                if before != 1:
                    spikes[0, c, t] = one
                before = 1
            else:
                before = 0
        times[c] = start + signal.shape[1]
        levels[c] = before


@kernel
def _connect(
    first: int,
    last: int,
    spikes: np.ndarray,
    frequencies: np.ndarray,
    sampling_rate: float,
    lows: np.ndarray,
    spans: np.ndarray,
    initial: np.ndarray,
    decoded: np.ndarray,
) -> None:
    samples = spikes.shape[2]
    for c in range(first, last):
        frequency, low, span = frequencies[c], lows[c], spans[c]
        begin, left = 0, initial[c]
        for t in range(samples):
            if spikes[0, c, t] == 0 and spikes[1, c, t] == 0:
                continue
            phase = frequency * t / sampling_rate
            level = phase - np.floor(phase)
            if spikes[1, c, t] != 0:
                level = 1.0 - level
            slope = (level - left) / max(t - begin, 1)
            for u in range(begin, t):
                decoded[c, u] = low + (left + (u - begin) * slope) * span
            begin, left = t, level
        for u in range(begin, samples):
            decoded[c, u] = low + left * span
