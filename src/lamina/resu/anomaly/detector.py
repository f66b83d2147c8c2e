"""Anomalies of a recording, by how badly its past foretells them."""

from __future__ import annotations

from typing import Any, Literal, Self, get_args

import numpy as np
from array_api_compat import array_namespace
from sklearn.base import BaseEstimator, OutlierMixin
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted

from lamina._checks import check_choice, check_integer, check_real
from lamina.errors import ArgumentError, DataError
from lamina.resu.admission import admit, all_or_nothing, is_list_of_trials
from lamina.resu.anomaly.alarms import Alarm, find_alarms
from lamina.resu.anomaly.bank import Statistic, SurpriseBank
from lamina.resu.anomaly.learning import learn
from lamina.resu.anomaly.scoring import retrospective as over_futures
from lamina.resu.anomaly.scoring import shares_of, surprise_of
from lamina.resu.anomaly.thresholds import ThresholdRule, surprise_threshold
from lamina.resu.settings import Request, check_request
from lamina.stats.selection import Selection
from lamina.typing import Array, Criterion, Trials


class ReSUAnomaly(OutlierMixin, BaseEstimator):
    r"""Detector of anomalies: a sample is as anomalous as the units' forecast of it is wrong.

    The surprise of sample τ looks at the window of L = memory + gap + horizon − 1 samples that ends there:
    its first part is the past p_t, its last the future f_t, τ = t + gap + horizon − 1. With the forecast
    f̂_t of the r units of past–future CCA, e = f_t − f̂_t and S = Cov(e), it is

    .. math::
        s_\tau = e^\top S^{-1} e
        = \sum_{i \le r} \frac{(\Phi_i \tilde f_t - \sigma_i \Psi_i \tilde p_t)^2}{1 - \sigma_i^2}
        + \tilde f_t^\top C_{ff}^{-1} \tilde f_t - \sum_{i \le r} (\Phi_i \tilde f_t)^2,

    −2 log p(f_t | units) up to a constant: what each unit promised and was not kept, and how unusual is what
    no unit foretells.

    Parameters
    ----------
    memory, horizon
        m, samples of past, and h, samples of future that are judged together, ≥ 1. A longer horizon gathers
        more evidence for anomalies that last, and shows those of one sample less clearly. "auto" takes twice
        the autoregressive order of the data.
    rank
        r, number of units, from 1 to min(memory, horizon) · channels, or "auto".
    gap
        g, samples from the present to the first sample of the future, ≥ 1.
    statistic
        "window" judges the whole future, as above; "sample" the last sample of it alone, given the units and
        the samples before it: sharper in time, and with less evidence.
    two_sided
        Take less surprise than usual for an anomaly, too, as of a stuck sensor in a noisy signal (for
        "window"): the score is ν (x − 1 − log x), x = s / mean, 2 log of the likelihood ratio against a
        residual of any other size, with the mean and the degrees of freedom ν of the training scores.
    false_alarm_rate
        Share of normal samples whose surprise may exceed the threshold, above 0 and below 1.
    threshold_rule
        "pareto", "empirical" or "chi2", see `lamina.resu.surprise_threshold`.
    contamination
        Share of the training samples in windows with an anomaly, above 0 and at most 0.5. They are left out
        when learning, and the threshold marks as many. None takes all training samples for normal.
    refits
        How often the fit is repeated without the windows that surprise most, ≥ 0, if there is contamination.
    ridge
        Adds ridge · diag(C) to both covariances, ≥ 0: takes each channel to hold independent noise of that
        share of its variance, so that deviations below it surprise nobody.
    rcond
        Relative cut-off of eigenvalues, 0 to 1; by default eps · max(d, 12).
    sampling_rate
        Hertz, > 0, for plots in seconds; None if unknown.
    criterion
        How "auto" chooses: "svc", "bic" or "cv", see `lamina.stats.Selection`.

    Attributes
    ----------
    threshold_, offset_ : float
        Surprise above which a sample is an anomaly; its negative.
    filters_, future_filters_ : (units, memory, channels), (units, horizon, channels)
        Ψ, newest lag first, and Φ, nearest first.
    canonical_correlations_ : (units,)
        σ, descending.
    training_scores_ : (samples,)
        Surprise of the training samples, ascending, each by filters learned from other fifths of the
        recording (``cross_fitted_``; False where these are too short).
    memory_, horizon_, rank_, window_, selection_
        What was used, and L; how it was chosen, None if nothing was "auto".
    n_windows_, n_left_out_, n_features_in_
        Windows learned from; those left out; channels.
    bank_
        The filters that all answers come from.

    Notes
    -----
    The score belongs to the newest sample of its window: nothing later is used, and an alarm comes with the
    first sample that justifies it. In return an anomaly of n samples can raise n + L − 1 scores: it is in the
    future of the first n + h − 1, and then in the past of the others. NaN marks a gap; a score is NaN, and
    its sample counts as normal, where the window is not whole, at the beginning of a recording and for L − 1
    samples after a gap. A channel that never moved in training counts for nothing. Scores have the type of
    the recording; they are computed in float64. Where the training recording is not many times longer than
    a window, more normal samples exceed the threshold than stated: neighbouring windows share samples.

    References
    ----------
    Qin et al. 2025, arXiv:2512.23146, Eqs. 3 to 7, for the units; Box and Jenkins 1970 for residuals of
    forecasts; Siffer et al. 2017 for the threshold.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> normal = np.sin(0.2 * np.arange(3000)) + 0.1 * rng.standard_normal(3000)
    >>> detector = ReSUAnomaly(memory=20, horizon=10, rank=2).fit(normal[:2000])
    >>> test = normal[2000:].copy()
    >>> test[500:520] = 0.3  # the sensor is stuck
    >>> surprise = detector.surprise(test)
    >>> bool(500 <= np.nanargmax(surprise) < 520 + detector.window_)
    True
    >>> int(np.flatnonzero(detector.predict(test) < 0)[0])
    500
    """

    def __init__(
        self,
        memory: int | Literal["auto"] = "auto",
        horizon: int | Literal["auto"] = "auto",
        rank: int | Literal["auto"] = "auto",
        *,
        gap: int = 1,
        statistic: Statistic = "window",
        two_sided: bool = False,
        false_alarm_rate: float = 0.001,
        threshold_rule: ThresholdRule = "pareto",
        contamination: float | None = None,
        refits: int = 2,
        ridge: float = 1e-4,
        rcond: float | None = None,
        sampling_rate: float | None = None,
        criterion: Criterion = "svc",
    ) -> None:
        self.memory = memory
        self.horizon = horizon
        self.rank = rank
        self.gap = gap
        self.statistic = statistic
        self.two_sided = two_sided
        self.false_alarm_rate = false_alarm_rate
        self.threshold_rule = threshold_rule
        self.contamination = contamination
        self.refits = refits
        self.ridge = ridge
        self.rcond = rcond
        self.sampling_rate = sampling_rate
        self.criterion = criterion

    statistic: Statistic
    threshold_rule: ThresholdRule
    n_features_in_: int
    threshold_: float
    offset_: float
    training_scores_: np.ndarray
    bank_: SurpriseBank
    selection_: Selection | None

    def fit(self, X: Trials, y: None = None) -> Self:
        """Learn what is normal from one recording, or from several trials that windows never cross.

        Parameters
        ----------
        X
            (time,) or (time, channels), or a list of such; NaN marks a gap.

        Raises
        ------
        ArgumentError, ShapeError
            A parameter cannot be, or leaves too little to learn from; wrong number of axes.
        DataError
            Infinite, too short, all gaps, or constant; too few scores for the rule of the threshold.

        Warns
        -----
        FewWindowsWarning
            Fewer windows than directions.
        UnpredictableWarning
            "auto" found nothing in the past that stands out from chance.
        """
        request = self._check_parameters()
        with all_or_nothing(self):
            trials = admit(self, X, reset=True)
            found = learn(trials, request, self.statistic, self.two_sided, self.contamination, self.refits)
            settings, bank = found.settings, found.bank
            self.bank_, self.selection_ = bank, found.selection
            self.training_scores_, self.cross_fitted_ = found.scores, found.cross_fitted
            self.memory_, self.horizon_ = settings.memory, settings.horizon
            self.rank_, self.window_ = len(bank.canonical_correlations), settings.window
            self.filters_, self.future_filters_ = bank.filters, bank.future_filters
            self.canonical_correlations_ = bank.canonical_correlations
            self.n_windows_, self.n_left_out_ = bank.n_windows, found.left_out
            self.threshold_ = self._threshold()
            self.offset_ = -self.threshold_
        return self

    def surprise(self, X: Trials, *, retrospective: bool = False) -> Array | list[Array]:
        """Surprise of every sample, s = eᵀ S⁻¹ e of the window that ends in it; higher is more anomalous.

        Parameters
        ----------
        X
            One recording or a list of trials, with the channels of the fit.
        retrospective
            Give each sample the mean over the windows in whose future it lies, (s_τ + … + s_{τ+h−1}) / h,
            without those that have no score. It looks ahead by h − 1 samples, and says better where an
            anomaly was; the threshold is not made for it.

        Returns
        -------
        Array or list of Array
            (time,), ≥ 0, of the library, device and floating type of ``X``; a list for a list. NaN where the
            window is not whole.

        Raises
        ------
        NotFittedError, ShapeError, DataError
            Not fitted yet; other channels than in the fit; infinities, or squares that overflow.
        """
        check_is_fitted(self)
        scores = [surprise_of(self.bank_, trial) for trial in admit(self, X, reset=False)]
        if retrospective:
            scores = [over_futures(score, self.horizon_) for score in scores]
        return scores if is_list_of_trials(X) else scores[0]

    def score_samples(self, X: Trials) -> Array | list[Array]:
        """Negative of `surprise`: as everywhere in scikit-learn, higher is more normal.

        Parameters
        ----------
        X
            As for `surprise`, also for the errors.

        Returns
        -------
        Array or list of Array
            (time,), ≤ 0.
        """
        return _each(X, self.surprise(X), lambda score: -score)

    def decision_function(self, X: Trials) -> Array | list[Array]:
        """Threshold minus surprise: below 0 for anomalies.

        Parameters
        ----------
        X
            As for `surprise`, also for the errors.

        Returns
        -------
        Array or list of Array
            (time,).
        """
        scores = self.surprise(X)
        return _each(X, scores, lambda score: self.threshold_ - score)

    def predict(self, X: Trials) -> Array | list[Array]:
        """Say of every sample whether its surprise exceeds the threshold.

        Parameters
        ----------
        X
            As for `surprise`, also for the errors.

        Returns
        -------
        Array or list of Array
            (time,), integers: −1 for an anomaly, else 1, also where there is no score.
        """
        scores = self.surprise(X)

        def mark(score: Array) -> Array:
            xp = array_namespace(score)
            return 1 - 2 * xp.astype(score > self.threshold_, xp.int64)

        return _each(X, scores, mark)

    def contributions(self, X: Trials, *, by: Literal["channel", "unit"] = "channel") -> Array | list[Array]:
        r"""Say where the surprise of every sample comes from.

        Parameters
        ----------
        X
            As for `surprise`, also for the errors.
        by
            "channel": by how much the surprise falls when nothing is known of this channel's future,
            :math:`s - s_{-c}`. Two channels that only disagree with each other both get all of it: these
            numbers do not add up. "unit" (for the statistic "window"): the terms of the equation above, of
            the promise of each unit, and last the sum of all that no unit foretells; they add up to s.

        Returns
        -------
        Array or list of Array
            (time, channels), or (time, units + 1), ≥ 0.

        Raises
        ------
        ArgumentError
            ``by`` is neither; units, where the statistic is "sample".

        Examples
        --------
        >>> import numpy as np
        >>> normal = np.random.default_rng(0).standard_normal((2000, 3))
        >>> detector = ReSUAnomaly(memory=2, horizon=1, rank=1).fit(normal)
        >>> normal[1000, 2] = 9.0
        >>> int(np.argmax(detector.contributions(normal)[1000]))
        2
        """
        check_is_fitted(self)
        check_choice("by", by, ("channel", "unit") if self.bank_.statistic == "window" else ("channel",))
        shares = [shares_of(self.bank_, trial, by) for trial in admit(self, X, reset=False)]
        return shares if is_list_of_trials(X) else shares[0]

    def alarms(self, X: Trials) -> list[Alarm] | list[list[Alarm]]:
        """List the alarms of a recording, with what raised each.

        Parameters
        ----------
        X
            As for `surprise`, also for the errors.

        Returns
        -------
        list of Alarm, or list of such lists
            In the order of time; see `lamina.resu.Alarm`.

        Examples
        --------
        >>> import numpy as np
        >>> y = np.random.default_rng(0).standard_normal((1000, 3))
        >>> detector = ReSUAnomaly(memory=2, horizon=1, rank=1).fit(y[:500])
        >>> y[700, 1] = 9.0
        >>> [(alarm.start, alarm.channel) for alarm in detector.alarms(y[500:])]
        [(200, 1)]
        """
        check_is_fitted(self)
        found = [find_alarms(self.bank_, trial, self.threshold_) for trial in admit(self, X, reset=False)]
        return found if is_list_of_trials(X) else found[0]

    def __sklearn_is_fitted__(self) -> bool:
        return "threshold_" in vars(self)

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        return tags

    def _threshold(self) -> float:
        scores = self.training_scores_
        if self.contamination is None:
            try:
                return surprise_threshold(scores, self.false_alarm_rate, self.threshold_rule)
            except DataError as error:
                raise DataError(
                    "X",
                    allowed=f"long enough for scores, {error.allowed}",
                    got=f"{error.got} score(s)",
                    remedy="Give a longer recording, a higher false_alarm_rate, or threshold_rule='chi2'.",
                ) from error
        return float(scores[max(0, len(scores) - 1 - round(self.contamination * len(scores)))])

    def _check_parameters(self) -> Request:
        check_choice("statistic", self.statistic, get_args(Statistic))
        check_choice("threshold_rule", self.threshold_rule, get_args(ThresholdRule))
        check_real("false_alarm_rate", self.false_alarm_rate, above=0.0, maximum=1.0 - 1e-12)
        if self.contamination is not None:
            check_real("contamination", self.contamination, above=0.0, maximum=0.5)
        check_integer("refits", self.refits, minimum=0)
        if self.two_sided is not False and (self.two_sided is not True or self.statistic != "window"):
            raise ArgumentError(
                "two_sided",
                allowed="False, or True with the statistic 'window'",
                got=f"{self.two_sided!r} with {self.statistic!r}",
                remedy="The residual of one sample is often small by chance.",
            )
        names = ("memory", "horizon", "rank", "gap", "ridge", "rcond", "sampling_rate", "criterion")
        return check_request(**{name: getattr(self, name) for name in names})


def _each(X: Any, answers: Any, change: Any) -> Any:
    return [change(answer) for answer in answers] if is_list_of_trials(X) else change(answers)
