"""Step-forward code (SF): a baseline that follows the signal in steps of one threshold."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from lamina.encoding.code import SpikeCode
from lamina.encoding.compiling import kernel
from lamina.encoding.hooks import Dimension, Values
from lamina.encoding.parameters import Parameter, check_flag, in_type
from lamina.encoding.scaling import ChannelScaling
from lamina.typing import Array


class StepForwardConverter(SpikeCode):
    r"""Step-forward code (SF).

    A baseline starts at :math:`b_0 = x_0`. At each :math:`t \ge 1`, :math:`x_t > b + \theta` gives an up
    spike and raises :math:`b` by :math:`\theta`; :math:`x_t < b - \theta` gives a down spike and lowers it.
    Decoding adds up the steps: :math:`\hat x_0` is the initial value and
    :math:`\hat x_t = \hat x_{t-1} + \theta\,(\text{up}_t + \text{down}_t)`. Comparisons are made in the
    signal's own floating type. As long as the signal changes by at most :math:`\theta` per sample, the
    baseline stays within :math:`\theta` of it; a faster one is followed at :math:`\theta` per sample.

    Parameters
    ----------
    threshold
        θ, in the signal's units, above 0; one number, or one for each channel.
    down_spike
        Whether there are down spikes; without them, the baseline only rises.

    Raises
    ------
    ArgumentTypeError, ArgumentError
        If the threshold is no positive number, or ``down_spike`` no truth value.

    References
    ----------
    N. Kasabov et al., "Evolving spatio-temporal data machines based on the NeuCube neuromorphic framework",
    Neural Networks 78, 1–14, 2016.

    Examples
    --------
    >>> signal = np.array([0.1, 0.3, 0.2, 0.4, 0.8, 0.6, 0.7, 0.9, 0.5, 0.3, 0.2], dtype=np.float32)
    >>> code = StepForwardConverter(threshold=0.1)
    >>> spikes = code.encode(signal)
    >>> spikes[0]
    array([0., 1., 0., 1., 1., 1., 1., 1., 0., 0., 0.], dtype=float32)
    >>> code.decode(spikes).round(1)
    array([0. , 0.1, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.5, 0.4, 0.3], dtype=float32)
    """

    name: ClassVar[str] = "sf"
    source: ClassVar[str] = "Kasabov et al. 2016"
    arguments: ClassVar[tuple[str, ...]] = ("threshold", "down_spike")
    parameters: ClassVar[tuple[Parameter, ...]] = (Parameter("threshold", above=0.0),)
    tuned: tuple[str, ...] = ("threshold",)

    def __init__(self, threshold: float | Array = 0.5, down_spike: bool = True) -> None:
        self.threshold = threshold
        self.down_spike = check_flag("down_spike", down_spike)
        super().__init__()

    def _start(self, channels: int, dtype: np.dtype) -> Values:
        return {"baseline": np.zeros(channels, dtype), "started": np.zeros(channels, np.bool_)}

    def _encode(
        self, signal: np.ndarray, values: Values, ranges: ChannelScaling | None, carry: Values
    ) -> np.ndarray:
        del ranges
        spikes = np.zeros((2, *signal.shape), signal.dtype)
        _follow.over_channels(
            signal.shape,
            signal,
            in_type(values["threshold"], signal.dtype),
            self.down_spike,
            carry["baseline"],
            carry["started"],
            spikes,
        )
        return spikes

    def _encode_tensor(self, signal: Array, values: Values, ranges: ChannelScaling | None) -> Array:
        import torch

        del ranges
        kind = np.dtype(str(signal.dtype).removeprefix("torch."))
        threshold = signal.new_tensor(in_type(values["threshold"], kind))
        # time first, so that the samples of one time lie side by side; few operations, into given places
        samples = signal.t().contiguous()
        ups, downs = (torch.zeros_like(samples, dtype=torch.bool) for _ in range(2))
        baseline = samples[0]
        for t in range(1, len(samples)):
            higher, lower = baseline + threshold, baseline - threshold
            baseline = torch.where(torch.gt(samples[t], higher, out=ups[t]), higher, baseline)
            if self.down_spike:
                baseline = torch.where(torch.lt(samples[t], lower, out=downs[t]), lower, baseline)
        spikes = signal.new_zeros((2, *signal.shape))
        spikes[0] = ups.t()
        spikes[1].masked_fill_(downs.t(), -1)
        return spikes

    def _decode(
        self, spikes: np.ndarray, values: Values, ranges: ChannelScaling | None, initial: np.ndarray | None
    ) -> np.ndarray:
        del ranges
        decoded = np.empty(spikes.shape[1:], spikes.dtype)
        first = np.zeros(len(decoded)) if initial is None else initial
        thresholds = in_type(values["threshold"], spikes.dtype)
        _add_up.over_channels(decoded.shape, spikes, thresholds, in_type(first, spikes.dtype), decoded)
        return decoded

    def _decode_tensor(
        self, spikes: Array, values: Values, ranges: ChannelScaling | None, initial: np.ndarray | None
    ) -> Array:
        import torch

        del ranges
        kind = np.dtype(str(spikes.dtype).removeprefix("torch."))
        threshold = spikes.new_tensor(in_type(values["threshold"], kind))
        # added one after the other, as the baseline was: the sums of parallel scans round otherwise
        decoded = ((spikes[0] + spikes[1]) * threshold[:, None]).t().contiguous()
        decoded[0] = 0 if initial is None else spikes.new_tensor(in_type(initial, kind))
        for t in range(1, len(decoded)):
            torch.add(decoded[t - 1], decoded[t], out=decoded[t])
        return decoded.t()

    def _dimensions(self, signal: np.ndarray, ranges: ChannelScaling) -> tuple[Dimension, ...]:
        # a baseline that may rise as fast as the signal gains nothing from larger steps, but for one that
        # never falls
        fastest = float(np.abs(np.diff(signal[0].astype(np.float64))).max())
        highest = 1.2 * fastest if self.down_spike else float(ranges.maximum[0] - ranges.minimum[0])
        return (Dimension("threshold", 0.02 * fastest, highest, log=True),)

    def _shown_dimensions(self, signal: np.ndarray, ranges: ChannelScaling) -> tuple[Dimension, ...]:
        span = float(ranges.maximum[0] - ranges.minimum[0])
        return tuple(dimension._replace(high=span) for dimension in self._dimensions(signal, ranges))


@kernel
def _follow(
    first: int,
    last: int,
    signal: np.ndarray,
    thresholds: np.ndarray,
    down_spike: bool,
    baselines: np.ndarray,
    started: np.ndarray,
    spikes: np.ndarray,
) -> None:
    for c in range(first, last):
        threshold = thresholds[c]
        begin = 0
        if not started[c]:
            baselines[c] = signal[c, 0]
            started[c] = True
            begin = 1
        baseline = baselines[c]
        for t in range(begin, signal.shape[1]):
            x = signal[c, t]
            if x > baseline + threshold:
                spikes[0, c, t] = 1
                baseline += threshold
            elif down_spike and x < baseline - threshold:
                spikes[1, c, t] = -1
                baseline -= threshold
        baselines[c] = baseline


@kernel
def _add_up(
    first: int,
    last: int,
    spikes: np.ndarray,
    thresholds: np.ndarray,
    initial: np.ndarray,
    decoded: np.ndarray,
) -> None:
    for c in range(first, last):
        level = initial[c]
        decoded[c, 0] = level
        for t in range(1, spikes.shape[2]):
            level += thresholds[c] * (spikes[0, c, t] + spikes[1, c, t])
            decoded[c, t] = level
