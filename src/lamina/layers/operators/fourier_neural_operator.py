r"""One layer of a Fourier neural operator: a spectral convolution beside a linear map of each point.

.. math:: v(x) = \sigma\bigl( (K u)(x) + A\, u(x) + b \bigr)

with the spectral convolution K of `lamina.layers.SpectralConv1d` or `lamina.layers.SpectralConv2d`. Source:
Li et al., Fourier neural operator for parametric partial differential equations, ICLR 2021, Eq. 2.
"""

from __future__ import annotations

import operator
from typing import Annotated, Any, Literal, Self

import torch
from pydantic import BeforeValidator, model_validator
from torch import Tensor

from lamina.errors import ArgumentError, ArgumentTypeError, ShapeError, StateError
from lamina.layers.activations import Activation
from lamina.layers.activations import activation as activation_module
from lamina.layers.attention.base import cleared
from lamina.layers.configuration import Count, Flag, LayerConfig
from lamina.layers.layer import SpectralLayer, check_position, check_sequence, properties
from lamina.layers.masking import prefix_lengths
from lamina.layers.operators.initial import pointwise_convolution
from lamina.layers.operators.spectral_conv import SpectralConv1d
from lamina.layers.operators.spectral_conv2d import SpectralConv2d
from lamina.transforms.precision import check_tensor
from lamina.transforms.prefix import within


def _modes(value: Any) -> Any:
    parts = value if isinstance(value, list | tuple) else (value,)
    try:
        if any("bool" in type(part).__name__ for part in parts):
            raise TypeError
        numbers = [operator.index(part) for part in parts]
    except TypeError:
        numbers = []
    if len(numbers) not in (1, 2) or min(numbers) < 1 or max(numbers) >= 2**31:
        raise ValueError("must be a whole number of at least 1, or a tuple of one or two of them")
    return tuple(numbers) if isinstance(value, list | tuple) else numbers[0]


Modes = Annotated[int | tuple[int, ...], BeforeValidator(_modes)]
"""Modes along a sequence (a number, or a tuple of one), or along both axes of an image (a tuple of two)."""


class FourierNeuralOperatorConfig(LayerConfig, frozen=True):
    """Settings of `FourierNeuralOperator`; the fields are its arguments.

    Examples
    --------
    >>> FourierNeuralOperatorConfig(hidden_dim=8).modes
    16
    """

    layer: Literal["FourierNeuralOperator"] = "FourierNeuralOperator"
    hidden_dim: Count
    modes: Modes = 16
    activation: Activation = "gelu"
    use_spectral_conv: Flag = True
    use_linear: Flag = True

    @model_validator(mode="after")
    def _does_something(self) -> Self:
        if not (self.use_spectral_conv or self.use_linear):
            raise ArgumentError(
                "use_spectral_conv",
                allowed="True, or use_linear",
                got="False for both",
                remedy="Nothing would be left of the layer; switch on at least one.",
            )
        return self


