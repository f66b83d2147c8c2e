"""Classify time series: features learned without labels, read out by ridge regression."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, Self

import numpy as np
from scipy.special import softmax
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.class_weight import compute_sample_weight
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, column_or_1d

from lamina.errors import ArgumentError, ArgumentTypeError, DataError, ShapeError
from lamina.resu.features.calibration import fit_sharpness
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


class ReSUClassifier(ClassifierMixin, BaseEstimator):
    """Classifier of time series: `ReSUFeatures`, standardised, and ridge regression on ±1 for each class.

    Class k of the features x of a series has the score

        s_k = Σ_f w_kf (x_f − μ_f) / σ_f + b_k,

    and the class with the highest is predicted (of two classes only the second has one: its sign decides).
    Labels enter the read-out only, which is penalised by α Σ_f (w_kf / r_f)². r is the strength of three
    kinds of features: 1 for how outputs are distributed, 0.3 or 3 for when they are large ("early_on",
    "early_off"), 1 or 3 for levels. r and α are those with the least squared error on series left out, one at
    a time, in closed form.

    Parameters
    ----------
    n_features, memories, dilations, horizon, rank, views, levels, thresholds, ridge, n_jobs
        Settings of the features, see `ReSUFeatures`.
    alphas
        Penalties to choose from, each > 0; None for ten from 0.001 to 1000.
    class_weight
        None, "balanced" (each class counts as much as any other), or weights > 0 by class.

    Attributes
    ----------
    features_ : ReSUFeatures
        Fitted: units, names of features.
    classes_ : (classes,)
        Labels, sorted.
    coef_, intercept_ : (scores, features), (scores,)
        w and b, of one score for two classes and of one for each for more.
    feature_means_, feature_scales_ : (features,)
        μ and σ over the training series; σ is 1 where a feature did not vary, and its w is 0.
    unit_importances_ : (units,)
        Share of each unit in Σ w²; what is left of 1 is that of the levels.
    alpha_, strengths_ : float, (3,)
        α and the strengths that were chosen.
    sharpness_ : float
        β of `predict_proba`.
    left_out_scores_, left_out_probabilities_ : (series, scores), (series, classes)
        Of each training series by a read-out without it: a quick estimate of how well other series will be
        told apart, a little too good, as features, α and β are those of all.
    n_features_in_, feature_names_in_
        As in `ReSUFeatures`; the second for data frames only.

    References
    ----------
    Ridge regression with this read-out: Dempster, Schmidt and Webb 2021, arXiv:2012.08791.

    Examples
    --------
    >>> import numpy as np
    >>> noise = np.random.default_rng(0).standard_normal((40, 1, 80))
    >>> smooth = noise.copy()
    >>> smooth[20:, :, 1:] += noise[20:, :, :-1]
    >>> labels = np.repeat(["white", "smooth"], 20)
    >>> model = ReSUClassifier(n_features=300).fit(smooth[::2], labels[::2])
    >>> model.score(smooth[1::2], labels[1::2])
    1.0
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
        class_weight: Mapping[Any, float] | Literal["balanced"] | None = None,
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
        self.class_weight = class_weight
        self.n_jobs = n_jobs

    def fit(self, X: Any, y: Any) -> Self:
        """Learn the features without labels, then the read-out with them.

        Parameters
        ----------
        X
            (n_series, channels, time), (n_series, time), or a list of (channels, time) arrays of any lengths.
            NaN marks missing values.
        y
            (n_series,), labels of any kind that can be sorted, of two classes or more.

        Raises
        ------
        ArgumentError, ShapeError, DataError
            As `ReSUFeatures.fit`; no labels, not one for each series, or all of one class.
        """
        check_target(type(self).__name__, y)
        alphas = check_alphas(self.alphas)
        labels, classes, codes = _read_labels(y)
        if len(classes) < 2:
            raise DataError(
                "y",
                allowed="labels of two classes or more",
                got="one class",
                remedy="Add series of another class; what is unlike the training series, ReSUAnomaly tells.",
            )
        weights = _weigh(self.class_weight, labels)
        features, table = learn_features(self, X, labels)
        targets = np.where(codes[:, None] == np.arange(len(classes)), 1.0, -1.0)
        if len(classes) == 2:
            targets = targets[:, 1:]
        readout = fit_ridge(table, targets, alphas, blocks=find_blocks(features), weights=weights)
        sharpness = fit_sharpness(_of_all_classes(readout.left_out), codes)
        self._adopt(features, readout, classes, sharpness)
        return self

    def _adopt(self, features: ReSUFeatures, readout: Ridge, classes: np.ndarray, sharpness: float) -> None:
        set_readout(self, features, readout)
        self.classes_ = classes
        self.alpha_, self.strengths_ = float(readout.alpha[0]), readout.strengths[0]
        self.sharpness_ = sharpness
        self.left_out_scores_ = readout.left_out
        self.left_out_probabilities_ = softmax(sharpness * _of_all_classes(readout.left_out), axis=1)

    def decision_function(self, X: Any) -> np.ndarray:
        """Compute the scores of series.

        Parameters
        ----------
        X
            As in `fit`, with the channels of the fit, of any length (a 2-D array: of the length of the fit).

        Returns
        -------
        numpy.ndarray
            (n_series, classes), or (n_series,) for two classes: above 0 for the second.

        Raises
        ------
        NotFittedError, ShapeError, DataError
            Not fitted yet; other channels; infinities.
        """
        check_is_fitted(self)
        scores = read_out(self, X)
        return scores[:, 0] if scores.shape[1] == 1 else scores

    def predict(self, X: Any) -> np.ndarray:
        """Predict the class with the highest score.

        Parameters
        ----------
        X
            As in `decision_function`; so are the errors.

        Returns
        -------
        numpy.ndarray
            (n_series,), of ``classes_``.
        """
        check_is_fitted(self)
        return self.classes_[_of_all_classes(read_out(self, X)).argmax(axis=1)]

    def predict_proba(self, X: Any) -> np.ndarray:
        """Estimate the probability of each class: p_k = exp(β s_k) / Σ_j exp(β s_j), with s = ∓s for two.

        Scores of ridge regression are no probabilities. One number, β, is fitted by maximum likelihood to the
        scores of training series left out of the read-out, and smoothed as by Platt (1999); so where these
        are at chance, all classes come out alike. The order is that of the scores. Few series, or others
        than those of the training, make β and so the probabilities as uncertain as they themselves are.

        Parameters
        ----------
        X
            As in `decision_function`; so are the errors.

        Returns
        -------
        numpy.ndarray
            (n_series, classes), rows sum to 1.
        """
        check_is_fitted(self)
        return softmax(self.sharpness_ * _of_all_classes(read_out(self, X)), axis=1)

    def explain(
        self, series: Any, label: Any = None, *, against: Any = None, background: Any = None
    ) -> Explanation:
        """Take the score of a series apart: which unit adds how much, when, and on which samples.

        Parameters
        ----------
        series
            (channels, time) or (time,).
        label, against
            Class that is to be explained, None for the predicted one; class that it is compared with, None
            for the next best.
        background
            Series that are compared with; None for the mean features of the training series.

        Returns
        -------
        Explanation
            See `lamina.resu.features.explanation.explain`, also for the errors.
        """
        from lamina.resu.features.explanation import explain

        return explain(self, series, label, against=against, background=background)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.three_d_array = True
        # where columns may be shuffled, as in a table of scikit-learn's checks, there is no series
        tags.classifier_tags.poor_score = True
        return tags


