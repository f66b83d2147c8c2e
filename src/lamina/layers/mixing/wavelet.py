r"""Wavelet mixing: learned mixing of the coefficients of a wavelet transform over the sequence.

.. math:: Y = X + \operatorname{dropout}\bigl(R\, m(T X)\bigr)

with the analysis T and the synthesis R of a discrete wavelet transform of J levels, and one of three mixings
m. Source: the multiresolution layers of spectrans; the transform is Mallat's, IEEE TPAMI 1989.
"""

from __future__ import annotations

import warnings
from typing import Annotated, Any, Literal

import torch
from pydantic import AfterValidator, model_validator
from torch import Tensor, nn

from lamina.errors import ArgumentError, LaminaWarning
from lamina.layers.configuration import Count, LayerConfig, Probability
from lamina.layers.layer import SpectralLayer, check_sequence, properties
from lamina.layers.masking import prefix_lengths
from lamina.layers.mixing.wavelet_mixers import attended, initial_weights, scaled, transformed
from lamina.transforms.precision import widened
from lamina.transforms.prefix import within
from lamina.transforms.wavelet import DWT1D
from lamina.transforms.wavelet_filters import check_wavelet, max_levels
from lamina.transforms.wavelet_levels import analyse_levels, band_sizes, synthesise_levels
from lamina.transforms.wavelet_prefix import prefix_analyse, prefix_band_sizes, prefix_synthesise

WaveletName = Annotated[str, AfterValidator(check_wavelet)]
"""Name of a discrete wavelet of PyWavelets."""


class WaveletMixingConfig(LayerConfig, frozen=True):
    """Settings of `WaveletMixing`; the fields are its arguments.

    Examples
    --------
    >>> WaveletMixingConfig(hidden_dim=8).wavelet
    'db4'
    """

    layer: Literal["WaveletMixing"] = "WaveletMixing"
    hidden_dim: Count
    wavelet: WaveletName = "db4"
    levels: Count = 3
    mixing_mode: Literal["pointwise", "channel", "level"] = "pointwise"
    dropout: Probability = 0.0
    num_heads: Count = 8

    @model_validator(mode="after")
    def _heads_divide(self) -> WaveletMixingConfig:
        if self.mixing_mode == "level":
            check_heads(self.hidden_dim, self.num_heads)
        return self


def check_heads(width: int, num_heads: int) -> None:
    """Refuse a number of heads that does not divide the width, and say which do."""
    if width % num_heads:
        dividing = [count for count in range(1, width + 1) if width % count == 0]
        raise ArgumentError(
            "num_heads",
            allowed=f"a divisor of {width}",
            got=str(num_heads),
            remedy=f"Choose one of {', '.join(map(str, dividing))}.",
        )


