"""Learn an operator between functions: what heat does to a temperature profile in a given time.

Run it with ``python examples/heat_semigroup.py [--plot PICTURE.png]``; it takes some 15 seconds on one core.
On the circle [0, 1), the heat equation u_t = D u_xx takes a profile u(., 0) to u(., T) by damping its Fourier
coefficient at k periods by exp(-D (2 pi k)^2 T). A Fourier neural operator learns this map from pairs of
profiles that are sampled at 64 points, and is then asked about profiles that it has not seen, also sampled
four times as finely. The exact profiles are summed by NumPy, and share no code with the layers. A network
that sees each point by itself is trained in the same way, as a control: it cannot know what the neighbours
are.
"""

import argparse
from pathlib import Path

import numpy as np
import torch
from torch import nn

from lamina.layers import FourierNeuralOperator
from lamina.plotting import PALETTE, figure, label_panels, save_figure, style

DIFFUSIVITY_TIMES_TIME = 1e-3  # D T, in units of the circle's length squared
HIGHEST = 12  # periods of the finest wave in a profile
POINTS = 64
FINER = 4
TRAINING, HELD_OUT = 512, 128
BATCH, EPOCHS = 32, 40
WIDTH, MODES = 24, 16


def waves(count: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Draw profiles: amplitudes of their sines and cosines, ``(count, HIGHEST)`` each, finer ones smaller."""
    spread = 1 / np.sqrt(1 + np.arange(1, HIGHEST + 1))
    return spread * rng.standard_normal((count, HIGHEST)), spread * rng.standard_normal((count, HIGHEST))


def profiles(sines: np.ndarray, cosines: np.ndarray, points: int, elapsed: float) -> torch.Tensor:
    """Sum the exact solution at equidistant points, as ``(count, points, 1)``; ``elapsed`` is D t."""
    periods = np.arange(1, HIGHEST + 1)
    angle = 2 * np.pi * periods[:, None] * np.arange(points) / points
    damping = np.exp(-elapsed * (2 * np.pi * periods) ** 2)
    values = (sines * damping) @ np.sin(angle) + (cosines * damping) @ np.cos(angle)
    return torch.tensor(values[..., None], dtype=torch.float32)


def operator() -> nn.Module:
    """Make the Fourier neural operator: two layers between a lift to some channels and a projection back."""
    return nn.Sequential(
        nn.Linear(1, WIDTH),
        FourierNeuralOperator(WIDTH, MODES),
        FourierNeuralOperator(WIDTH, MODES, activation="identity"),
        nn.Linear(WIDTH, 1),
    )


def control() -> nn.Module:
    """Make the network that sees each point by itself."""
    return nn.Sequential(nn.Linear(1, 64), nn.GELU(), nn.Linear(64, 64), nn.GELU(), nn.Linear(64, 1))


def error(found: torch.Tensor, exact: torch.Tensor) -> torch.Tensor:
    """Mean over profiles of the L2 norm of the difference, relative to that of the exact profile."""
    return ((found - exact).norm(dim=1) / exact.norm(dim=1)).mean()


def train(model: nn.Module, before: torch.Tensor, after: torch.Tensor) -> list[float]:
    """Fit the model to pairs of profiles, and return the error of each epoch."""
    steps = EPOCHS * (len(before) // BATCH)
    optimiser = torch.optim.Adam(model.parameters(), lr=5e-3)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
    curve: list[float] = []
    for _ in range(EPOCHS):
        losses: list[float] = []
        for batch in torch.randperm(len(before)).split(BATCH):
            optimiser.zero_grad()
            loss = error(model(before[batch]), after[batch])
            loss.backward()
            optimiser.step()
            schedule.step()
            losses.append(loss.item())
        curve.append(float(np.mean(losses)))
    return curve


def main(picture: Path | None = None) -> None:
    """Train both networks, and tell how well they do on profiles that they have not seen."""
    torch.manual_seed(0)
    rng = np.random.default_rng(0)
    seen, unseen = waves(TRAINING, rng), waves(HELD_OUT, rng)
    pairs = [profiles(*seen, POINTS, elapsed) for elapsed in (0.0, DIFFUSIVITY_TIMES_TIME)]
    asked = {
        points: [profiles(*unseen, points, elapsed) for elapsed in (0.0, DIFFUSIVITY_TIMES_TIME)]
        for points in (POINTS, FINER * POINTS)
    }
    models = {"Fourier neural operator": operator(), "each point by itself": control()}
    curves: dict[str, list[float]] = {}
    print(f"relative L2 error on {HELD_OUT} profiles that were not trained on:")
    for name, model in models.items():
        curves[name] = train(model, *pairs)
        with torch.no_grad():
            told = {points: float(error(model(before), after)) for points, (before, after) in asked.items()}
        shown = ", ".join(f"{100 * value:.2f} % at {points} points" for points, value in told.items())
        print(f"  {name}: {shown}", flush=True)
    if picture is not None:
        print(f"drawn: {draw(models, curves, asked[FINER * POINTS], picture)}")


def draw(
    models: dict[str, nn.Module], curves: dict[str, list[float]], pair: list[torch.Tensor], picture: Path
) -> Path:
    """Draw the profile of median error, at the finer resolution, and the errors during training."""
    before, after = pair
    with torch.no_grad():
        found = {name: model(before) for name, model in models.items()}
    errors = (found["Fourier neural operator"] - after).norm(dim=1) / after.norm(dim=1)
    one = int(errors[:, 0].argsort()[len(errors) // 2])
    place = np.arange(len(after[one])) / len(after[one])
    drawn, axes = figure(1, 2, height_in=2.8)
    left, right = axes[0]
    with style():
        left.plot(place, before[one, :, 0], color="0.75", label="at the start")
        left.plot(place, after[one, :, 0], color="black", label="exact, later")
        for (name, values), colour, dashes in zip(found.items(), PALETTE, ("--", ":"), strict=False):
            left.plot(place, values[one, :, 0], color=colour, linestyle=dashes, label=name)
            right.plot(np.arange(1, EPOCHS + 1), np.array(curves[name]), color=colour, label=name)
        left.set(xlabel="Place on the circle", ylabel="Temperature")
        right.set(xlabel="Epoch", ylabel="Relative error, training", yscale="log")
        drawn.legend(*left.get_legend_handles_labels(), loc="outside lower center", ncols=4)
        label_panels(axes)
    return save_figure(drawn, picture.parent, picture.stem)[0]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Learn what heat does to a profile in a given time.")
    parser.add_argument("--plot", type=Path, help="where to draw the profiles (PNG, with an SVG beside it)")
    main(parser.parse_args().plot)
