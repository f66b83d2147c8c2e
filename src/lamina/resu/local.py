"""A unit that learns by local rules, one sample after another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from array_api_compat import array_namespace
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted

from lamina.errors import StateError
from lamina.resu.admission import admit, all_or_nothing, is_list_of_trials, like
from lamina.resu.containers import answers_lists
from lamina.resu.gathering import covariances_of, empty_moments, gather
from lamina.resu.local_learning import learn_chunk, learn_trials, learn_whole, settings_of
from lamina.resu.local_readout import correlations, filters, rotation
from lamina.resu.local_settings import LocalRule
from lamina.resu.local_state import LocalState
from lamina.resu.projection import project
from lamina.resu.rectification import check_modes, output_names, rectify
from lamina.resu.settings import check_settings
from lamina.resu.solution import information_kept
from lamina.typing import Array, Rectify, Trials


@answers_lists
class LocalReSU(TransformerMixin, BaseEstimator):
    """Rectified Spectral Unit that learns from one sample at a time, by rules local to its synapses.

    Each sample completes one pair of past x and future y (standardised by running mean and deviation), which
    is used once. With "asymmetric", from a = Wx, b = Vy and z = (I + M)⁻¹(a + b),

        W += η (z − Λa) xᵀ,    V += η (z − Γb) yᵀ,    M += η tril(zzᵀ, −1),
        Λ += (η/2) (diag(aaᵀ) − I),    Γ += (η/2) (diag(bbᵀ) − I),

    which ends at the filters of `ReSU`, unit by unit. With "bio", from z = M⁻¹(a + b),

        W += 2η (z − a) xᵀ,    V += 2η (z − b) yᵀ,    M += (η/τ) (zzᵀ − M),

    which ends at the same subspace in an arbitrary rotation. What is read out are averages of the weights
    over the steps, while η decays: η_k = η₀ / (d · (1 + k/K)^p), d = max(memory, horizon) · channels.

    Parameters
    ----------
    memory
        m, samples of past that a filter sees, ≥ 1.
    horizon
        h, samples of future that it is to predict, ≥ 1.
    rank
        r, number of units, from 1 to min(memory, horizon) · channels.
    gap
        g, samples from the present to the first sample of the future, ≥ 1.
    center
        Take off the running mean (True), or learn from moments about zero (False).
    rule
        "asymmetric" (units one by one) or "bio" (Bio-CCA, the subspace).
    learning_rate
        η₀, > 0: the first step, as a share of what a window of usual energy would bear.
    decay_steps
        K, steps after which the rate decays, > 0; None for 100 d.
    decay_power
        p, from 0 (a constant rate) to 1.
    averaging
        κ ≥ 0: step k counts in the average like k^κ (larger forgets sooner). None reads the last weights.
    lateral_time
        τ of Bio-CCA, > 0.
    passes
        How often `fit` goes through the data, ≥ 1.
    rectify
        "none", "on", "off" or "split", or one of these per unit; of the outputs, learning is linear.
    half_life
        Samples after which a sample counts half in means, deviations and averages, ≥ 1; the rate decays no
        further than after 1.44 half-lives. None never forgets.
    seed
        Of the first, random weights, ≥ 0.
    sampling_rate
        Hertz, > 0, for plots and reports in seconds; None if unknown.

    Attributes
    ----------
    filters_, future_filters_ : (units, memory, channels), (units, horizon, channels)
        Newest lag first, and nearest first: W and V ("bio": √2 M⁻¹W and √2 M⁻¹V), averaged, for the signal as
        it is. In each unit of the first the largest magnitude is positive.
    canonical_correlations_ : (units,)
        What the units know of σ: (Λ + Γ)/2 − 1, or the eigenvalues of M less 1, descending, in [0, 1].
    rotation_ : (units, units)
        Turns the units of "bio" into those of `ReSU`, by the eigenvectors of M; identity for "asymmetric".
    past_weights_, future_weights_, lateral_, past_gains_, future_gains_
        W and V (units, memory or horizon, channels) of the standardised signal, M, Λ and Γ (diagonals; ones
        for "bio") after the last step, as they are.
    past_mean_, future_mean_ : (memory, channels), (horizon, channels)
        The running mean.
    n_steps_, valid_from_, n_features_in_, memory_, horizon_, rank_, modes_, state_
        Windows learned from; memory − 1; channels; sizes; rectification; all that is carried between samples.

    Raises
    ------
    ArgumentError
        By every method that learns: a parameter cannot be, or ``learning_rate`` makes the weights run away.

    Notes
    -----
    A window with more than ten times the usual energy has its step shortened in proportion. NaN is a gap.
    Arrays of torch are computed with NumPy while learning; `transform` answers in the library of its input.

    References
    ----------
    Pehlevan et al. 2020, "Neurons as canonical correlation analyzers" ("asymmetric"); Lipshutz et al. 2021,
    "A biologically plausible neural network for multichannel canonical correlation analysis" ("bio"); Polyak
    and Juditsky 1992 (averaging).

    Examples
    --------
    >>> import lamina
    >>> from lamina.simulate import generate_ou_process
    >>> recording = generate_ou_process(100_000, seed=0)
    >>> local = LocalReSU(memory=5, horizon=5, rank=2).fit(recording)
    >>> batch = lamina.ReSU(memory=5, horizon=5, rank=2).fit(recording)
    >>> a, b = local.transform(recording), batch.transform(recording)
    >>> [bool(abs(np.corrcoef(a[:, unit], b[:, unit])[0, 1]) > 0.97) for unit in (0, 1)]
    [True, True]
    """

    def __init__(
        self,
        memory: int,
        horizon: int,
        rank: int,
        *,
        gap: int = 1,
        center: bool = True,
        rule: LocalRule = "asymmetric",
        learning_rate: float = 0.05,
        decay_steps: float | None = None,
        decay_power: float = 0.5,
        averaging: float | None = 3.0,
        lateral_time: float = 1.0,
        passes: int = 1,
        rectify: Rectify | Sequence[Rectify] = "none",
        half_life: float | None = None,
        seed: int = 0,
        sampling_rate: float | None = None,
    ) -> None:
        self.memory = memory
        self.horizon = horizon
        self.rank = rank
        self.gap = gap
        self.center = center
        self.rule: LocalRule = rule
        self.learning_rate = learning_rate
        self.decay_steps = decay_steps
        self.decay_power = decay_power
        self.averaging = averaging
        self.lateral_time = lateral_time
        self.passes = passes
        self.rectify = rectify
        self.half_life = half_life
        self.seed = seed
        self.sampling_rate = sampling_rate

    n_features_in_: int
    state_: LocalState

    def fit(self, X: Trials, y: None = None) -> Self:
        """Learn from the first weights on, going through the data ``passes`` times in the order of time.

        Parameters
        ----------
        X
            (time,) or (time, channels), or a list of such trials, which windows never cross; NaN marks a gap.

        Raises
        ------
        ArgumentError, ShapeError
            A parameter cannot be; the weights ran away; wrong number of axes.
        DataError
            Infinite, all gaps, constant, or shorter than one window.

        Warns
        -----
        ShortTrialWarning
            Trials shorter than one window.

        Examples
        --------
        >>> noise = np.random.default_rng(0).standard_normal(300)
        >>> LocalReSU(memory=3, horizon=2, rank=1, passes=2).fit(noise).n_steps_
        592
        """
        settings = settings_of(self)
        with all_or_nothing(self):
            trials = admit(self, X, reset=True)
            settings.check_rank(self.n_features_in_)
            self.state_ = learn_whole(LocalState.begin(settings, self.n_features_in_), trials, settings)
        return self

    def partial_fit(self, X: Trials, y: None = None) -> Self:
        """Learn from one more sample or chunk; one by one or together makes no difference, to the last bit.

        The unit counts as fitted from its first whole window on. ``passes`` plays no part.

        Parameters
        ----------
        X
            (time,) or (time, channels), of one sample or more, that continue the current trial until
            `end_trial`. A list holds whole trials, and ends the current one first.

        Raises
        ------
        ArgumentError, ShapeError, DataError
            As `fit`, but short or constant data are waited out. Nothing is learned from a chunk that fails.
        StateError
            ``memory``, ``horizon``, ``gap``, ``rank``, ``rule`` or ``center`` was changed since.

        Examples
        --------
        >>> unit = LocalReSU(memory=3, horizon=2, rank=1)
        >>> for sample in np.random.default_rng(0).standard_normal((300, 1, 1)):
        ...     unit = unit.partial_fit(sample)
        >>> unit.n_steps_
        296
        """
        settings = settings_of(self)
        begun = "state_" in vars(self)
        with all_or_nothing(self):
            trials = admit(self, X, reset=not begun)
            settings.check_rank(self.n_features_in_)
            state = self.state_.copy() if begun else LocalState.begin(settings, self.n_features_in_)
            state.check_continues(settings)
            if is_list_of_trials(X):
                self.state_ = learn_trials(state, trials, settings)
            else:
                self.state_ = learn_chunk(state, trials[0], settings)
        return self

    def end_trial(self) -> Self:
        """End the current trial of `partial_fit`, so that the next chunk begins one (`StateError`: none)."""
        if "state_" not in vars(self):
            raise StateError("There is no trial to end. Call partial_fit with a chunk first.")
        self.state_.end_trial()
        return self

    def transform(self, X: Trials) -> Array | list[Array]:
        """Compute the units' outputs from the past alone, z_t = Ψ (p_t − μ), rectified as asked.

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
        """
        check_is_fitted(self)
        results: list[Array] = []
        psi, mean = self.filters_, self.past_mean_
        for trial in admit(self, X, reset=False):
            z = project(trial[None, ...], like(psi, trial), like(mean, trial))[0]
            results.append(array_namespace(z).astype(rectify(z, self.modes_), trial.dtype))
        return results if is_list_of_trials(X) else results[0]

    def score(self, X: Trials, y: None = None) -> float:
        """Information (nats) about the future that the filters keep on a recording, as in `ReSU.score`.

        Parameters
        ----------
        X
            One recording or a list of trials, with the channels of the fit.

        Returns
        -------
        float
            ≥ 0; never above that of a `ReSU` of the same rank fitted to ``X``, but for rounding.

        Raises
        ------
        NotFittedError, ShapeError, DataError
            As `transform`; also fewer than units + horizon · channels + 1 windows, or nothing varies.
        """
        check_is_fitted(self)
        settings = settings_of(self)
        same = {name: getattr(settings, name) for name in ("memory", "horizon", "rank", "gap", "center")}
        window = check_settings(**same)
        trials = admit(self, X, reset=False, convert=False)
        moments = gather(empty_moments(window, trials[0].shape[1]), trials)
        covariances = covariances_of(window, moments, None)
        return information_kept(like(self.filters_, covariances.past), covariances)

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """Name the outputs: "resu0", or "resu0_on" and "resu0_off" where a unit is rectified."""
        check_is_fitted(self)
        return np.asarray(output_names(self.modes_), dtype=object)

    @property
    def filters_(self) -> np.ndarray:
        """Past filters, averaged, for the signal as it is."""
        return filters(self._learned())[0]

    @property
    def future_filters_(self) -> np.ndarray:
        """Future filters, averaged, for the signal as it is."""
        return filters(self._learned())[1]

    @property
    def canonical_correlations_(self) -> np.ndarray:
        """Canonical correlations, as far as gains or lateral weights know them."""
        return correlations(self._learned())

    @property
    def rotation_(self) -> np.ndarray:
        """Turns the units of "bio" into those of `ReSU`; the identity for "asymmetric"."""
        return rotation(self._learned())

    @property
    def past_weights_(self) -> np.ndarray:
        """W after the last step."""
        return self._learned().past_weights.reshape(self.rank_, self.memory_, -1).copy()

    @property
    def future_weights_(self) -> np.ndarray:
        """V after the last step."""
        return self._learned().future_weights.reshape(self.rank_, self.horizon_, -1).copy()

    @property
    def lateral_(self) -> np.ndarray:
        """M after the last step."""
        return self._learned().lateral.copy()

    @property
    def past_gains_(self) -> np.ndarray:
        """The diagonal of Λ after the last step."""
        return self._learned().past_gains[0].copy()

    @property
    def future_gains_(self) -> np.ndarray:
        """The diagonal of Γ after the last step."""
        return self._learned().future_gains[0].copy()

    @property
    def past_mean_(self) -> np.ndarray:
        """The running mean, once for every lag."""
        return np.tile(self._learned().mean, (self.memory_, 1))

    @property
    def future_mean_(self) -> np.ndarray:
        """The running mean, once for every sample ahead."""
        return np.tile(self._learned().mean, (self.horizon_, 1))

    @property
    def n_steps_(self) -> int:
        """Windows learned from."""
        return self._learned().n_steps

    @property
    def memory_(self) -> int:
        """Samples of past that the filters see."""
        return self._learned().window[0]

    @property
    def horizon_(self) -> int:
        """Samples of future that they predict."""
        return self._learned().window[1]

    @property
    def rank_(self) -> int:
        """Units."""
        return self._learned().lateral.shape[0]

    @property
    def valid_from_(self) -> int:
        """First sample whose window is whole."""
        return self.memory_ - 1

    @property
    def modes_(self) -> tuple[Rectify, ...]:
        """Rectification of every unit."""
        return check_modes("rectify", self.rectify, self.rank_)

    def __sklearn_is_fitted__(self) -> bool:
        return "state_" in vars(self) and self.state_.n_steps > 0

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        return tags

    def _learned(self) -> LocalState:
        check_is_fitted(self)
        return self.state_
