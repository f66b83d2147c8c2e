r"""Global filters over sequence and features: a learned two-dimensional circular convolution.

.. math:: Y = F_{\mathrm{seq}}^{-1}\bigl(H \odot F_{\mathrm{seq}} X F_{\mathrm{hid}}\bigr)
          F_{\mathrm{hid}}^{-1}, \qquad H_{kl} = \tfrac12 \bigl(a(W)_{kl} + \overline{a(W)_{-k,-l}}\bigr)

Source: Rao, Zhao, Zhu, Lu and Zhou 2021, Global filter networks for image classification, section 3.2, whose
filters run over the two axes of an image in the same way.
"""

from __future__ import annotations

from typing import Any, Literal

import torch
from torch import Tensor

from lamina.layers.activations import activation as make_activation
from lamina.layers.configuration import FFTNorm
from lamina.layers.layer import check_sequence
from lamina.layers.masking import prefix_lengths
from lamina.layers.mixing.circular_filtering import half_size, hermitian_part, read_at
from lamina.layers.mixing.filtering import (
    FilterActivation,
    FilterMixingLayer,
    LearnedFilterConfig,
    drawn_normal,
)
from lamina.transforms.fourier import FFT2D, irfft, irfft2, rfft, rfft2
from lamina.transforms.length import is_symbol
from lamina.transforms.prefix import prefix_fft, prefix_ifft


class GlobalFilterMixing2DConfig(LearnedFilterConfig, frozen=True):
    """Settings of `GlobalFilterMixing2D`; the fields are its arguments.

    Examples
    --------
    >>> GlobalFilterMixing2DConfig(hidden_dim=8, sequence_length=16).fft_norm
    'ortho'
    """

    layer: Literal["GlobalFilterMixing2D"] = "GlobalFilterMixing2D"


