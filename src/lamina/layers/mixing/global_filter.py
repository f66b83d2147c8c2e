r"""Global filters: each channel is convolved along the whole sequence with a learned filter.

.. math:: Y = F^{-1}\bigl(H \odot F X\bigr), \qquad
          H_k = \tfrac12 \bigl(a(W)_k + \overline{a(W)_{-k}}\bigr)

F is the Fourier transform along the sequence, W a complex table of (sequence, hidden) numbers, and a an
activation of its real and imaginary parts. H is the Hermitian part of a(W), with which real input stays real.
Source: Rao, Zhao, Zhu, Lu and Zhou 2021, Global filter networks for image classification, section 3.2.
"""

from __future__ import annotations

from typing import Any, Literal

import torch
from torch import Tensor

from lamina.errors import StateError
from lamina.layers.activations import activation as make_activation
from lamina.layers.configuration import FFTNorm, Flag
from lamina.layers.layer import check_position, check_sequence
from lamina.layers.masking import prefix_lengths
from lamina.layers.mixing.causal_filtering import (
    FilterState,
    causally_filtered,
    filter_step,
    impulse_response,
)
from lamina.layers.mixing.circular_filtering import (
    filtered,
    filtered_prefixes,
    half_size,
    hermitian_part,
)
from lamina.layers.mixing.filtering import (
    FilterActivation,
    FilterMixingLayer,
    LearnedFilterConfig,
    drawn_normal,
)
from lamina.transforms.fourier import FFT1D
from lamina.transforms.prefix import within


class GlobalFilterMixingConfig(LearnedFilterConfig, frozen=True):
    """Settings of `GlobalFilterMixing`; the fields are its arguments.

    Examples
    --------
    >>> GlobalFilterMixingConfig(hidden_dim=8, sequence_length=16).causal
    False
    """

    layer: Literal["GlobalFilterMixing"] = "GlobalFilterMixing"
    causal: Flag = False


