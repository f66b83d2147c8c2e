"""LIF code: a leaky unit that integrates the signal and spikes when it passes a threshold, up or down."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from lamina._checks import check_choice
from lamina.encoding.code import SpikeCode
from lamina.encoding.compiling import kernel
from lamina.encoding.hooks import Dimension, Values
from lamina.encoding.parameters import Parameter, check_flag, in_type
from lamina.encoding.scaling import ChannelScaling
from lamina.typing import Array


class LIFBasedEncoding(SpikeCode):
    r"""LIF-based code: the signal charges a leaky unit, which spikes and is emptied at a threshold.

    The signal is scaled to :math:`s_t \in [-1, 1]`. The voltage starts at :math:`v = 0`; at each
    :math:`t \ge 1`, :math:`v \leftarrow v + s_t`; then :math:`v - b > \theta` gives an up spike and
    :math:`v - b < -\theta` a down spike, either of which sets :math:`v = b = 0`; at last
    :math:`v \leftarrow \lambda v`. Decoding lets every spike leave a trace that decays alike:
    :math:`\hat x_0 = 0`, :math:`\hat x_t = \lambda \hat x_{t-1} + \theta\,(\text{up}_t + \text{down}_t)`, and
    :math:`(\hat x + 1) / 2` is scaled back. All of it in the signal's own floating type. What can be decoded
    lies within :math:`\pm\theta / (1 - \lambda)`: threshold and leak must fit each other, for which there is
    `optimize`.

    Values outside the fitted range are used as they are, with one warning.

    Parameters
    ----------
    threshold
        θ, above 0, in units of the scaled signal; one number, or one for each channel.
    membrane_constant
        λ, what is left of the voltage after a sample, from 0 (no memory) to 1 (no leak); one number, or one
        for each channel.
    down_spike
        Whether there are down spikes; without them, nothing happens below −θ.
    baseline
        What the voltage is compared with until the first spike. ``"first"`` is v at t = 1, as in the released
        package spike-encoding and in the example below: the first sample is silent, and the first spike
        comes when the voltage has moved by more than θ from there. ``"zero"`` is the unit of the textbook:
        :math:`b = 0` throughout.

    Raises
    ------
    ArgumentTypeError, ArgumentError
        If a parameter is no number or out of its range, or the baseline is neither of the two.

    References
    ----------
    S. Y. A. Yarga, J. Rouat and S. Wood, "Efficient spike encoding algorithms for neuromorphic speech
    recognition", Proceedings of the International Conference on Neuromorphic Systems, 2022.

    Examples
    --------
    >>> signal = np.array([0.5, 0.3, 0.1, 0.4, 0.8, 1.0, 0.7, 0.3, 0.6], dtype=np.float32)
    >>> code = LIFBasedEncoding(threshold=0.5, membrane_constant=0.2)
    >>> spikes = code.encode(signal)
    >>> spikes[0]
    array([0., 0., 0., 0., 0., 1., 0., 0., 0.], dtype=float32)
    >>> spikes[1]
    array([ 0.,  0., -1.,  0.,  0.,  0.,  0.,  0.,  0.], dtype=float32)
    >>> code.decode(spikes).round(3)
    array([0.55 , 0.55 , 0.325, 0.505, 0.541, 0.773, 0.595, 0.559, 0.552],
          dtype=float32)
    """

    name: ClassVar[str] = "lif"
    source: ClassVar[str] = "Yarga et al. 2022"
    arguments: ClassVar[tuple[str, ...]] = ("threshold", "membrane_constant", "down_spike", "baseline")
    parameters: ClassVar[tuple[Parameter, ...]] = (
        Parameter("threshold", above=0.0),
        # above 1 the voltage would grow by itself
        Parameter("membrane_constant", minimum=0.0, maximum=1.0),
    )
    tuned: tuple[str, ...] = ("threshold", "membrane_constant")
    interval: ClassVar[tuple[float, float] | None] = (-1.0, 1.0)

    def __init__(
        self,
        threshold: float | Array = 0.5,
        membrane_constant: float | Array = 0.9,
        down_spike: bool = True,
        baseline: str = "first",
    ) -> None:
        self.threshold = threshold
        self.membrane_constant = membrane_constant
        self.down_spike = check_flag("down_spike", down_spike)
        self.baseline = check_choice("baseline", baseline, ("first", "zero"))
        super().__init__()

    def _start(self, channels: int, dtype: np.dtype) -> Values:
        # the first sample does nothing, and the second may set the baseline
        return {
            "voltage": np.zeros(channels, dtype),
            "baseline": np.zeros(channels, dtype),
            "seen": np.zeros(channels, np.uint8),
        }

    def _encode(
        self, signal: np.ndarray, values: Values, ranges: ChannelScaling | None, carry: Values
    ) -> np.ndarray:
        dtype = signal.dtype
        spikes = np.zeros((2, *signal.shape), dtype)
        low, high = _limits(ranges, len(signal), dtype)
        _integrate.over_channels(
            signal.shape,
            signal,
            in_type(values["threshold"], dtype),
            values["membrane_constant"].astype(dtype),
            low,
            high - low,
            self.down_spike,
            self.baseline == "first",
            carry["voltage"],
            carry["baseline"],
            carry["seen"],
            spikes,
        )
        return spikes

    def _encode_tensor(self, signal: Array, values: Values, ranges: ChannelScaling | None) -> Array:
        import torch

        threshold, leak, low, high = self._on_device(signal, values, ranges)
        # time first, so that the samples of one time lie side by side; few operations, into given places
        scaled = (signal.t().contiguous() - low) / (high - low)
        drive = scaled + scaled - 1
        ups, downs = (torch.zeros_like(drive, dtype=torch.bool) for _ in range(2))
        voltage = base = torch.zeros_like(threshold)
        for t in range(1, len(drive)):
            voltage = voltage + drive[t]
            if t == 1 and self.baseline == "first":
                base = voltage
            risen = voltage - base
            spiked = torch.gt(risen, threshold, out=ups[t])
            if self.down_spike:
                spiked = spiked | torch.lt(risen, -threshold, out=downs[t])
            voltage = voltage.masked_fill(spiked, 0) * leak
            base = base.masked_fill(spiked, 0)
        spikes = signal.new_zeros((2, *signal.shape))
        spikes[0] = ups.t()
        spikes[1].masked_fill_(downs.t(), -1)
        return spikes

    def _decode(
        self, spikes: np.ndarray, values: Values, ranges: ChannelScaling | None, initial: np.ndarray | None
    ) -> np.ndarray:
        del initial
        dtype = spikes.dtype
        decoded = np.empty(spikes.shape[1:], dtype)
        low, high = _limits(ranges, len(decoded), dtype)
        _decay.over_channels(
            decoded.shape,
            spikes,
            in_type(values["threshold"], dtype),
            values["membrane_constant"].astype(dtype),
            low,
            high - low,
            ranges is not None,
            decoded,
        )
        return decoded

    def _decode_tensor(
        self, spikes: Array, values: Values, ranges: ChannelScaling | None, initial: np.ndarray | None
    ) -> Array:
        import torch

        del initial
        threshold, leak, low, high = self._on_device(spikes, values, ranges)
        decoded = (threshold[:, None] * (spikes[0] + spikes[1])).t().contiguous()
        decoded[0] = 0
        for t in range(1, len(decoded)):
            torch.add(decoded[t - 1] * leak, decoded[t], out=decoded[t])
        if ranges is not None:
            decoded = low + (decoded + 1) / 2 * (high - low)
        return decoded.t()

    def _on_device(self, like: Array, values: Values, ranges: ChannelScaling | None) -> tuple[Array, ...]:
        """Return threshold, leak and limits of each channel as tensors."""
        kind = np.dtype(str(like.dtype).removeprefix("torch."))
        leak = values["membrane_constant"]
        limits = _limits(ranges, len(leak), None)
        return tuple(like.new_tensor(part) for part in (in_type(values["threshold"], kind), leak, *limits))

    def _dimensions(self, signal: np.ndarray, ranges: ChannelScaling) -> tuple[Dimension, ...]:
        del signal, ranges
        # beyond these, single spikes or the trace of many of them reach past the range: the best settings of
        # sines, walks, noise, pulses and squares lie from 0.3 to 0.94 and from 0 to 0.47
        return (Dimension("threshold", 0.1, 1.0, log=True), Dimension("membrane_constant", 0.0, 0.75))

    def _likely(self, signal: np.ndarray, ranges: ChannelScaling) -> Sequence[tuple[float, ...]]:
        del signal, ranges
        # where the trace of incessant spikes, θ / (1 − λ), reaches three quarters of the range
        traces = [(reach * (1 - decay), decay) for decay in (0.38, 0.43, 0.48) for reach in (0.62, 0.7, 0.78)]
        return (*traces, (0.3, 0.3), (0.45, 0.35), (0.25, 0.5))


def _limits(
    ranges: ChannelScaling | None, channels: int, dtype: np.dtype | None
) -> tuple[np.ndarray, np.ndarray]:
    """Return each channel's range in the signal's type; the code's own interval if there is none."""
    if ranges is None:
        return np.full(channels, -1.0, dtype), np.full(channels, 1.0, dtype)
    if dtype is None:
        return ranges.minimum, ranges.maximum
    return ranges.limits(dtype)


