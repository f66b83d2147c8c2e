"""How near a decoded signal comes to the signal, and what its spikes cost: numbers per channel."""

from __future__ import annotations

from typing import Any

import array_api_compat
import numpy as np

from lamina._checks import check_integer, check_real
from lamina.encoding.layout import RowsOrCode, check_rows
from lamina.encoding.signals import Channels, admit_signal, admit_spikes
from lamina.errors import ArgumentTypeError, ShapeError
from lamina.typing import Array


def rmse(signal: Array, decoded: Array, dim: int = -1) -> Array:
    r"""Root mean squared error of a decoded signal, in the signal's units.

    .. math:: \mathrm{RMSE} = \sqrt{\tfrac1T \sum_t (x_t - \hat x_t)^2}

    Parameters
    ----------
    signal, decoded
        ``(..., time)``, of one shape and finite; NumPy or torch. Sums are taken in float64.
    dim
        The axis of time.

    Returns
    -------
    array
        One value of float64 for each channel, of the signal's leading shape, at least 0; one number for a
        single series.

    Raises
    ------
    ArgumentTypeError, ShapeError, DataError
        If one of them is no finite array of real numbers or is empty, or if their shapes differ.

    Examples
    --------
    >>> float(rmse([1.0, 2.0, 3.0, 4.0], [1.0, 2.0, 3.0, 2.0]))
    1.0
    """
    channels, x, y = _pair(signal, decoded, dim)
    return _restore(channels, _root_mean_square(x - y))


def snr_db(signal: Array, decoded: Array, dim: int = -1) -> Array:
    r"""Signal-to-noise ratio of a decoded signal, in decibels.

    .. math:: \mathrm{SNR} = 10 \log_{10} \frac{\sum_t x_t^2}{\sum_t (x_t - \hat x_t)^2}

    The power of the signal includes that of its mean: on a high offset, any decoding reads high. Take the
    mean off first, or use `r_squared`, which ignores it.

    Parameters
    ----------
    signal, decoded
        ``(..., time)``, of one shape and finite; NumPy or torch.
    dim
        The axis of time.

    Returns
    -------
    array
        One value for each channel, in dB: infinite for an exact decoding, −infinite for a silent signal
        with any error, NaN for a silent signal without.

    Raises
    ------
    ArgumentTypeError, ShapeError, DataError
        As `rmse`.

    References
    ----------
    B. Petro, N. Kasabov and R. M. Kiss, "Selection and optimization of temporal spike encoding methods for
    spiking neural networks", IEEE Trans. Neural Networks and Learning Systems 31(2), 358–370, 2020.

    Examples
    --------
    >>> float(snr_db([3.0, 4.0], [3.0, 3.5]))  # 25 over 0.25
    20.0
    """
    channels, x, y = _pair(signal, decoded, dim)
    ratio = _ratio(_root_mean_square(x), _root_mean_square(x - y))
    with np.errstate(divide="ignore"):
        return _restore(channels, 20.0 * array_api_compat.array_namespace(x).log10(ratio))


def r_squared(signal: Array, decoded: Array, dim: int = -1) -> Array:
    r"""Coefficient of determination R²: the share of the signal's variance that the decoding explains.

    .. math:: R^2 = 1 - \frac{\sum_t (x_t - \hat x_t)^2}{\sum_t (x_t - \bar x)^2}

    Parameters
    ----------
    signal, decoded
        ``(..., time)``, of one shape and finite; NumPy or torch.
    dim
        The axis of time.

    Returns
    -------
    array
        One value for each channel, at most 1: 0 is what the signal's mean would reach, and what is worse is
        negative. Of a constant signal it is NaN where the decoding is exact, else −infinite.

    Raises
    ------
    ArgumentTypeError, ShapeError, DataError
        As `rmse`.

    Examples
    --------
    >>> float(r_squared([1.0, 2.0, 3.0, 4.0], [1.0, 2.0, 3.0, 3.0]))
    0.8
    """
    channels, x, y = _pair(signal, decoded, dim)
    return _restore(channels, _explained(x, y))


def spike_rate(
    spikes: Array,
    sampling_rate: float | None = None,
    dim: int = -1,
    *,
    rows: RowsOrCode = "polarity",
    steps_per_sample: int = 1,
) -> Array:
    r"""Average firing rate of each channel: spikes per sample, or per second.

    Up and down spikes both count, and so do those of all neurons of a channel.

    Parameters
    ----------
    spikes
        As `SpikeCode.encode` returns them; NumPy or torch.
    sampling_rate
        Samples of the signal per second, in hertz, above 0. None gives spikes per sample.
    dim
        The axis of time in the signal (a negative one is the same in the spikes).
    rows
        What the leading axis holds: ``"polarity"``, ``"neurons"``, None for spikes without such an axis, or
        the code that made them.
    steps_per_sample
        Time steps for each sample of the signal, as the code's own ``steps_per_sample`` says; at least 1.

    Returns
    -------
    array
        One value for each channel, at least 0. It may exceed 1 per sample if a sample has several steps or
        neurons.

    Raises
    ------
    ArgumentTypeError, ArgumentError, ShapeError, DataError
        If these are no spikes of that layout, their number of steps is no multiple of ``steps_per_sample``,
        or the sampling rate is not above 0.

    Examples
    --------
    >>> up, down = [0, 1, 1, 0], [0, 0, 0, -1]
    >>> float(spike_rate([up, down])), float(spike_rate([up, down], sampling_rate=100.0))
    (0.75, 75.0)
    """
    channels, values = _spikes(spikes, dim, rows)
    samples = values.shape[-1] / _steps(values, steps_per_sample)
    rate = 1.0 if sampling_rate is None else check_real("sampling_rate", sampling_rate, above=0)
    return _restore(channels, _counts(values) / samples * rate)


