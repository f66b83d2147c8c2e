r"""Wavelet mixing of images: learned mixing of the subbands of a wavelet transform of two axes.

.. math:: Y = X + R\, m(T X)

with analysis T and synthesis R of a discrete wavelet transform of both axes. Source: the multiresolution
layers of spectrans; the transform is Mallat's, IEEE TPAMI 1989; attention and encoder: Vaswani et al. 2017.
"""

from __future__ import annotations

import warnings
from typing import Any, Literal

import torch
from pydantic import model_validator
from torch import Tensor, nn

from lamina.errors import LaminaWarning, ShapeError
from lamina.layers.configuration import Count, LayerConfig
from lamina.layers.layer import SpectralLayer, properties
from lamina.layers.mixing.wavelet import WaveletName, check_heads
from lamina.layers.mixing.wavelet_subbands import (
    as_tokens,
    attended_by,
    detail_network,
    encoded_by,
    encoder,
    from_tokens,
    low_network,
    redrawn,
)
from lamina.transforms.precision import check_tensor, widened
from lamina.transforms.wavelet2d import DWT2D, Coefficients, wavedec2, waverec2
from lamina.transforms.wavelet_filters import max_levels


class WaveletMixing2DConfig(LayerConfig, frozen=True):
    """Settings of `WaveletMixing2D`; the fields are its arguments.

    Examples
    --------
    >>> WaveletMixing2DConfig(channels=8).levels
    2
    """

    layer: Literal["WaveletMixing2D"] = "WaveletMixing2D"
    channels: Count
    wavelet: WaveletName = "db4"
    levels: Count = 2
    mixing_mode: Literal["subband", "cross", "attention"] = "subband"
    num_heads: Count = 8

    @model_validator(mode="after")
    def _heads_divide(self) -> WaveletMixing2DConfig:
        if self.mixing_mode != "subband":
            check_heads(self.channels, self.num_heads)
        return self


