r"""Spectral convolution along one axis: a matrix for each of the lowest Fourier coefficients.

.. math:: c_{ik} = \frac{1}{n} \sum_{j=0}^{n-1} x_{ij}\, e^{-2\pi i\,jk/n}, \qquad
          y_{oj} = \operatorname{Re} \Bigl( d_{o0} + 2 \sum_{k=1}^{m-1} d_{ok}\, e^{2\pi i\,jk/n} \Bigr),
          \qquad d_{ok} = \sum_i W_{iok}\, c_{ik}

Source: Li, Kovachki, Azizzadenesheli, Liu, Bhattacharya, Stuart and Anandkumar, Fourier neural operator for
parametric partial differential equations, ICLR 2021, Eqs. 4 and 5.
"""

from __future__ import annotations

from typing import Any, Literal

import torch
from torch import Tensor

from lamina.errors import ShapeError
from lamina.layers.configuration import Count, LayerConfig
from lamina.layers.layer import SpectralLayer, properties
from lamina.layers.masking import prefix_lengths
from lamina.layers.operators.initial import complex_normal, placed
from lamina.layers.operators.low_modes import (
    check_lengths,
    check_modes,
    from_low_modes,
    low_modes,
    mixed,
)
from lamina.transforms.precision import check_tensor, widened
from lamina.transforms.prefix import within


class SpectralConv1dConfig(LayerConfig, frozen=True):
    """Settings of `SpectralConv1d`; the fields are its arguments.

    Examples
    --------
    >>> SpectralConv1dConfig(in_channels=2, out_channels=3, modes=4).modes
    4
    """

    layer: Literal["SpectralConv1d"] = "SpectralConv1d"
    in_channels: Count
    out_channels: Count
    modes: Count


class SpectralConv1d(SpectralLayer):
    r"""Mix the channels of the lowest Fourier modes, and drop the others.

    .. math:: y_{o} = F^{-1} \Bigl( \sum_i W_{iok}\, (F x_i)_k \Bigr)_{k < m}

    The weights act on Fourier coefficients, not on samples: a band-limited function that is sampled twice as
    finely gives the same output at the points that both have.

    The modes are 0 to m - 1, and all lie below the Nyquist frequency n/2: n points allow
    :math:`\lceil n/2 \rceil` modes. The one at n/2 itself, which an even n has, is left out, since its phase
    cannot be told from n samples. At frequency 0, where a real signal has a real coefficient, the imaginary
    part of the weight does nothing; it starts, and stays, as zero.

    Up to 32 modes the coefficients are computed by a matrix product, O(n m), more by FFT.

    Initial output variance: 0.48 for 16 modes and 64 points: (2·modes - 1) / n for white input, the share of
    the dimensions that are kept.
    Parameters: ``2·modes·in_channels·out_channels``.

    Parameters
    ----------
    in_channels, out_channels
        Numbers of channels that come in and go out.
    modes
        How many Fourier modes m to keep: frequencies 0 to m - 1.
    generator
        For the initial weights; None for torch's own.
    device, dtype
        Where the parameters live, and their floating dtype; None for torch's defaults.

    Attributes
    ----------
    weights : torch.Tensor
        Complex, (in_channels, out_channels, modes): a view of the parameter (a copy in half precision).
    weight_pairs : torch.nn.Parameter
        The same as real pairs, (modes, in_channels, out_channels, 2): the order in which they are multiplied.

    Raises
    ------
    lamina.errors.ArgumentError
        When an argument lies outside its limits, ``forward`` gets a tensor of another shape or kind, or one
        with fewer than 2·modes - 1 points.

    References
    ----------
    Li et al. 2021, Fourier neural operator for parametric partial differential equations, ICLR, Eqs. 4 and 5.

    Examples
    --------
    >>> import torch
    >>> layer = SpectralConv1d(1, 1, modes=3)
    >>> with torch.no_grad():
    ...     _ = layer.weights.copy_(torch.tensor([1.0, -1.0j, 0.0]))  # keep the mean, delay by a quarter
    >>> angle = torch.arange(8) * torch.pi / 4
    >>> y = layer((2 + angle.cos())[None, None])
    >>> torch.allclose(y[0, 0], 2 + angle.sin(), atol=1e-6)
    True
    """

    Config = SpectralConv1dConfig

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        modes: int,
        *,
        generator: torch.Generator | None = None,
        device: torch.device | str | int | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        config = SpectralConv1dConfig(in_channels=in_channels, out_channels=out_channels, modes=modes)
        super().__init__(config)
        self.in_channels = config.in_channels
        self.out_channels = config.out_channels
        self.modes = config.modes
        shape = (self.modes, self.in_channels, self.out_channels)
        drawn = complex_normal(shape, self.in_channels**-0.5, generator)
        # real at frequency 0, of the same mean square
        drawn[0, ..., 0] *= 2**0.5
        drawn[0, ..., 1] = 0
        self.weight_pairs = placed(drawn, device, dtype)

    @property
    def weights(self) -> Tensor:
        """Complex weights, (in_channels, out_channels, modes)."""
        return torch.view_as_complex(widened(self.weight_pairs)).permute(1, 2, 0)

    def forward(self, x: Tensor, *, key_padding_mask: Tensor | None = None) -> Tensor:
        """Filter a batch of signals.

        Parameters
        ----------
        x
            (batch, in_channels, n), real floating; half precision is computed in float32.
        key_padding_mask
            (batch, n), True where there is padding, on the right only: each sample is transformed over its
            own valid prefix, and padded outputs are zero.

        Returns
        -------
        Tensor
            (batch, out_channels, n), of the dtype of ``x``.
        """
        check_tensor("x", x)
        if x.ndim != 3 or x.shape[1] != self.in_channels or x.shape[2] < 1:
            raise ShapeError(
                "x",
                allowed=f"of shape (batch, {self.in_channels}, n) with n of at least 1",
                got=f"shape {tuple(x.shape)}",
                remedy="Channels come first here; for (batch, n, channels) use x.transpose(1, 2).",
            )
        n = x.shape[2]
        check_modes(self.modes, x, 2)
        lengths = prefix_lengths(key_padding_mask, x.transpose(1, 2))
        kept = x
        if lengths is not None:
            check_lengths(self.modes, lengths)
            # where, not a product: padding may be NaN
            kept = torch.where(
                within(lengths, n)[:, None], x, torch.zeros((), dtype=x.dtype, device=x.device)
            )
        pairs = widened(self.weight_pairs)
        coefficients = low_modes(kept.to(torch.promote_types(kept.dtype, pairs.dtype)), self.modes, lengths)
        return from_low_modes(mixed(coefficients, pairs.to(coefficients.dtype)), n, lengths).to(x.dtype)

    def get_spectral_properties(self) -> dict[str, Any]:
        """Tell what holds: a convolution is linear and moves with its input.

        Returns
        -------
        dict
            The keys of `SpectralLayer.get_spectral_properties`, and ``modes``.
        """
        return properties(
            linear=True,
            translation_equivariant=True,
            complexity="O(n d m + m d²) up to 32 modes, else O(n d log n + m d²)",
            modes=self.modes,
        )
