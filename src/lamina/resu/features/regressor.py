"""Predict a number for each time series: features learned without it, read out by ridge regression."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal, Self

import numpy as np
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.utils.validation import check_is_fitted

from lamina.errors import ArgumentTypeError, DataError, ShapeError
from lamina.resu.features.reading import (
    check_alphas,
    check_target,
    find_blocks,
    learn_features,
    read_out,
    set_readout,
)
from lamina.resu.features.ridge import Ridge, fit_ridge
from lamina.resu.features.scales import VIEWS
from lamina.resu.features.transformer import ReSUFeatures

if TYPE_CHECKING:
    from lamina.resu.features.evidence import Explanation


class ReSURegressor(RegressorMixin, BaseEstimator):
    """Regressor of numbers on time series: `ReSUFeatures`, standardised, and ridge regression.

    From the features x of a series it predicts

        ŷ_k = Σ_f w_kf (x_f − μ_f) / σ_f + b_k.

    Targets enter the read-out only, which is penalised by α Σ_f (w_kf / r_f)². r is the strength of three
    kinds of features: 1 for how outputs are distributed, 0.3 or 3 for when they are large ("early_on",
    "early_off"), 1 or 3 for levels. r and α are, for each target, those with the least squared error on
    series left out, one at a time, in closed form.

    Parameters
    ----------
    n_features, memories, dilations, horizon, rank, views, levels, thresholds, ridge, n_jobs
        Settings of the features, see `ReSUFeatures`.
    alphas
        Penalties to choose from, each > 0; None for ten from 0.001 to 1000.

    Attributes
    ----------
    features_ : ReSUFeatures
        Fitted: units, names of features.
    coef_, intercept_ : (targets, features), (targets,)
        w and b.
    feature_means_, feature_scales_ : (features,)
        μ and σ over the training series; σ is 1 where a feature did not vary, and its w is 0.
    unit_importances_ : (units,)
        Share of each unit in Σ w²; what is left of 1 is that of the levels.
    alpha_, strengths_ : (targets,), (targets, 3)
        α and the strengths that were chosen for each.
    left_out_predictions_ : (series,) or (series, targets)
        For each training series by a read-out without it: a quick estimate of how well others will be
        predicted, a little too good, as features and α are those of all.
    n_features_in_, feature_names_in_
        As in `ReSUFeatures`; the second for data frames only.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> steps = rng.uniform(1, 3, 60)
    >>> series = np.cumsum(steps[:, None] * rng.standard_normal((60, 100)), axis=1)
    >>> model = ReSURegressor(n_features=300).fit(series[::2], steps[::2])
    >>> model.score(series[1::2], steps[1::2]) > 0.8
    True
    """

    def __init__(
        self,
        n_features: int = 2400,
        *,
        memories: Sequence[int] = (4, 8, 16, 32),
        dilations: Sequence[int] | Literal["auto"] = "auto",
        horizon: int | None = None,
        rank: int = 16,
        views: Sequence[str] = VIEWS,
        levels: bool = True,
        thresholds: int = 5,
        ridge: float = 1e-4,
        alphas: Sequence[float] | None = None,
        n_jobs: int = 1,
    ) -> None:
        self.n_features = n_features
        self.memories = memories
        self.dilations = dilations
        self.horizon = horizon
        self.rank = rank
        self.views = views
        self.levels = levels
        self.thresholds = thresholds
        self.ridge = ridge
        self.alphas = alphas
        self.n_jobs = n_jobs

    def fit(self, X: Any, y: Any) -> Self:
        """Learn the features without targets, then the read-out with them.

        Parameters
        ----------
        X
            (n_series, channels, time), (n_series, time), or a list of (channels, time) arrays of any lengths.
            NaN marks missing values.
        y
            (n_series,) or (n_series, targets), finite numbers.

        Raises
        ------
        ArgumentError, ShapeError, DataError
            As `ReSUFeatures.fit`; no targets, not one for each series, or infinite or missing ones.
        """
        check_target(type(self).__name__, y)
        targets = _numbers(y)
        alphas = check_alphas(self.alphas)
        features, table = learn_features(self, X, targets)
        several = targets if targets.ndim == 2 else targets[:, None]
        readout = fit_ridge(table, several, alphas, blocks=find_blocks(features), per_target=True)
        self._adopt(features, readout, one_target=targets.ndim == 1)
        return self

    def _adopt(self, features: ReSUFeatures, readout: Ridge, *, one_target: bool) -> None:
        set_readout(self, features, readout)
        self.alpha_, self.strengths_ = readout.alpha, readout.strengths
        self.left_out_predictions_ = readout.left_out[:, 0] if one_target else readout.left_out
        self._one_target = one_target

    def predict(self, X: Any) -> np.ndarray:
        """Predict the targets of series.

        Parameters
        ----------
        X
            As in `fit`, with the channels of the fit, of any length (a 2-D array: of the length of the fit).

        Returns
        -------
        numpy.ndarray
            (n_series,) or (n_series, targets), float64, as ``y`` was.

        Raises
        ------
        NotFittedError, ShapeError, DataError
            Not fitted yet; other channels; infinities.
        """
        check_is_fitted(self)
        predictions = read_out(self, X)
        return predictions[:, 0] if self._one_target else predictions

    def explain(self, series: Any, target: int | None = None, *, background: Any = None) -> Explanation:
        """Take the prediction for a series apart: which unit adds how much, when, and on which samples.

        Parameters
        ----------
        series
            (channels, time) or (time,).
        target
            Index of the target; None for the first.
        background
            Series that are compared with; None for the mean features of the training series.

        Returns
        -------
        Explanation
            See `lamina.resu.features.explanation.explain`, also for the errors.
        """
        from lamina.resu.features.explanation import explain

        return explain(self, series, target, background=background)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        tags.input_tags.allow_nan = True
        tags.input_tags.three_d_array = True
        # where columns may be shuffled, as in a table of scikit-learn's checks, there is no series
        tags.regressor_tags.poor_score = True
        return tags


def _numbers(y: Any) -> np.ndarray:
    allowed = "(n_series,) or (n_series, targets) real numbers"
    try:
        targets = np.asarray(y)
        if np.iscomplexobj(targets):
            raise TypeError("Complex data not supported")
        targets = targets.astype(np.float64)
    except (TypeError, ValueError) as error:
        raise ArgumentTypeError(
            "y", allowed=allowed, got=f"{type(y).__name__} ({error})", remedy="Convert it to floats."
        ) from None
    if targets.ndim not in (1, 2) or 0 in targets.shape:
        raise ShapeError(
            "y", allowed=allowed, got=f"shape {targets.shape}", remedy="Give one target or one row a series."
        )
    if not np.isfinite(targets).all():
        raise DataError(
            "y", allowed="finite", got="infinity or NaN", remedy="Leave series without a target out."
        )
    return targets
