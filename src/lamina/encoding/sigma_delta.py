"""Sigma–delta code: a unit that integrates its input and pays with spikes, so that none of it is lost."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from lamina.encoding.code import SpikeCode
from lamina.encoding.compiling import kernel
from lamina.encoding.hooks import Dimension, Values
from lamina.encoding.parameters import Parameter, check_flag, in_type
from lamina.encoding.scaling import ChannelScaling
from lamina.typing import Array


class SigmaDelta(SpikeCode):
    r"""Sigma–delta code of the first order: integrate, spike, and subtract what the spike stands for.

    The signal is scaled to [−1, 1]. From :math:`v = 0`, at each :math:`t \ge 0`: :math:`v` grows by
    :math:`s_t`; :math:`v \ge \theta` gives an up spike and lowers :math:`v` by :math:`\theta`, while
    :math:`v \le -\theta` gives a down spike and raises it (equality does spike). The subtraction keeps what a
    reset to zero would lose: as long as :math:`|s_t| \le \theta`,
    :math:`|\sum_{k \le t} (s_k - \theta\,(\text{up}_k + \text{down}_k))| = |v| < \theta` at every time,
    but for rounding. Stretches with :math:`|s_t| > \theta` overload the unit, which then goes on spiking
    until it has caught up. Without down spikes the signal is scaled to [0, 1] instead, where the same holds.

    Decoding takes θ times a weighted mean of the spikes around each sample, with weights :math:`w - |k|` for
    :math:`|k| < w`, and undoes the scaling; near the ends, the mean is over the weights that remain. On a
    constant it errs by less than :math:`2\theta/w`, and it lags by nothing, but looks ahead by
    :math:`w - 1` samples. (This triangle, two moving averages in a row, suits sigma–delta of the first order,
    and erred less than a moving average, causal or centred, on every signal tried.) The sums are of whole
    numbers, and exact.

    Parameters
    ----------
    threshold
        θ, in units of the scaled signal, above 0; one number, or one for each channel. 1 is the finest that
        no signal within the range overloads; larger ones spend fewer spikes. `optimize` searches 0.5 to 1.
    window
        w, half the width of the decoder, in samples, at least 1; one number, or one for each channel.
    down_spike
        Whether there are down spikes; without them, the signal is scaled to [0, 1].

    Raises
    ------
    ArgumentTypeError, ArgumentError
        If the threshold is no positive number, the window no whole number of at least 1, or ``down_spike``
        no truth value.

    References
    ----------
    H. Inose and Y. Yasuda, "A unity bit coding method by negative feedback", Proceedings of the IEEE 51(11),
    1524–1535, 1963. Y. C. Yoon, "LIF and simplified SRM neurons encode signals into spikes via a form of
    asynchronous pulse sigma–delta modulation", IEEE Transactions on Neural Networks and Learning Systems
    28(5), 1192–1205, 2017. Decoder: J. C. Candy, "Decimation for sigma delta modulation", IEEE Transactions
    on Communications 34(1), 72–76, 1986.

    Examples
    --------
    A quarter of the range above its middle is one spike in two samples:

    >>> from lamina.encoding import Scaling
    >>> code, scaling = SigmaDelta(window=4), Scaling(minimum=-1.0, maximum=1.0)
    >>> spikes = code.encode(np.full(8, 0.5), scaling=scaling)
    >>> spikes[0]
    array([0., 1., 0., 1., 0., 1., 0., 1.])
    >>> code.decode(spikes, scaling=scaling).round(2)
    array([0.4 , 0.46, 0.47, 0.5 , 0.5 , 0.53, 0.54, 0.6 ])
    """

    name: ClassVar[str] = "sigma-delta"
    source: ClassVar[str] = "Inose and Yasuda 1963"
    arguments: ClassVar[tuple[str, ...]] = ("threshold", "window", "down_spike")
    parameters: ClassVar[tuple[Parameter, ...]] = (
        Parameter("threshold", above=0.0),
        Parameter("window", minimum=1, maximum=1e9, integer=True),
    )
    tuned: tuple[str, ...] = ("threshold", "window")
    interval: ClassVar[tuple[float, float] | None] = (-1.0, 1.0)

    def __init__(
        self, threshold: float | Array = 1.0, window: int | Array = 10, down_spike: bool = True
    ) -> None:
        self.threshold = threshold
        self.window = window
        self.down_spike = check_flag("down_spike", down_spike)
        super().__init__()

    def _start(self, channels: int, dtype: np.dtype) -> Values:
        return {"potential": np.zeros(channels, dtype)}

    def _encode(
        self, signal: np.ndarray, values: Values, ranges: ChannelScaling | None, carry: Values
    ) -> np.ndarray:
        low, span = _limits(ranges, signal.shape[0], signal.dtype)
        spikes = np.zeros((2, *signal.shape), signal.dtype)
        _integrate.over_channels(
            signal.shape,
            signal,
            low,
            span,
            in_type(values["threshold"], signal.dtype),
            np.ones(1, signal.dtype),
            self.down_spike,
            carry["potential"],
            spikes,
        )
        return spikes

    def _encode_tensor(self, signal: Array, values: Values, ranges: ChannelScaling | None) -> Array:
        import torch

        kind = np.dtype(str(signal.dtype).removeprefix("torch."))
        low, span = (signal.new_tensor(part) for part in _limits(ranges, signal.shape[0], kind))
        threshold = signal.new_tensor(in_type(values["threshold"], kind))
        below = -threshold
        # time first, so that the samples of one time lie side by side; few operations, into given places
        scaled = (signal.t().contiguous() - low) / span
        if self.down_spike:
            scaled = scaled + scaled - 1
        ups, downs = (torch.zeros_like(scaled, dtype=torch.bool) for _ in range(2))
        potential = torch.zeros_like(low)
        for t in range(len(scaled)):
            potential += scaled[t]
            high = torch.ge(potential, threshold, out=ups[t])
            if self.down_spike:
                deep = torch.le(potential, below, out=downs[t])
                potential = torch.where(deep, potential + threshold, potential)
            potential = torch.where(high, potential - threshold, potential)
        spikes = signal.new_zeros((2, *signal.shape))
        spikes[0] = ups.t()
        spikes[1].masked_fill_(downs.t(), -1)
        return spikes

    def _decode(
        self, spikes: np.ndarray, values: Values, ranges: ChannelScaling | None, initial: np.ndarray | None
    ) -> np.ndarray:
        del initial
        decoded = np.empty(spikes.shape[1:], spikes.dtype)
        low, span = _limits(ranges, len(decoded), spikes.dtype)
        _average.over_channels(
            decoded.shape,
            spikes,
            low,
            span,
            in_type(values["threshold"], spikes.dtype),
            values["window"],
            np.ones(1, spikes.dtype),
            self.down_spike,
            ranges is not None,
            decoded,
        )
        return decoded

    def _decode_tensor(
        self, spikes: Array, values: Values, ranges: ChannelScaling | None, initial: np.ndarray | None
    ) -> Array:
        import torch

        del initial
        kind = np.dtype(str(spikes.dtype).removeprefix("torch."))
        net = (spikes[0] + spikes[1]).long()
        width = torch.as_tensor(values["window"], device=net.device)[:, None]
        length = net.shape[1]
        t = torch.arange(length, device=net.device)
        # the sums of the spikes, and of their times, before each time give the triangle in whole numbers
        counts, times = (torch.nn.functional.pad(part.cumsum(1), (1, 0)) for part in (net, net * t))
        begin, end = (t - width + 1).clamp(min=0), (t + width).clamp(max=length)

        def between(sums: Array, start: Array, stop: Array) -> Array:
            return sums.gather(1, stop.expand_as(net)) - sums.gather(1, start.expand_as(net))

        middle = t + 1
        total = (width - t) * between(counts, begin, middle) + between(times, begin, middle)
        total += (width + t) * between(counts, middle, end) - between(times, middle, end)
        before, after = middle - begin, end - middle
        weight = width * (before + after) - before * (before - 1) // 2 - after * (after + 1) // 2
        decoded = total.to(spikes.dtype) / weight.to(spikes.dtype)
        decoded = decoded * spikes.new_tensor(in_type(values["threshold"], kind))[:, None]
        if ranges is None:
            return decoded
        low, span = (spikes.new_tensor(part)[:, None] for part in _limits(ranges, len(net), kind))
        if self.down_spike:
            decoded = (decoded + 1) / 2
        return low + decoded * span

    def _dimensions(self, signal: np.ndarray, ranges: ChannelScaling) -> tuple[Dimension, ...]:
        del ranges
        widest = max(2, min(signal.shape[-1] // 4, 1000))
        return (
            # larger thresholds only decode worse; smaller ones overload on much of the range
            Dimension("threshold", 0.5, 1.0),
            Dimension("window", 1, widest, integer=True, log=True),
        )


def _limits(ranges: ChannelScaling | None, channels: int, dtype: np.dtype) -> tuple[np.ndarray, np.ndarray]:
    """Return the least value and the span of each channel, in the signal's type."""
    if ranges is None:
        return np.zeros(channels, dtype), np.ones(channels, dtype)
    low, high = ranges.limits(dtype)
    return low, high - low


