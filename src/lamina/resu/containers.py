"""Lists of trials under scikit-learn's ``set_output``, which by itself knows single tables only."""

from __future__ import annotations

from functools import wraps
from typing import Any, TypeVar

import sklearn

from lamina.resu.admission import is_list_of_trials

Estimator = TypeVar("Estimator", bound=type)


def answers_lists(estimator: Estimator) -> Estimator:
    """Let ``transform`` and ``fit_transform`` answer a list of trials by a list of tables.

    Parameters
    ----------
    estimator
        A transformer class, whose ``transform`` scikit-learn has wrapped.

    Returns
    -------
    type
        The same class.

    Examples
    --------
    >>> from sklearn.base import TransformerMixin
    >>> same = answers_lists(type("Same", (TransformerMixin,), {"transform": lambda self, X: X}))()
    >>> same.transform([1.0, 2.0])
    [1.0, 2.0]
    """
    one_table, fit_then_transform = estimator.transform, estimator.fit_transform

    @wraps(one_table)
    def transform(self: Any, X: Any) -> Any:
        if is_list_of_trials(X) and _container_of(self) != "default":
            return [one_table(self, trial) for trial in X]
        return one_table(self, X)

    @wraps(fit_then_transform)
    def fit_transform(self: Any, X: Any, y: Any = None, **fit_params: Any) -> Any:
        return self.fit(X, y, **fit_params).transform(X)

    estimator.transform = transform
    estimator.fit_transform = fit_transform
    return estimator


def _container_of(estimator: Any) -> str:
    chosen = vars(estimator).get("_sklearn_output_config", {}).get("transform")
    return chosen or sklearn.get_config()["transform_output"]
