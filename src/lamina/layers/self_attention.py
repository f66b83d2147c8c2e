r"""A sequence layer in the place of self-attention, called as `torch.nn.MultiheadAttention` is called.

.. math:: \mathrm{attention}(x, x, x) \;\to\; f(x)

Inside `torch.nn.TransformerEncoderLayer` (Vaswani et al. 2017, Sect. 3.1) self-attention only maps a sequence
to one of the same shape; any layer f of `lamina.layers` does that too.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from lamina.errors import ArgumentError, ArgumentTypeError, DataError, ShapeError
from lamina.layers.encoder_configuration import SpectralEncoderConfig
from lamina.layers.layer import SpectralLayer
from lamina.layers.masking import can_look


class SelfAttentionAdapter(nn.Module):
    r"""Let a sequence layer stand where a `torch.nn.TransformerEncoderLayer` has its self-attention.

    .. math:: y = f(x) - \rho\,x, \qquad \rho \in \{0, 1\}

    with :math:`\rho = 1` for layers that add their input themselves, since the encoder layer adds it again.

    Parameters
    ----------
    layer
        Any sequence layer of `lamina.layers` with a real output.
    batch_first
        Inputs are (batch, sequence, hidden), as the encoder layer with ``batch_first=True`` has them; False
        for (sequence, batch, hidden).
    subtract_input
        Whether :math:`\rho = 1`. None: for the layers that say so by ``adds_input``, like `AFNOMixing` and
        `WaveletMixing`.

    Attributes
    ----------
    layer : lamina.layers.SpectralLayer
        As given.
    batch_first, subtract_input : bool
        As given, or as decided.
    embed_dim : int
        Hidden size of the layer.
    num_heads, in_proj_bias
        1 and None. With them PyTorch's fused kernel for encoder layers in evaluation mode, which knows only
        multi-head attention, is not taken, and the layer is called.

    Raises
    ------
    lamina.errors.ArgumentTypeError
        When ``layer`` is no layer of `lamina.layers`.
    lamina.errors.ArgumentError
        When it does not map (batch, sequence, hidden) to the same shape, or its output is complex.

    Notes
    -----
    A causal layer is causal with and without a mask; one that is not refuses a causal mask. Build
    `torch.nn.TransformerEncoder` with ``enable_nested_tensor=False``; it warns otherwise, and does without.

    References
    ----------
    Vaswani et al. 2017, Attention is all you need, NeurIPS, Sect. 3.1.

    Examples
    --------
    >>> import torch
    >>> from lamina.layers import FourierMixing
    >>> block = torch.nn.TransformerEncoderLayer(8, nhead=2, batch_first=True)
    >>> block.self_attn = SelfAttentionAdapter(FourierMixing(hidden_dim=8))
    >>> padding = torch.tensor([[False, False, False, True, True]])
    >>> block(torch.ones(1, 5, 8), src_key_padding_mask=padding).shape
    torch.Size([1, 5, 8])
    """

    # read by torch.nn.TransformerEncoderLayer and TransformerEncoder, which take their fused kernel only with
    # an in_proj_bias, an even number of heads and weights of one size
    in_proj_bias = None
    num_heads = 1
    _qkv_same_embed_dim = False

    def __init__(
        self, layer: SpectralLayer, *, batch_first: bool = True, subtract_input: bool | None = None
    ) -> None:
        super().__init__()
        if not isinstance(layer, SpectralLayer):
            raise ArgumentTypeError(
                "layer",
                allowed="a layer of lamina.layers",
                got=f"a {type(layer).__name__}",
                remedy="Build one, FourierMixing(hidden_dim=64) for example.",
            )
        settings = layer.to_config()
        encoder = isinstance(settings, SpectralEncoderConfig)
        if not hasattr(layer, "hidden_dim") or (encoder and not settings.keeps_shape):
            raise ArgumentError(
                "layer",
                allowed="one that maps (batch, sequence, hidden) to the same shape",
                got=f"a {type(layer).__name__}{' with other inputs or outputs' if encoder else ''}",
                remedy="Take a sequence layer, FourierMixing(hidden_dim=64) for example.",
            )
        claims = layer.get_spectral_properties()
        if not claims["real_output"]:
            raise ArgumentError(
                "layer",
                allowed="one with a real output",
                got="one whose output is complex",
                remedy="Build it without keep_complex.",
            )
        self.layer = layer
        self.batch_first = bool(batch_first)
        self.subtract_input = layer.adds_input if subtract_input is None else bool(subtract_input)
        self._causal = bool(claims["causal"])

    @property
    def embed_dim(self) -> int:
        """Hidden size of the layer."""
        hidden: Any = self.layer.hidden_dim
        return hidden

    def forward(
        self,
        query: Tensor,
        key: Tensor,
        value: Tensor,
        *,
        key_padding_mask: Tensor | None = None,
        need_weights: bool = False,
        attn_mask: Tensor | None = None,
        is_causal: bool = False,
    ) -> tuple[Tensor, None]:
        """Apply the layer to ``query``, which has to be ``key`` and ``value`` too.

        Parameters
        ----------
        query, key, value
            One and the same tensor: (batch, sequence, hidden), or (sequence, batch, hidden) without
            ``batch_first``, or (sequence, hidden).
        key_padding_mask
            (batch, sequence), or (sequence,) for one sample. Boolean, True = padding; or floating, 0 where
            there is data and −∞ where there is padding, which is what the encoder layer makes of it.
        need_weights
            Must be False: there are no attention weights to return.
        attn_mask
            None; with a causal layer also the causal mask, boolean (True above the diagonal) or floating (−∞
            above the diagonal), of shape (sequence, sequence).
        is_causal
            Whether ``attn_mask`` is the causal mask. It is looked at whether it is, but not while compiling
            or exporting, where only this says so.

        Returns
        -------
        output : Tensor
            Of the shape and dtype of ``query``; zero where there is padding.
        weights : None
            As no weights exist.

        Raises
        ------
        lamina.errors.ArgumentError
            Attention to another sequence, weights or a mask that the layer does not have; of a subclass that
            tells which.
        """
        if not (query is key and key is value):
            raise ArgumentError(
                "key and value",
                allowed="the same tensor as query",
                got="others",
                remedy="The layer mixes one sequence; attention to another one needs nn.MultiheadAttention.",
            )
        if need_weights:
            raise ArgumentError(
                "need_weights",
                allowed="False",
                got="True",
                remedy="Call the layer itself; attention layers have return_attention.",
            )
        if query.is_nested:
            raise ArgumentTypeError(
                "query",
                allowed="an ordinary tensor",
                got="a nested one",
                remedy="Build nn.TransformerEncoder with enable_nested_tensor=False, or use "
                "lamina.layers.replace_self_attention, which switches nested tensors off.",
            )
        self._check_attention(query, attn_mask, is_causal)
        alone = query.ndim == 2
        padding = None if key_padding_mask is None else _boolean(key_padding_mask)
        x = query[None] if alone else query
        if not alone and not self.batch_first:
            x = x.transpose(0, 1)
        if padding is not None and alone:
            padding = padding[None]
        y = self.layer(x, key_padding_mask=padding)
        if self.subtract_input:
            y = y - (x if padding is None else torch.where(padding[..., None], 0.0, x))
        if alone:
            return y[0], None
        return (y if self.batch_first else y.transpose(0, 1)), None

    def extra_repr(self) -> str:
        """Show what is not the layer's."""
        return f"batch_first={self.batch_first}, subtract_input={self.subtract_input}"

    def __getattr__(self, name: str) -> Any:
        """Explain what is missing where an encoder looks for the weights of multi-head attention."""
        if name in ("in_proj_weight", "out_proj"):
            raise AttributeError(
                f"A SelfAttentionAdapter has no {name}. nn.TransformerEncoder looks for it to make nested "
                "tensors, if it was built around multi-head attention that was replaced afterwards: set its "
                "use_nested_tensor = False, or replace with lamina.layers.replace_self_attention."
            )
        return super().__getattr__(name)

    def _check_attention(self, query: Tensor, attn_mask: Tensor | None, is_causal: bool) -> None:
        if attn_mask is None and not is_causal:
            return
        if not self._causal:
            raise ArgumentError(
                "attn_mask" if attn_mask is not None else "is_causal",
                allowed="None" if attn_mask is not None else "False",
                got="a mask" if attn_mask is not None else "True",
                remedy=f"{type(self.layer).__name__} sees the whole sequence as it is set up; take a layer "
                "with causal=True for a causal mask. No layer takes other masks.",
            )
        if attn_mask is None:
            return
        sequence = query.shape[1 if self.batch_first and query.ndim == 3 else 0]
        if attn_mask.shape[-2:] != (sequence, sequence) or attn_mask.ndim != 2:
            raise ShapeError(
                "attn_mask",
                allowed=f"the causal mask of shape ({sequence}, {sequence})",
                got=f"shape {tuple(attn_mask.shape)}",
                remedy="Use nn.Transformer.generate_square_subsequent_mask, or none: the layer is causal.",
            )
        if can_look(attn_mask):
            later = torch.ones_like(attn_mask, dtype=torch.bool).triu(1)
            if bool((_boolean(attn_mask, "attn_mask") == later).all()):
                return
        elif is_causal:
            return
        raise DataError(
            "attn_mask",
            allowed="the causal mask (while compiling or exporting: with is_causal=True)",
            got="another one",
            remedy="Leave it out; the layer is causal by itself and takes no other mask.",
        )


