r"""What filtering layers have in common: a frequency response, and what it says about the filter.

.. math:: \tau(\omega) = -\frac{d \arg H}{d\omega}
          = \operatorname{Re} \frac{\sum_t t\, h_t\, e^{-i\omega t}}{\sum_t h_t\, e^{-i\omega t}}

Source of the group delay: Smith 2007, Introduction to digital filters, "Numerical computation of group
delay".
"""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, Literal

import torch
from torch import Tensor, nn

from lamina.layers.configuration import Count, FFTNorm, Flag, NonNegative
from lamina.layers.layer import properties
from lamina.layers.mixing.base import MixingConfig, MixingLayer

FilterActivation = Literal["sigmoid", "tanh", "identity"]
"""What a filter's parameters may pass through before they are its response."""

BANDS = 4
"""Bands of `FilterMixingLayer.analyze_frequency_response`, from 0 to the Nyquist frequency."""


class FilterMixingConfig(MixingConfig, frozen=True):
    """Settings that every filtering layer has.

    Examples
    --------
    >>> FilterMixingConfig(hidden_dim=8, sequence_length=16).learnable_filters
    True
    """

    sequence_length: Count
    learnable_filters: Flag = True


class LearnedFilterConfig(FilterMixingConfig, frozen=True):
    """Settings of the filters whose response is an activation of two tables of numbers.

    Examples
    --------
    >>> LearnedFilterConfig(hidden_dim=8, sequence_length=16).activation
    'sigmoid'
    """

    activation: FilterActivation = "sigmoid"
    fft_norm: FFTNorm = "ortho"
    filter_init_std: NonNegative = 0.02


