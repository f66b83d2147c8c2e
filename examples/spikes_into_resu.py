"""How much of the future do spikes keep? Encode what an eye sees, and ask a ReSU, code by code.

Run it with ``python examples/spikes_into_resu.py --out out/spikes``; it takes a minute or two, or some
seconds with ``--quick``. Two photographs pass before one photoreceptor. Each code of `lamina.encoding` turns
the contrast into spikes, a ReSU is fitted whose past is the spikes and whose future is the contrast itself,
on one photograph, and the information that its filters keep is measured on the other one.
"""

import argparse
import csv
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
from scipy.signal import firwin
from scipy.stats import spearmanr
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.linear_model import LinearRegression

import lamina
from lamina import datasets, simulate
from lamina.encoding import Scaling, SpikeCode
from lamina.encoding.registry import CODES
from lamina.errors import RankDeficientWarning
from lamina.plotting import PALETTE, figure, save_figure, style
from lamina.plotting.style import GREY
from lamina.stats import lag_vectors

SPEED_DEG_PER_S = 100.0
NOISE = 0.1  # of the photoreceptor, in standard deviations of the contrast
LIMIT = 3.0  # where it saturates, in the same units
EYE = simulate.Retina(n_pixels=1, spacing_deg=5.0, dt_s=0.01)
MEMORY, HORIZON, RANK = 30, 10, 4

STRIDES = (1, 2, 3, 5, 8, 13, 20)
STEPS = (0.1, 0.15, 0.2, 0.3, 0.45, 0.7, 1.0, 1.5)
SWEEPS: dict[str, list[dict[str, float]]] = {
    "sf": [{"threshold": value} for value in STEPS],
    "delta": [{"threshold": value} for value in (0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.5)],
    "send-on-delta": [{"threshold": value} for value in STEPS],
    "tbr": [{"factor": value} for value in (0.5, 0.75, 1.0, 1.5, 2.0, 2.5, 3.0)],
    "mw": [{"threshold": value, "window": 10} for value in STEPS],
    "lif": [{"threshold": value} for value in (0.2, 0.35, 0.6, 1.0, 1.7, 2.5, 3.5)],
    "sigma-delta": [{"threshold": value} for value in (0.5, 1, 2, 4, 8, 16, 32)],
    "pwm": [{"frequency": value} for value in (20, 40, 80, 160, 320)],
    "bsa": [{"threshold": value} for value in (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)],
    # codes that spend a train of their own on each sample are given one sample of ``stride``
    "rate": [{"n_steps": 4, "stride": value} for value in STRIDES],
    "latency": [{"n_steps": 8, "stride": value} for value in STRIDES],
    "phase": [{"n_phases": 4, "stride": value} for value in STRIDES],
    "burst": [{"n_max": 4, "t_min": 1, "t_max": 3, "stride": value} for value in STRIDES],
    "population": [{"n_neurons": 8, "n_steps": 1, "stride": value} for value in STRIDES],
}
"""Settings of each code, from many spikes to few."""

CONTROLS = ("analogue, sub-sampled", "sign, sub-sampled", "poisson", "sf, shuffled", "bsa, not delayed")
FAMILIES = {
    "Codes of change": ("sf", "send-on-delta", "delta", "tbr", "mw"),
    "Integrators and others": ("lif", "sigma-delta", "pwm", "bsa"),
    "A train for each sample": ("latency", "phase", "rate", "burst", "population"),
}
COMPARED_AT = 0.3  # spikes per sample


class Kept(NamedTuple):
    """What one code with one setting keeps of the future, on the photograph that was not fitted."""

    code: str
    setting: str
    scene: str
    spikes_per_sample: float
    information: float
    share: float
    share_traced: float
    r_squared: float


