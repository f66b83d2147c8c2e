"""The commands of ``lamina``, gathered."""

from __future__ import annotations

from typing import Annotated

import typer

from lamina._version import __version__
from lamina.cli import compare, decode, encode, fit, inspect, predict, reproduce, transform
from lamina.cli.options import paragraphs

_ABOUT = """
Turn streams into predictive representations.

lamina learns, without labels and without backpropagation, the few filters whose outputs tell most about what
comes next in a recording: any time series, sound, or what an eye sees. It also turns recordings into spikes
and back.
"""

_START = """
The fly's motion pathway, learned from photographs, with a report:

[bold]lamina reproduce motion --out motion[/bold]

Your own recording:

[bold]lamina fit recording.csv --out model.safetensors[/bold]

[bold]lamina predict model.safetensors recording.csv --last[/bold]

Which spike code suits it:

[bold]lamina compare recording.csv --plot codes.png[/bold]
"""

app = typer.Typer(
    name="lamina",
    help=paragraphs(_ABOUT),
    epilog=_START,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    add_completion=False,
    context_settings={"help_option_names": ["--help", "-h"]},
)
app.command("fit", help=paragraphs(fit.HELP), epilog=fit.EXAMPLE)(fit.fit)
app.command("transform", help=paragraphs(transform.HELP), epilog=transform.EXAMPLE)(transform.transform)
app.command("predict", help=paragraphs(predict.HELP), epilog=predict.EXAMPLE)(predict.predict)
app.command("inspect", help=paragraphs(inspect.HELP), epilog=inspect.EXAMPLE)(inspect.inspect)
app.command("encode", help=paragraphs(encode.HELP), epilog=encode.EXAMPLE)(encode.encode)
app.command("decode", help=paragraphs(decode.HELP), epilog=decode.EXAMPLE)(decode.decode)
app.command("compare", help=paragraphs(compare.HELP), epilog=compare.EXAMPLE)(compare.compare)
app.command("reproduce", help=paragraphs(reproduce.HELP), epilog=reproduce.EXAMPLE)(reproduce.reproduce)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"lamina {__version__}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def lamina(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_print_version, is_eager=True)
    ] = False,
) -> None:
    """Show the help when no command is given."""
    del version
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())