@kernel
def _integrate(
    first: int,
    last: int,
    signal: np.ndarray,
    thresholds: np.ndarray,
    leaks: np.ndarray,
    lows: np.ndarray,
    spans: np.ndarray,
    down_spike: bool,
    from_first: bool,
    voltages: np.ndarray,
    baselines: np.ndarray,
    seen: np.ndarray,
    spikes: np.ndarray,
) -> None:
    # numbers written out would turn float32 into float64
    zero, one = signal.dtype.type(0), signal.dtype.type(1)
    for c in range(first, last):
        threshold, leak, low, span = thresholds[c], leaks[c], lows[c], spans[c]
        voltage, base = voltages[c], baselines[c]
        for t in range(signal.shape[1]):
            if seen[c] == 0:
                seen[c] = 1
                continue
            scaled = (signal[c, t] - low) / span
            voltage += scaled + scaled - one
            if seen[c] == 1:
                seen[c] = 2
                if from_first:
                    base = voltage
            if voltage - base > threshold:
                spikes[0, c, t] = one
                voltage = base = zero
            elif down_spike and voltage - base < -threshold:
                spikes[1, c, t] = -one
                voltage = base = zero
            voltage *= leak
        voltages[c] = voltage
        baselines[c] = base


@kernel
def _decay(
    first: int,
    last: int,
    spikes: np.ndarray,
    thresholds: np.ndarray,
    leaks: np.ndarray,
    lows: np.ndarray,
    spans: np.ndarray,
    scaled: bool,
    decoded: np.ndarray,
) -> None:
    zero, one = spikes.dtype.type(0), spikes.dtype.type(1)
    two = one + one
    for c in range(first, last):
        threshold, leak, low, span = thresholds[c], leaks[c], lows[c], spans[c]
        trace = zero
        for t in range(spikes.shape[2]):
            if t > 0:
                trace = trace * leak + threshold * (spikes[0, c, t] + spikes[1, c, t])
            decoded[c, t] = low + (trace + one) / two * span if scaled else trace
