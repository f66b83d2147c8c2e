"""The fitted units of all scales, as what the compiled code reads and as what a person looks at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lamina.resu.features.scales import Scale

# what the kernel writes behind the fractions above thresholds
_AFTER_FRACTIONS = ("mean_on", "max_on", "mean_off", "max_off", "early_on", "early_off", "deviation")


@dataclass(frozen=True)
class FeatureUnit:
    """One fitted unit: z_t = Σ_j Σ_c F_jc (x_{c, t − j·dilation} − mean_c), x the series in its view.

    Parameters
    ----------
    scale
        View, memory, horizon and dilation.
    index
        Its place among the units of its scale, 0 for the largest canonical correlation.
    filter
        (memory, channels), float64, newest lag first.
    canonical_correlation
        σ between its output and the future, 0 to 1.
    thresholds
        (thresholds,), of its output, ascending.
    """

    scale: Scale
    index: int
    filter: np.ndarray
    canonical_correlation: float
    thresholds: np.ndarray

    @property
    def name(self) -> str:
        """Such as ``raw_m8_d4_u0``: view, memory, dilation, unit."""
        return f"{self.scale.view}_m{self.scale.memory}_d{self.scale.dilation}_u{self.index}"


@dataclass(frozen=True)
class Bank:
    """Units as arrays, in the form that `lamina.resu.features.kernels_outputs` reads.

    Parameters
    ----------
    plan
        As described there.
    views
        Those that the units see, in the order in which the plan counts them.
    gains
        (views, channels), powers of two that values are multiplied by, and filters have been divided by:
        float32 would not hold filters for values of 1e40 or 1e-40.
    """

    plan: tuple[np.ndarray, ...]
    views: list[str]
    gains: np.ndarray

    @staticmethod
    def columns_of(names: Sequence[str], thresholds: int) -> np.ndarray:
        """Places of statistics, named as by `columns`, among those that the kernel computes, int64."""
        rest = {name: thresholds + k for k, name in enumerate(_AFTER_FRACTIONS)}
        above = iter(range(thresholds))
        return np.array([rest[name] if name in rest else next(above) for name in names], dtype=np.int64)


def compile_units(units: Sequence[FeatureUnit]) -> Bank:
    """Lay out units of one or several scales; neighbours of the same scale are computed together.

    Parameters
    ----------
    units
        At least one.

    Returns
    -------
    Bank
    """
    starts = [k for k, unit in enumerate(units) if k == 0 or unit.scale != units[k - 1].scale]
    scales = [units[k].scale for k in starts]
    views = list(dict.fromkeys(scale.view for scale in scales))
    seen = [views.index(scale.view) for scale in scales]
    blocks = [
        np.stack([unit.filter for unit in units[start:stop]])
        for start, stop in zip(starts, [*starts[1:], len(units)], strict=True)
    ]
    channels = blocks[0].shape[2]
    largest = np.zeros((len(views), channels))
    for block, view in zip(blocks, seen, strict=True):
        np.maximum(largest[view], np.abs(block).max(axis=(0, 1)), out=largest[view])
    gains = np.exp2(np.round(np.log2(np.where(largest > 0, largest, 1.0))))
    weights, places, place = [], [], 0
    for block, view in zip(blocks, seen, strict=True):
        taps = channels * block.shape[1]
        rows = np.zeros((len(block), taps + -taps % 4), dtype=np.float32)
        rows[:, :taps] = (block / gains[view]).transpose(0, 2, 1).reshape(-1, taps)
        weights.append(rows.ravel())
        places.append(place)
        place += rows.size
    return Bank(
        plan=(
            np.array(seen, dtype=np.int64),
            np.array([scale.dilation for scale in scales], dtype=np.int64),
            np.array([scale.memory for scale in scales], dtype=np.int64),
            np.array([*starts, len(units)], dtype=np.int64),
            np.array(places, dtype=np.int64),
            np.concatenate(weights),
        ),
        views=views,
        gains=gains,
    )
