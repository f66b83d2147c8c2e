"""Classify recorded series by spectral encoders, trained, and by ReSU layers, fitted without gradients.

Run it with ``python examples/classify_series.py --plot out/classified.png``; it takes some minutes, or half a
minute with ``--quick``. The series are real and come with aeon: BasicMotions (accelerometer and gyroscope of
a watch, four activities) and JapaneseVowels (12 cepstral coefficients of 7 to 29 frames, nine speakers), with
the split into training and test set that was published with them. Every preset of `SpectralEncoder` and, for
comparison, multi-head attention are trained in the same way, with settings that were chosen by what they cost
and tuned for none. The stack of `ReSUMixing` is fitted to the training series without their labels; a ridge
classifier reads it out.
"""

import argparse
import time
import warnings
from pathlib import Path
from typing import Literal, NamedTuple, get_args

import numpy as np
import torch
from sklearn.linear_model import RidgeClassifierCV
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from torch import Tensor, nn

from lamina.errors import LaminaWarning, RankDeficientWarning
from lamina.layers import ReSUMixing, SpectralEncoder, fit_encoder
from lamina.layers.encoder_presets import Preset
from lamina.plotting import PALETTE, figure, save_figure, style
from lamina.plotting.style import GREY

PRESETS: tuple[Preset, ...] = get_args(Preset)
DATASETS = ("BasicMotions", "JapaneseVowels")

HIDDEN, DEPTH, DROPOUT = 32, 2, 0.1
STEPS, BATCH, RATE, DECAY = 150, 32, 1e-3, 0.01

MEMORIES = (4, 8)  # the training set chooses
HORIZON, RIDGE = 2, 0.01
UNITS = 4  # for each channel, in the first layer


class Series(NamedTuple):
    """Padded series (count, time, channels), where they are padding, and their classes as numbers."""

    x: Tensor
    padding: Tensor
    label: Tensor

    def take(self, index: np.ndarray | Tensor) -> "Series":
        """Choose some series, cut to the longest of them."""
        chosen = Series(*(part[torch.as_tensor(index)] for part in self))
        longest = int((~chosen.padding).sum(1).max())
        return Series(chosen.x[:, :longest], chosen.padding[:, :longest], chosen.label)


def load(name: str) -> tuple[Series, Series]:
    """Training and test series, in units of the training series' deviation from their mean."""
    import aeon.datasets

    read = {
        "BasicMotions": aeon.datasets.load_basic_motions,
        "JapaneseVowels": aeon.datasets.load_japanese_vowels,
    }[name]
    (train, train_names), (test, test_names) = read(split="train"), read(split="test")
    together = np.concatenate(list(train), axis=1)
    mean, deviation = together.mean(1, keepdims=True), together.std(1, keepdims=True)
    classes = sorted(set(train_names))

    def padded(recordings: list[np.ndarray], names: np.ndarray) -> Series:
        scaled = [torch.from_numpy(((one - mean) / deviation).T).float() for one in recordings]
        lengths = torch.tensor([len(one) for one in scaled])
        x = nn.utils.rnn.pad_sequence(scaled, batch_first=True)
        label = torch.tensor([classes.index(one) for one in names])
        return Series(x, torch.arange(x.shape[1]) >= lengths[:, None], label)

    return padded(train, train_names), padded(test, test_names)


class Attention(nn.Module):
    """Multi-head attention in the same place: PyTorch's own encoder, of the same width and depth."""

    def __init__(self, channels: int, classes: int) -> None:
        super().__init__()
        block = nn.TransformerEncoderLayer(
            HIDDEN, 8, 4 * HIDDEN, DROPOUT, "gelu", batch_first=True, norm_first=True
        )
        outer = SpectralEncoder(
            {"layer": "FourierMixing", "hidden_dim": HIDDEN}, input_dim=channels, positions="sinusoidal"
        )
        self.embedding = outer.embedding
        norm = nn.LayerNorm(HIDDEN)
        self.encoder = nn.TransformerEncoder(block, DEPTH, norm, enable_nested_tensor=False)
        self.head = nn.Linear(HIDDEN, classes)

    def forward(self, x: Tensor, *, key_padding_mask: Tensor) -> Tensor:
        """Return the classes' logits."""
        hidden, _ = self.embedding(x, key_padding_mask)
        hidden = self.encoder(hidden, src_key_padding_mask=key_padding_mask)
        kept = ~key_padding_mask[..., None]
        return self.head((hidden * kept).sum(1) / kept.sum(1))


