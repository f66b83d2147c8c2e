"""Classify recorded series, and show which samples and which filters speak for a class.

Run it with ``python examples/explain_series.py --output out/series``; it takes about a minute, and writes the
pictures of the tutorial on series. The series are real and come with aeon: GunPoint (Ratanamahatana and
Keogh: the height of a hand that draws a gun or points a finger) and BasicMotions (accelerometer and gyroscope
of a watch, four activities), with the split into training and test set that was published with them. The
third collection is simulated: one of two shapes, somewhere in coloured noise, so that it is known where an
explanation should point.
"""

import argparse
import time
from pathlib import Path

import numpy as np

from lamina.plotting import figure, plot_explanation, save_figure
from lamina.resu import ReSUClassifier, explain, explain_class

BUDGETS = (300, 600, 1200, 2400)
# an eighth of a GunPoint series; the length of a planted shape
STRETCH, SHAPE = 18, 25
OTHERS = 20


def gunpoint() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Training and test series and labels of GunPoint, by the names of the gestures."""
    import aeon.datasets

    found = []
    for split in ("train", "test"):
        series, labels = aeon.datasets.load_gunpoint(split=split)
        found += [series, np.where(labels == "1", "gun", "point")]
    return tuple(found)


def basic_motions() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Training and test series and labels of BasicMotions."""
    import aeon.datasets

    return (*aeon.datasets.load_basic_motions(split="train"), *aeon.datasets.load_basic_motions(split="test"))


