"""Ben's spiker algorithm (BSA): spikes whose filtered sum is the signal."""

from __future__ import annotations

import copy
import functools
from typing import ClassVar, Literal

import numpy as np

from lamina._checks import check_choice
from lamina.encoding.code import SpikeCode
from lamina.encoding.compiling import kernel
from lamina.encoding.hooks import Dimension, Values
from lamina.encoding.parameters import Parameter, in_type, spread
from lamina.encoding.scaling import ChannelScaling, Scaling
from lamina.typing import Array

ALIGNMENTS = ("document", "encoder")

# what a filter costs in memory and time grows with its order
_HIGHEST_ORDER = 10_000


class BensSpikerAlgorithm(SpikeCode):
    r"""Ben's spiker algorithm (BSA).

    Each channel is scaled to :math:`s \in [0, 1]`, and a low-pass filter :math:`h` of :math:`F` taps, one
    more than its order, is designed by `scipy.signal.firwin`. At each :math:`t \ge 1`, with sums over
    :math:`k = 1 \dots F-1` that stop where the signal does,

    .. math:: e_1 = \sum_k |s_{t+k-1} - h_k|, \qquad e_2 = \sum_k |s_{t+k-1}|,

    and if :math:`e_1 \le e_2 - \theta` there is a spike at :math:`t` and :math:`h_k` is subtracted from every
    :math:`s_{t+k-1}`. Sums run in the order of :math:`k` and in the signal's own floating type. The code
    looks ahead by its order, so that it encodes whole signals only.

    Decoding filters the spikes. With :math:`P = \lfloor F/2 \rfloor`, the alignment ``"document"`` is

    .. math:: \hat s_t = \sum_{j=0}^{F-1} h_j\, \text{spike}_{t+j-2P+1} \quad (t \ge P), \qquad
        \hat s_t = 0 \quad (t < P),

    which for even orders is :math:`\sum_{k=0}^{F-1} h_k\, \text{spike}_{t-k+1}` and for odd ones is a sample
    late; ``"encoder"`` adds up what the encoder subtracts, :math:`\sum_{k=1}^{F-1} h_k\,\text{spike}_{t-k+1}`
    at every :math:`t`. Then the scaling is undone.

    Parameters
    ----------
    threshold
        θ, in units of the scaled signal summed over the filter, 0 or above; one number, or one for each
        channel. At most :math:`\sum_{k \ge 1} |h_k|`, or there is never a spike.
    filter_order
        F − 1, a whole number from 1 to 10000; one, or one for each channel.
    filter_cutoff
        Where the filter passes half of the amplitude, in cycles per sample, above 0 and below 0.5; one
        number, or one for each channel.

    Attributes
    ----------
    alignment_
        ``"document"`` or ``"encoder"``, an array of the signal's leading shape: what `decode` uses. It is
        ``"document"`` until `fit` or `optimize` find which of the two errs less in each channel.

    Raises
    ------
    ArgumentTypeError, ArgumentError
        If a parameter is no number, or outside its limits.

    References
    ----------
    B. Schrauwen and J. Van Campenhout, "BSA, a fast and accurate spike train encoding scheme", Proceedings
    of the International Joint Conference on Neural Networks, vol. 4, 2825–2830, 2003.

    Examples
    --------
    >>> signal = np.array([0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 0.9, 0.8, 0.7, 0.6, 0.5], dtype=np.float32)
    >>> code = BensSpikerAlgorithm()
    >>> spikes = code.encode(signal)
    >>> spikes
    array([0., 1., 1., 0., 1., 0., 0., 0., 0., 0., 0.], dtype=float32)
    >>> code.decode(spikes).round(3)
    array([0.5  , 0.5  , 0.5  , 0.5  , 0.5  , 0.824, 0.868, 0.807, 0.718,
           0.619, 0.525], dtype=float32)
    """

    name: ClassVar[str] = "bsa"
    source: ClassVar[str] = "Schrauwen and Van Campenhout 2003"
    arguments: ClassVar[tuple[str, ...]] = ("threshold", "filter_order", "filter_cutoff")
    parameters: ClassVar[tuple[Parameter, ...]] = (
        Parameter("threshold", minimum=0.0),
        Parameter("filter_order", minimum=1, maximum=_HIGHEST_ORDER, integer=True),
        Parameter("filter_cutoff", above=0.0, below=0.5),
    )
    tuned: tuple[str, ...] = ("filter_order", "filter_cutoff", "threshold")
    rows: ClassVar[Literal["polarity", "neurons"] | None] = None
    interval: ClassVar[tuple[float, float] | None] = (0.0, 1.0)
    outside: ClassVar[str] = "keep"
    causal: ClassVar[bool] = False
    learned: ClassVar[tuple[str, ...]] = ("alignment_",)

    def __init__(
        self,
        threshold: float | Array = 0.5,
        filter_order: int | Array = 10,
        filter_cutoff: float | Array = 0.2,
    ) -> None:
        self.threshold = threshold
        self.filter_order = filter_order
        self.filter_cutoff = filter_cutoff
        self.alignment_ = np.array("document")
        super().__init__()

    def decode(
        self,
        spikes: Array,
        dim: int = -1,
        *,
        scaling: Scaling | None = None,
        initial_value: Array | None = None,
        alignment: str | None = None,
    ) -> Array:
        """Turn spikes back into a signal.

        Parameters
        ----------
        spikes
            As `encode` returns them.
        dim
            The axis of time.
        scaling
            The range to scale back to. Default: that of `fit`, else that of the latest `encode`; without
            either, the code's own interval is returned.
        initial_value
            Not used by this code.
        alignment
            ``"document"`` or ``"encoder"``, as the class describes them. Default: ``alignment_``.

        Returns
        -------
        array
            ``(..., time)`` of the spikes' library, device and floating type (integers give float64).

        Raises
        ------
        ArgumentError
            If there is no such alignment.
        ShapeError, DataError
            If these are no spikes of this code, or scaling and parameters belong to other channels.

        Examples
        --------
        Unlike the document's, the encoder's alignment is not blind at the start:

        >>> code = BensSpikerAlgorithm(threshold=0.2, filter_order=4)
        >>> spikes = code.encode(np.array([0.8, 1.0, 0.9, 0.7, 0.6, 0.5, 0.3, 0.2, 0.1, 0.0]))
        >>> code.decode(spikes)[:4].round(2)
        array([0.  , 0.  , 0.77, 0.98])
        >>> code.decode(spikes, alignment="encoder")[:4].round(2)
        array([0.  , 0.22, 0.76, 0.98])
        """
        code = self
        if alignment is not None:
            code = copy.copy(self)
            code.alignment_ = np.array(check_choice("alignment", alignment, ALIGNMENTS))
        return super(BensSpikerAlgorithm, code).decode(
            spikes, dim, scaling=scaling, initial_value=initial_value
        )

    def _values(self, leading: tuple[int, ...]) -> Values:
        names = np.asarray(self.alignment_)
        for name in names[~np.isin(names, ALIGNMENTS)]:
            check_choice("alignment_", str(name), ALIGNMENTS)
        return {**super()._values(leading), "alignment": spread("alignment_", names, leading)}

    def _encode(
        self, signal: np.ndarray, values: Values, ranges: ChannelScaling | None, carry: Values
    ) -> np.ndarray:
        del carry
        spikes = np.zeros_like(signal)
        _subtract_filters.over_channels(
            signal.shape,
            signal,
            *_limits(ranges, signal.shape[0], signal.dtype),
            *_filters(values, signal.dtype),
            in_type(values["threshold"], signal.dtype),
            spikes,
        )
        return spikes

    def _encode_tensor(self, signal: Array, values: Values, ranges: ChannelScaling | None) -> Array:
        channels, samples = signal.shape
        low, span = (signal.new_tensor(part)[:, None] for part in _limits(ranges, channels, _numpy(signal)))
        rest = (signal - low) / span
        taps, lengths = _filters(values, _numpy(signal))
        longest = taps.shape[1]
        filters = signal.new_tensor(taps[:, 1:])
        # what a channel's filter does not reach takes no part in its sums
        reached = signal.new_tensor(np.arange(1, longest) < lengths[:, None])
        threshold = signal.new_tensor(in_type(values["threshold"], _numpy(signal)))
        spikes = signal.new_zeros(signal.shape)
        for t in range(1, samples):
            reach = min(longest - 1, samples - t)
            ahead = rest[:, t : t + reach]
            after = ahead - filters[:, :reach]
            with_spike = after.abs() * reached[:, :reach]
            without = ahead.abs() * reached[:, :reach]
            e1, e2 = signal.new_zeros(channels), signal.new_zeros(channels)
            for k in range(reach):
                e1 = e1 + with_spike[:, k]
                e2 = e2 + without[:, k]
            spike = e1 <= e2 - threshold
            spikes[:, t] = spike
            rest[:, t : t + reach] = after.where(spike[:, None], ahead)
        return spikes

    def _decode(
        self, spikes: np.ndarray, values: Values, ranges: ChannelScaling | None, initial: np.ndarray | None
    ) -> np.ndarray:
        del initial
        decoded = np.zeros_like(spikes)
        late = values["alignment"] == "document"
        _add_filters.over_channels(spikes.shape, spikes, *_filters(values, spikes.dtype), late, decoded)
        low, span = _limits(ranges, len(spikes), spikes.dtype)
        decoded *= span[:, None]
        decoded += low[:, None]
        return decoded

    def _decode_tensor(
        self, spikes: Array, values: Values, ranges: ChannelScaling | None, initial: np.ndarray | None
    ) -> Array:
        del initial
        channels, samples = spikes.shape
        taps, lengths = _filters(values, _numpy(spikes))
        late = values["alignment"] == "document"
        decoded = spikes.new_zeros(spikes.shape)
        for length, document in sorted({*zip(lengths.tolist(), late.tolist(), strict=True)}):
            group = np.flatnonzero((lengths == length) & (late == document))
            padded = spikes.new_zeros((len(group), samples + 2 * length))
            padded[:, length : length + samples] = spikes[group]
            filters = spikes.new_tensor(taps[group])
            total = spikes.new_zeros((len(group), samples))
            blind = length // 2 if document else 0
            for k in range(not document, length):
                begin = length + (k - 2 * blind + 1 if document else 1 - k)
                total = total + padded[:, begin : begin + samples] * filters[:, k, None]
            total[:, :blind] = 0
            decoded[group] = total
        low, span = (spikes.new_tensor(part)[:, None] for part in _limits(ranges, channels, _numpy(spikes)))
        return decoded * span + low

    def _reproduce(self, signal: np.ndarray, values: Values, ranges: ChannelScaling) -> np.ndarray:
        return self._aligned(signal, values, ranges)[1]

    def _forget(self) -> None:
        super()._forget()
        self.alignment_ = np.array("document")

    def _settle(self, signal: np.ndarray, ranges: ChannelScaling) -> None:
        alignments, _ = self._aligned(signal, self._values(ranges.leading), ranges)
        self.alignment_ = alignments.reshape(ranges.leading)

    def _aligned(
        self, signal: np.ndarray, values: Values, ranges: ChannelScaling
    ) -> tuple[np.ndarray, np.ndarray]:
        """Encode and decode, and return the alignment that errs less in each channel, and what it decodes."""
        spikes = self._encode(signal, values, ranges, {})
        names = np.full((len(ALIGNMENTS), len(signal)), "", dtype="U8")
        decoded, errors = [], []
        for row, name in enumerate(ALIGNMENTS):
            names[row] = name
            decoded.append(self._decode(spikes, {**values, "alignment": names[row]}, ranges, None))
            errors.append(np.square(decoded[row] - signal).mean(axis=1, dtype=np.float64))
        better = errors[1] < errors[0]
        return np.where(better, *names[::-1]), np.where(better[:, None], *decoded[::-1])

    def _dimensions(self, signal: np.ndarray, ranges: ChannelScaling) -> tuple[Dimension, ...]:
        del ranges
        longest = max(1, min(64, signal.shape[1] - 1))
        return (
            Dimension("filter_order", min(4, longest), longest, integer=True, log=True),
            Dimension("filter_cutoff", 1e-3, 0.3, log=True),
            Dimension("threshold", 0.1, 1.2, log=True),
        )


