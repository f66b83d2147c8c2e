"""What a fitted unit holds, and what it makes of recordings."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from array_api_compat import array_namespace
from sklearn.base import BaseEstimator
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted

from lamina._checks import check_trials
from lamina.errors import ArgumentTypeError, DataError, MissingDependencyError
from lamina.resu.admission import admit, is_list_of_trials, like
from lamina.resu.projection import expand, project
from lamina.resu.rectification import recombine
from lamina.resu.significance import Significance
from lamina.stats import LagMoments
from lamina.stats.selection import Selection
from lamina.typing import Array, Rectify


class FittedUnit:
    """The attributes that a fit sets; `lamina.ReSU` says what they are."""

    n_features_in_: int
    memory_: int
    horizon_: int
    rank_: int
    n_windows_: int
    valid_from_: int
    filters_: Array
    future_filters_: Array
    canonical_correlations_: Array
    singular_values_: Array
    predictive_information_: float
    forecast_: Array
    reconstruction_: Array
    past_mean_: Array
    future_mean_: Array
    future_channels_: int | None
    modes_: tuple[Rectify, ...]
    moments_: LagMoments
    selection_: Selection | None
    significance_: Significance | None

    def __sklearn_is_fitted__(self) -> bool:
        return "filters_" in vars(self)

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()  # pyright: ignore[reportAttributeAccessIssue]
        tags.input_tags.allow_nan = True
        return tags


def check_unit(unit: Any, *needed: str) -> None:
    """Refuse what is no fitted unit with these attributes (`ArgumentTypeError`, `NotFittedError`)."""
    estimator = isinstance(unit, BaseEstimator)
    if estimator:
        check_is_fitted(unit)
    if not estimator or not all(hasattr(unit, name) for name in needed):
        raise ArgumentTypeError(
            "unit",
            allowed="a fitted ReSU",
            got=f"the class {unit.__name__}" if isinstance(unit, type) else f"a {type(unit).__name__}",
            remedy="Fit one to a recording.",
        )


def answer(
    unit: FittedUnit, X: Any, respond: Callable[[Array], Array], *, rounded: bool = False
) -> Array | list[Array]:
    """Apply ``respond`` to the units' outputs z before rectification, (time, units).

    Parameters
    ----------
    unit, X
        A fitted unit; one recording or a list of trials.
    respond
        What to make of z, which is in float64.
    rounded
        Give z in the type of the recording already, where nothing is computed from it any more.

    Returns
    -------
    Array or list of Array
        Of the library, device and floating type of ``X``; a list for a list.
    """
    results: list[Array] = []
    for trial in admit(unit, X, reset=False):
        filters, mean = like(unit.filters_, trial), like(unit.past_mean_, trial)
        z = project(trial[None, ...], filters, mean, trial.dtype if rounded else None)[0, ...]
        results.append(_in_type("X", lambda z=z: respond(z), trial.dtype))
    return results if is_list_of_trials(X) else results[0]


def reconstruct(unit: FittedUnit, Z: Any) -> Array | list[Array]:
    """Return the least-squares past, (time, memory, channels), of outputs; see `lamina.ReSU`."""
    results: list[Array] = []
    for outputs in check_trials("Z", Z):
        xp = array_namespace(outputs)
        z = recombine(xp.astype(outputs, xp.float64), unit.modes_)
        weights, mean = like(unit.reconstruction_, z), like(unit.past_mean_, z)
        results.append(_in_type("Z", lambda z=z, w=weights, m=mean: expand(z, w, m), outputs.dtype))
    return results if is_list_of_trials(Z) else results[0]


def _in_type(name: str, compute: Callable[[], Array], dtype: Any) -> Array:
    """Return a result in the dtype of the input, where it has to be finite, or NaN for a gap."""
    with np.errstate(over="ignore", invalid="ignore"):
        result = compute()
        xp = array_namespace(result)
        result = xp.astype(result, dtype, copy=False)
    if bool(xp.any(xp.isinf(result))):
        raise DataError(
            name,
            allowed=f"of values whose results are finite in {str(dtype).removeprefix('torch.')}",
            got="an overflow",
            remedy="Rescale the recording, or pass it in float64.",
        )
    return result


def make_module(unit: FittedUnit, **arguments: Any) -> Any:
    """Return a `lamina.resu.ReSUModule` of ``unit``, or say what is missing (`MissingDependencyError`)."""
    try:
        from lamina.resu.module import ReSUModule
    except ModuleNotFoundError as error:
        # what PyTorch itself, or lamina, fails to find is another matter
        if error.name != "torch":
            raise
        raise MissingDependencyError(
            "to_module needs PyTorch. Install it with: pip install 'lamina[torch]'"
        ) from error
    return ReSUModule(unit, **arguments)