def scenes(seed: int, every: int) -> dict[str, np.ndarray]:
    """Let a photoreceptor see each photograph: ``(rows, time)``, in standard deviations."""
    rng = np.random.default_rng(seed)
    seen: dict[str, np.ndarray] = {}
    for scene in datasets.photographs():
        contrast = datasets.natural_contrast(scene.luminance, scene.degrees_per_pixel)[::every]
        moving = datasets.scan(contrast / contrast.std(), scene.degrees_per_pixel, EYE, SPEED_DEG_PER_S)[
            :, :, 0
        ]
        seen[scene.name] = np.clip(moving + NOISE * rng.standard_normal(moving.shape), -LIMIT, LIMIT)
    return seen


def encode(
    code: SpikeCode, signal: np.ndarray, scaling: Scaling, stride: int = 1, late: bool = True
) -> np.ndarray:
    """Spikes as a ReSU takes them, ``(rows, time, channels)``; none depends on a later sample."""
    rows, time = signal.shape
    kept = np.ascontiguousarray(signal[:, ::stride])
    spikes = np.asarray(code.encode(kept, scaling=scaling), dtype=np.float64)
    if code.rows is None:
        spikes = spikes[None]
    # neurons and polarities are channels, and so are the steps that stand for one sample
    steps = spikes.reshape(len(spikes), rows, kept.shape[1], code.steps_per_sample)
    channels = steps.transpose(1, 2, 0, 3).reshape(rows, kept.shape[1], -1)
    spread = np.zeros((rows, time, channels.shape[2]))
    spread[:, ::stride] = channels
    return spread if code.causal or not late else delay(spread, look_ahead(code))


def look_ahead(code: SpikeCode) -> int:
    """Return how many later samples a BSA spike depends on: those below its filter's last positive tap.

    The definition sums up to filter_order - 1 samples ahead, but where a tap h is not positive and the signal
    is not negative, |s - h| - |s| is -h, whatever s is.
    """
    taps = firwin(int(np.max(code.filter_order)) + 1, float(np.max(code.filter_cutoff)), fs=1.0)
    return int(np.flatnonzero(taps > 0)[-1]) - 1


def delay(spikes: np.ndarray, samples: int) -> np.ndarray:
    """Shift spikes to the time at which they can be known."""
    late = np.zeros_like(spikes)
    late[:, samples:] = spikes[:, : spikes.shape[1] - samples]
    return late


def traced(spikes: np.ndarray, decay_samples: float = 100.0) -> np.ndarray:
    """Add a slowly decaying sum of each channel: what a synapse remembers beyond the window."""
    traces = np.empty_like(spikes)
    level = np.zeros(spikes.shape[::2])
    keep = np.exp(-1 / decay_samples)
    for t in range(spikes.shape[1]):
        level = keep * level + spikes[:, t]
        traces[:, t] = level
    return np.concatenate([spikes, traces], axis=2)


def measure(
    fitted: tuple[np.ndarray, np.ndarray], tested: tuple[np.ndarray, np.ndarray]
) -> tuple[float, float]:
    """Fit (past, future) of one scene; return nats kept and R² of the forecast on the other."""
    with warnings.catch_warnings():
        # spikes so rare that they span fewer directions than asked for keep what they keep
        warnings.simplefilter("ignore", RankDeficientWarning)
        unit = lamina.ReSU(memory=MEMORY, horizon=HORIZON, rank=RANK)
        unit.fit(list(fitted[0]), future_of=list(fitted[1]))
    information = unit.score(list(tested[0]), future_of=list(tested[1]))
    return information, r_squared(np.stack(unit.predict(list(tested[0])))[..., 0], tested[1])


def one_step(
    fitted: tuple[np.ndarray, np.ndarray], tested: tuple[np.ndarray, np.ndarray], windows: int, trees: int
) -> tuple[float, float]:
    """Forecast the next sample by least squares and by boosted trees; R² of both on the other scene."""

    def admit(past: np.ndarray, signal: np.ndarray, draw: int) -> tuple[np.ndarray, np.ndarray]:
        pairs = [lag_vectors(row, MEMORY, 1) for row in past]
        lags = np.concatenate([before for before, _ in pairs])
        chosen = np.random.default_rng(draw).permutation(len(lags))[:windows]
        return lags[chosen], signal[:, MEMORY:].ravel()[chosen]

    (lags, target), (others, wanted) = admit(*fitted, 0), admit(*tested, 1)
    straight = LinearRegression().fit(lags, target)
    curved = HistGradientBoostingRegressor(max_iter=trees, random_state=0).fit(lags, target)
    return straight.score(others, wanted), curved.score(others, wanted)


