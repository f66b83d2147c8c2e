"""Series to a table of features, by units fitted without labels."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Literal, Self, cast

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from lamina._checks import check_integer
from lamina.errors import DataError, ShapeError
from lamina.resu.features.collection import Collection, is_table, read_collection
from lamina.resu.features.gaps import fill_gaps
from lamina.resu.features.learning import channel_means, learn_units, set_thresholds, spend
from lamina.resu.features.levels import LEVELS, channel_scales, choose_levels, level_features
from lamina.resu.features.outputs import pooled_outputs
from lamina.resu.features.pooling import STATISTICS
from lamina.resu.features.scales import VIEWS, choose_scales
from lamina.resu.features.settings import FeatureSettings, check_settings


class ReSUFeatures(TransformerMixin, BaseEstimator):
    """Features of time series from rectified spectral units at many scales, without labels.

    Units are fitted by past–future canonical correlation analysis to all series together, at several memories
    and dilations d, in several views x of a series: by default each channel at mean 0 and deviation 1, and
    first differences. Each unit's output

        z_t = Σ_j Σ_c F_jc x_{c, t − j·d},    ON = max(z, 0),    OFF = max(−z, 0)

    is pooled over time: the fraction of time above each of a few quantiles of its training output, its
    deviation, the maximum of ON and of OFF, and how early either is large, Σ_t ON_t cos(π (t + ½)/T) / T.
    Where a series lies, which its own standard takes away, comes back as levels of each channel.

    Parameters
    ----------
    n_features
        Most columns of the table, at least those of one unit. Units are dealt in turn to the scales.
    memories
        Samples of past that filters see, each ≥ 1. Windows of more than 128 values (past and future, of all
        channels) are left out, but for the smallest of a view.
    dilations
        Steps between lags, each ≥ 1; "auto" for 1, 2, 4, … as far as windows fit into a series.
    horizon
        Samples of future that are to be predicted, ≥ 1; None for each memory's own length.
    rank
        Most units of a scale, ≥ 1.
    views
        Of "standardised" (each channel of each series at mean 0 and deviation 1), "difference" (x_t −
        x_{t−1}) and "raw" (less the mean of the training series), those to use.
    levels
        Whether to add mean, logarithm of the deviation, minimum, maximum and rise (last − first) of each
        channel, in deviations of the training series: those that vary, unless all would be half of the table.
    thresholds
        Quantiles from 0.1 to 0.9 that serve as thresholds, ≥ 1.
    ridge
        Adds ridge · tr(C)/d · I to both covariances, ≥ 0.
    n_jobs
        Threads, ≥ 1; −1 for all. The table does not depend on it.

    Attributes
    ----------
    units_ : list of FeatureUnit
        Filter, scale, canonical correlation and thresholds of each.
    channel_means_, channel_scales_ : (channels,)
        Mean and deviation over all training series.
    feature_units_, feature_channels_ : (features,)
        Which unit a column comes from, −1 for levels; which channel a level is of, −1 for units.
    feature_statistics_ : (features,)
        Which statistic it is.
    n_channels_, n_features_in_, feature_names_in_
        Channels; columns of a table in the fit, or channels; their names in a data frame.

    Notes
    -----
    NaN marks missing values. In each channel they are filled by straight lines between their neighbours; ends
    that are missing in all channels are cut off, so that padding leaves no trace; a channel that is nowhere
    there is at its mean. History before a series begins counts as the mean.

    tslearn's arrays are (n_series, time, channels): pass ``X.transpose(0, 2, 1)``. A table, (n_series, time),
    keeps scikit-learn's contract that columns are those of the fit; (n_series, 1, time) may have any length.

    Examples
    --------
    >>> import numpy as np
    >>> series = np.random.default_rng(0).standard_normal((20, 1, 80)).cumsum(axis=2)
    >>> features = ReSUFeatures(n_features=300).fit(series)
    >>> features.transform(series).shape[1] <= 300, features.get_feature_names_out()[0]
    (True, 'standardised_m4_d1_u0_above_q10')
    """

    def __init__(
        self,
        n_features: int = 2400,
        *,
        memories: Sequence[int] = (4, 8, 16, 32),
        dilations: Sequence[int] | Literal["auto"] = "auto",
        horizon: int | None = None,
        rank: int = 16,
        views: Sequence[str] = VIEWS,
        levels: bool = True,
        thresholds: int = 5,
        ridge: float = 1e-4,
        n_jobs: int = 1,
    ) -> None:
        self.n_features = n_features
        self.memories = memories
        self.dilations = dilations
        self.horizon = horizon
        self.rank = rank
        self.views = views
        self.levels = levels
        self.thresholds = thresholds
        self.ridge = ridge
        self.n_jobs = n_jobs

    def fit(self, X: Any, y: None = None) -> Self:
        """Learn units and thresholds from a collection; labels are never looked at.

        Parameters
        ----------
        X
            (n_series, channels, time), (n_series, time), or a list of (channels, time) arrays of any lengths.
            NaN marks missing values, see Notes.

        Raises
        ------
        ArgumentError, ArgumentTypeError
            A parameter cannot be; what came is no collection of real numbers.
        ShapeError
            Wrong number of axes, no series, or channels that differ.
        DataError
            Infinite values, a series without a value, or nothing varies.
        """
        with self._as_before_if_it_fails():
            self._learn(self._read(X, reset=True))
        return self

    def fit_transform(self, X: Any, y: None = None) -> np.ndarray:  # type: ignore[override]
        """Fit, and compute the features of the same series.

        Parameters
        ----------
        X
            As in `fit`; so are the errors.

        Returns
        -------
        numpy.ndarray
            (n_series, features), float32, bit by bit as by `fit` and `transform`.
        """
        with self._as_before_if_it_fails():
            return self._table(self._learn(self._read(X, reset=True)))

    def transform(self, X: Any) -> np.ndarray:
        """Compute the features of each series, which do not depend on the other series given.

        Parameters
        ----------
        X
            As in `fit`, with the channels of the fit, of any lengths; of a table after a table, the columns
            of the fit.

        Returns
        -------
        numpy.ndarray
            (n_series, features), float32.

        Raises
        ------
        NotFittedError, ArgumentTypeError, ShapeError, DataError
            Not fitted yet; no numbers; other channels or columns; infinities, a series without a value, or
            one so much larger than those of the fit that float32 does not hold its features.
        """
        check_is_fitted(self, "units_")
        return self._table(fill_gaps(self._read(X, reset=False), self.channel_means_))

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """Name the columns: view, memory, dilation, unit, statistic, as ``difference_m8_d4_u0_max_on``.

        Levels are named by channel and statistic, as ``level_c0_mean``.

        Parameters
        ----------
        input_features
            Not used; scikit-learn passes it.

        Returns
        -------
        numpy.ndarray
            (features,), of text.
        """
        check_is_fitted(self, "units_")
        columns = zip(self.feature_units_, self.feature_channels_, self.feature_statistics_, strict=True)
        rooms = [(self.units_[unit].name if unit >= 0 else f"level_c{c}", name) for unit, c, name in columns]
        return np.asarray([f"{room}_{name}" for room, name in rooms], dtype=object)

    @contextmanager
    def _as_before_if_it_fails(self) -> Iterator[None]:
        """Keep an earlier fit whole where another fails: what came in is noted before it is learned from."""
        before = vars(self).copy()
        try:
            yield
        except BaseException:
            vars(self).clear()
            vars(self).update(before)
            raise

    def _read(self, X: Any, *, reset: bool) -> Collection:
        collection = read_collection("X", X, channels=None if reset else self.n_channels_)
        table = is_table(X)
        if table and (reset or self._of_table):
            # names of columns and their number, as scikit-learn's estimators keep and compare them
            try:
                validate_data(self, cast("Any", X), reset=reset, skip_check_array=True)
            except ValueError as error:
                if reset:
                    raise
                raise ShapeError(
                    "X",
                    allowed=f"a table of {self.n_features_in_} columns, named as in the fit",
                    got=str(error).strip(),
                    remedy="Give series of another length as X[:, None, :], of one channel.",
                ) from None
        if reset:
            self._of_table = table
            if not table:
                self.n_features_in_ = collection.channels
                vars(self).pop("feature_names_in_", None)
        return collection

    def _table(self, collection: Collection) -> np.ndarray:
        table = pooled_outputs(
            collection, self.units_, self.channel_means_, tuple(STATISTICS), self._n_threads()
        )
        if self._levels.size:
            levels = level_features(collection, self.channel_means_, self.channel_scales_)
            table = np.hstack([table, levels[:, self._levels]])
        finite = np.isfinite(table).all(axis=1)
        if not finite.all():
            raise DataError(
                "X",
                allowed="of the order of the training series",
                got=f"features that overflow, of series {int(np.flatnonzero(~finite)[0])} first",
                remedy="Give them in the unit of the fit, or leave such series out.",
            )
        return table

    def _choose_levels(self, settings: FeatureSettings, collection: Collection) -> np.ndarray:
        if not settings.level_columns(collection.channels):
            return np.empty(0, dtype=np.int64)
        return choose_levels(level_features(collection, self.channel_means_, self.channel_scales_))

    def _lay_out(self, settings: FeatureSettings, levels: np.ndarray) -> None:
        """Say what each column is: first those of the units, then levels, by their places among all."""
        units, width = len(self.units_), len(settings.names)
        self._levels = levels
        self.feature_units_ = np.concatenate([np.repeat(np.arange(units), width), np.full(len(levels), -1)])
        self.feature_channels_ = np.concatenate([np.full(units * width, -1), levels // len(LEVELS)])
        statistics = [*settings.names * units, *(LEVELS[place % len(LEVELS)] for place in levels)]
        self.feature_statistics_ = np.array(statistics, dtype=object)

    def _n_threads(self) -> int:
        if self.n_jobs == -1:
            return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        return check_integer("n_jobs", self.n_jobs, minimum=1)

    def _learn(self, collection: Collection) -> Collection:
        settings = check_settings(self)
        self._n_threads()
        mean = channel_means(collection)
        collection = fill_gaps(collection, mean)
        # those of one sample have no past, however many there are
        longer = collection.lengths[collection.lengths > 1]
        time, channels = int(np.median(longer)) if len(longer) else 1, collection.channels
        scales = choose_scales(
            time, settings.views, settings.memories, settings.dilations, settings.horizon, channels
        )
        most = settings.units(channels)
        found = spend(learn_units(collection, scales, settings.rank, settings.ridge), most)
        if not found:
            longest = int(collection.lengths.max())
            raise DataError(
                "X",
                allowed="series that vary over time",
                got=f"{len(collection)} series of at most {longest} sample(s) that do not"
                + (" (1 feature(s), where 2 are needed)" if longest == 1 else ""),
                remedy="Series need two samples or more, and differences between them.",
            )
        self.n_channels_ = channels
        self.channel_means_ = mean
        self.channel_scales_ = channel_scales(collection, mean)
        self.units_ = set_thresholds(collection, found, mean, settings.thresholds)
        self._lay_out(settings, self._choose_levels(settings, collection))
        return collection

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.three_d_array = True
        # the table is float32 whatever comes in
        tags.transformer_tags.preserves_dtype = []
        return tags
