"""The command line, ``lamina``: thin, and quick to start; a command imports what it needs when it runs."""

from lamina.cli.entry import main

__all__ = ["main"]
