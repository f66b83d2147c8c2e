"""The features, the classifier and the regressor as estimators of aeon, for its pipelines and tools.

The settings are those of the classes of lamina, which do all the work; aeon's base classes check and convert
what comes in. Importing this module needs aeon.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

from lamina.errors import MissingDependencyError
from lamina.resu.features.classifier import ReSUClassifier
from lamina.resu.features.regressor import ReSURegressor
from lamina.resu.features.transformer import ReSUFeatures

try:
    from aeon.classification.base import BaseClassifier
    from aeon.regression.base import BaseRegressor
    from aeon.transformations.collection.base import BaseCollectionTransformer
    from aeon.utils.validation import check_n_jobs
except ImportError as error:
    raise MissingDependencyError(
        f"lamina.resu.features.aeon needs {error.name}. Install it with: pip install aeon"
    ) from error

_CAPABILITIES = {
    "capability:multivariate": True,
    "capability:unequal_length": True,
    "capability:missing_values": True,
    "capability:multithreading": True,
    "X_inner_type": ["numpy3D", "np-list"],
    "algorithm_type": "convolution",
}


def _with_settings_of(kind: type) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Let a constructor take the arguments of another class, and show them as its own."""

    def decorate(construct: Callable[..., None]) -> Callable[..., None]:
        construct.__signature__ = inspect.signature(kind.__init__)  # type: ignore[attr-defined]
        return construct

    return decorate


def _keep_settings(estimator: Any, *values: Any, **settings: Any) -> None:
    bound = inspect.signature(type(estimator).__init__).bind(estimator, *values, **settings)
    bound.apply_defaults()
    for name, value in list(bound.arguments.items())[1:]:
        setattr(estimator, name, value)


class AeonReSUFeatures(BaseCollectionTransformer):
    """`ReSUFeatures` as a collection transformer of aeon.

    Parameters
    ----------
    n_features, memories, dilations, horizon, rank, views, levels, thresholds, ridge, n_jobs
        As in `ReSUFeatures`.

    Attributes
    ----------
    model_ : ReSUFeatures
        Fitted.

    Examples
    --------
    >>> import numpy as np
    >>> series = np.random.default_rng(0).standard_normal((20, 1, 80)).cumsum(axis=2)
    >>> AeonReSUFeatures(n_features=300).fit_transform(series).shape[0]
    20
    """

    _tags = _CAPABILITIES | {"output_data_type": "Tabular"}

    n_jobs: int

    @_with_settings_of(ReSUFeatures)
    def __init__(self, *values: Any, **settings: Any) -> None:
        _keep_settings(self, *values, **settings)
        super().__init__()

    def _fit(self, X: Any, y: Any = None) -> Any:
        self._fit_transform(X)
        return self

    def _fit_transform(self, X: Any, y: Any = None) -> Any:
        self._n_jobs = check_n_jobs(self.n_jobs)
        self.model_ = ReSUFeatures(**self.get_params())
        return self.model_.fit_transform(X)

    def _transform(self, X: Any, y: Any = None) -> Any:
        return self.model_.transform(X)

    @classmethod
    def _get_test_params(cls, parameter_set: str = "default") -> dict[str, Any]:
        return {"n_features": 100, "memories": (2, 4), "rank": 2}


class AeonReSUClassifier(BaseClassifier):
    """`ReSUClassifier` as a classifier of aeon; its training estimates leave one series out of the read-out.

    Parameters
    ----------
    n_features, memories, dilations, horizon, rank, views, levels, thresholds, ridge, n_jobs
        As in `ReSUClassifier`.
    alphas, class_weight
        As in `ReSUClassifier`.

    Attributes
    ----------
    model_ : ReSUClassifier
        Fitted.

    Examples
    --------
    >>> import numpy as np
    >>> series = np.random.default_rng(0).standard_normal((40, 1, 80))
    >>> series[20:] = series[20:].cumsum(axis=2)
    >>> AeonReSUClassifier(n_features=300).fit(series, np.repeat(["white", "brown"], 20)).predict(series[:1])
    array(['white'], dtype='<U5')
    """

    _tags = _CAPABILITIES | {"capability:train_estimate": True}

    n_jobs: int

    @_with_settings_of(ReSUClassifier)
    def __init__(self, *values: Any, **settings: Any) -> None:
        _keep_settings(self, *values, **settings)
        super().__init__()

    def _fit(self, X: Any, y: np.ndarray) -> Any:
        self._n_jobs = check_n_jobs(self.n_jobs)
        self.model_ = ReSUClassifier(**self.get_params()).fit(X, y)
        return self

    def _predict(self, X: Any) -> np.ndarray:
        return self.model_.predict(X)

    def _predict_proba(self, X: Any) -> np.ndarray:
        return self.model_.predict_proba(X)

    def _fit_predict(self, X: Any, y: np.ndarray, **kwargs: Any) -> np.ndarray:
        return self.classes_[self._fit_predict_proba(X, y).argmax(axis=1)]

    def _fit_predict_proba(self, X: Any, y: np.ndarray, **kwargs: Any) -> np.ndarray:
        return self._fit(X, y).model_.left_out_probabilities_

    @classmethod
    def _get_test_params(cls, parameter_set: str = "default") -> dict[str, Any]:
        return {"n_features": 100, "memories": (2, 4), "rank": 2}


class AeonReSURegressor(BaseRegressor):
    """`ReSURegressor` as a regressor of aeon; its training estimates leave one series out of the read-out.

    Parameters
    ----------
    n_features, memories, dilations, horizon, rank, views, levels, thresholds, ridge, n_jobs
        As in `ReSURegressor`.
    alphas
        As in `ReSURegressor`.

    Attributes
    ----------
    model_ : ReSURegressor
        Fitted.

    Examples
    --------
    >>> import numpy as np
    >>> steps = np.linspace(1, 3, 60)
    >>> series = np.random.default_rng(0).standard_normal((60, 1, 100)) * steps[:, None, None]
    >>> AeonReSURegressor(n_features=300).fit(series, steps).predict(series).shape
    (60,)
    """

    _tags = _CAPABILITIES | {"capability:train_estimate": True}

    n_jobs: int

    @_with_settings_of(ReSURegressor)
    def __init__(self, *values: Any, **settings: Any) -> None:
        _keep_settings(self, *values, **settings)
        super().__init__()

    def _fit(self, X: Any, y: np.ndarray) -> Any:
        self._n_jobs = check_n_jobs(self.n_jobs)
        self.model_ = ReSURegressor(**self.get_params()).fit(X, y)
        return self

    def _predict(self, X: Any) -> np.ndarray:
        return self.model_.predict(X)

    def _fit_predict(self, X: Any, y: np.ndarray) -> np.ndarray:
        return self._fit(X, y).model_.left_out_predictions_

    @classmethod
    def _get_test_params(cls, parameter_set: str = "default") -> dict[str, Any]:
        return {"n_features": 100, "memories": (2, 4), "rank": 2}
