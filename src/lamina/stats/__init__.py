"""Statistics of past and future: lag vectors, moments, canonical correlation, information, filtering."""

from lamina.stats.cca import CanonicalDirections, truncated_cca
from lamina.stats.covariances import LagCovariances
from lamina.stats.filtering import causal_filter
from lamina.stats.information import predictive_information, projection_information
from lamina.stats.moments import LagMoments
from lamina.stats.selection import Selection
from lamina.stats.selection_folds import score_ranks_cv
from lamina.stats.selection_orders import largest_order, score_orders
from lamina.stats.selection_ranks import score_ranks_bic, score_ranks_svc
from lamina.stats.windows import lag_vectors

__all__ = [
    "CanonicalDirections",
    "LagCovariances",
    "LagMoments",
    "Selection",
    "causal_filter",
    "lag_vectors",
    "largest_order",
    "predictive_information",
    "projection_information",
    "score_orders",
    "score_ranks_bic",
    "score_ranks_cv",
    "score_ranks_svc",
    "truncated_cca",
]
