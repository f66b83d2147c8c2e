r"""Fourier mixing from half the spectrum, which is all that a real input has.

.. math:: \operatorname{Re} Y_{k,\,d-l} = \operatorname{Re} Y_{n-k,\,l}, \qquad
          Y = F_{\mathrm{seq}}\, X\, F_{\mathrm{hid}}

Source: Lee-Thorp, Ainslie, Eckstein and Ontañón, FNet, NAACL 2022, Eq. 3; the symmetry is that of any real
array's transform.
"""

from __future__ import annotations

from typing import Any, Literal

import torch
from torch import Tensor

from lamina.layers.configuration import FFTNorm, Flag
from lamina.layers.layer import check_sequence, properties
from lamina.layers.masking import gathered, prefix_lengths
from lamina.layers.mixing.base import UnitaryMixingConfig, UnitaryMixingLayer
from lamina.layers.mixing.fourier import real_part
from lamina.transforms.fourier import RFFT, RFFT2D, fft, fft2
from lamina.transforms.prefix import prefix_fft


class RealFourierMixingConfig(UnitaryMixingConfig, frozen=True):
    """Settings of `RealFourierMixing`; the fields are its arguments.

    Examples
    --------
    >>> RealFourierMixingConfig(hidden_dim=8).use_real_fft
    True
    """

    layer: Literal["RealFourierMixing"] = "RealFourierMixing"
    use_real_fft: Flag = True
    fft_norm: FFTNorm = "ortho"


class RealFourierMixing(UnitaryMixingLayer):
    r"""`FourierMixing` by transforms of real numbers: the same output for half the work.

    .. math:: y_{kl} = \operatorname{Re} \frac{1}{\sqrt{nd}} \sum_{j=0}^{n-1} \sum_{m=0}^{d-1}
              x_{jm}\, e^{-2\pi i\,(jk/n + ml/d)}

    Only the features' frequencies up to the Nyquist frequency are computed; the others are their mirror
    images.

    Initial output variance: 0.5 (a little more: the few frequencies that are their own mirror image have 1).
    Parameters: none.

    Parameters
    ----------
    hidden_dim
        Size d of the last axis.
    use_real_fft
        False goes by the complex transform, as `FourierMixing` does.
    dropout
        Probability in [0, 1) with which outputs are dropped in training.
    norm_eps
        Smallest norm that `verify_energy_preservation` compares with.
    energy_tolerance
        Relative tolerance of `verify_energy_preservation` and `verify_orthogonality`.
    fft_norm
        "ortho", "backward" (no factor) or "forward" (:math:`1/nd`).

    Attributes
    ----------
    use_real_fft : bool
        As given.
    rfft : lamina.transforms.RFFT
        The real transform of the features, with which padded samples begin.
    rfft2d : lamina.transforms.RFFT2D
        The real transform over the last two axes.

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
    >>> from lamina.layers import FourierMixing
    >>> x = torch.randn(2, 5, 6, generator=torch.Generator().manual_seed(0))
    >>> torch.allclose(RealFourierMixing(hidden_dim=6)(x), FourierMixing(hidden_dim=6)(x), atol=1e-6)
    True
    """

    Config = RealFourierMixingConfig
    parameter_free = True

    def __init__(
        self,
        hidden_dim: int,
        use_real_fft: bool = True,
        dropout: float = 0.0,
        norm_eps: float = 1e-5,
        energy_tolerance: float = 1e-4,
        fft_norm: FFTNorm = "ortho",
    ) -> None:
        config = RealFourierMixingConfig(
            hidden_dim=hidden_dim,
            use_real_fft=use_real_fft,
            dropout=dropout,
            norm_eps=norm_eps,
            energy_tolerance=energy_tolerance,
            fft_norm=fft_norm,
        )
        super().__init__(config)
        self.use_real_fft = config.use_real_fft
        self.fft_norm = config.fft_norm
        self.rfft = RFFT(dim=-1, norm=config.fft_norm)
        self.rfft2d = RFFT2D(norm=config.fft_norm)

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
            Of the shape and dtype of ``x``.
        """
        check_sequence(x, self.hidden_dim)
        lengths = prefix_lengths(key_padding_mask, x)
        if self.use_real_fft:
            mixed = self._by_halves(x, lengths).to(x.dtype)
        else:
            mixed = real_part(self._by_wholes(x, lengths), x.dtype)
        return self.dropout(mixed)

    def _by_halves(self, x: Tensor, lengths: Tensor | None) -> Tensor:
        # frequencies of the features that are the mirror images of others
        count = (self.hidden_dim - 1) // 2
        if lengths is None:
            half = self.rfft2d(x).real
            others = half[..., 1 : count + 1].flip(1, 2).roll(1, 1)
        else:
            half = prefix_fft(self.rfft(x), lengths, norm=self.fft_norm).real
            length = lengths[:, None]
            number = torch.arange(x.shape[1], device=x.device)
            # beyond a sample all is zero and may stay where it is
            place = torch.remainder(length - number, length.clamp(min=1))
            mirror = torch.where(number < length, place, number)
            others = gathered(half[..., 1 : count + 1].flip(2), mirror)
        return torch.cat([half, others], dim=2)

    def _by_wholes(self, x: Tensor, lengths: Tensor | None) -> Tensor:
        if lengths is None:
            return fft2(x, norm=self.fft_norm)
        return prefix_fft(fft(x, dim=2, norm=self.fft_norm), lengths, norm=self.fft_norm)

    def get_spectral_properties(self) -> dict[str, Any]:
        """Tell what holds: it is linear; without the imaginary part it is not unitary.

        Returns
        -------
        dict
            The keys of `SpectralLayer.get_spectral_properties`.
        """
        return properties(linear=True, complexity="O(n d (log n + log d))")
