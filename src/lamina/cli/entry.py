"""The way in and out of the command line: every failure is one line and an exit code."""

from __future__ import annotations

import io
import os
import signal
import sys
import threading
import traceback
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NoReturn

import typer

from lamina.cli.app import app
from lamina.errors import ArgumentError, DataError, LaminaError, LaminaWarning, ShapeError

_UsageError = typer.BadParameter.__bases__[0]
"""Typer's error of a wrongly written command line, which it exports only in this form."""

INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code.

    Parameters
    ----------
    arguments
        The words after ``lamina``; those of this process by default.

    Returns
    -------
    int
        0 when all went well; 2 for a wrongly written command line or an argument that cannot be used; 130
        after Ctrl-C; 1 for everything else that fails, a number of a reproduction that is off included.
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    debug = "--debug" in words
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # a terminal or file without these characters gets question marks, not a failure
            stream.reconfigure(errors="replace")
    with _one_line_warnings(debug), _ending_on_terminate():
        return _finish(_guarded(lambda: app(words, prog_name="lamina", standalone_mode=False), debug))


def _guarded(command: Callable[[], Any], debug: bool) -> int:
    try:
        code = command()
    except (KeyboardInterrupt, typer.Abort):
        code = INTERRUPTED
    except BrokenPipeError:
        # whoever read the output has seen enough
        _discard_output()
        return 1
    except SystemExit as leaving:
        return leaving.code if isinstance(leaving.code, int) else 1
    except Exception as error:
        if debug:
            traceback.print_exc()
        _say("error", _message(error))
        return _exit_code(error)
    if code == INTERRUPTED:
        _say("error", "interrupted; nothing is left half written")
    return code if isinstance(code, int) else 0


def _finish(code: int) -> int:
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        _discard_output()
        return code or 1
    except OSError as error:
        _discard_output()
        # a command that has failed has said so already, for this reason most likely
        if code == 0:
            _say("error", f"cannot write to the standard output: {error.strerror}")
        return code or 1
    return code


def _message(error: Any) -> str:
    if isinstance(error, _UsageError):
        message = _one_line(error.format_message()).rstrip(".")
        command = error.ctx.command_path if error.ctx is not None else "lamina"
        return f"{message}{'' if message.endswith('?') else '.'} See: {command} --help"
    if isinstance(error, LaminaError):
        return _one_line(str(error))
    if isinstance(error, MemoryError):
        return "there is not enough memory for this; use a shorter memory or horizon, or fewer channels"
    if isinstance(error, OSError) and error.strerror:
        return _one_line(f"{error.filename}: {error.strerror}" if error.filename else error.strerror)
    kind = type(error).__name__
    return f"unexpected {kind}: {_one_line(str(error))} (the same command with --debug shows where)"


def _exit_code(error: Exception) -> int:
    if isinstance(error, _UsageError):
        return 2
    # a recording that cannot be used is no mistake in the command line
    return 2 if isinstance(error, ArgumentError) and not isinstance(error, (DataError, ShapeError)) else 1


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _say(kind: str, message: str) -> None:
    try:
        print(f"lamina: {kind}: {message}", file=sys.stderr, flush=True)
    except OSError:
        # nobody is left to tell
        return


def _discard_output() -> None:
    # the interpreter flushes once more as it ends, and would complain
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


@contextmanager
def _one_line_warnings(debug: bool) -> Iterator[None]:
    with warnings.catch_warnings():
        if not debug and not sys.warnoptions:
            warnings.simplefilter("ignore")
            warnings.simplefilter("default", LaminaWarning)
            warnings.showwarning = lambda message, *_, **__: _say("warning", _one_line(str(message)))
        yield


@contextmanager
def _ending_on_terminate() -> Iterator[None]:
    """Let SIGTERM unwind as Ctrl-C does, so that unfinished files are removed."""

    def leave(number: int, _frame: object) -> NoReturn:
        raise SystemExit(128 + number)

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    previous = signal.signal(signal.SIGTERM, leave)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, previous)
