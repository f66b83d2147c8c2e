"""The three covariances of past and future, cut out of the moments of whole windows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import array_api_compat

from lamina.errors import DataError, StateError
from lamina.stats.window_moments import WindowMoments
from lamina.typing import Array

# variances below this lose digits, since products of two deviations become subnormal
_SUBNORMAL = 1e-290
_TINY = 1e-140


@dataclass(frozen=True)
class LagCovariances:
    r"""Means and covariances of past and future vectors, all under one normalisation.

    .. math:: C_{pp} = \langle \tilde p \tilde p^\top \rangle, \quad
              C_{ff} = \langle \tilde f \tilde f^\top \rangle, \quad
              C_{fp} = \langle \tilde f \tilde p^\top \rangle

    with deviations :math:`\tilde p = p - \mu_p` and :math:`\langle\cdot\rangle` normalised by N - 1, or, if
    ``center`` is False, second moments about zero normalised by N, and means of zero.

    Parameters
    ----------
    past
        ``C_pp``, shape ``(m*C, m*C)``; newest lag first, channels fastest.
    future
        ``C_ff``, shape ``(h*C, h*C)``; nearest first, channels fastest.
    cross
        ``C_fp``, shape ``(h*C, m*C)``.
    past_mean, future_mean
        ``(m*C,)`` and ``(h*C,)``.
    n_windows
        Windows that went in.
    center
        Whether the means were taken out.
    effective_windows
        Windows of equal weight that would tell as much, (Σω)²/Σω²: ``n_windows`` without half-life and
        weights of trials.
    """

    past: Array
    future: Array
    cross: Array
    past_mean: Array
    future_mean: Array
    n_windows: int
    center: bool
    effective_windows: float


def check_enough(
    moments: WindowMoments | None, *, windows: int, needed: int, window: int, seen: str
) -> WindowMoments:
    """Return the moments if covariances can be computed from them.

    Parameters
    ----------
    moments
        Gathered so far, if any.
    windows, needed
        Windows that went in, and that must have.
    window
        Samples of a window.
    seen
        What has been seen so far, for the message.

    Returns
    -------
    WindowMoments

    Raises
    ------
    StateError
        There are too few windows, or all but one of them are forgotten.
    DataError
        Squares of the values overflow, or lose digits to underflow.
    """
    if moments is None or windows < needed:
        raise StateError(
            f"covariances needs at least {needed} window(s) of {window} samples without a gap "
            f"(memory + gap + horizon - 1), got {windows} from {seen}. "
            "Update with longer recordings, or ask for shorter windows."
        )
    # the effective number of windows, which the smallest half-lives bring down to 1, and a long silence to 0
    if moments.weight**2 <= 1.000001 * (needed - 1) * moments.weight_squares:
        raise StateError(
            f"covariances needs at least {needed} window(s) that are not forgotten, got the weight of "
            f"{'one' if moments.weight**2 > 0 else 'none'}. "
            "Choose a longer half_life, or weights of trials that differ less."
        )
    xp = array_api_compat.array_namespace(moments.scatter)
    if not bool(xp.all(xp.isfinite(xp.linalg.diagonal(moments.scatter)))):
        raise DataError(
            "chunk",
            allowed="of values whose squares are finite numbers",
            got="values around 1e150 or more",
            remedy="Rescale the recordings.",
        )
    variances = xp.linalg.diagonal(moments.scatter) / moments.weight
    levels = xp.abs(
        xp.tile(moments.origin, (moments.mean.shape[0] // moments.origin.shape[0],)) + moments.mean
    )
    # a channel of zeros is one; what is near zero and seems constant may have had its deviations rounded off
    vanished = (variances == 0) & (levels > 0) & (levels < _TINY)
    if bool(xp.any(vanished | ((variances > 0) & (variances < _SUBNORMAL)))):
        raise DataError(
            "chunk",
            allowed="of values whose squares keep their digits",
            got="a channel with deviations of 1e-150 or less",
            remedy="Rescale the recordings, or set such a channel to zero.",
        )
    return moments


def select_covariances(
    moments: WindowMoments,
    past_offsets: Sequence[int],
    future_offsets: Sequence[int],
    past_channels: Sequence[int],
    future_channels: Sequence[int],
    n_windows: int,
    center: bool,
) -> LagCovariances:
    """Cut the rows and columns of past and future out of the joint moments and normalise them.

    Parameters
    ----------
    moments
        Of joint windows, time-major, channels fastest, with more than one window if ``center``.
    past_offsets, future_offsets
        Positions in the window, in the order that the lag vectors have.
    past_channels, future_channels
        Channels that belong to the past and to the future.
    n_windows
        Windows that went in.
    center
        Take the means out.

    Returns
    -------
    LagCovariances
    """
    xp = array_api_compat.array_namespace(moments.mean)
    device = array_api_compat.device(moments.mean)
    channels = moments.origin.shape[0]

    def index(offsets: Sequence[int], chosen: Sequence[int]) -> Array:
        entries = [offset * channels + channel for offset in offsets for channel in chosen]
        return xp.asarray(entries, dtype=xp.int64, device=device)

    past, future = index(past_offsets, past_channels), index(future_offsets, future_channels)
    level = xp.tile(moments.origin, (moments.mean.shape[0] // channels,)) + moments.mean
    # equals N - 1 where all windows weigh the same
    freedom = moments.weight - moments.weight_squares / moments.weight

    def block(rows: Array, columns: Array) -> Array:
        cut = xp.take(xp.take(moments.scatter, rows, axis=0), columns, axis=1)
        if center:
            return cut / freedom
        about_zero = xp.take(level, rows)[:, None] * xp.take(level, columns)[None, :]
        return cut / moments.weight + about_zero

    past_mean, future_mean = xp.take(level, past), xp.take(level, future)
    return LagCovariances(
        past=block(past, past),
        future=block(future, future),
        cross=block(future, past),
        past_mean=past_mean if center else xp.zeros_like(past_mean),
        future_mean=future_mean if center else xp.zeros_like(future_mean),
        n_windows=n_windows,
        center=center,
        effective_windows=_effective(moments, n_windows),
    )


def _effective(moments: WindowMoments, n_windows: int) -> float:
    # after a long silence squares of the weights are 0, and weights themselves are not
    return moments.weight**2 / moments.weight_squares if moments.weight_squares > 0 else float(n_windows)
