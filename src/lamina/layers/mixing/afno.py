r"""Adaptive Fourier mixing: a network on the low Fourier modes of sequence and features.

.. math:: Z = W \odot (F_{\mathrm{seq}}\, X\, F_{\mathrm{hid}})_{\text{kept}}, \qquad
          [\operatorname{Re} U, \operatorname{Im} U]_k = S_\lambda\bigl(
          \mathrm{MLP}([\operatorname{Re} Z, \operatorname{Im} Z]_k)\bigr), \qquad
          Y = X + F_{\mathrm{seq}}^{-1}\, U\, F_{\mathrm{hid}}^{-1}

with unitary Fourier transforms, a complex weight W for each kept mode, one MLP for all sequence modes k, and
the soft-shrinkage :math:`S_\lambda(u) = \operatorname{sign}(u) \max(|u| - \lambda, 0)`.
Source: Guibas, Mardani, Li, Tao, Anandkumar and Catanzaro, Adaptive Fourier neural operators, ICLR 2022,
Section 4 (there the MLP is complex and block-diagonal, and the transform is over two axes of an image).
"""

from __future__ import annotations

from typing import Any, Literal

import torch
from torch import Tensor, nn

from lamina.errors import ArgumentError, ShapeError
from lamina.layers.activations import Activation
from lamina.layers.activations import activation as activation_module
from lamina.layers.attention.base import cleared, uniform_linear
from lamina.layers.configuration import Count, LayerConfig, NonNegative, Positive, Probability
from lamina.layers.layer import check_sequence, properties
from lamina.layers.masking import prefix_lengths
from lamina.layers.mixing.afno_modes import low_spectrum, signal_of
from lamina.layers.mixing.base import MixingLayer
from lamina.layers.operators.initial import complex_normal, placed
from lamina.transforms.precision import widened
from lamina.transforms.prefix import within


