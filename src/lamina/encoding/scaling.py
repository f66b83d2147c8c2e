"""The range of each channel, which a code maps to its own: state that a user can see, save and give back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from lamina._checks import check_real
from lamina.encoding.signals import admit_signal, channel_label
from lamina.errors import DataError, ShapeError
from lamina.typing import Array


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
            if value is not None:
                object.__setattr__(self, name, _as_numbers(name, value))
        if np.any(self.maximum < self.minimum):
            raise DataError(
                "maximum",
                allowed="at least the minimum, in each channel",
                got=f"{self.maximum!r} beside a minimum of {self.minimum!r}",
                remedy="Swap them.",
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
        channels = admit_signal("signal", signal, dim)
        return cls.of_channels(channels.values, channels.leading, changes=changes)

    @classmethod
    def of_channels(cls, values: Array, leading: tuple[int, ...], *, changes: bool = False) -> Scaling:
        """Measure ``(channels, time)`` values that were checked before, without going over them in Python."""
        if isinstance(values, np.ndarray):
            low, high, first = values.min(axis=1), values.max(axis=1), values[:, 0]
        else:
            low, high, first = (
                np.asarray(part.cpu()) for part in (values.amin(dim=1), values.amax(dim=1), values[:, 0])
            )
        means = deviations = None
        if changes:
            wide = np.asarray(values if isinstance(values, np.ndarray) else values.cpu(), dtype=np.float64)
            steps = np.diff(wide, axis=1) if wide.shape[1] > 1 else np.zeros_like(wide)
            means, deviations = steps.mean(axis=1).reshape(leading), steps.std(axis=1).reshape(leading)
        return cls(
            low.astype(np.float64).reshape(leading),
            high.astype(np.float64).reshape(leading),
            first.astype(np.float64).reshape(leading),
            means,
            deviations,
        )

    def per_channel(self, leading: tuple[int, ...]) -> ChannelScaling:
        """Spread over the channels of a signal of a leading shape; `ShapeError` if it belongs to another."""
        spread: dict[str, Any] = {}
        for name in ("minimum", "maximum", "initial", "change_mean", "change_deviation"):
            value = getattr(self, name)
            if value is None:
                spread[name] = None
                continue
            if value.size == 1:
                value = value.reshape(())
            try:
                spread[name] = np.broadcast_to(value, leading).reshape(-1)
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

    def check_spread(self, values_name: str) -> None:
        """Refuse a channel that never changes, and ranges that floating point cannot hold."""
        with np.errstate(over="ignore"):
            span = self.maximum - self.minimum
        wrong = np.flatnonzero(~((span > 0) & np.isfinite(span)))
        if wrong.size:
            channel = int(wrong[0])
            constant = span[channel] == 0
            remedy = "Leave this channel out, or give the range: scaling=Scaling(minimum=..., maximum=...)."
            raise DataError(
                values_name,
                allowed="of a range above 0 in each channel" + ("" if constant else " that is finite"),
                got=f"{'a constant' if constant else 'an immense range'} "
                f"({self.minimum[channel]:.6g} to {self.maximum[channel]:.6g}) "
                f"{channel_label(channel, self.leading)}",
                remedy=remedy if constant else "Scale the signal first.",
            )


def _as_numbers(name: str, value: Any) -> np.ndarray:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return np.asarray(check_real(name, value), dtype=np.float64)
    array = np.array(value, dtype=np.float64)
    if not np.isfinite(array).all():
        raise DataError(
            name, allowed="finite", got=f"{array!r}", remedy="Measure the range of finite values."
        )
    array.setflags(write=False)
    return array
