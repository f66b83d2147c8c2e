"""Samples of a stationary Gaussian process, exact and in O(n log n)."""

from __future__ import annotations

from collections.abc import Callable
from typing import overload

import numpy as np
from scipy.fft import dct, irfft, rfft

from lamina._checks import check_integer, check_real, check_seed
from lamina.errors import ArgumentTypeError, DataError, ShapeError
from lamina.simulate.kernels import rational_quadratic_kernel
from lamina.typing import Seed

Kernel = Callable[[np.ndarray], np.ndarray]
"""Covariance of a process with itself, for an array of lags in samples."""

# Share of the power that may be negative before the spectrum counts as such. Setting these frequencies to 0
# moves no covariance by more than about this share of the variance: the level of rounding.
_NEGATIVE_SHARE = 1e-12

_LARGEST_HALF = 2**22
_LARGEST_HALF_PER_SAMPLE = 16


@overload
def generate_gp_data(
    n_samples: int,
    kernel: Kernel = ...,
    *,
    noise_sd: float = ...,
    n_series: None = ...,
    seed: Seed = ...,
) -> np.ndarray: ...
@overload
def generate_gp_data(
    n_samples: int,
    kernel: Kernel = ...,
    *,
    noise_sd: float = ...,
    n_series: int,
    seed: Seed = ...,
) -> list[np.ndarray]: ...
def generate_gp_data(
    n_samples: int,
    kernel: Kernel = rational_quadratic_kernel,
    *,
    noise_sd: float = 0.0,
    n_series: int | None = None,
    seed: Seed = 0,
) -> np.ndarray | list[np.ndarray]:
    r"""Sample a stationary Gaussian process of mean 0, with white noise added.

    .. math:: y_t = x_t + \sigma v_t, \qquad \operatorname{Cov}(x_t, x_s) = k(t - s), \qquad
              x = F^{-1} \sqrt{\Lambda}\, F w

    The covariance matrix is embedded in a circulant one, of which :math:`\Lambda = F c` are the eigenvalues,
    and white noise :math:`w` is coloured by its root. The samples have the covariance of the kernel exactly,
    not approximately. The embedding is doubled until it has no negative eigenvalue (beyond rounding).

    Parameters
    ----------
    n_samples
        Length of a series, at least 1.
    kernel
        Function of an array of lags, in samples, that returns covariances of the same shape.
    noise_sd
        :math:`\sigma`, at least 0.
    n_series
        How many independent series; none for a single one.
    seed
        An integer or a ``numpy.random.Generator``. The first series of several is the single one of that
        seed.

    Returns
    -------
    numpy.ndarray | list[numpy.ndarray]
        ``(time,)`` float64, or a list of ``n_series`` such arrays (trials, as `lamina.ReSU.fit` takes them).

    Raises
    ------
    ArgumentError
        If a number is out of range.
    ArgumentTypeError
        If ``kernel`` is not a function of one array of lags.
    ShapeError
        If ``kernel`` does not return one covariance for each lag.
    DataError
        If ``kernel`` returns NaN or infinity, is not positive at lag 0, or has no non-negative embedding of
        at most 2**23 samples (or 32 times ``n_samples``): it is not positive definite, or decays too slowly.

    Notes
    -----
    Dietrich and Newsam (1997), SIAM J. Sci. Comput. 18:1088, doi 10.1137/S1064827592240555. The processes of
    Qin et al. (2025), Figs. 2C and 3A-C.

    Examples
    --------
    >>> from functools import partial
    >>> from lamina.simulate import matern32_kernel
    >>> y = generate_gp_data(1000, partial(matern32_kernel, length_scale=20.0), noise_sd=0.1, seed=1)
    >>> y.shape
    (1000,)
    """
    length = check_integer("n_samples", n_samples, minimum=1)
    noise = check_real("noise_sd", noise_sd, minimum=0.0)
    count = 1 if n_series is None else check_integer("n_series", n_series, minimum=1)
    generator = check_seed("seed", seed)
    gain = np.sqrt(_spectrum(kernel, length))
    embedded = 2 * (len(gain) - 1)
    series = []
    for _ in range(count):
        smooth = np.asarray(irfft(gain * rfft(generator.standard_normal(embedded)), n=embedded))
        series.append(smooth[:length] + noise * generator.standard_normal(length))
    return series[0] if n_series is None else series


def _spectrum(kernel: Kernel, length: int) -> np.ndarray:
    """Return the first half of the eigenvalues of a circulant covariance that holds the one of a series."""
    half = 1 << max(length - 2, 0).bit_length()  # the power of two from length - 1 on
    limit = max(_LARGEST_HALF, _LARGEST_HALF_PER_SAMPLE * length)
    while True:
        # a real even sequence: its transform is real, and a cosine transform of half of it
        spectrum = np.asarray(dct(_covariances(kernel, half + 1), type=1))
        weight = np.full(half + 1, 2.0)
        weight[[0, -1]] = 1.0
        power = np.sum(weight * np.abs(spectrum))
        negative = np.sum(weight * np.maximum(-spectrum, 0.0)) / power
        if negative <= _NEGATIVE_SHARE:
            return np.maximum(spectrum, 0.0)
        if 2 * half > limit:
            raise DataError(
                "kernel",
                allowed="positive definite, with covariances that die out",
                got=f"a kernel with {negative:.2g} of its power negative, on a circle of {2 * half} samples",
                remedy="Check the kernel, shorten its length scale, or damp it if it oscillates for ever.",
            )
        half *= 2


def _covariances(kernel: Kernel, n_lags: int) -> np.ndarray:
    lags = np.arange(n_lags, dtype=np.float64)
    try:
        values = np.asarray(kernel(lags), dtype=np.float64)
    except TypeError as error:
        raise ArgumentTypeError(
            "kernel",
            allowed="a function of one array of lags",
            got=f"{kernel!r} ({error})",
            remedy="Fix other parameters with functools.partial; of a function of two times, fix one at 0.",
        ) from error
    if values.shape != lags.shape:
        raise ShapeError(
            "kernel",
            allowed="a function that returns one covariance for each lag",
            got=f"shape {values.shape} for lags of shape {lags.shape}",
            remedy="Write it with NumPy functions, so that it works element by element.",
        )
    if not np.isfinite(values).all():
        raise DataError(
            "kernel",
            allowed="finite at every lag",
            got=f"NaN or infinity at lag {int(np.argmin(np.isfinite(values)))}",
            remedy="Check the kernel at large lags.",
        )
    if values[0] <= 0:
        raise DataError(
            "kernel", allowed="above 0 at lag 0", got=str(values[0]), remedy="It is the variance there."
        )
    return values