class FilterMixingLayer(MixingLayer):
    r"""Base of the layers that multiply frequencies by a response H.

    Parameters
    ----------
    config
        Checked settings with ``sequence_length`` and ``learnable_filters``, besides those of `MixingLayer`.

    Attributes
    ----------
    sequence_length : int
        Number of frequencies at which the response is given.
    learnable_filters : bool
        Whether the filters are parameters; buffers otherwise.
    norm_eps : float
        Magnitude, relative to the largest of a channel, up to which a frequency counts as silent.
    filter_real, filter_imag : torch.Tensor
        (sequence_length, hidden_dim), the real and imaginary parts of what becomes the response.

    References
    ----------
    Smith 2007, Introduction to digital filters with audio applications, "Numerical computation of group
    delay".

    Examples
    --------
    >>> import torch
    >>> from lamina.layers import GlobalFilterMixing
    >>> layer = GlobalFilterMixing(4, 8, activation="identity", filter_init_std=0.0)
    >>> with torch.no_grad():  # a delay of two samples
    ...     angle = -2 * torch.pi * 2 / 8 * torch.arange(8.0)[:, None]
    ...     _ = layer.filter_real.copy_(angle.cos()), layer.filter_imag.copy_(angle.sin())
    >>> layer.analyze_frequency_response()["group_delay"][:, 0].detach().round(decimals=3)
    tensor([2., 2., 2., 2., 2., 2., 2., 2.])
    """

    filter_real: Tensor
    filter_imag: Tensor

    def __init__(self, config: FilterMixingConfig) -> None:
        super().__init__(config)
        self.sequence_length = config.sequence_length
        self.learnable_filters = config.learnable_filters

    def _hold(
        self, drawn: Tensor, device: torch.device | str | int | None, dtype: torch.dtype | None
    ) -> None:
        """Keep (2, sequence_length, hidden_dim) drawn numbers as parameters, or as buffers."""
        # torch's defaults of both, where none is given
        values = drawn.to(torch.empty((), device=device, dtype=dtype))
        for name, value in zip(("filter_real", "filter_imag"), values, strict=True):
            if self.learnable_filters:
                self.register_parameter(name, nn.Parameter(value.clone()))
            else:
                self.register_buffer(name, value.clone())

    def get_spectral_properties(self) -> dict[str, Any]:
        """Tell what holds of circular filtering: it is linear and commutes with circular shifts.

        Returns
        -------
        dict
            The keys of `SpectralLayer.get_spectral_properties`, with ``sequence_length`` and
            ``learnable_filters``.
        """
        return properties(
            translation_equivariant=True,
            linear=True,
            complexity="O(n d log n)",
            sequence_length=self.sequence_length,
            learnable_filters=self.learnable_filters,
        )

    @abstractmethod
    def get_filter_response(self) -> Tensor:
        """Return the frequency response of the current filters.

        Returns
        -------
        Tensor
            (sequence_length, hidden_dim), complex64 or complex128; row k belongs to k / sequence_length
            cycles per sample.
        """

    def analyze_frequency_response(self) -> dict[str, Tensor]:
        r"""Describe the filters by magnitude, phase, delay and energy.

        The group delay is the derivative of the unwrapped phase, computed exactly from the impulse response,

        .. math:: \tau(\omega) = -\frac{d \arg H}{d\omega}
                  = \operatorname{Re} \frac{\sum_t t\, h_t\, e^{-i\omega t}}{\sum_t h_t\, e^{-i\omega t}},

        rather than from differences of angles, so that it needs no unwrapping. The taps of a circular filter
        stand at -S/2 < t < S/2 (and the one at S/2 at 0, as it is as much ahead as behind); those of a causal
        one at 0 … S - 1.

        Returns
        -------
        dict
            ``magnitude``: (sequence_length, hidden_dim), the absolute value. ``phase``: of the same shape, in
            radians from -π to π. ``group_delay``: of the same shape, in samples, positive where the output
            lags; 0 where the magnitude is at most ``norm_eps`` times the channel's largest, as silence has no
            phase. ``passband_energy``: (4, hidden_dim), :math:`\frac{1}{S} \sum |H|^2` over the absolute
            frequencies [0, ⅛), [⅛, ¼), [¼, ⅜) and [⅜, ½] cycles per sample; together they are the energy of
            the impulse response, which is also the output variance for white input.
        """
        response = self.get_filter_response()
        magnitude = response.abs()
        return {
            "magnitude": magnitude,
            "phase": response.angle(),
            "group_delay": self._group_delay(response),
            "passband_energy": self._band_energies(magnitude),
        }

    def _group_delay(self, response: Tensor) -> Tensor:
        size = self.sequence_length
        time = torch.arange(size, device=response.device)
        if not self.get_spectral_properties()["causal"]:
            time = torch.where(2 * time < size, time, torch.where(2 * time == size, 0, time - size))
        weighted = torch.fft.ifft(response, dim=0) * time.to(response.real.dtype)[:, None]
        numerator = (torch.fft.fft(weighted, dim=0) * torch.complex(response.real, -response.imag)).real
        power = response.abs().square()
        heard = power > self.norm_eps**2 * power.amax(dim=0)
        # the divisor is replaced before the division, so that gradients stay finite too
        return torch.where(heard, numerator / torch.where(heard, power, 1.0), 0.0)

    def _band_energies(self, magnitude: Tensor) -> Tensor:
        size = self.sequence_length
        number = torch.arange(size, device=magnitude.device)
        # |f| * 2 * BANDS, exactly: the Nyquist frequency belongs to the last band
        band = torch.div(2 * BANDS * torch.minimum(number, size - number), size, rounding_mode="floor")
        energies = torch.zeros(BANDS, magnitude.shape[1], dtype=magnitude.dtype, device=magnitude.device)
        return energies.index_add(0, band.clamp(max=BANDS - 1), magnitude.square() / size)


def drawn_normal(config: LearnedFilterConfig, generator: torch.Generator | None) -> Tensor:
    """Draw (2, sequence_length, hidden_dim) normal numbers of ``filter_init_std``, on the CPU."""
    shape = (2, config.sequence_length, config.hidden_dim)
    return config.filter_init_std * torch.randn(shape, generator=generator, device="cpu", dtype=torch.float32)
