"""Delta code: spikes where consecutive samples differ by more than a threshold."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from lamina.encoding.accumulating import accumulate, accumulate_tensor
from lamina.encoding.changes import encode_changes, encode_changes_tensor, start_changes
from lamina.encoding.code import SpikeCode
from lamina.encoding.hooks import Dimension, Values
from lamina.encoding.parameters import Parameter, check_flag
from lamina.encoding.scaling import ChannelScaling
from lamina.typing import Array


class DeltaModulation(SpikeCode):
    r"""Delta code: the change from one sample to the next, in three levels.

    At each :math:`t \ge 1`, :math:`x_t - x_{t-1} > \theta` gives an up spike and
    :math:`x_t - x_{t-1} < -\theta` a down spike; a change of exactly :math:`\theta` gives none, and the first
    sample none. Differences and comparisons are taken in the signal's own floating type. Decoding counts:
    :math:`\hat x_t = \hat x_0 + \theta \sum_{k=1}^{t} (\text{up}_k + \text{down}_k)`.

    The encoder does not know what its decoder holds, so that errors stay for good: slopes below
    :math:`\theta` per sample are lost, and steeper ones are decoded as :math:`\theta`. A slow sine comes back
    with at most 56 % of its height, whatever the threshold. Where the signal is to be decoded, take
    `StepForwardConverter`, which compares with the decoded signal (as the delta modulation of telephony
    does), or `SendOnDelta`.

    Parameters
    ----------
    threshold
        θ, in the signal's units, above 0; one number, or one for each channel.
    down_spike
        Whether there are down spikes; without them, the decoded signal only rises.

    Raises
    ------
    ArgumentTypeError, ArgumentError
        If the threshold is no positive number, or ``down_spike`` no truth value.

    References
    ----------
    J. K. Eshraghian et al., "Training spiking neural networks using lessons from deep learning", Proceedings
    of the IEEE 111(9), 1016–1054, 2023: the delta modulation of snntorch, whose ``spikegen.delta`` also takes
    changes of exactly θ (``>=``) and needs ``padding=True`` for a first sample without a spike.

    Examples
    --------
    >>> code = DeltaModulation(threshold=0.5)
    >>> code.encode(np.array([0.0, 1.0, 1.5, 0.5, 0.75]))
    array([[ 0.,  1.,  0.,  0.,  0.],
           [ 0.,  0.,  0., -1.,  0.]])
    """

    name: ClassVar[str] = "delta"
    source: ClassVar[str] = "Eshraghian et al. 2023"
    arguments: ClassVar[tuple[str, ...]] = ("threshold", "down_spike")
    parameters: ClassVar[tuple[Parameter, ...]] = (Parameter("threshold", above=0.0),)
    tuned: tuple[str, ...] = ("threshold",)

    def __init__(self, threshold: float | Array = 0.1, down_spike: bool = True) -> None:
        self.threshold = threshold
        self.down_spike = check_flag("down_spike", down_spike)
        super().__init__()

    def _start(self, channels: int, dtype: np.dtype) -> Values:
        return start_changes(channels, dtype)

    def _encode(
        self, signal: np.ndarray, values: Values, ranges: ChannelScaling | None, carry: Values
    ) -> np.ndarray:
        del ranges
        return encode_changes(signal, values["threshold"], self.down_spike, carry)

    def _encode_tensor(self, signal: Array, values: Values, ranges: ChannelScaling | None) -> Array:
        del ranges
        return encode_changes_tensor(signal, values["threshold"], self.down_spike)

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
        # above the largest change there are no spikes, and all thresholds err alike
        largest = float(np.abs(np.diff(signal.astype(np.float64))).max(initial=0.0)) or 1.0
        return (Dimension("threshold", 1e-4 * largest, largest, log=True),)
