"""What a comparison of codes found: plain numbers, a table to read, and the curves of a picture."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from lamina._checks import check_choice
from lamina.encoding.code import SpikeCode
from lamina.errors import ArgumentError, MissingDependencyError, StateError

MEASURES: dict[str, bool] = {
    "rmse": False,
    "snr_db": True,
    "r_squared": True,
    "spike_rate": False,
    "sparsity": True,
    "bits_per_sample": False,
    "fit_per_spike": True,
}
"""The measures of a comparison, and whether a larger one is better."""

_OF_VARIANCE = {"snr_db", "r_squared", "fit_per_spike"}
"""Measures that a constant channel does not have."""

_COLUMNS = (
    ("RMSE", "rmse", 10, ".4g"),
    ("SNR/dB", "snr_db", 7, ".1f"),
    ("R²", "r_squared", 9, ".4f"),
    ("rate", "spike_rate", 9, "k"),
    ("silent", "sparsity", 7, ".3f"),
    ("bits", "bits_per_sample", 8, ".2f"),
    ("R²/spike", "fit_per_spike", 9, ".1e"),
)


@dataclass(frozen=True, eq=False)
class Curve:
    """How small the error of a code can be at each spike rate, as far as the settings that were tried show.

    Parameters
    ----------
    spike_rate
        ``(points,)``, increasing: spikes per sample, or per second if the sampling rate is known; mean over
        the channels.
    error
        ``(points,)``, decreasing: RMSE over the standard deviation of the signal, mean over the channels that
        vary. 1 is what the signal's mean would reach.
    parameters
        The settings of what was varied, by name: ``(points, ...)`` with the signal's leading shape.
    """

    spike_rate: np.ndarray
    error: np.ndarray
    parameters: dict[str, np.ndarray] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class CodeResult:
    """What one code made of the signal.

    Parameters
    ----------
    name
        The code's short name.
    code
        The code, fitted, to encode with; as it was before, if it could not encode the signal.
    parameters
        The best ones, by name, of the signal's leading shape.
    measures
        One value for each channel, of the signal's leading shape, by the names of `MEASURES`: ``rmse`` in the
        signal's units, ``snr_db`` of the signal's deviation from its mean, ``r_squared``, ``spike_rate`` per
        sample, or per second if the sampling rate is known, ``sparsity``, ``bits_per_sample`` and
        ``fit_per_spike``, as `lamina.encoding.metrics` defines them. Empty if the code could not encode the
        signal.
    seconds
        Time that fitting took, search included; NaN if the code could not encode the signal.
    curve
        Error against spike rate; None if the code could not encode the signal, or no channel varies.
    reason
        Why the code could not encode or decode this signal; None if it could.
    """

    name: str
    code: SpikeCode
    parameters: dict[str, np.ndarray]
    measures: dict[str, np.ndarray]
    seconds: float
    curve: Curve | None
    reason: str | None = None

    @property
    def error(self) -> float:
        """RMSE over the signal's standard deviation, as in `Curve`; NaN if there is none."""
        share = 1.0 - self.measures.get("r_squared", np.array(np.nan))
        varies = np.isfinite(share)
        return float(np.sqrt(share[varies]).mean()) if varies.any() else float("nan")

    def mean(self, measure: str) -> float:
        """Return the mean of a measure over the channels; NaN if the code could not encode the signal.

        Of ``snr_db``, ``r_squared`` and ``fit_per_spike``, which a constant channel does not have, it is the
        mean over the channels that vary.

        Parameters
        ----------
        measure
            One of `MEASURES`.

        Returns
        -------
        float
            It may be infinite, as the signal-to-noise ratio of an exact decoding is.

        Raises
        ------
        ArgumentError
            If there is no such measure.

        Examples
        --------
        >>> from lamina.encoding.step_forward import StepForwardConverter
        >>> found = {"rmse": np.array([0.1, 0.3])}
        >>> CodeResult("sf", StepForwardConverter(), {}, found, 0.5, None).mean("rmse")
        0.2
        """
        check_choice("measure", measure, tuple(MEASURES))
        if measure not in self.measures:
            return float("nan")
        values = np.asarray(self.measures[measure])
        if measure in _OF_VARIANCE:
            varies = np.isfinite(self.measures["r_squared"])
            values = values[varies] if varies.any() else np.full(1, np.nan)
        with np.errstate(invalid="ignore"):
            return float(np.mean(values))


