"""The Rectified Spectral Unit as a scikit-learn estimator."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, Self

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from lamina.errors import StateError
from lamina.resu.admission import like
from lamina.resu.answering import FittedUnit, answer, make_module, reconstruct
from lamina.resu.containers import answers_lists
from lamina.resu.fitting import assess_recordings, fit_chunk, fit_moments, fit_recordings, score_recordings
from lamina.resu.projection import expand
from lamina.resu.rectification import output_names, rectify
from lamina.resu.significance import Significance
from lamina.resu.sources import Checkpoint
from lamina.stats import LagMoments
from lamina.typing import Array, Criterion, Objective, Progress, Rectify, Trials


@answers_lists
class ReSU(FittedUnit, TransformerMixin, BaseEstimator):
    """Rectified Spectral Unit: the few features of a signal's past that say most about its future.

    Past p_t = [y_t; …; y_{t−m+1}] and future f_t = [y_{t+g}; …; y_{t+g+h−1}] are compared by canonical
    correlation analysis, C_ff^{−1/2} C_fp C_pp^{−1/2} = U Σ Vᵀ, and the units compute

        z_t = Ψ (p_t − μ_p),    Ψ = V_rᵀ C_pp^{−1/2},    ON = max(z, 0),    OFF = max(−z, 0).

    Parameters
    ----------
    memory, horizon
        m, samples of past that a filter sees, and h, samples of future that it is to predict, ≥ 1. "auto"
        takes twice the autoregressive order of the data.
    rank
        r, number of units, from 1 to min(memory, horizon) · channels, or "auto".
    gap
        g, samples from the present to the first sample of the future, ≥ 1.
    center
        Subtract the means (True), or take second moments about zero (False).
    rectify
        "none", "on", "off" or "split" (ON, then OFF: two outputs per unit), or one of these per unit, in a
        sequence. Outputs come unit by unit.
    objective
        "cca", "rrr" (reduced-rank regression) or "pca" (of the cross-covariance).
    ridge
        Adds ridge · tr(C)/d · I to both covariances, ≥ 0.
    rcond
        Relative cut-off of eigenvalues, 0 to 1; by default eps · max(d, 12), d the length of a lag vector.
    half_life
        Samples after which a sample counts half, > 0; None never forgets.
    sampling_rate
        Hertz, > 0, for plots and reports in seconds; None if unknown.
    criterion
        How "auto" chooses: "svc", "bic" or "cv", see `lamina.stats.Selection`.
    n_surrogates, seed
        Surrogates that `fit` tests the units against, ≥ 0 (none), see `significance`; seed of their draw.

    Attributes
    ----------
    filters_, future_filters_ : (units, memory, channels), (units, horizon, channels)
        Ψ, newest lag first, and Φ, nearest first. In each unit of Ψ the largest magnitude is positive.
    canonical_correlations_, singular_values_ : (units,)
        σ, descending; the second are those of the objective, for "cca" the same.
    predictive_information_ : float
        −½ Σ ln(1 − σ²), nats.
    past_mean_, future_mean_ : (memory, channels), (horizon, channels)
        μ_p and μ_f, zero when uncentred.
    forecast_, reconstruction_ : (horizon · channels, units), (memory · channels, units)
        Least-squares maps from z to the future (C_fp Ψᵀ) and to the past (C_pp Ψᵀ).
    memory_, horizon_, rank_, selection_
        What was used (``rank_``: the units that exist); how it was chosen, None if nothing was "auto".
    n_windows_, valid_from_, n_features_in_, modes_, moments_
        Windows used; memory − 1, the first sample whose window is whole; channels; rectification of each
        unit that exists; all that was kept of the data, a `LagMoments`.

    Notes
    -----
    NaN marks a gap, which no window touches. Statistics are in float64; outputs have the library, device and
    floating type of the input (at least float32). Rows are time: shuffled, another signal. No ``y`` is used.

    References
    ----------
    Qin et al. 2025, arXiv:2512.23146, Eqs. 3 to 8 and 10.

    Examples
    --------
    >>> import numpy as np
    >>> noise = np.random.default_rng(0).standard_normal(4000)
    >>> recording = np.convolve(noise, 0.9 ** np.arange(60))[:4000]
    >>> unit = ReSU(memory=8, horizon=5, rank=1, rectify="split").fit(recording)
    >>> round(float(unit.canonical_correlations_[0]), 1), unit.transform(recording).shape
    (0.9, (4000, 2))
    >>> unit.predict(recording).shape, unit.inverse_transform(unit.transform(recording)).shape
    ((4000, 5, 1), (4000, 8, 1))
    >>> bool(np.isclose(unit.score(recording), unit.predictive_information_))
    True
    """

    def __init__(
        self,
        memory: int | Literal["auto"] = "auto",
        horizon: int | Literal["auto"] = "auto",
        rank: int | Literal["auto"] = "auto",
        *,
        gap: int = 1,
        center: bool = True,
        rectify: Rectify | Sequence[Rectify] = "none",
        objective: Objective = "cca",
        ridge: float = 0.0,
        rcond: float | None = None,
        half_life: float | None = None,
        sampling_rate: float | None = None,
        criterion: Criterion = "svc",
        n_surrogates: int = 0,
        seed: int = 0,
    ) -> None:
        self.memory = memory
        self.horizon = horizon
        self.rank = rank
        self.gap = gap
        self.center = center
        self.rectify = rectify
        self.objective = objective
        self.ridge = ridge
        self.rcond = rcond
        self.half_life = half_life
        self.sampling_rate = sampling_rate
        self.criterion = criterion
        self.n_surrogates = n_surrogates
        self.seed = seed

    def fit(
        self,
        X: Trials,
        y: None = None,
        *,
        future_of: Trials | None = None,
        trial_weights: Sequence[float] | None = None,
        progress: Progress | bool = False,
        checkpoint: Checkpoint | None = None,
    ) -> Self:
        """Learn the units from one recording, or from several trials that windows never cross.

        Parameters
        ----------
        X
            (time,) or (time, channels), or a list of such; NaN marks a gap. What need not fit into memory: a
            ``numpy.memmap``, an ``h5py.Dataset``, a ``zarr.Array``; chunks of one recording from an iterator,
            or from a function that returns one anew each time ("auto" reads more than once).
        future_of
            Recording(s) of the same length(s) whose future is to be predicted instead of that of ``X``, as
            from stimulus to response. A gap in either ends the window in both.
        trial_weights
            One number ≥ 0 per trial: how often its windows count, relative to the others'.
        progress
            True for a bar on the terminal, or a function of the fraction done and a text; "auto" reads the
            data several times, each from 0 to 1.
        checkpoint
            A `lamina.io.Checkpoint`: the fit goes on from there after a crash.

        Raises
        ------
        ArgumentError, ShapeError
            A parameter cannot be, ``rank`` above min(memory, horizon) · channels too; wrong number of axes.
        DataError, StateError, FileError
            Infinite, too short, all gaps, or constant; a ``half_life`` that forgets all but one window.

        Warns
        -----
        RankDeficientWarning, ShortTrialWarning
            Fewer than ``rank`` directions in the data; trials shorter than one window.
        UnpredictableWarning
            "auto" found nothing in the past that stands out from chance.
        """
        fit_recordings(self, X, future_of, trial_weights, progress, checkpoint)
        return self

    def partial_fit(
        self, X: Trials, y: None = None, *, future_of: Trials | None = None, trial_weight: float = 1.0
    ) -> Self:
        """Learn from one more chunk; chunks of any size add up to one `fit` of the whole.

        The unit counts as fitted from the first chunk with which past and future vary.

        Parameters
        ----------
        X
            A recording that continues the current trial, windows across the border included, until
            `end_trial`. A list is a list of whole trials, and ends the current one first.
        future_of
            As in `fit`; given always or never.
        trial_weight
            How often the windows of this trial count, ≥ 0; the same for all its chunks.

        Raises
        ------
        ArgumentError, ShapeError, DataError, StateError
            As `fit`, but a short or constant beginning is waited out; another window than before.

        Examples
        --------
        >>> import numpy as np
        >>> unit = ReSU(memory=3, horizon=2, rank=1)
        >>> for chunk in np.split(np.sin(np.arange(90.0) ** 1.1), 3):
        ...     unit = unit.partial_fit(chunk)
        >>> unit.n_windows_
        86
        """
        fit_chunk(self, X, future_of, trial_weight)
        return self

    def end_trial(self) -> Self:
        """End the current trial of `partial_fit`, so that the next chunk begins one (`StateError`: none)."""
        if "moments_" not in vars(self):
            raise StateError("There is no trial to end. Call partial_fit with a chunk first.")
        self.moments_.end_trial()
        return self

    @classmethod
    def from_moments(cls, moments: LagMoments, rank: int, **parameters: Any) -> Self:
        """Fit from moments, however they were gathered; memory, horizon, gap and half_life are theirs.

        Parameters
        ----------
        moments
            Of at least two windows. They are copied: a later `partial_fit` leaves yours as they are.
        rank, **parameters
            Number of units; center, rectify, objective, ridge, rcond and sampling_rate as for `ReSU`.

        Raises
        ------
        ArgumentError, DataError
            A parameter cannot be; fewer than two windows, or nothing varies.

        Examples
        --------
        >>> import numpy as np
        >>> moments = LagMoments(memory=3, horizon=2).update(np.sin(np.arange(90.0) ** 1.1)).end_trial()
        >>> ReSU.from_moments(moments, rank=2).filters_.shape
        (2, 3, 1)
        """
        # what is no LagMoments has no window; fit_moments says so
        names = ("memory", "horizon", "gap", "half_life")
        window = {name: getattr(moments, name) for name in names if isinstance(moments, LagMoments)}
        unit = cls(rank=rank, **window, **parameters)
        fit_moments(unit, moments)
        return unit

    def transform(self, X: Trials) -> Array | list[Array]:
        """Compute the units' outputs, rectified as asked: z_t = Ψ (p_t − μ_p), causal, one row per sample.

        Parameters
        ----------
        X
            One recording or a list of trials, with the channels of the fit.

        Returns
        -------
        Array or list of Array
            (time, outputs), of the library, device and floating type of ``X``; a list for a list. Before
            ``valid_from_`` the missing history counts as the mean. NaN where a window touches a gap.

        Raises
        ------
        NotFittedError, ShapeError, DataError
            Not fitted yet; other channels than in the fit; infinities.

        Examples
        --------
        >>> import numpy as np
        >>> recording = np.sin(np.arange(90.0) ** 1.1)
        >>> unit = ReSU(memory=3, horizon=2, rank=2, rectify=["none", "on"]).fit(recording)
        >>> bool((unit.transform(recording)[:, 1] >= 0).all())
        True
        """
        check_is_fitted(self)
        return answer(self, X, lambda z: rectify(z, self.modes_), rounded=True)

    def predict(self, X: Trials) -> Array | list[Array]:
        """Forecast the future of every sample from the units: f̂_t = μ_f + C_fp Ψᵀ z_t.

        Units are not rectified. Those that are not white ("rrr", "pca", ridge) are whitened first: it is the
        least-squares forecast from z in every case. Errors are those of `transform`.

        Parameters
        ----------
        X
            One recording or a list of trials; gaps and missing history count as in `transform`.

        Returns
        -------
        Array or list of Array
            (time, horizon, channels): ``[t, j]`` is the forecast for sample t + gap + j.
        """
        check_is_fitted(self)
        return answer(self, X, lambda z: expand(z, like(self.forecast_, z), like(self.future_mean_, z)))

    def inverse_transform(self, Z: Trials) -> Array | list[Array]:
        """Reconstruct the past from the outputs, by least squares: p̂_t = μ_p + C_pp Ψᵀ z_t.

        Parameters
        ----------
        Z
            (time, outputs) as `transform` gives it, or a list of such. ON and OFF of "split" are recombined.

        Returns
        -------
        Array or list of Array
            (time, memory, channels), newest lag first; NaN where ``Z`` is.

        Raises
        ------
        ArgumentError, NotFittedError, ShapeError, DataError
            A unit is "on" or "off", half of it gone; not fitted yet; other outputs than fitted; infinities.
        """
        check_is_fitted(self)
        return reconstruct(self, Z)

    def score(self, X: Trials, y: None = None, *, future_of: Trials | None = None) -> float:
        """Information (nats) about the future that the fitted filters keep on a recording.

        I = −½ ln det(I − C_zz^{−1/2} C_zf C_ff^{−1} C_fz C_zz^{−1/2}), with the moments of ``X`` and z = Ψp.
        On the recording of the fit it equals ``predictive_information_`` (without ridge).

        Parameters
        ----------
        X
            One recording or a list of trials, with the channels of the fit.
        future_of
            The recording(s) whose future counts, if and only if the fit had them.

        Returns
        -------
        float
            ≥ 0. One more unit never lowers it: it compares memories, gaps and objectives, not ranks.

        Raises
        ------
        NotFittedError, ShapeError, DataError
            As `transform`; also fewer than units + horizon · channels + 1 windows, or nothing varies.
        """
        check_is_fitted(self)
        return score_recordings(self, X, future_of)

    def significance(
        self, X: Trials, *, future_of: Trials | None = None, n_surrogates: int = 200, seed: int = 0
    ) -> Significance:
        """Test the units against surrogates, whose past and future are unrelated; kept as ``significance_``.

        Parameters
        ----------
        X, future_of
            The recording(s) of the fit, which are read into memory.
        n_surrogates
            Circular shifts of the recording, or ways to shuffle trials, ≥ 19; more for smaller p-values.
        seed
            Of their draw, ≥ 0.

        Returns
        -------
        Significance
            p-values and standard errors; see `lamina.resu.assess`, also for the errors.
        """
        check_is_fitted(self)
        self.significance_ = assess_recordings(self, X, future_of, n_surrogates, seed)
        return self.significance_

    def to_module(
        self, *, dtype: Any = None, device: Any = None, method: str = "auto", trainable: bool = False
    ) -> Any:
        """Make a `torch.nn.Module` that computes `transform` on (batch, time, channels), with a `step`.

        Parameters
        ----------
        dtype, device
            Of the parameters; None for torch's defaults.
        method
            "direct", "fft", or "auto": by the size of the filters.
        trainable
            Let the filters be trained further.

        Returns
        -------
        ReSUModule
            A copy: see `lamina.resu.ReSUModule`, also for an example.
        """
        check_is_fitted(self)
        return make_module(self, dtype=dtype, device=device, method=method, trainable=trainable)

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """Name the outputs: "resu0", or "resu0_on" and "resu0_off" where a unit is rectified."""
        check_is_fitted(self)
        return np.asarray(output_names(self.modes_), dtype=object)
