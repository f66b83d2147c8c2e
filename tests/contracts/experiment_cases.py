"""An experiment of some milliseconds, for the tests of what runs experiments."""

from dataclasses import dataclass
from types import SimpleNamespace

import numpy as np

from lamina.experiments.claims import at_least, near
from lamina.experiments.registry import Experiment, Panel
from lamina.experiments.report import Report
from lamina.plotting import figure, save_figure


@dataclass(frozen=True)
class Config:
    """Of an experiment that draws numbers.

    Parameters
    ----------
    seed
        Seed.
    n_seeds, count
        How many.
    """

    seed: int = 0
    n_seeds: int = 2
    count: int = 100


def draw(result, folder):
    drawn, axes = figure(1, 1)
    axes[0, 0].plot(result.values)
    return {"values": save_figure(drawn, folder, "values")[1]}


def compose(result, figures, path):
    return Report("Values").section("All").figure(figures["values"], "Values.", "A line.").write(path)


def made(name="one", runs=None, failure=None, **changes):
    """An experiment whose mean is near 0, as it claims, and not at least 10, as it also claims."""

    def run(config, *, progress=None, **given):
        if runs is not None:
            runs.append((name, config, given))
        if failure is not None:
            raise failure
        if progress is not None:
            progress(0.5, "half of it")
        values = np.random.default_rng([config.seed, 3]).standard_normal(config.count)
        return SimpleNamespace(config=config, values=values)

    given = {
        "name": name,
        "title": f"Title of {name}",
        "summary": f"what {name} shows",
        "source": "Fig. 9",
        "config": Config(),
        "quick": Config(count=10),
        "run": run,
        "metrics": lambda result: {"mean": float(result.values.mean())},
        "claims": lambda result: [
            near("Fig. 9", f"mean of {name}", 0.0, float(result.values.mean()), 10.0),
            at_least("Fig. 9", f"big in {name}", 10.0, float(result.values.mean()), why="it is near 0"),
        ],
        "draw": draw,
        "compose": compose,
        "panels": (Panel("values", f"Values of {name}.", "A jagged line."),),
    }
    return Experiment(**{**given, **changes})