@kernel
def _integrate(
    first: int,
    last: int,
    signal: np.ndarray,
    lows: np.ndarray,
    spans: np.ndarray,
    thresholds: np.ndarray,
    units: np.ndarray,
    down_spike: bool,
    potentials: np.ndarray,
    spikes: np.ndarray,
) -> None:
    # in the signal's type, which a literal would leave
    one = units[0]
    for c in range(first, last):
        threshold, potential, low, span = thresholds[c], potentials[c], lows[c], spans[c]
        for t in range(signal.shape[1]):
            scaled = (signal[c, t] - low) / span
            if down_spike:
                scaled = scaled + scaled - one
            potential += scaled
            if potential >= threshold:
                spikes[0, c, t] = 1
                potential -= threshold
            elif down_spike and potential <= -threshold:
                spikes[1, c, t] = -1
                potential += threshold
        potentials[c] = potential


@kernel
def _average(
    first: int,
    last: int,
    spikes: np.ndarray,
    lows: np.ndarray,
    spans: np.ndarray,
    thresholds: np.ndarray,
    windows: np.ndarray,
    units: np.ndarray,
    down_spike: bool,
    scale: bool,
    decoded: np.ndarray,
) -> None:
    one = units[0]
    two = one + one
    length = spikes.shape[2]
    for c in range(first, last):
        window, low, span = windows[c], lows[c], spans[c]
        # weighted sum at t, sum of the spikes of t - w + 1 ... t, and of t + 1 ... t + w
        total, behind, ahead = 0, 0, 0
        for k in range(min(window, length)):
            total += (window - k) * (int(spikes[0, c, k]) + int(spikes[1, c, k]))
        behind = int(spikes[0, c, 0]) + int(spikes[1, c, 0])
        for k in range(1, min(window + 1, length)):
            ahead += int(spikes[0, c, k]) + int(spikes[1, c, k])
        for t in range(length):
            before, after = min(t + 1, window), min(length, t + window) - t - 1
            # through the array, so that whole numbers take its type
            decoded[c, t] = window * (before + after) - before * (before - 1) // 2 - after * (after + 1) // 2
            weight = decoded[c, t]
            decoded[c, t] = total
            value = decoded[c, t] / weight * thresholds[c]
            if scale:
                if down_spike:
                    value = (value + one) / two
                value = low + value * span
            decoded[c, t] = value
            total += ahead - behind
            if t + 1 < length:
                here = int(spikes[0, c, t + 1]) + int(spikes[1, c, t + 1])
                behind += here
                ahead -= here
            if t - window + 1 >= 0:
                behind -= int(spikes[0, c, t - window + 1]) + int(spikes[1, c, t - window + 1])
            if t + 1 + window < length:
                ahead += int(spikes[0, c, t + 1 + window]) + int(spikes[1, c, t + 1 + window])
