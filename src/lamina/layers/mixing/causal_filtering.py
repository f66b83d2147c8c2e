r"""Causal convolution along the sequence, whole by FFT or one time step after the other.

.. math:: y_t = \sum_{i=0}^{\min(t,\,S-1)} h_i\, x_{t-i}

The S taps h are the impulse response of a filter that is given by its frequency response. Padding with zeros
makes the circular convolution of the FFT a linear one. Source: Oppenheim and Schafer 2010, Discrete-time
signal processing, section 8.7.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from lamina.transforms.empty import transformed
from lamina.transforms.fourier import irfft
from lamina.transforms.length import quick_size
from lamina.transforms.precision import widened


class FilterState(NamedTuple):
    """What a causal filter remembers between two time steps.

    ``past``: (batch, S - 1, channels), the inputs before, the newest first; ``taps``: (S, channels), the
    filter as it was when the stream began.

    Examples
    --------
    >>> import torch
    >>> FilterState(past=torch.zeros(1, 2, 4), taps=torch.ones(3, 4)).past.shape
    torch.Size([1, 2, 4])
    """

    past: Tensor
    taps: Tensor


def impulse_response(half: Tensor, size: int) -> Tensor:
    """Taps (size, channels) of the filter with this half spectrum."""
    return irfft(half, size, dim=0, norm="backward")


def causally_filtered(x: Tensor, taps: Tensor) -> Tensor:
    """Convolve causally along the sequence.

    Parameters
    ----------
    x
        (batch, n, channels), real; zeros stand before it.
    taps
        (S, channels), real.

    Returns
    -------
    Tensor
        Of the shape of ``x``, in working precision.
    """
    n = x.shape[1]
    used = taps[:n]
    size = quick_size(n + used.shape[0] - 1)
    response = torch.fft.rfft(used, n=size, dim=0)
    spectrum = transformed(torch.fft.rfft, widened(x), n=size, dim=1) * response
    return transformed(torch.fft.irfft, spectrum, n=size, dim=1)[:, :n]


def filter_step(x_t: Tensor, state: FilterState) -> tuple[Tensor, FilterState]:
    """Filter one time step.

    Parameters
    ----------
    x_t
        (batch, channels), real.
    state
        What was remembered before.

    Returns
    -------
    y_t, state
        (batch, channels) in working precision; what to give to the next call.
    """
    window = torch.cat([widened(x_t).to(state.past.dtype)[:, None], state.past], dim=1)
    return (window * state.taps).sum(dim=1), FilterState(window[:, :-1], state.taps)
