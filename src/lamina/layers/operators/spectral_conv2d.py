r"""Spectral convolution over two axes: a matrix for each of the lowest Fourier coefficients.

.. math:: c_{ikl} = \frac{1}{hw} \sum_{a=0}^{h-1} \sum_{b=0}^{w-1} x_{iab}\, e^{-2\pi i\,(ak/h + bl/w)},
          \qquad y_{oab} = \operatorname{Re} \sum_{k} \sum_{l=0}^{m_2-1} s_l\,
          d_{okl}\, e^{2\pi i\,(ak/h + bl/w)}, \qquad d_{okl} = \sum_i W_{iokl}\, c_{ikl}

with k = 0, 1, -1, 2, … (:math:`m_1` of them), :math:`s_0 = 1` and :math:`s_l = 2` otherwise.
Source: Li et al., Fourier neural operator for parametric partial differential equations, ICLR 2021, Eqs. 4
and 5.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import torch
from pydantic import BeforeValidator
from torch import Tensor

from lamina.errors import ShapeError
from lamina.layers.configuration import Count, LayerConfig
from lamina.layers.layer import SpectralLayer, properties
from lamina.layers.operators.initial import complex_normal, placed
from lamina.layers.operators.low_modes import (
    MATRIX_MODES,
    check_modes,
    circle,
    from_low_modes,
    low_modes,
    mixed,
    signed_frequencies,
)
from lamina.transforms.fourier import fft, ifft
from lamina.transforms.precision import check_tensor, full_precision, widened


def _two(value: Any) -> Any:
    if not isinstance(value, list | tuple) or len(value) != 2:
        raise ValueError("must be two whole numbers, one for each axis")
    return tuple(value)


class SpectralConv2dConfig(LayerConfig, frozen=True):
    """Settings of `SpectralConv2d`; the fields are its arguments.

    Examples
    --------
    >>> SpectralConv2dConfig(in_channels=2, out_channels=3, modes=(5, 4)).modes
    (5, 4)
    """

    layer: Literal["SpectralConv2d"] = "SpectralConv2d"
    in_channels: Count
    out_channels: Count
    modes: Annotated[tuple[Count, Count], BeforeValidator(_two)]


class SpectralConv2d(SpectralLayer):
    r"""Mix the channels of the lowest Fourier modes of an image, and drop the others.

    .. math:: y_{o} = F^{-1} \Bigl( \sum_i W_{iokl}\, (F x_i)_{kl} \Bigr)_{|k| \le m_1/2,\ 0 \le l < m_2}

    The rows of the half spectrum have both signs: the ``modes1`` lowest in absolute frequency, in the order
    0, 1, -1, 2, -2, …; an even number leaves the last one, ``modes1``/2, without its negative. Columns are
    0 to ``modes2`` - 1, since those of a real image mirror the others. All modes lie strictly below the
    Nyquist frequencies: h rows of pixels allow h modes if h is odd and h - 1 if it is even; w columns allow
    :math:`\lceil w/2 \rceil`. Weights act on Fourier coefficients, so that a band-limited image that is
    sampled twice as finely gives the same output at the points that both have.

    In column 0, where the coefficients at k and -k of a real image mirror each other, only the Hermitian part
    of the weights does anything, :math:`(W_{k0} + \overline{W_{-k,0}})/2`; they start Hermitian there.

    Up to 32 modes along an axis the coefficients are computed by matrix products, more by FFT.

    Initial output variance: 0.107 for (5, 6) modes and 16 x 32 pixels: modes1·(2·modes2 - 1) / (h·w) for
    white input and odd modes1 (for an even one, 1/2 less before the division).
    Parameters: ``2·modes1·modes2·in_channels·out_channels``.

    Parameters
    ----------
    in_channels, out_channels
        Numbers of channels that come in and go out.
    modes
        How many Fourier modes to keep along height and width, ``(modes1, modes2)``.
    generator
        For the initial weights; None for torch's own.
    device, dtype
        Where the parameters live, and their floating dtype; None for torch's defaults.

    Attributes
    ----------
    modes1, modes2 : int
        As given.
    weights : torch.Tensor
        Complex, (in_channels, out_channels, modes1, modes2): a view of the parameter (a copy in half
        precision).
    weight_pairs : torch.nn.Parameter
        The same as real pairs, (modes1, modes2, in_channels, out_channels, 2).

    Raises
    ------
    lamina.errors.ArgumentError
        When an argument lies outside its limits, ``forward`` gets a tensor of another shape or kind, or an
        image that is too small for the modes.

    References
    ----------
    Li et al. 2021, Fourier neural operator for parametric partial differential equations, ICLR, Eqs. 4 and 5.

    Examples
    --------
    >>> import torch
    >>> layer = SpectralConv2d(3, 8, modes=(5, 3))
    >>> layer(torch.zeros(2, 3, 6, 7)).shape
    torch.Size([2, 8, 6, 7])
    >>> layer.weights.shape
    torch.Size([3, 8, 5, 3])
    """

    Config = SpectralConv2dConfig

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        modes: tuple[int, int],
        *,
        generator: torch.Generator | None = None,
        device: torch.device | str | int | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        config = SpectralConv2dConfig(in_channels=in_channels, out_channels=out_channels, modes=modes)
        super().__init__(config)
        self.in_channels = config.in_channels
        self.out_channels = config.out_channels
        self.modes1, self.modes2 = config.modes
        shape = (self.modes1, self.modes2, self.in_channels, self.out_channels)
        drawn = complex_normal(shape, self.in_channels**-0.5, generator)
        # column 0 as of a real filter: real at (0, 0), conjugate at -k
        drawn[0, 0, ..., 0] *= 2**0.5
        drawn[0, 0, ..., 1] = 0
        pairs = (self.modes1 - 1) // 2
        drawn[2 : 2 * pairs + 1 : 2, 0] = drawn[1 : 2 * pairs : 2, 0] * drawn.new_tensor([1.0, -1.0])
        self.weight_pairs = placed(drawn, device, dtype)

    @property
    def weights(self) -> Tensor:
        """Complex weights, (in_channels, out_channels, modes1, modes2)."""
        return torch.view_as_complex(widened(self.weight_pairs)).permute(2, 3, 0, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Filter a batch of images.

        Parameters
        ----------
        x
            (batch, in_channels, height, width), real floating; half precision is computed in float32.

        Returns
        -------
        Tensor
            (batch, out_channels, height, width), of the dtype of ``x``.
        """
        check_tensor("x", x)
        if x.ndim != 4 or x.shape[1] != self.in_channels or min(x.shape[2:]) < 1:
            raise ShapeError(
                "x",
                allowed=f"of shape (batch, {self.in_channels}, height, width), with pixels",
                got=f"shape {tuple(x.shape)}",
                remedy="Channels come first here; for (batch, h, w, channels) use x.movedim(-1, 1).",
            )
        check_modes(self.modes1, x, 2, signs=2)
        check_modes(self.modes2, x, 3)
        batch, channels, height, width = x.shape
        pairs = widened(self.weight_pairs).flatten(0, 1)
        kept = x.to(torch.promote_types(x.dtype, pairs.dtype))
        along = low_modes(kept.reshape(batch, channels * height, width), self.modes2)
        along = along.reshape(batch, channels, height, self.modes2, 2).transpose(2, 3)
        coefficients = _rows(along, self.modes1)
        # (batch, channels, modes2, modes1, 2)
        flat = coefficients.transpose(2, 3).reshape(batch, channels, self.modes1 * self.modes2, 2)
        filtered = mixed(flat, pairs.to(flat.dtype))
        filtered = filtered.reshape(batch, self.out_channels, self.modes1, self.modes2, 2).transpose(2, 3)
        down = _from_rows(filtered, height).transpose(2, 3)
        flat = down.reshape(batch, self.out_channels * height, self.modes2, 2)
        return from_low_modes(flat, width).reshape(batch, self.out_channels, height, width).to(x.dtype)

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
            complexity="O(h w d (m₁ + m₂) + m₁ m₂ d²) up to 32 modes, else O(h w d log(h w) + m₁ m₂ d²)",
            modes=(self.modes1, self.modes2),
        )


