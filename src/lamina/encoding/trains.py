"""The train of each sample, in codes whose spikes take several steps for one: split, counted and drawn."""

from __future__ import annotations

import numpy as np

from lamina.encoding.compiling import kernel
from lamina.encoding.rates import random_source
from lamina.errors import DataError
from lamina.typing import Array, Seed

# numbers that are drawn together: what stays in a processor's cache
_BLOCK = 2**15


def split_trains(spikes: Array, n_steps: int) -> Array:
    """Return spikes ``(..., samples * n_steps)`` as ``(..., samples, n_steps)``.

    Raises
    ------
    DataError
        If the last sample is not whole.
    """
    length = spikes.shape[-1]
    if length % n_steps:
        raise DataError(
            "spikes",
            allowed=f"whole samples of {n_steps} steps",
            got=f"{length} steps",
            remedy="Pass what encode returned, by a code of the same settings.",
        )
    return spikes.reshape(*spikes.shape[:-1], length // n_steps, n_steps)


def stream_source(seed: Seed | None) -> np.random.Generator:
    """Return a generator of its own for one stream; a generator that was given goes on by one draw."""
    source = random_source(seed)
    return np.random.default_rng(source.integers(2**63)) if source is seed else source


def generator_words(generator: np.random.Generator) -> np.ndarray:
    """Return the state of a PCG64 generator as four words, so that a stream holds nothing but arrays."""
    state: dict[str, int] = generator.bit_generator.state["state"]  # pyright: ignore[reportAssignmentType]
    numbers = state["state"], state["inc"]
    return np.array([part for number in numbers for part in (number >> 64, number % 2**64)], np.uint64)


def draw_trains(rates: np.ndarray, spikes: np.ndarray, words: np.ndarray) -> None:
    """Draw the spikes ``(rows, channels, time, n_steps)`` of rates ``(rows, channels, time)``.

    ``words`` is the generator's state, ``(channels, 4)``, one copy for each channel, and is brought up to
    date. Draws are made sample after sample, so that the chunks of a stream use those of the whole; one
    double-precision number each, since single ones come in pairs, half of which would wait in the generator.
    """
    generator = np.random.Generator(np.random.PCG64(0))
    high, low, high_step, low_step = (int(word) for word in words[0])
    generator.bit_generator.state = {
        "bit_generator": "PCG64",
        "state": {"state": high << 64 | low, "inc": high_step << 64 | low_step},
        "has_uint32": 0,
        "uinteger": 0,
    }
    rows, channels, samples, steps = spikes.shape
    together = max(1, _BLOCK // (rows * channels * steps))
    for start in range(0, samples, together):
        stop = min(start + together, samples)
        draws = generator.random((stop - start, rows, channels, steps))
        _compare.over_channels((channels, draws.size // channels), draws, rates, start, spikes)
    words[:] = generator_words(generator)


@kernel
def _compare(
    first: int, last: int, draws: np.ndarray, rates: np.ndarray, start: int, spikes: np.ndarray
) -> None:
    for row in range(draws.shape[1]):
        for c in range(first, last):
            for t in range(draws.shape[0]):
                rate = rates[row, c, start + t]
                for step in range(draws.shape[3]):
                    spikes[row, c, start + t, step] = draws[t, row, c, step] < rate


@kernel
def count_spikes(first: int, last: int, trains: np.ndarray, counts: np.ndarray) -> None:
    """Count the spikes of trains ``(channels, samples, n_steps)``."""
    for c in range(first, last):
        for t in range(trains.shape[1]):
            count = 0
            for step in range(trains.shape[2]):
                count += trains[c, t, step] != 0
            counts[c, t] = count
