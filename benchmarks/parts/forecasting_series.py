"""The series that `benchmarks/forecasting.py` forecasts, and from where: its protocol stands there."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

Part = Literal["design", "judged"]


@dataclass(frozen=True)
class Series:
    """A recording, (time, channels), and how it is forecast."""

    name: str
    load: Callable[[], np.ndarray]
    horizon: int
    period: int | None = None
    log: bool = False
    role: Literal["both", "design", "judged"] = "both"
    origins: int = 12

    def values(self) -> np.ndarray:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = np.asarray(self.load(), dtype=np.float64)
        return found.reshape(len(found), -1)


def _aeon(name: str, *arguments: str) -> np.ndarray:
    import aeon.datasets

    found = getattr(aeon.datasets, f"load_{name}")(*arguments)
    return np.asarray(found[0] if isinstance(found, tuple) else found, dtype=np.float64).T


def _statsmodels(name: str, columns: list[str]) -> np.ndarray:
    import importlib

    table = importlib.import_module(f"statsmodels.datasets.{name}").load_pandas().data
    return table[columns].to_numpy(dtype=np.float64)


def _co2() -> np.ndarray:
    import statsmodels.datasets.co2 as co2

    # weekly, with holes; the usual monthly means
    return co2.load_pandas().data["co2"].resample("MS").mean().interpolate().to_numpy()


def _elnino() -> np.ndarray:
    import statsmodels.datasets.elnino as elnino

    # a year in a row, after its number
    return elnino.load_pandas().data.iloc[:, 1:].to_numpy(dtype=np.float64).ravel()


def _seatbelts() -> np.ndarray:
    import pandas
    import sktime.datasets

    path = f"{sktime.datasets.__path__[0]}/data/seatbelts/seatbelts.csv"
    return pandas.read_csv(path)["KSI"].to_numpy(dtype=np.float64)


def _growth() -> np.ndarray:
    # quarterly, as growth in percent: the form in which such series are forecast
    levels = _statsmodels("macrodata", ["realgdp", "realcons", "realinv"])
    return 100 * np.diff(np.log(levels), axis=0)


SERIES = (
    Series("airline", lambda: _aeon("airline"), 12, 12, log=True),
    Series("lynx", lambda: _aeon("lynx"), 10, log=True),
    Series("solar", lambda: _aeon("solar"), 24, 48),
    Series("shampoo", lambda: _aeon("shampoo_sales"), 4, log=True),
    Series("US change (5 channels)", lambda: _aeon("uschange"), 8),
    Series("PBS", lambda: _aeon("PBS_dataset"), 12, 12),
    # the anomaly begins at sample 4187
    Series("heart beats (KDD 135)", lambda: _aeon("kdd_tsad_135", "test")[:4187], 50, origins=4),
    Series("CO2, monthly", _co2, 12, 12, role="design"),
    Series("Nile", lambda: _statsmodels("nile", ["volume"]), 10, role="design"),
    Series("US growth (3 channels)", _growth, 8, role="design"),
    Series("El Niño", _elnino, 12, 12, role="judged"),
    Series("sunspots", lambda: _statsmodels("sunspots", ["SUNACTIVITY"]), 10, role="judged"),
    Series("seat belts", _seatbelts, 12, 12, log=True, role="judged"),
)


def part_of(series: Series, values: np.ndarray, part: Part) -> tuple[np.ndarray, int] | None:
    """Return the samples that this part may see, and the first origin in them; None if the part has none."""
    if series.role != "both" and series.role != part:
        return None
    border = int(np.ceil(0.6 * len(values)))
    if series.role == "both" and part == "design":
        return values[:border], int(np.ceil(0.6 * border))
    return values, border


def origins_of(n: int, first: int, horizon: int, count: int) -> list[int]:
    """Return up to ``count`` origins (samples known), evenly spaced from ``first`` to the last horizon."""
    last = n - horizon
    return sorted({round(float(origin)) for origin in np.linspace(min(first, last), last, count)})


@dataclass(frozen=True)
class Task:
    """One origin: what is known, what comes, and how it is judged; ``first``: known at the first origin."""

    series: Series
    known: np.ndarray
    meant: np.ndarray
    scale: np.ndarray
    first: np.ndarray


def tasks_of(part: Part, quick: bool) -> Iterator[Task]:
    for series in SERIES[:2] if quick else SERIES:
        values = series.values()
        found = part_of(series, values, part)
        if found is None:
            continue
        values, first = found
        period = series.period or 1
        scale = np.abs(values[period:first] - values[: first - period]).mean(axis=0)
        origins = origins_of(len(values), first, series.horizon, series.origins)
        for origin in origins[:2] if quick else origins:
            meant = values[origin : origin + series.horizon]
            yield Task(series, values[:origin], meant, scale, values[: origins[0]])
    if not quick:
        yield from _m1(part)


def _m1(part: Part) -> Iterator[Task]:
    from aeon.datasets import load_forecasting

    series = Series("M1, yearly (half)", lambda: np.zeros(0), 6, log=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        table = load_forecasting("m1_yearly_dataset")
    for index, values in enumerate(table.series_value):
        if (index % 2 == 0) == (part == "design"):
            known = np.asarray(values, dtype=np.float64)[:-6, None]
            meant = np.asarray(values, dtype=np.float64)[-6:, None]
            scale = np.abs(np.diff(known, axis=0)).mean(axis=0)
            yield Task(replace(series, log=bool((known > 0).all())), known, meant, scale, known)
