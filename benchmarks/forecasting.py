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
- **Ours.** `ReSUForecaster(horizon=..., period=..., transformation="log" where marked)`; everything else by
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

import argparse
import time
import warnings
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np

from lamina.resu.forecasting import ReSUForecaster

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


@dataclass
class Answer:
    """A forecast, (horizon, channels), bounds by level, and the seconds that it took."""

    forecast: np.ndarray
    bounds: dict[float, tuple[np.ndarray, np.ndarray]]
    seconds: float = 0.0


def ours(task: Task) -> tuple[Answer, ReSUForecaster]:
    series = task.series
    forecaster = ReSUForecaster(
        horizon=series.horizon, period=series.period, transformation="log" if series.log else None
    ).fit(task.known)
    bounds = {level: forecaster.forecast_interval(level=level) for level in LEVELS}
    return Answer(forecaster.forecast(), bounds), forecaster


def naive(task: Task) -> Answer:
    period = task.series.period or 1
    return Answer(np.resize(task.known[-period:], task.meant.shape), {})


def ridge(task: Task, forecaster: ReSUForecaster) -> Answer:
    """RidgeCV on the lags of the differences that ours weighs most, all steps at once."""
    from sklearn.linear_model import RidgeCV

    member, horizon = forecaster.members_[0], task.series.horizon
    values = np.log(task.known) if task.series.log else task.known
    period = task.series.period or 1
    changes = values
    if member.seasons:
        k = member.seasons
        past = [changes[(k - i) * period : len(changes) - i * period] for i in range(1, k + 1)]
        changes = changes[k * period :] - np.mean(past, axis=0)
    levels = changes
    if member.difference:
        changes = np.diff(changes, axis=0)
    starts = np.arange(member.memory - 1, len(changes) - horizon)
    lags = np.stack([changes[t - member.memory + 1 : t + 1].ravel() for t in starts])
    futures = np.stack([changes[t + 1 : t + 1 + horizon].ravel() for t in starts])
    model = RidgeCV(alphas=np.logspace(-3, 3, 13) * lags.var() * len(lags)).fit(lags, futures)
    ahead = model.predict(changes[-member.memory :].reshape(1, -1)).reshape(horizon, -1)
    if member.difference:
        ahead = levels[-1] + np.cumsum(ahead, axis=0)
    if member.seasons:
        joined = np.concatenate([values, np.zeros_like(ahead)])
        for step in range(horizon):
            place = len(values) + step
            season = np.mean([joined[place - i * period] for i in range(1, member.seasons + 1)], axis=0)
            joined[place] = ahead[step] + season
        ahead = joined[len(values) :]
    return Answer(np.exp(ahead) if task.series.log else ahead, {})


def ets(task: Task) -> Answer:
    from aeon.forecasting.stats import AutoETS

    return _each_channel(task, lambda: AutoETS(seasonal_period=task.series.period or 1))


def theta(task: Task) -> Answer:
    from aeon.forecasting.stats import DOTM

    return _each_channel(task, lambda: DOTM(season_length=task.series.period or 1))


def _each_channel(task: Task, make: Callable[[], object]) -> Answer:
    forecasts = []
    for channel in task.known.T:
        found = make().iterative_forecast(channel, task.series.horizon)
        forecasts.append(np.asarray(found, dtype=np.float64))
    return Answer(np.stack(forecasts, axis=1), {})


Orders = tuple[tuple[int, int, int], tuple[int, int, int, int], str | None]


