"""The methods that are measured: aeon's, with their defaults, one job and a fixed seed, and lamina's.

`METHODS` maps names to methods. A variant of lamina's settings is another entry (`variant`); evaluate.py
reads them from a JSON file of names and keyword arguments.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any


class NotThereError(Exception):
    """A method cannot be made: a package lacks it, or it has no answer for this kind of target."""


@dataclass(frozen=True)
class Method:
    """How to make one estimator, and how to read it when it is fitted.

    Parameters
    ----------
    make
        ``make(is_regression, seed)`` gives an estimator with ``fit`` and ``predict``.
    count
        Number of features that the read-out of a fitted estimator sees.
    any_length
        Whether series of unequal lengths are taken as a list; the others get them padded with zeros.
    settings
        Keyword arguments that differ from the defaults, for the record.
    """

    make: Callable[[bool, int], Any]
    count: Callable[[Any], int]
    any_length: bool = False
    settings: Mapping[str, Any] = field(default_factory=dict)


def _convolutions(kind: str) -> Callable[[bool, int], Any]:
    def make(is_regression: bool, seed: int) -> Any:
        import aeon.classification.convolution_based as classifiers
        import aeon.regression.convolution_based as regressors

        if is_regression:
            return getattr(regressors, f"{kind}Regressor")(random_state=seed, n_jobs=1)
        return getattr(classifiers, f"{kind}Classifier")(random_state=seed, n_jobs=1)

    return make


def _classifiers_only(make: Callable[[bool, int], Any]) -> Callable[[bool, int], Any]:
    def made(is_regression: bool, seed: int) -> Any:
        if is_regression:
            raise NotThereError("compared in classification only")
        return make(is_regression, seed)

    return made


def _catch22(is_regression: bool, seed: int) -> Any:
    """aeon's choice of a forest (200 trees), named here so that a later version cannot change it."""
    from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

    if is_regression:
        from aeon.regression.feature_based import Catch22Regressor as Catch22

        forest = RandomForestRegressor(n_estimators=200)
    else:
        from aeon.classification.feature_based import Catch22Classifier as Catch22

        forest = RandomForestClassifier(n_estimators=200)
    # replace_nans, its default, is for constant series
    return Catch22(estimator=forest, random_state=seed, n_jobs=1)


def _of_forest(fitted: Any) -> int:
    # aeon's regressor keeps its forest under another name than its classifier
    forest = fitted._estimator if fitted.__class__.__name__.endswith("Regressor") else fitted.estimator_
    return int(forest.n_features_in_)


def variant(**settings: Any) -> Method:
    """lamina's classifier or regressor, with these settings; its seed where it has one."""

    def make(is_regression: bool, seed: int) -> Any:
        import lamina.resu

        name = "ReSURegressor" if is_regression else "ReSUClassifier"
        found = getattr(lamina.resu, name, None)
        if found is None:
            raise NotThereError(f"lamina.resu has no {name} yet")
        made = found(**settings)
        known = made.get_params()
        seeded = {key: seed for key in ("seed", "random_state") if key in known and key not in settings}
        return made.set_params(**seeded)

    return Method(make, _of_lamina, any_length=True, settings=settings)


def _of_lamina(fitted: Any) -> int:
    # a sole row per class, or a vector, over the features
    return int(fitted.coef_.shape[-1])


METHODS: dict[str, Method] = {
    "MiniRocket": Method(_convolutions("MiniRocket"), lambda fitted: fitted.pipeline_[-1].n_features_in_),
    "MultiRocket": Method(
        _classifiers_only(_convolutions("MultiRocket")), lambda fitted: fitted.pipeline_[-1].n_features_in_
    ),
    "Hydra": Method(_classifiers_only(_convolutions("Hydra")), lambda fitted: fitted.clf_[-1].n_features_in_),
    "catch22 + forest": Method(_catch22, _of_forest, any_length=True),
    "ReSU": variant(),
}
# whom all are compared with
BASELINE = "MiniRocket"
