"""Direct forecasts of several steps at once, as a scikit-learn estimator."""

from __future__ import annotations

from typing import Any, Literal, Self

import numpy as np
from array_api_compat import array_namespace, to_device
from sklearn.base import BaseEstimator
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted

from lamina._checks import check_real, count_axes
from lamina.errors import DataError, StateError
from lamina.resu.admission import admit, all_or_nothing, is_list_of_trials, like
from lamina.resu.forecasting.choosing import choose, combined_map
from lamina.resu.forecasting.learning import ForecastMap
from lamina.resu.forecasting.members import Member
from lamina.resu.forecasting.rolling import filled, forecast_from, futures_of
from lamina.resu.forecasting.settings import ForecastSettings, check_forecast_settings
from lamina.resu.forecasting.spread import Spread
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
        with all_or_nothing(self):
            trials = self._admitted(X, settings, reset=True)
            _check_rank(settings, trials[0].shape[1])
            chosen = choose(settings, trials)
            self._settings, self._spread, self._learners = settings, chosen.spread, chosen.learners
            self._one_channel_given = _axes_of(X) == 1
            self.members_ = chosen.members
            self._set_forecast(chosen.forecast)
            self._remember(trials[-1])
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
        if settings != self._settings:
            raise StateError("Parameters have changed since fit. Call fit to begin anew with the new ones.")
        with all_or_nothing(self):
            trials = self._admitted(X, settings, reset=False)
            # copies, so that a failure leaves no half of a chunk behind
            from copy import deepcopy

            self._learners = deepcopy(self._learners)
            for trial in trials:
                if is_list_of_trials(X):
                    self._close()
                self._extend(trial)
        return self

    def end_trial(self) -> Self:
        """End the current trial, so that the next chunk of `partial_fit` begins one (`NotFittedError`)."""
        check_is_fitted(self)
        self._learners = tuple(self._learners)
        self._close()
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
        half = self._spread.half_width(level)
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
            found = forecast_from(trial, np.arange(len(trial)), self._forecast)
            results.append(_returned(backward(found, self._settings.transformation), given))
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
        settings = self._settings
        ours: Any = 0.0
        naive: Any = 0.0
        for _, trial in self._pairs(X):
            origins = np.arange(len(trial) - 1)
            found = backward(forecast_from(trial, origins, self._forecast), settings.transformation)
            original = backward(trial, settings.transformation)
            meant = futures_of(original, origins, settings.horizon)
            repeated = _naive(original, origins, settings)
            known = np.isfinite(found) & np.isfinite(meant) & np.isfinite(repeated)
            ours = ours + np.where(known, np.abs(found - meant), 0.0).sum(axis=(0, 1))
            naive = naive + np.where(known, np.abs(repeated - meant), 0.0).sum(axis=(0, 1))
        if not np.any(naive > 0):
            raise DataError(
                "X",
                allowed=f"longer than {self.valid_from_ + 1} samples, and changing",
                got="a recording in which the naive forecast never errs, or nothing can be forecast",
                remedy="Score on a longer recording.",
            )
        return float(1.0 - np.mean((ours / np.where(naive > 0, naive, 1.0))[naive > 0]))

    def __sklearn_is_fitted__(self) -> bool:
        return "filters_" in vars(self)

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.target_tags.required = False
        return tags

    @property
    def _forecast(self) -> ForecastMap:
        return ForecastMap(self.filters_, self.constant_)

    def _set_forecast(self, forecast: ForecastMap) -> None:
        self.filters_, self.constant_ = forecast.filters, forecast.constant
        self.residual_covariance_ = self._spread.covariance
        self.held_out_ = self._spread.held_out
        self.n_windows_ = self._learners[0].moments.n_windows
        self.valid_from_ = forecast.filters.shape[2] - 1

    def _remember(self, trial: np.ndarray) -> None:
        # what a forecast looks back on, and the horizon before that, for windows that are not yet whole
        self._history = trial[-(self.valid_from_ + 1 + self._settings.horizon) :].copy()
        self._trial_open = True

    def _close(self) -> None:
        for learner in self._learners:
            learner.moments.end_trial()
        self._trial_open = False

    def _extend(self, chunk: np.ndarray) -> None:
        before = self._history if self._trial_open else chunk[:0]
        joined = np.concatenate([before, chunk])
        origins = np.arange(max(0, len(before) - self._settings.horizon), len(joined) - 1)
        if len(origins):
            errors = futures_of(joined, origins, self._settings.horizon)
            errors -= forecast_from(joined, origins, self._forecast)
            # what lies before the chunk was judged when it came
            steps = origins[:, None] + 1 + np.arange(self._settings.horizon)
            errors[steps < len(before)] = np.nan
            self._spread = self._spread.joined(Spread.of(errors, held_out=True))
        for learner in self._learners:
            learner.moments.update(chunk)
        self._set_forecast(combined_map(self.members_, self._learners, joined))
        self._remember(joined)

    def _admitted(self, X: Any, settings: ForecastSettings, *, reset: bool) -> list[np.ndarray]:
        trials = [_numbers(trial) for trial in admit(self, X, reset=reset)]
        return [forward("X", trial, settings.transformation) for trial in trials]

    def _pairs(self, X: Any) -> list[tuple[Array, np.ndarray]]:
        """Return each trial as it came, and as numbers, transformed."""
        given = admit(self, X, reset=False)
        return [(trial, forward("X", _numbers(trial), self._settings.transformation)) for trial in given]

    def _answer(self, X: Any, adjust: Any) -> Any:
        check_is_fitted(self)
        transformation = self._settings.transformation
        if X is None:
            found = backward(adjust(self._ahead(self._history)), transformation)
            return found[:, 0] if self._one_channel_given else found
        results = []
        for given, trial in self._pairs(X):
            found = _returned(backward(adjust(self._ahead(trial)), transformation), given)
            results.append(found[:, 0] if _axes_of(X) == 1 else found)
        return results if is_list_of_trials(X) else results[0]

    def _ahead(self, trial: np.ndarray) -> np.ndarray:
        """Return the forecast from the end of a trial, (horizon, channels)."""
        needed = self.valid_from_ + 1
        if len(trial) < needed or not np.isfinite(trial).any(axis=0).all():
            raise DataError(
                "X",
                allowed=f"at least {needed} samples long, with a known sample in every channel",
                got=f"{len(trial)} sample(s), {int(np.isnan(trial).any(axis=1).sum())} with NaN",
                remedy="Give more of the recording's past.",
            )
        # a gap is filled from forecasts of the same map, which look back as far
        recent = filled(trial[-(2 * needed + self._settings.horizon) :], self._forecast)
        return forecast_from(recent, np.array([len(recent) - 1]), self._forecast)[0]


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


def _check_rank(settings: ForecastSettings, channels: int) -> None:
    from lamina.errors import ArgumentError

    possible = min(settings.memory or settings.horizon, settings.horizon) * channels
    if settings.rank is not None and settings.rank > possible:
        raise ArgumentError(
            "rank",
            allowed=f"at most {possible} here, the smaller of memory * channels and horizon * channels",
            got=str(settings.rank),
            remedy="Ask for a lower rank, or give a longer memory and horizon.",
        )


def _naive(trial: np.ndarray, origins: np.ndarray, settings: ForecastSettings) -> np.ndarray:
    """Return forecasts that repeat the last sample, or season, (origins, horizon, channels)."""
    period = settings.period or 1
    steps = origins[:, None] - (period - 1) + np.arange(settings.horizon) % period
    found = trial[np.maximum(steps, 0)]
    found[steps < 0] = np.nan
    return found
