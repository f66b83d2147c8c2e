"""Seven further design sets, invented before any feature was computed on them: see docs/series/choices.md.

The design list has one set of several channels and none of unequal lengths, of levels that differ, or
of scales that differ. Each function takes a seed and gives a list of series (channels, time), labels
0, 1, ... in turn, and the number of training series: the first that many are the own training part.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.signal import lfilter

Drawn = tuple[list[np.ndarray], np.ndarray, int]


def _recursive(poles: list[float], driven: np.ndarray, dropped: int) -> np.ndarray:
    """The process with this denominator, without its first samples."""
    return np.asarray(lfilter([1.0], poles, driven, axis=-1))[..., dropped:]


def _templates(rng: np.random.Generator, n_classes: int, channels: int, n_bumps: int) -> Callable:
    """For each class a sum of Gaussian bumps on [0, 1] in each channel: (class, times) → values."""
    shape = (n_classes, channels, n_bumps, 1)
    centre, width = rng.uniform(0.05, 0.95, shape), rng.uniform(0.03, 0.15, shape)
    height = rng.normal(size=shape)

    def values(label: int, times: np.ndarray) -> np.ndarray:
        return (height[label] * np.exp(-0.5 * ((times - centre[label]) / width[label]) ** 2)).sum(1)

    return values


def _warped(rng: np.random.Generator, length: int, strength: float) -> np.ndarray:
    """Times from 0 to 1 that run faster and slower, at the exponential of a smooth random speed."""
    phase, amplitude = rng.uniform(0, 2 * np.pi, 3), rng.normal(0, strength, 3)
    at = np.linspace(0, 1, length)
    turns = np.arange(1, 4)[:, None] * at
    waves = amplitude[:, None] * np.sin(2 * np.pi * turns + phase[:, None])
    speed = np.exp(waves.sum(0))
    times = np.cumsum(speed) - speed[0]
    return times / times[-1]


def autoregressive(seed: int) -> Drawn:
    """Four AR(2) processes, poles of radius 0.9 at 0.08, 0.10, 0.12, 0.14 cycles per sample; 200 samples."""
    rng = np.random.default_rng(seed)
    labels = np.arange(240) % 4
    series = []
    for label in labels:
        angle = 2 * np.pi * (0.08 + 0.02 * label)
        noise = rng.normal(size=300)
        series.append(_recursive([1.0, -1.8 * np.cos(angle), 0.81], noise[None], 100))
    return series, labels, 40


def chirps(seed: int) -> Drawn:
    """A tone of random phase whose pitch stays, rises or falls, in noise as strong; 150 samples."""
    rng = np.random.default_rng(seed)
    labels = np.arange(240) % 3
    series = []
    for label in labels:
        at = np.linspace(-0.5, 0.5, 150)
        pitch = 0.08 * (1 + (0.0, 0.5, -0.5)[label] * at * 2)
        tone = np.sin(2 * np.pi * np.cumsum(pitch) + rng.uniform(0, 2 * np.pi))
        series.append((tone + 0.7 * rng.normal(size=150))[None])
    return series, labels, 45


def bumps(seed: int) -> Drawn:
    """Eight classes of smooth shapes, warped in time and scaled, with a little noise; 120 samples."""
    rng = np.random.default_rng(seed)
    template, labels = _templates(rng, 8, 1, 5), np.arange(320) % 8
    series = []
    for label in labels:
        shape = template(label, _warped(rng, 120, 0.25)) * np.exp(0.2 * rng.normal())
        series.append(shape + 0.15 * rng.normal(size=(1, 120)))
    return series, labels, 80


def coupling(seed: int) -> Drawn:
    """Eight channels of red noise; in each of four classes another channel follows another one, later."""
    rng = np.random.default_rng(seed)
    labels = np.arange(240) % 4
    leads, follows, delays = [0, 1, 2, 3], [4, 5, 6, 7], [1, 2, 3, 4]
    series = []
    for label in labels:
        red = _recursive([1.0, -0.7], rng.normal(size=(8, 160)), 50)
        driven = red[:, 10:].copy()
        start = 10 - delays[label]
        driven[follows[label]] = 0.6 * driven[follows[label]] + 0.8 * red[leads[label], start : start + 100]
        series.append(driven)
    return series, labels, 80


def gestures(seed: int) -> Drawn:
    """Six classes of smooth motion in three channels, of 40 … 120 samples, each with a level of its own."""
    rng = np.random.default_rng(seed)
    template, labels = _templates(rng, 6, 3, 5), np.arange(240) % 6
    series = []
    for label in labels:
        length = int(rng.integers(40, 121))
        motion = template(label, _warped(rng, length, 0.25)) * np.exp(0.2 * rng.normal())
        series.append(motion + 0.5 * rng.normal(size=(3, 1)) + 0.2 * rng.normal(size=(3, length)))
    return series, labels, 60


def utterances(seed: int) -> Drawn:
    """Six classes of ten channels that move a little about levels of the class; 10 … 25 samples."""
    rng = np.random.default_rng(seed)
    template, labels = _templates(rng, 6, 10, 3), np.arange(360) % 6
    levels = 0.5 * rng.normal(size=(6, 10, 1))
    series = []
    for label in labels:
        length = int(rng.integers(10, 26))
        motion = 0.5 * template(label, _warped(rng, length, 0.25)) + levels[label]
        noise = _recursive([1.0, -0.8], rng.normal(size=(10, length + 20)), 20)
        series.append(motion + 0.3 * rng.normal(size=(10, 1)) + 0.4 * noise)
    return series, labels, 120


def bursts(seed: int) -> Drawn:
    """Decaying bursts at random times: few slow ones, few fast ones or many fast ones, scaled at random."""
    rng = np.random.default_rng(seed)
    labels = np.arange(240) % 3
    series = []
    for label in labels:
        rate, decay = ((0.01, 20.0), (0.01, 10.0), (0.02, 10.0))[label]
        starts = (rng.uniform(size=460) < rate) * rng.exponential(size=460)
        train = _recursive([1.0, -np.exp(-1 / decay)], starts, 60)
        series.append(((train + 0.1 * rng.normal(size=400)) * np.exp(0.5 * rng.normal()))[None])
    return series, labels, 60


INVENTED: dict[str, Callable[[int], Drawn]] = {
    "Autoregressive": autoregressive,
    "Chirps": chirps,
    "Bumps": bumps,
    "Coupling": coupling,
    "Gestures": gestures,
    "Utterances": utterances,
    "Bursts": bursts,
}
