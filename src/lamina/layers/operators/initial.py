r"""Initial weights of the operators, drawn from a generator.

.. math:: \operatorname{E} |W|^2 = s^2 \text{ (complex normal)}, \qquad
          A, b \sim U\bigl(-1/\sqrt{c},\ 1/\sqrt{c}\bigr) \text{ (as in torch's modules)}
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

Device = torch.device | str | int | None


def complex_normal(shape: tuple[int, ...], deviation: float, generator: torch.Generator | None) -> Tensor:
    """Draw complex numbers of mean square ``deviation``² as real pairs, ``(*shape, 2)``, on the CPU."""
    drawn = torch.randn((*shape, 2), generator=generator, dtype=torch.float32, device="cpu")
    return drawn * (deviation * 0.5**0.5)


def placed(values: Tensor, device: Device, dtype: torch.dtype | None) -> nn.Parameter:
    """Make a parameter of drawn values, where and in which dtype it is wanted."""
    place = torch.get_default_device() if device is None else device
    return nn.Parameter(values.to(device=place, dtype=torch.get_default_dtype() if dtype is None else dtype))


def pointwise_convolution(
    channels: int,
    axes: int,
    *,
    generator: torch.Generator | None,
    device: Device,
    dtype: torch.dtype | None,
) -> nn.Conv1d | nn.Conv2d:
    """Make a convolution of kernel size 1 over one or two axes: a linear map of each point."""
    kind = nn.Conv1d if axes == 1 else nn.Conv2d
    made = kind(channels, channels, kernel_size=1, device="meta", dtype=dtype)
    made = made.to_empty(device=torch.get_default_device() if device is None else device)
    bound = channels**-0.5
    with torch.no_grad():
        for parameter in made.parameters():
            drawn = torch.empty(parameter.shape, dtype=torch.float32, device="cpu")
            parameter.copy_(drawn.uniform_(-bound, bound, generator=generator))
    return made
