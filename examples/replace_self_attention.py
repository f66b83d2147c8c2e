"""Put spectral layers in the place of self-attention in PyTorch's own encoder, masks and all.

Run it with ``python examples/replace_self_attention.py``; it takes about a minute, or seconds with
``--quick``. A `torch.nn.TransformerEncoder` hears utterances of 7 to 29 frames (JapaneseVowels, which comes
with aeon) and tells which of nine speakers it was. Its self-attention is replaced by one layer of lamina
after the other; everything else stays. Each is trained in the same way and then asked twice about the test
set: as it is, and with 30 frames of noise behind each utterance, masked.
"""

import argparse
from collections.abc import Callable

import aeon.datasets
import torch
from torch import Tensor, nn

from lamina.layers import (
    FourierMixing,
    GlobalFilterMixing,
    HadamardAttention,
    PerformerAttention,
    SpectralLayer,
    replace_self_attention,
)

HIDDEN, MORE = 32, 30

LAYERS: dict[str, Callable[[int], SpectralLayer] | None] = {
    "multi-head attention": None,
    "FourierMixing": lambda hidden: FourierMixing(hidden_dim=hidden),
    "GlobalFilterMixing": lambda hidden: GlobalFilterMixing(hidden_dim=hidden, sequence_length=29 + MORE),
    "HadamardAttention": lambda hidden: HadamardAttention(hidden_dim=hidden, num_heads=4),
    "PerformerAttention": lambda hidden: PerformerAttention(hidden_dim=hidden, num_heads=4),
}
"""What stands where self-attention was, made for a hidden size; None leaves attention there."""


class Listener(nn.Module):
    """An encoder of PyTorch between a linear embedding and a head on the mean over valid frames."""

    def __init__(self, channels: int, classes: int) -> None:
        super().__init__()
        block = nn.TransformerEncoderLayer(HIDDEN, 4, 64, dropout=0.1, batch_first=True)
        self.embed = nn.Linear(channels, HIDDEN)
        self.encoder = nn.TransformerEncoder(block, num_layers=2, enable_nested_tensor=False)
        self.head = nn.Linear(HIDDEN, classes)

    def forward(self, x: Tensor, padding: Tensor) -> Tensor:
        """Return the speakers' logits; ``padding`` is True where there is no frame."""
        hidden = self.encoder(self.embed(x), src_key_padding_mask=padding)
        kept = ~padding[..., None]
        return self.head(torch.where(kept, hidden, 0.0).sum(1) / kept.sum(1))


def load(split: str) -> tuple[Tensor, Tensor, Tensor]:
    """Utterances (count, frames, coefficients), where they are padding, and their speakers."""
    recordings, speakers = aeon.datasets.load_japanese_vowels(split=split)[:2]
    frames = [torch.from_numpy(one.T).float() for one in recordings]
    x = nn.utils.rnn.pad_sequence(frames, batch_first=True)
    padding = torch.arange(x.shape[1]) >= torch.tensor([len(one) for one in frames])[:, None]
    return x, padding, torch.tensor([int(one) - 1 for one in speakers])


def train(model: nn.Module, steps: int) -> None:
    """Take some steps on random batches of the training set."""
    x, padding, speaker = load("train")
    optimiser = torch.optim.AdamW(model.parameters(), lr=2e-3)
    draw = torch.Generator().manual_seed(0)
    for _ in range(steps):
        some = torch.randint(len(x), (32,), generator=draw)
        loss = nn.functional.cross_entropy(model(x[some], padding[some]), speaker[some])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()


@torch.no_grad()
def ask(model: nn.Module) -> tuple[float, float]:
    """Return the accuracy on the test set, and the most by which masked noise behind it changes a logit."""
    x, padding, speaker = load("test")
    told = model.eval()(x, padding)
    noise = 10 * torch.randn(len(x), MORE, x.shape[2], generator=torch.Generator().manual_seed(1))
    longer = torch.cat([x, noise], dim=1)
    masked = torch.cat([padding, torch.ones(len(x), MORE, dtype=torch.bool)], dim=1)
    change = (model(longer, masked) - told).abs().max()
    return float((told.argmax(1) == speaker).double().mean()), float(change)


def main() -> None:
    """Train and ask an encoder with each layer, and print what came of it."""
    parser = argparse.ArgumentParser(description=str(__doc__).partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="few steps")
    steps = 30 if parser.parse_args().quick else 300
    print("| in place of self-attention | accuracy | most that padding changes |\n|---|---|---|")
    for name, build in LAYERS.items():
        torch.manual_seed(0)
        model = Listener(channels=12, classes=9)
        if build is not None:
            replace_self_attention(model, build)
        train(model, steps)
        accuracy, change = ask(model)
        print(f"| {name} | {accuracy:.3f} | {change:.0e} |", flush=True)


if __name__ == "__main__":
    main()