def planted(n: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Simulate coloured noise with a wave or a hump somewhere: series, labels, and where each begins."""
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % 2
    series = np.stack([np.convolve(rng.standard_normal(200), [0.8, 0.5, 0.3], "same") for _ in range(n)])
    place = np.linspace(-1, 1, SHAPE)
    shapes = np.stack([3 * np.sin(2 * np.pi * place) * (1 - place**2), 3 - 3 * np.abs(place)])
    starts = rng.integers(0, 200 - SHAPE + 1, n)
    for one, label, start in zip(series, labels, starts, strict=True):
        one[start : start + SHAPE] += shapes[label]
    return series, np.array(["wave", "hump"])[labels], starts


def budget() -> list[str]:
    """Accuracy, and seconds to learn and to predict, for several numbers of features."""
    lines = [
        "| n_features | GunPoint | learn, predict (s) | BasicMotions | learn, predict (s) |",
        "|---|---|---|---|---|",
    ]
    sets = (gunpoint(), basic_motions())
    ReSUClassifier(n_features=300).fit(*sets[0][:2]).predict(sets[0][2])  # compiles
    for n_features in BUDGETS:
        cells = [str(n_features)]
        for series, labels, asked, truth in sets:
            start = time.perf_counter()
            model = ReSUClassifier(n_features=n_features).fit(series, labels)
            learnt = time.perf_counter()
            score = model.score(asked, truth)
            cells += [f"{score:.3f}", f"{learnt - start:.2f}, {time.perf_counter() - learnt:.2f}"]
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def without(series: np.ndarray, start: int, stop: int, filling: np.ndarray) -> np.ndarray:
    """Replace a stretch by one that runs parallel to another series, without a jump at either end."""
    result, apart = series.copy(), series - filling
    ends = apart[..., max(start - 1, 0)], apart[..., min(stop, series.shape[-1] - 1)]
    result[..., start:stop] = (
        filling[..., start:stop] + np.linspace(*ends, stop - start + 2, axis=-1)[..., 1:-1]
    )
    return result


def deletion(
    model: ReSUClassifier, series: np.ndarray, labels: np.ndarray, around: dict[str, np.ndarray], length: int
) -> dict[str, np.ndarray]:
    """Fall of each score without the stretch that is pointed at, and without any other (mean of 20)."""
    rng = np.random.default_rng(0)
    falls: dict[str, list[float]] = {"background": [], "no background": [], "any other": []}
    for one, label in zip(series, labels, strict=True):
        background = around[label]
        filling = background.mean(axis=0)
        places = [explain(model, one, label, background=background).stretch(length)[0]]
        places += [explain(model, one, label).stretch(length)[0]]
        places += rng.integers(0, one.shape[-1] - length + 1, OTHERS).tolist()
        changed = np.stack([one, *(without(one, start, start + length, filling) for start in places)])
        score = model.decision_function(changed) * (1 if label == model.classes_[1] else -1)
        fall = score[0] - score[1:]
        for name, value in zip(falls, (fall[0], fall[1], fall[2:].mean()), strict=True):
            falls[name].append(value)
    return {name: np.array(values) for name, values in falls.items()}


def tell(name: str, falls: dict[str, np.ndarray]) -> str:
    """Say how far scores fall, as a row of a table."""
    cells = [
        f"{values.mean():.2f} ± {values.std(ddof=1) / len(values) ** 0.5:.2f}" for values in falls.values()
    ]
    return f"| {name} | {' | '.join(cells)} |"


def main() -> None:
    """Fit, tell, and draw."""
    parser = argparse.ArgumentParser(description=str(__doc__).partition("\n")[0])
    parser.add_argument("--output", type=Path, help="folder for the pictures")
    parser.add_argument("--features", type=int, default=2400, help="columns of the tables")
    parser.add_argument("--asked", type=int, default=50, help="series that are explained for the tables")
    asked = parser.parse_args()
    print("\n".join(budget()))

    series, labels, test, truth = gunpoint()
    model = ReSUClassifier(asked.features).fit(series, labels)
    apart = {"gun": series[labels == "point"], "point": series[labels == "gun"]}
    print(f"\nGunPoint: {model.score(test, truth):.3f} of the test series right")
    right = np.flatnonzero(model.predict(test) == truth)[: asked.asked]
    print("\n| score falls without | what is pointed at | the same, no background | any other stretch |")
    print("|---|---|---|---|")
    print(tell("GunPoint", deletion(model, test[right], truth[right], apart, STRETCH)))

    noise, shapes, _ = planted(120, seed=0)
    found, kinds, starts = planted(asked.asked, seed=1)
    finder = ReSUClassifier(asked.features).fit(noise, shapes)
    others = {kind: noise[shapes != kind] for kind in ("wave", "hump")}
    print(tell("planted shapes", deletion(finder, found, kinds, others, SHAPE)))
    pointed = [
        explain(finder, one, kind, background=others[kind]).stretch(SHAPE)[0]
        for one, kind in zip(found, kinds, strict=True)
    ]
    hits = np.abs(np.array(pointed) - starts) <= SHAPE // 2
    each = ", ".join(f"{hits[kinds == kind].mean():.2f} of the {kind}s" for kind in others)
    print(f"\nPlanted shapes: {finder.score(found, kinds):.3f} right; pointed at, to half a shape: {each}")

    motions, activities, motions_test, _ = basic_motions()
    wearer = ReSUClassifier(asked.features).fit(motions, activities)
    if asked.output is None:
        return
    asked.output.mkdir(parents=True, exist_ok=True)
    drawn, axes = figure(2, 1, width_in=6.4, height_in=6.2)
    for ax, gesture in zip(axes[:, 0], ("gun", "point"), strict=True):
        first = test[right[truth[right] == gesture][0]]
        plot_explanation(explain(model, first, background=apart[gesture]), ax, units=3)
    made = {"series_gunpoint": drawn}
    mean = explain_class(model, series[labels == "gun"], "gun", background=apart["gun"])
    made["series_gun_class"] = plot_explanation(mean, units=5).figure
    made["series_planted"] = plot_explanation(
        explain(finder, found[0], background=others[kinds[0]]), units=3
    ).figure
    watch = explain(wearer, motions_test[15])
    names = [f"{what} {axis}" for what in ("acceleration", "rotation") for axis in "xyz"]
    made["series_motions"] = plot_explanation(watch, units=3, sampling_rate=10.0, channels=names).figure
    for name, picture in made.items():
        print(f"drawn: {save_figure(picture, asked.output, name, dpi=100)[0]}")


if __name__ == "__main__":
    main()