class Arima:
    """SARIMAX of statsmodels; the orders of a channel are chosen once, at the first origin of its series."""

    def __init__(self) -> None:
        self._orders: dict[tuple[str, int], Orders] = {}

    def __call__(self, task: Task) -> Answer:
        series, horizon = task.series, task.series.horizon
        forecast = np.zeros((horizon, task.known.shape[1]))
        bounds = {level: (forecast.copy(), forecast.copy()) for level in LEVELS}
        for channel in range(task.known.shape[1]):
            values, first = task.known[:, channel], task.first[:, channel]
            if series.log:
                values, first = np.log(values), np.log(first)
            key = (series.name, channel)
            if key not in self._orders or task.first is task.known:
                self._orders[key] = self._chosen(first, series.period)
            model = self._fit(values, self._orders[key], series.period)
            found = model.get_forecast(horizon)
            back = np.exp if series.log else np.asarray
            seasonal = self._season(values, series)
            forecast[:, channel] = back(found.predicted_mean + seasonal)
            for level, (low, high) in bounds.items():
                interval = np.asarray(found.conf_int(alpha=1 - level)) + seasonal[:, None]
                low[:, channel], high[:, channel] = back(interval[:, 0]), back(interval[:, 1])
        return Answer(forecast, bounds)

    @staticmethod
    def _season(values: np.ndarray, series: Series) -> np.ndarray:
        """Return what the seasonal difference has taken off, where it was taken off outside of the model."""
        if (series.period or 1) <= 24:
            return np.zeros(series.horizon)
        return values[-series.period :][: series.horizon]

    @staticmethod
    def _changes(values: np.ndarray, period: int | None) -> np.ndarray:
        return values[period:] - values[:-period] if period and period > 24 else values

    def _chosen(self, values: np.ndarray, period: int | None) -> Orders:
        from statsmodels.tsa.stattools import kpss

        inside = period if period and period <= 24 else None
        series = self._changes(values, period)
        d = 0
        for _ in range(2):
            tested = series[inside:] - series[:-inside] if inside else series
            tested = np.diff(tested, d) if d else tested
            if len(tested) < 8 or kpss(tested, nlags="auto")[1] >= 0.05:
                break
            d += 1
        choices = [(P, 1, Q, inside) for P in (0, 1) for Q in (0, 1)] if inside else [(0, 0, 0, 0)]
        best: tuple[float, Orders] | None = None
        for p in range(3):
            for q in range(3):
                for seasonal in choices:
                    # a constant of the differenced series: mean or drift
                    trend = "c" if d + seasonal[1] <= 1 else None
                    orders: Orders = ((p, d, q), seasonal, trend)
                    score = self._fit(values, orders, period).aicc
                    if best is None or score < best[0]:
                        best = (score, orders)
        return best[1]

    def _fit(self, values: np.ndarray, orders: Orders, period: int | None):
        from statsmodels.tsa.statespace.sarimax import SARIMAX

        order, seasonal, trend = orders
        model = SARIMAX(self._changes(values, period), order=order, seasonal_order=seasonal, trend=trend)
        return model.fit(disp=0, maxiter=50)


LEVELS = (0.8, 0.95)
METHODS = ("ours", "naive", "ridge", "ETS", "Theta", "ARIMA")


def run(part: Part, quick: bool) -> dict[str, dict[str, list]]:
    """Return errors by method and step in units of the scale, and what else is told, by series."""
    found: dict[str, dict[str, list]] = defaultdict(lambda: defaultdict(list))
    arima = Arima()
    for task in tasks_of(part, quick):
        row = found[task.series.name]
        start = time.perf_counter()
        answer, forecaster = ours(task)
        answer.seconds = time.perf_counter() - start
        others = {
            "naive": lambda task=task: naive(task),
            "ridge": lambda task=task, unit=forecaster: ridge(task, unit),
            "ETS": lambda task=task: ets(task),
            "Theta": lambda task=task: theta(task),
            "ARIMA": lambda task=task: arima(task),
        }
        answers = {"ours": answer}
        for name, method in others.items():
            start = time.perf_counter()
            # what other libraries say about convergence is theirs; where one fails, it is the naive forecast
            with warnings.catch_warnings(record=True), np.errstate(all="ignore"):
                try:
                    answers[name] = method()
                    if not np.isfinite(answers[name].forecast).all():
                        raise ValueError("not finite")
                except (ValueError, ArithmeticError, IndexError, np.linalg.LinAlgError):
                    answers[name] = naive(task)
                    row[f"{name} failed"].append(1)
            answers[name].seconds = time.perf_counter() - start
        for name, answer in answers.items():
            row[name].append(np.abs(answer.forecast - task.meant) / task.scale)
            row[f"{name} seconds"].append(answer.seconds)
            for level, (low, high) in answer.bounds.items():
                row[f"{name} {level}"].append((low <= task.meant) & (task.meant <= high))
    return found


