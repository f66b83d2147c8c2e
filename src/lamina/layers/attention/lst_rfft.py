r"""The real Fourier transform with a gradient that is one as well.

.. math:: \frac{\partial L}{\partial x_j} = n^{-1/2} \sum_{k=0}^{\lfloor n/2 \rfloor}
          \operatorname{Re}\, g_k\, e^{2\pi i\,jk/n}

is an inverse real transform of :math:`g_k / w_k`, where :math:`w_k` is 1 at frequency 0 and at the Nyquist
frequency and 2 between. PyTorch's own gradient is a complex transform of full length and takes thrice as
long.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from lamina.transforms.fourier import irfft, rfft


def multiplicity(n: int, like: Tensor) -> Tensor:
    """How many frequencies of a whole spectrum each one of half a spectrum stands for: (n/2 + 1,), 1 or 2."""
    number = torch.arange(n // 2 + 1, device=like.device)
    return torch.where((number == 0) | (2 * number == n), 1.0, 2.0).to(like.real.dtype)


class TurnedFourier(torch.autograd.Function):
    """Unitary ``torch.fft.rfft`` along axis 1 of (batch, n, channels), times (n/2 + 1, 1) fixed numbers."""

    generate_vmap_rule = True

    @staticmethod
    def forward(x: Tensor, turns: Tensor) -> Tensor:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Transform."""
        return rfft(x, dim=1) * turns

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor, Tensor], output: Tensor) -> None:
        """Keep the length, which half a spectrum does not tell."""
        ctx.length = inputs[0].shape[1]
        ctx.save_for_backward(inputs[1])

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Transform back what is known of the spectrum's gradient."""
        (turns,) = ctx.saved_tensors
        halved = gradient * (turns.conj() / multiplicity(ctx.length, gradient)[:, None])
        return irfft(halved, ctx.length, dim=1), None


def turned_fourier(x: Tensor, turns: Tensor) -> Tensor:
    """Transform (batch, n, channels) to (batch, n/2 + 1, channels), and multiply by (n/2 + 1, 1) numbers."""
    if torch.compiler.is_compiling():
        return rfft(x, dim=1) * turns
    return TurnedFourier.apply(x, turns)  # pyright: ignore[reportReturnType]
