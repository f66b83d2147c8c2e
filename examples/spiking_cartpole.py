"""Balance a pole with a policy that sees nothing but spikes.

Run it with ``python examples/spiking_cartpole.py [--plot PICTURE.png]``; it takes some seconds. The
environment is wrapped once, in `lamina.encoding.SpikeObservation`, and is a gymnasium environment like any
other from there on. The policy is two neurons, one to push left and one to push right: each adds up the
spikes of a train of 16 steps, times its weights, and the one with more wins. Their weights are found by the
cross-entropy method, which draws some at random, keeps the best, and draws again around those.
"""

import argparse
from collections.abc import Callable
from pathlib import Path

import gymnasium
import numpy as np

from lamina.encoding import SpikeObservation
from lamina.plotting import PALETTE, figure, save_figure, style

GENERATIONS = 8
POPULATION = 24
ELITE = 6
TRAINING_SEEDS = range(3)  # the same for all candidates of a generation
HELD_OUT_SEEDS = range(10_000, 10_020)

Policy = Callable[[np.ndarray], int]


def play(env: gymnasium.Env, policy: Policy, seed: int) -> float:
    """Play one episode, and return the sum of its rewards."""
    spikes, _ = env.reset(seed=seed)
    total, over = 0.0, False
    while not over:
        spikes, reward, terminated, truncated, _ = env.step(policy(spikes))
        total += float(reward)
        over = terminated or truncated
    return total


def mean_return(env: gymnasium.Env, policy: Policy, seeds: range) -> float:
    """Play an episode for each seed, and return the mean of their returns."""
    return float(np.mean([play(env, policy, seed) for seed in seeds]))


def two_neurons(weights: np.ndarray) -> Policy:
    """Make the policy whose neurons have these weights, ``(trains, 2)``."""

    def act(spikes: np.ndarray) -> int:
        return int(np.argmax(spikes.sum(axis=0) @ weights))

    return act


def train(env: gymnasium.Env, rng: np.random.Generator) -> tuple[np.ndarray, list[float]]:
    """Return the weights that the cross-entropy method finds, and the elite's return in each generation."""
    shape = (env.observation_space.shape[1], 2)
    mean, deviation = np.zeros(shape), np.ones(shape)
    curve: list[float] = []
    for generation in range(GENERATIONS):
        candidates = mean + deviation * rng.standard_normal((POPULATION, *shape))
        seeds = range(generation * 100, generation * 100 + len(TRAINING_SEEDS))
        returns = np.array([mean_return(env, two_neurons(weights), seeds) for weights in candidates])
        best = candidates[np.argsort(returns)[-ELITE:]]
        # a little noise keeps the search from settling too soon
        mean, deviation = best.mean(axis=0), best.std(axis=0) + 0.1
        curve.append(float(np.sort(returns)[-ELITE:].mean()))
        print(
            f"generation {generation + 1:2d}: mean {returns.mean():5.1f}, elite {curve[-1]:5.1f}", flush=True
        )
    return mean, curve


def main(picture: Path | None = None) -> None:
    """Train the two neurons, and compare them with chance on episodes that they were not trained on."""
    rng = np.random.default_rng(0)
    env = SpikeObservation(gymnasium.make("CartPole-v1"), seq_length=16)
    print(
        f"each observation: {env.observation_space.shape[0]} steps of {env.observation_space.shape[1]} trains"
    )
    chance = mean_return(env, lambda _: int(rng.integers(2)), HELD_OUT_SEEDS)
    weights, curve = train(env, rng)
    trained = mean_return(env, two_neurons(weights), HELD_OUT_SEEDS)
    print(f"mean return over {len(HELD_OUT_SEEDS)} held-out episodes (500 is the most):")
    print(f"  random policy {chance:.1f}, trained on spikes {trained:.1f}")
    env.close()
    if picture is not None:
        drawn, axes = figure()
        ax = axes[0, 0]
        with style():
            ax.plot(
                np.arange(1, len(curve) + 1), curve, color=PALETTE[0], marker="o", label="elite, training"
            )
            ax.axhline(trained, color=PALETTE[2], linestyle="--", label="trained, held out")
            ax.axhline(chance, color=PALETTE[1], linestyle=":", label="random")
            ax.set(xlabel="Generation", ylabel="Mean return", ylim=(0, 520))
            ax.legend(loc="center right")
        print(f"drawn: {save_figure(drawn, picture.parent, picture.stem)[0]}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Balance a pole with a policy that sees only spikes.")
    parser.add_argument(
        "--plot", type=Path, help="where to draw the learning curve (PNG, with an SVG beside it)"
    )
    main(parser.parse_args().plot)