def _limits(ranges: ChannelScaling | None, channels: int, dtype: np.dtype) -> tuple[np.ndarray, np.ndarray]:
    """Return what maps to 0, and the span that maps to 1, in each channel."""
    if ranges is None:
        return np.zeros(channels, dtype), np.ones(channels, dtype)
    low = ranges.minimum.astype(dtype)
    return low, ranges.maximum.astype(dtype) - low


def _filters(values: Values, dtype: np.dtype) -> tuple[np.ndarray, np.ndarray]:
    """Return the taps of each channel, ``(channels, longest)`` with zeros behind, and how many there are."""
    lengths = values["filter_order"] + 1
    taps = np.zeros((len(lengths), int(lengths.max())), dtype)
    for row, length, cutoff in zip(taps, lengths.tolist(), values["filter_cutoff"].tolist(), strict=True):
        row[:length] = _low_pass(length, cutoff)
    return taps, lengths


@functools.lru_cache(maxsize=1024)
def _low_pass(length: int, cutoff: float) -> np.ndarray:
    from scipy.signal import firwin

    taps = np.asarray(firwin(length, cutoff, fs=1.0), dtype=np.float64)
    taps.setflags(write=False)
    return taps


def _numpy(tensor: Array) -> np.dtype:
    """Return NumPy's name for a tensor's floating type."""
    return np.dtype(str(tensor.dtype).removeprefix("torch."))


