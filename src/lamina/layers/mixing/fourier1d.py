r"""Fourier mixing of the tokens alone: the features stay where they are.

.. math:: Y = \operatorname{Re}\bigl(F_{\mathrm{seq}}\, X\bigr)

Source: Lee-Thorp, Ainslie, Eckstein and Ontañón, FNet, NAACL 2022, Eq. 3 without the transform of the
features.
"""

from __future__ import annotations

from typing import Any, Literal

from torch import Tensor

from lamina.layers.configuration import FFTNorm, Flag
from lamina.layers.layer import check_sequence, properties
from lamina.layers.masking import prefix_lengths
from lamina.layers.mixing.base import UnitaryMixingConfig, UnitaryMixingLayer
from lamina.layers.mixing.fourier import dropped_whole, real_part
from lamina.transforms.fourier import FFT1D
from lamina.transforms.prefix import prefix_fft


class FourierMixing1DConfig(UnitaryMixingConfig, frozen=True):
    """Settings of `FourierMixing1D`; the fields are its arguments.

    Examples
    --------
    >>> FourierMixing1DConfig(hidden_dim=8).keep_complex
    False
    """

    layer: Literal["FourierMixing1D"] = "FourierMixing1D"
    fft_norm: FFTNorm = "ortho"
    keep_complex: Flag = False


class FourierMixing1D(UnitaryMixingLayer):
    r"""Mix each feature along the sequence by the real part of its Fourier transform.

    .. math:: y_{kc} = \operatorname{Re} \frac{1}{\sqrt n} \sum_{j=0}^{n-1} x_{jc}\, e^{-2\pi i\,jk/n}

    Initial output variance: 0.516 (at 64 positions; :math:`\tfrac12 + \tfrac1n` for even and
    :math:`\tfrac12 + \tfrac1{2n}` for odd n, and 1 with ``keep_complex``). Parameters: none.

    Parameters
    ----------
    hidden_dim
        Size of the last axis.
    dropout
        Probability in [0, 1) with which outputs are dropped in training.
    norm_eps
        Smallest norm that `verify_energy_preservation` compares with.
    energy_tolerance
        Relative tolerance of `verify_energy_preservation` and `verify_orthogonality`.
    fft_norm
        "ortho", "backward" (no factor) or "forward" (:math:`1/n`).
    keep_complex
        Return the transform itself, complex, rather than its real part.

    Attributes
    ----------
    fft1d : lamina.transforms.FFT1D
        The transform along the sequence.
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
    >>> layer = FourierMixing1D(hidden_dim=1)
    >>> layer(torch.ones(1, 4, 1)).flatten()  # what is constant lies at frequency 0
    tensor([2., 0., 0., 0.])
    """

    Config = FourierMixing1DConfig
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
        config = FourierMixing1DConfig(
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
        self.fft1d = FFT1D(dim=1, norm=config.fft_norm)

    def forward(self, x: Tensor, *, key_padding_mask: Tensor | None = None) -> Tensor:
        """Mix tokens.

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
        mixed = self.fft1d(x) if lengths is None else prefix_fft(x, lengths, norm=self.fft_norm)
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
            complexity="O(n d log n)",
        )
