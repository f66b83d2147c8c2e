"""Layers with weights, learned or not, and what leaves them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from lamina.experiments.depth.config import DepthConfig, shares
from lamina.resu import ReSULayer, ReSUNetwork
from lamina.resu.projection import project
from lamina.resu.rectification import rectify
from lamina.stats import LagMoments


@dataclass(frozen=True, eq=False)
class Stage:
    """One layer with its weights.

    Parameters
    ----------
    layer
        What it sees, and its rectification.
    filters
        (units, memory, channels), newest sample first.
    mean
        (memory, channels), of what it sees.
    future
        (units, horizon, channels), nearest sample first: the future that each unit was learned to predict;
        None where nothing was learned.
    """

    layer: ReSULayer
    filters: np.ndarray
    mean: np.ndarray
    future: np.ndarray | None = None

    def first(self, units: int) -> Stage:
        """Keep the first units alone."""
        future = None if self.future is None else self.future[:units]
        return replace(self, filters=self.filters[:units], future=future)


def matched_plan(config: DepthConfig, depth: int, *, hidden: str = "split") -> list[ReSULayer]:
    """Plan layers that together see the whole retina and the whole memory, however many they are.

    Parameters
    ----------
    config
        Settings.
    depth
        Number of layers.
    hidden
        Rectification of all layers but the top, which is always split into ON and OFF.

    Returns
    -------
    list[ReSULayer]
        From the photoreceptors upwards.
    """
    widths = [1 + each for each in shares(config.photoreceptors - 1, depth)]
    memories = [1 + each for each in shares(config.memory - 1, depth)]
    return _plan(config, widths, memories, hidden)


def grown_plan(config: DepthConfig, depth: int) -> list[ReSULayer]:
    """Plan layers that each add the same width and memory, so that more of them see more."""
    widths, memories = [config.grown_width] * depth, [config.grown_memory] * depth
    return _plan(config, widths, memories, "split")


def _plan(
    config: DepthConfig, widths: Sequence[int], memories: Sequence[int], hidden: str
) -> list[ReSULayer]:
    plan = [
        ReSULayer(
            memory=memory,
            horizon=config.horizon,
            rank=config.units,
            gap=1 + sum(below - 1 for below in memories[:place]),
            rectify=hidden,  # type: ignore[arg-type]
            width=width,
        )
        for place, (width, memory) in enumerate(zip(widths, memories, strict=True))
    ]
    plan[-1] = replace(plan[-1], rectify="split")
    return plan


def learned(plan: Sequence[ReSULayer], frames: np.ndarray) -> list[Stage]:
    """Learn layer after layer by past–future CCA from (movies, time, photoreceptors)."""
    network = ReSUNetwork(plan).fit(list(frames))
    return [
        Stage(layer, *(np.asarray(part) for part in (unit.filters_, unit.past_mean_, unit.future_filters_)))
        for layer, unit in zip(network.plan_, network.layers_, strict=True)
    ]


def untrained(plan: Sequence[ReSULayer], frames: np.ndarray, rng: np.random.Generator) -> list[Stage]:
    """Draw independent normal weights, and scale every unit to variance 1 over the training movies."""

    def draw(layer: ReSULayer, past: np.ndarray) -> np.ndarray:
        return rng.standard_normal((layer.rank, len(past)))

    return _standardised(plan, frames, draw)


def principal(plan: Sequence[ReSULayer], frames: np.ndarray) -> list[Stage]:
    """Take the directions of the past that vary most, scaled to variance 1."""

    def draw(layer: ReSULayer, past: np.ndarray) -> np.ndarray:
        return np.linalg.eigh(past)[1][:, : -layer.rank - 1 : -1].T

    return _standardised(plan, frames, draw)


def _standardised(
    plan: Sequence[ReSULayer],
    frames: np.ndarray,
    draw: Callable[[ReSULayer, np.ndarray], np.ndarray],
) -> list[Stage]:
    stack, stages, first = as_stack(frames), [], 0
    for layer in plan:
        fields = np.asarray(layer.receptive_fields(stack))[:, :, first:]
        moments = LagMoments(layer.memory, 1, 1, fields.shape[-1])
        for trial in fields.reshape(-1, *fields.shape[2:]):
            moments.update(trial).end_trial()
        found = moments.covariances()
        past = np.asarray(found.past)
        filters = draw(layer, past)
        filters = filters / np.sqrt(np.einsum("up,pq,uq->u", filters, past, filters))[:, None]
        shape = (layer.memory, fields.shape[-1])
        stage = Stage(layer, filters.reshape(-1, *shape), np.asarray(found.past_mean).reshape(shape))
        stages.append(stage)
        stack = ascend([stage], stack)
        first += layer.memory - 1
    return stages


def as_stack(frames: np.ndarray) -> np.ndarray:
    """Turn (movies, time, photoreceptors) into (positions, movies, time, 1)."""
    return np.ascontiguousarray(frames.transpose(2, 0, 1))[..., None]


def ascend(stages: Sequence[Stage], stack: np.ndarray) -> np.ndarray:
    """Send (positions, movies, time, outputs) up through layers."""
    for stage in stages:
        fields = np.asarray(stage.layer.receptive_fields(stack))
        z = project(fields.reshape(-1, *fields.shape[2:]), stage.filters, stage.mean)
        modes = (stage.layer.settings().modes[0],) * len(stage.filters)
        stack = np.asarray(rectify(z, modes)).reshape(*fields.shape[:3], -1)
    return stack


def top_outputs(stages: Sequence[Stage], frames: np.ndarray) -> np.ndarray:
    """Return ON and OFF of each unit of the top, at its middle position, (movies, time, outputs)."""
    stack = ascend(stages, as_stack(frames))
    return stack[stack.shape[0] // 2]


def signed(outputs: np.ndarray) -> np.ndarray:
    """Put ON and OFF together again, z = z⁺ − z⁻."""
    return outputs[..., ::2] - outputs[..., 1::2]


def n_weights(stages: Sequence[Stage]) -> int:
    """Count the weights of a network; positions share them."""
    return sum(stage.filters.size for stage in stages)