class GlobalFilterMixing(FilterMixingLayer):
    r"""Filter each channel along the sequence by a learned frequency response (GFNet).

    .. math:: y_t = \sum_{i=0}^{n-1} h_i\, x_{(t-i) \bmod n}, \qquad h = F^{-1} H, \qquad
              H_k = \tfrac12 \bigl(a(W)_k + \overline{a(W)_{-k}}\bigr)

    A sequence of another length n reads H at its own frequencies j/n, linearly between neighbours in real and
    imaginary parts; beyond the last frequency of an odd length lies its conjugate, so the Nyquist frequency
    stays real. Delays that are long against ``sequence_length`` get weaker by this (by a factor sinc² for
    long n).

    With ``causal`` the S = ``sequence_length`` taps h are a causal filter instead,
    :math:`y_t = \sum_{i=0}^{\min(t, S-1)} h_i\, x_{t-i}`, at any length, without interpolation, and `step`
    goes on one position at a time. The FFT rounds: what comes later can change an output by a few units in
    the last place of :math:`\lVert h \rVert \lVert x \rVert`, and NaN or infinity goes everywhere; `step` is
    exact.

    Initial output variance: 0.25 (with "sigmoid", also when causal; with "identity" ``filter_init_std``², and
    with "tanh" too while that is small). Parameters: ``2·sequence_length·hidden_dim``.

    Parameters
    ----------
    hidden_dim
        Number of channels, the size of the last axis.
    sequence_length
        Number S of frequencies at which the filters are given, at least 1; inputs may have any length.
    activation
        "sigmoid", "tanh" or "identity", of the real and of the imaginary part of W. With "sigmoid" the
        filters start near ½ at all frequencies: the imaginary parts, all near ½, cancel in the Hermitian
        part.
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
    causal
        Look at no later position.
    generator
        For the initial W; None for torch's own. It must be a generator of the CPU.
    device, dtype
        Of the parameters; None for torch's defaults.

    Attributes
    ----------
    filter_real, filter_imag : torch.nn.Parameter
        (sequence_length, hidden_dim), the real and imaginary part of W. Frequencies above the half come
        second, as in `torch.fft.fft`.
    activation : str
        As given.
    activation_fn : torch.nn.Module
        The activation a.
    fft1d : lamina.transforms.FFT1D
        The transform along the sequence; ``forward`` computes the half of it that real input needs.
    causal : bool
        As given.

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
    >>> layer = GlobalFilterMixing(4, 8, activation="identity", filter_init_std=0.0)
    >>> _ = torch.nn.init.ones_(layer.filter_real)  # passes all frequencies
    >>> x = torch.arange(20.0).reshape(1, 5, 4)
    >>> torch.allclose(layer(x), x, atol=1e-5)
    True

    One position after the other:

    >>> layer = GlobalFilterMixing(4, 8, causal=True)
    >>> first, state = layer.step(x[:, 0])
    >>> second, state = layer.step(x[:, 1], state)
    >>> torch.allclose(layer(x)[:, 1], second, atol=1e-5)
    True
    """

    Config = GlobalFilterMixingConfig

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
        causal: bool = False,
        generator: torch.Generator | None = None,
        device: torch.device | str | int | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        config = GlobalFilterMixingConfig(
            hidden_dim=hidden_dim,
            sequence_length=sequence_length,
            activation=activation,
            dropout=dropout,
            norm_eps=norm_eps,
            learnable_filters=learnable_filters,
            fft_norm=fft_norm,
            filter_init_std=filter_init_std,
            causal=causal,
        )
        super().__init__(config)
        self.activation = config.activation
        self.activation_fn = make_activation(config.activation)
        self.fft_norm = config.fft_norm
        self.fft1d = FFT1D(dim=1, norm=config.fft_norm)
        self.causal = config.causal
        self._hold(drawn_normal(config, generator), device, dtype)

    def _response(self, count: int) -> Tensor:
        real, imag = self.activation_fn(self.filter_real), self.activation_fn(self.filter_imag)
        return hermitian_part(real, imag, (count,))

    def _taps(self) -> Tensor:
        return impulse_response(self._response(half_size(self.sequence_length)), self.sequence_length)

    def forward(self, x: Tensor, *, key_padding_mask: Tensor | None = None) -> Tensor:
        """Filter along the sequence.

        Parameters
        ----------
        x
            (batch, sequence, hidden), real floating, any length; half precision is computed in float32.
        key_padding_mask
            (batch, sequence), True where there is padding, on the right only: each sample is filtered over
            its own valid prefix, with the filters read at its own frequencies, and padded outputs are zero.

        Returns
        -------
        Tensor
            Of the shape and dtype of ``x``.
        """
        check_sequence(x, self.hidden_dim)
        lengths = prefix_lengths(key_padding_mask, x)
        if self.causal:
            mixed = self._causally(x, lengths)
        else:
            half = self._response(half_size(self.sequence_length))
            if lengths is None:
                mixed = filtered(x, half, self.sequence_length, norm=self.fft_norm)
            else:
                mixed = filtered_prefixes(x, lengths, half, self.sequence_length)
        return self.dropout(mixed.to(x.dtype))

    def _causally(self, x: Tensor, lengths: Tensor | None) -> Tensor:
        if lengths is None:
            return causally_filtered(x, self._taps())
        inside = within(lengths, x.shape[1])[..., None]
        # padding is later than all that counts, but NaN in it would reach everything through the FFT
        return torch.where(inside, causally_filtered(torch.where(inside, x, 0.0), self._taps()), 0.0)

    def step(self, x_t: Tensor, state: FilterState | None = None) -> tuple[Tensor, FilterState]:
        """Filter the next position of a stream, in evaluation mode: nothing is dropped.

        Parameters
        ----------
        x_t
            (batch, hidden), real floating.
        state
            What the call before returned; None at the start of the stream. It holds the filter of then: start
            anew when the parameters change.

        Returns
        -------
        y_t, state
            (batch, hidden), in the dtype of ``x_t``: what ``forward`` has at this position; and the state for
            the next call.

        Raises
        ------
        lamina.errors.StateError
            When the layer is not causal.
        lamina.errors.ArgumentError
            When ``x_t`` has another shape or kind.
        """
        if not self.causal:
            raise StateError("A circular filter needs the whole sequence; build it with causal=True to step.")
        check_position("x_t", x_t, self.hidden_dim)
        if state is None:
            taps = self._taps()
            past = torch.zeros(
                x_t.shape[0],
                self.sequence_length - 1,
                self.hidden_dim,
                dtype=torch.promote_types(taps.dtype, x_t.dtype),
                device=x_t.device,
            )
            state = FilterState(past, taps)
        mixed, state = filter_step(x_t, state)
        return mixed.to(x_t.dtype), state

    def get_filter_response(self) -> Tensor:
        """Return the response H: (sequence_length, hidden_dim), complex and Hermitian.

        Returns
        -------
        Tensor
            complex64, or complex128 for parameters of double precision; row k belongs to k / sequence_length
            cycles per sample. Its inverse transform ``torch.fft.ifft(H, dim=0)`` is real: the impulse
            response.
        """
        return self._response(self.sequence_length)

    def get_spectral_properties(self) -> dict[str, Any]:
        """Tell what holds: circular filtering commutes with circular shifts; causal filtering does not.

        Returns
        -------
        dict
            The keys of `FilterMixingLayer.get_spectral_properties`.
        """
        circular = super().get_spectral_properties()
        return {**circular, "causal": self.causal, "translation_equivariant": not self.causal}
