"""Features to populations of spike trains: Gaussian receptive fields that share one unit of activity."""

from __future__ import annotations

import numpy as np

from lamina._checks import check_choice, check_integer, check_real
from lamina.encoding.features import admit_features, as_numpy, check_bounds, give_back
from lamina.encoding.rates import METHODS, MOST_STEPS, RateMethod, random_source, rates_to_spikes
from lamina.typing import Array, Seed


class BinEncoder:
    r"""Gaussian receptive fields: several spike trains for each feature, each for its part of the range.

    A feature scaled to :math:`x \in [0, 1]` (values beyond its bounds count as the bound) excites
    :math:`K` bins with centres :math:`\mu_k = k/(K-1)`,

    .. math:: r_k = r_{\max} \frac{e^{-(x-\mu_k)^2 / 2\sigma^2}}{\sum_j e^{-(x-\mu_j)^2 / 2\sigma^2}},

    which are turned into trains of T steps by `rates_to_spikes`. The rates of one feature sum to
    :math:`r_{\max}` spikes per step, wherever the feature is.

    Parameters
    ----------
    seq_length
        T, steps of each train, at least 1.
    min_values, max_values
        ``(features,)``, the least and largest value of each feature, in its own units.
    n_bins
        K, bins for each feature, at least 2.
    sigma
        Width of the receptive fields, above 0, as a fraction of the range. The default fits 10 bins.
    spike_train_conversion_method
        ``"poisson"`` (each step on its own) or ``"deterministic"`` (evenly spaced, exact count).
    max_firing_rate
        Spikes per step of all bins of a feature together, above 0 and at most 1.
    seed
        Of the random draws, which go on from call to call; an integer, a ``numpy.random.Generator``, or None
        for other spikes in each process.

    Raises
    ------
    ArgumentTypeError, ArgumentError
        If a number is not within its limits, or the method is neither of the two.
    ShapeError, DataError
        If the bounds do not belong together, are not finite, or do not enclose a range.

    References
    ----------
    S. M. Bohte, J. N. Kok, H. La Poutré, "Error-backpropagation in temporally encoded networks of spiking
    neurons", Neurocomputing 48, 17–37, 2002, for populations of Gaussian receptive fields.

    Examples
    --------
    Two features, one at the upper end of its range and one in the middle:

    >>> encoder = BinEncoder(10, min_values=[-2, -5], max_values=[2, 5], n_bins=3, seed=0)
    >>> spikes = encoder.encode([1.8, 0.0])
    >>> spikes.shape
    (10, 1, 6)
    >>> spikes[0, 0]
    array([0., 0., 1., 0., 1., 0.])
    """

    def __init__(
        self,
        seq_length: int,
        min_values: Array,
        max_values: Array,
        n_bins: int = 10,
        sigma: float = 0.1,
        spike_train_conversion_method: RateMethod = "poisson",
        max_firing_rate: float = 1.0,
        seed: Seed | None = None,
    ) -> None:
        self.seq_length = check_integer("seq_length", seq_length, minimum=1, maximum=MOST_STEPS)
        self.min_values, self.max_values = check_bounds(min_values, max_values, ("min_values", "max_values"))
        self.n_bins = check_integer("n_bins", n_bins, minimum=2)
        self.sigma = check_real("sigma", sigma, above=0.0)
        check_choice("spike_train_conversion_method", spike_train_conversion_method, METHODS)
        self.spike_train_conversion_method: RateMethod = spike_train_conversion_method
        self.max_firing_rate = check_real("max_firing_rate", max_firing_rate, above=0.0, maximum=1.0)
        self.seed = seed
        self._generator = random_source(seed)

    def encode(self, state: Array) -> Array:
        """Turn observations into spikes.

        Parameters
        ----------
        state
            ``(features,)``, or ``(batch, features)``; finite. NumPy or torch; it is not modified.

        Returns
        -------
        array
            0 and 1, ``(seq_length, batch, features * n_bins)``: the bins of the first feature, from low to
            high, then those of the next. Library, floating type and device are those of ``state`` (integers
            and lists give float64).

        Raises
        ------
        ArgumentTypeError, ShapeError, DataError
            If these are no finite numbers, or another number of features.

        Examples
        --------
        >>> encoder = BinEncoder(4, [0.0], [1.0], n_bins=3, spike_train_conversion_method="deterministic")
        >>> encoder.encode([[0.0], [1.0]])[-1]
        array([[1., 0., 0.],
               [0., 0., 1.]])
        """
        given = admit_features("state", state, len(self.min_values))
        rates = self._rates(as_numpy(given).astype(np.float64))
        spikes = rates_to_spikes(
            rates,
            self.seq_length,
            method=self.spike_train_conversion_method,
            seed=self._generator,
        )
        return give_back(spikes, given)

    def _rates(self, values: np.ndarray) -> np.ndarray:
        # clipped first, so that no difference overflows
        inside = np.clip(values, self.min_values, self.max_values)
        scaled = (inside - self.min_values) / (self.max_values - self.min_values)
        squares = (scaled[..., None] - np.linspace(0.0, 1.0, self.n_bins)) ** 2
        # relative to the nearest bin: narrow fields would all underflow
        squares -= squares.min(axis=-1, keepdims=True)
        # divided twice, since the square of a tiny width vanishes
        with np.errstate(over="ignore"):
            responses = np.exp(-0.5 * (squares / self.sigma / self.sigma))
        rates = self.max_firing_rate * responses / responses.sum(axis=-1, keepdims=True)
        return np.minimum(rates, self.max_firing_rate).reshape(len(values), -1)