def table_of(found: dict[str, dict[str, list]]) -> str:
    lines = [
        "| series | period | horizon | origins | " + " | ".join(METHODS) + " |",
        "|---|---|---|---|" + "---|" * len(METHODS),
    ]
    cards = {series.name: series for series in SERIES}
    ratios = []
    for name, row in found.items():
        card = cards.get(name)
        errors = [float(np.mean([error.mean() for error in row[method]])) for method in METHODS]
        ratios.append(np.array(errors) / errors[METHODS.index("naive")])
        least = min(errors)
        shown = " | ".join(f"**{error:.3f}**" if error == least else f"{error:.3f}" for error in errors)
        period = (card.period if card else None) or "–"
        lines.append(f"| {name} | {period} | {len(row['ours'][0])} | {len(row['ours'])} | {shown} |")
    means = np.exp(np.log(ratios).mean(axis=0))
    lines.append("| geometric mean, of naive | | | | " + " | ".join(f"{mean:.3f}" for mean in means) + " |")
    return "\n".join(lines)


def steps_table_of(found: dict[str, dict[str, list]]) -> str:
    """MASE at the first and at the last step, and coverage of the intervals."""
    lines = [
        "| series | first step: " + " | ".join(METHODS) + " | last step: " + " | ".join(METHODS) + " |",
        "|---|" + "---|" * 2 * len(METHODS),
    ]
    for name, row in found.items():
        cells = [np.mean([e[step].mean() for e in row[method]]) for step in (0, -1) for method in METHODS]
        lines.append(f"| {name} | " + " | ".join(f"{cell:.2f}" for cell in cells) + " |")
    return "\n".join(lines)


def coverage_table_of(found: dict[str, dict[str, list]]) -> str:
    lines = [
        "| series | ours, 80 % | ours, 95 % | ARIMA, 80 % | ARIMA, 95 % |",
        "|---|---|---|---|---|",
    ]
    every = []
    for name, row in found.items():
        cells = []
        for method in ("ours", "ARIMA"):
            for level in LEVELS:
                held = row[f"{method} {level}"]
                cells.append(float(np.mean([h.mean() for h in held])) if held else np.nan)
        every.append(cells)
        lines.append(f"| {name} | " + " | ".join(f"{cell:.0%}" for cell in cells) + " |")
    lines.append("| mean | " + " | ".join(f"{cell:.0%}" for cell in np.nanmean(every, axis=0)) + " |")
    return "\n".join(lines)


def seconds_of(found: dict[str, dict[str, list]]) -> str:
    """Median seconds of a fit with its forecast, and how often a method failed."""
    parts = []
    for method in METHODS:
        seconds = [s for row in found.values() for s in row[f"{method} seconds"]]
        failed = sum(len(row[f"{method} failed"]) for row in found.values())
        parts.append(f"{method} {np.median(seconds):.3f} s" + (f" (failed {failed} times)" if failed else ""))
    return "Median time of a fit with its forecast, one core: " + ", ".join(parts) + "."


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="two series, two origins")
    parser.add_argument("--part", choices=("judged", "design"), default="judged")
    parser.add_argument("--write", type=Path, help="a page with marks that the tables go between")
    arguments = parser.parse_args()
    found = run(arguments.part, arguments.quick)
    tables = {
        "mase": table_of(found),
        "steps": steps_table_of(found),
        "coverage": coverage_table_of(found),
        "seconds": seconds_of(found),
    }
    for table in tables.values():
        print(table, end="\n\n")
    if arguments.write is not None:
        page = arguments.write.read_text(encoding="utf-8")
        for name, table in tables.items():
            before, rest = page.split(f"<!-- {name} -->", 1)
            page = f"{before}<!-- {name} -->\n\n{table}\n\n<!-- end -->{rest.split('<!-- end -->', 1)[1]}"
        arguments.write.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