def r_squared(forecast: np.ndarray, signal: np.ndarray) -> float:
    """Share of the variance of the whole horizon that forecasts ``(rows, time, horizon)`` explain."""
    last = signal.shape[1] - HORIZON
    times = np.arange(MEMORY - 1, last)
    future = np.stack([signal[:, times + 1 + ahead] for ahead in range(HORIZON)], axis=2)
    return float(1 - np.mean((future - forecast[:, times]) ** 2) / future.var())


def encoders(
    signal: np.ndarray, quick: bool
) -> Iterator[tuple[str, str, Callable[[np.ndarray], np.ndarray]]]:
    """Name, setting and function of every code and control; ``signal`` is that which is fitted."""
    changes = np.diff(signal, axis=1)
    scaling = Scaling(
        minimum=-LIMIT, maximum=LIMIT, change_mean=changes.mean(), change_deviation=changes.std()
    )
    for kind in CODES:
        for setting in SWEEPS[kind.name][1 if quick else 0 :: 4 if quick else 1]:
            arguments = {name: value for name, value in setting.items() if name != "stride"}
            code, stride = kind(**arguments), int(setting.get("stride", 1))
            shown = ", ".join(f"{name} {value:g}" for name, value in setting.items())
            yield kind.name, shown, lambda x, code=code, stride=stride: encode(code, x, scaling, stride)
    yield from controls(scaling, quick)


def code_of(name: str) -> type[SpikeCode]:
    """Return the class of a code."""
    return next(kind for kind in CODES if kind.name == name)


def controls(scaling: Scaling, quick: bool) -> Iterator[tuple[str, str, Callable[[np.ndarray], np.ndarray]]]:
    """Yield what spikes have to be better than, and what must keep nothing."""

    def every(values: np.ndarray, stride: int) -> np.ndarray:
        kept = np.zeros((*values.shape, 1))
        kept[:, ::stride, 0] = values[:, ::stride]
        return kept

    def poisson(x: np.ndarray, rate: float) -> np.ndarray:
        rng = np.random.default_rng(7)
        return (rng.random(x.shape) < rate * (x + LIMIT) / (2 * LIMIT)).astype(np.float64)[..., None]

    def shuffled(x: np.ndarray, threshold: float) -> np.ndarray:
        spikes = encode(code_of("sf")(threshold=threshold), x, scaling)
        return np.random.default_rng(7).permutation(spikes.reshape(-1, 2)).reshape(spikes.shape)

    for stride in STRIDES[1 if quick else 0 :: 4 if quick else 1]:
        yield CONTROLS[0], f"stride {stride}", lambda x, stride=stride: every(x, stride)
        yield CONTROLS[1], f"stride {stride}", lambda x, stride=stride: every(np.sign(x), stride)
    for rate in (2.0, 1.0, 0.5, 0.2, 0.1)[1 if quick else 0 :: 4 if quick else 1]:
        yield CONTROLS[2], f"rate {rate:g}", lambda x, rate=rate: poisson(x, rate)
    for threshold in STEPS[1 if quick else 0 :: 4 if quick else 1]:
        yield CONTROLS[3], f"threshold {threshold:g}", lambda x, value=threshold: shuffled(x, value)
    for setting in (
        SWEEPS["bsa"][1 if quick else 0 :: 4 if quick else 1]
        if "bsa" in {kind.name for kind in CODES}
        else []
    ):
        early = code_of("bsa")(**setting)
        yield CONTROLS[4], str(setting), lambda x, early=early: encode(early, x, scaling, late=False)