@kernel
def _subtract_filters(
    first: int,
    last: int,
    signal: np.ndarray,
    low: np.ndarray,
    span: np.ndarray,
    taps: np.ndarray,
    lengths: np.ndarray,
    thresholds: np.ndarray,
    spikes: np.ndarray,
) -> None:
    samples = signal.shape[1]
    rest = np.empty(samples, signal.dtype)
    zero = np.zeros(1, signal.dtype)[0]
    for c in range(first, last):
        threshold = thresholds[c]
        for t in range(samples):
            rest[t] = (signal[c, t] - low[c]) / span[c]
        for t in range(1, samples):
            reach = min(lengths[c] - 1, samples - t)
            with_spike = zero
            without = zero
            for k in range(reach):
                with_spike += abs(rest[t + k] - taps[c, k + 1])
                without += abs(rest[t + k])
            if with_spike <= without - threshold:
                spikes[c, t] = 1
                for k in range(reach):
                    rest[t + k] -= taps[c, k + 1]


@kernel
def _add_filters(
    first: int,
    last: int,
    spikes: np.ndarray,
    taps: np.ndarray,
    lengths: np.ndarray,
    late: np.ndarray,
    decoded: np.ndarray,
) -> None:
    samples = spikes.shape[1]
    for c in range(first, last):
        length = lengths[c]
        blind = length // 2
        # at each time, contributions add up in the order of the taps, as the equations have it
        if late[c]:
            for u in range(samples):
                if spikes[c, u] != 0:
                    newest = u + 2 * blind - 1
                    for t in range(max(blind, newest - length + 1), min(samples, newest + 1)):
                        decoded[c, t] += taps[c, newest - t]
        else:
            for u in range(samples - 1, -1, -1):
                if spikes[c, u] != 0:
                    for t in range(u, min(samples, u + length - 1)):
                        decoded[c, t] += taps[c, t - u + 1]
