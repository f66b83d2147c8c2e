"""How well `lamina.resu.ReSUForecaster` forecasts real series, beside what is standard.

Protocol, written down before any result on a judged part was seen:

- **Series.** Those of `parts/forecasting_series.py`: what aeon, sktime and statsmodels ship, with period,
  horizon and logarithm by what the data are (monthly: 12; half hours: 48; logarithm where the size of the
  swings grows with the level, as the literature treats them), never by trying. The logarithm is given to
  every method that has no multiplicative form.
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
  origin. Holt-Winters: statsmodels' ExponentialSmoothing with a damped trend, multiplicative seasons where
  the logarithm is marked; it was added after the first run, because AutoETS did poorly on the airline series.
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
from pathlib import Path

import numpy as np
from parts.forecasting_peers import LEVELS, Arima, ets, holt_winters, naive, ours, ridge, theta
from parts.forecasting_series import SERIES, Part, tasks_of

METHODS = ("ours", "naive", "ridge", "ETS", "Holt-Winters", "Theta", "ARIMA")


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
            "Holt-Winters": lambda task=task: holt_winters(task),
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
        lines.append(f"| {name} | " + " | ".join("–" if np.isnan(c) else f"{c:.0%}" for c in cells) + " |")
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