def study(seeds: int, every: int, quick: bool) -> list[Kept]:
    """Measure every code on both photographs, each fitted on the other, for several draws of the noise."""
    found: list[Kept] = []
    for seed in range(seeds):
        seen = scenes(seed, every)
        for fitted, tested in (("china", "flower"), ("flower", "china")):
            train, test = seen[fitted], seen[tested]
            whole, best = measure((train[..., None], train), (test[..., None], test))
            found.append(Kept("analogue", "all samples", tested, 1.0, whole, 1.0, np.nan, best))
            for name, setting, spikes_of in encoders(train, quick):
                past, other = spikes_of(train), spikes_of(test)
                rate = float(np.count_nonzero(other) / test.size)
                nats, explained = measure((past, train), (other, test))
                remembered = np.nan
                # those that a sum of spikes brings back; it was tried on all, and helps no other
                if name in FAMILIES["Codes of change"]:
                    remembered = measure((traced(past), train), (traced(other), test))[0] / whole
                row = (name, setting, tested, rate, nats, nats / whole, remembered, explained)
                found.append(Kept(*row))
    return found


def summary(found: list[Kept]) -> dict[str, np.ndarray]:
    """Per setting of each code: mean rate, mean and deviation of the share, share with traces, R², nats."""
    table: dict[str, list[np.ndarray]] = {}
    for code, setting in dict.fromkeys((row.code, row.setting) for row in found):
        rows = [row for row in found if (row.code, row.setting) == (code, setting)]
        shares = np.array([row.share for row in rows])
        fields = ("spikes_per_sample", "share_traced", "r_squared", "information")
        rate, traced_share, explained, nats = (
            np.mean([getattr(row, field) for row in rows]) for field in fields
        )
        table.setdefault(code, []).append(
            np.array([rate, shares.mean(), shares.std(), traced_share, explained, nats])
        )
    return {code: np.stack(sorted(rows, key=lambda row: row[0])) for code, rows in table.items()}


def at_rate(rows: np.ndarray, rate: float, column: int) -> float:
    """Interpolate one column of a code in the logarithm of the rate; NaN beyond the rates that it has."""
    if not rows[0, 0] <= rate <= rows[-1, 0]:
        return float("nan")
    return float(np.interp(np.log(rate), np.log(np.maximum(rows[:, 0], 1e-9)), rows[:, column]))


def nonlinear(every: int, windows: int, quick: bool) -> dict[str, np.ndarray]:
    """Per code: rate and one-step R², straight and by trees, at the setting nearest to COMPARED_AT."""
    seen = scenes(0, every)
    train, test = seen["china"], seen["flower"]
    nearest: dict[str, tuple[float, np.ndarray, np.ndarray]] = {
        "analogue": (1.0, train[..., None], test[..., None])
    }
    for name, _, spikes_of in encoders(train, quick):
        if name in CONTROLS[3:]:
            continue
        other = spikes_of(test)
        rate = float(np.count_nonzero(other) / test.size)
        far = abs(np.log(max(rate, 1e-9) / COMPARED_AT))
        if name not in nearest or far < abs(np.log(max(nearest[name][0], 1e-9) / COMPARED_AT)):
            nearest[name] = (rate, spikes_of(train), other)
    return {
        name: np.array([rate, *one_step((past, train), (other, test), windows, 10 if quick else 80)])
        for name, (rate, past, other) in nearest.items()
    }


