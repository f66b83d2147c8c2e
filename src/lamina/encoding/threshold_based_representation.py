"""Threshold-based representation (TBR): spikes where changes stand out from the signal's typical change."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from lamina.encoding.accumulating import accumulate, accumulate_tensor
from lamina.encoding.changes import encode_changes, encode_changes_tensor, start_changes
from lamina.encoding.code import SpikeCode
from lamina.encoding.hooks import Dimension, Values
from lamina.encoding.parameters import Parameter, check_flag
from lamina.encoding.scaling import ChannelScaling
from lamina.errors import DataError, StateError
from lamina.typing import Array


class ThresholdBasedRepresentation(SpikeCode):
    r"""Threshold-based representation (TBR).

    The threshold of each channel follows from its changes :math:`\Delta_t = x_t - x_{t-1}`:
    :math:`\theta = \max(0,\ \operatorname{mean}(\Delta) + f \operatorname{std}(\Delta))`, in float64, the
    standard deviation being that over all changes. At each :math:`t \ge 1`, :math:`\Delta_t > \theta` gives
    an up spike and :math:`\Delta_t < -\theta` a down spike; equality gives none, and the first sample none.
    Decoding counts: :math:`\hat x_t = \hat x_0 + \theta \sum_{k=1}^{t} (\text{up}_k + \text{down}_k)`.

    Mean and standard deviation belong to the scaling: `fit` learns and keeps them, each `encode` of a code
    that was not fitted measures its own signal, and streams need a fitted code or a `Scaling` with
    ``change_mean`` and ``change_deviation``.

    The mean counts with its sign, so that a rising trend raises the threshold and a falling one lowers it.
    Where the fall is so steady that the sum is negative, both conditions would hold at once; the threshold is
    then 0: every rise is an up spike, every fall a down spike, and the decoded signal stays at its first
    value. On signals with a trend, take `StepForwardConverter`, or remove the trend. A constant signal gives
    no spikes. As in every code that compares neighbours, slopes below the threshold are lost and steeper ones
    are decoded as θ per sample, so that the decoded signal drifts.

    Parameters
    ----------
    factor
        f, without a unit, at least 0; one number, or one for each channel.
    down_spike
        Whether there are down spikes; without them, the decoded signal only rises.

    Raises
    ------
    ArgumentTypeError, ArgumentError
        If the factor is no number of at least 0, or ``down_spike`` no truth value.

    References
    ----------
    B. Petro, N. Kasabov and R. M. Kiss, "Selection and optimization of temporal spike encoding methods for
    spiking neural networks", IEEE Transactions on Neural Networks and Learning Systems 31(2), 358–370, 2020.

    Examples
    --------
    The changes are 2, 0, −1 and 0, of mean 0.25 and standard deviation 1.09, so that θ is 0.79:

    >>> code = ThresholdBasedRepresentation(factor=0.5)
    >>> spikes = code.encode(np.array([0.0, 2.0, 2.0, 1.0, 1.0]))
    >>> spikes
    array([[ 0.,  1.,  0.,  0.,  0.],
           [ 0.,  0.,  0., -1.,  0.]])
    >>> code.decode(spikes).round(2)
    array([0.  , 0.79, 0.79, 0.  , 0.  ])
    """

    name: ClassVar[str] = "tbr"
    source: ClassVar[str] = "Petro et al. 2020"
    arguments: ClassVar[tuple[str, ...]] = ("factor", "down_spike")
    parameters: ClassVar[tuple[Parameter, ...]] = (Parameter("factor", minimum=0.0),)
    tuned: tuple[str, ...] = ("factor",)
    uses_changes: ClassVar[bool] = True

    def __init__(self, factor: float | Array = 0.5, down_spike: bool = True) -> None:
        self.factor = factor
        self.down_spike = check_flag("down_spike", down_spike)
        super().__init__()

    def _start(self, channels: int, dtype: np.dtype) -> Values:
        return start_changes(channels, dtype)

    def _encode(
        self, signal: np.ndarray, values: Values, ranges: ChannelScaling | None, carry: Values
    ) -> np.ndarray:
        return encode_changes(signal, _thresholds(values["factor"], ranges), self.down_spike, carry)

    def _encode_tensor(self, signal: Array, values: Values, ranges: ChannelScaling | None) -> Array:
        return encode_changes_tensor(signal, _thresholds(values["factor"], ranges), self.down_spike)

    def _decode(
        self, spikes: np.ndarray, values: Values, ranges: ChannelScaling | None, initial: np.ndarray | None
    ) -> np.ndarray:
        return accumulate(spikes, _thresholds(values["factor"], ranges), initial)

    def _decode_tensor(
        self, spikes: Array, values: Values, ranges: ChannelScaling | None, initial: np.ndarray | None
    ) -> Array:
        return accumulate_tensor(spikes, _thresholds(values["factor"], ranges), initial)

    def _dimensions(self, signal: np.ndarray, ranges: ChannelScaling) -> tuple[Dimension, ...]:
        # the factor at which the threshold reaches the largest change, behind which there are no spikes
        highest = 0.0
        if ranges.change_mean is not None and ranges.change_deviation is not None:
            mean, deviation = float(ranges.change_mean[0]), float(ranges.change_deviation[0])
            largest = float(np.abs(np.diff(signal.astype(np.float64))).max(initial=0.0))
            highest = (largest - mean) / deviation if deviation > 0 else 0.0
        return (Dimension("factor", 0.0, highest if np.isfinite(highest) and highest > 0 else 1.0),)


def _thresholds(factors: np.ndarray, ranges: ChannelScaling | None) -> np.ndarray:
    if ranges is None or ranges.change_mean is None or ranges.change_deviation is None:
        given = "no signal was encoded yet" if ranges is None else "the scaling does not hold them"
        raise StateError(
            "ThresholdBasedRepresentation takes its threshold from mean and deviation of the signal's "
            f"changes, and {given}: call fit first, or pass scaling=Scaling.of(signal, changes=True)."
        )
    if (ranges.change_deviation < 0).any():
        raise DataError(
            "change_deviation",
            allowed="at least 0",
            got=f"{ranges.change_deviation.min():g}",
            remedy="Measure it: Scaling.of(signal, changes=True).",
        )
    with np.errstate(over="ignore"):
        return np.maximum(ranges.change_mean + factors * ranges.change_deviation, 0.0)
