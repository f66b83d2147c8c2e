"""Statistics of past and future: lag vectors, moments, canonical correlation, information, filtering."""

from lamina.stats.cca import CanonicalDirections, truncated_cca
from lamina.stats.covariances import LagCovariances
from lamina.stats.filtering import causal_filter
from lamina.stats.information import predictive_information, projection_information
from lamina.stats.moments import LagMoments
from lamina.stats.windows import lag_vectors

__all__ = [
    "CanonicalDirections",
    "LagCovariances",
    "LagMoments",
    "causal_filter",
    "lag_vectors",
    "predictive_information",
    "projection_information",
    "truncated_cca",
]