def tabulate(table: dict[str, np.ndarray], curved: dict[str, np.ndarray]) -> str:
    """Markdown: share kept at three rates, the most there is, nats per spike, and the check by trees."""

    def show(value: float, digits: int = 2) -> str:
        return "" if np.isnan(value) else f"{value:.{digits}f}"

    lines = [
        "| code | kept at 0.1 | at 0.3 | at 1 | most (at) | most with traces | nats per spike at 0.1 "
        "| next sample, straight / trees (at) |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for code, rows in table.items():
        best = rows[np.argmax(rows[:, 1])]
        kept = [show(at_rate(rows, rate, 1)) for rate in (0.1, 0.3, 1.0)]
        per_spike = at_rate(rows, 0.1, 5) / 0.1
        check = curved.get(code)
        shown = "" if check is None else f"{check[1]:.2f} / {check[2]:.2f} ({check[0]:.2f})"
        most = f"{best[1]:.2f} ± {best[2]:.2f} ({best[0]:.2f})"
        traced_share = np.nan if np.isnan(rows[:, 3]).all() else float(np.nanmax(rows[:, 3]))
        cells = [code, *kept, most, show(traced_share), show(per_spike, 1), shown]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def draw(table: dict[str, np.ndarray], curved: dict[str, np.ndarray], folder: Path) -> Path:
    """Draw the share kept against the rate, a family of codes in each panel, and the check by trees."""
    with style():
        drawn, axes = figure(2, 2, width_in=8.0, height_in=6.4)
        for ax, (family, names) in zip(axes.flat, FAMILIES.items(), strict=False):
            for name in (name for name in names if name in table):
                rate, share, spread = table[name][:, :3].T
                ax.errorbar(rate, share, spread, marker="o", markersize=3, elinewidth=0.7, label=name)
            for name, dashes in ((CONTROLS[0], "--"), (CONTROLS[1], ":"), (CONTROLS[2], "-.")):
                ax.plot(table[name][:, 0], table[name][:, 1], dashes, color=GREY, lw=1, label=name, zorder=1)
            ax.set(xscale="log", xlim=(0.015, 3), ylim=(0, 1.02), title=family)
            ax.set(xlabel="Spikes per sample", ylabel="Information kept")
            ax.set_xticks([0.02, 0.05, 0.1, 0.2, 0.5, 1, 2], ["0.02", "0.05", "0.1", "0.2", "0.5", "1", "2"])
            ax.minorticks_off()
            ax.legend(loc="upper left")
        ax = axes.flat[3]
        ordered = sorted(curved, key=lambda name: curved[name][2])
        for place, name in enumerate(ordered):
            _, straight, trees = curved[name]
            ax.plot([straight, trees], [place, place], color=GREY, zorder=1)
            first = place == 0
            ax.plot(straight, place, "o", color=PALETTE[0], label="least squares" if first else None)
            ax.plot(trees, place, "s", ms=3, color=PALETTE[1], label="boosted trees" if first else None)
        ax.set_yticks(range(len(ordered)), [f"{name} ({curved[name][0]:.2f})" for name in ordered])
        ax.set(xlim=(0, 1), xlabel="R² of the next sample", title="What least squares cannot read")
        ax.legend(loc="lower right")
        return save_figure(drawn, folder, "spikes_into_resu")[0]


def main() -> None:
    """Run the study, print the table, and write figure and numbers."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--out", type=Path, default=Path("spikes_into_resu"), help="folder for the results")
    parser.add_argument("--quick", action="store_true", help="few rows, few settings, one draw of the noise")
    asked = parser.parse_args()
    every = 32 if asked.quick else 6
    found = study(1 if asked.quick else 3, every, asked.quick)
    table = summary(found)
    curved = nonlinear(every, 2_000 if asked.quick else 12_000, asked.quick)
    asked.out.mkdir(parents=True, exist_ok=True)
    with (asked.out / "spikes_into_resu.csv").open("w", newline="") as file:
        csv.writer(file).writerows([Kept._fields, *found])
    print(tabulate(table, curved))
    pairs = np.array([(row.share, row.r_squared) for row in found if row.code != CONTROLS[3]])
    print(
        f"\nall samples keep {table['analogue'][0, 5]:.2f} nats; {len(found)} fits; rank correlation of the"
    )
    print(f"information kept and R² of the whole horizon: {spearmanr(*pairs.T).statistic:.3f}")
    print(f"drawn: {draw(table, curved, asked.out)}")


if __name__ == "__main__":
    main()
