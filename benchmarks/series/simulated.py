"""Five standard sets that are simulated, drawn anew from the equations that were published for them.

Every function takes the number of series and a seed, and gives series of shape (n_series, 1, time) and labels
0, 1, ... in turn, so that the first n of them hold the classes in equal parts. Nothing is normalised.
"""

from __future__ import annotations

import numpy as np


def shapelet_sim(n_series: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """White noise of 500 samples with one shape of 29 somewhere: a triangle (0) or a step (1), from −2 to 2.

    After Hills, Lines, Baranauskas, Mapp and Bagnall 2014, Data Mining and Knowledge Discovery 28. The shape
    is added to the noise. Which of their shapes the archive's set of that name has is our choice here.
    """
    length, size, base, amplitude = 500, 29, -2.0, 4.0
    rng = np.random.default_rng(seed)
    labels = np.arange(n_series) % 2
    place = np.linspace(-1, 1, size)
    shapes = base + amplitude * np.stack([1 - np.abs(place), (place >= 0).astype(float)])
    series = rng.standard_normal((n_series, length))
    for each, label in zip(series, labels, strict=True):
        start = rng.integers(0, length - size + 1)
        each[start : start + size] += shapes[label]
    return series[:, None], labels


def waveform(n_series: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """u h_a + (1 − u) h_b + noise, 21 samples, for the three pairs of three triangles h; u uniform.

    Breiman, Friedman, Olshen and Stone 1984, Classification and Regression Trees, section 2.6.2:
    h_1(t) = max(6 − |t − 11|, 0), h_2(t) = h_1(t − 4), h_3(t) = h_1(t + 4); classes (1, 2), (1, 3), (2, 3).
    """
    rng = np.random.default_rng(seed)
    labels = np.arange(n_series) % 3
    t = np.arange(1, 22)
    triangles = np.stack([np.maximum(6 - np.abs(t - centre), 0) for centre in (11, 15, 7)])
    first, second = triangles[np.array([0, 0, 1])[labels]], triangles[np.array([1, 2, 2])[labels]]
    share = rng.uniform(size=(n_series, 1))
    series = share * first + (1 - share) * second + rng.standard_normal((n_series, t.size))
    return series[:, None], labels


def cylinder_bell_funnel(n_series: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """(6 + η) times a plateau (0), a rise (1) or a fall (2) from a to b, plus noise, 128 samples.

    Saito 1994, PhD thesis, Yale: a uniform on the whole numbers 16 … 32, b − a on 32 … 96; η, noise normal.
    """
    rng = np.random.default_rng(seed)
    labels = np.arange(n_series) % 3
    t = np.arange(1, 129)
    start = rng.integers(16, 33, size=(n_series, 1))
    extent = rng.integers(32, 97, size=(n_series, 1))
    rise = (t - start) / extent
    shapes = np.stack([np.ones_like(rise), rise, 1 - rise])[labels, np.arange(n_series)]
    height = 6 + rng.standard_normal((n_series, 1))
    inside = (t >= start) & (t <= start + extent)
    series = height * shapes * inside + rng.standard_normal((n_series, t.size))
    return series[:, None], labels


def synthetic_control(n_series: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Six control charts of 60 samples: normal, cyclic, rising, falling, shifted upwards, shifted downwards.

    Alcock and Manolopoulos 1999, Time-series similarity queries employing a feature-based approach:
    30 + 2 r(t), r uniform on [−3, 3], plus nothing; a sin(2πt/T), a and T on [10, 15]; ± g t, g on
    [0.2, 0.5]; ± x from t_3 on, x on [7.5, 20], t_3 on [n/3, 2n/3].
    """
    length = 60
    rng = np.random.default_rng(seed)
    labels = np.arange(n_series) % 6
    t = np.arange(1, length + 1)

    def uniform(low: float, high: float) -> np.ndarray:
        return rng.uniform(low, high, size=(n_series, 1))

    noise = 30 + 2 * rng.uniform(-3, 3, size=(n_series, length))
    cycle = uniform(10, 15) * np.sin(2 * np.pi * t / uniform(10, 15))
    trend = uniform(0.2, 0.5) * t
    shift = uniform(7.5, 20) * (t >= uniform(length / 3, 2 * length / 3))
    parts = np.stack([np.zeros_like(trend), cycle, trend, -trend, shift, -shift])
    return (noise + parts[labels, np.arange(n_series)])[:, None], labels


def two_patterns(n_series: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Two steps one after the other in 128 samples of noise; the class is which way each goes.

    After Geurts 2002, PhD thesis, Liège: up is −5 and then 5, down the reverse; classes up-up, up-down,
    down-up, down-down; noise N(0, 1) outside the steps. Both lengths are uniform on 16 … 40 here, and the two
    positions on all that keep the first step before the second.
    """
    length = 128
    rng = np.random.default_rng(seed)
    labels = np.arange(n_series) % 4
    series = rng.standard_normal((n_series, length))
    for each, label in zip(series, labels, strict=True):
        sizes = rng.integers(16, 41, size=2)
        # two cuts of the free samples, ordered: before the first step, and between the two
        before, until = np.sort(rng.integers(0, length - sizes.sum() + 1, size=2))
        for start, size, down in zip((before, until + sizes[0]), sizes, divmod(label, 2), strict=True):
            step = np.where(np.arange(size) < size // 2, -5.0, 5.0)
            each[start : start + size] = -step if down else step
    return series[:, None], labels
