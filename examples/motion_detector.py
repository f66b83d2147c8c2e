"""Learn the fly's motion detectors from two photographs, and draw what they answer.

Run it with ``python examples/motion_detector.py [PICTURE.png]``; it takes some seconds. Every step is a call
of the library, and the numbers at the top are there to be changed: the speed, the spacing of the
photoreceptors, the noise.
"""

import sys
from pathlib import Path

import numpy as np

from lamina import circuits, datasets, simulate
from lamina.plotting import figure, plot_traces, plot_weights, save_figure

SPEED_DEG_PER_S = 40.0
NOISE = 0.05
RETINA = simulate.Retina(n_pixels=3, spacing_deg=5.0, dt_s=0.01)


def scenes_moving(velocity_deg_per_s: float, rng: np.random.Generator) -> list[np.ndarray]:
    """Let every fourth row of each photograph drift over the retina, in units of its own contrast."""
    movies: list[np.ndarray] = []
    for scene in datasets.photographs():
        contrast = datasets.natural_contrast(scene.luminance, scene.degrees_per_pixel)[::4]
        rows = contrast / contrast.std(axis=1, keepdims=True)
        moving = datasets.scan(rows, scene.degrees_per_pixel, RETINA, velocity_deg_per_s)
        movies.extend(moving + NOISE * rng.standard_normal(moving.shape))
    return movies


def main(picture: Path) -> None:
    """Learn T4a and T4b, test them on a square-wave grating, and draw responses and weights."""
    rng = np.random.default_rng(0)
    right, left = scenes_moving(SPEED_DEG_PER_S, rng), scenes_moving(-SPEED_DEG_PER_S, rng)
    detectors = {
        "T4a": circuits.learn_motion_detector(right, left, trained_direction=1),
        "T4b": circuits.learn_motion_detector(left, right, trained_direction=-1),
    }
    gratings = {
        way: simulate.drifting_grating(
            RETINA,
            wavelength_deg=60.0,
            temporal_frequency_hz=way * SPEED_DEG_PER_S / 60,
            duration_s=3.5,  # one memory to fill the filters' windows, then two periods
            waveform="square",
        )
        for way in (1, -1)
    }
    drawn, axes = figure(2, 2, width_in=8.0, height_in=5.0)
    for row, (name, detector) in enumerate(detectors.items()):
        responses = np.array([detector.respond(gratings[way]) for way in (1, -1)])
        peaks = circuits.peak_response(responses, axis=1)
        preferred, null = max(peaks), min(peaks)
        index = float(circuits.direction_selectivity_index(preferred, null))
        way = "right" if detector.preferred == 1 else "left"
        print(f"{name} prefers motion to the {way}: {preferred:.2f} against {null:.2f} SD, index {index:.2f}")
        time = np.arange(responses.shape[1]) * RETINA.dt_s
        plot_traces(time, responses, axes[row, 0], labels=("to the right", "to the left"))
        axes[row, 0].set_title(name)
        plot_weights(detector.weights, axes[row, 1], labels=("L1", "L3"))
    save_figure(drawn, picture.parent, picture.stem)
    print(f"drawn: {picture.with_suffix('.png')}")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path("motion_detector.png"))