def sparsity(spikes: Array, dim: int = -1, *, rows: RowsOrCode = "polarity") -> Array:
    """Share of time steps at which a channel is silent: no spike of any polarity or neuron.

    Parameters
    ----------
    spikes
        As `SpikeCode.encode` returns them; NumPy or torch.
    dim
        The axis of time in the signal.
    rows
        As in `spike_rate`.

    Returns
    -------
    array
        One value for each channel, from 0 (never silent) to 1 (always).

    Raises
    ------
    ArgumentTypeError, ArgumentError, ShapeError, DataError
        If these are no spikes of that layout.

    Examples
    --------
    >>> float(sparsity([[0, 1, 1, 0], [0, 0, 0, -1]]))
    0.25
    """
    channels, values = _spikes(spikes, dim, rows)
    xp = array_api_compat.array_namespace(values)
    return _restore(channels, _mean(xp.astype(xp.all(values == 0, axis=0), xp.float64)))


def spike_bits(spikes: Array, dim: int = -1, *, rows: RowsOrCode = "polarity") -> Array:
    r"""Bits that the spikes of each channel take if every step is coded alone: T times the entropy.

    .. math:: B = -\sum_s n_s \log_2 \frac{n_s}{T}

    Here :math:`n_s` counts the steps with symbol :math:`s` among :math:`T`. The symbols of a code with two
    polarities are silence, up, down, and both at once, so that a step takes at most 2 bits; those of a single
    train, or of each neuron of a population, are silence and spike, and the neurons' bits are added up. This
    is the length that an arithmetic coder of order 0 reaches which knows the frequencies: it leaves out
    the bits that describe the frequencies, and what the order of the symbols would save.

    Parameters
    ----------
    spikes
        As `SpikeCode.encode` returns them; NumPy or torch.
    dim
        The axis of time in the signal.
    rows
        As in `spike_rate`.

    Returns
    -------
    array
        Bits for each channel, in all, at least 0. Divide by the samples of the signal for bits per sample.

    Raises
    ------
    ArgumentTypeError, ArgumentError, ShapeError, DataError
        If these are no spikes of that layout.

    References
    ----------
    C. E. Shannon, "A mathematical theory of communication", Bell System Technical Journal 27, 379–423, 1948.

    Examples
    --------
    >>> float(spike_bits([[0, 1, 0, 0], [0, 0, 0, -1]]))  # silence twice (1 bit each), up and down (2 each)
    6.0
    """
    channels, values = _spikes(spikes, dim, rows)
    xp = array_api_compat.array_namespace(values)
    fired = values != 0
    polarity = check_rows(rows) == "polarity"
    if polarity:
        up, down = fired[0], fired[1]
        symbols = [~up & ~down, up & ~down, ~up & down, up & down]
    else:
        symbols = [fired, ~fired]
    steps = float(values.shape[-1])
    bits: Array = 0.0
    for symbol in symbols:
        number = xp.sum(xp.astype(symbol, xp.float64), axis=-1)
        # nothing takes no bits: 0 log 0 = 0
        bits = bits + number * xp.log2(steps / xp.where(number > 0, number, xp.full_like(number, steps)))
    return _restore(channels, bits if polarity else xp.sum(bits, axis=0))


