r"""The low modes of a sequence of feature vectors, and the sequence that they make up.

.. math:: Z_{kl} = \frac{1}{\sqrt{nd}} \sum_{j=0}^{n-1} \sum_{m=0}^{d-1} x_{jm}\,
          e^{-2\pi i\,(jk/n + ml/d)}, \qquad k = 0, 1, -1, 2, -2, \dots, \quad l = 0, 1, \dots

The first n frequencies k in this order are just those that n samples have: for an even n, the last is n/2.
"""

from __future__ import annotations

import torch
from torch import Tensor

from lamina.layers.operators.low_modes import signed_frequencies
from lamina.transforms.fourier import fft, ifft, irfft, rfft
from lamina.transforms.prefix import prefix_fft, prefix_ifft, within


def low_spectrum(x: Tensor, modes: int, modes_hidden: int, lengths: Tensor | None = None) -> Tensor:
    """Compute the low modes of each sample.

    Parameters
    ----------
    x
        (batch, n, d), real, in the working precision; zero beyond each sample.
    modes
        How many frequencies of the sequence, in the order 0, 1, -1, 2, -2, …; there are at most n.
    modes_hidden
        How many frequencies of the features, from 0 on.
    lengths
        (batch,) lengths of the samples, each of which is transformed over its own; modes that it does not
        have are zero. None: all are n long.

    Returns
    -------
    Tensor
        (batch, min(modes, n), modes_hidden), complex.
    """
    count = min(modes, x.shape[1])
    narrow = rfft(x, dim=2, norm="ortho")[..., :modes_hidden]
    frequencies = signed_frequencies(count, x)
    if lengths is None:
        spectrum = fft(narrow, dim=1, norm="ortho")
        return spectrum.index_select(1, frequencies % x.shape[1])
    spectrum = prefix_fft(narrow, lengths, norm="ortho")
    # modes that a sample does not have point to anything, and are cleared
    places = torch.remainder(frequencies, lengths.clamp(min=1)[:, None])
    return _picked(spectrum, places, within(lengths, count))


def signal_of(spectrum: Tensor, n: int, hidden: int, lengths: Tensor | None = None) -> Tensor:
    """Compute the real sequences that have these modes, the other modes being zero.

    Parameters
    ----------
    spectrum
        (batch, modes, modes_hidden), complex, as from `low_spectrum`.
    n
        How many positions.
    hidden
        Size d of the features.
    lengths
        (batch,) lengths of the samples; beyond them the result is zero. None: all are n long.

    Returns
    -------
    Tensor
        (batch, n, d), real. Imaginary parts that a real signal cannot have are ignored.
    """
    modes = spectrum.shape[1]
    if lengths is None:
        # 1, 2, … stand at the odd places, -1, -2, … at the even ones
        rising, falling = spectrum[:, 1::2], spectrum[:, 2::2].flip(1)
        nothing = spectrum.new_zeros((spectrum.shape[0], n - modes, spectrum.shape[2]))
        whole = torch.cat([spectrum[:, :1], rising, nothing, falling], dim=1)
        back = ifft(whole, dim=1, norm="ortho")
    else:
        # where each frequency of a sample of this length stands in the order 0, 1, -1, …
        frequency = torch.arange(n, device=spectrum.device).expand(lengths.shape[0], n)
        length = lengths[:, None]
        places = torch.where(2 * frequency <= length, 2 * frequency - 1, 2 * (length - frequency)).clamp(
            min=0
        )
        held = (frequency < length) & (places < modes)
        back = prefix_ifft(_picked(spectrum, places.clamp(max=modes - 1), held), lengths, norm="ortho")
    return irfft(back, hidden, dim=2, norm="ortho")


def _picked(x: Tensor, places: Tensor, held: Tensor) -> Tensor:
    """Rows of each sample at these places, zero where none is held."""
    index = places[..., None].expand(-1, -1, x.shape[2])
    return torch.where(held[..., None], x.gather(1, index), torch.zeros((), dtype=x.dtype, device=x.device))
