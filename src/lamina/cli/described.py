"""A fitted unit in words and tables, as ``lamina fit`` and ``lamina inspect`` show it."""

from __future__ import annotations

from typing import Any


def described_unit(unit: Any) -> dict[str, Any]:
    """Return what a program wants to know of a fitted `lamina.ReSU`.

    Parameters
    ----------
    unit
        Fitted.

    Returns
    -------
    dict
        Numbers, texts, lists and arrays.
    """
    state = vars(unit)
    selection, significance = state.get("selection_"), state.get("significance_")
    return {
        "n_windows": unit.n_windows_,
        "parameters": unit.get_params(),
        "fitted": {"memory": unit.memory_, "horizon": unit.horizon_, "rank": unit.rank_},
        "canonical_correlations": state["canonical_correlations_"],
        "singular_values": state["singular_values_"],
        "predictive_information_nats": state["predictive_information_"],
        "selection": None if selection is None else selection.to_dict(),
        "significance": None if significance is None else _tested(significance),
    }


def pictured_unit(unit: Any) -> list[Any]:
    """Return what a person wants to see of a fitted `lamina.ReSU`.

    Parameters
    ----------
    unit
        Fitted.

    Returns
    -------
    list
        Lines of text and rich tables.
    """
    from rich.padding import Padding
    from rich.text import Text

    state = vars(unit)
    selection, significance = state.get("selection_"), state.get("significance_")
    shown: list[Any] = [
        f"memory {unit.memory_}{_seconds(unit, unit.memory_)}, horizon {unit.horizon_}"
        f"{_seconds(unit, unit.horizon_)}, rank {unit.rank_}, gap {unit.gap}"
    ]
    if selection is not None:
        # words are broken at the width of the terminal, with what follows on set in
        shown += ["", "chosen by the recording:"]
        shown += [Padding(Text(line), (0, 0, 0, 2)) for line in str(selection).splitlines()]
    shown += ["", _table_of_units(unit, significance), ""]
    if significance is not None:
        from lamina.cli.terminal import counted

        surrogates = counted(len(significance.null), "surrogate")
        shown.append(
            f"{significance.n_significant} of {counted(unit.rank_, 'unit')} significant at "
            f"{significance.level:g} ({significance.method}, {surrogates})"
        )
    shown.append(f"predictive information: {float(state['predictive_information_']):.4g} nats")
    return shown


def _seconds(unit: Any, samples: int) -> str:
    return f" ({samples / unit.sampling_rate:.4g} s)" if unit.sampling_rate else ""


def _table_of_units(unit: Any, significance: Any) -> Any:
    from rich.table import Table

    state = vars(unit)
    table = Table(box=None, pad_edge=False)
    table.add_column("unit", justify="right")
    table.add_column("canonical correlation", justify="right")
    if unit.objective != "cca":
        table.add_column("singular value", justify="right")
    if significance is not None:
        table.add_column("p", justify="right")
        table.add_column("standard error", justify="right")
    for index, correlation in enumerate(state["canonical_correlations_"]):
        cells = [str(index + 1), f"{float(correlation):.4f}"]
        if unit.objective != "cca":
            cells.append(f"{float(state['singular_values_'][index]):.4g}")
        if significance is not None:
            cells += [f"{significance.p_values[index]:.3g}", f"{significance.standard_errors[index]:.2g}"]
        table.add_row(*cells)
    return table


def _tested(significance: Any) -> dict[str, Any]:
    names = ("method", "p_values", "threshold", "standard_errors", "n_significant", "level", "seed")
    return {
        **{name: getattr(significance, name) for name in names},
        "n_surrogates": len(significance.null),
    }