class FourierNeuralOperator(SpectralLayer):
    r"""Fourier layer: a spectral convolution plus a linear map of each point, through an activation.

    .. math:: v(x) = \sigma\bigl( (K u)(x) + A\, u(x) + b \bigr)

    It maps functions to functions: but for what the activation adds beyond the Nyquist frequency, the output
    at a point does not depend on how finely the input is sampled.

    Initial output variance: 0.28 for 16 modes, 64 points and gelu.
    Parameters: ``2·modes·hidden_dim²`` for the convolution (the product of both numbers of modes for images)
    and ``hidden_dim² + hidden_dim`` for the linear map.

    Parameters
    ----------
    hidden_dim
        Number of channels, the size of the last axis.
    modes
        How many Fourier modes to keep: a number for sequences, a tuple of two for images. At least
        2·modes - 1 points are needed (see `lamina.layers.SpectralConv1d` and `lamina.layers.SpectralConv2d`).
    activation
        "gelu", "relu", "silu", "tanh", "sigmoid" or "identity".
    use_spectral_conv, use_linear
        Which of the two terms there are; at least one.
    generator
        For the initial weights; None for torch's own.
    device, dtype
        Where the parameters live, and their floating dtype; None for torch's defaults.

    Attributes
    ----------
    spectral_conv : SpectralConv1d, SpectralConv2d or None
        The convolution.
    linear : torch.nn.Conv1d, torch.nn.Conv2d or None
        The linear map, as a convolution of kernel size 1.
    activation : torch.nn.Module
        The activation function.

    Raises
    ------
    lamina.errors.ArgumentError
        When an argument lies outside its limits, both terms are switched off, or ``forward`` gets a tensor of
        another shape or kind, or one with too few points for the modes.

    References
    ----------
    Li et al. 2021, Fourier neural operator for parametric partial differential equations, ICLR, Eq. 2.

    Examples
    --------
    >>> import torch
    >>> layer = FourierNeuralOperator(hidden_dim=8, modes=4)
    >>> layer(torch.zeros(2, 10, 8)).shape
    torch.Size([2, 10, 8])
    >>> FourierNeuralOperator(hidden_dim=8, modes=(3, 4))(torch.zeros(2, 5, 10, 8)).shape
    torch.Size([2, 5, 10, 8])
    """

    Config = FourierNeuralOperatorConfig

    def __init__(
        self,
        hidden_dim: int,
        modes: int | tuple[int, ...] = 16,
        activation: Activation = "gelu",
        use_spectral_conv: bool = True,
        use_linear: bool = True,
        *,
        generator: torch.Generator | None = None,
        device: torch.device | str | int | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        config = FourierNeuralOperatorConfig(
            hidden_dim=hidden_dim,
            modes=modes,
            activation=activation,
            use_spectral_conv=use_spectral_conv,
            use_linear=use_linear,
        )
        super().__init__(config)
        self.hidden_dim = config.hidden_dim
        self.modes = config.modes
        counts = list(config.modes) if isinstance(config.modes, tuple) else [config.modes]
        self.axes = len(counts)
        self.spectral_conv: SpectralConv1d | SpectralConv2d | None = None
        if config.use_spectral_conv and self.axes == 1:
            self.spectral_conv = SpectralConv1d(
                hidden_dim, hidden_dim, counts[0], generator=generator, device=device, dtype=dtype
            )
        elif config.use_spectral_conv:
            self.spectral_conv = SpectralConv2d(
                hidden_dim,
                hidden_dim,
                (counts[0], counts[1]),
                generator=generator,
                device=device,
                dtype=dtype,
            )
        self.linear = None
        if config.use_linear:
            self.linear = pointwise_convolution(
                hidden_dim, self.axes, generator=generator, device=device, dtype=dtype
            )
        self.activation = activation_module(config.activation)

    def forward(self, x: Tensor, *, key_padding_mask: Tensor | None = None) -> Tensor:
        """Apply the layer to a batch of functions.

        Parameters
        ----------
        x
            (batch, n, hidden), or (batch, height, width, hidden) for a tuple of two modes; real floating.
        key_padding_mask
            (batch, n), True where there is padding, on the right only: each sample is transformed over its
            own valid prefix, and padded outputs are zero. For sequences only.

        Returns
        -------
        Tensor
            Of the shape and dtype of ``x``.
        """
        check_functions(x, self.hidden_dim, self.axes, key_padding_mask)
        lengths = None if key_padding_mask is None else prefix_lengths(key_padding_mask, x)
        valid = None if lengths is None else within(lengths, x.shape[1])
        kept = cleared(x, valid).movedim(-1, 1)
        terms: list[Tensor] = []
        if isinstance(self.spectral_conv, SpectralConv1d):
            terms.append(self.spectral_conv(kept, key_padding_mask=key_padding_mask))
        elif self.spectral_conv is not None:
            terms.append(self.spectral_conv(kept))
        if self.linear is not None:
            terms.append(self.linear(kept))
        summed = terms[0] if len(terms) == 1 else terms[0] + terms[1]
        return cleared(self.activation(summed).to(x.dtype).movedim(1, -1).contiguous(), valid)

    def step(self, x_t: Tensor, state: tuple[()] | None = None) -> tuple[Tensor, tuple[()]]:
        """Apply the linear map alone to one more position; with a spectral convolution there is no such step.

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
            When there is a spectral convolution, or the layer is one for images.
        lamina.errors.ArgumentError
            When ``x_t`` has another shape or kind.
        """
        if not self._each_alone():
            raise StateError(
                "A spectral convolution needs all points; to step, build the layer with "
                "use_spectral_conv=False and one number of modes."
            )
        check_position("x_t", x_t, self.hidden_dim)
        return self(x_t[:, None])[:, 0], ()

    def _each_alone(self) -> bool:
        """Whether no position of a sequence has influence on another."""
        return self.spectral_conv is None and self.axes == 1

    def _complexity(self) -> str:
        points = "n" if self.axes == 1 else "h w"
        if self.spectral_conv is None:
            return f"O({points} d²)"
        if self.linear is None:
            return self.spectral_conv.get_spectral_properties()["complexity"]
        few, many, modes = ("m", "log n", "m") if self.axes == 1 else ("(m₁ + m₂)", "log(h w)", "m₁ m₂")
        rest = f"{modes} d² + {points} d²"
        return f"O({points} d {few} + {rest}) up to 32 modes, else O({points} d {many} + {rest})"

    def get_spectral_properties(self) -> dict[str, Any]:
        """Tell what holds: it moves with its input; it is linear only as a bare convolution.

        Returns
        -------
        dict
            The keys of `SpectralLayer.get_spectral_properties`, and ``modes``.
        """
        return properties(
            # the linear map has a bias
            linear=self.linear is None and isinstance(self.activation, torch.nn.Identity),
            translation_equivariant=True,
            causal=self._each_alone(),
            frequency_domain=self.spectral_conv is not None,
            complexity=self._complexity(),
            modes=self.modes,
        )


def check_functions(x: Any, hidden_dim: int, axes: int, key_padding_mask: Any) -> None:
    """Refuse what is no batch of sampled functions with one or two axes."""
    if axes == 1:
        check_sequence(x, hidden_dim)
        return
    check_tensor("x", x)
    if x.ndim != 4 or x.shape[3] != hidden_dim or min(x.shape[1:3]) < 1:
        raise ShapeError(
            "x",
            allowed=f"of shape (batch, height, width, {hidden_dim}), with pixels",
            got=f"shape {tuple(x.shape)}",
            remedy="The hidden size is the last axis; a single number of modes makes a layer for sequences.",
        )
    if key_padding_mask is not None:
        raise ArgumentTypeError(
            "key_padding_mask",
            allowed="None for images",
            got=f"a {type(key_padding_mask).__name__}",
            remedy="Only sequences can be padded; give images of one size in one batch.",
        )
