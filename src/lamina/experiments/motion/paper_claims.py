"""The paper's claims on motion (Figs. 4 and 5), and the bars of the issue, each with its number and ours."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from lamina.experiments.claims import Claim, at_least, at_most, near, reported
from lamina.experiments.motion import scrutiny_claims
from lamina.experiments.motion.config import (
    EXPECTED,
    GRATING_SD,
    PAPER_INDEX,
    PAPER_INDEX_TOLERANCE,
    PAPER_SHARE_LEFT,
)
from lamina.experiments.motion.connectome import Likeness, compare, unit_length
from lamina.experiments.motion.detectors import Response
from lamina.experiments.motion.mechanism import Mechanism
from lamina.experiments.motion.paper_unit import first_direction
from lamina.experiments.motion.run import MotionResult
from lamina.experiments.motion.stimuli import HEADLINE
from lamina.experiments.motion.summary import (
    ALL_CELLS,
    DETECTORS,
    TRAINED_ON,
    held_out,
    likenesses,
    mean_weights,
    second_indices,
)
from lamina.experiments.motion.thresholds import learned_threshold, share_left


def claims(result: MotionResult) -> list[Claim]:
    """Set the paper's claims and the bars of the specification beside what was found.

    Parameters
    ----------
    result
        A run. Only one on the bundled photographs is judged: elsewhere nothing is promised.

    Returns
    -------
    list[Claim]
        First the paper's, figure by figure; then the issue's, controls and robustness last.
    """
    found = [
        *_layer1(result),
        *_second_direction(result),
        *_thresholds(result),
        *_opposites(result),
        *_mechanism(result),
        *_connectome(result),
        *_bars(result),
        *_speeds(result),
    ]
    if not result.bundled:
        found = [each._replace(holds=None, bar="") for each in found]
    return found + scrutiny_claims.claims(result.scrutiny)


def _layer1(result: MotionResult) -> list[Claim]:
    sigma = held_out(result)
    found = [
        at_least(
            "Fig. 4", f"σ{'₁₂'[k]} on rows not trained on", EXPECTED[f"sigma_{k + 1}"].limit, float(sigma[k])
        )
        for k in (0, 1)
    ]
    for cell, bound, says in (
        ("L3", at_least, "follows the luminance"),
        ("L1", at_most, "transient"),
        ("L2", at_most, "transient"),
    ):
        shares = [r.layer1.plateau[cell] for r in result.repetitions]
        found.append(
            bound(
                "Fig. 4",
                f"{cell}: share of a step's peak that is left on the plateau",
                EXPECTED[f"{cell}_plateau"].limit,
                float(np.mean(shares)),
                paper=says,
            )
        )
    return found


def _second_direction(result: MotionResult) -> list[Claim]:
    papers = [r.papers[cell] for r in result.repetitions for cell in DETECTORS]
    first = max(first_direction(each) for each in papers)
    index = second_indices(result)
    toward = int(np.sum(index > 0))
    edges = {
        edge: np.mean([each.responses[f"{edge} edge"].index for each in papers]) for edge in ("ON", "OFF")
    }
    gratings = [r.studies[f"{cell}, paper"].gratings for r in result.repetitions for cell in DETECTORS]
    fast = float(np.mean([np.nanmean(each.index[-1]) for each in gratings]))
    return [
        at_most(
            "Fig. 5B",
            "first direction: largest index of all networks",
            EXPECTED["first_direction"].limit,
            first,
            paper="independent of direction",
        ),
        _all("Fig. 5B", "second direction prefers the motion trained on", toward, len(index)),
        near(
            "Fig. 5B",
            f"second direction: index on the {HEADLINE}",
            PAPER_INDEX,
            float(index.mean()),
            PAPER_INDEX_TOLERANCE,
            why=_why_weaker(result, fast),
        ),
        reported(
            "Fig. 5B",
            "second direction: index on scenes not trained on",
            _spread([each.held_out.index for each in papers]),
        ),
        reported(
            "Fig. 5B",
            "second direction: index on gratings, mean of all and the best",
            f"{np.mean([np.nanmean(each.index) for each in gratings]):.3f}, "
            f"{np.mean([each.best for each in gratings]):.3f}",
        ),
        reported(
            "Fig. 5B",
            "second direction: index on a single ON edge, on a single OFF edge",
            f"{edges['ON']:.2f}, {edges['OFF']:.2f}",
            why="Below zero: the other direction is preferred. One kind of edge alone says little: a linear "
            "unit prefers one direction for ON edges and the other for OFF edges.",
        ),
    ]


def _why_weaker(result: MotionResult, fast: float) -> str:
    found = [r.studies[f"{cell}, paper"].mechanism for r in result.repetitions for cell in DETECTORS]
    without = np.mean([each.without["all L1"].index for each in found])
    null = np.mean([each.intact.null for each in found])
    tuned = [r.studies[f"{cell}, paper"].speeds for r in result.repetitions for cell in DETECTORS]
    index, speeds = np.mean([each.index(HEADLINE) for each in tuned], axis=0), tuned[0].speeds_deg_per_s
    best = int(np.argmax(np.nan_to_num(index, nan=-1.0)))
    added = np.mean([each.intact.preferred for each in found]) - null
    alike = (
        ": the three L3 inputs answer both ways alike. What tells the directions apart is L1, and it adds "
        f"{added:.2f} SD to {null:.2f}; for {PAPER_INDEX:g} it would have to add as much as L3 gives alone"
    )
    return (
        f"With all L1 silenced the index is {without:.3f}"
        f"{alike if abs(without) < second_indices(result).mean() / 2 else ''}. The index "
        "depends on the speed of the pattern, which the text of the paper does not give: it is "
        f"{index[best]:.2f} at {speeds[best]:g}°/s, and {fast:.2f} on the fastest gratings."
    )


def _thresholds(result: MotionResult) -> list[Claim]:
    papers = [r.papers[cell] for r in result.repetitions for cell in DETECTORS]
    chosen = [r.cells[cell] for r in result.repetitions for cell in ALL_CELLS]
    left = [share_left(each.headline, each.headline.null) for each in papers]
    own = [share_left(each.headline, each.headline.null) for each in chosen]
    learned = [learned_threshold(each) for each in chosen]
    on_scenes = [share_left(each.held_out, level) for each, level in zip(chosen, learned, strict=True)]
    theirs = [share_left(each.held_out, learned_threshold(each)) for each in papers]
    pattern = [share_left(each.headline, learned_threshold(each)) for each in papers]
    return [
        reported(
            "Fig. 5B",
            "second direction: share of P left where a threshold silences N",
            _spread(left),
            paper=f"{PAPER_SHARE_LEFT:g}",
            why="By the measure used here it is 2 DSI/(1 + DSI): the smaller the index, the less is left. "
            f"The threshold is {np.mean([each.headline.null for each in papers]):.2f} SD.",
        ),
        reported(
            "Fig. 5B",
            "chosen units: share of P left where a threshold silences N",
            _spread(own),
            why=f"The threshold is {np.mean([each.headline.null for each in chosen]):.2f} SD.",
        ),
        reported(
            "beyond the paper",
            "second direction: P left by the threshold of the training scenes",
            f"{np.mean(theirs):.2f} on unseen scenes, {np.mean(pattern):.2f} on the pattern",
            why="The threshold that silences the null direction on training scenes is "
            f"{np.mean([learned_threshold(each) for each in papers]):.2f} SD, since scenes hold contrasts of "
            "every size. A threshold tells strong from weak, and cannot tell directions apart where an index "
            "is small.",
        ),
        reported(
            "beyond the paper",
            "chosen units: P left by the threshold of the training scenes",
            f"{np.mean(on_scenes):.2f} on unseen scenes",
            why=f"That threshold is {np.mean(learned):.2f} SD.",
        ),
    ]


def _opposites(result: MotionResult) -> list[Claim]:
    found = []
    for name, of in (("second direction", "papers"), ("chosen units", "cells")):
        preferred = [
            [getattr(r, of)[cell].detector.preferred for cell in DETECTORS] for r in result.repetitions
        ]
        opposite = sum(one == -other for one, other in preferred)
        turned = all(one != TRAINED_ON["T4a"] for one, _ in preferred)
        found.append(
            _all(
                "Fig. 5",
                f"{name}: trained on opposite motion, T4a and T4b prefer opposite motion",
                opposite,
                len(preferred),
                why="Each prefers the motion that it was not trained on." if turned else "",
            )
        )
    return found


def _mechanism(result: MotionResult) -> list[Claim]:
    found = [r.studies[f"{cell}, paper"].mechanism for r in result.repetitions for cell in DETECTORS]
    leads = sum(each.leads for each in found)
    # T4b looks the other way: what is left for T4a is right for T4b
    turned = [each.at_peak if at % 2 == 0 else each.at_peak[:, ::-1] for at, each in enumerate(found)]
    first, centre = (np.array([peak[at] for peak in turned]) for at in ((1, 0), (0, 1)))
    shares = np.mean([each.shares.sum(axis=1) for each in found], axis=0)
    lesser = int(np.sum((centre < first) & (centre > 0)))
    return [
        _all(
            "Fig. 5C",
            "second direction: left L3 excites before centre and right L3 inhibit",
            leads,
            len(found),
            why="For T4b, right takes the place of left. An edge in the preferred direction; by "
            f"{1000 * np.mean([abs(each.edge_time_s[1] - each.edge_time_s[0]) for each in found]):.0f} ms "
            "per pixel.",
        ),
        _all(
            "Fig. 5C",
            "second direction: at the peak centre L1 excites, less than left L3",
            lesser,
            len(found),
            why=f"Left L3 {first.mean():.2f} SD, centre L1 {centre.mean():.2f} SD.",
        ),
        reported(
            "Fig. 5C",
            "second direction: preferred − null when L3 drives it most, from L3 and from L1 (SD)",
            _parts(found),
            paper="L3, to a lesser degree L1",
            why="What drives the response is not what tells the directions apart: the three L3 inputs drive "
            "it as strongly in the null direction, there with edges of the other kind."
            if abs(shares[1]) < abs(shares[0]) / 2
            else "",
        ),
        reported(
            "Fig. 5C",
            "chosen units: preferred − null when L3 drives them most, from L3 and from L1 (SD)",
            _parts([r.studies[cell].mechanism for r in result.repetitions for cell in DETECTORS]),
        ),
    ]


def _parts(found: Sequence[Mechanism]) -> str:
    transient, sustained = np.mean([each.shares.sum(axis=1) for each in found], axis=0)
    # adding 0 takes the sign off a zero
    return f"{round(sustained, 2) + 0.0:.2f} and {round(transient, 2) + 0.0:.2f}"


def _connectome(result: MotionResult) -> list[Claim]:
    found, bar = [], EXPECTED["p"]
    for name, weights in likenesses(result).items():
        each = [compare(one).correlation for one in weights]
        mean = compare(np.mean([unit_length(one) for one in weights], axis=0))
        statement = f"{name}: correlation of its six weights with the connectome's"
        p = mean.p_either_sign
        ours = f"{mean.correlation:.2f} (seeds {min(each):.2f} to {max(each):.2f}), p = {p:.3f}"
        claim = Claim("Fig. 5D", statement, "similar", ours, f"p {bar}", bar.passes(p), _orders(mean))
        # the paper compares its second direction; of the others nothing is said
        if not name.startswith("second"):
            claim = claim._replace(paper="", bar="", holds=None, why="")
        found.append(claim)
    return found


def _orders(found: Likeness) -> str:
    return (
        f"Exact, over all 720 orders of the weights: {720 * found.p_either_sign:.0f} of them correlate as "
        "much, with one sign or the other. A canonical direction has no sign of its own; it was given the "
        "one under which L1 of the centre excites it, which is the connectome's largest weight, and chance "
        f"must have the same choice. With the sign taken for granted p = {found.p:.3f} (at least "
        f"{found.smallest:.4f} is possible), over the 36 orders within the cell types {found.p_within:.3f} "
        f"(at least {found.smallest_within:.3f}). Within L1 {found.by_type[0]:.2f}, within L3 "
        f"{found.by_type[1]:.2f}."
    )


def _bars(result: MotionResult) -> list[Claim]:
    repetitions, goal = result.repetitions, EXPECTED["index"].limit
    found = []
    for cell in ALL_CELLS:
        gratings = [r.studies[cell].gratings for r in repetitions]
        driven = [each.driven(GRATING_SD) for each in gratings]
        measured = {
            f"{cell}: index on the {HEADLINE}": result.each(cell, "index"),
            f"{cell}: index on scenes not trained on": [r.cells[cell].held_out.index for r in repetitions],
            f"{cell}: index on the grating that drives it most": [each.best for each in gratings],
            f"{cell}: index, mean of all gratings that give ≥ {GRATING_SD:g} SD": [
                float(each.mean()) if len(each) else np.nan for each in driven
            ],
        }
        for statement, values in measured.items():
            found.append(
                at_least("Issue", statement, goal, float(np.mean(values)), spread=_deviation(values, 3))
            )
        found.append(
            at_most(
                "Specification",
                f"{cell}: response to the null direction of the {HEADLINE} (SD)",
                EXPECTED["null_response"].limit,
                float(result.each(cell, "null").mean()),
                spread=f" (preferred {result.each(cell, 'preferred').mean():.2f})",
            )
        )
    return found


def _speeds(result: MotionResult) -> list[Claim]:
    found = []
    for cell in ALL_CELLS:
        studies = [r.studies[cell].speeds for r in result.repetitions]
        index = np.mean([each.index(HEADLINE) for each in studies], axis=0)
        speeds = studies[0].speeds_deg_per_s
        shown = ", ".join(f"{value:.2f} at {speed:g}" for speed, value in zip(speeds, index, strict=True))
        edges = {edge: _edge(result, cell, edge) for edge in ("ON", "OFF")}
        answered = "OFF" if cell in ("T4a", "T4b") else "ON"
        strange = edges[answered].preferred > edges["ON" if answered == "OFF" else "OFF"].preferred
        inhibited = bool(np.all(mean_weights(result, cell)[0] < 0))
        silent = EXPECTED["null_response"].passes(float(result.each(cell, "null").mean()))
        found += [
            reported("Issue", f"{cell}: index on the {HEADLINE} over speed (°/s)", shown),
            reported(
                "Fig. 5",
                f"{cell}: peak response to an ON edge, to an OFF edge (SD)",
                f"{edges['ON'].preferred:.2f}, {edges['OFF'].preferred:.2f}",
                paper="ON" if cell in DETECTORS else "",
                why=(
                    f"It is driven by the cells of a fly's {cell[:2]} and answers the other kind of edge: "
                    "the rectified input inhibits it, and silences the null direction."
                    if strange and inhibited and silent and cell == ALL_CELLS[0]
                    else ""
                ),
            ),
        ]
    return found


def _edge(result: MotionResult, cell: str, polarity: str) -> Response:
    found = [r.cells[cell].responses[f"{polarity} edge"] for r in result.repetitions]
    return Response(
        *(float(np.mean([getattr(each, way) for each in found])) for way in ("preferred", "null"))
    )


def _all(source: str, statement: str, count: int, total: int, why: str = "") -> Claim:
    if count < total and not why:
        why = f"Not in {total - count} of {total}."
    return Claim(source, statement, "yes", f"{count} of {total}", "all", count == total, why)


def _spread(values: Iterable[float]) -> str:
    array = np.array(list(values))
    return f"{array.mean():.3f}{_deviation(array, 3)}"


def _deviation(values: np.ndarray | Sequence[float], digits: int) -> str:
    """Write the standard deviation; one value alone has none."""
    return f" ± {np.std(values):.{digits}f}" if len(values) > 1 else ""
