"""The named errors and warnings. Each says what is allowed, what came, and what to do about it."""

from __future__ import annotations


class LaminaError(Exception):
    """Base of every error that lamina raises on purpose."""


class ArgumentError(LaminaError, ValueError):
    """An argument has a value that cannot be used.

    Parameters
    ----------
    argument
        Name of the argument, as the caller wrote it.
    allowed
        What would have been accepted; continues the sentence "``argument`` must be ...".
    got
        What came instead.
    remedy
        What to do, as one sentence.

    Examples
    --------
    >>> print(ArgumentError("memory", allowed="an integer of at least 1", got="0", remedy="Give at least 1."))
    memory must be an integer of at least 1, got 0. Give at least 1.
    """

    def __init__(self, argument: str, *, allowed: str, got: str, remedy: str) -> None:
        super().__init__(f"{argument} must be {allowed}, got {got}. {remedy}")
        self.argument = argument
        self.allowed = allowed
        self.got = got
        self.remedy = remedy

    def __reduce__(self) -> tuple[object, ...]:
        """Let the error cross process borders, where keyword-only arguments would be lost."""
        return _rebuild, (type(self), self.argument, self.allowed, self.got, self.remedy)


def _rebuild(kind: type[ArgumentError], argument: str, allowed: str, got: str, remedy: str) -> ArgumentError:
    return kind(argument, allowed=allowed, got=got, remedy=remedy)


class ArgumentTypeError(ArgumentError, TypeError):
    """An argument is of a kind that cannot be used (text where a number is needed, say)."""


class ShapeError(ArgumentError):
    """An array has the wrong number of axes, or axes of the wrong length."""


class DataError(ArgumentError):
    """An array has the right shape, but its values cannot be used (infinite, constant, too short)."""


class StateError(LaminaError, RuntimeError):
    """An object is not in the state that the call needs (an open trial, nothing seen yet)."""


class FileError(LaminaError, OSError):
    """A file or folder cannot be read, or does not hold what it should."""


class OutputError(LaminaError, OSError):
    """A result cannot be written (missing folder, full or read-only disk). Nothing is left half-written."""


class MissingDependencyError(LaminaError, ImportError):
    """An optional package is needed; the message names it and the extra that brings it."""


class LaminaWarning(UserWarning):
    """Base of every warning that lamina gives."""


class RankDeficientWarning(LaminaWarning):
    """Fewer directions exist in the data than were asked for; the fit keeps those that do."""


class ShortTrialWarning(LaminaWarning):
    """Some trials are shorter than one window and add nothing."""


class ClippedInformationWarning(LaminaWarning):
    """A canonical correlation of 1 was clipped so that the information stays finite."""


class FewWindowsWarning(LaminaWarning):
    """Too few windows, or too few that are not forgotten, for correlations that mean anything."""


class UnpredictableWarning(LaminaWarning):
    """Nothing that the past says about the future stands out from chance; one short unit is fitted."""


class OutOfRangeWarning(LaminaWarning):
    """Values lie outside the range that a code was fitted to."""