@dataclass(frozen=True, eq=False)
class Comparison:
    """What `compare` found; printing it gives the table.

    Parameters
    ----------
    results
        One for each code, in the order in which they were compared.
    leading
        The signal's shape without time.
    n_samples
        Samples of the signal.
    sampling_rate
        In hertz; None if rates are per sample.
    """

    results: tuple[CodeResult, ...]
    leading: tuple[int, ...]
    n_samples: int
    sampling_rate: float | None = None

    def __getitem__(self, name: str) -> CodeResult:
        """Return the result of a code by its short name."""
        named = {result.name: result for result in self.results}
        if name not in named:
            raise ArgumentError(
                "name",
                allowed=f"one of {', '.join(named)}",
                got=repr(name),
                remedy="Choose a code of this comparison.",
            )
        return named[name]

    def best(self, measure: str = "rmse") -> CodeResult:
        """Return the result of the code that is best by a measure, in the mean over the channels.

        Parameters
        ----------
        measure
            One of `MEASURES`. Rate, sparsity and bits alone favour codes that say nothing; look at the error
            beside them.

        Returns
        -------
        CodeResult
            The first of equals; its ``code`` is fitted and ready to use.

        Raises
        ------
        ArgumentError
            If there is no such measure.
        StateError
            If no code could encode the signal, or the measure is undefined for all.

        Examples
        --------
        >>> from lamina.encoding.comparing import compare
        >>> compare(np.sin(np.arange(300) / 20), codes=["sf"], trials=8).best("r_squared").name
        'sf'
        """
        sign = -1.0 if MEASURES[check_choice("measure", measure, tuple(MEASURES))] else 1.0
        known = [result for result in self.results if not np.isnan(result.mean(measure))]
        if not known:
            raise StateError(
                f"no code has {measure}: none could encode this signal, or it is constant; "
                "printing the comparison says why."
            )
        return min(known, key=lambda result: sign * result.mean(measure))

    def rows(self) -> list[dict[str, Any]]:
        """Return the table as plain data: one mapping for each code, best (least RMSE) first.

        Returns
        -------
        list of dict
            ``code``, each of `MEASURES` as the mean over the channels, ``seconds``, ``parameters`` (arrays of
            the signal's leading shape, by name) and ``reason``. Codes that could not encode the signal come
            last, with NaN.

        Examples
        --------
        >>> from lamina.encoding.comparing import compare
        >>> [row["code"] for row in compare(np.sin(np.arange(300) / 20), codes=["sf"], trials=8).rows()]
        ['sf']
        """
        return [
            {
                "code": result.name,
                **{measure: result.mean(measure) for measure in MEASURES},
                "seconds": result.seconds,
                "parameters": result.parameters,
                "reason": result.reason,
            }
            for result in self._ranked()
        ]

    def to_pandas(self) -> Any:
        """Return `rows` as a data frame, indexed by code.

        Returns
        -------
        pandas.DataFrame

        Raises
        ------
        MissingDependencyError
            If pandas is missing.

        Examples
        --------
        >>> from lamina.encoding.comparing import compare
        >>> compare(np.sin(np.arange(300) / 20), codes=["sf"], trials=8).to_pandas().index.tolist()
        ['sf']
        """
        try:
            import pandas
        except ImportError as error:
            raise MissingDependencyError(
                "a data frame needs pandas; install it with: pip install 'lamina[data]' "
                "(rows() gives the same as plain data)"
            ) from error
        return pandas.DataFrame(self.rows()).set_index("code")

    def table(self, width: int = 80) -> str:
        """Return the table as text: measures, then parameters, then why codes are missing.

        Parameters
        ----------
        width
            Columns of the terminal, at least 80.

        Returns
        -------
        str
            Lines of at most ``width`` characters, best (least RMSE) code first. Parameters that differ
            between channels are shown as their range.

        Examples
        --------
        >>> from lamina.encoding.comparing import compare
        >>> found = compare(np.sin(np.arange(300) / 20), codes=["sf"], trials=8)
        >>> print(found.table().splitlines()[1])
        rate: spikes per sample; silent: share of steps; bits: entropy, per sample
        """
        done = [result for result in self._ranked() if result.reason is None]
        channels = int(np.prod(self.leading, dtype=int))
        unit = "sample" if self.sampling_rate is None else "second"
        means = "" if channels == 1 else "; means over the channels"
        samples = f"{self.n_samples} sample{'s' * (self.n_samples != 1)}"
        head = f"{samples}, {channels} channel{'s' * (channels != 1)}{means}"
        lines = [head, f"rate: spikes per {unit}; silent: share of steps; bits: entropy, per sample"]
        if done:
            titles = "".join(f"{title:>{size}}" for title, _, size, _ in _COLUMNS)
            lines += ["", f"{'code':13}{titles}{'seconds':>8}"]
        for result in done:
            cells = "".join(_cell(result.mean(name), size, form) for _, name, size, form in _COLUMNS)
            lines.append(f"{result.name:13}{cells}{_cell(result.seconds, 8, '.2g')}")
        lines += ["", "best parameters:"] if any(result.parameters for result in done) else []
        for result in done:
            said = ", ".join(f"{name} {_range(value)}" for name, value in result.parameters.items())
            lines += _item(result.name, said, width) if said else []
        reasons: dict[str, list[str]] = {}
        for result in self.results:
            if result.reason is not None:
                reasons.setdefault(result.reason, []).append(result.name)
        lines += ["", "could not encode this signal:"] if reasons else []
        for reason, names in reasons.items():
            # most codes refuse a signal for the same reason
            lines += textwrap.wrap(
                f"{', '.join(names)}: {reason}",
                max(width, 40),
                initial_indent="  ",
                subsequent_indent="    ",
                break_on_hyphens=False,
            )
        return "\n".join(lines)

    def __str__(self) -> str:
        """Return `table`."""
        return self.table()

    def _ranked(self) -> list[CodeResult]:
        def key(result: CodeResult) -> tuple[bool, float]:
            error = result.mean("rmse")
            return bool(np.isnan(error)), error

        return sorted(self.results, key=key)


def _cell(value: float, size: int, form: str) -> str:
    text = _thousands(value) if form == "k" else format(value, form)
    # what decodes far worse than the mean, or in units of a millionth
    return f" {text if len(text) < size else format(value, '.2g')}".rjust(size)


def _thousands(value: float) -> str:
    """Return at least three digits and no power of ten: 0.0123, 87.2, 2370, 63.9k, 1.2M."""
    if not 999.5 <= abs(value) < 999.5e9:
        return format(value, ".3g")
    if abs(value) < 9999.5:
        return format(value, ".0f")
    unit, letter = next((u, s) for u, s in ((1e9, "G"), (1e6, "M"), (1e3, "k")) if abs(value) >= 0.9995 * u)
    return f"{value / unit:.3g}{letter}"


def _item(name: str, said: str, width: int) -> list[str]:
    return textwrap.wrap(
        said,
        max(width, 40),
        initial_indent=f"  {name:13} ",
        subsequent_indent=" " * 16,
        break_on_hyphens=False,
    )


def _range(values: np.ndarray) -> str:
    low, high = f"{values.min():.4g}", f"{values.max():.4g}"
    return low if low == high else f"{low} to {high}"