def _rows(x: Tensor, modes: int) -> Tensor:
    """Coefficients of complex signals (…, n, 2) at frequencies of both signs: (…, modes, 2)."""
    n = x.shape[-2]
    frequencies = signed_frequencies(modes, x)
    if modes > MATRIX_MODES:
        spectrum = fft(torch.view_as_complex(x.contiguous()), norm="forward")
        return torch.view_as_real(spectrum.index_select(-1, frequencies % n))
    cosine, sine = (part[0] / n for part in circle(n, frequencies, n, x))
    return _turned(x, cosine, -sine)


def _from_rows(y: Tensor, n: int) -> Tensor:
    """Complex signals (…, n, 2) that have these coefficients (…, modes, 2)."""
    modes = y.shape[-2]
    frequencies = signed_frequencies(modes, y)
    if modes > MATRIX_MODES:
        found = torch.view_as_complex(y.contiguous())
        spectrum = found.new_zeros((*y.shape[:-2], n)).index_copy(-1, frequencies % n, found)
        return torch.view_as_real(ifft(spectrum, norm="forward"))
    cosine, sine = (part[0].mT for part in circle(n, frequencies, n, y))
    return _turned(y, cosine, sine)


def _turned(x: Tensor, cosine: Tensor, sine: Tensor) -> Tensor:
    """Product of complex rows (…, a, 2) and the complex matrix cosine + i sine (a, b), as real pairs."""
    before, after = cosine.shape
    real = torch.stack([cosine, sine], dim=-1)
    imaginary = torch.stack([-sine, cosine], dim=-1)
    matrix = torch.stack([real, imaginary], dim=1).reshape(2 * before, 2 * after)
    with full_precision(x):
        product = x.reshape(-1, 2 * before) @ matrix
    return product.reshape(*x.shape[:-2], after, 2)
