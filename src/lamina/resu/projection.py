"""From recordings to units' outputs: z_t = Ψ (p_t − μ_p), without building the lag vectors."""

from __future__ import annotations

from typing import Any

from array_api_compat import array_namespace, device

from lamina.stats.filtering import filter_deviations
from lamina.typing import Array


def project(stack: Array, filters: Array, past_mean: Array, dtype: Any = None) -> Array:
    """Project the past of every sample of every trial onto the filters.

    z_t = Σ_i Ψ_i (y_{t−i} − μ_i), summed over the lags i = 0 … m−1 that exist: a sample before the first one
    counts as the mean.

    Parameters
    ----------
    stack
        Trials of equal length, shape (trials, time, channels), floating; NaN marks a gap.
    filters
        Ψ, shape (units, memory, channels), float64, newest lag first, of the library of ``stack``.
    past_mean
        μ_p, shape (memory, channels), float64.
    dtype
        Of the outputs, which are computed in float64; float64 by default.

    Returns
    -------
    Array
        Shape (trials, time, units); NaN where one of the ``memory`` samples is missing.

    References
    ----------
    Qin et al. 2025, arXiv:2512.23146, Eq. 4.

    Examples
    --------
    >>> import numpy as np
    >>> y = np.array([[[1.0], [2.0], [4.0]]])
    >>> difference = np.array([[[1.0], [-1.0]]])
    >>> project(y, difference, np.ones((2, 1)))[0, :, 0]
    array([0., 1., 2.])
    """
    xp = array_namespace(stack)
    trials, time, channels = stack.shape
    units, memory, _ = filters.shape
    # One mean per channel is taken off before filtering, so that an offset of any size costs no digits;
    # what each lag's own mean differs from it is a small constant.
    reference = xp.mean(past_mean, axis=0)
    by_lags = _lag_means(filters, past_mean - reference)
    whole, start = by_lags[-1, :], by_lags[: min(memory - 1, time), :]
    if trials == 1:
        z = filter_deviations(stack[0, ...], filters, reference, whole, dtype)
    else:
        # the level between trials lets the filters forget, so that one pass serves them all
        rest = xp.zeros((trials, memory - 1, channels), dtype=xp.float64, device=device(stack)) + reference
        joined = xp.concat([xp.astype(stack, xp.float64), rest], axis=1)
        z = filter_deviations(xp.reshape(joined, (-1, channels)), filters, reference, whole, dtype)
    z = xp.reshape(z, (trials, -1, units))[:, :time, :]
    z[:, : start.shape[0], :] += xp.astype(whole - start, z.dtype)
    return z


def expand(z: Array, weights: Array, mean: Array) -> Array:
    """Map units back to lag vectors, z Wᵀ + μ.

    Parameters
    ----------
    z
        Shape (time, units), float64.
    weights
        W, shape (lags · channels, units), of the library of ``z``.
    mean
        μ, shape (lags, channels).

    Returns
    -------
    Array
        Shape (time, lags, channels).

    Examples
    --------
    >>> import numpy as np
    >>> expand(np.ones((1, 1)), np.array([[1.0], [2.0]]), np.array([[10.0], [10.0]]))[0].tolist()
    [[11.0], [12.0]]
    """
    xp = array_namespace(z)
    return xp.reshape(z @ xp.permute_dims(weights, (1, 0)), (z.shape[0], *mean.shape)) + mean


def _lag_means(filters: Array, deviations: Array) -> Array:
    """Return Σ_i Ψ_i δ_i over the lags i ≤ t, for t = 0 … m−1: shape (memory, units)."""
    xp = array_namespace(filters)
    per_lag = xp.sum(filters * deviations[None, ...], axis=-1)
    return xp.permute_dims(xp.cumulative_sum(per_lag, axis=1), (1, 0))
