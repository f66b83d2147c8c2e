"""Rectified Spectral Units: past–future canonical correlation analysis, rectified and stacked."""

from typing import TYPE_CHECKING, Any

from lamina.resu.compat import (
    ReSUCell,
    calculate_mutual_information,
    center_lag_vectors,
    compute_covariance_matrices,
    construct_lag_vectors,
    perform_truncated_cca,
)
from lamina.resu.estimator import ReSU
from lamina.resu.layer import ReSULayer
from lamina.resu.local import LocalReSU
from lamina.resu.network import ReSUNetwork
from lamina.resu.significance import Significance, assess
from lamina.resu.stream import ReSUStream

if TYPE_CHECKING:
    from lamina.resu.module import ReSUModule as ReSUModule

__all__ = [
    "LocalReSU",
    "ReSU",
    "ReSUCell",
    "ReSULayer",
    "ReSUModule",
    "ReSUNetwork",
    "ReSUStream",
    "Significance",
    "assess",
    "calculate_mutual_information",
    "center_lag_vectors",
    "compute_covariance_matrices",
    "construct_lag_vectors",
    "perform_truncated_cca",
]


def __getattr__(name: str) -> Any:
    # PyTorch is loaded by those who ask for the module
    if name == "ReSUModule":
        from lamina.resu.module import ReSUModule

        return ReSUModule
    raise AttributeError(f"module 'lamina.resu' has no attribute {name!r}")
