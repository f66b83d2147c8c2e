r"""Filters of the discrete wavelets, and how far a signal can be decomposed with them.

.. math:: J_{\max}(n) = \max\bigl(0, \lfloor \log_2 (n / (F - 1)) \rfloor\bigr)

with F filter taps. The filters are those of PyWavelets. Source: Mallat 1989; the limit is PyWavelets'.
"""

from __future__ import annotations

import difflib
from functools import cache
from typing import Any, NamedTuple

import pywt

from lamina.errors import ArgumentError

WAVELETS: tuple[str, ...] = tuple(pywt.wavelist(kind="discrete"))  # pyright: ignore[reportAttributeAccessIssue]
"""Names of the discrete wavelets."""


class FilterBank(NamedTuple):
    r"""The four filters of a wavelet, low-pass first, in the order in which they meet the signal.

    The coefficients are :math:`c_k = \sum_g a_g x_{2k + g}`, and what they add to the signal is
    :math:`s_g c_k` at :math:`2k + g`; orthogonal wavelets have a = s.
    """

    name: str
    analysis: tuple[tuple[float, ...], tuple[float, ...]]
    synthesis: tuple[tuple[float, ...], tuple[float, ...]]
    orthogonal: bool

    @property
    def taps(self) -> int:
        """Length F of the filters, even."""
        return len(self.analysis[0])


def filter_bank(wavelet: str) -> FilterBank:
    """Look up the filters of a discrete wavelet by its name, in double precision."""
    return _filters(check_wavelet(wavelet))


@cache
def _filters(name: str) -> FilterBank:
    found: Any = pywt.Wavelet(name)  # pyright: ignore[reportAttributeAccessIssue]
    low, high, up_low, up_high = (tuple(float(tap) for tap in taps) for taps in found.filter_bank)
    # dmey is cut off, so that its filters are orthogonal to 2e-3 only
    orthogonal = bool(found.orthogonal) and name != "dmey"
    return FilterBank(name, (low[::-1], high[::-1]), (up_low, up_high), orthogonal)


def check_wavelet(wavelet: Any) -> str:
    """Return ``wavelet`` if PyWavelets has a discrete one of this name, or say which is nearest."""
    if isinstance(wavelet, str) and wavelet in WAVELETS:
        return wavelet
    near = difflib.get_close_matches(wavelet, WAVELETS, n=1) if isinstance(wavelet, str) else []
    raise ArgumentError(
        "wavelet",
        allowed="a discrete wavelet of PyWavelets",
        got=repr(wavelet),
        remedy=f"Did you mean {near[0]!r}?" if near else "See pywt.wavelist(kind='discrete').",
    )


def max_levels(n: int, taps: int, most: int | None = None) -> int:
    """How many levels, and at most so many, leave a coefficient that the boundary does not touch."""
    levels = 0
    # comparisons, which leave a length that is traced as a symbol free between them
    while levels != most and n >= (taps - 1) << (levels + 1):
        levels += 1
    return levels


def coefficients(n: int, taps: int, mode: str) -> int:
    """How many approximation, and as many detail, coefficients one level makes of n values."""
    return (n + 1) // 2 if mode == "periodization" else (n + taps - 1) // 2
