"""How the time and memory of `ReSU.fit` grow with the samples, the memory and the channels."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from parts.fitting import example
from parts.memory import peak_bytes
from parts.tables import Table
from parts.timing import in_turns

import lamina

# what grows, its values, and (samples, memory, channels) at each of them
AXES = {
    "samples T": ((10**5, 3 * 10**5, 10**6, 3 * 10**6, 10**7), lambda n: (n, 50, 1)),
    "memory m = h": ((25, 50, 100, 200, 400, 800), lambda n: (200_000, n, 1)),
    "channels C": ((1, 2, 4, 8, 16), lambda n: (200_000, 20, n)),
}
QUICK = {"samples T": ((10**4, 2 * 10**4), lambda n: (n, 10, 1))}


def growth_table(quick: bool, picture: Path | None) -> Table:
    table = Table(
        "growth",
        "growth of ReSU.fit: slopes between neighbours in a double logarithmic plot",
        ["grows", "samples", "m = h", "channels", "time", "slope", "peak above the signal", "slope"],
        remark="Work is O(T L C²) for the sums and O((L C)³) for the decomposition, memory O((L C)²), with "
        "L = 2 m.",
    )
    curves: dict[str, list[tuple[float, float, float]]] = {}
    for name, (values, shape) in (QUICK if quick else AXES).items():
        last = None
        for value in values:
            samples, memory, channels = shape(value)
            signal = np.stack([example(samples, seed) for seed in range(channels)], axis=1)
            unit = lamina.ReSU(memory, memory, 2)
            seconds = in_turns({"fit": lambda u=unit, s=signal: u.fit(s)}, 1 if quick else 3, {"fit": 1})[
                "fit"
            ]
            del signal
            peak = peak_bytes("with_lamina", samples, memory, channels)
            slopes = ["–", "–"]
            if last is not None:
                ratio = np.log(value / last[0])
                slopes = [
                    f"{np.log(max(now, 1e-9) / max(then, 1e-9)) / ratio:.2f}"
                    for now, then in ((seconds.median, last[1]), (peak, last[2]))
                ]
            table.add(
                name,
                f"{samples:,}",
                memory,
                channels,
                seconds,
                slopes[0],
                f"{peak / 2**20:,.1f} MiB",
                slopes[1],
            )
            last = (value, seconds.median, peak)
            curves.setdefault(name, []).append(last)
    if picture is not None:
        _draw(curves, picture)
    return table


def _draw(curves: dict[str, list[tuple[float, float, float]]], picture: Path) -> None:
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt
    from matplotlib.ticker import NullFormatter

    figure, axes = plt.subplots(2, len(curves), figsize=(4 * len(curves), 6), squeeze=False, sharey="row")
    for column, (name, points) in enumerate(curves.items()):
        value, seconds, peak = np.asarray(points).T
        axes[0, column].loglog(value, seconds, "o-")
        axes[1, column].loglog(value, peak / 2**20, "o-")
        for ax in axes[:, column]:
            # the sizes themselves, since a decade holds several and some panels hardly a decade
            ax.set_xticks(value, [f"{size:.0e}" if size >= 10_000 else f"{size:.0f}" for size in value])
            ax.xaxis.set_minor_formatter(NullFormatter())
        axes[1, column].set_xlabel(name)
    axes[0, 0].set_ylabel("time of fit (s)")
    axes[1, 0].set_ylabel("peak above the signal (MiB)")
    figure.tight_layout()
    picture.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(picture, dpi=120)
    plt.close(figure)
