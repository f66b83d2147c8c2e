"""The numbers of the scenes experiment, ready for JSON."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from lamina.experiments.scenes.findings import (
    carried,
    closed_form_cosines,
    leaves_cosines,
    predicted_by_speed,
    products,
    theory_cosines,
    widening,
)
from lamina.experiments.scenes.run import ScenesResult, World


def metrics(result: ScenesResult) -> dict[str, Any]:
    """Collect every number.

    Parameters
    ----------
    result
        A run.

    Returns
    -------
    dict
        Settings, and for each world what was measured, (seeds, noises, units) where nothing else is said.
    """
    carry = carried(result)
    return {
        "config": asdict(result.config),
        "scenes": [
            {
                "name": scene.photograph.name,
                "source": scene.photograph.source,
                "rows": scene.contrast.shape[0],
                "columns": scene.contrast.shape[1],
                "degrees_per_pixel": scene.photograph.degrees_per_pixel,
            }
            for scene in result.scenes
        ],
        "worlds": {name: _world(world) for name, world in result.worlds.items()},
        "velocities": {
            f"{velocity:g}": {
                **_world(world),
                "predicted_correlations": predicted_by_speed(result, velocity).tolist(),
            }
            for velocity, world in result.velocities.items()
        },
        "alone": [
            {
                scene.photograph.name: {name: value.tolist() for name, value in vars(each).items()}
                for scene, each in zip(result.scenes, seed, strict=False)
            }
            for seed in result.alone
        ],
        "carried_over_own": carry.tolist(),
        "photographs_and_leaves_cosine": leaves_cosines(result).tolist(),
        "closed_form": {
            "correlations": [each.correlations.tolist() for each in result.closed_form],
            "cosine": closed_form_cosines(result).tolist(),
        },
    }


def _world(world: World) -> dict[str, Any]:
    return {
        "noises": list(world.noises),
        "canonical_correlations": world.each("correlations").tolist(),
        "held_out_correlations": world.each("held_out").tolist(),
        "theory_correlations": world.each("theory_correlations").tolist(),
        "theory_cosine": theory_cosines(world).tolist(),
        "cut_off_hz": world.each("cut_off_hz").tolist(),
        **{name: value.tolist() for name, value in vars(widening(world)).items()},
        "first_lobe_times_cut_off": products(world).tolist(),
        "filters_mean": world.each("filters").mean(axis=0).tolist(),
        "staircase": {
            f"{noise:g}": [asdict(each) for each in world.marks(noise)] for noise in world.config.noises
        },
    }
