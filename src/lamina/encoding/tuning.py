"""The search for the parameters with which decoded spikes come nearest to the signal."""

from __future__ import annotations

import numpy as np

from lamina.encoding.hooks import CodeHooks, Values
from lamina.encoding.scaling import ChannelScaling
from lamina.typing import Progress, Seed


def search(
    code: CodeHooks,
    signal: np.ndarray,
    ranges: ChannelScaling,
    *,
    trials: int,
    seed: Seed,
    progress: bool | Progress,
) -> Values:
    """Return the best value of each tuned parameter for each channel, by name."""
    raise NotImplementedError
