"""The claims of the scenes experiment: what the paper and the specification say, and what explains it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from lamina.experiments.claims import Claim, at_least, at_most, reported
from lamina.experiments.scenes.config import (
    COSINE,
    FEWEST_SEEDS,
    L3_FOLLOWS,
    L3_KEPT,
    PRODUCT,
    SIGMA,
    SPEED,
    TRANSFER,
    TRANSIENT,
)
from lamina.experiments.scenes.findings import (
    carried,
    closed_form_cosines,
    leaves_cosines,
    predicted_by_speed,
    products,
    theory_cosines,
    widening,
)
from lamina.experiments.scenes.run import LEAVES, PHOTOGRAPHS, SHARP, WHITE, ScenesResult, World

OWN = "beyond the paper"
SUBSCRIPTS = ("₁", "₂")


def claims(result: ScenesResult) -> list[Claim]:
    """Set the paper's claims beside what was found.

    Parameters
    ----------
    result
        A run. On other images than the bundled ones nothing is promised, and everything is only reported.

    Returns
    -------
    list[Claim]
        Correlations, the staircase, the widening and its reason, dead leaves and other controls.
    """
    found = [
        *_correlations(result),
        *_staircase(result, PHOTOGRAPHS, "Fig. 4"),
        *_widening(result),
        *_reason(result),
        *_leaves(result),
        *_photographs_alone(result),
        *_speeds(result),
        *_controls(result),
    ]
    if result.bundled:
        return found
    return [claim._replace(bar="", holds=None, why="") for claim in found]


def _correlations(result: ScenesResult) -> Iterator[Claim]:
    world, noise = result.worlds[PHOTOGRAPHS], result.config.headline
    for rows, name in (("training rows", "correlations"), ("rows not trained on", "held_out")):
        values = world.each(name)[:, world.at(noise)]
        for unit, least in enumerate(SIGMA):
            yield at_least(
                "Specification",
                f"σ{SUBSCRIPTS[unit]} at noise {noise:g}, {rows}",
                least,
                float(values[:, unit].mean()),
                paper=f"≥ {least:g}",
                spread=_spread(values[:, unit], 4),
                digits=4,
                why=_low(world, name, unit, least),
            )


def _staircase(result: ScenesResult, name: str, source: str) -> Iterator[Claim]:
    world, noise = result.worlds[name], result.config.headline
    marks = world.marks(noise)

    def values(mark: str) -> np.ndarray:
        return np.array([getattr(each, mark) for each in marks])

    follows = (
        ("L3_kept", L3_KEPT, "L3 keeps of a step's peak on the plateau"),
        ("L3_follows", L3_FOLLOWS, "L3's correlation with log luminance"),
    )
    for mark, least, said in follows[: 2 if name == PHOTOGRAPHS else 1]:
        yield at_least(
            source,
            f"{name}: {said}",
            least,
            float(values(mark).mean()),
            paper="follows" if source == "Fig. 4" else "",
            spread=_spread(values(mark)),
            why=_missed(values(mark) >= least, "After a step the first filter overshoots"),
        )
    for cell, steps in (("L1", "up"), ("L2", "down")):
        worst = values(f"{cell}_plateau")
        rest = at_most(
            source,
            f"{name}: {cell} on its worst plateau, of its peak at steps {steps}",
            TRANSIENT,
            float(worst.mean()),
            paper="near zero" if source == "Fig. 4" else "",
            spread=_spread(worst),
            why=_missed(worst <= TRANSIENT, _rest(world, noise)),
        )
        yield rest if name == PHOTOGRAPHS else _if_enough(result, rest)
    if name == PHOTOGRAPHS:
        wrong = [f"{values(f'{cell}_wrong').mean():.3f}" for cell in ("L1", "L2")]
        yield reported(OWN, "L1, L2 at steps the other way, of their peaks", " and ".join(wrong))


def _widening(result: ScenesResult) -> Iterator[Claim]:
    config = result.config
    for name in (PHOTOGRAPHS, LEAVES):
        world = result.worlds[name]
        wide, places = widening(world), [world.at(noise) for noise in config.noises]
        source = "Fig. 4" if name == PHOTOGRAPHS else OWN
        for unit in (0, 1):
            lobes = wide.first_lobe_ms[:, places, unit]
            growing = np.diff(lobes, axis=1) > 0
            yield Claim(
                source,
                f"{name}: unit {unit + 1}, first lobe at noise {_list(config.noises)}",
                "widens",
                " → ".join(f"{value:.0f}" for value in lobes.mean(axis=0)) + " ms",
                "wider at each, in every seed",
                bool(growing.all()),
                "" if growing.all() else f"It did so in {growing.all(axis=1).sum()} of {len(lobes)} seeds.",
            )
            if name != PHOTOGRAPHS:
                continue
            centre, count = wide.centre_of_mass_ms[:, places, unit], wide.lobes[:, places, unit]
            yield _later(source, f"{name}: unit {unit + 1}, centre of mass (squared weights)", centre)
            yield _fewer(source, f"{name}: unit {unit + 1}, number of lobes", count)


def _later(source: str, statement: str, centre: np.ndarray) -> Claim:
    mean = centre.mean(axis=0)
    holds = bool(mean[-1] > mean[0])
    shown = " → ".join(f"{value:.1f}" for value in mean) + " ms"
    why = ""
    if holds and not (np.diff(mean) > 0).all():
        why = "Not at every level: while lobes widen, their number falls, and the mass of the tail goes."
    if not holds:
        why = "Lobes widen and their number falls: the second takes more off the tail than the first adds."
    return Claim(source, statement, "later", shown, "later at the last than at the first", holds, why)


def _fewer(source: str, statement: str, count: np.ndarray) -> Claim:
    mean = count.mean(axis=0)
    shown = " → ".join(f"{value:.1f}" for value in mean)
    holds = bool(mean[-1] < mean[0])
    why = "" if holds else "Sampling errors in the tail pass the 5 % that makes a lobe."
    return Claim(source, statement, "fewer", shown, "fewer at the last than at the first", holds, why)


def _reason(result: ScenesResult) -> Iterator[Claim]:
    world = result.worlds[PHOTOGRAPHS]
    wide = widening(world).first_lobe_ms.mean(axis=0)
    for unit, product in enumerate(products(world).T):
        factor = float(product.max() / product.min())
        yield at_most(
            OWN,
            f"unit {unit + 1}: first lobe × cut-off, largest over smallest of all levels",
            PRODUCT,
            factor,
            digits=2,
            spread=f" ({product.min():.3f}–{product.max():.3f}; the lobe alone "
            f"{wide[-1, unit] / wide[0, unit]:.2f})",
            why=_missed(
                np.array([factor <= PRODUCT]),
                "The lobe follows the cut-off only roughly: the spectrum is no sharp edge",
            ),
        )
    yield from _cosines("cosine with the filter of the autocovariance, worst level",
                        theory_cosines(world))  # fmt: skip


def _leaves(result: ScenesResult) -> Iterator[Claim]:
    world, noise = result.worlds[LEAVES], result.config.headline
    values = world.each("correlations")[:, world.at(noise)]
    for unit, least in enumerate(SIGMA):
        yield at_least(
            OWN,
            f"dead leaves: σ{SUBSCRIPTS[unit]} at noise {noise:g}",
            least,
            float(values[:, unit].mean()),
            spread=_spread(values[:, unit], 4),
            digits=4,
            why=_low(world, "correlations", unit, least),
        )
    yield from _staircase(result, LEAVES, OWN)
    yield from _cosines("dead leaves: cosine with the filter of the closed form, worst level",
                        closed_form_cosines(result))  # fmt: skip
    both = leaves_cosines(result)[:, world.at(noise)]
    yield reported(
        OWN,
        f"cosines of the filters of photographs and dead leaves, noise {noise:g}",
        " and ".join(f"{value:.3f}" for value in both.mean(axis=0)),
    )


def _cosines(said: str, cosines: np.ndarray) -> Iterator[Claim]:
    for unit in (0, 1):
        mean = cosines[..., unit].mean(axis=0)
        least = float(mean.min())
        yield at_least(
            OWN,
            f"{said}, unit {unit + 1}",
            COSINE,
            least,
            digits=4,
            spread=f" (least of any seed {cosines[..., unit].min():.4f})",
            why=_missed(np.array([least >= COSINE]), "Windows are too few for the noise"),
        )


def _photographs_alone(result: ScenesResult) -> Iterator[Claim]:
    if not result.alone or not result.alone[0]:
        return
    shares = carried(result)
    for place, scene in enumerate(result.scenes):
        name = scene.photograph.name
        trained, own = (
            np.array([getattr(seed[place], what)[1] for seed in result.alone])
            for what in ("trained", "held_out")
        )
        yield at_least(
            "Issue",
            f"{name} alone: σ₂ at noise {result.config.headline:g}, training rows",
            SIGMA[1],
            float(trained.mean()),
            spread=f"{_spread(trained)} (other rows {own.mean():.3f}{_spread(own)})",
            why=_missed(trained >= SIGMA[1], "Scenes and rows differ"),
        )
        share = shares[:, place, 1]
        carry = at_least(
            "Issue",
            f"{name}: σ₂ of filters learned elsewhere, as a share of its own filters'",
            TRANSFER,
            float(share.mean()),
            spread=_spread(share),
            why=_missed(share >= TRANSFER, "Own filters fit the own scene better"),
        )
        yield _if_enough(result, carry)


def _speeds(result: ScenesResult) -> Iterator[Claim]:
    noise = result.config.headline
    for velocity, world in result.velocities.items():
        measured = world.each("correlations")[:, world.at(noise)].mean(axis=0)
        expected = predicted_by_speed(result, velocity).mean(axis=0)
        worst = float(np.abs(measured - expected).max())
        yield at_most(
            OWN,
            f"{velocity:g}°/s: σ₁, σ₂ less what scans at {result.config.velocity_deg_per_s:g}°/s predict",
            SPEED,
            worst,
            spread=f" (σ₁ {measured[0]:.4f}, σ₂ {measured[1]:.3f}; predicted σ₂ {expected[1]:.3f})",
            why=_missed(np.array([worst <= SPEED]), "Fits to few windows overestimate correlations"),
        )


def _controls(result: ScenesResult) -> Iterator[Claim]:
    noise = result.config.headline
    for name, why in (
        (WHITE, "Every pixel has a luminance of its own: what is smooth here is the eye's doing."),
        (SHARP, "The same leaves, seen by a photoreceptor that does not blur."),
    ):
        world = result.worlds[name]
        sigma = world.each("correlations")[:, world.at(noise)].mean(axis=0)
        marks = world.marks(noise)
        rest = np.mean([max(each.L1_plateau, each.L2_plateau) for each in marks])
        yield reported(
            OWN,
            f"{name}: σ₁, σ₂; L1, L2 on their worst plateau",
            f"{sigma[0]:.3f}, {sigma[1]:.3f}; {rest:.2f}",
            why=why,
        )
    yield reported(
        "Fig. 4",
        "measured responses of L1, L2 and L3 (Ketkar et al. 2022) beside ours",
        "not compared",
        paper="similar",
        why="Their recordings are not part of this project; what is checked is what the paper says of them.",
    )


def _if_enough(result: ScenesResult, claim: Claim) -> Claim:
    """Only report a claim that too few repetitions cannot carry."""
    if result.config.n_seeds >= FEWEST_SEEDS:
        return claim
    return claim._replace(bar="", holds=None, why=f"Judged from {FEWEST_SEEDS} repetitions on.")


def _rest(world: World, noise: float) -> str:
    """Say why the second unit does not rest at zero on a plateau."""
    units = [one.units[world.at(noise)] for one in world.learned]
    sums = np.array([unit.filters_[1].sum() for unit in units])
    means = np.array([float((unit.filters_[1] * unit.past_mean_).sum()) for unit in units])
    return (
        f"The second filter's weights sum to {sums.mean():.3f} and not to zero, and its mean over training "
        f"rows, which is taken off, is {means.mean():.3f}{_spread(means)} SD"
    )


def _spread(values: np.ndarray, digits: int = 3) -> str:
    return f" ± {values.std():.{digits}f}" if len(values) > 1 else ""


def _list(noises: tuple[float, ...]) -> str:
    return ", ".join(f"{noise:g}" for noise in noises)


def _low(world: World, name: str, unit: int, least: float) -> str:
    values = world.each(name)[:, world.at(world.config.headline), unit]
    held = int((values >= least).sum())
    return "" if values.mean() >= least else f"It is reached in {held} of {len(values)} seeds."


def _missed(passes: np.ndarray, reason: str) -> str:
    return "" if passes.mean() == 1 else f"{reason} (within the bar in {int(passes.sum())} of {len(passes)})."