class WaveletMixing2D(SpectralLayer):
    r"""Mix the subbands of a wavelet transform of images, and add the input.

    .. math:: Y = X + R\, m(T X), \qquad T X = (A_J, (H_J, V_J, D_J), \dots, (H_1, V_1, D_1))

    Three mixings m:

    - "subband": :math:`A_J \mapsto f_A(A_J)` and :math:`S_j \mapsto f_{S_j}(S_j)` for each detail, by itself.
      Each f is a depthwise 3 × 3 convolution, GELU, and a 1 × 1 convolution over the channels.
    - "cross": multi-head self-attention over the coefficients of all subbands, one token of width
      ``channels`` for each position of each.
    - "attention": a transformer encoder (one layer: attention and a feed-forward network of twice the width,
      each after a layer norm) over the same tokens.

    The tokens get a learned embedding of their subband. The last two take time that grows with the square of
    the number of pixels. The transform extends the images symmetrically, and equals ``pywt.wavedec2``; images
    too small for the levels are transformed over as many as they allow, and the layer warns of it once. Bands
    are counted from the finest.

    Initial output variance: 1.08 (subband; cross 1.01, attention 4.1; "haar", 8 channels of 16 × 12 pixels, 2
    heads).

    Parameters: ``(1 + 3·levels)·(channels² + 11·channels)`` (subband),
    ``4·channels² + 4·channels + (1 + 3·levels)·channels`` (cross),
    ``8·channels² + 11·channels + (1 + 3·levels)·channels`` (attention).

    Parameters
    ----------
    channels
        Number of channels C.
    wavelet
        Name of a discrete wavelet of PyWavelets.
    levels
        Number J of levels, at least 1.
    mixing_mode
        "subband", "cross" or "attention".
    num_heads
        Heads of "cross" and "attention", a divisor of ``channels``; "subband" has none.
    generator
        For the initial weights; None for torch's own.
    device, dtype
        Where the parameters live, and their floating dtype; None for torch's defaults.

    Attributes
    ----------
    dwt : lamina.transforms.DWT2D
        The transform.
    ll_mixer : torch.nn.Sequential
        Network of the approximation ("subband" only).
    detail_mixers : torch.nn.ModuleList
        A network for the three details of each level, the finest first ("subband" only); groups keep the
        three apart.
    cross_mixer : torch.nn.MultiheadAttention
        The attention ("cross" only).
    subband_attention : torch.nn.TransformerEncoder
        The encoder ("attention" only).

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
    >>> layer = WaveletMixing2D(channels=4, wavelet="haar")
    >>> layer(torch.ones(1, 4, 8, 12)).shape
    torch.Size([1, 4, 8, 12])
    """

    Config = WaveletMixing2DConfig

    def __init__(
        self,
        channels: int,
        wavelet: str = "db4",
        levels: int = 2,
        mixing_mode: Literal["subband", "cross", "attention"] = "subband",
        *,
        num_heads: int = 8,
        generator: torch.Generator | None = None,
        device: torch.device | str | int | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        config = WaveletMixing2DConfig(
            channels=channels, wavelet=wavelet, levels=levels, mixing_mode=mixing_mode, num_heads=num_heads
        )
        super().__init__(config)
        self.channels, self.levels, self.mixing_mode = config.channels, config.levels, config.mixing_mode
        self.dwt = DWT2D(config.wavelet, config.levels, "symmetric")
        # torch's modules draw from torch's generator as they are made, but not here
        with torch.device("meta"):
            self._make(config)
        redrawn(self.to_empty(device="cpu"), generator)
        self.to(device=device, dtype=dtype)
        self._has_warned = False

    def forward(self, x: Tensor) -> Tensor:
        """Mix the subbands, and add the input.

        Parameters
        ----------
        x
            (batch, channels, height, width), real floating; the transform of half precision is computed in
            float32.

        Returns
        -------
        Tensor
            Of the shape and dtype of ``x``.
        """
        check_tensor("x", x)
        if x.ndim != 4 or x.shape[1] != self.channels or min(x.shape[2:]) < 1:
            raise ShapeError(
                "x",
                allowed=f"of shape (batch, {self.channels}, height, width)",
                got=f"shape {tuple(x.shape)}",
                remedy="The channels are the second axis; add a batch axis with x[None] if it is missing.",
            )
        bank, wide = self.dwt.bank, widened(x)
        parts = wavedec2(wide, bank, level=self._possible_levels(min(x.shape[2:])))
        mixed = (
            self._by_band(parts, x.dtype) if self.mixing_mode == "subband" else self._by_token(parts, x.dtype)
        )
        return (wide + waverec2(mixed, bank, n=x.shape[2:])).to(x.dtype)

    def get_spectral_properties(self) -> dict[str, Any]:
        """Tell what holds: no mixing of images is linear.

        Returns
        -------
        dict
            The keys of `SpectralLayer.get_spectral_properties` for n pixels, and ``multiresolution``
            (True).
        """
        return properties(
            frequency_domain=False,
            complexity="O(n d^2)" if self.mixing_mode == "subband" else "O(n^2 d + n d^2)",
            multiresolution=True,
        )

    def _make(self, config: WaveletMixing2DConfig) -> None:
        if config.mixing_mode == "subband":
            self.ll_mixer = low_network(config.channels)
            self.detail_mixers = nn.ModuleList(detail_network(config.channels) for _ in range(config.levels))
            return
        self.band = nn.Parameter(torch.empty(1 + 3 * config.levels, config.channels))
        if config.mixing_mode == "cross":
            self.cross_mixer = nn.MultiheadAttention(config.channels, config.num_heads, batch_first=True)
        else:
            self.subband_attention = encoder(config.channels, config.num_heads)

    def _by_band(self, parts: Coefficients, dtype: torch.dtype) -> list[Any]:
        low, *details = parts
        assert isinstance(low, Tensor)
        mixed: list[Any] = [widened(self.ll_mixer(low.to(dtype)))]
        for level, three in zip(range(len(details), 0, -1), details, strict=True):
            together = torch.cat(tuple(three), dim=1).to(dtype)
            mixed.append(widened(self.detail_mixers[level - 1](together)).chunk(3, dim=1))
        return mixed

    def _by_token(self, parts: Coefficients, dtype: torch.dtype) -> list[Any]:
        tokens = as_tokens(parts, self.band).to(dtype)
        if self.mixing_mode == "cross":
            return from_tokens(widened(attended_by(tokens, self.cross_mixer)), parts)
        return from_tokens(widened(encoded_by(tokens, self.subband_attention)), parts)

    def _possible_levels(self, n: int) -> int:
        possible = max_levels(n, self.dwt.bank.taps, self.levels)
        if possible < self.levels and not self._has_warned and not torch.compiler.is_compiling():
            self._has_warned = True
            warnings.warn(
                f"Images of {n} pixels allow {possible} of the {self.levels} levels with {self.dwt.wavelet}; "
                "these are used. Choose fewer levels or a shorter wavelet.",
                LaminaWarning,
                stacklevel=3,
            )
        return possible