def _read_labels(y: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Labels, the classes, and which of them each label is."""
    try:
        labels = column_or_1d(y, warn=True)
    except ValueError as error:
        remedy = "Give one label a series."
        raise ShapeError("y", allowed="(n_series,) labels", got=str(error), remedy=remedy) from None
    if labels.dtype.kind == "f" and not np.isfinite(labels).all():
        remedy = "Leave series without a label out."
        raise DataError("y", allowed="labels", got="infinity or NaN among them", remedy=remedy)
    try:
        check_classification_targets(labels)
        return labels, *np.unique(labels, return_inverse=True)
    except (TypeError, ValueError) as error:
        raise ArgumentTypeError(
            "y",
            allowed="labels of one kind, which can be sorted",
            got=f"others ({error})",
            remedy="Make all of them text, or all of them whole numbers; for other numbers, ReSURegressor.",
        ) from None


def _weigh(class_weight: Any, labels: np.ndarray) -> np.ndarray | None:
    """Weights of series, None for 1."""
    if class_weight is None:
        return None
    try:
        weights = np.asarray(compute_sample_weight(class_weight, labels), dtype=np.float64)
        if not (np.isfinite(weights).all() and weights.min() > 0):
            raise ValueError("a weight that is not above 0")
    except (TypeError, ValueError) as error:
        raise ArgumentError(
            "class_weight",
            allowed='None, "balanced", or weights > 0 by class',
            got=f"{class_weight!r} ({error})",
            remedy="Name classes as in y; those that are not named weigh 1.",
        ) from None
    return weights


def _of_all_classes(scores: np.ndarray) -> np.ndarray:
    return np.hstack([-scores, scores]) if scores.shape[1] == 1 else scores
