"""The fitted units of all scales, as what the compiled code reads and as what a person looks at."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lamina.resu.features.scales import Scale


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
        (memory, channels), float32, newest lag first.
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
