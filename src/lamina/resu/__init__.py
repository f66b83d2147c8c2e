"""Rectified Spectral Units: past–future canonical correlation analysis, rectified and stacked."""

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

__all__ = [
    "LocalReSU",
    "ReSU",
    "ReSUCell",
    "ReSULayer",
    "ReSUNetwork",
    "Significance",
    "assess",
    "calculate_mutual_information",
    "center_lag_vectors",
    "compute_covariance_matrices",
    "construct_lag_vectors",
    "perform_truncated_cca",
]
