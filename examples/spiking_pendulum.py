"""Swing up a pendulum with a policy that sees nothing but spikes, in many environments at once.

Run it with ``python examples/spiking_pendulum.py [--plot PICTURE.png]``; it takes about half a minute. The
torque is too weak to lift the pendulum at once, so the policy must swing it and then hold it.
`lamina.encoding.VectorSpikeObservation` wraps a vector of environments, one for each candidate of the
cross-entropy method and each of its episodes, and shows all their observations as spikes: six trains, for
the two coordinates and the speed of the pendulum, above and below the middle. The policy has eight neurons
that count spikes, and for each a twin that sees the mirror image of the scene and pulls the other way.
"""

import argparse
from pathlib import Path

import gymnasium
import numpy as np

from lamina.encoding import VectorSpikeObservation
from lamina.plotting import PALETTE, figure, save_figure, style

GENERATIONS = 30
POPULATION = 64
EPISODES = 3  # for each candidate, the same starts for all
ELITE = 10
NEURONS = 8
HELD_OUT_SEEDS = list(range(10_000, 10_020))

# cosine, sine, speed, then their negatives: a mirror turns the signs of the sine and of the speed
MIRROR = [0, 4, 5, 3, 1, 2]
N_WEIGHTS = (len(MIRROR) + 2) * NEURONS


def pendulums(count: int) -> VectorSpikeObservation:
    """Make environments whose observations are 16 steps of 6 trains."""
    return VectorSpikeObservation(gymnasium.make_vec("Pendulum-v1", num_envs=count), seq_length=16)


def torques(weights: np.ndarray, spikes: np.ndarray) -> np.ndarray:
    """Answer the spikes ``(envs, 16, 6)`` of each environment by its weights, ``(envs, N_WEIGHTS)``."""
    rates = spikes.mean(axis=1)
    inputs, offsets, outputs = np.split(weights, [-2 * NEURONS, -NEURONS], axis=1)
    inputs = inputs.reshape(-1, len(MIRROR), NEURONS)

    def pull(seen: np.ndarray) -> np.ndarray:
        active = np.maximum(np.einsum("et,etn->en", seen, inputs) + offsets, 0.0)
        return (active * outputs).sum(axis=1)

    return 2.0 * np.tanh(pull(rates) - pull(rates[:, MIRROR]))[:, None].astype(np.float32)


def play(env: VectorSpikeObservation, weights: np.ndarray | None, seeds: list[int]) -> np.ndarray:
    """Play an episode of 200 steps in each environment, and return the sums of their rewards."""
    spikes, _ = env.reset(seed=seeds)
    env.action_space.seed(0)
    total = np.zeros(env.num_envs)
    for _ in range(200):
        actions = env.action_space.sample() if weights is None else torques(weights, spikes)
        spikes, rewards, *_ = env.step(actions)
        total += rewards
    return total


def train(rng: np.random.Generator) -> tuple[np.ndarray, list[float]]:
    """Return the weights that the cross-entropy method finds, and the mean return of each generation."""
    env = pendulums(POPULATION * EPISODES)
    mean, deviation = np.zeros(N_WEIGHTS), np.full(N_WEIGHTS, 1.5)
    curve: list[float] = []
    for generation in range(GENERATIONS):
        candidates = mean + deviation * rng.standard_normal((POPULATION, N_WEIGHTS))
        seeds = [generation * EPISODES + episode for episode in range(EPISODES)] * POPULATION
        returns = play(env, np.repeat(candidates, EPISODES, axis=0), seeds)
        returns = returns.reshape(POPULATION, EPISODES).mean(axis=1)
        best = candidates[np.argsort(returns)[-ELITE:]]
        # noise that fades keeps the search from settling too soon
        fading = 0.4 * max(0.0, 1.0 - generation / (0.7 * GENERATIONS)) + 0.02
        mean, deviation = best.mean(axis=0), best.std(axis=0) + fading
        curve.append(float(returns.mean()))
        if generation % 5 == 4:
            print(f"generation {generation + 1:2d}: mean return {curve[-1]:7.1f}", flush=True)
    env.close()
    return mean, curve


def main(picture: Path | None = None) -> None:
    """Train the policy, and compare it with chance on episodes that it was not trained on."""
    weights, curve = train(np.random.default_rng(0))
    env = pendulums(len(HELD_OUT_SEEDS))
    chance = play(env, None, HELD_OUT_SEEDS).mean()
    trained = play(env, np.repeat(weights[None], env.num_envs, axis=0), HELD_OUT_SEEDS).mean()
    env.close()
    print(f"mean return over {len(HELD_OUT_SEEDS)} held-out episodes (0 would be upright throughout):")
    print(f"  random policy {chance:.1f}, trained on spikes {trained:.1f}")
    if picture is not None:
        drawn, axes = figure()
        ax = axes[0, 0]
        with style():
            ax.plot(np.arange(1, len(curve) + 1), curve, color=PALETTE[0], label="candidates, training")
            ax.axhline(trained, color=PALETTE[2], linestyle="--", label="trained, held out")
            ax.axhline(chance, color=PALETTE[1], linestyle=":", label="random")
            ax.set(xlabel="Generation", ylabel="Mean return", ylim=(-1700, 0))
            ax.legend(loc="lower right")
        print(f"drawn: {save_figure(drawn, picture.parent, picture.stem)[0]}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Swing up a pendulum with a policy that sees only spikes.")
    parser.add_argument(
        "--plot", type=Path, help="where to draw the learning curve (PNG, with an SVG beside it)"
    )
    main(parser.parse_args().plot)