def build(name: Preset | Literal["attention"], train: Series, test: Series, seed: int) -> nn.Module:
    """Make an encoder with a head for the classes of the training set."""
    lengths = torch.cat([(~series.padding).sum(1) for series in (train, test)])
    # a neural operator's modes lie below the Nyquist frequency of the shortest series
    length = int(lengths.min() if name == "fno" else lengths.max())
    channels, classes = train.x.shape[2], int(train.label.max()) + 1
    torch.manual_seed(seed)
    if name == "attention":
        return Attention(channels, classes)
    return SpectralEncoder.preset(
        name,
        hidden_dim=HIDDEN,
        depth=DEPTH,
        sequence_length=length,
        input_dim=channels,
        positions="sinusoidal",
        pooling="mean",
        num_classes=classes,
        dropout=DROPOUT,
        generator=torch.Generator().manual_seed(seed),
    )


def trained(name: Preset | Literal["attention"], train: Series, test: Series, seed: int, steps: int) -> float:
    """Train for a number of steps, the same for all, and return the accuracy on the test set."""
    model = build(name, train, test, seed).train()
    optimiser = torch.optim.AdamW(model.parameters(), lr=RATE, weight_decay=DECAY, fused=True)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, RATE, total_steps=steps)
    draw = torch.Generator().manual_seed(seed)
    order = torch.empty(0, dtype=torch.int64)
    for _ in range(steps):
        if not len(order):
            order = torch.randperm(len(train.x), generator=draw)
        batch, order = train.take(order[:BATCH]), order[BATCH:]
        loss = nn.functional.cross_entropy(model(batch.x, key_padding_mask=batch.padding), batch.label)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
    with torch.no_grad():
        told = model.eval()(test.x, key_padding_mask=test.padding).argmax(1)
    return float((told == test.label).double().mean())