class GlobalFilterMixing2D(FilterMixingLayer):
    r"""Filter along sequence and features by a learned two-dimensional frequency response.

    .. math:: y_{tc} = \sum_{i=0}^{n-1} \sum_{j=0}^{d-1} h_{ij}\, x_{(t-i) \bmod n,\, (c-j) \bmod d}, \qquad
              h = F^{-1} H

    A sequence of another length reads H at its own sequence frequencies, linearly between neighbours in real
    and imaginary parts, around the circle of frequencies; the features' frequencies stay as they are.

    Initial output variance: 0.25 (with "sigmoid"; ``filter_init_std``² with "identity").
    Parameters: ``2·sequence_length·hidden_dim``.

    Parameters
    ----------
    hidden_dim
        Number d of channels, the size of the last axis, and of their frequencies.
    sequence_length
        Number of sequence frequencies at which the filter is given, at least 1; inputs may have any length.
    activation
        "sigmoid", "tanh" or "identity", of the real and of the imaginary part of W.
    dropout
        Probability in [0, 1) with which outputs are dropped in training.
    norm_eps
        Relative magnitude up to which a frequency has no group delay, in `analyze_frequency_response`.
    learnable_filters
        Whether ``filter_real`` and ``filter_imag`` are parameters; False makes them buffers.
    fft_norm
        "ortho", "backward" or "forward". It cancels between transform and inverse: only rounding depends on
        it.
    filter_init_std
        Standard deviation of the initial W, at least 0.
    generator
        For the initial W; None for torch's own. It must be a generator of the CPU.
    device, dtype
        Of the parameters; None for torch's defaults.

    Attributes
    ----------
    filter_real, filter_imag : torch.nn.Parameter
        (sequence_length, hidden_dim), the real and imaginary part of W, over both axes' frequencies.
    fft2d : lamina.transforms.FFT2D
        The transform over both axes; ``forward`` computes the half of it that real input needs.
    activation_fn : torch.nn.Module
        The activation a.

    Raises
    ------
    lamina.errors.ArgumentError
        When an argument lies outside its limits, or ``forward`` gets a tensor of another shape or kind.

    References
    ----------
    Rao et al. 2021, Global filter networks for image classification, NeurIPS, section 3.2.

    Examples
    --------
    >>> import torch
    >>> layer = GlobalFilterMixing2D(4, 8, activation="identity", filter_init_std=0.0)
    >>> _ = torch.nn.init.ones_(layer.filter_real)  # passes all frequencies
    >>> x = torch.arange(20.0).reshape(1, 5, 4)
    >>> torch.allclose(layer(x), x, atol=1e-5)
    True
    """

    Config = GlobalFilterMixing2DConfig

    def __init__(
        self,
        hidden_dim: int,
        sequence_length: int,
        activation: FilterActivation = "sigmoid",
        dropout: float = 0.0,
        norm_eps: float = 1e-5,
        learnable_filters: bool = True,
        fft_norm: FFTNorm = "ortho",
        filter_init_std: float = 0.02,
        *,
        generator: torch.Generator | None = None,
        device: torch.device | str | int | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        config = GlobalFilterMixing2DConfig(
            hidden_dim=hidden_dim,
            sequence_length=sequence_length,
            activation=activation,
            dropout=dropout,
            norm_eps=norm_eps,
            learnable_filters=learnable_filters,
            fft_norm=fft_norm,
            filter_init_std=filter_init_std,
        )
        super().__init__(config)
        self.activation = config.activation
        self.activation_fn = make_activation(config.activation)
        self.fft_norm = config.fft_norm
        self.fft2d = FFT2D(dim=(1, 2), norm=config.fft_norm)
        self._hold(drawn_normal(config, generator), device, dtype)

    def _response(self, count: int) -> Tensor:
        real, imag = self.activation_fn(self.filter_real), self.activation_fn(self.filter_imag)
        return hermitian_part(real, imag, (self.sequence_length, count))

    def forward(self, x: Tensor, *, key_padding_mask: Tensor | None = None) -> Tensor:
        """Filter along sequence and features.

        Parameters
        ----------
        x
            (batch, sequence, hidden), real floating, any length; half precision is computed in float32.
        key_padding_mask
            (batch, sequence), True where there is padding, on the right only: each sample is filtered over
            its own valid prefix, with the filter read at its own frequencies, and padded outputs are zero.

        Returns
        -------
        Tensor
            Of the shape and dtype of ``x``.
        """
        check_sequence(x, self.hidden_dim)
        lengths = prefix_lengths(key_padding_mask, x)
        size, n = self.sequence_length, x.shape[1]
        half = self._response(half_size(self.hidden_dim))
        number = torch.arange(n, device=x.device)
        if lengths is None:
            # at equal lengths what is read is what is there
            if is_symbol(n) or n != size:
                half = read_at(half, number, n, size)
            spectrum = rfft2(x, dim=(1, 2), norm=self.fft_norm) * half
            mixed = irfft2(spectrum, (n, self.hidden_dim), dim=(1, 2), norm=self.fft_norm)
        else:
            period = lengths.clamp(min=1)[:, None]
            # frequencies that a sample does not have are zero in prefix_fft
            response = read_at(half, torch.minimum(number, period - 1), period, size)
            spectrum = prefix_fft(rfft(x, dim=2, norm=self.fft_norm), lengths, norm=self.fft_norm)
            rows = prefix_ifft(spectrum * response, lengths, norm=self.fft_norm)
            mixed = irfft(rows, self.hidden_dim, dim=2, norm=self.fft_norm)
        return self.dropout(mixed.to(x.dtype))

    def get_filter_response(self) -> Tensor:
        """Return the response H: (sequence_length, hidden_dim) frequencies, complex and Hermitian.

        Returns
        -------
        Tensor
            complex64, or complex128 for parameters of double precision. Its inverse transform
            ``torch.fft.ifft2(H)`` is real: the impulse response.
        """
        return self._response(self.hidden_dim)

    def get_spectral_properties(self) -> dict[str, Any]:
        """Tell what holds: filtering commutes with circular shifts, along the features too.

        Returns
        -------
        dict
            The keys of `FilterMixingLayer.get_spectral_properties`.
        """
        return {**super().get_spectral_properties(), "complexity": "O(n d (log n + log d))"}
