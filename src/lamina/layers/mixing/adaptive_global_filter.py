r"""Global filters that start as 1/f, drop whole frequencies in training, and know their own penalty.

.. math:: Y = F^{-1}\bigl(m \odot H \odot F X\bigr), \qquad R = \lambda\,\lVert W \rVert^2, \qquad
          H_k \approx \frac{1}{2\,(1 + |k|)} \text{ at the start}

The filter is that of `lamina.layers.mixing.global_filter`. The spectra of natural signals fall like 1/f; a
filter that starts so keeps what they consist of. m is 0 at the frequencies that are dropped, as in Srivastava
et al. 2014, Dropout. Source of the filter: Rao et al. 2021, Global filter networks for image classification,
section 3.2.
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn

from lamina.layers.activations import activation as make_activation
from lamina.layers.configuration import FFTNorm, Flag, NonNegative, Probability
from lamina.layers.layer import check_sequence
from lamina.layers.masking import prefix_lengths
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
from lamina.transforms.precision import widened, working_dtype


class AdaptiveGlobalFilterConfig(LearnedFilterConfig, frozen=True):
    """Settings of `AdaptiveGlobalFilter`; the fields are its arguments.

    Examples
    --------
    >>> AdaptiveGlobalFilterConfig(hidden_dim=8, sequence_length=16).filter_regularization
    0.0
    """

    layer: Literal["AdaptiveGlobalFilter"] = "AdaptiveGlobalFilter"
    filter_regularization: NonNegative = 0.0
    adaptive_initialization: Flag = True
    spectral_dropout_p: Probability = 0.0


class AdaptiveGlobalFilter(FilterMixingLayer):
    r"""Filter each channel along the sequence, with a 1/f start, spectral dropout and a penalty.

    .. math:: y_t = \sum_{i=0}^{n-1} h_i\, x_{(t-i) \bmod n}, \qquad h = F^{-1} H, \qquad
              H_k = \tfrac12 \bigl(a(W)_k + \overline{a(W)_{-k}}\bigr)

    In evaluation mode it computes what `GlobalFilterMixing` does, other lengths and padding included. Three
    things are added, each of which can be had alone:

    - ``adaptive_initialization``: with e = 1 / (1 + f), f = min(k, S - k), W starts at
      :math:`a^{-1}(e/2) + e\,\sigma\,\xi` in its real and :math:`e\,\sigma\,\xi'` in its imaginary part, so
      that the response starts near :math:`\tfrac12 / (1 + f)` without phase; σ is ``filter_init_std``, ξ
      normal. Without it, the start is that of `GlobalFilterMixing`.
    - ``spectral_dropout_p``: in training each frequency of each sample is dropped with this probability, in
      all channels and together with its mirror image (the output stays real), and the rest is divided by 1 -
      p.
    - ``filter_regularization``: λ of `get_regularization_loss`, to be added to the loss.

    Initial output variance: 0.009 (with "sigmoid" at ``sequence_length`` 64:
    :math:`\frac1S \sum_k \frac{1}{4 (1 + f)^2}`; 0.25 without the adaptive start).
    Parameters: ``2·sequence_length·hidden_dim``.

    Parameters
    ----------
    hidden_dim
        Number of channels, the size of the last axis.
    sequence_length
        Number S of frequencies at which the filters are given, at least 1; inputs may have any length.
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
        Standard deviation σ of the randomness of the initial W, at least 0.
    filter_regularization
        λ, at least 0.
    adaptive_initialization
        Whether the response starts as 1/f.
    spectral_dropout_p
        Probability in [0, 1) with which a frequency is dropped in training.
    generator
        For the initial W; None for torch's own. It must be a generator of the CPU.
    device, dtype
        Of the parameters; None for torch's defaults.

    Attributes
    ----------
    filter_real, filter_imag : torch.nn.Parameter
        (sequence_length, hidden_dim), the real and imaginary part of W.
    spectral_dropout : torch.nn.Module
        Draws which frequencies are kept.
    filter_regularization : float
        As given.
    adaptive_initialization : bool
        As given.
    spectral_dropout_p : float
        As given.

    Raises
    ------
    lamina.errors.ArgumentError
        When an argument lies outside its limits, or ``forward`` gets a tensor of another shape or kind.

    References
    ----------
    Rao et al. 2021, Global filter networks for image classification, NeurIPS, section 3.2.
    Srivastava et al. 2014, Dropout, JMLR 15.

    Examples
    --------
    >>> import torch
    >>> layer = AdaptiveGlobalFilter(4, 8, filter_init_std=0.0, filter_regularization=0.01)
    >>> layer.get_filter_response()[:, 0].real.detach().round(decimals=3)
    tensor([0.5000, 0.2500, 0.1670, 0.1250, 0.1000, 0.1250, 0.1670, 0.2500])
    >>> layer.get_regularization_loss() > 0
    tensor(True)
    """

    Config = AdaptiveGlobalFilterConfig

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
        filter_regularization: float = 0.0,
        adaptive_initialization: bool = True,
        spectral_dropout_p: float = 0.0,
        *,
        generator: torch.Generator | None = None,
        device: torch.device | str | int | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        config = AdaptiveGlobalFilterConfig(
            hidden_dim=hidden_dim,
            sequence_length=sequence_length,
            activation=activation,
            dropout=dropout,
            norm_eps=norm_eps,
            learnable_filters=learnable_filters,
            fft_norm=fft_norm,
            filter_init_std=filter_init_std,
            filter_regularization=filter_regularization,
            adaptive_initialization=adaptive_initialization,
            spectral_dropout_p=spectral_dropout_p,
        )
        super().__init__(config)
        self.activation = config.activation
        self.activation_fn = make_activation(config.activation)
        self.fft_norm = config.fft_norm
        self.filter_regularization = config.filter_regularization
        self.adaptive_initialization = config.adaptive_initialization
        self.spectral_dropout_p = config.spectral_dropout_p
        self.spectral_dropout = nn.Dropout(config.spectral_dropout_p)
        drawn = drawn_normal(config, generator)
        if config.adaptive_initialization:
            drawn = _falling(drawn, config.activation)
        self._hold(drawn, device, dtype)

    def _response(self, count: int) -> Tensor:
        real, imag = self.activation_fn(self.filter_real), self.activation_fn(self.filter_imag)
        return hermitian_part(real, imag, (count,))

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
        kept = None
        if self.training and self.spectral_dropout_p > 0:
            shape = (x.shape[0], half_size(x.shape[1]), 1)
            kept = self.spectral_dropout(torch.ones(shape, dtype=working_dtype(x.dtype), device=x.device))
        half = self._response(half_size(self.sequence_length))
        if lengths is None:
            mixed = filtered(x, half, self.sequence_length, norm=self.fft_norm, kept=kept)
        else:
            mixed = filtered_prefixes(x, lengths, half, self.sequence_length, kept=kept)
        return self.dropout(mixed.to(x.dtype))

    def get_filter_response(self) -> Tensor:
        """Return the response H: (sequence_length, hidden_dim), complex and Hermitian.

        Returns
        -------
        Tensor
            complex64, or complex128 for parameters of double precision; row k belongs to k / sequence_length
            cycles per sample.
        """
        return self._response(self.sequence_length)

    def get_regularization_loss(self) -> Tensor:
        r"""Return the penalty of the filters, to be added to the loss.

        .. math:: R = \lambda\,\lVert W \rVert^2 = \lambda \sum_{k,c} |W_{kc}|^2

        Returns
        -------
        Tensor
            A number; 0 with λ = 0.
        """
        energy = widened(self.filter_real).square().sum() + widened(self.filter_imag).square().sum()
        return self.filter_regularization * energy


def _falling(drawn: Tensor, activation: FilterActivation) -> Tensor:
    """Shape drawn (2, sequence_length, hidden_dim) numbers so that the response falls like 1/f."""
    size = drawn.shape[1]
    number = torch.arange(size, device="cpu")
    envelope = (1 / (1 + torch.minimum(number, size - number).to(drawn.dtype)))[:, None]
    inverse = {"sigmoid": torch.special.logit, "tanh": torch.atanh, "identity": torch.clone}[activation]
    centre = inverse(envelope / 2)
    return envelope * drawn + torch.stack([centre, torch.zeros_like(centre)])
