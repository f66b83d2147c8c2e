"""Direct forecasts of several steps at once, as a scikit-learn estimator."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Literal, Self

import numpy as np
from array_api_compat import array_namespace, to_device
from sklearn.base import BaseEstimator
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted

from lamina._checks import check_real, count_axes
from lamina.errors import DataError, StateError
from lamina.resu.admission import admit, all_or_nothing, is_list_of_trials, like
from lamina.resu.forecasting.fitted import FittedForecast, fit_forecast
from lamina.resu.forecasting.members import Member
from lamina.resu.forecasting.rolling import forecast_from
from lamina.resu.forecasting.scoring import skill
from lamina.resu.forecasting.settings import ForecastSettings, check_forecast_settings
from lamina.resu.forecasting.transforms import backward, forward
from lamina.typing import Array, Objective, Trials


class ReSUForecaster(BaseEstimator):
    """Forecast the next samples of a recording, all steps at once, by reduced-rank past–future regression.

    The series is differenced, w_t = Σ_i a_i y_{t−i}, and the future g_t = [w_{t+1}; …; w_{t+h}] of the
    differences regressed on their past p_t = [w_t; …; w_{t−m+1}], from the same moments as a `lamina.ReSU`:

        ĝ_t = μ_g + B_r (p_t − μ_p),    B_r of rank r,    f̂_t = S ĝ_t + R [y_t; …; y_{t−M+1}],

    where S and R undo the differences. What is left "auto" is judged by forecasts from rolling origins, and
    the forecasts of several differences and memories are averaged, with weights by how well each did. The
    mean is again one linear map of the past.

    Parameters
    ----------
    horizon
        h, samples to forecast, ≥ 1.
    memory
        m, lags of the differenced series, ≥ 1, or "auto": 4, 12 (a period and two) and 100 (two periods and
        two, if that is more), as far as a third of the recording allows.
    rank
        r, directions of the past that are kept, from 1 to min(memory, horizon) · channels, or "auto".
    period
        P, samples of one season, ≥ 2; None without seasons.
    difference
        d, how often the series is differenced, 0 to 2, or "auto": 0 and 1.
    seasons
        k, seasons whose mean is subtracted, w_t = y_t − (y_{t−P} + … + y_{t−kP}) / k; 0 for none; "auto": 0,
        1 and 3.
    ridge
        λ ≥ 0, adds λ · tr(C)/d · I to the covariance of the past, or "auto".
    transformation
        "log" forecasts the logarithm of a positive series and gives the exponential of that, a median; None.
    objective
        What a rank keeps: "rrr", the directions that lower the squared error most; or "cca", the most
        predictable ones, those of a `lamina.ReSU`.

    Attributes
    ----------
    members_ : tuple of Member
        What the forecast is the weighted mean of, heaviest first: differences, memory, rank, ridge, error.
    filters_ : (horizon, channels, M, channels)
        The whole forecast as one map of the last M samples (after ``transformation``), newest lag first.
    constant_ : (horizon, channels)
        What is added to it.
    residual_covariance_ : (horizon, channels, channels)
        Mean of e eᵀ of the (transformed) forecast errors at each step, from held-out forecasts if
        ``held_out_``; a recording too short to hold anything out gives those that were learned from.
    held_out_ : bool
        As said.
    n_windows_, valid_from_, n_features_in_
        Windows of the heaviest member; M − 1, the first sample that `predict` forecasts from; channels.

    Notes
    -----
    NaN marks a gap, which no window touches; before a forecast, gaps in the last M samples are filled by
    earlier forecasts. The logarithm is a parameter, not a TransformedTargetRegressor of scikit-learn,
    because what is forecast is ``X`` itself; no ``y`` is used.

    References
    ----------
    Reduced-rank regression: Izenman 1975, J. Multivariate Anal. 5:248; past and future: Qin et al. 2025,
    arXiv:2512.23146, Eqs. 3 to 7; rolling origins: Tashman 2000, Int. J. Forecasting 16:437; combination:
    Bates and Granger 1969, Oper. Res. Q. 20:451.

    Examples
    --------
    >>> import numpy as np
    >>> months = np.arange(96)
    >>> noise = np.random.default_rng(0).standard_normal(96)
    >>> sales = 50 + 0.5 * months + 10 * np.sin(2 * np.pi * months / 12) + noise
    >>> forecaster = ReSUForecaster(horizon=12, period=12).fit(sales[:84])
    >>> forecast = forecaster.forecast()
    >>> forecast.shape, bool(np.abs(forecast - sales[84:]).mean() < 2)
    ((12,), True)
    >>> low, high = forecaster.forecast_interval(level=0.9)
    >>> bool(((low < forecast) & (forecast < high)).all())
    True
    """

    n_features_in_: int
    members_: tuple[Member, ...]
    filters_: np.ndarray
    constant_: np.ndarray
    residual_covariance_: np.ndarray
    held_out_: bool
    n_windows_: int
    valid_from_: int

    def __init__(
        self,
        horizon: int = 1,
        memory: int | Literal["auto"] = "auto",
        rank: int | Literal["auto"] = "auto",
        *,
        period: int | None = None,
        difference: int | Literal["auto"] = "auto",
        seasons: int | Literal["auto"] = "auto",
        ridge: float | Literal["auto"] = "auto",
        transformation: Literal["log"] | None = None,
        objective: Objective = "rrr",
    ) -> None:
        self.horizon = horizon
        self.memory = memory
        self.rank = rank
        self.period = period
        self.difference = difference
        self.seasons = seasons
        self.ridge = ridge
        self.transformation = transformation
        self.objective = objective

    def fit(self, X: Trials, y: None = None) -> Self:
        """Learn from one recording, or from several trials that windows never cross.

        Parameters
        ----------
        X
            (time,) or (time, channels), or a list of such; NaN marks a gap. `forecast` goes on from the end
            of the last one, and `partial_fit` continues it.

        Raises
        ------
        ArgumentError, ArgumentTypeError
            A parameter cannot be.
        ShapeError
            Wrong number of axes.
        DataError
            Infinite, too short, or all gaps; not above 0 with "log".
        """
        settings = check_forecast_settings(**self.get_params(deep=False))
        with all_or_nothing(self), _in_words_of_the_caller():
            trials = self._admitted(X, settings, reset=True)
            settings.check_rank(trials[0].shape[1])
            self._flat = _axes_of(X) == 1
            self._keep(fit_forecast(settings, trials))
        return self

    def partial_fit(self, X: Trials, y: None = None) -> Self:
        """Learn from one more chunk, which continues the recording; the first call is a `fit`.

        Moments grow by the chunk, and every member is learned anew from all of them. Which members there are,
        with what memory, rank, ridge and weight, stays as `fit` chose it. Before that, the chunk is forecast,
        and the errors, which are held out, join ``residual_covariance_``.

        Parameters
        ----------
        X
            (time,) or (time, channels), of any length, or a list of whole trials, which end the current one.

        Raises
        ------
        ArgumentError, ShapeError, DataError, StateError
            As `fit`; parameters that were changed since.

        Examples
        --------
        >>> import numpy as np
        >>> walk = np.random.default_rng(0).standard_normal(300).cumsum()
        >>> whole = ReSUForecaster(horizon=3, memory=4, difference=1, rank=1, ridge=0.1).fit(walk)
        >>> chunks = ReSUForecaster(horizon=3, memory=4, difference=1, rank=1, ridge=0.1).fit(walk[:100])
        >>> chunks = chunks.partial_fit(walk[100:150]).partial_fit(walk[150:])
        >>> bool(np.allclose(whole.forecast(), chunks.forecast()))
        True
        """
        if not self.__sklearn_is_fitted__():
            return self.fit(X)
        settings = check_forecast_settings(**self.get_params(deep=False))
        if settings != self._fitted.settings:
            raise StateError("Parameters have changed since fit. Call fit to begin anew with the new ones.")
        with all_or_nothing(self), _in_words_of_the_caller():
            # a failure leaves no half of a chunk behind
            fitted = self._fitted.copy()
            for trial in self._admitted(X, settings, reset=False):
                if is_list_of_trials(X):
                    fitted.end_trial()
                fitted.extend(trial)
            self._keep(fitted)
        return self

    def end_trial(self) -> Self:
        """End the current trial, so that the next chunk of `partial_fit` begins one (`NotFittedError`)."""
        check_is_fitted(self)
        self._fitted.end_trial()
        return self

    def forecast(self, X: Trials | None = None) -> Array | list[Array]:
        """Forecast what follows the end of a recording, by default of what was fitted.

        Parameters
        ----------
        X
            Another recording, or a list of such, with the channels of the fit and at least
            ``valid_from_ + 1`` samples; gaps near its end are filled by forecasts.

        Returns
        -------
        Array or list of Array
            (horizon, channels), or (horizon,) where the recording was one-dimensional; a list for a list. Of
            the library, device and floating type of ``X``; NumPy's float64 without.

        Raises
        ------
        NotFittedError, ShapeError, DataError
            Not fitted yet; other channels; too short, infinite, or a channel without any known sample.
        """
        return self._answer(X, lambda centre: centre)

    def forecast_interval(
        self, X: Trials | None = None, *, level: float = 0.95
    ) -> tuple[Array, Array] | tuple[list[Array], list[Array]]:
        """Bounds between which each of the next samples lies with probability ``level``, one by one.

        f̂ ± q s_j, with s_j the root mean square of the (held-out) errors at step j,
        ``residual_covariance_``, and q the quantile of Student's t with as many degrees of freedom as errors
        at that step over j: errors of forecasts whose steps overlap are not independent. With "log" both
        bounds are exponentials.

        Parameters
        ----------
        X
            As for `forecast`, also for errors.
        level
            Above 0 and below 1.

        Returns
        -------
        tuple of Array, or of lists of Array
            Lower and upper bounds, each of the shape of `forecast`.

        Raises
        ------
        ArgumentError, NotFittedError, ShapeError, DataError
            ``level`` cannot be; as `forecast`.

        Examples
        --------
        >>> import numpy as np
        >>> noise = np.random.default_rng(0).standard_normal(400)
        >>> low, high = ReSUForecaster(horizon=2).fit(noise).forecast_interval(level=0.8)
        >>> bool((low < -1).all() and (high > 1).all())
        True
        """
        level = check_real("level", level, above=0.0, maximum=1.0 - 1e-12)
        check_is_fitted(self)
        half = self._fitted.spread.half_width(level)
        return self._answer(X, lambda c: c - half), self._answer(X, lambda c: c + half)

    def predict(self, X: Trials) -> Array | list[Array]:
        """Forecast from every sample of a recording, as `lamina.ReSU.predict` does.

        Parameters
        ----------
        X
            One recording or a list of trials, with the channels of the fit.

        Returns
        -------
        Array or list of Array
            (time, horizon, channels): ``[t, j]`` is the forecast for sample t + 1 + j from the samples up to
            t. NaN where the last M samples are not all there: before ``valid_from_``, and where they touch a
            gap.

        Raises
        ------
        NotFittedError, ShapeError, DataError
            Not fitted yet; other channels than in the fit; infinite, or not above 0 with "log".
        """
        check_is_fitted(self)
        results = []
        for given, trial in self._pairs(X):
            found = forecast_from(trial, np.arange(len(trial)), self._fitted.forecast)
            results.append(_returned(backward(found, self._fitted.settings.transformation), given))
        return results if is_list_of_trials(X) else results[0]

    def score(self, X: Trials, y: None = None) -> float:
        """Skill of the rolling forecasts of a recording beside the naive ones, 1 − Σ e / Σ e_naive.

        e is the absolute error, summed over all steps and channels (each in units of its naive error); the
        naive forecast repeats the last sample, or with a ``period`` the last season.

        Parameters
        ----------
        X
            One recording or a list of trials, with the channels of the fit.

        Returns
        -------
        float
            At most 1: perfect; 0: no better than the naive forecast.

        Raises
        ------
        NotFittedError, ShapeError, DataError
            As `predict`; also where nothing could be forecast.
        """
        check_is_fitted(self)
        fitted = self._fitted
        return skill([trial for _, trial in self._pairs(X)], fitted.forecast, fitted.settings)

    def __sklearn_is_fitted__(self) -> bool:
        return "filters_" in vars(self)

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.target_tags.required = False
        return tags

    def _keep(self, fitted: FittedForecast) -> None:
        self._fitted, self.members_ = fitted, fitted.members
        self.filters_, self.constant_ = fitted.forecast.filters, fitted.forecast.constant
        self.residual_covariance_, self.held_out_ = fitted.spread.covariance, fitted.spread.held_out
        self.n_windows_, self.valid_from_ = fitted.learners[0].moments.n_windows, fitted.memory - 1

    def _admitted(self, X: Any, settings: ForecastSettings, *, reset: bool) -> list[np.ndarray]:
        trials = [_numbers(trial) for trial in admit(self, X, reset=reset)]
        return [forward("X", trial, settings.transformation) for trial in trials]

    def _pairs(self, X: Any) -> list[tuple[Array, np.ndarray]]:
        """Return each trial as it came, and as numbers, transformed."""
        given, transformation = admit(self, X, reset=False), self._fitted.settings.transformation
        return [(trial, forward("X", _numbers(trial), transformation)) for trial in given]

    def _answer(self, X: Any, adjust: Callable[[np.ndarray], np.ndarray]) -> Any:
        check_is_fitted(self)
        fitted = self._fitted
        transformation = fitted.settings.transformation
        if X is None:
            found = backward(adjust(fitted.ahead(fitted.history)), transformation)
            found = _returned(found, found)
            return found[:, 0] if self._flat else found
        flat = _axes_of(X) == 1
        results = []
        for given, trial in self._pairs(X):
            found = _returned(backward(adjust(fitted.ahead(trial)), transformation), given)
            results.append(found[:, 0] if flat else found)
        return results if is_list_of_trials(X) else results[0]


@contextmanager
def _in_words_of_the_caller() -> Iterator[None]:
    """Name X where moments complain of a chunk, of which whoever passed X knows nothing."""
    try:
        yield
    except DataError as error:
        if error.argument != "chunk":
            raise
        raise DataError("X", allowed=error.allowed, got=error.got, remedy=error.remedy) from error


def _numbers(trial: Array) -> np.ndarray:
    xp = array_namespace(trial)
    if hasattr(trial, "detach"):
        trial = trial.detach()
    return np.asarray(to_device(xp.astype(trial, xp.float64), "cpu"))


def _returned(values: np.ndarray, given: Array) -> Array:
    if np.isinf(values).any():
        raise DataError(
            "X",
            allowed="of values whose forecasts are finite",
            got="an overflow",
            remedy="Rescale the recording, or leave the transformation out.",
        )
    xp = array_namespace(given)
    return xp.astype(like(values, given), given.dtype)


def _axes_of(X: Any) -> int:
    first = X[0] if is_list_of_trials(X) else X
    # nested lists of numbers
    return count_axes(first) or np.ndim(first)
