r"""From tokens or measurements to vectors, with positions.

.. math:: h_t = E_{x_t} + p_t \quad\text{or}\quad h_t = W x_t + b + p_t, \qquad
          p_{t,2i} = \sin\frac{t}{10^{8 i/d}}, \quad p_{t,2i+1} = \cos\frac{t}{10^{8 i/d}}

Source of the sinusoidal positions p: Vaswani et al., Attention is all you need, NeurIPS 2017, Section 3.5.
"""

from __future__ import annotations

import math
from typing import Any, Literal

import torch
from torch import Tensor, nn

from lamina.errors import ArgumentTypeError, DataError, ShapeError
from lamina.layers.attention.base import cleared, uniform_linear
from lamina.layers.layer import check_sequence
from lamina.layers.masking import can_look, check_padding
from lamina.transforms.precision import check_tensor, working_dtype

Positions = Literal["none", "learned", "sinusoidal"]
"""How positions are told: not at all, by a table that is learned, or by sines and cosines."""


class SequenceEmbedding(nn.Module):
    """Embed tokens or measurements, add positions, and put a token for the whole sequence in front.

    Tokens are drawn from N(0, 1), learned positions from N(0, ½), the variance that sinusoidal ones have, and
    the token in front from N(0, 1).

    Parameters
    ----------
    hidden_dim
        Size d of the vectors.
    vocab_size
        Number of tokens, for inputs of (batch, sequence) whole numbers.
    input_dim
        Channels, for real inputs of (batch, sequence, channels), which are mapped linearly. Without both the
        inputs are vectors of size d already.
    positions
        "none", "learned" or "sinusoidal".
    max_length
        Longest sequence, for learned positions.
    leading
        Whether a learned vector is put in front of each sequence, at position 0.
    generator
        For the initial weights; None for torch's own.
    device, dtype
        Where the parameters live, and their floating dtype; None for torch's defaults.

    Examples
    --------
    >>> import torch
    >>> embed = SequenceEmbedding(8, vocab_size=10, positions="sinusoidal")
    >>> hidden, padding = embed(torch.tensor([[3, 1, 4]]))
    >>> hidden.shape, padding
    (torch.Size([1, 3, 8]), None)
    """

    def __init__(
        self,
        hidden_dim: int,
        *,
        vocab_size: int | None = None,
        input_dim: int | None = None,
        positions: Positions = "none",
        max_length: int | None = None,
        leading: bool = False,
        generator: torch.Generator | None = None,
        device: torch.device | str | int | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__()

        def table(rows: int, deviation: float) -> nn.Parameter:
            drawn = torch.randn(rows, hidden_dim, generator=generator, device="cpu") * deviation
            target = torch.get_default_device() if device is None else device
            return nn.Parameter(drawn.to(target, torch.get_default_dtype() if dtype is None else dtype))

        self.hidden_dim, self.vocab_size, self.input_dim = hidden_dim, vocab_size, input_dim
        self.positions: Positions = positions
        self.max_length = max_length
        self.tokens = None if vocab_size is None else table(vocab_size, 1.0)
        self.project = (
            None
            if input_dim is None
            else uniform_linear(input_dim, hidden_dim, generator=generator, device=device, dtype=dtype)
        )
        self.leading = table(1, 1.0) if leading else None
        self.places: nn.Parameter | None = None
        if positions == "learned" and max_length is not None:
            self.places = table(max_length + leading, math.sqrt(0.5))

    def forward(self, x: Tensor, key_padding_mask: Tensor | None = None) -> tuple[Tensor, Tensor | None]:
        """Embed sequences.

        Parameters
        ----------
        x
            (batch, sequence) whole numbers, or (batch, sequence, channels), as the layer was built.
        key_padding_mask
            (batch, sequence), True where there is padding; what stands there is not looked at.

        Returns
        -------
        hidden, key_padding_mask
            (batch, length, d) and (batch, length) or None; the length is one more with a token in front.
        """
        self._check(x)
        kept = None if key_padding_mask is None else ~check_padding("key_padding_mask", key_padding_mask, x)
        hidden = self._vectors(x, kept)
        count = hidden.shape[1]
        if self.leading is not None:
            front = self.leading.to(hidden.dtype).expand(hidden.shape[0], 1, -1)
            hidden = torch.cat([front, hidden], dim=1)
            if kept is not None:
                kept = torch.cat([torch.ones_like(kept[:, :1]), kept], dim=1)
        if self.positions == "learned":
            self._check_length(count)
            hidden = hidden + self._learned[: hidden.shape[1]].to(hidden.dtype)
        elif self.positions == "sinusoidal":
            time = torch.arange(hidden.shape[1], device=hidden.device)
            hidden = hidden + sinusoids(time, self.hidden_dim, hidden.dtype)
        return cleared(hidden, kept), None if kept is None else ~kept

    def start(self, x: Tensor) -> Tensor:
        """Return the first position, where ``x`` is: 0 for `step`."""
        self._check_kind(x)
        return torch.zeros((), dtype=torch.long, device=x.device)

    def step(self, x: Tensor, position: Tensor) -> Tensor:
        """Embed one position of each sample: (batch,) or (batch, channels) to (batch, d)."""
        self._check_kind(x)
        if x.ndim != (2 if self.tokens is None else 1):
            shape = "(batch,)" if self.tokens is not None else f"(batch, {self._channels})"
            raise _wrong_shape(x, shape)
        self._check(x[:, None])
        hidden = self._vectors(x[:, None], None)[:, 0]
        if self.positions == "learned":
            if can_look(position):
                self._check_length(int(position) + 1)
            # indexing by a scalar would look at it, which cannot be compiled
            hidden = hidden + self._learned.index_select(0, position[None])[0].to(hidden.dtype)
        elif self.positions == "sinusoidal":
            hidden = hidden + sinusoids(position[None], self.hidden_dim, hidden.dtype)[0]
        return hidden

    @property
    def _channels(self) -> int:
        return self.hidden_dim if self.input_dim is None else self.input_dim

    @property
    def _learned(self) -> Tensor:
        if self.places is None:
            raise AssertionError("learned positions need a length, which the settings check")
        return self.places

    def _vectors(self, x: Tensor, kept: Tensor | None) -> Tensor:
        if self.tokens is not None:
            chosen = x.long() if kept is None else torch.where(kept, x.long(), 0)
            if can_look(chosen) and bool(((chosen < 0) | (chosen >= self.tokens.shape[0])).any()):
                raise DataError(
                    "x",
                    allowed=f"of tokens from 0 to {self.tokens.shape[0] - 1}",
                    got=f"numbers from {int(chosen.min())} to {int(chosen.max())}",
                    remedy="Build the encoder with a larger vocab_size, or mask what is padding.",
                )
            return nn.functional.embedding(chosen, self.tokens)
        given = cleared(x, kept)
        return given if self.project is None else self.project(given).to(x.dtype)

    def _check(self, x: Any) -> None:
        if self.tokens is None:
            check_sequence(x, self._channels)
            return
        self._check_kind(x)
        if x.ndim != 2 or x.shape[1] < 1:
            raise _wrong_shape(x, "(batch, sequence) with a sequence of at least 1")

    def _check_kind(self, x: Any) -> None:
        if self.tokens is None:
            check_tensor("x", x)
        elif not isinstance(x, Tensor) or x.is_floating_point() or x.is_complex() or x.dtype == torch.bool:
            raise ArgumentTypeError(
                "x",
                allowed="a tensor of whole numbers, the tokens",
                got=str(x.dtype) if isinstance(x, Tensor) else f"a {type(x).__name__}",
                remedy="Convert it with .long(); for real inputs build the encoder with input_dim.",
            )

    def _check_length(self, count: int) -> None:
        if self.max_length is not None and count > self.max_length:
            raise ShapeError(
                "x",
                allowed=f"of at most max_length = {self.max_length} positions",
                got=f"{count}",
                remedy="Build the encoder with a larger max_length, or with sinusoidal positions.",
            )


def sinusoids(time: Tensor, hidden_dim: int, dtype: torch.dtype) -> Tensor:
    """Sines and cosines of (positions,) times: (positions, hidden_dim), computed in the working precision."""
    place = torch.arange(hidden_dim, device=time.device)
    exponent = (place - place % 2).to(working_dtype(dtype)) / hidden_dim
    angle = time[:, None].to(working_dtype(dtype)) * 10_000.0**-exponent
    return torch.where(place % 2 == 0, angle.sin(), angle.cos()).to(dtype)


def _wrong_shape(x: Tensor, allowed: str) -> ShapeError:
    return ShapeError(
        "x",
        allowed=f"of shape {allowed}",
        got=f"shape {tuple(x.shape)}",
        remedy="Tokens have no channels; real inputs have them last.",
    )