def fit_per_spike(
    signal: Array, decoded: Array, spikes: Array, dim: int = -1, *, rows: RowsOrCode = "polarity"
) -> Array:
    r"""Coefficient of fit against spike count: the share of variance explained by each spike.

    .. math:: \max(R^2, 0) \,/\, n

    Here :math:`n` is the number of spikes of the channel and :math:`R^2` is `r_squared`. What decodes worse
    than the signal's mean explains nothing, so that more spikes never make it look better; and no spikes
    explain nothing. Of two codes with the same fit, the one with half the spikes has twice the coefficient.

    Parameters
    ----------
    signal, decoded
        ``(..., time)``, as in `r_squared`.
    spikes
        Those that were decoded, as `SpikeCode.encode` returns them.
    dim
        The axis of time in the signal.
    rows
        As in `spike_rate`.

    Returns
    -------
    array
        One value per channel, from 0 to 1 / n; NaN for a constant signal that is decoded exactly by spikes.

    Raises
    ------
    ArgumentTypeError, ArgumentError, ShapeError, DataError
        As `r_squared` and `spike_rate`; if the spikes belong to another number of channels.

    Examples
    --------
    >>> up, down = [0, 1, 1, 1], [0, 0, 0, 0]
    >>> float(fit_per_spike([1.0, 2.0, 3.0, 4.0], [1.0, 2.0, 3.0, 4.0], [up, down])) == 1 / 3
    True
    """
    channels, x, y = _pair(signal, decoded, dim)
    of_spikes, values = _spikes(spikes, dim, rows)
    if of_spikes.leading != channels.leading:
        raise ShapeError(
            "spikes",
            allowed=f"of the signal's channels, of shape {channels.leading}",
            got=f"channels of shape {of_spikes.leading}",
            remedy="Pass what encode made of this signal.",
        )
    xp = array_api_compat.array_namespace(x)
    number, share = _counts(values), _explained(x, y)
    # a comparison with NaN is false, which keeps it
    fit = xp.where(share < 0, xp.zeros_like(share), share)
    silent = number == 0
    return _restore(
        channels, xp.where(silent, xp.zeros_like(fit), fit / xp.where(silent, xp.ones_like(number), number))
    )


def _pair(signal: Any, decoded: Any, dim: int) -> tuple[Channels, Array, Array]:
    channels, other = admit_signal("signal", signal, dim), admit_signal("decoded", decoded, dim)
    if tuple(channels.values.shape) != tuple(other.values.shape) or channels.leading != other.leading:
        raise ShapeError(
            "decoded",
            allowed=f"of the signal's shape: {channels.values.shape[-1]} samples of channels "
            f"{channels.leading}",
            got=f"{other.values.shape[-1]} samples of channels {other.leading}",
            remedy="Pass what decode made of this signal's spikes.",
        )
    if isinstance(channels.values, np.ndarray) != isinstance(other.values, np.ndarray):
        raise ArgumentTypeError(
            "decoded",
            allowed="on the signal's device",
            got="an array on another",
            remedy="Move one of them, with .to(device).",
        )
    xp = array_api_compat.array_namespace(channels.values)
    return channels, xp.astype(channels.values, xp.float64), xp.astype(other.values, xp.float64)


def _spikes(spikes: Any, dim: int, rows: RowsOrCode) -> tuple[Channels, Array]:
    """Return spikes as ``(rows, channels, time)``, with one row where the code has no such axis."""
    kind = check_rows(rows)
    if kind is None:
        channels = admit_spikes("spikes", spikes, dim, rows=None, signed=False)
        return channels, channels.values[None]
    polarity = kind == "polarity"
    array: Array = spikes if array_api_compat.is_array_api_obj(spikes) else np.asarray(spikes)
    number = 2 if polarity else (array.shape[0] if array.ndim else 1)
    channels = admit_spikes("spikes", array, dim, rows=number, signed=polarity)
    return channels, channels.values


def _steps(values: Array, steps_per_sample: int) -> int:
    steps = check_integer("steps_per_sample", steps_per_sample, minimum=1)
    if values.shape[-1] % steps:
        raise ShapeError(
            "spikes",
            allowed=f"a multiple of {steps} steps long, as steps_per_sample says",
            got=f"{values.shape[-1]} steps",
            remedy="Pass the steps_per_sample of the code that made them.",
        )
    return steps


def _counts(values: Array) -> Array:
    xp = array_api_compat.array_namespace(values)
    return xp.sum(xp.astype(values != 0, xp.float64), axis=(0, -1))


def _mean(values: Array) -> Array:
    return array_api_compat.array_namespace(values).mean(values, axis=-1)


def _root_mean_square(values: Array) -> Array:
    """Return the root of the mean square along time, whose squares neither overflow nor vanish."""
    xp = array_api_compat.array_namespace(values)
    largest = xp.max(xp.abs(values), axis=-1)
    scale = xp.where(largest > 0, largest, xp.ones_like(largest))
    return scale * _mean((values / scale[:, None]) ** 2) ** 0.5


def _explained(x: Array, y: Array) -> Array:
    xp = array_api_compat.array_namespace(x)
    # the mean of equal numbers may differ from them in the last digit
    varies = xp.astype(xp.max(x, axis=-1) > xp.min(x, axis=-1), xp.float64)
    deviation = _root_mean_square(x - _mean(x)[:, None]) * varies
    return 1.0 - _ratio(_root_mean_square(x - y), deviation) ** 2


def _ratio(above: Array, below: Array) -> Array:
    # 1/0 is infinite and 0/0 is NaN, as documented, in either library
    with np.errstate(divide="ignore", invalid="ignore"):
        return above / below


def _restore(channels: Channels, values: Array) -> Array:
    """Give ``(channels,)`` values the signal's leading shape, library and device."""
    return (
        channels.per_channel(values) if isinstance(values, np.ndarray) else values.reshape(channels.leading)
    )
