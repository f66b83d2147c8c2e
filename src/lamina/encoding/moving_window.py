"""Moving window (MW): spikes where the signal leaves the mean of its last samples."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from lamina.encoding.accumulating import accumulate, accumulate_tensor
from lamina.encoding.code import SpikeCode
from lamina.encoding.compiling import kernel
from lamina.encoding.hooks import Dimension, Values
from lamina.encoding.parameters import Parameter, check_flag, in_type
from lamina.encoding.scaling import ChannelScaling
from lamina.errors import StateError
from lamina.typing import Array


class MovingWindow(SpikeCode):
    r"""Moving-window code (MW).

    The base of each sample is the mean of the :math:`n = \min(t, w)` samples before it,
    :math:`b_t = (x_{t-n} + \dots + x_{t-1})/n`. At each :math:`t \ge 1`, :math:`x_t > b_t + \theta` gives an
    up spike and :math:`x_t < b_t - \theta` a down spike; equality gives none, and the first sample none.
    Every sum is taken afresh, from the oldest sample on, in the signal's own floating type, so that chunks of
    a stream give the spikes of the whole; where it overflows, the samples are divided by n before they are
    added. While the window fills, the mean is that of the samples so far; definitions that start from the
    mean of the first w samples look ahead.

    Decoding counts: :math:`\hat x_t = \hat x_0 + \theta \sum_{k=1}^{t} (\text{up}_k + \text{down}_k)`. The
    base follows the signal and not the decoded signal, so that this drifts: slopes below
    :math:`2\theta/(w+1)` per sample are lost, and the others are decoded as θ per sample. (A decoder that
    keeps a moving mean of its own output, as the definition suggests, errs less on noise and more on smooth
    signals and random walks: it was measured and left out.) A window of 1 is `DeltaModulation`, but for
    rounding. A wide window makes spikes of what stands out from the local mean: a filter rather than a code
    to be decoded.

    Parameters
    ----------
    threshold
        θ, in the signal's units, above 0; one number, or one for each channel.
    window
        w, in samples, at least 1; one number, or one for each channel. A sample takes time in proportion.
    down_spike
        Whether there are down spikes; without them, the decoded signal only rises.

    Raises
    ------
    ArgumentTypeError, ArgumentError
        If the threshold is no positive number, the window no whole number of at least 1, or ``down_spike``
        no truth value.

    References
    ----------
    B. Petro, N. Kasabov and R. M. Kiss, "Selection and optimization of temporal spike encoding methods for
    spiking neural networks", IEEE Transactions on Neural Networks and Learning Systems 31(2), 358–370, 2020.

    Examples
    --------
    The bases are 0, 0.5, 1 and, once the window of 3 has moved on, 2:

    >>> code = MovingWindow(threshold=0.5, window=3)
    >>> spikes = code.encode(np.array([0.0, 1.0, 2.0, 3.0, 1.0]))
    >>> spikes
    array([[ 0.,  1.,  1.,  1.,  0.],
           [ 0.,  0.,  0.,  0., -1.]])
    >>> code.decode(spikes)
    array([0. , 0.5, 1. , 1.5, 1. ])
    """

    name: ClassVar[str] = "mw"
    source: ClassVar[str] = "Petro et al. 2020"
    arguments: ClassVar[tuple[str, ...]] = ("threshold", "window", "down_spike")
    parameters: ClassVar[tuple[Parameter, ...]] = (
        Parameter("threshold", above=0.0),
        Parameter("window", minimum=1, maximum=1e9, integer=True),
    )
    tuned: tuple[str, ...] = ("threshold", "window")

    def __init__(
        self, threshold: float | Array = 0.5, window: int | Array = 3, down_spike: bool = True
    ) -> None:
        self.threshold = threshold
        self.window = window
        self.down_spike = check_flag("down_spike", down_spike)
        super().__init__()

    def _start(self, channels: int, dtype: np.dtype) -> Values:
        return {"recent": np.zeros((channels, 0), dtype), "seen": np.zeros(channels, np.int64)}

    def _encode(
        self, signal: np.ndarray, values: Values, ranges: ChannelScaling | None, carry: Values
    ) -> np.ndarray:
        del ranges
        windows = values["window"]
        known, widest = carry["recent"].shape[1], int(windows.max())
        if known < min(int(carry["seen"][0]), widest):
            raise StateError(
                f"The stream has kept {known} sample(s), and the window is now {widest} wide: start another "
                "stream with state=None after window was changed."
            )
        samples = np.concatenate((carry["recent"], signal), axis=1) if known else signal
        length = samples.shape[1]
        spikes = np.zeros((2, *signal.shape), signal.dtype)
        _compare.over_channels(
            signal.shape,
            samples,
            known,
            in_type(values["threshold"], signal.dtype),
            windows,
            # whole numbers in the signal's type, since a quotient with an integer would be in float64
            np.arange(min(widest, length) + 1, dtype=signal.dtype),
            self.down_spike,
            spikes,
        )
        carry["recent"] = samples[:, max(0, length - widest) :].copy()
        carry["seen"] += signal.shape[1]
        return spikes

    def _encode_tensor(self, signal: Array, values: Values, ranges: ChannelScaling | None) -> Array:
        import torch

        del ranges
        length = signal.shape[1]
        spikes = signal.new_zeros((2, *signal.shape))
        if length == 1:
            return spikes
        kind = np.dtype(str(signal.dtype).removeprefix("torch."))
        threshold = signal.new_tensor(in_type(values["threshold"], kind))[:, None]
        windows = torch.as_tensor(values["window"], device=signal.device)[:, None]
        widest = min(int(values["window"].max()), length - 1)
        counts = torch.arange(1, length, device=signal.device).clamp(max=windows).to(signal.dtype)
        base, divided_first = torch.zeros_like(counts), None
        # the oldest samples first; row t - 1 of the sums belongs to sample t
        for lag in range(widest, 0, -1):
            base[:, lag - 1 :] += signal[:, : length - lag] * (windows >= lag)
        base /= counts
        if not bool(base.isfinite().all()):
            divided_first = torch.zeros_like(counts)
            for lag in range(widest, 0, -1):
                share = signal[:, : length - lag] * (windows >= lag) / counts[:, lag - 1 :]
                divided_first[:, lag - 1 :] += share
            base = torch.where(base.isfinite(), base, divided_first)
        spikes[0, :, 1:] = signal[:, 1:] > base + threshold
        if self.down_spike:
            spikes[1, :, 1:].masked_fill_(signal[:, 1:] < base - threshold, -1)
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
        largest = float(np.abs(np.diff(signal.astype(np.float64))).max(initial=0.0)) or 1.0
        # wide windows turn the code into a high-pass filter, whose spikes say less and less of the signal
        widest = max(2, min(signal.shape[1] // 4, 64))
        return (
            Dimension("threshold", 1e-4 * largest, 2 * largest, log=True),
            Dimension("window", 1, widest, integer=True, log=True),
        )


@kernel
def _compare(
    first: int,
    last: int,
    samples: np.ndarray,
    known: int,
    thresholds: np.ndarray,
    windows: np.ndarray,
    counts: np.ndarray,
    down_spike: bool,
    spikes: np.ndarray,
) -> None:
    for c in range(first, last):
        threshold, window = thresholds[c], windows[c]
        for t in range(max(known, 1), samples.shape[1]):
            oldest = max(t - window, 0)
            count = counts[t - oldest]
            base = samples[c, oldest]
            for k in range(oldest + 1, t):
                base += samples[c, k]
            base /= count
            if not np.isfinite(base):
                base = samples[c, oldest] / count
                for k in range(oldest + 1, t):
                    base += samples[c, k] / count
            x = samples[c, t]
            if x > base + threshold:
                spikes[0, c, t - known] = 1
            elif down_spike and x < base - threshold:
                spikes[1, c, t - known] = -1