def _boolean(mask: Any, name: str = "key_padding_mask") -> Tensor:
    """Turn a mask of 0 and −∞ into True where it is −∞; a boolean one is returned as it is."""
    if not isinstance(mask, Tensor) or not (mask.dtype == torch.bool or mask.is_floating_point()):
        raise ArgumentTypeError(
            name,
            allowed="a boolean tensor, or a floating one of 0 and -inf",
            got=str(mask.dtype) if isinstance(mask, Tensor) else f"a {type(mask).__name__}",
            remedy="Convert it with .bool().",
        )
    if mask.dtype == torch.bool:
        return mask
    hidden = torch.isneginf(mask)
    if can_look(mask) and bool(((mask != 0) & ~hidden).any()):
        raise DataError(
            name,
            allowed="of 0 and -inf where it is floating",
            got="other numbers",
            remedy="The layers know data and padding, and no weights between; pass a boolean mask.",
        )
    return hidden


def replace_self_attention(model: nn.Module, build: Callable[[int], SpectralLayer]) -> nn.Module:
    """Put a layer of `lamina.layers` in place of the self-attention of every encoder layer in a model.

    The model is changed in place. Nested tensors, which only multi-head attention can take, are switched off
    in every `torch.nn.TransformerEncoder` whose layers are replaced.

    Parameters
    ----------
    model
        A `torch.nn.TransformerEncoderLayer`, a `torch.nn.TransformerEncoder`, or a module that holds some.
    build
        Called with the hidden size once for each encoder layer; returns a new layer each time.

    Returns
    -------
    torch.nn.Module
        The model.

    Raises
    ------
    lamina.errors.ArgumentError
        When the model holds no `torch.nn.TransformerEncoderLayer`, or ``build`` does not return a layer that
        fits.

    Examples
    --------
    >>> import torch
    >>> from lamina.layers import FourierMixing
    >>> block = torch.nn.TransformerEncoderLayer(8, nhead=2, batch_first=True)
    >>> encoder = torch.nn.TransformerEncoder(block, num_layers=2)
    >>> encoder = replace_self_attention(encoder, lambda hidden: FourierMixing(hidden_dim=hidden))
    >>> encoder.layers[1].self_attn.layer
    FourierMixing(
      hidden_dim=8
      (dropout): Dropout(p=0.0, inplace=False)
      (fft2d): FFT2D()
    )
    """
    blocks: list[Any] = [
        module for module in model.modules() if isinstance(module, nn.TransformerEncoderLayer)
    ]
    if not blocks:
        raise ArgumentError(
            "model",
            allowed="a module with at least one nn.TransformerEncoderLayer",
            got=f"a {type(model).__name__} without one",
            remedy="In a module of your own, assign a SelfAttentionAdapter where its attention is.",
        )
    adapters: list[SelfAttentionAdapter] = []
    for block in blocks:
        held = block.self_attn
        adapter = SelfAttentionAdapter(build(held.embed_dim), batch_first=held.batch_first)
        if adapter.embed_dim != held.embed_dim or any(adapter.layer is other.layer for other in adapters):
            raise ArgumentError(
                "build",
                allowed="a function that returns a new layer of the hidden size it is given",
                got=f"one of hidden size {adapter.embed_dim} for {held.embed_dim}"
                if adapter.embed_dim != held.embed_dim
                else "the same layer twice",
                remedy="Write lambda hidden: FourierMixing(hidden_dim=hidden), for example.",
            )
        adapters.append(adapter.train(block.training))
    # all are checked before any is replaced
    for block, adapter in zip(blocks, adapters, strict=True):
        block.self_attn = adapter.to(block.linear1.weight)
    for module in model.modules():
        if isinstance(module, nn.TransformerEncoder):
            module.enable_nested_tensor = module.use_nested_tensor = False
    return model
