r"""Fourier mixing: the real part of a Fourier transform in place of attention.

.. math:: Y = \operatorname{Re}\bigl(F_{\mathrm{seq}}\, X\, F_{\mathrm{hid}}\bigr)

with the unitary discrete Fourier matrices of both axes. Source: Lee-Thorp, Ainslie, Eckstein and Ontañón,
FNet, NAACL 2022, Eq. 3 (there without the factors :math:`1/\sqrt{n}`).
"""

from __future__ import annotations

from typing import Any, Literal

import torch
from torch import Tensor, nn

from lamina.layers.configuration import FFTNorm, Flag
from lamina.layers.layer import check_sequence, properties
from lamina.layers.masking import prefix_lengths
from lamina.layers.mixing.base import UnitaryMixingConfig, UnitaryMixingLayer
from lamina.transforms.fourier import FFT2D, fft
from lamina.transforms.prefix import prefix_fft


def real_part(spectrum: Tensor, dtype: torch.dtype) -> Tensor:
    """Real part as a tensor of its own: a view would keep the imaginary part in memory."""
    return spectrum.real.to(dtype).contiguous()


def dropped_whole(spectrum: Tensor, dropout: nn.Module) -> Tensor:
    """Drop coefficients, real and imaginary part together; dropout itself knows no complex numbers."""
    return spectrum * dropout(torch.ones_like(spectrum.real)) if dropout.training else spectrum


class FourierMixingConfig(UnitaryMixingConfig, frozen=True):
    """Settings of `FourierMixing`; the fields are its arguments.

    Examples
    --------
    >>> FourierMixingConfig(hidden_dim=8).fft_norm
    'ortho'
    """

    layer: Literal["FourierMixing"] = "FourierMixing"
    fft_norm: FFTNorm = "ortho"
    keep_complex: Flag = False


class FourierMixing(UnitaryMixingLayer):
    r"""FNet's mixing: the real part of the Fourier transform over sequence and features.

    .. math:: y_{kl} = \operatorname{Re} \frac{1}{\sqrt{nd}} \sum_{j=0}^{n-1} \sum_{m=0}^{d-1}
              x_{jm}\, e^{-2\pi i\,(jk/n + ml/d)}

    Initial output variance: 0.5 (and 1 with ``keep_complex``): the few frequencies that are their own mirror
    image have 1, the others ½. Parameters: none.

    Parameters
    ----------
    hidden_dim
        Size d of the last axis.
    dropout
        Probability in [0, 1) with which outputs are dropped in training.
    norm_eps
        Smallest norm that `verify_energy_preservation` compares with.
    energy_tolerance
        Relative tolerance of `verify_energy_preservation` and `verify_orthogonality`.
    fft_norm
        "ortho", "backward" (no factor) or "forward" (:math:`1/nd`).
    keep_complex
        Return the transform itself, complex, rather than its real part.

    Attributes
    ----------
    fft2d : lamina.transforms.FFT2D
        The transform over the last two axes.
    keep_complex : bool
        As given.

    Raises
    ------
    lamina.errors.ArgumentError
        When an argument lies outside its limits, or ``forward`` gets a tensor of another shape or kind.

    References
    ----------
    Lee-Thorp et al. 2022, FNet: mixing tokens with Fourier transforms, NAACL.

    Examples
    --------
    >>> import torch
    >>> layer = FourierMixing(hidden_dim=4)
    >>> x = torch.zeros(1, 2, 4)
    >>> x[0, 0, 0] = 8**0.5
    >>> layer(x).round(decimals=3)  # an impulse holds all frequencies alike
    tensor([[[1., 1., 1., 1.],
             [1., 1., 1., 1.]]])
    """

    Config = FourierMixingConfig
    parameter_free = True

    def __init__(
        self,
        hidden_dim: int,
        dropout: float = 0.0,
        norm_eps: float = 1e-5,
        energy_tolerance: float = 1e-4,
        fft_norm: FFTNorm = "ortho",
        keep_complex: bool = False,
    ) -> None:
        config = FourierMixingConfig(
            hidden_dim=hidden_dim,
            dropout=dropout,
            norm_eps=norm_eps,
            energy_tolerance=energy_tolerance,
            fft_norm=fft_norm,
            keep_complex=keep_complex,
        )
        super().__init__(config)
        self.fft_norm = config.fft_norm
        self.keep_complex = config.keep_complex
        self.fft2d = FFT2D(norm=config.fft_norm)

    def forward(self, x: Tensor, *, key_padding_mask: Tensor | None = None) -> Tensor:
        """Mix tokens and features.

        Parameters
        ----------
        x
            (batch, sequence, hidden), real floating; half precision is computed in float32.
        key_padding_mask
            (batch, sequence), True where there is padding, on the right only: each sample is transformed over
            its own valid prefix, and padded outputs are zero.

        Returns
        -------
        Tensor
            Of the shape and dtype of ``x``; complex64 or complex128 with ``keep_complex``.
        """
        check_sequence(x, self.hidden_dim)
        lengths = prefix_lengths(key_padding_mask, x)
        if lengths is None:
            mixed = self.fft2d(x)
        else:
            mixed = prefix_fft(fft(x, dim=2, norm=self.fft_norm), lengths, norm=self.fft_norm)
        if self.keep_complex:
            return dropped_whole(mixed, self.dropout)
        return self.dropout(real_part(mixed, x.dtype))

    def get_spectral_properties(self) -> dict[str, Any]:
        """Tell what holds: with ``keep_complex`` and "ortho" it is unitary; the real part alone is not.

        Returns
        -------
        dict
            The keys of `SpectralLayer.get_spectral_properties`.
        """
        whole = self.keep_complex and self.fft_norm == "ortho"
        return properties(
            unitary=whole,
            energy_preserving=whole,
            linear=True,
            real_output=not self.keep_complex,
            complexity="O(n d (log n + log d))",
        )
