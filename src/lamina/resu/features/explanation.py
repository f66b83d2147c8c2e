"""Why a series got its score: which filter, when, on which samples, for which class."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import is_classifier
from sklearn.utils.validation import check_is_fitted

from lamina._checks import check_integer
from lamina.errors import ArgumentError, ArgumentTypeError, ShapeError
from lamina.resu.features.apart import take_apart
from lamina.resu.features.attribution import mean_of_present
from lamina.resu.features.collection import Collection, read_collection
from lamina.resu.features.evidence import Evidence, Explanation

if TYPE_CHECKING:
    from lamina.resu.features.classifier import ReSUClassifier
    from lamina.resu.features.regressor import ReSURegressor


def explain(
    model: ReSUClassifier | ReSURegressor,
    series: Any,
    label: Any = None,
    *,
    against: Any = None,
    background: Any = None,
) -> Explanation:
    r"""Take the score of a series apart: which unit adds how much, when, and on which samples.

    The score is linear in the features x, and each feature of a unit is a sum over time: a fraction of time
    as much as what comes early or late; a deviation by the squares of z_t − mean; a maximum as what its
    arg-max holds, in equal parts where there are several. So the score is

        s = base + Σ_t Σ_u c_u(t) + levels,   c_u(t) = Σ_f (w_f / σ_f) (x_f(t) − r_f(t)),   Σ_t x_f(t) = x_f

    exactly, f running over the features of unit u. r is what would be usual: without a background the mean of
    the training series, μ_f / time at every t, with base = b (of what comes early or late, ON and OFF that
    stay at their average); with a background, the mean of x_f(t) over its series, with their mean score as
    base. A background of another length than the series is spread evenly over time, like μ. What rounding
    leaves (an output that equals a threshold) is spread evenly, too.

    ``moments`` says c_u(t) at the time t of the output, to which samples up to memory · dilation earlier
    contribute. ``contributions`` hands c_u(t) on to those samples: to x_{c, t − j·d} the share
    \|F_jc (x − r)_{c, t − j·d}\| of all that make up the output, r the mean series of the background (without
    one, the mean of the channel). A series that is looked at by its own standard is for this divided by the
    usual deviation; what its own deviation changes goes to the samples that make it. Of the levels of a
    channel, minimum and maximum go to the samples that reach them, the deviation to all by their squared
    deviations, the rise to both ends, the mean to all.
    This second step is a convention; its sums stay exact.

    Series that look much the same to begin with (aligned beats or gestures) share most of what moves a score
    up and down over time; only a background, such as training series of the other class, takes that away.

    Parameters
    ----------
    model
        A fitted `ReSUClassifier` or `ReSURegressor`.
    series
        (channels, time) or (time,), with the channels of the fit. NaN marks missing values.
    label
        Class that is to be explained; None for the predicted one. Of a regressor the index of the target;
        None for 0.
    against
        Class that it is compared with; None for the other class with the highest score. The score is the
        difference of the scores of both; of a classifier of two classes, which has one score, that score,
        or its negative for the first class.
    background
        Series that are compared with, (n_series, channels, time), (n_series, time), or a list of (channels,
        time) arrays, such as some ten to a hundred training series of the class ``against``.

    Returns
    -------
    Explanation
        Of this series.

    Raises
    ------
    NotFittedError
        The model has not been fitted.
    ArgumentTypeError
        Not such a model.
    ArgumentError
        No such class or target, or a class compared with itself.
    ShapeError, DataError
        Not one series of the channels of the fit; infinite values.

    Examples
    --------
    >>> import numpy as np
    >>> from lamina.resu.features.classifier import ReSUClassifier
    >>> series = np.random.default_rng(0).standard_normal((40, 120))
    >>> series[20:, 60:80] += np.hanning(20) * 4
    >>> labels = np.repeat(["noise", "bump"], 20)
    >>> model = ReSUClassifier(n_features=300).fit(series[::2], labels[::2])
    >>> found = explain(model, series[-1])
    >>> found.label, found.against
    ('bump', 'noise')
    >>> first, last = found.stretch(20)
    >>> 50 < first < last < 90
    True
    >>> bool(np.isclose(found.base + found.contributions.sum(), found.score))
    True
    """
    fitted = _fitted(model)
    try:
        single = np.ndim(series) < 3
    except ValueError:  # a list of unequal lengths
        single = False
    channels = fitted.features_.n_channels_
    collection = read_collection("series", [series] if single else series, channels=channels)
    if len(collection) != 1:
        raise ShapeError(
            "series",
            allowed="one series, (channels, time) or (time,)",
            got=f"{len(collection)}",
            remedy="Pass one at a time; explain_class takes several.",
        )
    return _explain(fitted, collection, label, against, background)


def explain_class(
    model: ReSUClassifier | ReSURegressor,
    series: Any,
    label: Any = None,
    *,
    against: Any = None,
    background: Any = None,
) -> Explanation:
    """Take apart the mean score of several series, such as all of one class: what speaks for it as a rule.

    Everything is the mean of what `explain` gives for each series, aligned at its start. Of unequal lengths,
    a series that has ended adds nothing more, so that the sums stay exact.

    Parameters
    ----------
    model
        A fitted `ReSUClassifier` or `ReSURegressor`.
    series
        (n_series, channels, time), (n_series, time), or a list of (channels, time) arrays.
    label, against, background
        As in `explain`, the same for all series; None for the classes with the highest mean scores.

    Returns
    -------
    Explanation
        ``series`` is the mean series, ``score`` the mean score, and so on.

    Raises
    ------
    NotFittedError, ArgumentTypeError, ArgumentError, ShapeError, DataError
        As for `explain`.

    Examples
    --------
    >>> import numpy as np
    >>> from lamina.resu.features.classifier import ReSUClassifier
    >>> series = np.random.default_rng(0).standard_normal((40, 120))
    >>> series[20:, 60:80] += np.hanning(20) * 4
    >>> labels = np.repeat(["noise", "bump"], 20)
    >>> model = ReSUClassifier(n_features=300).fit(series, labels)
    >>> found = explain_class(model, series[20:], "bump", background=series[:20])
    >>> found.series.shape, bool(found.score > found.base)
    ((1, 120), True)
    """
    fitted = _fitted(model)
    collection = read_collection("series", series, channels=fitted.features_.n_channels_)
    return _explain(fitted, collection, label, against, background)


def _fitted(model: Any) -> Any:
    from lamina.resu.features.classifier import ReSUClassifier
    from lamina.resu.features.regressor import ReSURegressor

    if not isinstance(model, ReSUClassifier | ReSURegressor):
        raise ArgumentTypeError(
            "model",
            allowed="a ReSUClassifier or a ReSURegressor",
            got=type(model).__name__,
            remedy="Pass the fitted model, not a pipeline around it.",
        )
    check_is_fitted(model)
    return model


def _explain(model: Any, collection: Collection, label: Any, against: Any, background: Any) -> Explanation:
    features = model.features_
    table = _table(features, collection)
    usual, around = model.feature_means_, None
    if background is not None:
        around = read_collection("background", background, channels=features.n_channels_)
        usual = _table(features, around).mean(axis=0)
    value = table.mean(axis=0)
    target = _choose(model, value, label, against)
    samples, moments, outputs, levels = take_apart(features, collection, target.weights, table, usual, around)
    by_feature = target.weights * (value - usual)
    names = features.get_feature_names_out()
    return Explanation(
        series=mean_of_present([collection.series(i).astype(np.float64) for i in range(len(collection))]),
        label=target.label,
        against=target.against,
        score=target.score(value),
        base=target.score(usual),
        scores=target.scores,
        contributions=samples,
        moments=moments,
        outputs=outputs,
        units=tuple(features.units_),
        unit_contributions=moments.sum(axis=1),
        level_contributions=levels,
        features=tuple(
            Evidence(str(name), *map(float, rest))
            for name, *rest in zip(names, value, usual, target.weights, by_feature, strict=True)
        ),
    )


def _table(features: Any, collection: Collection) -> np.ndarray:
    return features.transform([collection.series(i) for i in range(len(collection))]).astype(np.float64)


@dataclass(frozen=True)
class _Target:
    """What is explained: one score, linear in the features."""

    label: Any
    against: Any
    weights: np.ndarray
    offset: float
    scores: dict[Any, float]

    def score(self, values: np.ndarray) -> float:
        return float(self.weights @ values) + self.offset


def _choose(model: Any, values: np.ndarray, label: Any, against: Any) -> _Target:
    weights = model.coef_ / model.feature_scales_
    offsets = np.asarray(model.intercept_, dtype=np.float64) - weights @ model.feature_means_
    single = len(weights) == 1
    if not is_classifier(model):
        if against is not None:
            raise ArgumentError(
                "against", allowed="None for a regressor", got=repr(against), remedy="It has no classes."
            )
        scores = dict(enumerate((weights @ values + offsets).tolist()))
        label = check_integer("label", 0 if label is None else label, minimum=0, maximum=len(weights) - 1)
        return _Target(label, None, weights[label], float(offsets[label]), scores)
    if single:
        # two classes share one score, of which the other is the negative
        weights, offsets = np.vstack([-weights, weights]), np.concatenate([-offsets, offsets])
    labels = model.classes_.tolist()
    scores = dict(zip(labels, (weights @ values + offsets).tolist(), strict=True))
    ranked = sorted(labels, key=lambda one: -scores[one])
    label = _check_label("label", ranked[0] if label is None else label, labels)
    others = [one for one in ranked if one != label]
    against = _check_label("against", others[0] if against is None else against, others)
    ours, theirs = labels.index(label), labels.index(against)
    if single:
        return _Target(label, against, weights[ours], float(offsets[ours]), scores)
    difference = float(offsets[ours] - offsets[theirs])
    return _Target(label, against, weights[ours] - weights[theirs], difference, scores)


def _check_label(name: str, value: Any, labels: list[Any]) -> Any:
    if value not in labels:
        raise ArgumentError(
            name,
            allowed=f"one of {', '.join(map(repr, labels))}",
            got=repr(value),
            remedy="Name classes as in the fit, and two different ones.",
        )
    return labels[labels.index(value)]
