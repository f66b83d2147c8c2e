r"""Batch normalisation over all positions of a batch, of which some may be padding.

.. math:: y = \gamma \odot \frac{x - \mu}{\sqrt{\sigma^2 + \varepsilon}} + \beta

with the mean and variance of each channel over batch and positions. Source: Ioffe and Szegedy, Batch
normalization, ICML 2015, Algorithm 1; padding is left out of both sums.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from lamina.transforms.precision import widened


class PositionBatchNorm(nn.Module):
    r"""`torch.nn.BatchNorm1d` with channels last, any number of axes, and a mask.

    .. math:: y = \gamma \odot \frac{x - \mu}{\sqrt{\sigma^2 + \varepsilon}} + \beta

    In training the statistics are those of the batch's valid positions, and running means of them are kept;
    in evaluation the running ones are used.

    Parameters
    ----------
    channels
        Size of the last axis.
    eps
        Added to the variance.
    momentum
        Weight of the newest batch in the running statistics.
    device, dtype
        Where the parameters live, and their floating dtype; None for torch's defaults.

    Attributes
    ----------
    weight, bias : torch.nn.Parameter
        (channels,), one and zero at start.
    running_mean, running_var : torch.Tensor
        (channels,), zero and one at start; the variance is the unbiased one, as in torch.

    Examples
    --------
    >>> import torch
    >>> x = torch.tensor([[[1.0], [3.0], [99.0]]])
    >>> PositionBatchNorm(1)(x, torch.tensor([[True, True, False]]))[0, :2, 0]
    tensor([-1.0000,  1.0000], grad_fn=<SelectBackward0>)
    """

    running_mean: Tensor
    running_var: Tensor
    num_batches_tracked: Tensor

    def __init__(
        self,
        channels: int,
        eps: float = 1e-5,
        momentum: float = 0.1,
        *,
        device: torch.device | str | int | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__()
        self.channels, self.eps, self.momentum = channels, eps, momentum
        self.weight = nn.Parameter(torch.ones(channels, device=device, dtype=dtype))
        self.bias = nn.Parameter(torch.zeros(channels, device=device, dtype=dtype))
        self.register_buffer("running_mean", torch.zeros(channels, device=device, dtype=dtype))
        self.register_buffer("running_var", torch.ones(channels, device=device, dtype=dtype))
        self.register_buffer("num_batches_tracked", torch.zeros((), dtype=torch.int64, device=device))

    def forward(self, x: Tensor, valid: Tensor | None = None) -> Tensor:
        """Normalise each channel.

        Parameters
        ----------
        x
            (batch, …, channels), real floating; half precision is computed in float32.
        valid
            (batch, …), True where there is data; None for everywhere. Elsewhere the result means nothing.

        Returns
        -------
        Tensor
            Of the shape and dtype of ``x``.
        """
        wide = widened(x)
        if valid is not None:
            # where, not a product: padding may be NaN
            wide = torch.where(valid[..., None], wide, torch.zeros((), dtype=wide.dtype, device=x.device))
        if self.training:
            mean, variance = self._statistics(wide, valid)
        else:
            mean, variance = widened(self.running_mean), widened(self.running_var)
        scale = widened(self.weight) * (variance + self.eps).rsqrt()
        return ((wide - mean) * scale + widened(self.bias)).to(x.dtype)

    def _statistics(self, x: Tensor, valid: Tensor | None) -> tuple[Tensor, Tensor]:
        rows = x.flatten(0, -2)
        kept = torch.ones_like(rows[:, :1]) if valid is None else valid.reshape(-1, 1).to(rows.dtype)
        count = kept.sum()
        mean = rows.sum(dim=0) / count.clamp(min=1)
        variance = ((rows - mean).square() * kept).sum(dim=0) / count.clamp(min=1)
        with torch.no_grad():
            # nothing is learned from a batch of padding alone
            share = self.momentum * (count > 0)
            unbiased = variance * (count / (count - 1).clamp(min=1))
            self.running_mean.lerp_(mean.to(self.running_mean.dtype), share.to(self.running_mean.dtype))
            self.running_var.lerp_(unbiased.to(self.running_var.dtype), share.to(self.running_var.dtype))
            self.num_batches_tracked.add_(count > 0)
        return mean, variance

    def extra_repr(self) -> str:
        """Show the settings."""
        return f"{self.channels}, eps={self.eps}, momentum={self.momentum}"
