"""Decoding by counting: each up spike is one step up and each down spike one step down."""

from __future__ import annotations

import numpy as np

from lamina.encoding.compiling import kernel
from lamina.encoding.parameters import in_type
from lamina.typing import Array


def accumulate(spikes: np.ndarray, steps: np.ndarray, initial: np.ndarray | None) -> np.ndarray:
    r"""Return :math:`\hat x_t = \hat x_0 + \theta\,n_t`, with the net count of the spikes from 1 to t.

    The spikes are counted in whole numbers and multiplied once, so that no rounding adds up.

    Parameters
    ----------
    spikes
        ``(2, channels, time)``.
    steps
        θ of each channel.
    initial
        First value of each channel; zero if None.

    Returns
    -------
    array
        ``(channels, time)``, of the type of the spikes.
    """
    decoded = np.empty(spikes.shape[1:], spikes.dtype)
    first = np.zeros(len(decoded)) if initial is None else initial
    _count.over_channels(
        decoded.shape, spikes, in_type(steps, spikes.dtype), in_type(first, spikes.dtype), decoded
    )
    return decoded


def accumulate_tensor(spikes: Array, steps: np.ndarray, initial: np.ndarray | None) -> Array:
    """Return what `accumulate` does, of a tensor; whole numbers sum to the same in any order."""
    kind = np.dtype(str(spikes.dtype).removeprefix("torch."))
    first = np.zeros(len(steps)) if initial is None else initial
    net = (spikes[0] + spikes[1]).long()
    net[:, 0] = 0
    heights = net.cumsum(1).to(spikes.dtype) * spikes.new_tensor(in_type(steps, kind))[:, None]
    return heights + spikes.new_tensor(in_type(first, kind))[:, None]


@kernel
def _count(
    first: int,
    last: int,
    spikes: np.ndarray,
    steps: np.ndarray,
    initial: np.ndarray,
    decoded: np.ndarray,
) -> None:
    for c in range(first, last):
        net = 0
        decoded[c, 0] = initial[c]
        for t in range(1, spikes.shape[2]):
            net += int(spikes[0, c, t]) + int(spikes[1, c, t])
            # through the array, so that the product is taken in its type
            decoded[c, t] = net
            decoded[c, t] = decoded[c, t] * steps[c] + initial[c]
