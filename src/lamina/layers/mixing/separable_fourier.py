r"""Fourier mixing along the axes of one's choice.

.. math:: Y = \operatorname{Re}\bigl(F_{\mathrm{seq}}\, X\, F_{\mathrm{hid}}\bigr), \quad
          \operatorname{Re}\bigl(F_{\mathrm{seq}}\, X\bigr) \quad\text{or}\quad \operatorname{Re}\bigl(X\,
          F_{\mathrm{hid}}\bigr)

The real part is taken once, at the end, so that both axes together are `FourierMixing`.
Source: Lee-Thorp, Ainslie, Eckstein and Ontañón, FNet, NAACL 2022, Eq. 3.
"""

from __future__ import annotations

from typing import Any, Literal

import torch
from torch import Tensor

from lamina.errors import ArgumentError, StateError
from lamina.layers.configuration import FFTNorm, Flag
from lamina.layers.layer import check_position, check_sequence, properties
from lamina.layers.masking import prefix_lengths
from lamina.layers.mixing.base import UnitaryMixingConfig, UnitaryMixingLayer
from lamina.layers.mixing.fourier import real_part
from lamina.transforms.fourier import FFT1D
from lamina.transforms.prefix import prefix_fft, within


class SeparableFourierMixingConfig(UnitaryMixingConfig, frozen=True):
    """Settings of `SeparableFourierMixing`; the fields are its arguments.

    Examples
    --------
    >>> SeparableFourierMixingConfig(hidden_dim=8, mix_features=False).mix_sequence
    True
    """

    layer: Literal["SeparableFourierMixing"] = "SeparableFourierMixing"
    mix_features: Flag = True
    mix_sequence: Flag = True
    fft_norm: FFTNorm = "ortho"


class SeparableFourierMixing(UnitaryMixingLayer):
    r"""Mix tokens, features or both by the real part of their Fourier transforms.

    .. math:: Y = \operatorname{Re}\bigl(F_{\mathrm{seq}}^{s}\, X\, F_{\mathrm{hid}}^{f}\bigr)

    with s and f 1 for the axes that are mixed, 0 for the other.

    Initial output variance: 0.5 (both axes, and a little more for one axis of length n:
    :math:`\tfrac12 + \tfrac1n` for even n). Parameters: none.

    Parameters
    ----------
    hidden_dim
        Size of the last axis.
    mix_features
        Transform the last axis.
    mix_sequence
        Transform the sequence.
    dropout
        Probability in [0, 1) with which outputs are dropped in training.
    norm_eps
        Smallest norm that `verify_energy_preservation` compares with.
    energy_tolerance
        Relative tolerance of `verify_energy_preservation` and `verify_orthogonality`.
    fft_norm
        "ortho", "backward" (no factor) or "forward" (one over the length), for each axis.

    Attributes
    ----------
    mix_features, mix_sequence : bool
        As given.
    fft1d : lamina.transforms.FFT1D
        The transform, which runs along one axis after the other.

    Raises
    ------
    lamina.errors.ArgumentError
        When neither axis is mixed, an argument lies outside its limits, or ``forward`` gets a tensor of
        another shape or kind.

    References
    ----------
    Lee-Thorp et al. 2022, FNet: mixing tokens with Fourier transforms, NAACL.

    Examples
    --------
    >>> import torch
    >>> layer = SeparableFourierMixing(hidden_dim=4, mix_sequence=False)
    >>> layer(torch.ones(1, 2, 4))  # each position by itself
    tensor([[[2., 0., 0., 0.],
             [2., 0., 0., 0.]]])
    """

    Config = SeparableFourierMixingConfig
    parameter_free = True

    def __init__(
        self,
        hidden_dim: int,
        mix_features: bool = True,
        mix_sequence: bool = True,
        dropout: float = 0.0,
        norm_eps: float = 1e-5,
        energy_tolerance: float = 1e-4,
        fft_norm: FFTNorm = "ortho",
    ) -> None:
        config = SeparableFourierMixingConfig(
            hidden_dim=hidden_dim,
            mix_features=mix_features,
            mix_sequence=mix_sequence,
            dropout=dropout,
            norm_eps=norm_eps,
            energy_tolerance=energy_tolerance,
            fft_norm=fft_norm,
        )
        if not (config.mix_features or config.mix_sequence):
            raise ArgumentError(
                "mix_sequence",
                allowed="True where mix_features is False",
                got="False for both",
                remedy="Mix at least one axis; torch.nn.Identity mixes none.",
            )
        super().__init__(config)
        self.mix_features = config.mix_features
        self.mix_sequence = config.mix_sequence
        self.fft_norm = config.fft_norm
        self.fft1d = FFT1D(dim=-1, norm=config.fft_norm)

    def forward(self, x: Tensor, *, key_padding_mask: Tensor | None = None) -> Tensor:
        """Mix along the chosen axes.

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
            Of the shape and dtype of ``x``.
        """
        check_sequence(x, self.hidden_dim)
        lengths = prefix_lengths(key_padding_mask, x)
        mixed = self.fft1d(x) if self.mix_features else x
        if lengths is not None:
            if self.mix_sequence:
                mixed = prefix_fft(mixed, lengths, norm=self.fft_norm)
            else:
                mixed = torch.where(within(lengths, x.shape[1])[..., None], mixed, 0.0)
        elif self.mix_sequence:
            mixed = self.fft1d(mixed.transpose(1, 2)).transpose(1, 2)
        return self.dropout(real_part(mixed, x.dtype))

    def step(self, x_t: Tensor, state: tuple[()] | None = None) -> tuple[Tensor, tuple[()]]:
        """Mix the features of one position, in evaluation mode: nothing is dropped.

        Parameters
        ----------
        x_t
            (batch, hidden), real floating.
        state
            Nothing has to be remembered; it is there as in other layers that go step by step.

        Returns
        -------
        y_t, state
            (batch, hidden), in the dtype of ``x_t``: what ``forward`` has at this position; and an empty
            tuple.

        Raises
        ------
        lamina.errors.StateError
            When the sequence is mixed.
        lamina.errors.ArgumentError
            When ``x_t`` has another shape or kind.
        """
        if self.mix_sequence:
            raise StateError(
                "A transform along the sequence needs the whole of it; to step, build the layer with "
                "mix_sequence=False."
            )
        check_position("x_t", x_t, self.hidden_dim)
        return real_part(self.fft1d(x_t), x_t.dtype), ()

    def get_spectral_properties(self) -> dict[str, Any]:
        """Tell what holds: without mixing along the sequence, each position stays for itself.

        Returns
        -------
        dict
            The keys of `SpectralLayer.get_spectral_properties`.
        """
        axes = (("log n", self.mix_sequence), ("log d", self.mix_features))
        steps = " + ".join(name for name, mixed in axes if mixed)
        return properties(
            linear=True,
            translation_equivariant=not self.mix_sequence,
            causal=not self.mix_sequence,
            complexity=f"O(n d ({steps}))",
        )
