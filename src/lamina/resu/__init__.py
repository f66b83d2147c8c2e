"""Rectified Spectral Units: past–future canonical correlation analysis, rectified and stacked."""

from typing import TYPE_CHECKING, Any

from lamina.resu.anomaly.alarms import Alarm
from lamina.resu.anomaly.detector import ReSUAnomaly
from lamina.resu.anomaly.stream import SurpriseStream
from lamina.resu.anomaly.thresholds import surprise_threshold
from lamina.resu.compat import (
    ReSUCell,
    calculate_mutual_information,
    center_lag_vectors,
    compute_covariance_matrices,
    construct_lag_vectors,
    perform_truncated_cca,
)
from lamina.resu.estimator import ReSU
from lamina.resu.features.bank import FeatureUnit
from lamina.resu.features.classifier import ReSUClassifier
from lamina.resu.features.evidence import Explanation
from lamina.resu.features.explanation import explain, explain_class
from lamina.resu.features.regressor import ReSURegressor
from lamina.resu.features.scales import Scale
from lamina.resu.features.transformer import ReSUFeatures
from lamina.resu.forecasting.forecaster import ReSUForecaster
from lamina.resu.forecasting.members import Member
from lamina.resu.layer import ReSULayer
from lamina.resu.local import LocalReSU
from lamina.resu.network import ReSUNetwork
from lamina.resu.significance import Significance, assess
from lamina.resu.stream import ReSUStream

if TYPE_CHECKING:
    from lamina.resu.module import ReSUModule as ReSUModule

__all__ = [
    "Alarm",
    "Explanation",
    "FeatureUnit",
    "LocalReSU",
    "Member",
    "ReSU",
    "ReSUAnomaly",
    "ReSUCell",
    "ReSUClassifier",
    "ReSUFeatures",
    "ReSUForecaster",
    "ReSULayer",
    "ReSUModule",
    "ReSUNetwork",
    "ReSURegressor",
    "ReSUStream",
    "Scale",
    "Significance",
    "SurpriseStream",
    "assess",
    "calculate_mutual_information",
    "center_lag_vectors",
    "compute_covariance_matrices",
    "construct_lag_vectors",
    "explain",
    "explain_class",
    "perform_truncated_cca",
    "surprise_threshold",
]


def __getattr__(name: str) -> Any:
    # PyTorch is loaded by those who ask for the module
    if name == "ReSUModule":
        from lamina.resu.module import ReSUModule

        return ReSUModule
    raise AttributeError(f"module 'lamina.resu' has no attribute {name!r}")