class Widen(nn.Module):
    """Give each channel room for the outputs of its units: it leads a group, whose rest is 0."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.width = width

    def forward(self, x: Tensor) -> Tensor:
        """Map (batch, time, channels) to (batch, time, channels · width)."""
        return nn.functional.pad(x[..., None], (0, self.width - 1)).flatten(-2)


def fitted_stack(train: Series, memory: int) -> list[nn.Module]:
    """Units of each channel alone, and above them units of all their ON and OFF outputs together."""
    channels, width = train.x.shape[2], 2 * UNITS
    first = ReSUMixing(channels * width, memory=memory, horizon=HORIZON, groups=channels, ridge=RIDGE)
    second = ReSUMixing(channels * width, memory=memory, horizon=HORIZON, ridge=RIDGE)
    with warnings.catch_warnings():
        # a single channel of short memory has fewer directions than there is room for
        warnings.simplefilter("ignore", RankDeficientWarning)
        return fit_encoder([Widen(width), first, second], [(train.x, train.padding)])


def pooled(x: Tensor, padding: Tensor) -> np.ndarray:
    """Mean, deviation, least and largest value of each channel over the valid positions."""
    kept = ~padding[..., None]
    count = kept.sum(1)
    mean = torch.where(kept, x, 0.0).sum(1) / count
    spread = (torch.where(kept, x - mean[:, None], 0.0).square().sum(1) / count).sqrt()
    ends = [torch.where(kept, x, torch.inf).amin(1), torch.where(kept, x, -torch.inf).amax(1)]
    return torch.cat([mean, spread, *ends], dim=1).double().numpy()


def features(stack: list[nn.Module], series: Series) -> np.ndarray:
    """Pool the series themselves and the outputs of every fitted layer."""
    found, hidden = [pooled(series.x, series.padding)], series.x
    for layer in stack:
        if isinstance(layer, ReSUMixing):
            hidden = layer(hidden, key_padding_mask=series.padding)
            found.append(pooled(hidden, series.padding))
        else:
            hidden = layer(hidden)
    return np.concatenate(found, axis=1)


def read_out(train: np.ndarray, labels: Tensor, test: np.ndarray) -> np.ndarray:
    """Classify by ridge regression, whose penalty leave-one-out cross-validation chooses."""
    classifier = make_pipeline(StandardScaler(), RidgeClassifierCV(np.logspace(-3, 3, 13)))
    return classifier.fit(train, labels.numpy()).predict(test)


def fitted(train: Series, test: Series) -> tuple[float, int]:
    """Choose the memory by cross-validation in the training set; return test accuracy and memory."""

    def accuracy(memory: int, known: Series, asked: Series) -> float:
        stack = fitted_stack(known, memory)
        told = read_out(features(stack, known), known.label, features(stack, asked))
        return float(np.mean(told == asked.label.numpy()))

    folds = list(
        StratifiedKFold(5, shuffle=True, random_state=0).split(np.zeros(len(train.label)), train.label)
    )
    scores = [
        np.mean([accuracy(memory, train.take(known), train.take(asked)) for known, asked in folds])
        for memory in MEMORIES
    ]
    memory = MEMORIES[int(np.argmax(scores))]
    return accuracy(memory, train, test), memory


def study(name: str, presets: tuple[Preset, ...], seeds: int, steps: int) -> dict[str, list[float]]:
    """Accuracies of every way on one data set, one for each seed where there are seeds."""
    train, test = load(name)
    found: dict[str, list[float]] = {}
    most = torch.bincount(train.label).argmax()
    found["majority class"] = [float((test.label == most).double().mean())]
    raw = read_out(pooled(train.x, train.padding), train.label, pooled(test.x, test.padding))
    found["ridge on pooled series"] = [float(np.mean(raw == test.label.numpy()))]
    began = time.perf_counter()
    reached, memory = fitted(train, test)
    found["ReSUMixing + ridge"] = [reached]
    print(f"  ReSUMixing: memory {memory}, {time.perf_counter() - began:.1f} s", flush=True)
    for preset in (*presets, "attention"):
        began = time.perf_counter()
        with warnings.catch_warnings():
            # wavelets say once that a short series has room for fewer levels
            warnings.simplefilter("ignore", LaminaWarning)
            found[preset] = [trained(preset, train, test, seed, steps) for seed in range(seeds)]
        print(f"  {preset}: {(time.perf_counter() - began) / seeds:.1f} s each", flush=True)
    return found


def tabulate(results: dict[str, dict[str, list[float]]]) -> str:
    """Lay the accuracies out as a table."""
    lines = ["| way | " + " | ".join(results) + " |", "|---|" + "---|" * len(results)]
    for way in next(iter(results.values())):
        cells = []
        for found in results.values():
            mean, deviation = np.mean(found[way]), np.std(found[way])
            cells.append(f"{mean:.3f} ± {deviation:.3f}" if len(found[way]) > 1 else f"{mean:.3f}")
        lines.append(f"| {way} | {' | '.join(cells)} |")
    return "\n".join(lines)


def draw(results: dict[str, dict[str, list[float]]], path: Path) -> Path:
    """Draw every accuracy, trained ways and the others apart by colour."""
    with style():
        drawn, axes = figure(1, len(results), height_in=3.2, sharey=True)
        for ax, (name, found) in zip(axes.flat, results.items(), strict=True):
            shown = {way: reached for way, reached in found.items() if way != "majority class"}
            for place, (way, reached) in enumerate(reversed(shown.items())):
                colour = PALETTE[0] if way in (*PRESETS, "attention") else PALETTE[1]
                colour = GREY if way.startswith("ridge") else colour
                ax.plot(reached, [place] * len(reached), "o", color=colour, alpha=0.5)
                ax.plot(np.mean(reached), place, "|", color=colour, ms=14)
            ax.set_yticks(range(len(shown)), list(reversed(shown)))
            lowest = min(min(reached) for reached in shown.values())
            chance = found["majority class"][0]
            ax.set(
                xlim=(min(0.8, lowest - 0.02), 1.01),
                xlabel=f"accuracy on the test set (majority class: {chance:.2f})",
                title=name,
            )
        path.parent.mkdir(parents=True, exist_ok=True)
        return save_figure(drawn, path.parent, path.stem)[0]


def main() -> None:
    """Classify both collections, print the table, and draw it."""
    parser = argparse.ArgumentParser(description=str(__doc__).partition("\n")[0])
    parser.add_argument("--plot", type=Path, help="file for the figure")
    parser.add_argument("--seeds", type=int, default=3, help="trainings of each preset")
    parser.add_argument("--quick", action="store_true", help="two presets, one seed, few steps")
    asked = parser.parse_args()
    presets, seeds, steps = (PRESETS[:2], 1, 60) if asked.quick else (PRESETS, asked.seeds, STEPS)
    results = {}
    for name in DATASETS:
        print(name, flush=True)
        results[name] = study(name, presets, seeds, steps)
    print(tabulate(results))
    if asked.plot is not None:
        print(f"drawn: {draw(results, asked.plot)}")


if __name__ == "__main__":
    main()
