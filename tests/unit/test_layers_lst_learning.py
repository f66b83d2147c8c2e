"""Attention by products of spectra learns to find a token by its content."""

import pytest
import torch
from torch import nn

from lamina.layers.attention.lst import LSTAttention

LENGTH, HIDDEN, VALUES = 32, 32, 8
MARKER, QUESTION = VALUES, VALUES + 1


class Block(nn.Module):
    def __init__(self, attention):
        super().__init__()
        self.attention = attention
        self.norms = nn.ModuleList(nn.LayerNorm(HIDDEN) for _ in range(2))
        self.network = nn.Sequential(nn.Linear(HIDDEN, 2 * HIDDEN), nn.GELU(), nn.Linear(2 * HIDDEN, HIDDEN))

    def forward(self, x):
        x = x + self.attention(self.norms[0](x))
        return x + self.network(self.norms[1](x))


class Net(nn.Module):
    def __init__(self, build):
        super().__init__()
        self.tokens = nn.Embedding(VALUES + 2, HIDDEN)
        self.positions = nn.Parameter(0.3 * torch.randn(LENGTH, HIDDEN))
        self.blocks = nn.Sequential(*(Block(build()) for _ in range(2)))
        self.head = nn.Sequential(nn.LayerNorm(HIDDEN), nn.Linear(HIDDEN, VALUES))

    def forward(self, tokens):
        return self.head(self.blocks(self.tokens(tokens) + self.positions)[:, -1])


def samples(count, generator):
    """Random tokens with a marker somewhere; the answer, asked for at the end, is the token after it."""
    tokens = torch.randint(0, VALUES, (count, LENGTH), generator=generator)
    place = torch.randint(0, LENGTH - 2, (count,), generator=generator)
    rows = torch.arange(count)
    tokens[rows, place], tokens[:, -1] = MARKER, QUESTION
    return tokens, tokens[rows, place + 1]


def accuracy(build, *, steps=500, seed=0):
    generator = torch.Generator().manual_seed(seed)
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        net = Net(build)
    optimiser = torch.optim.AdamW(net.parameters(), 4e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 4e-3, total_steps=steps)
    for _ in range(steps):
        tokens, answers = samples(64, generator)
        optimiser.zero_grad()
        nn.functional.cross_entropy(net(tokens), answers).backward()
        nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimiser.step()
        schedule.step()
    with torch.no_grad():
        tokens, answers = samples(2000, generator)
        return (net(tokens).argmax(-1) == answers).float().mean().item()


@pytest.mark.slow
def test_the_token_after_a_marker_is_found():
    assert accuracy(lambda: LSTAttention(HIDDEN, 4)) > 0.95


@pytest.mark.slow
def test_normalisation_is_what_makes_it_learn():
    assert accuracy(lambda: LSTAttention(HIDDEN, 4, normalize=False)) < 0.8
