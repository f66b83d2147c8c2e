"""How well `lamina.resu.ReSUForecaster` forecasts real series, beside what is standard.

Protocol, written down before any result on a judged part was seen:

- **Series.** Those below: what aeon and sktime ship and statsmodels ships, with period, horizon and logarithm
  by what the data are (monthly: 12; half hours: 48; logarithm where the size of the swings grows with the
  level, as the literature treats them), never by trying. The logarithm is given to every method that has no
  multiplicative form.
- **Which part chooses.** Everything about our method (what it validates, its defaults) was chosen on the
  first 60 % of each series marked "both", on the series marked "design", and on every second series of M1.
  The part after that, the series marked "judged" as a whole, and the other half of M1, are reported and chose
  nothing.
- **Rolling origins.** Twelve origins (as many as there are, where fewer), evenly spaced over the judged part,
  the last one so that its whole horizon is known. At each origin every method is fitted anew on all that came
  before. M1: one origin, the last six years, as in the competition. Long series (heart beats): four origins.
- **M1.** The 181 yearly series of the competition (15 to 58 values), horizon 6, logarithm (levels of an
  economy).
- **Error.** MASE: absolute error over the mean absolute seasonal difference (period 1 without a period) of
  what came before the *first* origin, so that all origins of a series share one scale; mean over origins and
  steps. Also at the first step, and at the last. Channels count alike. Over series: geometric mean of the
  ratio to the naive one.
- **Ours.** `ReSUForecaster(horizon=..., period=..., transform="log" where marked)`; everything else by
  default.
- **Others.** Naive: the value one period ago, or the last one. Ridge: scikit-learn's RidgeCV on lags (direct:
  one regression for all steps), thirteen penalties, given the memory, the logarithm and the differences that
  ours chose. ETS: aeon's AutoETS, which knows multiplicative forms and gets no logarithm. Theta: aeon's DOTM,
  the same. ARIMA: statsmodels' SARIMAX, order by AICc at the first origin (d by the KPSS test, D = 1 with a
  period, p, q ≤ 2, P, Q ≤ 1; beyond a period of 24 the seasonal difference alone), parameters at every
  origin.
- **Intervals.** How often 80 % and 95 % intervals of ours and of ARIMA hold the value, same origins, all
  steps.

    python benchmarks/forecasting.py            # everything; tens of minutes on one core, most are ARIMA's
    python benchmarks/forecasting.py --quick    # two series, two origins, as a smoke run
    python benchmarks/forecasting.py --part design    # the parts that chose
    python benchmarks/forecasting.py --write docs/series/forecasting.md    # the tables into the page
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
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
