"""Send-on-delta: an event whenever the signal has moved by more than a threshold since the last event."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from lamina.encoding.accumulating import accumulate, accumulate_tensor
from lamina.encoding.code import SpikeCode
from lamina.encoding.compiling import kernel
from lamina.encoding.hooks import Dimension, Values
from lamina.encoding.parameters import Parameter, check_flag, in_type
from lamina.encoding.scaling import ChannelScaling
from lamina.typing import Array


class SendOnDelta(SpikeCode):
    r"""Send-on-delta: events of change, as the pixel of an event camera sends them.

    The reference starts at :math:`r = x_0`. At each :math:`t \ge 1`, :math:`x_t - r > \theta` gives an up
    spike and :math:`x_t - r < -\theta` a down spike; either sets :math:`r = x_t`. A distance of exactly
    :math:`\theta` gives none. Differences and comparisons are taken in the signal's own floating type.
    Between events the signal stays within :math:`\theta` of the value at the last one.

    Decoding counts: :math:`\hat x_t = \hat x_0 + \theta \sum_{k=1}^{t} (\text{up}_k + \text{down}_k)`, held
    from each event to the next. A sensor that reports by send-on-delta transmits the value itself, which its
    receiver holds; a spike carries the sign alone, and the value is taken to have moved by :math:`\theta`, as
    event cameras are read. It has moved by at least that, and by less than :math:`\theta` and the largest
    change between samples, so that each event errs by less than that change; such errors add up (they cancel
    in part where the signal goes up as much as down). The slower the signal against :math:`\theta`, the
    smaller the drift. `StepForwardConverter` moves its reference by :math:`\theta` instead and does not
    drift, at the price of lagging behind jumps. For contrast, encode the logarithm of the intensity.

    Parameters
    ----------
    threshold
        θ, in the signal's units, above 0; one number, or one for each channel.
    down_spike
        Whether there are down spikes; without them, the reference only rises.

    Raises
    ------
    ArgumentTypeError, ArgumentError
        If the threshold is no positive number, or ``down_spike`` no truth value.

    References
    ----------
    M. Miskowicz, "Send-on-delta concept: an event-based data reporting strategy", Sensors 6(1), 49–63, 2006.
    P. Lichtsteiner, C. Posch and T. Delbruck, "A 128 × 128 120 dB 15 µs latency asynchronous temporal
    contrast vision sensor", IEEE Journal of Solid-State Circuits 43(2), 566–576, 2008.

    Examples
    --------
    The slow rise adds up until it is above the threshold; the jump at the end is one event:

    >>> code = SendOnDelta(threshold=0.5)
    >>> spikes = code.encode(np.array([0.0, 0.25, 0.5, 0.75, 0.75, -1.0]))
    >>> spikes
    array([[ 0.,  0.,  0.,  1.,  0.,  0.],
           [ 0.,  0.,  0.,  0.,  0., -1.]])
    >>> code.decode(spikes)
    array([0. , 0. , 0. , 0.5, 0.5, 0. ])
    """

    name: ClassVar[str] = "send-on-delta"
    source: ClassVar[str] = "Miskowicz 2006"
    arguments: ClassVar[tuple[str, ...]] = ("threshold", "down_spike")
    parameters: ClassVar[tuple[Parameter, ...]] = (Parameter("threshold", above=0.0),)
    tuned: tuple[str, ...] = ("threshold",)

    def __init__(self, threshold: float | Array = 0.1, down_spike: bool = True) -> None:
        self.threshold = threshold
        self.down_spike = check_flag("down_spike", down_spike)
        super().__init__()

    def _start(self, channels: int, dtype: np.dtype) -> Values:
        return {"reference": np.zeros(channels, dtype), "started": np.zeros(channels, np.bool_)}

    def _encode(
        self, signal: np.ndarray, values: Values, ranges: ChannelScaling | None, carry: Values
    ) -> np.ndarray:
        del ranges
        spikes = np.zeros((2, *signal.shape), signal.dtype)
        _send.over_channels(
            signal.shape,
            signal,
            in_type(values["threshold"], signal.dtype),
            self.down_spike,
            carry["reference"],
            carry["started"],
            spikes,
        )
        return spikes

    def _encode_tensor(self, signal: Array, values: Values, ranges: ChannelScaling | None) -> Array:
        import torch

        del ranges
        kind = np.dtype(str(signal.dtype).removeprefix("torch."))
        threshold = signal.new_tensor(in_type(values["threshold"], kind))
        below = -threshold
        # time first, so that the samples of one time lie side by side; few operations, into given places
        samples = signal.t().contiguous()
        ups, downs = (torch.zeros_like(samples, dtype=torch.bool) for _ in range(2))
        reference = samples[0].clone()
        for t in range(1, len(samples)):
            distance = samples[t] - reference
            event = torch.gt(distance, threshold, out=ups[t])
            if self.down_spike:
                event = event | torch.lt(distance, below, out=downs[t])
            reference = torch.where(event, samples[t], reference)
        spikes = signal.new_zeros((2, *signal.shape))
        spikes[0] = ups.t()
        spikes[1].masked_fill_(downs.t(), -1)
        return spikes

    def _decode(
        self, spikes: np.ndarray, values: Values, ranges: ChannelScaling | None, initial: np.ndarray | None
    ) -> np.ndarray:
        del ranges
        return accumulate(spikes, values["threshold"], initial)

    def _decode_tensor(
        self, spikes: Array, values: Values, ranges: ChannelScaling | None, initial: np.ndarray | None
    ) -> Array:
        del ranges
        return accumulate_tensor(spikes, values["threshold"], initial)

    def _dimensions(self, signal: np.ndarray, ranges: ChannelScaling) -> tuple[Dimension, ...]:
        span = float(ranges.maximum[0] - ranges.minimum[0]) or 1.0
        return (Dimension("threshold", 1e-4 * span, span, log=True),)


@kernel
def _send(
    first: int,
    last: int,
    signal: np.ndarray,
    thresholds: np.ndarray,
    down_spike: bool,
    references: np.ndarray,
    started: np.ndarray,
    spikes: np.ndarray,
) -> None:
    for c in range(first, last):
        threshold = thresholds[c]
        reference = references[c] if started[c] else signal[c, 0]
        started[c] = True
        for t in range(signal.shape[1]):
            x = signal[c, t]
            distance = x - reference
            if distance > threshold:
                spikes[0, c, t] = 1
                reference = x
            elif down_spike and distance < -threshold:
                spikes[1, c, t] = -1
                reference = x
        references[c] = reference
