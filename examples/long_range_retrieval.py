"""Train every sequence layer alike to recall a value by its key from far away.

Run it with ``python examples/long_range_retrieval.py [--plot PICTURE.png]``; it takes minutes, and fewer with
``--quick``, which trains four of them. A sequence of 64 tokens is noise, but for four tokens somewhere in its
middle, each of which says "key k has value v", and the last token, which asks for one of the keys. The answer
is read at this last position, 24 tokens or more away from what says it, whichever way round one counts. Each
of four keys and each of four values occurs once, so that a guess is right once in four times, and so is
whoever adds up what the tokens say, each by itself, without letting them meet.

Every layer gets the same treatment, fixed beforehand: two blocks of `SpectralEncoder`, 48 features, the same
samples in the same order, the same optimiser, learning rate and number of steps. Nothing is tuned for any of
them; each has the arguments that it has by default, but for sizes and four heads (three where one head for
each of three transforms is the rule).
"""

import argparse
import json
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor, nn

from lamina.layers.configuration import Count, LayerConfig
from lamina.layers.encoder import SpectralEncoder
from lamina.layers.layer import SpectralLayer, properties
from lamina.plotting import PALETTE, figure, save_figure, style

LENGTH, FEATURES, HEADS, DEPTH = 64, 48, 4, 2
KEYS, NOISE = 4, 16  # as many values as keys; kinds of noise
STEPS, BATCH, LEARNING_RATE = 500, 32, 5e-3
HELD_OUT = 2048
CHANCE = 1 / KEYS

PAIRS, QUERIES = KEYS * KEYS, KEYS  # tokens: first the pairs, then the queries, then noise
VOCABULARY = PAIRS + QUERIES + NOISE

ATTENTION, BAG = "nn.MultiheadAttention", "no mixing, mean of tokens"
QUICK = (ATTENTION, "PerformerAttention", "FourierMixing1D", BAG)
QUICK_STEPS = 300


def settings() -> dict[str, dict[str, Any]]:
    """Return the settings of each layer by the name that the table shows."""
    heads = {"num_heads": HEADS}
    length = {"sequence_length": LENGTH}
    return {
        "FourierMixing": {},
        "FourierMixing1D": {},
        "RealFourierMixing": {},
        "SeparableFourierMixing": {},
        "GlobalFilterMixing": length,
        "GlobalFilterMixing2D": length,
        "AdaptiveGlobalFilter": length,
        "AFNOMixing": {"max_sequence_length": LENGTH},
        "WaveletMixing": {},
        "WaveletMixing channel": {"mixing_mode": "channel"},
        "WaveletMixing level": {"mixing_mode": "level"},
        "SpectralAttention": heads,
        "PerformerAttention": heads,
        "PerformerAttention generalized": {**heads, "generalized": True},
        "KernelAttention gaussian": heads,
        "KernelAttention polynomial": {**heads, "kernel_type": "polynomial"},
        "KernelAttention spectral": {**heads, "kernel_type": "spectral"},
        "LSTAttention": heads,
        "DCTAttention": heads,
        "HadamardAttention": heads,
        "MixedSpectralAttention": {"num_heads": 3},
        "FourierNeuralOperator": {},
    }


class SelfAttentionConfig(LayerConfig, frozen=True):
    """Settings of `SelfAttention`."""

    layer: Literal["SelfAttention"] = "SelfAttention"
    hidden_dim: Count
    num_heads: Count


class SelfAttention(SpectralLayer):
    """PyTorch's multi-head attention as a layer of one's own, for a block to hold: the reference."""

    Config = SelfAttentionConfig

    def __init__(self, hidden_dim: int, num_heads: int) -> None:
        super().__init__(SelfAttentionConfig(hidden_dim=hidden_dim, num_heads=num_heads))
        self.attention = nn.MultiheadAttention(hidden_dim, num_heads, batch_first=True)

    def forward(self, x: Tensor, *, key_padding_mask: Tensor | None = None) -> Tensor:
        """Attend to the whole sequence; nothing is padded here."""
        return self.attention(x, x, x, key_padding_mask=key_padding_mask, need_weights=False)[0]

    def get_spectral_properties(self) -> dict[str, Any]:
        """Claim nothing but real outputs."""
        return properties(complexity="O(n² d)", frequency_domain=False)


class NoMixingConfig(LayerConfig, frozen=True):
    """Settings of `NoMixing`."""

    layer: Literal["NoMixing"] = "NoMixing"
    hidden_dim: Count


class NoMixing(SpectralLayer):
    """Nothing: the block around it treats every token by itself."""

    Config = NoMixingConfig
    parameter_free = True

    def __init__(self, hidden_dim: int) -> None:
        super().__init__(NoMixingConfig(hidden_dim=hidden_dim))

    def forward(self, x: Tensor, *, key_padding_mask: Tensor | None = None) -> Tensor:
        """Return zeros, to which the block adds its input."""
        return torch.zeros_like(x)

    def get_spectral_properties(self) -> dict[str, Any]:
        """Claim what zeros are."""
        return properties(complexity="O(1)", linear=True, causal=True, translation_equivariant=True)


