"""Why ReSUs lose to MiniRocket where they do: diagnoses by exchange of parts, and pictures of single losses.

No setting of the library is chosen by what comes out: the sets are those of "Where it loses" in
docs/series/results.md, most of them judged. Everything but "ReSU" and "MiniRocket" is a diagnosis.

    python benchmarks/series/losses.py numbers CBF GunPoint    # or all sets
    python benchmarks/series/losses.py pictures CBF            # writes docs/series/losses/cbf.png

Both take resamples 0 to 4 (PLAID and PigCVP 0 to 2) of benchmarks/series/splits.py.
"""

from __future__ import annotations

import sys
import warnings
from collections import Counter, defaultdict
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from series.exchanges import Part, answers, more_training, part, rocket, usual
from series.sets import load
from series.splits import split

from lamina.resu.features.classifier import ReSUClassifier

RESAMPLES = {
    "CBF": 5,
    "GunPoint": 5,
    "Waveform": 5,
    "ArrowHead": 5,
    "Covid3Month, three levels": 5,
    "PickupGestureWiimoteZ": 5,
    "JapaneseVowels": 5,
    "PigCVP": 3,
    "PLAID": 3,
}
FOLDER = Path(__file__).parents[2] / "docs" / "series" / "losses"
MOST_EXPLAINED = 12
JUMP = 5
# deviations from 0.1 to 5000: beside a background of another size, the shares of single samples cancel only
# after having grown a thousandfold
OF_ALL_SIZES = ("Covid3Month, three levels",)


def numbers(name: str) -> None:
    """Print mean accuracies, which classes are lost to which, and what pulls towards the wrong one."""
    collection = load(name)
    found: dict[str, list[float]] = defaultdict(list)
    lost: Counter[tuple[int, int]] = Counter()
    pulls: dict[str, list[float]] = defaultdict(list)
    jumps: list[str] = []
    steps = np.array([np.abs(np.diff(each, axis=1)).max() for each in collection.series])
    steps /= np.median(steps)
    for seed in range(RESAMPLES[name]):
        places = split(collection, seed)
        one = part(collection, *places, seed)
        said = dict(answers(one))
        for kind, predicted in said.items():
            found[kind].append(float((predicted == one.expected).mean()))
        for kind, value in more_training(collection, places, seed).items():
            found[kind].append(value)
        model = ReSUClassifier().fit(one.training, one.labels)
        guessed = model.left_out_scores_
        left = guessed.argmax(axis=1) if guessed.shape[1] > 1 else (guessed[:, 0] > 0).astype(int)
        found["ReSU, training series left out"].append(float((model.classes_[left] == one.labels).mean()))
        ours, theirs = said["ReSU"] == one.expected, said["MiniRocket"] == one.expected
        found["only MiniRocket right (share of test)"].append(float((theirs & ~ours).mean()))
        found["only ReSU right (share of test)"].append(float((ours & ~theirs).mean()))
        wrong = np.flatnonzero(theirs & ~ours)
        jumps.append(f"{(steps[places[1][wrong]] > JUMP).sum()} of {len(wrong)}")
        lost.update(zip(one.expected[wrong].tolist(), said["ReSU"][wrong].tolist(), strict=True))
        for at in wrong[:MOST_EXPLAINED]:
            for kind, value in pull(model, one, at, int(said["ReSU"][at])).items():
                pulls[kind].append(value)
    counts = np.unique(collection.targets[collection.own_training], return_counts=True)[1]
    print(f"## {name}\nresamples {RESAMPLES[name]}, training series a class {counts.min()}-{counts.max()}")
    for kind, values in found.items():
        print(f"{kind:48} {np.mean(values):.3f}  {' '.join(f'{v:.3f}' for v in values)}")
    print("lost, true -> said:", ", ".join(f"{a}->{b}: {n}" for (a, b), n in lost.most_common(8)))
    print(f"with a step above {JUMP} times the median of the largest: {(steps > JUMP).sum()} of all series,")
    print(f"  of the lost ones by resample {', '.join(jumps)}")
    print("lost ones: score, true less said, that of training series of both (base), and what moves it:")
    print("  " + ", ".join(f"{kind} {np.mean(values):+.3f}" for kind, values in pulls.items()), flush=True)


