"""The report on kernels."""

from __future__ import annotations

from pathlib import Path

from lamina.experiments.claims import claims_table
from lamina.experiments.closing import details_section, footer
from lamina.experiments.kernels.run import KernelsResult
from lamina.experiments.kernels.summary import claims, directions, rank, resolved
from lamina.experiments.report import Report


def write_report(result: KernelsResult, figures: dict[str, Path], path: Path) -> Path:
    """Write the report as one self-contained page.

    Parameters
    ----------
    result
        A run.
    figures
        SVG files by name, from `draw_figures`.
    path
        The file to write.

    Returns
    -------
    Path
        ``path``.
    """
    config = result.config
    report = Report(
        "How much there is to predict",
        "The canonical correlations of a Gaussian process say how many things its past tells about its "
        "future. For some kernels that is one, for some a few, and for kernels with many oscillations many.",
        footer=footer("kernels"),
    )
    report.section("Claims")
    claims_table(report, claims(result), caption="What the paper says of kernels, and closed forms.")
    report.section("States")
    report.text(
        "A kernel that is a sum of r damped exponentials, times powers of the lag, belongs to a Markov "
        "process of r states of which one coordinate is seen. Given the state, past and future have nothing "
        "to do with each other: exactly r correlations differ from 0, with noise or without. One for "
        "the exponential kernel, two and three for the Matérn kernels of smoothness 3/2 and 5/2, two for a "
        "damped cosine, two for each of several. A quasi-periodic kernel whose period is a whole number of "
        "samples repeats them, faded: it has as many states as a period has samples. Their correlations "
        "follow from a Kalman filter that runs forwards and one that runs backwards, which is how they were "
        "checked: no covariance of lag vectors is needed.\n\n"
        "The squared exponential, the rational quadratic and the Gaussian-damped kernels are no such sums."
    )
    report.section("Decay")
    report.figure(
        figures["spectra"],
        f"Kernels (A, B), correlations of their populations with noise {config.noise:g} (C, D), and "
        "the share of the information that the first directions hold (E, F).",
        "Without oscillation correlations fall steeply; with many oscillations they stay high.",
        wide=True,
    )
    report.table(
        ["Kernel", "States", "Correlations above 1e-6", "Directions with 99 %", "Information (nats)"],
        [
            [
                name,
                "∞" if kernel.states is None else str(len(kernel.states.readout)),
                str(rank(result.spectra[name][config.noise])),
                str(directions(result.spectra[name][config.noise])),
                float(result.spectra[name][config.noise].information[-1]),
            ]
            for name, kernel in result.kernels.items()
        ],
        caption=f"Populations with noise {config.noise:g}, {config.memory} samples of past and future.",
    )
    report.note(
        "The paper gives no number for a rapid decay, so the table reports the fifth correlation and judges "
        "none. An oscillation alone does not make a kernel complicated: a cosine that is damped "
        "exponentially has two correlations, which come near 1 if it is damped slowly, and no third. "
        "What keeps many of them high is many oscillations, each of which has to be followed on its own."
    )
    report.section("Noise, and what can be computed")
    report.figure(
        figures["noise"],
        "A: information of past about future against noise; filled: no oscillation, open: oscillations. "
        "B: the two correlations of a damped cosine against its damping, from the kernel and in closed form.",
        "Noise takes information from smooth kernels first; the closed form runs through the points.",
        wide=True,
    )
    missing = [name for name in result.kernels if not resolved(result, name, 0.0)]
    counts = ", ".join(f"{result.spectra[name][0.0].resolved} ({name})" for name in missing)
    report.note(
        "Without noise, smooth kernels cannot be computed from covariances: past samples are nearly "
        f"functions of each other, and of {config.memory} dimensions float64 resolves {counts or 'all'}. "
        "Rounding then acts as noise, and what comes out counts its digits: for these kernels no number "
        "without noise is drawn or judged. In truth such a process is determined by any stretch of its past, "
        "and its correlations tend to 1 as samples get denser."
    )
    details_section(report, config)
    return report.write(path)