class WaveletMixing(SpectralLayer):
    r"""Mix the coefficients of a discrete wavelet transform over the sequence, and add the input.

    .. math:: Y = X + \operatorname{dropout}\bigl(R\, m(c)\bigr), \qquad
              c = (a^{(J)}, d^{(J)}, \dots, d^{(1)}) = T X

    .. math:: m(c)_b = w_b \odot c_b \;\text{(pointwise)}, \qquad m(c)_b = c_b W_b \;\text{(channel)}, \qquad
              m(c) = \operatorname{attention}(c + e) \;\text{(level)}

    for each band b, with a weight :math:`w_b` for each channel, a matrix :math:`W_b` (hidden, hidden), or
    multi-head self-attention over the coefficients of all bands: one token for each coefficient position, of
    the width of the hidden size, with a learned embedding e for each band, without which attention could not
    tell the bands apart. The transform extends the sequence symmetrically, and equals ``pywt.wavedec``. A
    sequence too short for the levels is transformed over as many as ``pywt.dwt_max_level`` allows, none at
    all for the shortest; the first time a layer sees one, it warns. The bands are counted from the finest, so
    that a weight always belongs to the same scale. With padding, each sample has its own end and its own
    number of levels.

    Weights are ones and identities at the start: pointwise and channel mixing then return 2x, wavelets that
    do not reconstruct perfectly (``dmey``) aside.

    Attention of "level" is that of torch, whose kernel for CPUs cannot be differentiated twice; the one of
    ``torch.nn.attention.sdpa_kernel(SDPBackend.MATH)`` can, and so can all under `torch.func`.

    Initial output variance: 4.0 (pointwise and channel; level: 1.02 for the default wavelet and hidden 32).

    Parameters: ``(levels + 1)·hidden_dim`` (pointwise), ``(levels + 1)·hidden_dim²`` (channel),
    ``4·hidden_dim² + (levels + 5)·hidden_dim`` (level).

    Parameters
    ----------
    hidden_dim
        Size of the last axis.
    wavelet
        Name of a discrete wavelet of PyWavelets, such as "haar", "db4", "sym5", "bior2.2".
    levels
        Number J of levels, at least 1.
    mixing_mode
        "pointwise", "channel" or "level".
    dropout
        Probability in [0, 1) with which mixed outputs are dropped in training, before the input is added.
    num_heads
        Heads of "level", a divisor of the hidden size; the other modes have none.
    generator
        For the initial weights of "level"; None for torch's own.
    device, dtype
        Where the parameters live, and their floating dtype; None for torch's defaults.

    Attributes
    ----------
    dwt : lamina.transforms.DWT1D
        The transform over the sequence.
    mixing_weights : torch.nn.ParameterDict
        "approximation" and "detail_1" (the finest) to "detail_J" for pointwise and channel; "in_weight",
        "in_bias", "out_weight", "out_bias" and "band" (embeddings: approximation, then details from the
        finest) for level.
    dropout : torch.nn.Dropout
        As given.

    Raises
    ------
    lamina.errors.ArgumentError
        When an argument lies outside its limits, or ``forward`` gets a tensor of another shape or kind.

    References
    ----------
    Mallat 1989, A theory for multiresolution signal decomposition, IEEE TPAMI 11.

    Examples
    --------
    >>> import torch
    >>> layer, x = WaveletMixing(hidden_dim=4, levels=2), torch.ones(1, 32, 4)
    >>> torch.allclose(layer(x), 2 * x, atol=1e-5)
    True
    >>> sorted(layer.mixing_weights)
    ['approximation', 'detail_1', 'detail_2']
    """

    Config = WaveletMixingConfig
    adds_input = True

    def __init__(
        self,
        hidden_dim: int,
        wavelet: str = "db4",
        levels: int = 3,
        mixing_mode: Literal["pointwise", "channel", "level"] = "pointwise",
        dropout: float = 0.0,
        *,
        num_heads: int = 8,
        generator: torch.Generator | None = None,
        device: torch.device | str | int | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        config = WaveletMixingConfig(
            hidden_dim=hidden_dim,
            wavelet=wavelet,
            levels=levels,
            mixing_mode=mixing_mode,
            dropout=dropout,
            num_heads=num_heads,
        )
        super().__init__(config)
        self.hidden_dim, self.levels, self.mixing_mode = config.hidden_dim, config.levels, config.mixing_mode
        self._heads = config.num_heads
        self.dwt = DWT1D(config.wavelet, config.levels, "symmetric", dim=1)
        self.dropout = nn.Dropout(config.dropout)
        weights = initial_weights(config.mixing_mode, config.levels, config.hidden_dim, generator)
        self.mixing_weights = nn.ParameterDict(
            {name: nn.Parameter(weight.to(device=device, dtype=dtype)) for name, weight in weights.items()}
        )
        self._has_warned = False

    def forward(self, x: Tensor, *, key_padding_mask: Tensor | None = None) -> Tensor:
        """Mix the coefficients, and add the input.

        Parameters
        ----------
        x
            (batch, sequence, hidden), real floating; the transform of half precision is computed in float32.
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
        n, bank = x.shape[1], self.dwt.bank
        levels = self._possible_levels(n)
        if lengths is None:
            packed = analyse_levels(widened(x), bank, "symmetric", levels)
            sizes = band_sizes(n, levels, bank.taps, "symmetric")
            mixed = widened(self._mixed(packed, sizes, None, x.dtype))
            made = synthesise_levels(mixed, bank, n, levels)
            return (widened(x) + self.dropout(made)).to(x.dtype)
        packed, valid = prefix_analyse(widened(x), lengths, bank, levels)
        sizes = prefix_band_sizes(n, levels, bank.taps)
        mixed = widened(self._mixed(packed, sizes, valid, x.dtype))
        made = prefix_synthesise(mixed, lengths, bank, n, levels)
        # where, not a product: padded inputs may be NaN
        inside = within(lengths, n)[..., None]
        return torch.where(inside, widened(x) + self.dropout(made), 0.0).to(x.dtype)

    def get_spectral_properties(self) -> dict[str, Any]:
        """Tell what holds: all but "level" are linear.

        Returns
        -------
        dict
            The keys of `SpectralLayer.get_spectral_properties`, and ``multiresolution``, which is True.
        """
        complexities = {
            "pointwise": "O(n d)",
            "channel": "O(n d^2)",
            "level": "O(n^2 d + n d^2)",
        }
        return properties(
            linear=self.mixing_mode != "level",
            frequency_domain=False,
            complexity=complexities[self.mixing_mode],
            multiresolution=True,
        )

    def _mixed(self, packed: Tensor, sizes: list[int], valid: Tensor | None, dtype: torch.dtype) -> Tensor:
        weights = self.mixing_weights
        if self.mixing_mode == "pointwise":
            return scaled(packed, sizes, weights)
        if self.mixing_mode == "channel":
            return transformed(packed, sizes, weights)
        return attended(packed.to(dtype), sizes, weights, self._heads, valid)

    def _possible_levels(self, n: int) -> int:
        possible = max_levels(n, self.dwt.bank.taps, self.levels)
        if possible < self.levels and not self._has_warned and not torch.compiler.is_compiling():
            self._has_warned = True
            warnings.warn(
                f"A sequence of {n} allows {possible} of the {self.levels} levels with {self.dwt.wavelet}; "
                "these are used. Choose fewer levels or a shorter wavelet.",
                LaminaWarning,
                stacklevel=3,
            )
        return possible
