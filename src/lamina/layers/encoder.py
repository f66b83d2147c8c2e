r"""An encoder of sequences: embedding, blocks around any sequence layers, normalisation, head.

.. math:: h_0 = \operatorname{embed}(x), \qquad h_i = \operatorname{block}_i(h_{i-1}), \qquad
          y = \operatorname{head}(\operatorname{pool}(\operatorname{LN}(h_N)))

Source: Vaswani et al. 2017, Figure 1 (left), with the attention replaced, as Lee-Thorp et al. 2022 (FNet) do.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple, Self, cast

import torch
from torch import Tensor, nn

from lamina.errors import ArgumentError, StateError
from lamina.layers.activations import Activation
from lamina.layers.attention.base import cleared, uniform_linear
from lamina.layers.block import SpectralBlock
from lamina.layers.configuration import LayerConfig
from lamina.layers.embedding import Positions, SequenceEmbedding
from lamina.layers.encoder_configuration import Pooling, SpectralEncoderConfig
from lamina.layers.encoder_presets import Preset, preset_mixers
from lamina.layers.layer import SpectralLayer, properties
from lamina.transforms.precision import working_dtype


class EncoderState(NamedTuple):
    """What `SpectralEncoder.step` hands on: the position, the sum for pooling "mean", each block's state.

    Examples
    --------
    >>> EncoderState._fields
    ('position', 'total', 'blocks')
    """

    position: Tensor
    total: Tensor | None
    blocks: tuple[Any, ...]


class SpectralEncoder(SpectralLayer):
    r"""Embedding, N blocks around any sequence layers, final normalisation, head.

    .. math:: h_0 = \operatorname{embed}(x), \qquad h_i = \operatorname{block}_i(h_{i-1}), \qquad
              y = \operatorname{head}(\operatorname{pool}(\operatorname{LN}(h_N)))

    Initial output variance: 1.0 (the normalisation's; without a head). Parameters: those of the blocks,
    ``2·hidden_dim`` of the final normalisation (none with ``norm_first=False``), ``vocab_size·hidden_dim`` or
    ``(input_dim + 1)·hidden_dim`` of the embedding, ``max_length·hidden_dim`` of learned positions (one more
    row with pooling "cls"), ``hidden_dim`` of the token in front, ``(hidden_dim + 1)·num_classes`` of the
    head.

    Parameters
    ----------
    mixers
        The sequence layers: one or several, each as settings, a mapping of them, or a built layer. Several
        take turns: block i has the i-th, and after the last comes the first again.
    depth
        Number N of blocks. None: one for each mixer. Built layers are used once each.
    vocab_size
        Number of tokens, for inputs of (batch, sequence) whole numbers.
    input_dim
        Channels, for real inputs of (batch, sequence, channels). Without both the inputs are (batch,
        sequence, hidden) already.
    positions
        "none", "learned" (a table of ``max_length`` rows) or "sinusoidal".
    max_length
        Longest sequence; needed for learned positions, and a limit for nothing else.
    pooling
        "none": every position is returned; "mean" over the valid positions; "last" valid position; "cls": a
        learned token in front of the sequence, whose output is returned.
    num_classes
        Outputs of the head, a linear map. None: no head.
    mlp_ratio, activation, dropout, norm_first, norm_eps
        Of the blocks, as in `SpectralBlock`. With ``norm_first`` the final normalisation is added, which the
        other order has in its last block.
    generator
        For the initial weights; None for torch's own.
    device, dtype
        Where the parameters live, and their floating dtype; None for torch's defaults.

    Attributes
    ----------
    embedding : lamina.layers.embedding.SequenceEmbedding
        From inputs to vectors.
    blocks : torch.nn.ModuleList
        The blocks.
    norm : torch.nn.Module
        The final normalisation.
    head : torch.nn.Linear or None
        The head.
    hidden_dim : int
        Size of the vectors.

    Raises
    ------
    lamina.errors.ArgumentError
        When an argument lies outside its limits, or some do not go together.

    References
    ----------
    Vaswani et al. 2017, Attention is all you need, NeurIPS, Figure 1; Lee-Thorp et al. 2022, FNet: mixing
    tokens with Fourier transforms, NAACL.

    Examples
    --------
    >>> import torch
    >>> encoder = SpectralEncoder(
    ...     {"layer": "FourierMixing", "hidden_dim": 8},
    ...     depth=2,
    ...     vocab_size=100,
    ...     pooling="mean",
    ...     num_classes=3,
    ... )
    >>> encoder(torch.tensor([[5, 7, 99, 0]])).shape
    torch.Size([1, 3])
    """

    Config = SpectralEncoderConfig

    def __init__(
        self,
        mixers: SpectralLayer | LayerConfig | Mapping[str, Any] | Iterable[Any],
        depth: int | None = None,
        *,
        vocab_size: int | None = None,
        input_dim: int | None = None,
        positions: Positions = "none",
        max_length: int | None = None,
        pooling: Pooling = "none",
        num_classes: int | None = None,
        mlp_ratio: float = 4.0,
        activation: Activation = "gelu",
        dropout: float = 0.0,
        norm_first: bool = True,
        norm_eps: float = 1e-5,
        generator: torch.Generator | None = None,
        device: torch.device | str | int | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        one = isinstance(mixers, (SpectralLayer, LayerConfig, Mapping)) or not isinstance(mixers, Iterable)
        given: tuple[Any, ...] = (mixers,) if one else tuple(cast("Iterable[Any]", mixers))
        described = tuple(one.to_config() if isinstance(one, SpectralLayer) else one for one in given)
        config = SpectralEncoderConfig(
            mixers=cast("tuple[LayerConfig, ...]", described),
            depth=depth,
            vocab_size=vocab_size,
            input_dim=input_dim,
            positions=positions,
            max_length=max_length,
            pooling=pooling,
            num_classes=num_classes,
            mlp_ratio=mlp_ratio,
            activation=activation,
            dropout=dropout,
            norm_first=norm_first,
            norm_eps=norm_eps,
        )
        super().__init__(config)
        count = len(config.mixers) if config.depth is None else config.depth
        built = [one for one in given if isinstance(one, SpectralLayer)]
        if len({id(one) for one in built}) < len(built) or (built and count > len(given)):
            raise ArgumentError(
                "mixers",
                allowed="one built layer for each block",
                got=f"{len({id(one) for one in built})} for {count} blocks",
                remedy="Build one for each, or give settings, from which each block builds its own.",
            )
        self.hidden_dim: int = cast("Any", config.mixers[0]).hidden_dim
        self.pooling = config.pooling
        factory: dict[str, Any] = {"generator": generator, "device": device, "dtype": dtype}
        self.embedding = SequenceEmbedding(
            self.hidden_dim,
            vocab_size=config.vocab_size,
            input_dim=config.input_dim,
            positions=config.positions,
            max_length=config.max_length,
            leading=config.pooling == "cls",
            **factory,
        )
        choices = [
            one if isinstance(one, SpectralLayer) else settings
            for one, settings in zip(given, config.mixers, strict=True)
        ]
        self.blocks = nn.ModuleList(
            SpectralBlock(
                choices[index % len(choices)],
                mlp_ratio=config.mlp_ratio,
                activation=config.activation,
                dropout=config.dropout,
                norm_first=config.norm_first,
                norm_eps=config.norm_eps,
                **factory,
            )
            for index in range(count)
        )
        self.norm: nn.Module = nn.Identity()
        if config.norm_first:
            self.norm = nn.LayerNorm(self.hidden_dim, eps=config.norm_eps, device=device, dtype=dtype)
        self.head: nn.Linear | None = None
        if config.num_classes is not None:
            self.head = uniform_linear(self.hidden_dim, config.num_classes, **factory)
        self.causal = all(block.causal for block in self._blocks)

    @classmethod
    def preset(
        cls,
        name: Preset,
        *,
        hidden_dim: int,
        depth: int,
        sequence_length: int,
        mixer_settings: Mapping[str, Any] | None = None,
        generator: torch.Generator | None = None,
        device: torch.device | str | int | None = None,
        dtype: torch.dtype | None = None,
        **settings: Any,
    ) -> Self:
        """Build an encoder whose mixers are those of a published model; all else is as in the constructor.

        Parameters
        ----------
        name
            "fnet": `FourierMixing`; "gfnet": `GlobalFilterMixing`; "afno": `AFNOMixing`; "wavelet":
            `WaveletMixing` with as many levels as ``sequence_length`` has room for; "lst": `LSTAttention`;
            "performer": `PerformerAttention`; "fno": `FourierNeuralOperator` with 16 modes, or as many as
            ``sequence_length`` has; "hybrid": `GlobalFilterMixing` and `PerformerAttention` in turns. Heads
            are 8, or the largest of 4, 2 and 1 that divides ``hidden_dim``; all else is at the defaults.
            Two of them have a shortest sequence: "fno" with K modes refuses samples of fewer than 2 K − 1
            points, and "wavelet" with J levels uses fewer, with a warning, where a batch is shorter than
            7 · 2ᴶ. Give the shortest sample's length for ``sequence_length`` then, or ask for fewer, with
            ``mixer_settings={"modes": ...}`` or ``{"levels": ...}``.
        hidden_dim
            Size of the vectors.
        depth
            Number of blocks; at least 2 for "hybrid".
        sequence_length
            Longest sequence, without the token of pooling "cls".
        mixer_settings
            Further settings of the mixers, which replace the preset's: ``{"causal": True}`` for example.
        generator, device, dtype
            As in the constructor.
        **settings
            Further arguments of the constructor: ``vocab_size``, ``pooling``, ``dropout`` and so on.

        Returns
        -------
        SpectralEncoder
            A new encoder; its `to_config` is plain settings, which `lamina.layers.save_config` writes.

        Examples
        --------
        >>> encoder = SpectralEncoder.preset("fnet", hidden_dim=8, depth=2, sequence_length=64, vocab_size=10)
        >>> len(encoder.blocks), sum(parameter.numel() for parameter in encoder.parameters())
        (2, 1264)
        """
        if "mixers" in settings:
            raise ArgumentError(
                "mixers",
                allowed="left to the preset",
                got="given",
                remedy="Build SpectralEncoder(mixers, ...), or change the preset's with mixer_settings.",
            )
        mixers = preset_mixers(
            name,
            hidden_dim=hidden_dim,
            sequence_length=sequence_length,
            leading=settings.get("pooling") == "cls",
            mixer_settings=mixer_settings,
        )
        if settings.get("positions") == "learned":
            settings.setdefault("max_length", sequence_length)
        config = cls.Config(mixers=mixers, depth=depth, **settings)
        return cls.from_config(config, generator=generator, device=device, dtype=dtype)

    @property
    def _blocks(self) -> Iterable[SpectralBlock]:
        return cast("Iterable[SpectralBlock]", self.blocks)

    def forward(self, x: Tensor, *, key_padding_mask: Tensor | None = None) -> Tensor:
        """Encode sequences.

        Parameters
        ----------
        x
            (batch, sequence) tokens with ``vocab_size``; (batch, sequence, input_dim) or (batch, sequence,
            hidden), real floating, otherwise.
        key_padding_mask
            (batch, sequence), True where there is padding, on the right for most mixers.

        Returns
        -------
        Tensor
            (batch, sequence, outputs) without pooling, zero where there is padding; (batch, outputs) with it.
            ``outputs`` is ``num_classes``, or the hidden size without a head. The pooled vector of a sample
            that is all padding is zero ("mean", "last"), so that the head's bias is returned.
        """
        hidden, padding = self.embedding(x, key_padding_mask)
        dtype = hidden.dtype
        for block in self.blocks:
            hidden = block(hidden, key_padding_mask=padding)
        kept = None if padding is None else ~padding
        hidden = cleared(self.norm(hidden), kept)
        pooled = self._pooled(hidden, kept)
        y = pooled if self.head is None else self.head(pooled)
        return (cleared(y, kept) if self.pooling == "none" else y).to(dtype)

    def _pooled(self, hidden: Tensor, kept: Tensor | None) -> Tensor:
        if self.pooling == "none":
            return hidden
        if self.pooling == "cls":
            return hidden[:, 0]
        if self.pooling == "mean":
            if kept is None:
                return hidden.mean(dim=1)
            # sums in half precision lose their digits, or overflow
            wide = working_dtype(hidden.dtype)
            return (hidden.sum(dim=1, dtype=wide) / kept.sum(dim=1, keepdim=True).clamp(min=1)).to(
                hidden.dtype
            )
        if kept is None:
            return hidden[:, -1]
        places = torch.arange(kept.shape[1], device=kept.device)
        last = torch.where(kept, places, 0).amax(dim=1)
        return hidden.gather(1, last[:, None, None].expand(-1, 1, hidden.shape[2]))[:, 0]

    def step(self, x: Tensor, state: EncoderState | None = None) -> tuple[Tensor, EncoderState]:
        """Encode one more position, where every mixer is causal; equal to `forward` on what came so far.

        Parameters
        ----------
        x
            (batch,) tokens with ``vocab_size``; (batch, input_dim) or (batch, hidden) otherwise.
        state
            What the last call returned; None at the start.

        Returns
        -------
        y : Tensor
            (batch, outputs): this position's output without pooling, else that of the sequence up to here.
        state : EncoderState
            For the next call.

        Raises
        ------
        lamina.errors.StateError
            When a mixer is not causal, or the pooling is "cls", whose token comes before everything else.
        """
        if not self.causal or self.pooling == "cls":
            raise StateError(
                "the encoder cannot go step by step: every mixer must be built with causal=True, and "
                "pooling be 'none', 'mean' or 'last'"
            )
        if state is None:
            state = EncoderState(self.embedding.start(x), None, ())
        hidden = self.embedding.step(x, state.position)
        dtype, states = hidden.dtype, []
        for index, block in enumerate(self._blocks):
            hidden, inner = block.step(hidden, state.blocks[index] if state.blocks else None)
            states.append(inner)
        pooled, total = self.norm(hidden), None
        if self.pooling == "mean":
            wide = pooled.to(working_dtype(pooled.dtype))
            total = wide if state.total is None else state.total + wide
            pooled = (total / (state.position + 1)).to(pooled.dtype)
        y = pooled if self.head is None else self.head(pooled)
        return y.to(dtype), EncoderState(state.position + 1, total, tuple(states))

    def get_spectral_properties(self) -> dict[str, Any]:
        """Tell what holds: what all the mixers have, less what positions and pooling take away.

        Returns
        -------
        dict
            The keys of `SpectralLayer.get_spectral_properties`.
        """
        inner = [block.get_spectral_properties() for block in self._blocks]
        return properties(
            translation_equivariant=self.pooling == "none"
            and self.embedding.positions == "none"
            and all(one["translation_equivariant"] for one in inner),
            causal=self.causal and self.pooling == "none",
            frequency_domain=any(one["frequency_domain"] for one in inner),
            complexity=" + ".join(dict.fromkeys(one["complexity"] for one in inner)),
        )

    def extra_repr(self) -> str:
        """Show the settings; the blocks show their own."""
        shown = self.config.model_dump(exclude={"layer", "mixers"}, exclude_defaults=True)
        return ", ".join(f"{name}={value!r}" for name, value in shown.items())
