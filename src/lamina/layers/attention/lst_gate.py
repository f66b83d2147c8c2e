r"""The product of three spectra that stands where attention has softmax.

.. math:: \tilde v_j \mapsto \hat q_j^{*} \odot \hat k_j \odot \tilde v_j, \qquad
          \hat q_j = \tilde q_j \Big/ \sqrt{\tfrac1C \lVert \tilde q_j \rVert^2
          + \tfrac{\varepsilon}{C}\, \langle \lVert \tilde q_i \rVert^2 \rangle_i}

A product of spectra is a convolution along the sequence: circular for Fourier, symmetric for cosine and sine
(Martucci 1994), dyadic for Walsh–Hadamard. With Fourier, :math:`\tilde q^{*} \tilde k` is the
cross-correlation of queries and keys, by which Autoformer weighs shifted values (Wu et al., NeurIPS 2021,
Eqs. 5 and 6); divided by its size it is phase correlation (Kuglin and Hines 1975). The length of queries and
keys is divided out over the C channels of a head at each frequency j, as Henry et al. (Query-key
normalization, Findings of EMNLP 2020) do for tokens.
"""

from __future__ import annotations

import torch
from torch import Tensor

# share of a head's mean power that is added at each frequency: one with nothing but rounding stays silent
FLOOR = 1e-3


def gated(spectra: Tensor, *, normalize: bool, weights: Tensor | None, count: Tensor | int) -> Tensor:
    r"""Multiply the spectrum of the values with those of queries and keys.

    Parameters
    ----------
    spectra
        (batch, frequencies, 3, heads, channels, parts), real or complex: queries, keys and values. The parts
        are numbers of the same position that belong to different frequencies.
    normalize
        Divide queries and keys at each frequency by their length over the channels of a head.
    weights
        (frequencies, 1, parts), how many frequencies each number stands for; None for one each.
    count
        How many frequencies there are in all, or (batch,) for each sample; the others hold zeros.

    Returns
    -------
    Tensor
        (batch, frequencies, heads, channels, parts).
    """
    queries, keys, values = spectra.unbind(2)
    gate = (queries.conj() if queries.is_complex() else queries) * keys
    if normalize:
        strength = _inverse_length(queries, weights, count) * _inverse_length(keys, weights, count)
        gate = gate * strength[:, :, :, None]
    return gate * values


def _inverse_length(x: Tensor, weights: Tensor | None, count: Tensor | int) -> Tensor:
    """One over the root mean square over the channels: (batch, frequencies, heads, parts)."""
    squares = x.real.square() + x.imag.square() if x.is_complex() else x.square()
    power = squares.mean(dim=3)
    total = (power if weights is None else power * weights).sum(dim=(1, 3), keepdim=True)
    if isinstance(count, Tensor):
        count = count.clamp(min=1).to(power.dtype)[:, None, None, None]
    # zeros alone shall stay zeros, with finite gradients; four powers stay within the range of float32
    least = torch.finfo(power.dtype).eps ** 4
    return 1 / (power + FLOOR * total / count + least).sqrt()
