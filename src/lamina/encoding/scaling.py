"""The range of each channel, which a code maps to its own: state that a user can see, save and give back."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from lamina.encoding.signals import Channels, admit_numbers, admit_signal, channel_label
from lamina.errors import DataError, ShapeError
from lamina.typing import Array

# samples whose changes are measured together, so that long recordings are not copied as a whole
_BLOCK = 2**18


@dataclass(frozen=True, eq=False)
class Scaling:
    r"""What a code knows of the channels that it encodes: their range, first value and typical change.

    A code that works in [0, 1] computes :math:`s_t = (x_t - \min) / (\max - \min)` in the signal's own type,
    one that works in [−1, 1] computes :math:`2 s_t - 1`, and decoding undoes it.

    Parameters
    ----------
    minimum, maximum
        Least and largest value of each channel, in the signal's units; float64, of the signal's leading shape
        (its shape without time), or one number for all channels.
    initial
        First value of each channel, in the signal's units; None if it is not known.
    change_mean, change_deviation
        Mean and standard deviation (divided by T − 1, the number of changes) of :math:`x_t - x_{t-1}`, for
        `ThresholdBasedRepresentation`; None where they are not needed.

    Raises
    ------
    DataError
        If a maximum lies below its minimum, or a value is not finite.

    Examples
    --------
    The range of a converter of 10 bits, whatever one recording happens to hold:

    >>> Scaling(minimum=0.0, maximum=1023.0).maximum
    array(1023.)
    """

    minimum: Array
    maximum: Array
    initial: Array | None = None
    change_mean: Array | None = None
    change_deviation: Array | None = None

    def __post_init__(self) -> None:
        for name in ("minimum", "maximum", "initial", "change_mean", "change_deviation"):
            value = getattr(self, name)
            if value is not None or name in ("minimum", "maximum"):
                numbers = admit_numbers(name, value)
                numbers.setflags(write=False)
                object.__setattr__(self, name, numbers)
        if np.any(self.maximum < self.minimum):
            raise DataError(
                "maximum",
                allowed="at least the minimum, in each channel",
                got=f"{self.maximum!r} beside a minimum of {self.minimum!r}",
                remedy="Swap them.",
            )

    def __reduce__(self) -> tuple[type[Scaling], tuple[Any, ...]]:
        """Let copies be made anew: those of arrays could be changed in place."""
        return Scaling, (
            self.minimum,
            self.maximum,
            self.initial,
            self.change_mean,
            self.change_deviation,
        )

    @classmethod
    def of(cls, signal: Array, dim: int = -1, *, changes: bool = False) -> Scaling:
        """Measure the channels of a signal.

        Parameters
        ----------
        signal
            ``(..., time)``; finite.
        dim
            The axis of time.
        changes
            Whether to measure the changes from sample to sample as well.

        Returns
        -------
        Scaling
            With arrays of the signal's leading shape.

        Raises
        ------
        ArgumentTypeError, ShapeError, DataError
            If the signal is no finite array of real numbers, or holds nothing.

        Examples
        --------
        >>> Scaling.of(np.array([[1.0, 3.0, 2.0], [0.0, -1.0, -4.0]])).minimum
        array([ 1., -4.])
        """
        return cls.of_channels(admit_signal("signal", signal, dim), changes=changes)

    @classmethod
    def of_channels(cls, channels: Channels, *, changes: bool = False) -> Scaling:
        """Measure channels that were checked before.

        Parameters
        ----------
        channels
            As `admit_signal` returns them.
        changes
            Whether to measure the changes from sample to sample as well.

        Returns
        -------
        Scaling
            With arrays of the leading shape.
        """
        values, leading = channels.values, channels.leading
        low, high = channels.extremes()
        first = np.asarray(values[:, 0] if isinstance(values, np.ndarray) else values[:, 0].cpu())
        means = deviations = None
        if changes:
            means, deviations = (part.reshape(leading) for part in _changes(channels.on_cpu()))
        return cls(low.reshape(leading), high.reshape(leading), first.reshape(leading), means, deviations)

    def per_channel(self, leading: tuple[int, ...]) -> ChannelScaling:
        """Spread over the channels of a signal of a leading shape; `ShapeError` if it belongs to another."""
        # streams ask at every sample
        kept: dict[tuple[int, ...], ChannelScaling] = self.__dict__.setdefault("_spread", {})
        if leading not in kept:
            kept[leading] = self._over(leading)
        return kept[leading]

    def _over(self, leading: tuple[int, ...]) -> ChannelScaling:
        spread: dict[str, Any] = {}
        for name in ("minimum", "maximum", "initial", "change_mean", "change_deviation"):
            value = getattr(self, name)
            if value is None:
                spread[name] = None
                continue
            if value.size == 1:
                value = value.reshape(())
            try:
                # a copy of its own: kernels are compiled for arrays that are contiguous and writeable
                spread[name] = np.array(np.broadcast_to(value, leading), order="C").reshape(-1)
            except ValueError as error:
                raise ShapeError(
                    "scaling",
                    allowed=f"of one channel, or of the signal's leading shape {leading}",
                    got=f"a scaling of leading shape {value.shape}",
                    remedy="Fit the code to signals of this shape, or give the scaling that belongs to them.",
                ) from error
        return ChannelScaling(**spread, leading=leading)


@dataclass(frozen=True, eq=False)
class ChannelScaling:
    """A `Scaling` spread over flattened channels: arrays ``(channels,)`` of float64."""

    minimum: np.ndarray
    maximum: np.ndarray
    initial: np.ndarray | None
    change_mean: np.ndarray | None
    change_deviation: np.ndarray | None
    leading: tuple[int, ...] = ()
    _limits: dict[str, tuple[np.ndarray, np.ndarray]] = field(default_factory=dict, init=False, repr=False)
    _checked: set[str] = field(default_factory=set, init=False, repr=False)

    def only(self, channel: int) -> ChannelScaling:
        """Return that of one of the channels."""
        one = slice(channel, channel + 1)
        return ChannelScaling(
            self.minimum[one],
            self.maximum[one],
            None if self.initial is None else self.initial[one],
            None if self.change_mean is None else self.change_mean[one],
            None if self.change_deviation is None else self.change_deviation[one],
        )

    def limits(self, dtype: np.dtype) -> tuple[np.ndarray, np.ndarray]:
        """Return minimum and maximum in a floating type."""
        if dtype.char not in self._limits:
            # what the type cannot hold becomes infinite, which `check_spread` refuses
            with np.errstate(over="ignore"):
                self._limits[dtype.char] = self.minimum.astype(dtype), self.maximum.astype(dtype)
        return self._limits[dtype.char]

    def check_spread(self, values_name: str, dtype: np.dtype) -> None:
        """Refuse a channel that never changes, and ranges that the floating type cannot hold."""
        if dtype.char in self._checked:
            return
        low, high = self.limits(dtype)
        with np.errstate(over="ignore", invalid="ignore"):
            span = high - low
        wrong = np.flatnonzero(~((span > 0) & np.isfinite(span)))
        if not wrong.size:
            self._checked.add(dtype.char)
            return
        channel = int(wrong[0])
        least, most = float(self.minimum[channel]), float(self.maximum[channel])
        remedy = "Scale the signal first."
        if least == most:
            what = "a constant"
            remedy = "Leave this channel out, or give the range: scaling=Scaling(minimum=..., maximum=...)."
        elif span[channel] == 0:
            what = f"a range that {dtype.name} cannot tell from none"
            remedy = "Subtract what is constant, or pass the signal as float64."
        else:
            what = f"a range beyond {dtype.name}"
        raise DataError(
            values_name,
            allowed="of a range above 0 in each channel",
            got=f"{what} ({least:.6g} to {most:.6g}) {channel_label(channel, self.leading)}",
            remedy=remedy,
        )


def _changes(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return mean and standard deviation of the changes of each channel, ``(channels, time)``."""
    mean, variance = np.zeros(len(values)), np.zeros(len(values))
    exponents = np.zeros(len(values), np.int64)
    together = max(1, _BLOCK // values.shape[1])
    for start in range(0, len(values), together):
        rows = slice(start, start + together)
        exponents[rows], mean[rows], variance[rows] = _scaled_changes(values[rows])
    largest = np.finfo(np.float64).max
    with np.errstate(over="ignore"):
        scaled = (np.ldexp(part, exponents) for part in (mean, np.sqrt(variance)))
        mean, deviation = (np.clip(part, -largest, largest) for part in scaled)
    return mean, deviation


def _scaled_changes(values: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return, for each channel, a power of two, and mean and variance of its changes divided by that."""
    largest = np.maximum(values.max(axis=1), -values.min(axis=1)).astype(np.float64)
    # exact powers of two, so that the squares of immense and of tiny signals neither overflow nor vanish
    exponents = np.clip(np.frexp(largest)[1], -1000, 1000)
    scale = np.ldexp(1.0, -exponents)[:, None]
    mean, variance, seen = np.zeros(len(values)), np.zeros(len(values)), 0
    for start in range(0, values.shape[1] - 1, _BLOCK):
        steps = np.diff(values[:, start : start + _BLOCK + 1].astype(np.float64) * scale, axis=1)
        share = steps.shape[1] / (seen + steps.shape[1])
        away = steps.mean(axis=1) - mean
        variance += share * (steps.var(axis=1) - variance + (1 - share) * away * away)
        mean += share * away
        seen += steps.shape[1]
    return exponents, mean, variance