def draw(count: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Draw samples: tokens, (count, LENGTH), and the value that each asks for, (count,)."""
    tokens = torch.randint(PAIRS + QUERIES, VOCABULARY, (count, LENGTH), generator=generator)
    keys, values = (torch.rand(count, KEYS, generator=generator).argsort(1) for _ in range(2))
    # the quarter of the sequence that is farthest from its end, also around the end of a circle
    places = 3 * LENGTH // 8 + torch.rand(count, LENGTH // 4, generator=generator).argsort(1)[:, :KEYS]
    tokens.scatter_(1, places, KEYS * keys + values)
    asked = torch.randint(KEYS, (count, 1), generator=generator)
    tokens[:, -1:] = PAIRS + keys.gather(1, asked)
    return tokens, values.gather(1, asked)[:, 0]


def build(name: str, seed: int) -> SpectralEncoder:
    """Build the encoder around the layer of this name."""
    mixers: list[Any]
    if name == ATTENTION:
        with torch.random.fork_rng():
            torch.manual_seed(seed)  # nn.MultiheadAttention takes no generator
            mixers = [SelfAttention(FEATURES, HEADS) for _ in range(DEPTH)]
    elif name == BAG:
        mixers = [NoMixing(FEATURES) for _ in range(DEPTH)]
    else:
        mixers = [{"layer": name.split()[0], "hidden_dim": FEATURES, **settings()[name]}]
    return SpectralEncoder(
        mixers,
        depth=DEPTH,
        vocab_size=VOCABULARY,
        positions="sinusoidal",
        pooling="mean" if name == BAG else "last",
        num_classes=KEYS,
        mlp_ratio=2.0,
        generator=torch.Generator().manual_seed(seed),
    )


def train(encoder: SpectralEncoder, seed: int, steps: int = STEPS) -> None:
    """Train an encoder on fresh samples: AdamW, one cycle of the learning rate."""
    optimiser = torch.optim.AdamW(encoder.parameters(), lr=LEARNING_RATE)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, LEARNING_RATE, total_steps=steps, pct_start=0.1)
    generator = torch.Generator().manual_seed(seed)
    encoder.train()
    for _ in range(steps):
        tokens, answers = draw(BATCH, generator)
        loss = nn.functional.cross_entropy(encoder(tokens), answers)
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(encoder.parameters(), 1.0)
        optimiser.step()
        schedule.step()


@torch.no_grad()
def accuracy(encoder: SpectralEncoder) -> float:
    """Return the share of right answers on samples that are the same for all, and new to all."""
    tokens, answers = draw(HELD_OUT, torch.Generator().manual_seed(10_000))
    encoder.eval()
    parts = [encoder(part).argmax(1) for part in tokens.split(256)]
    return float((torch.cat(parts) == answers).double().mean())


def compare(
    names: Iterable[str], seeds: Iterable[int], steps: int, out: Path | None = None
) -> dict[str, list[float]]:
    """Train every layer with every seed, and print (and write) the table as it grows."""
    print(f"{'layer':32s} {'parameters':>10s} {'seconds':>8s}  accuracy (chance {CHANCE:.3f})")
    found: dict[str, list[float]] = {}
    for name in names:
        started, reached, size = time.perf_counter(), [], 0
        for seed in seeds:
            encoder = build(name, seed)
            train(encoder, seed, steps)
            reached.append(accuracy(encoder))
            size = sum(parameter.numel() for parameter in encoder.parameters())
        found[name] = reached
        seconds = time.perf_counter() - started
        shown = " ".join(f"{value:.3f}" for value in reached)
        print(f"{name:32s} {size:10d} {seconds:8.1f}  {shown}", flush=True)
        if out is not None:
            out.write_text(json.dumps(found, indent=2) + "\n")
    return found


def plot(found: dict[str, list[float]], path: Path) -> Path:
    """Draw the mean accuracy of each layer, and a dot for every seed."""
    names = sorted(found, key=lambda name: float(np.mean(found[name])))
    drawn, axes = figure(width_in=5.0, height_in=0.9 + 0.19 * len(names))
    ax = axes[0, 0]
    with style():
        for row, name in enumerate(names):
            own = PALETTE[1] if name in (ATTENTION, BAG) else PALETTE[0]
            ax.barh(row, np.mean(found[name]), color=own, alpha=0.6)
            ax.plot(found[name], [row] * len(found[name]), "o", color=own, markersize=3)
        ax.axvline(CHANCE, color="0.3", linestyle=":", label="chance")
        ax.set_yticks(range(len(names)), names)
        ax.set(xlabel="Accuracy on new sequences", xlim=(0, 1.02), ylim=(-0.6, len(names) - 0.4))
        ax.legend(loc="lower right")
    return save_figure(drawn, path.parent, path.stem)[0]


def main() -> None:
    """Compare the layers as the command line says."""
    parser = argparse.ArgumentParser(description="Train every sequence layer to recall a value by its key.")
    parser.add_argument("--quick", action="store_true", help="attention, two layers and the control")
    parser.add_argument("--only", nargs="+", metavar="LAYER", help="names as they stand in the table")
    parser.add_argument("--seeds", type=int, default=1, help="how many repetitions")
    parser.add_argument("--seed", type=int, default=0, help="the first of their seeds")
    parser.add_argument("--steps", type=int, help=f"training steps (default {STEPS}, quick {QUICK_STEPS})")
    parser.add_argument("--plot", type=Path, help="where to draw the table (PNG, with an SVG beside it)")
    parser.add_argument("--out", type=Path, help="where to write the accuracies (JSON)")
    chosen = parser.parse_args()
    torch.set_num_threads(1)  # the tensors are small
    names = QUICK if chosen.quick else chosen.only or (ATTENTION, *settings(), BAG)
    seeds = range(chosen.seed, chosen.seed + chosen.seeds)
    steps = chosen.steps or (QUICK_STEPS if chosen.quick else STEPS)
    found = compare(names, seeds, steps, chosen.out)
    if chosen.plot is not None:
        print(f"drawn: {plot(found, chosen.plot)}")


if __name__ == "__main__":
    main()
