"""``lamina transform``: what a fitted model makes of a recording."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from lamina.cli.options import Debug, Json, Quiet

HELP = """
Run a recording through a fitted model, and write the units' outputs.

The outputs have one row per sample of the recording and one column per output. The first memory - 1 rows see
less than a whole window: what came before the recording counts as its mean. Where a window touches a gap
(NaN), the output is NaN.
"""

EXAMPLE = """
Example:

[bold]lamina transform model.safetensors recording.wav --out z.npy[/bold]
"""


def transform(
    model_file: Annotated[Path, typer.Argument(metavar="MODEL", help="A model that lamina fit wrote.")],
    signal_file: Annotated[Path, typer.Argument(metavar="SIGNAL", help="The recording, as for lamina fit.")],
    out: Annotated[Path, typer.Option("--out", "-o", metavar="FILE", help="Outputs to write, .npy or .csv.")],
    quiet: Quiet = False,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Load a model, transform a recording, write the result."""
    del debug
    from lamina.cli import terminal
    from lamina.cli.recordings import check_suffix, named_after_files, read_trials
    from lamina.errors import OutputError
    from lamina.io import check_output_file, load, write_signal
    from lamina.resu import ReSU

    if any(out.resolve() == file.resolve() for file in (model_file, signal_file)):
        raise OutputError(f"cannot write {out}: it is one of the inputs; choose another file")
    check_suffix("--out", out, (".npy", ".csv"))
    check_output_file(out)
    model = load(model_file)
    trials = read_trials([signal_file])
    with terminal.working("transforming", quiet), named_after_files(trials):
        outputs: Any = model.transform(trials[0].samples)
    names = [str(name) for name in model.get_feature_names_out()] if isinstance(model, ReSU) else None
    write_signal(out, outputs, channel_names=names)
    result = {"model": str(model_file), "signal": trials[0].source, "out": str(out), "shape": outputs.shape}
    shape = " x ".join(str(length) for length in outputs.shape)
    axes = "time x outputs" if outputs.ndim == 2 else "time x positions x outputs"
    terminal.print_result(result, f"{out}: {shape} ({axes})", as_json=as_json, quiet=quiet)