class AFNOMixingConfig(LayerConfig, frozen=True):
    """Settings of `AFNOMixing`; the fields are its arguments.

    Examples
    --------
    >>> AFNOMixingConfig(hidden_dim=8, max_sequence_length=16).kept_modes()
    (8, 4)
    """

    layer: Literal["AFNOMixing"] = "AFNOMixing"
    hidden_dim: Count
    max_sequence_length: Count
    modes_seq: Count | None = None
    modes_hidden: Count | None = None
    mlp_ratio: Positive = 2.0
    activation: Activation = "gelu"
    dropout: Probability = 0.0
    sparsity_threshold: NonNegative = 0.01
    norm_eps: Positive = 1e-5

    def model_post_init(self, context: Any, /) -> None:
        """Check that there are as many modes as are asked for."""
        for name, asked, most in (
            ("modes_seq", self.modes_seq, self.max_sequence_length),
            ("modes_hidden", self.modes_hidden, self.hidden_dim // 2 + 1),
        ):
            if asked is not None and asked > most:
                size = "max_sequence_length" if name == "modes_seq" else "hidden_dim // 2 + 1"
                raise ArgumentError(
                    name,
                    allowed=f"at most {size} = {most}",
                    got=str(asked),
                    remedy="There are no more modes.",
                )

    def kept_modes(self) -> tuple[int, int]:
        """Numbers of modes along sequence and features, defaults filled in."""
        return (
            max(1, self.max_sequence_length // 2) if self.modes_seq is None else self.modes_seq,
            max(1, self.hidden_dim // 2) if self.modes_hidden is None else self.modes_hidden,
        )


class AFNOMixing(MixingLayer):
    r"""Mix tokens and features by a small network on their low Fourier modes, and add the input.

    .. math:: Y = X + F_{\mathrm{seq}}^{-1}\, S_\lambda\bigl(\mathrm{MLP}(W \odot
              (F_{\mathrm{seq}}\, X\, F_{\mathrm{hid}})_{\text{kept}})\bigr)\, F_{\mathrm{hid}}^{-1}

    Kept are the ``modes_seq`` frequencies of the sequence that are lowest in absolute value, in the order
    0, 1, -1, 2, -2, …, and the ``modes_hidden`` lowest of the half spectrum of the features. An even number
    of sequence modes ends with +modes_seq/2, without its negative. So a sequence of n < ``modes_seq`` tokens
    has exactly the first n of them; it uses those, and the others are dropped. A mode is known by its number
    of periods per sequence, whatever the sequence's length.

    The MLP acts on the real and imaginary parts of the kept features of one sequence mode, and is the same
    for all of them. Soft-shrinkage by :math:`\lambda` sets what stays small to zero. The input is added
    inside the layer.

    Initial output variance: 1.02 for modes_seq = 32 and modes_hidden = 16: the input's 1, and the MLP's.
    Parameters: ``2·modes_seq·modes_hidden + (4·modes_hidden + 1)·w + 2·modes_hidden`` with
    w = round(mlp_ratio·2·modes_hidden); 2 558 208 at hidden_dim = 768 and max_sequence_length = 512.

    Parameters
    ----------
    hidden_dim
        Size d of the last axis.
    max_sequence_length
        Longest sequence that is taken.
    modes_seq
        How many frequencies of the sequence are kept, at most ``max_sequence_length``; None for half of it.
    modes_hidden
        How many frequencies of the features are kept, at most d // 2 + 1; None for d // 2.
    mlp_ratio
        Inner size of the MLP, as a multiple of its input's 2·modes_hidden (at least 1).
    activation
        Of the MLP: "gelu", "relu", "silu", "tanh", "sigmoid" or "identity".
    dropout
        Probability in [0, 1) with which inner values of the MLP are dropped in training.
    sparsity_threshold
        :math:`\lambda` of the soft-shrinkage; 0 for none.
    norm_eps
        As in `MixingLayer`; the layer itself divides by nothing.
    generator
        For the initial weights; None for torch's own.
    device, dtype
        Where the parameters live, and their floating dtype; None for torch's defaults.

    Attributes
    ----------
    modes_seq, modes_hidden : int
        Numbers of kept modes.
    fourier_weight : torch.Tensor
        Complex, (modes_seq, modes_hidden): a view of the parameter (a copy in half precision).
    fourier_weight_pairs : torch.nn.Parameter
        The same as real pairs, (modes_seq, modes_hidden, 2).
    mlp : torch.nn.Sequential
        The network, from and to 2·modes_hidden real numbers.

    Raises
    ------
    lamina.errors.ArgumentError
        When an argument lies outside its limits, or ``forward`` gets a tensor of another shape or kind, or a
        sequence longer than ``max_sequence_length``.

    References
    ----------
    Guibas et al. 2022, Adaptive Fourier neural operators: efficient token mixers for transformers, ICLR.

    Examples
    --------
    >>> import torch
    >>> layer = AFNOMixing(hidden_dim=8, max_sequence_length=16, modes_seq=5)
    >>> layer(torch.zeros(2, 12, 8)).shape
    torch.Size([2, 12, 8])
    >>> layer.fourier_weight.shape
    torch.Size([5, 4])
    """

    Config = AFNOMixingConfig
    adds_input = True

    def __init__(
        self,
        hidden_dim: int,
        max_sequence_length: int,
        modes_seq: int | None = None,
        modes_hidden: int | None = None,
        mlp_ratio: float = 2.0,
        activation: Activation = "gelu",
        dropout: float = 0.0,
        *,
        sparsity_threshold: float = 0.01,
        norm_eps: float = 1e-5,
        generator: torch.Generator | None = None,
        device: torch.device | str | int | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        config = AFNOMixingConfig(
            hidden_dim=hidden_dim,
            max_sequence_length=max_sequence_length,
            modes_seq=modes_seq,
            modes_hidden=modes_hidden,
            mlp_ratio=mlp_ratio,
            activation=activation,
            dropout=dropout,
            sparsity_threshold=sparsity_threshold,
            norm_eps=norm_eps,
        )
        # the settings have the document's order, which a subclass of MixingConfig could not have
        super().__init__(config)  # pyright: ignore[reportArgumentType]
        self.max_sequence_length = config.max_sequence_length
        self.modes_seq, self.modes_hidden = config.kept_modes()
        self.mlp_ratio = config.mlp_ratio
        self.sparsity_threshold = config.sparsity_threshold
        drawn = complex_normal((self.modes_seq, self.modes_hidden), 1.0, generator)
        self.fourier_weight_pairs = placed(drawn, device, dtype)
        size = 2 * self.modes_hidden
        width = max(1, round(config.mlp_ratio * size))
        self.mlp = nn.Sequential(
            uniform_linear(size, width, generator=generator, device=device, dtype=dtype),
            activation_module(config.activation),
            self.dropout,
            uniform_linear(width, size, generator=generator, device=device, dtype=dtype),
        )

    @property
    def fourier_weight(self) -> Tensor:
        """Complex weights, (modes_seq, modes_hidden), sequence modes in the order 0, 1, -1, 2, -2, …."""
        return torch.view_as_complex(widened(self.fourier_weight_pairs))

    def forward(self, x: Tensor, *, key_padding_mask: Tensor | None = None) -> Tensor:
        """Mix tokens and features.

        Parameters
        ----------
        x
            (batch, sequence, hidden), real floating, at most ``max_sequence_length`` tokens; transforms of
            half precision are computed in float32.
        key_padding_mask
            (batch, sequence), True where there is padding, on the right only: each sample is transformed over
            its own valid prefix, and padded outputs are zero.

        Returns
        -------
        Tensor
            Of the shape and dtype of ``x``.
        """
        check_sequence(x, self.hidden_dim)
        n = x.shape[1]
        if n > self.max_sequence_length:
            raise ShapeError(
                "x",
                allowed=f"at most max_sequence_length = {self.max_sequence_length} tokens long",
                got=f"{n} tokens",
                remedy="Build the layer for longer sequences, or cut this one.",
            )
        lengths = prefix_lengths(key_padding_mask, x)
        valid = None if lengths is None else within(lengths, n)
        kept = cleared(x, valid)
        spectrum = low_spectrum(
            kept.to(torch.promote_types(widened(x).dtype, widened(self.fourier_weight_pairs).dtype)),
            self.modes_seq,
            self.modes_hidden,
            lengths,
        )
        filtered = spectrum * self.fourier_weight[: spectrum.shape[1]]
        parts = torch.cat([filtered.real, filtered.imag], dim=-1)
        mixed = self.mlp(parts.to(self.fourier_weight_pairs.dtype)).to(parts.dtype)
        mixed = nn.functional.softshrink(mixed, self.sparsity_threshold)
        shaped = torch.complex(mixed[..., : self.modes_hidden], mixed[..., self.modes_hidden :])
        return cleared((kept + signal_of(shaped, n, self.hidden_dim, lengths)).to(x.dtype), valid)

    def get_spectral_properties(self) -> dict[str, Any]:
        """Tell what holds: nothing but a real output, whatever the weights are.

        Returns
        -------
        dict
            The keys of `SpectralLayer.get_spectral_properties`, ``modes_seq`` and ``modes_hidden``.
        """
        return properties(
            complexity="O(n d (log n + log d) + modes_seq · mlp_ratio · modes_hidden²)",
            modes_seq=self.modes_seq,
            modes_hidden=self.modes_hidden,
        )
