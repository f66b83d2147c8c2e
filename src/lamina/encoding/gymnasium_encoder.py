"""Observations of an environment to spike trains: their values, their changes, either side of the middle."""

from __future__ import annotations

from typing import Any

import numpy as np

from lamina._checks import check_choice, check_integer, check_real
from lamina.encoding.converters import ChangeConverter, Scaler, check_thresholds
from lamina.encoding.features import admit_features, as_numpy, give_back
from lamina.encoding.parameters import check_flag
from lamina.encoding.rates import METHODS, MOST_STEPS, RateMethod, random_source, rates_to_spikes
from lamina.errors import ArgumentError, ArgumentTypeError
from lamina.typing import Array, Seed


class GymnasiumEncoder:
    r"""Batches of observations as spike trains of T steps, one observation after another.

    From a scaled observation :math:`s \in [0, 1]` (values beyond count as the bound), in this order:

    1. ``rate_coder`` gives :math:`v = s` for each feature; ``step_coder`` appends for each feature
       :math:`v = \tfrac12 + \tfrac12 (s - s') / \theta`, clipped to [0, 1], where :math:`s'` is the last
       observation (no change where there is none).
    2. ``split_exc_inh`` turns all of these into :math:`\max(2v - 1, 0)`, and appends
       :math:`\max(1 - 2v, 0)` for all: what lies in the middle is silent.
    3. The rates are :math:`r = r_{\max} v`; ``add_inverted_inputs`` appends :math:`r_{\max} - r` for all.
    4. `rates_to_spikes` makes a train of each. The deterministic one rounds: a rate below 1 / 2T is silent,
       and T steps tell T + 1 values apart.

    Parameters
    ----------
    n_features
        Numbers in one observation, at least 1.
    batch_size
        Observations that are encoded together, at least 1.
    seq_length
        T, steps of each train, at least 1.
    scaler
        What maps observations to [0, 1]: from `ScalerFactory`, or a fitted ``MinMaxScaler`` of scikit-learn.
    converter_th
        θ for each feature, as a fraction of its range; default: those of the converter.
    converter
        What ``step_coder`` needs: a `ChangeConverter`, from `ConverterFactory`.
    rate_coder, step_coder
        Whether to encode the value of a feature, and its change. One of them must be.
    split_exc_inh
        Whether each gets two trains, one above and one below the middle of the range.
    spike_train_conversion_method
        ``"deterministic"`` (evenly spaced, exact count) or ``"poisson"`` (each step on its own).
    add_inverted_inputs
        Whether each train gets a second one that is busy when it is silent.
    max_firing_rate
        Spikes per step at most, above 0 and at most 1.
    seed
        Of the random draws, which go on from call to call; an integer, a ``numpy.random.Generator``, or None
        for other spikes in each process.

    Raises
    ------
    ArgumentTypeError, ArgumentError
        If a number is out of its limits, or a flag neither True nor False; if the scaler is not fitted or
        belongs to other features; if neither coder is wanted; if ``step_coder`` comes without a converter.
    ShapeError, DataError
        If the thresholds are no positive numbers, one for each feature.

    Examples
    --------
    >>> import gymnasium
    >>> from lamina.encoding import ScalerFactory
    >>> env = gymnasium.make("CartPole-v1")
    >>> encoder = GymnasiumEncoder(4, batch_size=1, seq_length=10, scaler=ScalerFactory.from_env(env))
    >>> spikes = encoder.encode(np.array([[0.7, -1.0, -0.2, 1.7]]))
    >>> spikes.shape
    (10, 1, 8)
    >>> spikes.sum(axis=0)
    array([[1., 0., 0., 6., 0., 5., 5., 0.]])
    """

    def __init__(
        self,
        n_features: int,
        batch_size: int,
        seq_length: int,
        scaler: Scaler,
        converter_th: Array | None = None,
        converter: ChangeConverter | None = None,
        rate_coder: bool = True,
        step_coder: bool = False,
        split_exc_inh: bool = True,
        spike_train_conversion_method: RateMethod = "deterministic",
        add_inverted_inputs: bool = False,
        max_firing_rate: float = 1.0,
        seed: Seed | None = None,
    ) -> None:
        self.n_features = check_integer("n_features", n_features, minimum=1)
        self.batch_size = check_integer("batch_size", batch_size, minimum=1)
        self.seq_length = check_integer("seq_length", seq_length, minimum=1, maximum=MOST_STEPS)
        self.rate_coder = check_flag("rate_coder", rate_coder)
        self.step_coder = check_flag("step_coder", step_coder)
        self.split_exc_inh = check_flag("split_exc_inh", split_exc_inh)
        check_choice("spike_train_conversion_method", spike_train_conversion_method, METHODS)
        self.spike_train_conversion_method: RateMethod = spike_train_conversion_method
        self.add_inverted_inputs = check_flag("add_inverted_inputs", add_inverted_inputs)
        self.max_firing_rate = check_real("max_firing_rate", max_firing_rate, above=0.0, maximum=1.0)
        self.seed = seed
        self._generator = random_source(seed)
        self.scaler = scaler
        self._check_scaler()
        self.converter = converter
        self.converter_th = converter_th
        if converter_th is not None:
            self.converter_th = check_thresholds("converter_th", converter_th, self.n_features)
        self._check_coders()
        # scaled; NaN where there is no last observation
        self._last = np.full((self.batch_size, self.n_features), np.nan)

    @property
    def n_trains(self) -> int:
        """Length of the last axis of the spikes."""
        coded = self.n_features * (self.rate_coder + self.step_coder)
        return coded * (1 + self.split_exc_inh) * (1 + self.add_inverted_inputs)

    def reset(
        self, state: Array | None = None, *, rows: Array | None = None, seed: Seed | None = None
    ) -> None:
        """Begin new episodes: forget the last observations, or set them.

        Parameters
        ----------
        state
            ``(batch, features)``: what the next observations are changes from; default: none, so that the
            next ones count as unchanged.
        rows
            ``(batch,)`` of booleans: which observations of the batch begin anew; default: all.
        seed
            Begin the random draws anew, too. By default they go on, so that episodes differ.

        Raises
        ------
        ArgumentTypeError, ShapeError, DataError
            If the state is none of finite numbers and this shape, or the rows are not one boolean each.

        Examples
        --------
        >>> from lamina.encoding import ScalerFactory
        >>> scaler = ScalerFactory.from_known_values([0.0], [1.0])
        >>> encoder = GymnasiumEncoder(1, 1, 4, scaler, converter=ChangeConverter(0.5), step_coder=True)
        >>> encoder.reset([[0.0]])
        >>> encoder.encode([[0.5]]).sum(axis=0)
        array([[0., 4., 0., 0.]])
        """
        begun = np.full(self._last.shape, np.nan) if state is None else self._scale(self._admit(state))
        chosen = np.ones(self.batch_size, dtype=np.bool_) if rows is None else np.asarray(rows)
        if chosen.dtype != np.bool_ or chosen.shape != (self.batch_size,):
            raise ArgumentError(
                "rows",
                allowed=f"{self.batch_size} boolean(s), one for each observation of the batch",
                got=f"an array of dtype {chosen.dtype} and shape {chosen.shape}",
                remedy="Pass True where an episode begins.",
            )
        if seed is not None:
            self._generator = random_source(seed)
        self._last[chosen] = begun[chosen]

    def encode(self, state: Array, return_norm: bool = False) -> Any:
        """Turn a batch of observations into spikes.

        Parameters
        ----------
        state
            ``(batch, features)``, finite, or ``(features,)`` for a batch of 1. NumPy or torch; it is not
            modified. With ``step_coder`` it is also remembered.
        return_norm
            Whether to return the rates as well.

        Returns
        -------
        spikes : array
            0 and 1, ``(seq_length, batch, n_trains)``, of the library, floating type and device of ``state``
            (integers and lists give float64).
        rates : numpy.ndarray
            Only with ``return_norm``: ``(batch, n_trains)``, the spikes per step that the trains stand for,
            in [0, max_firing_rate].

        Raises
        ------
        ArgumentTypeError, ShapeError, DataError
            If these are no finite numbers, or not of this batch and these features. Nothing is remembered
            then.

        Examples
        --------
        >>> from lamina.encoding import ScalerFactory
        >>> scaler = ScalerFactory.from_known_values([-1.0], [1.0])
        >>> encoder = GymnasiumEncoder(1, 2, 4, scaler, add_inverted_inputs=True)
        >>> spikes, rates = encoder.encode([[0.5], [-1.0]], return_norm=True)
        >>> rates
        array([[0.5, 0. , 0.5, 1. ],
               [0. , 1. , 1. , 0. ]])
        >>> spikes[:, 0]
        array([[0., 0., 0., 1.],
               [1., 0., 1., 1.],
               [0., 0., 0., 1.],
               [1., 0., 1., 1.]])
        """
        given = self._admit(state)
        scaled = self._scale(given)
        rates = self._rates(scaled)
        spikes = rates_to_spikes(
            rates, self.seq_length, method=self.spike_train_conversion_method, seed=self._generator
        )
        self._last = scaled
        result = give_back(spikes, given)
        return (result, rates) if return_norm else result

    def _rates(self, scaled: np.ndarray) -> np.ndarray:
        coded = [scaled] if self.rate_coder else []
        if self.step_coder and self.converter is not None:
            last = np.where(np.isnan(self._last), scaled, self._last)
            coded.append(0.5 + 0.5 * self.converter.convert(scaled, last, self.converter_th))
        values = np.concatenate(coded, axis=1)
        if self.split_exc_inh:
            twice = 2.0 * values - 1.0
            values = np.concatenate([np.maximum(twice, 0.0), np.maximum(-twice, 0.0)], axis=1)
        rates = self.max_firing_rate * values
        if self.add_inverted_inputs:
            rates = np.concatenate([rates, self.max_firing_rate - rates], axis=1)
        return rates

    def _admit(self, state: Any) -> Array:
        return admit_features("state", state, self.n_features, self.batch_size)

    def _scale(self, state: Array) -> np.ndarray:
        return np.clip(np.asarray(self.scaler.transform(as_numpy(state)), dtype=np.float64), 0.0, 1.0)

    def _check_scaler(self) -> None:
        """Try the scaler on one observation: whose it is, it says itself."""
        allowed = f"a fitted scaler of {self.n_features} feature(s)"
        remedy = "Make one: ScalerFactory.from_env(env), or ScalerFactory.from_known_values(minima, maxima)."
        if not callable(getattr(self.scaler, "transform", None)):
            got = f"a {type(self.scaler).__name__}, which has no method transform"
            raise ArgumentTypeError("scaler", allowed=allowed, got=got, remedy=remedy)
        try:
            scaled = self._scale(np.zeros((1, self.n_features)))
        except Exception as error:  # scalers of other libraries have errors of their own
            got = f"a {type(self.scaler).__name__} that fails ({error})"
            raise ArgumentError("scaler", allowed=allowed, got=got, remedy=remedy) from error
        if scaled.shape != (1, self.n_features) or not np.isfinite(scaled).all():
            got = f"one that makes {scaled.tolist()} of zeros"
            raise ArgumentError("scaler", allowed=allowed, got=got, remedy=remedy)

    def _check_coders(self) -> None:
        if not (self.rate_coder or self.step_coder):
            raise ArgumentError(
                "rate_coder",
                allowed="True where step_coder is not",
                got="False for both",
                remedy="Encode the values, their changes, or both.",
            )
        if not self.step_coder:
            return
        remedy = "Make one: converter, converter_th = ConverterFactory(env, scaler).generate()."
        if self.converter is None:
            raise ArgumentError("converter", allowed="given with step_coder", got="None", remedy=remedy)
        if not isinstance(self.converter, ChangeConverter):
            got = f"a {type(self.converter).__name__}"
            raise ArgumentTypeError("converter", allowed="a ChangeConverter", got=got, remedy=remedy)
        check_thresholds("converter.threshold", self.converter.threshold, self.n_features)
