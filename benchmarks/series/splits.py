"""Ten ways to split a set: number 0 is its own, the others are drawn with as many training series a class."""

from __future__ import annotations

import numpy as np
from series.sets import Collection

N_RESAMPLES = 10


def split(collection: Collection, resample: int) -> tuple[np.ndarray, np.ndarray]:
    """Places of the training and of the test series, both ascending, for resample 0 … 9.

    Where series belong to groups, whole groups are drawn, as many as the own training part has; otherwise
    series are drawn class by class. The seed is the number of the resample.
    """
    own = collection.own_training
    if resample == 0:
        return np.flatnonzero(own), np.flatnonzero(~own)
    rng = np.random.default_rng(resample)
    if collection.groups is not None:
        names = np.unique(collection.groups)
        n_training = np.unique(collection.groups[own]).size
        training = np.isin(collection.groups, rng.permutation(names)[:n_training])
    else:
        # what is to be predicted as a number has no classes: all one
        strata = np.zeros(own.size) if collection.is_regression else collection.targets
        training = np.zeros(own.size, dtype=bool)
        for stratum in np.unique(strata):
            members = np.flatnonzero(strata == stratum)
            training[rng.permutation(members)[: np.count_nonzero(own[members])]] = True
    return np.flatnonzero(training), np.flatnonzero(~training)
