r"""A transformer's block around any sequence layer.

.. math:: h = x + f(\operatorname{LN}(x)), \qquad y = h + \operatorname{FF}(\operatorname{LN}(h))

Source: Vaswani et al. 2017, Section 3.1 (normalisation after the sum); Xiong et al., On layer normalization
in the transformer architecture, ICML 2020, Table 1 (before it, as above).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, cast

import torch
from torch import Tensor, nn

from lamina.errors import ArgumentError, StateError
from lamina.layers.activations import Activation
from lamina.layers.attention.base import cleared
from lamina.layers.configuration import Flag, LayerConfig, NonNegative, Positive, Probability
from lamina.layers.feed_forward import FeedForward
from lamina.layers.layer import SpectralLayer, check_position, check_sequence, properties
from lamina.layers.masking import check_padding
from lamina.layers.mixers import MIXERS, MixerConfig, mixer_config


class SpectralBlockConfig(LayerConfig, frozen=True):
    """Settings of `SpectralBlock`; the fields are its arguments.

    Examples
    --------
    >>> SpectralBlockConfig(mixer={"layer": "FourierMixing", "hidden_dim": 8}).mixer.hidden_dim
    8
    """

    layer: Literal["SpectralBlock"] = "SpectralBlock"
    mixer: MixerConfig
    mlp_ratio: NonNegative = 4.0
    activation: Activation = "gelu"
    dropout: Probability = 0.0
    norm_first: Flag = True
    norm_eps: Positive = 1e-5


class SpectralBlock(SpectralLayer):
    r"""Normalisation, a sequence layer, residual; normalisation, a feed-forward network, residual.

    .. math:: h &= x + f(\operatorname{LN}_1(x)), & y &= h + \operatorname{FF}(\operatorname{LN}_2(h))
              \quad\text{(norm_first)}

    .. math:: h &= \operatorname{LN}_1(x + f(x)), & y &= \operatorname{LN}_2(h + \operatorname{FF}(h))
              \quad\text{(otherwise)}

    f is the sequence layer; of one that adds its input itself (``adds_input``: `AFNOMixing`, `WaveletMixing`,
    `FNOBlock`), f is what it adds to it, so that x is added once and not twice.

    Initial output variance: 1.55 (around FourierMixing). Parameters: those of the mixer, ``4·hidden_dim``
    for the normalisations, and ``2·hidden_dim·m + m + hidden_dim`` for the feed-forward network,
    m = round(mlp_ratio · hidden_dim); without it (``mlp_ratio=0``) those of the mixer and ``2·hidden_dim``.

    Parameters
    ----------
    mixer
        The sequence layer: its settings, a mapping of them, or a built layer, which is then used as it is.
        Its hidden size is the block's.
    mlp_ratio
        Inner size of the feed-forward network over the hidden size; 0 leaves the network out.
    activation
        Activation of the feed-forward network.
    dropout
        Probability in [0, 1) with which, in training, the outputs of f and FF and the inner values of FF are
        dropped. The mixer has a dropout of its own.
    norm_first
        Normalise the inputs of f and FF (True) or the sums (False).
    norm_eps
        Added to the variance in the normalisations.
    generator
        For the initial weights; None for torch's own.
    device, dtype
        Where the parameters live, and their floating dtype; None for torch's defaults. A built mixer stays as
        it is.

    Attributes
    ----------
    mixer : lamina.layers.SpectralLayer
        The sequence layer.
    norm1, norm2 : torch.nn.Module
        Layer normalisations; ``norm2`` does nothing without a feed-forward network.
    feed_forward : lamina.layers.feed_forward.FeedForward or None
        The network.
    hidden_dim : int
        Size of the last axis.

    Raises
    ------
    lamina.errors.ArgumentError
        When an argument lies outside its limits, or the mixer's output is complex.

    References
    ----------
    Vaswani et al. 2017, Attention is all you need, NeurIPS, Section 3.1; Xiong et al. 2020, On layer
    normalization in the transformer architecture, ICML, Table 1.

    Examples
    --------
    >>> import torch
    >>> from lamina.layers import FourierMixing
    >>> block = SpectralBlock(FourierMixing(hidden_dim=8), mlp_ratio=2.0)
    >>> block(torch.ones(1, 5, 8)).shape
    torch.Size([1, 5, 8])
    >>> SpectralBlock({"layer": "FourierMixing", "hidden_dim": 8}).to_config().mixer
    FourierMixingConfig(layer='FourierMixing', hidden_dim=8, dropout=0.0, norm_eps=1e-05,
                        energy_tolerance=0.0001, fft_norm='ortho', keep_complex=False)
    """

    Config = SpectralBlockConfig

    def __init__(
        self,
        mixer: SpectralLayer | LayerConfig | Mapping[str, Any],
        mlp_ratio: float = 4.0,
        activation: Activation = "gelu",
        dropout: float = 0.0,
        norm_first: bool = True,
        norm_eps: float = 1e-5,
        *,
        generator: torch.Generator | None = None,
        device: torch.device | str | int | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        config = SpectralBlockConfig(
            mixer=mixer.to_config() if isinstance(mixer, SpectralLayer) else cast("LayerConfig", mixer),
            mlp_ratio=mlp_ratio,
            activation=activation,
            dropout=dropout,
            norm_first=norm_first,
            norm_eps=norm_eps,
        )
        super().__init__(config)
        if isinstance(mixer, SpectralLayer):
            self.mixer = mixer
        else:
            self.mixer = build_mixer(config.mixer, generator=generator, device=device, dtype=dtype)
        claims = self.mixer.get_spectral_properties()
        if not claims["real_output"]:
            raise ArgumentError(
                "mixer",
                allowed="a layer with a real output",
                got=f"a {type(self.mixer).__name__} whose output is complex",
                remedy="Build it without keep_complex.",
            )
        self.causal = bool(claims["causal"])
        self.hidden_dim: int = config.mixer.hidden_dim  # pyright: ignore[reportAttributeAccessIssue]
        self.norm_first = config.norm_first
        self.norm1 = nn.LayerNorm(self.hidden_dim, eps=config.norm_eps, device=device, dtype=dtype)
        self.norm2 = nn.Identity()
        self.feed_forward: FeedForward | None = None
        if config.mlp_ratio > 0:
            self.norm2 = nn.LayerNorm(self.hidden_dim, eps=config.norm_eps, device=device, dtype=dtype)
            self.feed_forward = FeedForward(
                self.hidden_dim,
                ratio=config.mlp_ratio,
                activation_name=config.activation,
                dropout=config.dropout,
                generator=generator,
                device=device,
                dtype=dtype,
            )
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, x: Tensor, *, key_padding_mask: Tensor | None = None) -> Tensor:
        """Apply the block.

        Parameters
        ----------
        x
            (batch, sequence, hidden), real floating.
        key_padding_mask
            (batch, sequence), True where there is padding; where it may lie is the mixer's affair.

        Returns
        -------
        Tensor
            Of the shape and dtype of ``x``, zero where there is padding.
        """
        check_sequence(x, self.hidden_dim)
        kept = None if key_padding_mask is None else ~check_padding("key_padding_mask", key_padding_mask, x)
        given = cleared(x, kept)
        inner = self.norm1(given) if self.norm_first else given
        mixed = self.mixer(inner, key_padding_mask=key_padding_mask)
        return cleared(self._combined(given, inner, mixed), kept).to(x.dtype)

    def step(self, x: Tensor, state: Any = None) -> tuple[Tensor, Any]:
        """Apply the block to one more position, where the mixer is causal; equal to `forward`.

        Parameters
        ----------
        x
            (batch, hidden): the next position.
        state
            What the last call returned; None at the start.

        Returns
        -------
        y, state
            (batch, hidden), and the mixer's state for the next call.

        Raises
        ------
        lamina.errors.StateError
            When the mixer is not causal.
        """
        if not self.causal:
            raise StateError(
                f"a block around this {type(self.mixer).__name__} cannot go step by step: outputs wait for "
                "the whole sequence; build the mixer with causal=True, if it has that"
            )
        check_position("x", x, self.hidden_dim)
        inner = self.norm1(x) if self.norm_first else x
        mixed, state = self.mixer.step(inner, state)  # pyright: ignore[reportCallIssue]
        return self._combined(x, inner, mixed).to(x.dtype), state

    def _combined(self, x: Tensor, inner: Tensor, mixed: Tensor) -> Tensor:
        """Add what the mixer and the network made of x to it, normalising before or after."""
        branch = mixed - inner if self.mixer.adds_input else mixed
        x = x + self.dropout(branch)
        if not self.norm_first:
            x = self.norm1(x)
        if self.feed_forward is None:
            return x
        x = x + self.dropout(self.feed_forward(self.norm2(x) if self.norm_first else x))
        return x if self.norm_first else self.norm2(x)

    def get_spectral_properties(self) -> dict[str, Any]:
        """Tell what holds: the block is causal and equivariant if its mixer is; nothing else is passed on.

        Returns
        -------
        dict
            The keys of `SpectralLayer.get_spectral_properties`.
        """
        inner = self.mixer.get_spectral_properties()
        return properties(
            translation_equivariant=inner["translation_equivariant"],
            causal=inner["causal"],
            frequency_domain=inner["frequency_domain"],
            complexity=f"{inner['complexity']} and O(n d²) for the feed-forward network",
        )

    def extra_repr(self) -> str:
        """Show the settings; the mixer shows its own."""
        shown = self.config.model_dump(exclude={"layer", "mixer"}, exclude_defaults=True)
        return ", ".join(f"{name}={value!r}" for name, value in shown.items())


def build_mixer(
    config: LayerConfig,
    *,
    generator: torch.Generator | None = None,
    device: torch.device | str | int | None = None,
    dtype: torch.dtype | None = None,
) -> SpectralLayer:
    """Build the sequence layer that some settings describe."""
    kind = MIXERS.get(config.layer)
    if kind is None or not isinstance(config, kind.Config):
        raise ArgumentError(
            "mixer",
            allowed=f"settings of one of {', '.join(MIXERS)}",
            got=f"a {type(config).__name__}",
            remedy="Pass a layer of your own ready built.",
        )
    return kind.from_config(mixer_config(config), generator=generator, device=device, dtype=dtype)