def pull(model: ReSUClassifier, one: Part, at: int, said: int) -> dict[str, float]:
    """What speaks for the true class and not for that said, by kind of feature, view and third of time."""
    told = explained(model, one, at, int(one.expected[at]), said)
    found: dict[str, float] = defaultdict(float, base=told.base, score=told.score)
    for each in told.features:
        # view, memory, dilation and unit come before the statistic
        kind = "level" if each.name.startswith("level") else each.name.split("_")[4]
        found[kind] += each.contribution
    for unit, value in zip(told.units, told.unit_contributions, strict=True):
        found[unit.scale.view] += value
        span = unit.scale.memory * unit.scale.dilation
        found[f"spans {'to' if span <= 32 else 'above'} 32"] += value
    for third, piece in enumerate(np.array_split(told.contributions.sum(axis=0), 3), start=1):
        found[f"third {third} of time"] += piece.sum()
    return found


def explained(model: ReSUClassifier, one: Part, at: int, label: int, against: int):
    """Explain a test series, beside the training series of both classes."""
    if one.name in OF_ALL_SIZES:
        return model.explain(one.test[at], label, against=against)
    near = [one.training[k] for k in np.flatnonzero(np.isin(one.labels, (label, against)))]
    return model.explain(one.test[at], label, against=against, background=near)


def pictures(name: str) -> None:
    """Draw a loss of middling margin, of the commonest confusion, beside a right answer."""
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    from lamina.plotting.explanations import plot_explanation

    collection = load(name)
    most = (-1, None)
    for seed in range(RESAMPLES[name]):
        one = part(collection, *split(collection, seed), seed)
        ours = ReSUClassifier().fit(one.training, one.labels)
        table = rocket(one)
        said, theirs = ours.predict(one.test), usual(table[0], one.labels, table[1])
        wrong = np.flatnonzero((theirs == one.expected) & (said != one.expected))
        if len(wrong) > most[0]:
            most = len(wrong), (one, ours, said, theirs, wrong)
    one, ours, said, theirs, wrong = most[1]  # type: ignore[misc]
    answered = set(one.expected[(said == one.expected) & (theirs == one.expected)].tolist())
    confused = Counter(zip(one.expected[wrong].tolist(), said[wrong].tolist(), strict=True)).most_common()
    label, against = next(pair for pair, _ in confused if pair[0] in answered)
    losses = [k for k in wrong if (one.expected[k], said[k]) == (label, against)]
    right = np.flatnonzero((one.expected == label) & (said == label) & (theirs == label))
    tall = 4.2 if one.padded_test.shape[1] == 1 else 7.5
    figure, axes = plt.subplots(1, 2, figsize=(15.5, tall))
    for ax, candidates, title in zip(axes, (losses, right), ("lost", "right"), strict=True):
        told = [explained(ours, one, k, label, against) for k in candidates[:MOST_EXPLAINED]]
        middle = sorted(told, key=lambda each: each.score)[len(told) // 2]
        plot_explanation(middle, ax)
        ax.set_title(f"{title}: {ax.get_title(loc='left')}", loc="left")
    figure.subplots_adjust(left=0.13, right=0.92, wspace=0.78, top=1 - 0.55 / tall, bottom=0.5 / tall)
    FOLDER.mkdir(parents=True, exist_ok=True)
    path = FOLDER / f"{name.split(',')[0].lower()}.png"
    figure.savefig(path, dpi=68, metadata={"Software": None})
    print(
        f"{path.name}: resample {one.seed}, {most[0]} lost, true {label}, said {against} ({len(losses)} so)"
    )


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    for wanted in sys.argv[2:] or RESAMPLES:
        {"numbers": numbers, "pictures": pictures}[sys.argv[1]](wanted)
